//! Titanic: requests that are written to disk before they are accepted, beside a Majordomo broker.
//!
//! Shows: titanic; C187.

use crate::zhelpers::{Outcome, Words};
use zeroxide::Context;
use zeroxide_patterns::titanic::{FileStore, StoreLimits, TitanicOptions, TitanicServer};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let file = words.text(1, "titanic.redb").trim_start_matches("ipc://");
    let store = FileStore::open(file, StoreLimits::default())?;
    let broker = words.text(0, "tcp://localhost:5555");
    println!("I: titanic sails");
    Ok(TitanicServer::new(&context, &[broker], store, TitanicOptions::default())?.run()?)
}
