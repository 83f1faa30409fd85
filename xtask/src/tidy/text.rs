//! Words that must not stand in the tree. They are spelt in two halves here, or the rules would find themselves.

use super::tree::{Source, Tree};

const HOSTS: [&str; 5] = [
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
    concat!("npm", "js."),
    concat!("deb.", "debian.org"),
];
const MACHINE_PATHS: [&str; 3] = [concat!("/ro", "ot"), concat!("/wo", "rk"), concat!("/ho", "me")];
const UNFINISHED: [&str; 4] =
    [concat!("to", "do!("), concat!("unim", "plemented!("), concat!("FIX", "ME"), concat!("XX", "X:")];

/// Cargo writes the registry into the lock file itself.
pub(super) fn hosts_and_machine_paths(tree: &Tree) -> Vec<String> {
    let files = tree.files.iter().filter(|file| !file.path.ends_with("Cargo.lock"));
    files.flat_map(|file| file.places(host_or_machine_path)).collect()
}

pub(super) fn unfinished(tree: &Tree) -> Vec<String> {
    let marked =
        |line: &str| UNFINISHED.iter().find(|mark| line.contains(**mark)).map(|mark| (*mark).to_owned());
    sources(tree).flat_map(|file| file.places(marked)).collect()
}

pub(super) fn careless_examples(tree: &Tree) -> Vec<String> {
    sources(tree).flat_map(|file| file.places(careless)).collect()
}

fn sources(tree: &Tree) -> impl Iterator<Item = &Source> {
    tree.ending(".rs").chain(tree.ending(".py"))
}

fn host_or_machine_path(line: &str) -> Option<String> {
    let host = HOSTS.iter().find(|host| line.contains(**host));
    let found = host.or_else(|| MACHINE_PATHS.iter().find(|path| stands_alone(line, path)));
    found.map(|found| (*found).to_owned())
}

/// Whether the path begins an absolute path: not in the middle of a longer one, nor of a word.
fn stands_alone(line: &str, path: &str) -> bool {
    let inside = |letter: char| letter.is_alphanumeric() || "_-.}*~/".contains(letter);
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + path.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(inside)
            && !after.is_some_and(|letter| letter.is_alphanumeric() || "_-".contains(letter))
    })
}

/// An unwrap in a comment teaches it; of a lock or a thread it is how everybody writes.
fn careless(line: &str) -> Option<String> {
    let comment = line.trim_start().strip_prefix("//")?;
    let unwrap = concat!(".unw", "rap()");
    let excused = [concat!("lock().unw", "rap()"), concat!("join().unw", "rap()")];
    let rest = excused.iter().fold(comment.to_owned(), |text, excuse| text.replace(excuse, ""));
    rest.contains(unwrap).then(|| comment.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_paths_are_found_where_they_begin_only() {
        let [administrator, workplace, users] = MACHINE_PATHS;
        for line in [format!("\"{administrator}/x\""), format!("cd {workplace}"), format!("({users}/me)")] {
            assert!(host_or_machine_path(&line).is_some(), "{line}");
        }
        for line in [format!("examples{workplace}"), format!("{workplace}er"), format!("x.org{users}")] {
            assert!(host_or_machine_path(&line).is_none(), "{line}");
        }
    }

    #[test]
    fn an_unwrap_is_careless_in_a_comment_only() {
        let unwrap = concat!(".unw", "rap()");
        assert!(careless(&format!("/// let x = f(){unwrap};")).is_some());
        assert!(careless(&format!("//! *gate.lock(){unwrap} = true;")).is_none());
        assert!(careless(&format!("let x = f(){unwrap};")).is_none());
    }
}
