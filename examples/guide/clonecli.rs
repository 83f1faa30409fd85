//! Clone client: has a copy of the map, by a snapshot and the changes since; and makes changes of its own, of which one lives
//! for a moment only.
//!
//! Shows: clonecli1 clonecli2 clonecli3 clonecli4 clonecli5 clonecli6 clone; C195.

use crate::zhelpers::{Outcome, PATIENCE, Words};
use std::time::Duration;
use zeroxide::Context;
use zeroxide_patterns::clone::{ClientOptions, CloneClient, Endpoints};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let at = [(1, "tcp://localhost:5556"), (2, "tcp://localhost:5557"), (3, "tcp://localhost:5558")];
    let [snapshots, updates, changes] = at.map(|(place, otherwise)| words.text(place, otherwise).to_owned());
    let client = CloneClient::new(&context, &[Endpoints { snapshots, updates, changes }], ClientOptions::default())?;
    if !client.wait_synced(PATIENCE) {
        return Err("no snapshot came".into());
    }
    if words.number(0, 6) <= 2 {
        let whole = client.wait_until(PATIENCE, |get| get(b"/key/99").is_some());
        println!("I: synchronized: {whole}, {} keys", client.entries().len());
        return Ok(());
    }
    client.set_published("/key/1", "one", None, PATIENCE)?;
    client.set_published("/key/2", "two", Some(Duration::from_secs(1)), PATIENCE)?;
    println!("I: set /key/1 to {:?}", client.get("/key/1").as_ref().and_then(|value| value.as_str()));
    let gone = client.wait_until(PATIENCE, |get| get(b"/key/2").is_none());
    println!("I: its time is over: {gone}");
    Ok(())
}
