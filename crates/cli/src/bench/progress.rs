//! What is seen while it runs: rows as they are done, and on a terminal how far the whole is.

use super::{
    kit::table,
    report::{COLUMNS, HEADING, Row},
    workload::Workload,
};
use crate::exit::Failure;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write, stderr, stdout};

pub(super) struct Progress {
    bar: Option<ProgressBar>,
    widths: Vec<usize>,
}

/// Cells as wide as they can become, the first and the last apart.
const WIDEST: [&str; 7] = ["", "1.00 M", "round trips/s", "1.00 M", "highest", "CPU s/M", ""];

impl Progress {
    pub(super) fn new(workloads: &[Workload], rounds: usize) -> Self {
        let names = workloads.iter().map(|workload| vec![workload.to_string()]);
        let fixed = [HEADING, WIDEST].map(|line| line.map(str::to_owned).to_vec());
        let widths = table::widths(&names.chain(fixed).collect::<Vec<_>>());
        let bar = stderr().is_terminal().then(|| {
            let total = workloads.len() * rounds;
            let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} rounds, {eta} left  {msg}")
            {
                bar.set_style(style);
            }
            bar
        });
        Self { bar, widths }
    }

    pub(super) fn begin(&self, workload: &Workload) {
        if let Some(bar) = &self.bar {
            bar.set_message(workload.to_string());
            bar.tick();
        }
    }

    pub(super) fn round_done(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    pub(super) fn heading(&self) -> Result<(), Failure> {
        self.line(&HEADING.map(str::to_owned))
    }

    pub(super) fn row(&self, row: &Row) -> Result<(), Failure> {
        self.line(&row.cells())
    }

    fn line(&self, cells: &[String]) -> Result<(), Failure> {
        let text = table::line(cells, &self.widths, &COLUMNS) + "\n";
        match &self.bar {
            Some(bar) => bar.suspend(|| print(&text)),
            None => print(&text),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Puts this on stdout at once.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| Failure::from_output(&error))
}
