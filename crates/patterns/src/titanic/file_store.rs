//! The store that comes along: one file, by redb.
//!
//! Why redb: a copy-on-write B-tree in one file, where a commit is one checksummed root and one fsync, and what a crash
//! leaves is the tree before or after, with nothing to replay. Pages are used again, so that the file follows what is
//! stored; there is no compaction in the background, no thread, and one dependency (libc). fjall, a log-structured store,
//! writes less for each request, but needs threads for flushing and compaction, its disk use runs ahead of what is stored,
//! and it brings a dozen dependencies. What redb writes more is shared by all requests of a commit.

use super::{
    Job, Operation, Outcome, RequestNumber, Store, StoreError, StoreLimits, StoreUse,
    index::{Index, Stage},
    row::{Row, State, read_frames, write_frames},
};
use redb::{Database, Durability, ReadableDatabase, ReadableTable, Table, TableDefinition};
use std::{
    fmt,
    fs::File,
    io::ErrorKind,
    path::Path,
    time::{Instant, SystemTime, UNIX_EPOCH},
};
use zeroxide::Frame;

const REQUESTS: TableDefinition<'_, u128, &[u8]> = TableDefinition::new("requests");
const ANSWERS: TableDefinition<'_, u128, &[u8]> = TableDefinition::new("answers");

/// Requests and answers in one file that survives a crash at any moment.
///
/// All operations of one [`Store::apply`] are one transaction: one fsync, however many they are. Which requests there are
/// is kept in memory too, about 200 octets each; their bodies are not.
///
/// One process at a time has the file.
///
/// ```
/// use zeroxide::Frame;
/// use zeroxide_patterns::titanic::{FileStore, Operation, Outcome, RequestNumber, Store, StoreLimits};
/// # let path = std::env::temp_dir().join(format!("file-store-example-{}.redb", std::process::id()));
/// let mut store = FileStore::open(&path, StoreLimits::default())?;
/// let number = RequestNumber::random();
/// let (service, body) = (Frame::from("echo"), vec![Frame::from("hi")]);
/// let accept = Operation::Accept { number, service, body, once: false };
/// let look = Operation::Look { number };
/// assert_eq!(store.apply(vec![accept, look.clone()])?, [Outcome::Done, Outcome::Pending]);
///
/// // The process dies, and comes back.
/// drop(store);
/// let mut store = FileStore::open(&path, StoreLimits::default())?;
/// let claimed = store.apply(vec![Operation::Claim { without: vec![] }])?;
/// assert!(matches!(&claimed[..], [Outcome::Claimed(job)] if job.number == number && job.body == ["hi"]));
/// let finish = Operation::Finish { number, answer: vec![Frame::from("hello")] };
/// assert_eq!(store.apply(vec![finish, look])?, [Outcome::Done, Outcome::Answer(vec![Frame::from("hello")])]);
/// # drop(store);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FileStore {
    database: Database,
    index: Index,
    limits: StoreLimits,
    next_place: u64,
}

impl FileStore {
    /// Opens the file, or makes it. Requests that were handed out and must not be again, and have no answer, have failed
    /// from now on: nobody knows whether they were done.
    ///
    /// # Errors
    /// If it cannot be read or written, is no store, or another process has it.
    pub fn open(path: impl AsRef<Path>, limits: StoreLimits) -> Result<Self, StoreError> {
        let path = path.as_ref();
        if !path.try_exists().map_err(StoreError::new)? {
            make(path)?;
        }
        let database = Database::open(path).map_err(StoreError::new)?;
        let mut store = Self { database, index: Index::default(), limits, next_place: 0 };
        store.give_up_started()?;
        store.load()?;
        Ok(store)
    }

    fn give_up_started(&self) -> Result<(), StoreError> {
        let transaction = self.database.begin_write().map_err(StoreError::new)?;
        {
            let mut requests = transaction.open_table(REQUESTS).map_err(StoreError::new)?;
            transaction.open_table(ANSWERS).map_err(StoreError::new)?;
            let mut started = Vec::new();
            for entry in requests.iter().map_err(StoreError::new)? {
                let (number, octets) = entry.map_err(StoreError::new)?;
                let row = Row::read(octets.value()).ok_or_else(damaged)?;
                if row.state == State::Started {
                    started.push((number.value(), row));
                }
            }
            for (number, row) in started {
                let row = Row { state: State::Failed, since: seconds(), body: Vec::new(), ..row };
                requests.insert(number, &row.write()[..]).map_err(StoreError::new)?;
            }
        }
        transaction.commit().map_err(StoreError::new)
    }

    fn load(&mut self) -> Result<(), StoreError> {
        let transaction = self.database.begin_read().map_err(StoreError::new)?;
        let requests = transaction.open_table(REQUESTS).map_err(StoreError::new)?;
        let answers = transaction.open_table(ANSWERS).map_err(StoreError::new)?;
        self.index = Index::default();
        for entry in requests.iter().map_err(StoreError::new)? {
            let (number, octets) = entry.map_err(StoreError::new)?;
            let (number, octets) = (number.value(), octets.value());
            let row = Row::read(octets).ok_or_else(damaged)?;
            let answer = answers.get(number).map_err(StoreError::new)?;
            let answer = answer.map_or(0, |answer| answer.value().len());
            let stage = match row.state {
                State::Waiting => Stage::Due,
                // After a failed write; whoever has it still has it.
                State::Started => Stage::Claimed,
                State::Answered | State::Failed => Stage::Finished(row.since),
            };
            self.next_place = self.next_place.max(row.place + 1);
            self.index.insert(number, &row.service, row.place, (octets.len() + answer) as u64, stage);
        }
        Ok(())
    }

    fn write(&mut self, operations: Vec<Operation>) -> Result<Vec<Outcome>, StoreError> {
        let mut transaction = self.database.begin_write().map_err(StoreError::new)?;
        transaction.set_durability(Durability::Immediate).map_err(StoreError::new)?;
        let outcomes = {
            let mut batch = Batch {
                requests: transaction.open_table(REQUESTS).map_err(StoreError::new)?,
                answers: transaction.open_table(ANSWERS).map_err(StoreError::new)?,
                index: &mut self.index,
                limits: self.limits,
                next_place: &mut self.next_place,
                changed: false,
            };
            let apply = |operation| batch.apply(operation);
            let outcomes = operations.into_iter().map(apply).collect::<Result<Vec<_>, StoreError>>()?;
            (outcomes, batch.changed)
        };
        match outcomes {
            (outcomes, true) => transaction.commit().map_err(StoreError::new).map(|()| outcomes),
            // Who only looks does not wait for the disk.
            (outcomes, false) => transaction.abort().map_err(StoreError::new).map(|()| outcomes),
        }
    }
}

impl Store for FileStore {
    fn apply(&mut self, operations: Vec<Operation>) -> Result<Vec<Outcome>, StoreError> {
        let outcomes = self.write(operations);
        if outcomes.is_err() {
            // Nothing of it was written, but the index has heard of it. What cannot even be read stays as it is.
            let _ = self.load();
        }
        outcomes
    }

    fn in_use(&self) -> StoreUse {
        self.index.in_use()
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("in_use", &self.in_use()).finish_non_exhaustive()
    }
}

/// A transaction under way.
struct Batch<'a> {
    requests: Table<'a, u128, &'static [u8]>,
    answers: Table<'a, u128, &'static [u8]>,
    index: &'a mut Index,
    limits: StoreLimits,
    next_place: &'a mut u64,
    changed: bool,
}

impl Batch<'_> {
    fn apply(&mut self, operation: Operation) -> Result<Outcome, StoreError> {
        match operation {
            Operation::Accept { number, service, body, once } => self.accept(number, service, body, once),
            Operation::Look { number } => self.look(number),
            Operation::Close { number } => self.close(number.0),
            Operation::Claim { without } => self.claim(&without),
            Operation::Start { number } => self.start(number),
            Operation::Finish { number, answer } => self.finish(number, &answer),
            Operation::Release { number, after } => match self.row(number.0)? {
                Some(row) if matches!(row.state, State::Waiting | State::Started) => {
                    self.index.change(number.0, Stage::Later(Instant::now() + after));
                    self.rewrite(number, |row| row.state = State::Waiting)
                }
                _ => Ok(Outcome::Unknown),
            },
            Operation::Fail { number } => self.fail(number),
            Operation::Sweep { lifetime } => {
                for number in self.index.finished_before(seconds().saturating_sub(lifetime.as_secs())) {
                    self.close(number)?;
                }
                Ok(Outcome::Done)
            }
        }
    }

    fn accept(
        &mut self,
        number: RequestNumber,
        service: Frame,
        body: Vec<Frame>,
        once: bool,
    ) -> Result<Outcome, StoreError> {
        if self.index.contains(number.0) {
            return Ok(Outcome::Done);
        }
        let row =
            Row { state: State::Waiting, once, since: seconds(), place: *self.next_place, service, body };
        let (octets, held) = (row.write(), self.index.in_use());
        let full = held.waiting + held.finished >= self.limits.requests
            || held.octets + octets.len() as u64 > self.limits.octets;
        if full {
            return Ok(Outcome::Full);
        }
        *self.next_place += 1;
        self.changed = true;
        self.requests.insert(number.0, &octets[..]).map_err(StoreError::new)?;
        self.index.insert(number.0, &row.service, row.place, octets.len() as u64, Stage::Due);
        Ok(Outcome::Done)
    }

    fn look(&self, number: RequestNumber) -> Result<Outcome, StoreError> {
        let Some(row) = self.row(number.0)? else { return Ok(Outcome::Unknown) };
        match row.state {
            State::Waiting | State::Started => Ok(Outcome::Pending),
            State::Failed => Ok(Outcome::Failed),
            State::Answered => {
                let answer = self.answers.get(number.0).map_err(StoreError::new)?.ok_or_else(damaged)?;
                Ok(Outcome::Answer(read_frames(answer.value()).ok_or_else(damaged)?))
            }
        }
    }

    fn close(&mut self, number: u128) -> Result<Outcome, StoreError> {
        if self.index.remove(number) {
            self.changed = true;
            self.requests.remove(number).map_err(StoreError::new)?;
            self.answers.remove(number).map_err(StoreError::new)?;
        }
        Ok(Outcome::Done)
    }

    fn claim(&mut self, without: &[Frame]) -> Result<Outcome, StoreError> {
        let Some((number, attempts)) = self.index.claim(without, Instant::now()) else {
            return Ok(Outcome::Nothing);
        };
        let Row { service, body, once, .. } = self.row(number)?.ok_or_else(damaged)?;
        Ok(Outcome::Claimed(Job { number: RequestNumber(number), service, body, once, attempts }))
    }

    fn finish(&mut self, number: RequestNumber, answer: &[Frame]) -> Result<Outcome, StoreError> {
        match self.row(number.0)? {
            None => return Ok(Outcome::Unknown),
            Some(row) if row.state == State::Answered => return Ok(Outcome::Done),
            Some(_) => {}
        }
        let (mut octets, now) = (Vec::new(), seconds());
        write_frames(answer, &mut octets);
        self.index.change(number.0, Stage::Finished(now));
        self.answers.insert(number.0, &octets[..]).map_err(StoreError::new)?;
        self.rewrite(number, |row| {
            (row.state, row.since) = (State::Answered, now);
            row.body.clear();
        })
    }

    fn fail(&mut self, number: RequestNumber) -> Result<Outcome, StoreError> {
        if self.row(number.0)?.is_some_and(|row| row.state == State::Answered) {
            return Ok(Outcome::Done);
        }
        let now = seconds();
        self.index.change(number.0, Stage::Finished(now));
        self.rewrite(number, |row| {
            (row.state, row.since) = (State::Failed, now);
            row.body.clear();
        })
    }

    fn start(&mut self, number: RequestNumber) -> Result<Outcome, StoreError> {
        match self.row(number.0)? {
            Some(row) if row.state == State::Waiting => {
                self.index.attempt(number.0);
                self.rewrite(number, |row| row.state = if row.once { State::Started } else { row.state })
            }
            // It was closed, or somebody else has started it.
            _ => Ok(Outcome::Unknown),
        }
    }

    fn rewrite(
        &mut self,
        number: RequestNumber,
        change: impl FnOnce(&mut Row),
    ) -> Result<Outcome, StoreError> {
        let Some(before) = self.row(number.0)? else { return Ok(Outcome::Unknown) };
        let mut row = before.clone();
        change(&mut row);
        if row != before {
            let octets = row.write();
            self.requests.insert(number.0, &octets[..]).map_err(StoreError::new)?;
            let answer = self.answers.get(number.0).map_err(StoreError::new)?;
            self.index
                .resize(number.0, (octets.len() + answer.map_or(0, |answer| answer.value().len())) as u64);
            self.changed = true;
        }
        Ok(Outcome::Done)
    }

    fn row(&self, number: u128) -> Result<Option<Row>, StoreError> {
        let octets = self.requests.get(number).map_err(StoreError::new)?;
        octets.map(|octets| Row::read(octets.value()).ok_or_else(damaged)).transpose()
    }
}

/// A new file, whole before it has its name: half a file would be none that can be opened after a crash.
fn make(path: &Path) -> Result<(), StoreError> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}", RequestNumber::random()));
    let whole = Database::create(&unfinished).map_err(StoreError::new).and_then(|database| {
        let transaction = database.begin_write().map_err(StoreError::new)?;
        transaction.open_table(REQUESTS).map_err(StoreError::new)?;
        transaction.open_table(ANSWERS).map_err(StoreError::new)?;
        transaction.commit().map_err(StoreError::new)
    });
    // If another process has made one meanwhile, that one stays.
    let named = whole.and_then(|()| match std::fs::hard_link(&unfinished, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(StoreError::new(error)),
        _ => Ok(()),
    });
    let _ = std::fs::remove_file(&unfinished);
    named?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(StoreError::new)
}

/// Seconds since 1970. A clock that is set wrong makes answers that nobody fetched go early or late, and nothing else.
#[expect(clippy::disallowed_methods, reason = "what is stored outlives the monotonic clock")]
fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn damaged() -> StoreError {
    StoreError::new("an entry makes no sense")
}
