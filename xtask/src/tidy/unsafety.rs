//! Every unsafe block is argued for where it stands. Clippy checks it too; this also sees what is compiled for other
//! systems.

use super::tree::{Source, Tree};

/// How many lines may stand between the argument and the block: the rest of a broken line, an attribute.
const REACH: usize = 2;

pub(super) fn unargued(tree: &Tree) -> Vec<String> {
    tree.ending(".rs").flat_map(in_file).collect()
}

fn in_file(file: &Source) -> Vec<String> {
    let lines: Vec<&str> = file.text.lines().collect();
    let bare = |(index, line): &(usize, &&str)| is_unsafe(line) && !argued(&lines, *index);
    lines.iter().enumerate().filter(bare).map(|(index, line)| file.place(index + 1, line.trim())).collect()
}

/// A block or an impl; not in a comment nor in a text.
fn is_unsafe(line: &str) -> bool {
    [concat!("unsa", "fe {"), concat!("unsa", "fe impl")].iter().any(|mark| {
        let before = line.split_once(mark).map(|(before, _)| before);
        before.is_some_and(|before| !before.contains("//") && before.matches('"').count() % 2 == 0)
    })
}

fn argued(lines: &[&str], at: usize) -> bool {
    let comment = |index: usize| lines.get(index).is_some_and(|line| line.trim_start().starts_with("//"));
    let Some(mut index) = (at.saturating_sub(REACH)..at).rev().find(|index| comment(*index)) else {
        return false;
    };
    loop {
        if lines.get(index).is_some_and(|line| line.contains("SAFETY:")) {
            return true;
        }
        if index == 0 || !comment(index - 1) {
            return false;
        }
        index -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &str = concat!("unsa", "fe { call() };");

    fn found(before: &str) -> usize {
        unargued(&Tree::of(&[("a.rs", &format!("{before}{BLOCK}"))])).len()
    }

    #[test]
    fn an_argument_right_above_counts_however_long() {
        assert_eq!(found("// SAFETY: it is ours\n"), 0);
        assert_eq!(found("// SAFETY: it is ours,\n// and only ours,\n// until then\n"), 0);
        assert_eq!(found("// SAFETY: it is ours\nlet x =\n    "), 0);
        assert_eq!(found("// SAFETY: it is ours\nlet x = 1;\nlet y = 1;\n"), 1);
        assert_eq!(found("// it is ours\n"), 1);
        assert_eq!(found(""), 1);
    }

    #[test]
    fn words_about_it_are_not_it() {
        assert_eq!(found("// about "), 0);
        assert_eq!(found("let text = \""), 0);
    }
}
