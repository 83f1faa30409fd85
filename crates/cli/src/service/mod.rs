//! What verbs share that run until they are told to stop: signals, configuration files, a log.

pub(crate) mod config;
pub(crate) mod daemon;
pub(crate) mod log;
pub(crate) mod teller;

use crate::{exit::Failure, terminal::note};
use signal_hook::{
    consts::{SIGINT, SIGTERM, SIGUSR1},
    iterator::Signals,
    low_level::exit,
};
use std::thread;
use zeroxide::{EndpointCause, Handle};
use zeroxide_patterns::PatternError;

/// What is done when a signal comes.
pub(crate) enum Asked {
    /// SIGINT or SIGTERM: end in order. It comes once; the second time the process ends at once.
    Stop,
    /// SIGUSR1: tell the counters.
    Tell,
}

/// Has signals heard by a thread of their own.
pub(crate) fn watch_signals(mut act: impl FnMut(Asked) + Send + 'static) -> Result<(), Failure> {
    let failed = |error| Failure::Failed(format!("signals: {error}"));
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGUSR1]).map_err(failed)?;
    let watch = move || {
        let mut is_stopping = false;
        for signal in signals.forever() {
            match signal {
                SIGUSR1 => act(Asked::Tell),
                signal if is_stopping => exit(128 + signal),
                _ => {
                    is_stopping = true;
                    act(Asked::Stop);
                }
            }
        }
    };
    thread::Builder::new().spawn(watch).map(drop).map_err(failed)
}

/// Binds, and tells where. Who asks for an address that others can reach means it, but is told what that is.
pub(crate) fn bind_all(
    socket: &Handle,
    endpoints: &[String],
    bind: impl Fn(&str) -> Result<String, PatternError>,
) -> Result<(), Failure> {
    for endpoint in endpoints {
        let bound = match bind(endpoint) {
            Err(PatternError::Endpoint(failure)) if matches!(failure.cause, EndpointCause::OpenToNetwork) => {
                note(format_args!(
                    "zox: whoever reaches {endpoint} can connect: there is no mechanism (--open-to-network: that is meant)"
                ));
                socket.set_open_to_network(true);
                bind(endpoint)
            }
            bound => bound,
        };
        note(format_args!("bound {}", bound?));
    }
    Ok(())
}

impl From<PatternError> for Failure {
    fn from(error: PatternError) -> Self {
        match error {
            PatternError::Socket(error) => error.into(),
            PatternError::Endpoint(error) => error.into(),
            PatternError::Option(error) => error.into(),
            PatternError::Send(error) => (*error).into(),
            PatternError::Receive(error) => error.into(),
            PatternError::NoEndpoint | PatternError::Service => Self::Usage(error.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}
