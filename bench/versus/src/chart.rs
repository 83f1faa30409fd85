//! A bar chart of the ratios to libzmq, on a logarithmic scale: what is better than libzmq goes to the right.

use crate::report::{Report, short};
use std::fmt::Write as _;

const BAR: f64 = 12.0;
const GAP: f64 = 10.0;
const LEFT: f64 = 190.0;
const WIDTH: f64 = 640.0;
/// The scale ends at this ratio on both sides.
const END: f64 = 16.0;
const COLOURS: [&str; 8] =
    ["#d1495b", "#8d99ae", "#2b2d42", "#66a182", "#a7c957", "#edae49", "#00798c", "#9d4edd"];

pub fn svg(report: &Report, subjects: &[String]) -> String {
    let shown: Vec<&String> = subjects.iter().filter(|subject| *subject != "libzmq").collect();
    let rows: Vec<_> = report.rows.iter().filter(|row| row.median("libzmq").is_some()).collect();
    let row_height = shown.len() as f64 * BAR + GAP;
    let height = rows.len() as f64 * row_height + 60.0;
    let middle = LEFT + WIDTH / 2.0;
    let x = |ratio: f64| middle + ratio.clamp(1.0 / END, END).log2() / END.log2() * WIDTH / 2.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.0}\" height=\"{height:.0}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        LEFT + WIDTH + 80.0
    );
    for (index, subject) in shown.iter().enumerate() {
        let (left, colour) = (10.0 + index as f64 * 105.0, COLOURS[index % COLOURS.len()]);
        let _ = writeln!(
            out,
            "<rect x=\"{left}\" y=\"8\" width=\"10\" height=\"10\" fill=\"{colour}\"/><text x=\"{}\" y=\"17\">{subject}</text>",
            left + 14.0
        );
    }
    for power in -4..=4 {
        let ratio = f64::from(power).exp2();
        let label = if power < 0 { format!("1/{}", 1.0 / ratio) } else { format!("{ratio}x") };
        let (at, stroke) = (x(ratio), if power == 0 { "#333" } else { "#ddd" });
        let _ = writeln!(
            out,
            "<line x1=\"{at}\" x2=\"{at}\" y1=\"42\" y2=\"{height}\" stroke=\"{stroke}\"/><text x=\"{at}\" y=\"38\" text-anchor=\"middle\">{label}</text>"
        );
    }
    for (index, row) in rows.iter().enumerate() {
        let top = 50.0 + index as f64 * row_height;
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            top + row_height / 2.0,
            row.name
        );
        for (place, subject) in shown.iter().enumerate() {
            let Some(ratio) = row.advantage(subject, "libzmq") else { continue };
            let (begin, end) = (x(ratio).min(middle), x(ratio).max(middle));
            let y = top + place as f64 * BAR;
            let _ = writeln!(
                out,
                "<rect x=\"{begin:.1}\" y=\"{y}\" width=\"{:.1}\" height=\"{}\" fill=\"{}\"/><text x=\"{:.1}\" y=\"{}\" font-size=\"9\">{ratio:.2}x {}</text>",
                end - begin,
                BAR - 2.0,
                COLOURS[place % COLOURS.len()],
                end + 3.0,
                y + 9.0,
                row.median(subject).map(short).unwrap_or_default()
            );
        }
    }
    out.push_str("</svg>\n");
    out
}
