//! Whoever looks a public type up is shown how it is used, by code that the doctests run.
//!
//! Read from the sources, as rustc's `unreachable_pub` has it that whatever says `pub` is public.

use super::tree::{Source, Tree};

/// The crates whose types others write down.
const ROOMS: [&str; 4] = ["crates/zeroxide/src/", "crates/proto/src/", "crates/pipe/src/", "crates/net/src/"];
/// Where functions are held to it as well: the others show theirs with the types.
const FRONT: &str = ROOMS[0];
const KINDS: [&str; 4] = ["pub struct ", "pub enum ", "pub trait ", "pub fn "];

pub(super) fn missing(tree: &Tree) -> Vec<String> {
    let rooms = tree.ending(".rs").filter(|file| ROOMS.iter().any(|room| file.path.starts_with(room)));
    rooms.flat_map(in_file).collect()
}

fn in_file(file: &Source) -> Vec<String> {
    let mut places = Vec::new();
    let mut talk = Talk::default();
    let is_table = file.text.contains("pub struct $name");
    for (number, line) in file.lines() {
        if talk.takes(line) {
            continue;
        }
        let named = public_item(line, &file.path).or_else(|| is_table.then(|| table_entry(line)).flatten());
        if let Some(name) = named
            && !talk.shows
            && !talk.hidden
        {
            places.push(file.place(number, name));
        }
        talk = Talk::default();
    }
    places
}

/// What stands above an item: its documentation and its attributes.
#[derive(Default)]
struct Talk {
    /// Code that runs.
    shows: bool,
    hidden: bool,
    /// Between the fences of a block.
    inside: bool,
    /// In an attribute that goes on.
    attribute: bool,
}

impl Talk {
    /// Whether the line is part of it.
    fn takes(&mut self, line: &str) -> bool {
        let line = line.trim_start();
        if self.attribute || line.starts_with("#[") {
            self.hidden |= line.contains("doc(hidden)");
            self.attribute = !line.ends_with(']');
            return true;
        }
        let Some(text) = line.strip_prefix("///") else { return line.starts_with("//") };
        if let Some(language) = text.trim_start().strip_prefix("```") {
            self.inside = !self.inside;
            self.shows |= self.inside && matches!(language, "" | "rust" | "no_run");
        }
        true
    }
}

/// The name of an item that is public and not part of another one.
fn public_item<'a>(line: &'a str, path: &str) -> Option<&'a str> {
    let kinds = KINDS.iter().filter(|kind| **kind != "pub fn " || path.starts_with(FRONT));
    let rest = kinds.filter_map(|kind| line.strip_prefix(kind)).next()?;
    rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()
}

/// The name of a type that a macro makes of `Name: verb verb;`.
fn table_entry(line: &str) -> Option<&str> {
    let (name, verbs) = line.strip_prefix("    ")?.strip_suffix(';')?.split_once(": ")?;
    let is_verb = |letter: char| letter.is_ascii_lowercase() || letter == '_' || letter == ' ';
    let is_type = name.starts_with(|letter: char| letter.is_ascii_uppercase());
    (is_type && name.chars().all(char::is_alphanumeric) && verbs.chars().all(is_verb)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        missing(&Tree::of(&[(path, text)]))
    }

    #[test]
    fn a_type_without_an_example_is_found() {
        let path = "crates/zeroxide/src/door.rs";
        assert_eq!(found(path, "/// A door.\npub struct Door;\n"), [format!("{path}:2: Door")]);
        assert_eq!(found(path, "pub enum Way<'a> {\n").len(), 1);
        assert_eq!(found(path, "/// Opens.\npub fn open() {}\n").len(), 1);
        assert_eq!(found(path, "/// ```text\n/// +-+\n/// ```\npub trait Knock {}\n").len(), 1);
        assert_eq!(found(path, "/// ```ignore\n/// knock\n/// ```\npub trait Knock {}\n").len(), 1);
        let other = "/// ```\n/// knock();\n/// ```\nfn knock() {}\npub struct Door;\n";
        assert_eq!(found(path, other).len(), 1, "that example is another item's");
    }

    #[test]
    fn an_example_counts_whatever_stands_between() {
        let path = "crates/net/src/door.rs";
        let shown = "/// A door.\n///\n/// ```\n/// let door = 1;\n/// ```\n/// Closed.\n";
        for behind in ["", "#[derive(Debug)]\n", "#[derive(\n    Debug,\n)]\n#[must_use]\n", "// Why.\n"] {
            assert_eq!(found(path, &format!("{shown}{behind}pub struct Door;\n")), [""; 0]);
        }
    }

    #[test]
    fn what_is_not_public_needs_none() {
        let path = "crates/pipe/src/door.rs";
        for hidden in [
            "pub(crate) struct Door;",
            "struct Door;",
            "#[doc(hidden)]\npub struct Door;",
            "    pub fn open() {}",
        ] {
            assert_eq!(found(path, hidden), [""; 0], "{hidden}");
        }
        assert_eq!(found(path, "pub fn open() {}"), [""; 0], "outside the front room functions are free");
        assert_eq!(found("crates/cli/src/door.rs", "pub struct Door;"), [""; 0]);
    }

    #[test]
    fn the_types_of_a_table_count() {
        let table = "macro_rules! doors { () => { pub struct $name; } }\ndoors! {\n    /// In.\n    Front: opens closes;\n}\n";
        assert_eq!(found("crates/zeroxide/src/door.rs", table).len(), 1);
    }
}
