//! What the manifests and the lock file must say.

use super::tree::{Source, Tree};

pub(super) fn without_lints(tree: &Tree) -> Vec<String> {
    // A manifest with a [workspace] of its own (the root, a fuzz crate) cannot inherit.
    let inherits = |file: &&Source| {
        let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
        lines.contains(&"[workspace]") || lines.windows(2).any(|pair| pair == ["[lints]", "workspace = true"])
    };
    tree.ending("Cargo.toml").filter(|file| !inherits(file)).map(|file| file.path.clone()).collect()
}

pub(super) fn git_sources(tree: &Tree) -> Vec<String> {
    let git = |line: &str| line.starts_with("source = \"git+").then(|| line.to_owned());
    tree.ending("Cargo.lock").flat_map(|file| file.places(git)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_inherit_the_lints() {
        let good = ("a/Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n");
        let root = ("Cargo.toml", "[workspace]\nmembers = []\n");
        let bad = ("b/Cargo.toml", "[package]\n");
        assert_eq!(without_lints(&Tree::of(&[good, root, bad])), ["b/Cargo.toml"]);
    }

    #[test]
    fn a_git_source_is_found_in_the_lock_file() {
        let lock = "name = \"x\"\nsource = \"git+https://example.org/x#1\"\n";
        assert_eq!(git_sources(&Tree::of(&[("Cargo.lock", lock)])).len(), 1);
    }
}
