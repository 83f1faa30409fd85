//! Files stay short; those that already are not may only shrink.

use std::collections::BTreeMap;

use super::tree::Tree;

const LIMIT: usize = 500;
const RATCHET: &str = "xtask/ratchet.txt";

pub(super) fn too_long(tree: &Tree) -> Vec<String> {
    let mut known = ratchet(tree);
    let mut places = Vec::new();
    for file in tree.ending(".rs").chain(tree.ending(".py")) {
        let lines = file.text.lines().count();
        match known.remove(file.path.as_str()) {
            None if lines > LIMIT => places.push(format!("{}: {lines} lines, {LIMIT} at most", file.path)),
            Some(allowed) if lines > allowed => {
                places.push(format!("{}: {lines} lines, had {allowed}", file.path))
            }
            Some(_) if lines <= LIMIT => {
                places.push(format!("{RATCHET}: {} is short now, take it out", file.path))
            }
            Some(allowed) if lines < allowed => {
                places.push(format!("{RATCHET}: {} has {lines} now, lower its {allowed}", file.path));
            }
            _ => {}
        }
    }
    places.extend(known.keys().map(|path| format!("{RATCHET}: {path} is gone, take it out")));
    places
}

/// `lines path`, one a line; `#` begins a comment.
fn ratchet(tree: &Tree) -> BTreeMap<&str, usize> {
    let text = tree.file(RATCHET).map_or("", |file| &file.text);
    text.lines().filter(|line| !line.starts_with('#')).filter_map(entry).collect()
}

fn entry(line: &str) -> Option<(&str, usize)> {
    let (lines, path) = line.split_once(' ')?;
    Some((path.trim(), lines.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lines: usize, ratchet: &str) -> usize {
        too_long(&Tree::of(&[("a.rs", &"\n".repeat(lines)), (RATCHET, ratchet)])).len()
    }

    #[test]
    fn new_long_files_are_refused_and_old_ones_may_only_shrink() {
        assert_eq!(found(500, ""), 0);
        assert_eq!(found(501, ""), 1);
        assert_eq!(found(600, "# old\n600 a.rs"), 0);
        assert_eq!(found(601, "600 a.rs"), 1);
        assert_eq!(found(599, "600 a.rs"), 1, "the number has to follow");
        assert_eq!(found(500, "600 a.rs"), 1, "the entry has to go");
        assert_eq!(found(1, "600 b.rs"), 1, "the file has gone");
    }
}
