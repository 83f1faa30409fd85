//! How many durable requests Titanic accepts in a second, beside how often this disk can be made to write at all.
//!
//! `cargo run --release -p zeroxide-patterns --example titanic_speed -- DIRECTORY [CLIENTS] [SECONDS] [ADDRESS]`
//!
//! With `--features postgres` and the address of a PostgreSQL database, in a schema that may fill up, Titanic keeps them there.
//! The directory should then be on the same disk, so that the two can be compared.

#![allow(clippy::print_stdout, reason = "it is what the example is for")]

use std::{
    env,
    error::Error,
    fs::{self, File},
    io::Write as _,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};
use zeroxide::Context;
use zeroxide_patterns::{
    majordomo::{BrokerOptions, BrokerServer, ClientOptions},
    titanic::{FileStore, RequestNumber, Store, StoreLimits, TitanicClient, TitanicOptions, TitanicServer},
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let directory = arguments.next().ok_or("say in which directory")?;
    let clients = arguments.next().map_or(Ok(64), |count| count.parse())?;
    let time = Duration::from_secs(arguments.next().map_or(Ok(5), |seconds| seconds.parse())?);
    let directory = Path::new(&directory).join(format!("titanic-speed-{}", RequestNumber::random()));
    fs::create_dir(&directory)?;
    let outcome = raw(&directory, time)
        .and_then(|()| store(&directory, arguments.next()))
        .and_then(|store| titanic(store, clients, time));
    fs::remove_dir_all(&directory)?;
    outcome
}

/// A record of 100 octets is appended and written to the disk, again and again.
fn raw(directory: &Path, time: Duration) -> Result<(), Box<dyn Error>> {
    let mut file = File::create(directory.join("raw"))?;
    let (begin, mut count) = (Instant::now(), 0_u32);
    while begin.elapsed() < time {
        file.write_all(&[b'x'; 100])?;
        file.sync_data()?;
        count += 1;
    }
    println!("raw: {:.0} times fdatasync in a second", f64::from(count) / begin.elapsed().as_secs_f64());
    Ok(())
}

fn store(directory: &Path, address: Option<String>) -> Result<Box<dyn Store>, Box<dyn Error>> {
    let limits = StoreLimits::default();
    match address {
        None => Ok(Box::new(FileStore::open(directory.join("titanic.redb"), limits)?)),
        #[cfg(feature = "postgres")]
        Some(address) => {
            use zeroxide_patterns::titanic::{PostgresOptions, PostgresStore};
            Ok(Box::new(PostgresStore::open(&address, limits, PostgresOptions::default())?))
        }
        #[cfg(not(feature = "postgres"))]
        Some(_) => Err("a database needs --features postgres".into()),
    }
}

fn titanic(store: Box<dyn Store>, clients: usize, time: Duration) -> Result<(), Box<dyn Error>> {
    let context = Context::new();
    let broker = BrokerServer::new(&context, BrokerOptions::default())?;
    let endpoint = broker.bind("tcp://127.0.0.1:*")?;
    let broker_control = broker.control();
    let options = TitanicOptions { accepting: clients, dispatchers: 1, ..TitanicOptions::default() };
    let titanic = TitanicServer::new(&context, &[&endpoint], store, options)?;
    let control = titanic.control();
    let (accepted, over) = (AtomicU64::new(0), AtomicBool::new(false));
    thread::scope(|scope| -> Result<(), Box<dyn Error>> {
        let broking = scope.spawn(|| broker.run());
        let sailing = scope.spawn(|| titanic.run());
        let mut asking = Vec::new();
        for _ in 0..clients {
            let mut client = TitanicClient::new(&context, &[&endpoint], ClientOptions::default())?;
            asking.push(scope.spawn({
                let (accepted, over) = (&accepted, &over);
                move || {
                    while !over.load(Relaxed) {
                        // A service that nobody has: what is measured is the accepting.
                        match client.request("nobody", [b'x'; 100].as_slice()) {
                            Ok(_) => drop(accepted.fetch_add(1, Relaxed)),
                            Err(error) => println!("{error}"),
                        }
                    }
                }
            }));
        }
        let wait = |time| thread::park_timeout(time);
        wait(Duration::from_secs(1));
        let (begin, before, commits) = (Instant::now(), accepted.load(Relaxed), control.statistics().commits);
        while begin.elapsed() < time {
            wait(time.saturating_sub(begin.elapsed()));
        }
        let seconds = begin.elapsed().as_secs_f64();
        let (accepted, commits) = (accepted.load(Relaxed) - before, control.statistics().commits - commits);
        println!(
            "titanic, {clients} clients: {:.0} requests accepted in a second, {:.0} batches, {:.1} requests each",
            accepted as f64 / seconds,
            commits as f64 / seconds,
            accepted as f64 / commits.max(1) as f64,
        );
        over.store(true, Relaxed);
        asking.into_iter().for_each(|client| drop(client.join()));
        control.stop();
        let _ = sailing.join();
        broker_control.stop();
        let _ = broking.join();
        Ok(())
    })
}
