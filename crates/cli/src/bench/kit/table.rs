//! Tables: aligned for a terminal, or as Markdown.

use std::fmt::Write as _;

/// Where the text of a column stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flush {
    Left,
    Right,
}

/// How wide each column must be for these lines.
pub(crate) fn widths<'a>(lines: impl IntoIterator<Item = &'a Vec<String>>) -> Vec<usize> {
    let mut widths = Vec::new();
    for line in lines {
        widths.resize(widths.len().max(line.len()), 0);
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    widths
}

/// One aligned line, without its end.
pub(crate) fn line(cells: &[String], widths: &[usize], columns: &[Flush]) -> String {
    let mut out = String::new();
    for ((cell, width), flush) in cells.iter().zip(widths).zip(columns) {
        if !out.is_empty() {
            out.push_str("  ");
        }
        let _ = match flush {
            Flush::Left => write!(out, "{cell:<width$}"),
            Flush::Right => write!(out, "{cell:>width$}"),
        };
    }
    out.truncate(out.trim_end().len());
    out
}

/// The first line is the heading.
pub(crate) fn markdown(lines: &[Vec<String>], columns: &[Flush]) -> String {
    let mut out = String::new();
    for (index, cells) in lines.iter().enumerate() {
        let _ = writeln!(out, "| {} |", cells.join(" | "));
        if index == 0 {
            let rule = |flush: &Flush| if *flush == Flush::Left { "---|" } else { "---:|" };
            let _ = writeln!(out, "|{}", columns.iter().map(rule).collect::<String>());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_where_they_are_told() {
        let cells = |line: &str| line.split(' ').map(str::to_owned).collect();
        let lines: [Vec<String>; 2] = [cells("row value"), cells("longest 1")];
        let columns = [Flush::Left, Flush::Right];
        let aligned = lines.each_ref().map(|cells| line(cells, &widths(&lines), &columns));
        assert_eq!(aligned, ["row      value", "longest      1"]);
        assert_eq!(markdown(&lines, &columns), "| row | value |\n|---|---:|\n| longest | 1 |\n");
    }
}
