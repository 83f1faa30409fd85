//! The life of a daemon: it starts, serves until a signal ends it, and tells what it has done.

use super::{
    log::log,
    teller::{Details, serve_signals},
};
use crate::exit::Failure;
use std::{sync::Arc, time::Duration};
use zeroxide::Context;
use zeroxide_patterns::PatternError;

/// How long the end waits for what was sent last.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a server hands out so that it can be ended, and asked, from another thread.
pub(crate) struct Daemon<Stop, Counters> {
    /// Ends the server in order.
    pub(crate) stop: Stop,
    /// What it has done so far.
    pub(crate) counters: Counters,
    /// Which of the counters should not rise.
    pub(crate) losses: &'static [&'static str],
}

impl<Stop, Counters> Daemon<Stop, Counters>
where
    Stop: Fn() + Send + 'static,
    Counters: Fn() -> Details + Send + Sync + 'static,
{
    /// Has the server do its work until SIGINT or SIGTERM come; its start, its losses and its end are logged.
    pub(crate) fn run(
        self,
        context: &Context,
        start: impl IntoIterator<Item = (&'static str, String)>,
        serve: impl FnOnce() -> Result<(), PatternError>,
    ) -> Result<(), Failure> {
        let counters = Arc::new(self.counters);
        let asked = Arc::clone(&counters);
        serve_signals(self.stop, move || asked(), self.losses)?;
        log("started", start);
        serve()?;
        // What was answered last goes out first.
        let _ = context.shutdown(LAST_WORDS);
        log("stopped", counters());
        Ok(())
    }
}
