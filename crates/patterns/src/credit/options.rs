//! What sources and consumers wait for and hold, and what a source has done.

use std::time::Duration;

/// What a source waits for, and how much it holds.
///
/// ```
/// use zeroxide_patterns::credit::SourceOptions;
/// // An item that five consumers were lost with is left alone.
/// let options = SourceOptions { attempts: Some(5), ..SourceOptions::default() };
/// assert_eq!(options.queue, 10_000);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SourceOptions {
    /// How many items wait for consumers; whoever sends more waits. 10,000.
    pub queue: usize,
    /// How many items one consumer may have at once, whatever it asks for. 1,000.
    pub most_at_once: u64,
    /// How long a consumer may be silent; they beat every second. 3 s.
    pub lifetime: Duration,
    /// How often an item is given before it is dropped and counted. Any number of times.
    pub attempts: Option<u32>,
    /// How many consumers there may be at once. 10,000.
    pub consumers: usize,
}

impl Default for SourceOptions {
    fn default() -> Self {
        Self {
            queue: 10_000,
            most_at_once: 1_000,
            lifetime: Duration::from_secs(3),
            attempts: None,
            consumers: 10_000,
        }
    }
}

/// What a source has done, and what it holds.
///
/// ```
/// use zeroxide_patterns::credit::SourceStatistics;
/// assert!(SourceStatistics::default().is_done());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct SourceStatistics {
    /// Items that were taken from the application.
    pub offered: u64,
    /// Items that are done.
    pub done: u64,
    /// How often an item was given to a consumer.
    pub given: u64,
    /// How often an item was given to another consumer, because the one before was gone.
    pub repeated: u64,
    /// How often an item was sent to the same consumer again, because it had not come.
    pub sent_again: u64,
    /// Items that were given too often.
    pub given_up: u64,
    /// Consumers that fell silent.
    pub consumers_lost: u64,
    /// Consumers for which there was no room.
    pub refused: u64,
    /// Messages without a meaning.
    pub malformed: u64,
    /// Consumers there are now.
    pub consumers: usize,
    /// Items that wait now.
    pub waiting: usize,
    /// Items that consumers have now.
    pub at_consumers: usize,
}

impl SourceStatistics {
    /// Whether all that was taken from the application is done, or was given up.
    pub fn is_done(&self) -> bool {
        self.done + self.given_up == self.offered
    }

    crate::figures::figures!(
        offered,
        done,
        given,
        repeated,
        sent_again,
        given_up,
        consumers_lost,
        refused,
        malformed,
        consumers,
        waiting,
        at_consumers
    );
}

/// How much a consumer takes, and when it counts as stuck.
///
/// ```
/// use zeroxide_patterns::credit::ConsumerOptions;
/// // Large items: the next comes while one is worked on, and no more.
/// let options = ConsumerOptions { window: 2, ..ConsumerOptions::default() };
/// # let _ = options;
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConsumerOptions {
    /// How many items it has at once: those it works on, and those that wait for it. 10.
    pub window: u64,
    /// How often it tells the source that it lives. 1 s.
    pub beat: Duration,
    /// When it has been over one item for so long it is stuck, and beats no more: others get its items. 60 s.
    pub longest_item: Duration,
}

impl Default for ConsumerOptions {
    fn default() -> Self {
        Self { window: 10, beat: Duration::from_secs(1), longest_item: Duration::from_secs(60) }
    }
}
