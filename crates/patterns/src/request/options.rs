//! What can be chosen of requests, and what is counted.

use super::Form;
use std::time::Duration;

/// When a request is asked again, of whom, and for how long.
///
/// ```
/// use std::time::Duration;
/// use zeroxide_patterns::request::{Form, RequestOptions};
/// // The Guide's shotgun: three servers are asked at once, and the first answer counts.
/// let shotgun = RequestOptions {
///     form: Form::Numbered,
///     hedge: Some(Duration::ZERO),
///     hedges: 2,
///     tries: 1,
///     ..RequestOptions::default()
/// };
/// assert_eq!(shotgun.timeout, Duration::from_millis(2500));
/// ```
#[derive(Clone, Debug)]
pub struct RequestOptions {
    /// How a request carries its number. Tagged.
    pub form: Form,
    /// How long one try waits for its answer. 2.5 s.
    pub timeout: Duration,
    /// How often a request is tried. 3. A service that must not do anything twice is tried once.
    pub tries: u32,
    /// How long a request may take with all its tries. No limit but theirs.
    pub deadline: Option<Duration>,
    /// When a try has waited so long, another server is asked as well, and the first answer counts. Never; zero asks
    /// several at once.
    pub hedge: Option<Duration>,
    /// How many further servers one try may ask so. 1.
    pub hedges: u32,
    /// How long to wait once all servers have failed: at first 100 ms, then twice as long each time.
    pub delay_first: Duration,
    /// And no longer than this. 2 s.
    pub delay_most: Duration,
    /// How many requests may be under way at once; further ones fail at once. 1,000.
    pub window: usize,
}

impl Default for RequestOptions {
    fn default() -> Self {
        Self {
            form: Form::default(),
            timeout: Duration::from_millis(2500),
            tries: 3,
            deadline: None,
            hedge: None,
            hedges: 1,
            delay_first: Duration::from_millis(100),
            delay_most: Duration::from_secs(2),
            window: 1_000,
        }
    }
}

/// What became of requests.
///
/// ```
/// use zeroxide_patterns::request::RequestStatistics;
/// assert_eq!(RequestStatistics::default().asked, 0);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct RequestStatistics {
    /// Requests that were begun.
    pub asked: u64,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that got no answer in time.
    pub failed: u64,
    /// Requests that were refused because too many were under way.
    pub refused: u64,
    /// Tries after the first.
    pub repeated: u64,
    /// Further servers that were asked while the first had not answered.
    pub hedged: u64,
    /// Answers that came too late or twice, and messages that are none.
    pub stray: u64,
}
