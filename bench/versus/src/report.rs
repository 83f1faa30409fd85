//! Medians and ratios: as a table at the terminal, as Markdown, as JSON.

use crate::{
    kit::{
        figure::{median, short},
        machine::machine,
        table::{self, Flush},
    },
    workload::{Figure, Unit},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write as _, process::Command};

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
        median(self.values.get(subject)?)
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

    pub fn fail(&mut self, subject: &str, workload: &str, why: &str) {
        self.failures.push((subject.to_owned(), workload.to_owned(), why.to_owned()));
    }

    /// Cells of the table, the heading first.
    fn cells(&self, subjects: &[String]) -> Vec<Vec<String>> {
        let first = &subjects[0];
        let mut heading = vec!["row".to_owned(), "unit".to_owned()];
        heading.extend(subjects.iter().cloned());
        heading.extend(["vs libzmq".to_owned(), "vs raw".to_owned(), "vs best rival".to_owned()]);
        heading.extend(by_c(subjects).next().map(|_| "C vs native".to_owned()));
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
            if by_c(subjects).next().is_some() {
                let worst = by_c(subjects).filter_map(|door| row.advantage(door, "zeroxide"));
                line.push(ratio(worst.min_by(f64::total_cmp)));
            }
            table.push(line);
        }
        table
    }

    pub fn text(&self, subjects: &[String]) -> String {
        let (cells, columns) = (self.cells(subjects), columns(subjects));
        let widths = table::widths(&cells);
        self.explained(cells.iter().map(|cells| table::line(cells, &widths, &columns) + "\n").collect())
    }

    pub fn markdown(&self, subjects: &[String]) -> String {
        self.explained(table::markdown(&self.cells(subjects), &columns(subjects)))
    }

    fn explained(&self, mut out: String) -> String {
        if !self.failures.is_empty() {
            out.push_str("\nWithout a figure:\n\n");
        }
        let mut reasons: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for (subject, workload, why) in &self.failures {
            let workloads = reasons.entry((subject, why)).or_default();
            if !workloads.contains(&workload.as_str()) {
                workloads.push(workload);
            }
        }
        for ((subject, why), workloads) in reasons {
            let _ = writeln!(out, "- {subject}: {why} ({})", workloads.join(", "));
        }
        out
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

/// The subjects that use Zeroxide by its C API.
fn by_c(subjects: &[String]) -> impl Iterator<Item = &String> {
    subjects.iter().filter(|subject| subject.starts_with("zeroxide-c"))
}

fn columns(subjects: &[String]) -> Vec<Flush> {
    let ratios = 3 + usize::from(by_c(subjects).next().is_some());
    [vec![Flush::Left; 2], vec![Flush::Right; subjects.len() + ratios]].concat()
}

fn commit() -> Option<String> {
    let output =
        Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12"]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
