//! `bench/costs.json`: the tools with which the costs were counted, and one line for each work.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

/// Of one message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cost {
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
}

/// Costs by the names of the works, and what they were counted with.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Record {
    pub(crate) toolchain: String,
    pub(crate) costs: BTreeMap<String, Cost>,
}

fn path() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../costs.json"))
}

pub(crate) fn write(record: &Record) -> Result<(), String> {
    fs::write(path(), text(record)).map_err(|error| format!("{}: {error}", path().display()))
}

pub(crate) fn read() -> Result<Record, String> {
    let text = fs::read_to_string(path()).map_err(|error| format!("{}: {error}", path().display()))?;
    Ok(parse(&text))
}

fn text(record: &Record) -> String {
    let mut out = format!("{{\n  \"toolchain\": \"{}\",\n  \"costs\": {{\n", record.toolchain);
    for (index, (name, cost)) in record.costs.iter().enumerate() {
        let comma = if index + 1 < record.costs.len() { "," } else { "" };
        let _ = writeln!(
            out,
            "    \"{name}\": {{ \"instructions\": {:.1}, \"allocations\": {:.2} }}{comma}",
            cost.instructions, cost.allocations
        );
    }
    out.push_str("  }\n}\n");
    out
}

/// Reads what [`text`] writes, and no other JSON.
fn parse(text: &str) -> Record {
    let number = |line: &str, key: &str| {
        let rest = line.split_once(key)?.1.trim_start_matches(['"', ':', ' ']);
        rest.split([',', ' ', '}']).next()?.parse().ok()
    };
    let entry = |line: &str| {
        let name = line.trim().strip_prefix('"')?.split_once('"')?.0;
        let cost =
            Cost { instructions: number(line, "instructions")?, allocations: number(line, "allocations")? };
        Some((name.to_owned(), cost))
    };
    let toolchain =
        |line: &str| Some(line.trim().strip_prefix("\"toolchain\": \"")?.strip_suffix("\",")?.to_owned());
    Record {
        toolchain: text.lines().find_map(toolchain).unwrap_or_default(),
        costs: text.lines().filter_map(entry).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let cost = |instructions| Cost { instructions, allocations: 0.25 };
        let costs =
            BTreeMap::from([("encode 64".to_owned(), cost(20.5)), ("match 10".to_owned(), cost(70.0))]);
        let record = Record { toolchain: "rustc 1, glibc 2".to_owned(), costs };
        assert_eq!(parse(&text(&record)), record);
    }
}
