//! Long runs of what the tests try for seconds: they print figures, for docs/reliability.md.

use crate::report::{Expect, Report};
use crate::shell::cargo;

/// A million connections that fail, on an idle socket of each type and under CURVE and PLAIN, or on those named.
pub(crate) fn handshakes(count: &str, types: Option<&str>) -> Result<(), String> {
    let story = "cycles::";
    let mut settings = vec![("ZEROXIDE_SOAK_HANDSHAKES", count)];
    settings.extend(types.map(|types| ("ZEROXIDE_SOAK_TYPES", types)));
    run(story, &settings)
}

/// Throughput beside so many connections that never speak.
pub(crate) fn silent(count: &str) -> Result<(), String> {
    run(
        "crowd::a_crowd_that_says_nothing_does_not_disturb_those_who_talk",
        &[("ZEROXIDE_SOAK_SILENT", count)],
    )
}

fn run(story: &str, settings: &[(&str, &str)]) -> Result<(), String> {
    let mut report = Report::default();
    let arguments = ["test", "--release", "-p", "zeroxide", "--test", "soak", "--", story, "--nocapture"];
    report.run("soak", Expect::Tests, cargo(&arguments).envs(settings.iter().copied()));
    report.close()
}
