//! A million keys, and changes all the while: how long a snapshot takes, and what it does to the changes.
//!
//! `cargo run --release -p zeroxide-patterns --example clone_snapshot [KEYS]`

use std::{
    error::Error,
    io::{Write, stdout},
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};
use zeroxide::Context;
use zeroxide_patterns::clone::{
    Changes, ClientOptions, CloneClient, CloneControl, CloneServer, Endpoints, KeyValue, ServerOptions,
};

const PATIENCE: Duration = Duration::from_secs(300);

fn main() -> Result<(), Box<dyn Error>> {
    let keys: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |keys| keys.parse())?;
    let context = Context::new();
    let server = CloneServer::new(&context, Changes::Published, ServerOptions::default())?;
    let any = "tcp://127.0.0.1:*".to_owned();
    let endpoints = server.bind(&Endpoints { snapshots: any.clone(), updates: any.clone(), changes: any })?;
    let control = server.control();
    let running = thread::spawn(move || server.run());

    let began = Instant::now();
    for number in 0..keys {
        control.set(KeyValue::new(format!("/{number:09}"), "a value of some twenty"));
    }
    while control.statistics().changes < keys {
        thread::yield_now();
    }
    say(&format!("{keys} keys set in {:?}", began.elapsed()))?;

    let (alone, _) = changes_while(&control, keys, || thread::sleep(Duration::from_secs(2)))?;
    say(&format!("without a snapshot: {alone:.0} changes/s, one at a time"))?;
    let client = CloneClient::new(&context, &[endpoints], ClientOptions::default())?;
    let (beside, took) = changes_while(&control, keys, || {
        let _ = client.wait_synced(PATIENCE);
    })?;
    say(&format!("a snapshot of {keys} keys took {took:?}; meanwhile {beside:.0} changes/s, one at a time"))?;
    control.set(KeyValue::new("last", "last"));
    let whole = client.wait_until(PATIENCE, |get| get(b"last").is_some());
    let same = client.statistics().keys as u64 == keys + 1 && client.statistics().gaps == 0;
    control.stop();
    running.join().map_err(|_| "the server panicked")??;
    if whole && same { Ok(()) } else { Err("the copy is not the same".into()) }
}

/// Changes, each made when the one before is published, a second, and how long the work took.
fn changes_while(
    control: &CloneControl,
    keys: u64,
    work: impl FnOnce(),
) -> Result<(f64, Duration), Box<dyn Error>> {
    let (done, began, before) = (AtomicBool::new(false), Instant::now(), control.statistics().changes);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !done.load(Relaxed) {
                let published = control.statistics().changes;
                number += 1;
                control.set(KeyValue::new(format!("/{:09}", number * 7919 % keys), "another value"));
                while control.statistics().changes == published && !done.load(Relaxed) {
                    thread::yield_now();
                }
            }
        });
        work();
        done.store(true, Relaxed);
    });
    let took = began.elapsed();
    Ok(((control.statistics().changes - before) as f64 / took.as_secs_f64(), took))
}

fn say(line: &str) -> Result<(), Box<dyn Error>> {
    Ok(writeln!(stdout(), "{line}")?)
}
