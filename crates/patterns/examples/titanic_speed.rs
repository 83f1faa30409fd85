//! How many durable requests Titanic accepts in a second, beside how often this disk can be made to write at all.
//!
//! `cargo run --release -p zeroxide-patterns --example titanic_speed -- DIRECTORY [CLIENTS] [SECONDS] [ADDRESS] [TITANICS]`
//!
//! With `--features postgres` and the address of a PostgreSQL database, in a schema that may fill up, Titanic keeps them there;
//! `own` starts a database for the time of the run, below the directory for temporary files. The directory should be on the
//! same disk, so that the two can be compared. Several Titanics then share the database: processes of their own, each with a
//! broker and its part of the clients.

#![allow(clippy::print_stdout, reason = "it is what the example is for")]

use std::{
    env,
    error::Error,
    fs::{self, File},
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};
use zeroxide::Context;
use zeroxide_patterns::{
    majordomo::{BrokerOptions, BrokerServer, ClientOptions},
    titanic::{FileStore, RequestNumber, Store, StoreLimits, TitanicClient, TitanicOptions, TitanicServer},
};
use zeroxide_testing::Postgres;

/// What a process is told that is one of several Titanics, in place of their number.
const PART: &str = "part";

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let word = |place: usize| words.get(place).map(String::as_str);
    let directory = Path::new(word(0).ok_or("say in which directory")?);
    let clients = word(1).map_or(Ok(64), str::parse)?;
    let time = Duration::from_secs(word(2).map_or(Ok(5), str::parse)?);
    if word(4) == Some(PART) {
        return titanic(store(directory, word(3))?, clients, time);
    }
    let directory = directory.join(format!("titanic-speed-{}", RequestNumber::random()));
    fs::create_dir(&directory)?;
    let outcome = raw(&directory, time).and_then(|()| {
        let database = word(3).map(database);
        let address = database.as_ref().map(|(address, _)| address.as_str());
        match word(4).map_or(Ok(1), str::parse)? {
            1 => titanic(store(&directory, address)?, clients, time),
            _ if address.is_none() => Err("one Titanic has a file at a time".into()),
            titanics => several(titanics, clients, time, address.unwrap_or_default()),
        }
    });
    fs::remove_dir_all(&directory)?;
    outcome
}

/// The address of a database, and the database itself if it is one's own.
fn database(address: &str) -> (String, Option<Postgres>) {
    if address == "own" {
        let own = Postgres::start();
        (own.address("titanic"), Some(own))
    } else {
        (address.to_owned(), None)
    }
}

/// Titanics in processes of their own; each tells what it accepts.
fn several(titanics: usize, clients: usize, time: Duration, address: &str) -> Result<(), Box<dyn Error>> {
    let clients = (clients / titanics).to_string();
    let mut running = Vec::new();
    for _ in 0..titanics {
        let mut command = Command::new(env::current_exe()?);
        command.args(["", &clients, &time.as_secs().to_string(), address, PART]).stdout(Stdio::piped());
        running.push(command.spawn()?);
    }
    let mut sum = 0;
    for one in running {
        let said = String::from_utf8(one.wait_with_output()?.stdout)?;
        print!("{said}");
        let rate = said.lines().last().and_then(|line| line.split_once(": ")?.1.split(' ').next());
        sum += rate.ok_or("it said nothing")?.parse::<u64>()?;
    }
    println!("{titanics} titanics: {sum} requests accepted in a second");
    Ok(())
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

fn store(directory: &Path, address: Option<&str>) -> Result<Box<dyn Store>, Box<dyn Error>> {
    let limits = StoreLimits::default();
    match address {
        None => Ok(Box::new(FileStore::open(directory.join("titanic.redb"), limits)?)),
        #[cfg(feature = "postgres")]
        Some(address) => {
            use zeroxide_patterns::titanic::{PostgresOptions, PostgresStore};
            Ok(Box::new(PostgresStore::open(address, limits, PostgresOptions::default())?))
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
