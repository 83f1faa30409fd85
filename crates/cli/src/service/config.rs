//! Configuration files: what the command line can say, a line each.
//!
//! ```text
//! # comment
//! bind = tcp://127.0.0.1:5555
//! heartbeat = 1s
//! open-to-network
//! ```
//! The lines become arguments before those of the command line, which are thereby the last word.

use crate::exit::Failure;
use std::{ffi::OsString, fs};

/// The verbs that take them, and how many words name what is to be done.
const VERBS: [(&str, usize); 8] = [
    ("broker", 1),
    ("clone", 2),
    ("freelance", 2),
    ("lb", 1),
    ("lvc", 1),
    ("peering", 1),
    ("proxy", 1),
    ("titanic", 1),
];

/// The arguments with what `--config FILE` names in place of it.
pub(crate) fn expand(arguments: impl IntoIterator<Item = OsString>) -> Result<Vec<OsString>, Failure> {
    let mut arguments = arguments.into_iter();
    let mut expanded: Vec<OsString> = arguments.by_ref().take(2).collect();
    let words = |verb: &OsString| VERBS.iter().find(|(known, _)| verb == known).map(|(_, words)| *words);
    let Some(words) = expanded.get(1).and_then(words) else {
        expanded.extend(arguments);
        return Ok(expanded);
    };
    expanded.extend(arguments.by_ref().take(words - 1));
    let mut rest = Vec::new();
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy();
        let file = match text.strip_prefix("--config") {
            Some("") => arguments.next().ok_or(Failure::Usage("--config needs a file".into()))?,
            Some(file) if file.starts_with('=') => file.trim_start_matches('=').into(),
            _ => {
                rest.push(argument);
                continue;
            }
        };
        let text = fs::read_to_string(&file)
            .map_err(|error| Failure::Usage(format!("{}: {error}", file.to_string_lossy())))?;
        expanded.extend(arguments_of(&text).map(OsString::from));
    }
    expanded.extend(rest);
    Ok(expanded)
}

fn arguments_of(text: &str) -> impl Iterator<Item = String> + '_ {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| match line.split_once('=') {
        Some((name, value)) => {
            let value = value.trim();
            let unquoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            format!("--{}={}", name.trim(), unquoted.unwrap_or(value))
        }
        None => format!("--{line}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_arguments() {
        let text = "# a broker\n\n bind = \"tcp://*:1\"\nheartbeat=1s\noption = linger=1s\nopen-to-network\n";
        let arguments: Vec<String> = arguments_of(text).collect();
        assert_eq!(
            arguments,
            ["--bind=tcp://*:1", "--heartbeat=1s", "--option=linger=1s", "--open-to-network"]
        );
    }
}
