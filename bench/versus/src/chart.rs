//! A bar chart of the ratios to libzmq, on a logarithmic scale: what is better than libzmq goes to the right.

use crate::{
    kit::{
        chart::{self, Bar, Panel},
        figure::short,
    },
    report::{Report, Row},
};

/// The scale ends at this power of two on both sides.
const END: i32 = 4;

pub fn svg(report: &Report, subjects: &[String]) -> String {
    let shown: Vec<&str> =
        subjects.iter().map(String::as_str).filter(|subject| *subject != "libzmq").collect();
    let bar = |row: &Row, subject: &str| {
        let value = row.advantage(subject, "libzmq")?;
        Some(Bar {
            value,
            label: format!("{value:.2}x {}", row.median(subject).map(short).unwrap_or_default()),
        })
    };
    let rows = report.rows.iter().filter(|row| row.median("libzmq").is_some());
    let tick = |power: i32| {
        let ratio = f64::from(power).exp2();
        (ratio, if power < 0 { format!("1/{}", 1.0 / ratio) } else { format!("{ratio}x") })
    };
    let panel = Panel {
        title: "libzmq is 1".to_owned(),
        base: 1.0,
        low: f64::from(-END).exp2(),
        high: f64::from(END).exp2(),
        ticks: (-END..=END).map(tick).collect(),
        rows: rows
            .map(|row| (row.name.clone(), shown.iter().map(|subject| bar(row, subject)).collect()))
            .collect(),
    };
    chart::svg(&shown, &[panel])
}
