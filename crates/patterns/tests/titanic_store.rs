//! The store that comes along holds what every store has to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails has done its work"
)]

mod store_rules;

use std::path::PathBuf;
use store_rules::{Place, RULES};
use zeroxide_patterns::titanic::{FileStore, RequestNumber, Store, StoreLimits};

/// A file that goes with its test.
struct File(PathBuf);

impl Place for File {
    fn open(&self, limits: StoreLimits) -> Box<dyn Store> {
        Box::new(FileStore::open(&self.0, limits).unwrap())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_file_holds_what_every_store_has_to() {
    for (name, rule) in RULES {
        println!("{name}");
        let name = format!("zeroxide-store-rules-{}.redb", RequestNumber::random());
        rule(&File(std::env::temp_dir().join(name)));
    }
}

#[test]
fn a_second_process_cannot_have_the_file() {
    let name = format!("zeroxide-store-second-{}.redb", RequestNumber::random());
    let file = File(std::env::temp_dir().join(name));
    let _store = file.open(StoreLimits::default());
    assert!(FileStore::open(&file.0, StoreLimits::default()).is_err());
}
