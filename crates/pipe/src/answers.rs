//! What a [`Lane`](crate::Lane) answers.

/// A push that was accepted.
///
/// ```
/// use zeroxide_pipe::{Carry, EventCount, Lane, Rejected};
/// # #[derive(Default)] struct Words(Vec<&'static str>);
/// # impl Carry for Words {
/// #     fn messages(&self) -> usize { self.0.len() } fn size(&self) -> usize { 0 } fn clear(&mut self) {}
/// # }
/// let (lane, arrived) = (Lane::<Words>::new(None), EventCount::new());
/// let pushed = lane.push_with(|batch| batch.0.push("first"))?;
/// if pushed.dormant {
///     arrived.notify();
/// }
/// assert_eq!(pushed.queued, 1);
/// # Ok::<(), Rejected>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a dormant consumer has to be woken"]
pub struct Pushed {
    /// The consumer has found the lane empty and gone away: wake it. Told to one push only.
    pub dormant: bool,
    /// Messages in the lane now.
    pub queued: usize,
    /// The open batch was full with this push: there is as much as one system call writes.
    pub sealed: bool,
}

/// A [`Lane::replace_with`](crate::Lane::replace_with) that was accepted.
///
/// ```
/// use zeroxide_pipe::{Carry, Lane, Rejected};
/// # #[derive(Default)] struct Words(Vec<&'static str>);
/// # impl Carry for Words {
/// #     fn messages(&self) -> usize { self.0.len() } fn size(&self) -> usize { 0 } fn clear(&mut self) {}
/// # }
/// let lane = Lane::<Words>::new(None);
/// let first = lane.replace_with(|batch| batch.0.push("12 degrees"))?;
/// let second = lane.replace_with(|batch| batch.0.push("13 degrees"))?;
/// assert_eq!((first.replaced, second.replaced), (0, 1));
/// assert_eq!((first.dormant, second.dormant), (true, false));
/// # Ok::<(), Rejected>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a dormant consumer has to be woken"]
pub struct Replaced {
    /// The consumer has found the lane empty and gone away: wake it. Told to one push only.
    pub dormant: bool,
    /// Messages that were thrown away for the new one.
    pub replaced: usize,
}

/// Why a push was refused; nothing was changed, and `fill` was not called.
///
/// ```
/// use zeroxide_pipe::{Carry, Lane, Rejected};
/// # #[derive(Default)] struct Words(Vec<&'static str>);
/// # impl Carry for Words {
/// #     fn messages(&self) -> usize { self.0.len() } fn size(&self) -> usize { 0 } fn clear(&mut self) {}
/// # }
/// let lane = Lane::<Words>::new(Some(1));
/// let push = |word| lane.push_with(|batch| batch.0.push(word)).map(drop);
/// assert_eq!(push("first"), Ok(()));
/// assert_eq!(push("second"), Err(Rejected::Full));
/// lane.close();
/// assert_eq!(push("second"), Err(Rejected::Closed));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// The limit is reached. A credit will say [`Credit::resume`].
    Full,
    /// The lane is closed.
    Closed,
}

/// What giving back room has led to.
///
/// ```
/// use zeroxide_pipe::{Carry, Lane};
/// # #[derive(Default)] struct Words(Vec<&'static str>);
/// # impl Carry for Words {
/// #     fn messages(&self) -> usize { self.0.len() } fn size(&self) -> usize { 0 } fn clear(&mut self) {}
/// # }
/// let lane = Lane::<Words>::new(Some(4));
/// while lane.push_with(|batch| batch.0.push("word")).is_ok() {}
/// assert!(lane.take_into(&mut Words::default()));
/// assert!(!lane.credit(1).resume, "one wake-up for every message would cost more than the message");
/// assert!(lane.credit(1).resume);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "producers that were refused have to be woken"]
pub struct Credit {
    /// The lane was full and now is no more than half full: wake the producers. Told once each time it was full.
    pub resume: bool,
}

/// What was left in a lane; see [`Lane::drain`](crate::Lane::drain).
///
/// ```
/// use zeroxide_pipe::{Carry, Drained, Lane, Rejected};
/// # #[derive(Default)] struct Words(Vec<&'static str>);
/// # impl Carry for Words {
/// #     fn messages(&self) -> usize { self.0.len() } fn size(&self) -> usize { 0 } fn clear(&mut self) {}
/// # }
/// let lane = Lane::<Words>::new(Some(1));
/// let _ = lane.push_with(|batch| batch.0.push("too late"))?;
/// let Drained { batches, messages, resume } = lane.drain();
/// assert_eq!((batches.len(), messages), (1, 1));
/// assert!(resume, "there is room again for those who were refused");
/// # Ok::<(), Rejected>(())
/// ```
#[derive(Debug)]
pub struct Drained<B> {
    /// The batches, oldest first.
    pub batches: Vec<B>,
    /// Messages in them all.
    pub messages: usize,
    /// As [`Credit::resume`].
    pub resume: bool,
}
