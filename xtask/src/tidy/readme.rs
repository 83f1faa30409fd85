//! What the README promises is so.

use super::tree::Tree;

const COMMANDS: [&str; 2] = ["cargo run --release --bin zox -- demo", "cargo xtask test"];

pub(super) fn commands(tree: &Tree) -> Vec<String> {
    let text = tree.file("README.md").map_or("", |file| &file.text);
    let missing = |command: &&&str| !text.lines().any(|line| line.trim() == **command);
    COMMANDS.iter().filter(missing).map(|command| format!("README.md: has no line `{command}`")).collect()
}

pub(super) fn rust_version(tree: &Tree) -> Vec<String> {
    let Some(wanted) = tree.file("Cargo.toml").and_then(|file| declared(&file.text)) else {
        return vec!["Cargo.toml: declares no rust-version".to_owned()];
    };
    let readme = tree.file("README.md").into_iter();
    readme.flat_map(|file| file.places(|line| told(line).filter(|version| version != wanted))).collect()
}

fn declared(manifest: &str) -> Option<&str> {
    let line = manifest.lines().find(|line| line.starts_with("rust-version"))?;
    line.split('"').nth(1)
}

/// The version in "Rust 1.95".
fn told(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("Rust 1.")?;
    let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some(format!("1.{minor}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_commands_must_stand_on_lines_of_their_own() {
        let good = "```\ncargo run --release --bin zox -- demo\ncargo xtask test\n```";
        assert!(commands(&Tree::of(&[("README.md", good)])).is_empty());
        assert_eq!(commands(&Tree::of(&[("README.md", "run cargo xtask test")])).len(), 2);
        assert_eq!(commands(&Tree::of(&[])).len(), 2);
    }

    #[test]
    fn the_told_version_is_the_declared_one() {
        let manifest = ("Cargo.toml", "rust-version = \"1.95\"");
        assert!(rust_version(&Tree::of(&[manifest, ("README.md", "needs Rust 1.95 or later")])).is_empty());
        assert_eq!(rust_version(&Tree::of(&[manifest, ("README.md", "needs Rust 1.9")])).len(), 1);
    }
}
