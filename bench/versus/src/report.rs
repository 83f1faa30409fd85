//! Medians and ratios: as a table at the terminal, as Markdown, as JSON.

use crate::workload::{Figure, Unit};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write as _, fs, process::Command};

/// All rounds of all subjects, rows in the order they came.
#[derive(Default)]
pub struct Report {
    pub rows: Vec<Row>,
    /// (subject, workload, why)
    pub failures: Vec<(String, String, String)>,
}

pub struct Row {
    pub name: String,
    pub unit: Unit,
    pub values: BTreeMap<String, Vec<f64>>,
}

impl Row {
    pub fn median(&self, subject: &str) -> Option<f64> {
        let mut values = self.values.get(subject)?.clone();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let low = values[(values.len() - 1) / 2];
        Some((low + values[middle]) / 2.0)
    }

    /// How many times `one` beats `other`: above 1 is better, whatever the unit.
    pub fn advantage(&self, one: &str, other: &str) -> Option<f64> {
        let (one, other) = (self.median(one)?, self.median(other)?);
        Some(if self.unit.more_is_better() { one / other } else { other / one })
    }
}

impl Report {
    pub fn add(&mut self, subject: &str, figures: &[Figure]) {
        for figure in figures {
            let at = self.rows.iter().position(|row| row.name == figure.row).unwrap_or_else(|| {
                let row = Row { name: figure.row.clone(), unit: figure.unit, values: BTreeMap::new() };
                self.rows.push(row);
                self.rows.len() - 1
            });
            self.rows[at].values.entry(subject.to_owned()).or_default().push(figure.value);
        }
    }

    pub fn fail(&mut self, subject: &str, workload: &str, round: usize, why: &str) {
        self.failures.push((subject.to_owned(), workload.to_owned(), format!("round {round}: {why}")));
    }

    /// Cells of the table, the heading first.
    fn cells(&self, subjects: &[String]) -> Vec<Vec<String>> {
        let first = &subjects[0];
        let mut heading = vec!["row".to_owned(), "unit".to_owned()];
        heading.extend(subjects.iter().cloned());
        heading.extend(["vs libzmq".to_owned(), "vs raw".to_owned(), "vs best rival".to_owned()]);
        let mut table = vec![heading];
        let rivals = |subject: &&String| {
            !subject.starts_with("zeroxide") && !["libzmq", "raw"].contains(&subject.as_str())
        };
        for row in &self.rows {
            let mut line = vec![row.name.clone(), row.unit.name().to_owned()];
            line.extend(subjects.iter().map(|subject| row.median(subject).map_or("-".to_owned(), short)));
            let ratio = |ratio: Option<f64>| ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
            line.push(ratio(row.advantage(first, "libzmq")));
            line.push(ratio(row.advantage(first, "raw")));
            let worst = subjects.iter().filter(rivals).filter_map(|rival| row.advantage(first, rival));
            line.push(ratio(worst.min_by(f64::total_cmp)));
            table.push(line);
        }
        table
    }

    pub fn text(&self, subjects: &[String]) -> String {
        let cells = self.cells(subjects);
        let width = |column: usize| cells.iter().map(|line| line[column].len()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..cells[0].len()).map(width).collect();
        let mut out = String::new();
        for line in &cells {
            for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
                let _ =
                    if column == 0 { write!(out, "{cell:<width$}") } else { write!(out, "  {cell:>width$}") };
            }
            out.push('\n');
        }
        self.explain(&mut out);
        out
    }

    pub fn markdown(&self, subjects: &[String]) -> String {
        let mut out = String::new();
        for (index, line) in self.cells(subjects).iter().enumerate() {
            let _ = writeln!(out, "| {} |", line.join(" | "));
            if index == 0 {
                let _ = writeln!(out, "|---|---|{}", "---:|".repeat(line.len() - 2));
            }
        }
        self.explain(&mut out);
        out
    }

    fn explain(&self, out: &mut String) {
        if !self.failures.is_empty() {
            out.push_str("\nWithout a figure:\n\n");
        }
        // The last word of each.
        let last: BTreeMap<_, _> =
            self.failures.iter().map(|(subject, workload, why)| ((subject, workload), why)).collect();
        for ((subject, workload), why) in last {
            let _ = writeln!(out, "- {subject}, {workload}: {why}");
        }
    }

    pub fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            let subjects = row.values.iter().map(|(subject, values)| {
                (subject.clone(), json!({ "median": row.median(subject), "values": values }))
            });
            let subjects: serde_json::Map<String, Value> = subjects.collect();
            json!({ "row": row.name, "unit": row.unit.name(), "more_is_better": row.unit.more_is_better(), "subjects": subjects })
        });
        let failures = self
            .failures
            .iter()
            .map(|(subject, workload, why)| json!({ "subject": subject, "workload": workload, "why": why }));
        json!({
            "machine": machine(),
            "commit": commit(),
            "command": std::env::args().collect::<Vec<_>>().join(" "),
            "rows": rows.collect::<Vec<_>>(),
            "failures": failures.collect::<Vec<_>>(),
        })
    }
}

/// Three digits and a letter.
pub fn short(value: f64) -> String {
    let (value, letter) = match value.abs() {
        size if size >= 999_500.0 => (value / 1e6, " M"),
        size if size >= 999.5 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let digits = match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        _ => 3,
    };
    format!("{value:.digits$}{letter}")
}

fn machine() -> Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let system = read("/etc/os-release");
    let system = system.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    json!({
        "cpu": model,
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "system": system.map(|name| name.trim_matches('"')),
        "load": read("/proc/loadavg").split(' ').next(),
    })
}

fn commit() -> Option<String> {
    let output =
        Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12"]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
