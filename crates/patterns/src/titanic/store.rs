//! What a store can do for Titanic.

use super::RequestNumber;
use std::{error::Error, fmt, sync::Arc, time::Duration};
use zeroxide::Frame;

/// Where requests and their answers are kept.
///
/// One thread calls it, with many operations at once: what they change becomes durable together, before
/// [`Store::apply`] returns. So the cost of one write to the disk is shared by all that wait for it.
///
/// # What an implementation has to hold
/// - When `apply` has returned, all its changes survive the death of the process; when it fails, none may be believed to.
/// - There is an outcome for each operation, in their order. What is asked of one number is done in that order; apart from
///   that all operations of a call are asked at the same time.
/// - A request that was claimed is claimed by nobody else until it is released, or whoever claimed it is dead.
/// - The first answer of a request stays, whoever comes later.
///
/// [`FileStore`](super::FileStore) is the one that comes along; with the feature `postgres` there is `PostgresStore`.
pub trait Store: Send + 'static {
    /// Does all of it, and makes it durable.
    ///
    /// # Errors
    /// If it could not: the disk is full, or broken, or the database is not there.
    fn apply(&mut self, operations: Vec<Operation>) -> Result<Vec<Outcome>, StoreError>;

    /// What it holds now.
    fn in_use(&self) -> StoreUse;

    /// How often [`Store::apply`] has to be called, if need be with nothing to do: what is claimed by somebody of whom
    /// nothing is heard may go to others. By default there is no need.
    fn beat(&self) -> Option<Duration> {
        None
    }
}

impl<S: Store + ?Sized> Store for Box<S> {
    fn apply(&mut self, operations: Vec<Operation>) -> Result<Vec<Outcome>, StoreError> {
        (**self).apply(operations)
    }

    fn in_use(&self) -> StoreUse {
        (**self).in_use()
    }

    fn beat(&self) -> Option<Duration> {
        (**self).beat()
    }
}

/// Something to be done by a [`Store`].
///
/// See [`FileStore`](super::FileStore) for an example.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Operation {
    /// Keeps a request: [`Outcome::Done`], also if this very number is known already, or [`Outcome::Full`].
    Accept {
        /// Its number.
        number: RequestNumber,
        /// Whom it is for.
        service: Frame,
        /// What is asked.
        body: Vec<Frame>,
        /// It must not be handed out twice.
        once: bool,
    },
    /// What became of a request: [`Outcome::Unknown`], [`Outcome::Pending`], [`Outcome::Failed`] or [`Outcome::Answer`].
    Look {
        /// Its number.
        number: RequestNumber,
    },
    /// Forgets it: [`Outcome::Done`], whether it is known or not.
    Close {
        /// Its number.
        number: RequestNumber,
    },
    /// Takes a request that is due, if there is one: [`Outcome::Claimed`] or [`Outcome::Nothing`].
    Claim {
        /// Services that are not served now.
        without: Vec<Frame>,
    },
    /// It is about to be handed out. [`Outcome::Done`], or [`Outcome::Unknown`] if it was closed meanwhile, or somebody else
    /// has it. A request that must not be handed out twice fails if the process dies from now on.
    Start {
        /// Its number.
        number: RequestNumber,
    },
    /// It has been answered: [`Outcome::Done`], or [`Outcome::Unknown`]. Also if it had failed meanwhile: an answer is an
    /// answer. One that was answered keeps the answer it has.
    Finish {
        /// Its number.
        number: RequestNumber,
        /// The answer.
        answer: Vec<Frame>,
    },
    /// It was not handed out, or not answered, and is due again after a while: [`Outcome::Done`], or [`Outcome::Unknown`].
    Release {
        /// Its number.
        number: RequestNumber,
        /// How long to wait.
        after: Duration,
    },
    /// It will not be done any more: [`Outcome::Done`], or [`Outcome::Unknown`]. One that was answered stays so.
    Fail {
        /// Its number.
        number: RequestNumber,
    },
    /// Forgets what was answered, or has failed, longer ago than this: [`Outcome::Done`].
    Sweep {
        /// How long an answer waits for whoever fetches it.
        lifetime: Duration,
    },
}

/// What came of an [`Operation`].
///
/// See [`FileStore`](super::FileStore) for an example.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// It was done.
    Done,
    /// There is no room for it.
    Full,
    /// There is no such request.
    Unknown,
    /// It has no answer yet.
    Pending,
    /// It could not be done.
    Failed,
    /// Its answer.
    Answer(Vec<Frame>),
    /// It is yours.
    Claimed(Job),
    /// There is nothing to do.
    Nothing,
}

/// A request that is to be done.
///
/// See [`FileStore`](super::FileStore) for an example.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Job {
    /// Its number.
    pub number: RequestNumber,
    /// Whom it is for.
    pub service: Frame,
    /// What is asked.
    pub body: Vec<Frame>,
    /// It must not be handed out twice.
    pub once: bool,
    /// How often it was started before, as far as the store knows: a file does not remember it.
    pub attempts: u32,
}

/// How much a store holds at most.
///
/// ```
/// use zeroxide_patterns::titanic::StoreLimits;
/// let small = StoreLimits { requests: 1_000, ..StoreLimits::default() };
/// assert_eq!(small.octets, 1 << 30);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoreLimits {
    /// Requests, answered or not. 1,000,000.
    pub requests: usize,
    /// Octets of requests and answers. 1 GiB. An answer is kept even if it goes beyond that, the next request not.
    ///
    /// Of several that share a store each looks for itself: at most what each of the others accepts at once comes on top.
    pub octets: u64,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self { requests: 1_000_000, octets: 1 << 30 }
    }
}

/// What a store holds.
///
/// ```
/// use zeroxide_patterns::titanic::StoreUse;
/// assert_eq!(StoreUse::default().waiting, 0);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StoreUse {
    /// Requests without an answer.
    pub waiting: usize,
    /// Requests with an answer, or that have failed.
    pub finished: usize,
    /// Octets of both.
    pub octets: u64,
}

/// A store could not keep or find something.
///
/// ```
/// use zeroxide_patterns::titanic::{FileStore, StoreErrorKind, StoreLimits};
/// let error = FileStore::open("/no/such/directory/titanic.redb", StoreLimits::default()).unwrap_err();
/// assert_eq!(error.kind(), StoreErrorKind::Broken);
/// ```
#[derive(Clone, Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    cause: Arc<dyn Error + Send + Sync>,
}

/// Whether it helps to wait.
///
/// See [`StoreError`] for an example.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It is not there now, and may be again later.
    Away,
    /// It is there, and cannot do it: the disk is full or broken, or somebody has to help.
    Broken,
}

impl StoreError {
    /// From what the store itself says: it cannot do it.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: StoreErrorKind::Broken, cause: Arc::from(cause.into()) }
    }

    /// From what is said by whoever tried to reach it: it is not there.
    pub fn away(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: StoreErrorKind::Away, ..Self::new(cause) }
    }

    /// Whether it helps to wait.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store: {}", self.cause)?;
        // A database says in the cause of its error what is wrong.
        let mut cause = self.cause.source();
        while let Some(deeper) = cause {
            write!(f, ": {deeper}")?;
            cause = deeper.source();
        }
        Ok(())
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}
