//! Counters: told when asked for, and those of losses by themselves.

use super::{Asked, log::log, watch_signals};
use crate::exit::Failure;
use signal_hook::{consts::SIGUSR1, iterator::Signals};
use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

/// Counters with their names.
pub(crate) type Lines = Vec<(&'static str, u64)>;

/// How often the log is told what was lost since.
const LOOK: Duration = Duration::from_secs(1);

/// Has `stop` called when SIGINT or SIGTERM come, and the counters logged at SIGUSR1; of those that are named in `losses`
/// each change, a line a second at most.
pub(crate) fn serve_signals(
    stop: impl Fn() + Send + 'static,
    counters: impl Fn() -> Lines + Send + 'static,
    losses: &'static [&'static str],
) -> Result<(), Failure> {
    let (asks, asked) = channel();
    watch_signals(move |what| match what {
        Asked::Stop => {
            log("stopping", []);
            stop();
        }
        Asked::Tell => drop(asks.send(())),
    })?;
    let teller = thread::Builder::new().spawn(move || tell(counters, losses, &asked));
    teller.map(drop).map_err(|error| Failure::Failed(format!("no thread: {error}")))
}

/// Has the counters told at SIGUSR1, for a run that hears the other signals itself.
pub(crate) fn serve_counters(mut tell: impl FnMut() + Send + 'static) -> Result<(), Failure> {
    let failed = |error| Failure::Failed(format!("signals: {error}"));
    let mut signals = Signals::new([SIGUSR1]).map_err(failed)?;
    let watch = move || signals.forever().for_each(|_| tell());
    thread::Builder::new().spawn(watch).map(drop).map_err(failed)
}

/// Logs counters.
pub(crate) fn log_counters(event: &str, counters: impl IntoIterator<Item = (&'static str, u64)>) {
    log(event, counters.into_iter().map(|(name, value)| (name, value.to_string())));
}

fn tell(counters: impl Fn() -> Lines, losses: &[&str], asked: &Receiver<()>) {
    let mut before = Lines::new();
    loop {
        match asked.recv_timeout(LOOK) {
            Ok(()) => log_counters("statistics", counters()),
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                let now: Lines = counters().into_iter().filter(|(name, _)| losses.contains(name)).collect();
                let changed = changed(&before, &now);
                if !changed.is_empty() {
                    log_counters("losses", changed);
                }
                before = now;
            }
        }
    }
}

/// Those that have another value now; what was not there before was zero.
fn changed(before: &Lines, now: &Lines) -> Lines {
    let was = |name| before.iter().find(|(known, _)| *known == name).map_or(0, |(_, value)| *value);
    now.iter().copied().filter(|(name, value)| was(*name) != *value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_changed_is_told_and_nothing_else() {
        let (none, some) = (Lines::new(), vec![("refused", 0), ("expired", 2)]);
        assert_eq!(changed(&none, &some), [("expired", 2)]);
        assert_eq!(changed(&some, &some), []);
        assert_eq!(changed(&some, &vec![("refused", 1), ("expired", 2)]), [("refused", 1)]);
    }
}
