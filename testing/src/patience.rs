//! Waiting without sleeping.

use std::time::{Duration, Instant};

/// How long a test waits for something that must happen. Long, because the cores may be loaded; only a failing
/// test ever waits so long.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Asks until the answer is yes. Yields between two questions.
///
/// # Panics
/// When [`PATIENCE`] is over, at the caller's line.
#[track_caller]
pub fn eventually(mut condition: impl FnMut() -> bool) {
    eventually_some(|| condition().then_some(()));
}

/// Asks until there is an answer, and returns it.
///
/// # Panics
/// When [`PATIENCE`] is over, at the caller's line.
#[track_caller]
pub fn eventually_some<T>(mut question: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = question() {
            return answer;
        }
        assert!(Instant::now() < deadline, "it did not become true within {PATIENCE:?}");
        std::thread::yield_now();
    }
}
