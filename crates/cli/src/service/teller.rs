//! Counters: told when asked for, and those of losses by themselves.

use super::{Asked, log::log, watch_signals};
use crate::exit::Failure;
use signal_hook::{consts::SIGUSR1, iterator::Signals};
use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

/// Counters with their names, as the log has them.
pub(crate) type Details = Vec<(&'static str, String)>;

/// How often the log is told what was lost since.
const LOOK: Duration = Duration::from_secs(1);

/// Has `stop` called when SIGINT or SIGTERM come, and the counters logged at SIGUSR1; of those that are named in `losses`
/// each change, a line a second at most.
pub(crate) fn serve_signals(
    stop: impl Fn() + Send + 'static,
    counters: impl Fn() -> Details + Send + 'static,
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

/// Counters for the log.
pub(crate) fn details(counters: impl IntoIterator<Item = (&'static str, u64)>) -> Details {
    counters.into_iter().map(|(name, value)| (name, value.to_string())).collect()
}

fn tell(counters: impl Fn() -> Details, losses: &[&str], asked: &Receiver<()>) {
    let mut before = Details::new();
    loop {
        match asked.recv_timeout(LOOK) {
            Ok(()) => log("statistics", counters()),
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                let now: Details = counters().into_iter().filter(|(name, _)| losses.contains(name)).collect();
                let changed = changed(&before, &now);
                if !changed.is_empty() {
                    log("losses", changed);
                }
                before = now;
            }
        }
    }
}

/// Those that have another value now; what was not there before was zero.
fn changed(before: &Details, now: &Details) -> Details {
    let was = |name| before.iter().find(|(known, _)| *known == name).map_or("0", |(_, value)| value);
    now.iter().filter(|(name, value)| was(*name) != value).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_changed_is_told_and_nothing_else() {
        let (none, some) = (Details::new(), details([("refused", 0), ("expired", 2)]));
        assert_eq!(changed(&none, &some), details([("expired", 2)]));
        assert_eq!(changed(&some, &some), []);
        assert_eq!(changed(&some, &details([("refused", 1), ("expired", 2)])), details([("refused", 1)]));
    }
}
