//! A log for machines and people: `time=... event=... name=value ...`, a line each, on stderr.

use crate::terminal::note;
use std::{
    fmt::Write,
    time::{SystemTime, UNIX_EPOCH},
};

/// Writes one event.
pub(crate) fn log(event: &str, details: impl IntoIterator<Item = (&'static str, String)>) {
    #[expect(clippy::disallowed_methods, reason = "a log tells the date; nothing is measured by it")]
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut line = format!("time={}.{:03} event={event}", time.as_secs(), time.subsec_millis());
    for (name, value) in details {
        let quoted = value.is_empty() || value.contains(|c: char| c.is_whitespace() || c == '"' || c == '=');
        // Writing to a string does not fail.
        let _ = if quoted { write!(line, " {name}={value:?}") } else { write!(line, " {name}={value}") };
    }
    note(format_args!("{line}"));
}
