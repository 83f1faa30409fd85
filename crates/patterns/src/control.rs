//! Telling a loop in another thread to end: a message that its poller sees beside those it works on.

use crate::PatternError;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};
use zeroxide::{Context, Pull, Push};

/// Ends what it was asked of, from any thread. Copies do the same.
///
/// ```
/// use zeroxide::Context;
/// use zeroxide_patterns::majordomo::{Worker, WorkerOptions};
/// let context = Context::new();
/// let mut worker = Worker::new(&context, &["inproc://broker"], "echo", WorkerOptions::default())?;
/// let control = worker.control();
/// control.stop();
/// worker.serve(|request| request.clone())?; // ends at once
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Control(Arc<Push>);

impl Control {
    /// A control, and what hears of it.
    pub(crate) fn new(context: &Context) -> Result<(Self, Pull), PatternError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("inproc://zeroxide-patterns-control-{}", NUMBER.fetch_add(1, Relaxed));
        let (push, pull) = (Push::new(context)?, Pull::new(context)?);
        pull.bind(&name)?;
        push.connect(&name)?;
        Ok((Self(Arc::new(push)), pull))
    }

    /// Ends it; again and again does no harm.
    pub fn stop(&self) {
        // No room means that it has been told often enough; a context that was shut down ends it as well.
        let _ = self.0.try_send("stop");
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Control")
    }
}
