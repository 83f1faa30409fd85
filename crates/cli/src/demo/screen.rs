//! What the demo shows: calm text on stdout, and on a terminal a line of progress below it.

use super::act::Act;
use crate::{
    exit::Failure,
    terminal::{counted, grouped},
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::{IsTerminal, Write, stderr, stdout},
    time::Duration,
};

/// Samples shown of one scene; later ones are passed over.
const SHOWN: u32 = 6;

pub(crate) struct Screen {
    bar: Option<ProgressBar>,
    samples_left: u32,
    shows_progress: bool,
}

impl Screen {
    pub(crate) fn new() -> Self {
        Self { bar: None, samples_left: 0, shows_progress: stdout().is_terminal() && stderr().is_terminal() }
    }

    pub(crate) fn shows_progress(&self) -> bool {
        self.shows_progress
    }

    pub(crate) fn line(&self, text: &str) -> Result<(), Failure> {
        let write = || {
            let mut stdout = stdout().lock();
            writeln!(stdout, "{text}").and_then(|()| stdout.flush())
        };
        let written = match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        };
        written.map_err(|error| Failure::from_output(&error))
    }

    /// Lets the samples of the next run be seen.
    pub(crate) fn show_samples(&mut self) {
        self.samples_left = SHOWN;
    }

    pub(crate) fn sample(&mut self, text: &str) -> Result<(), Failure> {
        if self.samples_left == 0 {
            return Ok(());
        }
        self.samples_left -= 1;
        self.line(&format!("       {text}"))
    }

    pub(crate) fn expect(&mut self, total: u64, unit: &'static str) {
        if self.shows_progress {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("       {bar:30} {human_pos} {msg}") {
                bar.set_style(style);
            }
            bar.set_message(unit);
            self.bar = Some(bar);
        }
    }

    pub(crate) fn progress(&self, count: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(count);
        }
    }

    /// What came of one run.
    pub(crate) fn act(&mut self, transport: &str, act: &Act) -> Result<(), Failure> {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        // The second transport carries the same.
        self.samples_left = 0;
        let (units, rate, seconds) = (grouped(act.units), grouped(act.rate()), act.seconds());
        self.line(&format!("  {transport}  {units} {} in {seconds:.2} s, {rate} a second", act.unit))?;
        act.remarks.iter().try_for_each(|remark| self.line(&format!("       {remark}")))?;
        let faults = act.faults().into_iter().filter(|(count, _)| *count > 0);
        let faults: Vec<_> = faults.map(|(count, name)| format!("{} {name}", grouped(count))).collect();
        if faults.is_empty() { Ok(()) } else { self.line(&format!("       FAULT: {}", faults.join(", "))) }
    }

    /// The table at the end.
    pub(crate) fn summary(&self, acts: &[(&str, Act)], elapsed: Duration) -> Result<(), Failure> {
        self.line(&format!(
            "\n{:<26} {:<4} {:>9} {:>9} {:>9} {:>5} {:>7} {:>12} {:>5} {:>4} {:>11}",
            "sockets",
            "over",
            "processes",
            "sent",
            "received",
            "lost",
            "doubled",
            "out of order",
            "wrong",
            "late",
            "per second"
        ))?;
        for (transport, act) in acts {
            self.line(&format!(
                "{:<26} {transport:<4} {:>9} {:>9} {:>9} {:>5} {:>7} {:>12} {:>5} {:>4} {:>11}",
                act.sockets,
                act.processes,
                grouped(act.sent),
                grouped(act.received),
                grouped(act.lost),
                grouped(act.doubled),
                grouped(act.disordered),
                grouped(act.wrong),
                grouped(act.late),
                grouped(act.rate()),
            ))?;
        }
        let verdict = if acts.iter().all(|(_, act)| act.faultless()) {
            "nothing lost, nothing doubled, nothing out of order, nothing wrong, nothing late"
        } else {
            "NOT faultless, see above"
        };
        let messages = counted(acts.iter().map(|(_, act)| act.received).sum(), "message");
        self.line(&format!("\n{messages} in {:.1} s: {verdict}", elapsed.as_secs_f64()))
    }
}
