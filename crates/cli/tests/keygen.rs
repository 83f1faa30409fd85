//! `zox keygen`: keys on stdout and in files.

mod support;

use std::os::unix::fs::PermissionsExt;
use support::run;
use zeroxide::{PublicKey, SecretKey};

fn key<'a>(text: &'a str, name: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.map(str::trim).unwrap_or_default()
}

#[test]
fn a_new_pair_belongs_together_and_is_another_one_each_time() {
    let ended = run(&["keygen"], b"").well();
    let secret: SecretKey = key(ended.text(), "secret").parse().unwrap_or_default();
    let public: Result<PublicKey, _> = key(ended.text(), "public").parse();
    assert!(!secret.is_zero());
    assert_eq!(public, Ok(secret.public()));
    assert_ne!(run(&["keygen"], b"").well().text(), ended.text());
}

#[test]
fn files_are_for_their_owner_and_are_never_overwritten() {
    let directory = std::env::temp_dir().join(format!("zox-keygen-{}", std::process::id()));
    assert!(std::fs::create_dir_all(&directory).is_ok());
    let file = directory.join("worker").display().to_string();
    let shown = run(&["keygen", &file], b"").well();
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let secret = read(&file);
    assert_eq!(read(&format!("{file}.pub")).trim(), key(shown.text(), "public"));
    assert!(!shown.text().contains(secret.trim()), "the secret is not shown");
    let mode = std::fs::metadata(&file).map(|about| about.permissions().mode() & 0o777);
    assert_eq!(mode.ok(), Some(0o600));
    assert_eq!(run(&["keygen", &file], b"").code(), 1);
    assert_eq!(read(&file), secret);
    let _ = std::fs::remove_file(&file);
    assert_eq!(run(&["keygen", &file], b"").code(), 1, "nor is the public one");
    assert!(!std::path::Path::new(&file).exists());
    let _ = std::fs::remove_dir_all(&directory);
}
