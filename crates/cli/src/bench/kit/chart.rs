//! Bar charts on logarithmic scales, as SVG. It draws what it is given and knows no unit.

use std::fmt::Write as _;

/// One chart; several stand below one another.
pub(crate) struct Panel {
    pub(crate) title: String,
    /// Where bars begin.
    pub(crate) base: f64,
    /// The ends of the scale; a bar that would pass one ends there.
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Lines across, with what stands above them.
    pub(crate) ticks: Vec<(f64, String)>,
    /// Each row has a name and a bar for each entry of the legend.
    pub(crate) rows: Vec<(String, Vec<Option<Bar>>)>,
}

/// How far a bar goes, and what stands at its end.
pub(crate) struct Bar {
    pub(crate) value: f64,
    pub(crate) label: String,
}

const BAR: f64 = 12.0;
const GAP: f64 = 10.0;
const LEFT: f64 = 190.0;
const WIDTH: f64 = 640.0;
const RIGHT: f64 = 80.0;
/// Above the rows of a panel: its title and the labels of its lines.
const HEAD: f64 = 44.0;
const COLOURS: [&str; 8] =
    ["#d1495b", "#8d99ae", "#2b2d42", "#66a182", "#a7c957", "#edae49", "#00798c", "#9d4edd"];

fn colour(place: usize) -> &'static str {
    COLOURS.get(place % COLOURS.len()).copied().unwrap_or("black")
}

/// A legend without entries is left out.
pub(crate) fn svg(legend: &[&str], panels: &[Panel]) -> String {
    let top = if legend.is_empty() { 0.0 } else { 24.0 };
    let bottom = top + panels.iter().map(height).sum::<f64>() + GAP;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.0}\" height=\"{bottom:.0}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        LEFT + WIDTH + RIGHT
    );
    for (place, name) in legend.iter().enumerate() {
        let (left, fill, name) = (10.0 + place as f64 * 105.0, colour(place), escaped(name));
        let _ = writeln!(
            out,
            "<rect x=\"{left}\" y=\"8\" width=\"10\" height=\"10\" fill=\"{fill}\"/><text x=\"{}\" y=\"17\">{name}</text>",
            left + 14.0
        );
    }
    let mut at = top;
    for panel in panels {
        draw(&mut out, panel, at);
        at += height(panel);
    }
    out.push_str("</svg>\n");
    out
}

fn height(panel: &Panel) -> f64 {
    HEAD + panel.rows.iter().map(|(_, bars)| bars.len() as f64 * BAR + GAP).sum::<f64>()
}

fn draw(out: &mut String, panel: &Panel, top: f64) {
    let span = (panel.high / panel.low).ln();
    let x = |value: f64| LEFT + (value.clamp(panel.low, panel.high) / panel.low).ln() / span * WIDTH;
    let (bottom, base) = (top + height(panel), x(panel.base));
    let _ = writeln!(
        out,
        "<text x=\"10\" y=\"{}\" font-weight=\"bold\">{}</text>",
        top + 18.0,
        escaped(&panel.title)
    );
    for (value, label) in &panel.ticks {
        let (at, stroke) = (x(*value), if *value == panel.base { "#333" } else { "#ddd" });
        let _ = writeln!(
            out,
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{}\" y2=\"{bottom}\" stroke=\"{stroke}\"/><text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            top + HEAD - 10.0,
            top + HEAD - 14.0,
            escaped(label)
        );
    }
    let mut y = top + HEAD;
    for (name, bars) in &panel.rows {
        let middle = y + bars.len() as f64 * BAR / 2.0 + 3.0;
        let (left, name) = (LEFT - 8.0, escaped(name));
        let _ = writeln!(out, "<text x=\"{left}\" y=\"{middle}\" text-anchor=\"end\">{name}</text>");
        for (place, bar) in bars.iter().enumerate() {
            if let Some(bar) = bar {
                let (begin, end) = (x(bar.value).min(base), x(bar.value).max(base));
                let _ = writeln!(
                    out,
                    "<rect x=\"{begin:.1}\" y=\"{y}\" width=\"{:.1}\" height=\"{}\" fill=\"{}\"/><text x=\"{:.1}\" y=\"{}\" font-size=\"9\">{}</text>",
                    end - begin,
                    BAR - 2.0,
                    colour(place),
                    end + 3.0,
                    y + 9.0,
                    escaped(&bar.label)
                );
            }
            y += BAR;
        }
        y += GAP;
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
