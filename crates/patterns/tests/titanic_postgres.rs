//! Titanic on PostgreSQL: the rules of a store, several Titanics on one queue, and whoever is killed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails has done its work"
)]

mod sailing;
mod store_rules;

use sailing::{Broker, Traffic, child, persistent, serve, small, titanic};
use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, mpsc::channel},
    thread::scope,
    time::Duration,
};
use store_rules::{Place, RULES};
use zeroxide::{Context, Message};
use zeroxide_patterns::{
    majordomo::{Client, ClientOptions, Once, OnceOptions},
    titanic::{
        Operation, Outcome, PostgresOptions, PostgresStore, RequestNumber, Store, StoreErrorKind,
        StoreLimits, TitanicClient, TitanicServer,
    },
};
use zeroxide_testing::{PATIENCE, Postgres, eventually, eventually_some};

/// A lease that is over soon, where somebody dies; and as patient as the test.
const SHORT: PostgresOptions = PostgresOptions { lease: Duration::from_millis(200), patience: PATIENCE };
/// The same, where a disk that takes its time must not look like somebody who is dead.
const SOON: PostgresOptions = PostgresOptions { lease: Duration::from_secs(3), patience: PATIENCE };
/// A lease that is not over while a test runs.
const LONG: PostgresOptions = PostgresOptions { lease: Duration::from_secs(3600), patience: PATIENCE };

/// A schema of a database.
struct Schema(String);

impl Place for Schema {
    fn open(&self, limits: StoreLimits) -> Box<dyn Store> {
        Box::new(PostgresStore::open(&self.0, limits, SHORT).unwrap())
    }
}

fn open(address: &str, options: PostgresOptions) -> PostgresStore {
    PostgresStore::open(address, StoreLimits::default(), options).unwrap()
}

fn one(store: &mut PostgresStore, operation: Operation) -> Outcome {
    store.apply(vec![operation]).unwrap().remove(0)
}

fn accept(number: RequestNumber, once: bool) -> Operation {
    Operation::Accept { number, service: "echo".into(), body: vec!["hi".into()], once }
}

fn claim(store: &mut PostgresStore) -> Option<RequestNumber> {
    match one(store, Operation::Claim { without: vec![] }) {
        Outcome::Claimed(job) => Some(job.number),
        _ => None,
    }
}

#[test]
fn a_database_holds_what_every_store_has_to() {
    let database = Postgres::start();
    for (nth, (name, rule)) in RULES.iter().enumerate() {
        println!("{name}");
        rule(&Schema(database.address(&format!("rule{nth}"))));
    }
}

#[test]
fn who_is_not_heard_of_loses_what_it_claimed_when_its_lease_is_over_and_nobody_else_does() {
    let database = Postgres::start();
    let address = database.address("lease");
    let (mut silent, mut living) = (open(&address, SOON), open(&address, LONG));
    let numbers = [(); 3].map(|()| RequestNumber::random());
    numbers.iter().for_each(|number| drop(one(&mut silent, accept(*number, true))));
    let [started, claimed, kept] =
        [claim(&mut silent), claim(&mut silent), claim(&mut living)].map(Option::unwrap);
    assert_eq!(one(&mut silent, Operation::Start { number: started }), Outcome::Done);
    assert_eq!(one(&mut living, Operation::Start { number: kept }), Outcome::Done);

    let mut third = open(&address, SOON);
    assert_eq!(eventually_some(|| claim(&mut third)), claimed, "it was not started, and is taken over");
    eventually(|| one(&mut third, Operation::Look { number: started }) == Outcome::Failed);
    assert_eq!(claim(&mut third), None);
    assert_eq!(one(&mut third, Operation::Look { number: kept }), Outcome::Pending);

    // It was not dead, only slow: it may not start what others have, and its answer counts.
    assert_eq!(one(&mut silent, Operation::Start { number: claimed }), Outcome::Unknown);
    assert_eq!(one(&mut third, Operation::Start { number: claimed }), Outcome::Done);
    let late = vec!["late".into()];
    assert_eq!(one(&mut silent, Operation::Finish { number: started, answer: late.clone() }), Outcome::Done);
    assert_eq!(one(&mut third, Operation::Look { number: started }), Outcome::Answer(late));

    // Nobody has to ask anything for a lease to be renewed.
    let until = || {
        database.ask("SELECT max(holds_until) FROM lease.titanic_daemon WHERE holds_until < now() + interval '1 minute'")
    };
    let before = until();
    eventually(|| silent.apply(vec![]).is_ok() && until() != before);
}

#[test]
fn what_one_has_stored_counts_for_the_limits_of_all_also_when_it_is_long_dead() {
    let database = Postgres::start();
    let address = database.address("limits");
    let limits = StoreLimits { requests: 4, octets: 1000 };
    let mut first = PostgresStore::open(&address, limits, SHORT).unwrap();
    let mut second = PostgresStore::open(&address, limits, SHORT).unwrap();
    let numbers = [(); 5].map(|()| RequestNumber::random());
    for (nth, number) in numbers.iter().enumerate() {
        let store = if nth % 2 == 0 { &mut first } else { &mut second };
        let outcome = one(store, accept(*number, false));
        assert_eq!(outcome, if nth < 4 { Outcome::Done } else { Outcome::Full });
    }
    // What one has added another may take away.
    assert_eq!(one(&mut first, Operation::Close { number: numbers[1] }), Outcome::Done);
    assert_eq!(one(&mut first, Operation::Close { number: numbers[2] }), Outcome::Done);
    assert_eq!(one(&mut second, accept(numbers[4], false)), Outcome::Done);
    let held = second.in_use();
    drop(first);
    let buried = "SELECT count(*) = 1 FROM limits.titanic_daemon";
    eventually(|| second.apply(vec![]).is_ok() && database.ask(buried) == "t");
    let _ = claim(&mut second);
    assert_eq!(second.in_use(), held);
    let counted = database.ask("SELECT count(*), sum(octets) FROM limits.titanic_request");
    assert_eq!(counted, format!("{}|{}", held.waiting, held.octets));
}

#[test]
fn a_connection_that_is_cut_at_any_moment_changes_nothing_of_what_comes_out() {
    let database = Postgres::start();
    let address = database.address("cut");
    let cut = "DO $$ BEGIN FOR nth IN 1..150 LOOP
        PERFORM pg_stat_clear_snapshot();
        PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'titanic%';
        PERFORM pg_sleep(random() * 0.03);
    END LOOP; END $$";
    let mut store = open(&address, LONG);
    scope(|scope| {
        let cutting = scope.spawn(|| database.ask(cut));
        let (mut accepted, mut claimed) = (HashSet::new(), HashSet::new());
        while !cutting.is_finished() {
            let numbers: Vec<_> = (0..10).map(|_| RequestNumber::random()).collect();
            let accepts = numbers.iter().map(|number| accept(*number, true)).collect();
            assert!(store.apply(accepts).unwrap().iter().all(|outcome| *outcome == Outcome::Done));
            accepted.extend(numbers);
            let claims = store.apply(vec![Operation::Claim { without: vec![] }; 10]).unwrap();
            let starts: Vec<_> = claims
                .into_iter()
                .map(|outcome| match outcome {
                    Outcome::Claimed(job) => job.number,
                    other => panic!("{other:?}"),
                })
                .inspect(|number| assert!(claimed.insert(*number), "claimed twice"))
                .collect();
            let each = |operation: fn(RequestNumber) -> Operation| {
                starts.iter().map(|number| operation(*number)).collect()
            };
            let started = store.apply(each(|number| Operation::Start { number })).unwrap();
            assert!(started.iter().all(|outcome| *outcome == Outcome::Done), "{started:?}");
            let finish = |number| Operation::Finish { number, answer: vec!["done".into()] };
            let finished = store.apply(each(finish)).unwrap();
            assert!(finished.iter().all(|outcome| *outcome == Outcome::Done), "{finished:?}");
        }
        cutting.join().unwrap();
        assert_eq!(accepted, claimed);
        let held = store.in_use();
        assert_eq!((held.waiting, held.finished), (0, accepted.len()));
        let counted = database.ask("SELECT count(*), sum(octets) FROM cut.titanic_request WHERE stage = 3");
        assert_eq!(counted, format!("{}|{}", held.finished, held.octets));
    });
}

#[test]
fn two_titanics_on_two_hosts_share_one_queue_and_each_request_is_done_by_one() {
    let (context, database) = (Context::new(), Postgres::start());
    let address = database.address("shared");
    let brokers = [Broker::start(&context), Broker::start(&context)];
    let stops = [0, 1].map(|nth| titanic(&context, &brokers[nth].endpoint, open(&address, LONG)));
    let (done, told) = channel();
    // One service is at one broker only: what comes by the other finds its way by the queue.
    let workers = [(0, "echo"), (1, "echo"), (1, "debit")].map(|(host, service)| {
        let done = done.clone();
        serve(&context, &brokers[host].endpoint, service, move |request| {
            done.send((request.body().to_vec(), host)).unwrap();
            request.clone()
        })
    });
    let asking = [(0, "echo"), (0, "debit"), (1, "echo"), (1, "debit")].map(|(host, service)| {
        let mut client = TitanicClient::new(&context, &[&brokers[host].endpoint], persistent()).unwrap();
        let mut other = TitanicClient::new(&context, &[&brokers[1 - host].endpoint], persistent()).unwrap();
        std::thread::spawn(move || {
            let bodies: Vec<_> = (0..20).map(|nth| format!("{service} {host} {nth}")).collect();
            let numbers: Vec<_> =
                bodies.iter().map(|body| client.request(service, &**body).unwrap()).collect();
            for (body, number) in bodies.into_iter().zip(numbers) {
                assert_eq!(other.wait(number, PATIENCE).unwrap(), Message::from(body));
            }
        })
    });
    asking.into_iter().for_each(|asking| asking.join().unwrap());
    let done: Vec<_> = told.try_iter().collect();
    let (what, where_): (HashSet<_>, HashSet<_>) = done.iter().cloned().unzip();
    assert_eq!((done.len(), what.len()), (80, 80), "each once");
    assert_eq!(where_.len(), 2, "both have worked");
    workers.into_iter().chain(stops).for_each(|stop| stop());
    brokers.into_iter().for_each(Broker::stop);
}

/// Not a test: Titanic in a process of its own, which is killed.
#[test]
fn titanic_in_a_child() {
    let (Ok(broker), Ok(address)) = (std::env::var("TITANIC_BROKER"), std::env::var("TITANIC_DATABASE"))
    else {
        return;
    };
    let options = PostgresOptions { lease: Duration::from_secs(1), patience: PATIENCE };
    TitanicServer::new(&Context::new(), &[broker], open(&address, options), small()).unwrap().run().unwrap();
}

#[test]
fn whoever_is_killed_at_any_moment_nothing_is_lost_that_was_accepted_and_nothing_done_twice_that_must_not_be()
{
    let (context, mut database) = (Context::new(), Postgres::start());
    let (broker, address) = (Broker::start(&context), database.address("killed"));
    let traffic = Traffic::start(&context, &broker.endpoint);
    let environment = [("TITANIC_BROKER", &*broker.endpoint), ("TITANIC_DATABASE", &*address)];
    let start = || child("titanic_in_a_child", &environment);
    let mut titanics = [start(), start()];
    for (round, more) in [5, 1, 7, 2, 9, 3].into_iter().enumerate() {
        traffic.flows(more);
        let which = round % 2;
        titanics[which].kill();
        if round % 4 == 1 {
            // One of its processes dies, and the database recovers by itself.
            eventually(|| database.kill_backend("titanic%"));
        }
        if round % 4 == 3 {
            database.crash();
            database.restart();
        }
        titanics[which] = start();
    }
    traffic.flows(20);
    traffic.ends_well();
    titanics.iter_mut().for_each(|titanic| titanic.kill());
    broker.stop();
}

#[test]
fn services_in_several_processes_that_share_a_journal_do_together_each_thing_once() {
    let database = Postgres::start();
    let address = database.address("once");
    let done: Mutex<HashMap<Vec<u8>, usize>> = Mutex::default();
    let services = [(); 2].map(|()| Once::durable(OnceOptions::default(), open(&address, LONG)).unwrap());
    let requests: Vec<_> =
        (0..20_u64).map(|nth| Message::from_frames([&[7; 16][..], &nth.to_be_bytes(), b"x"])).collect();
    let answers = scope(|scope| {
        let asking = services.each_ref().map(|once| {
            let (done, requests) = (&done, &requests);
            scope.spawn(move || {
                let work = |request: &Message| {
                    once.answer(request, |_| {
                        let mut done = done.lock().unwrap();
                        *done.entry(request[1].to_vec()).or_default() += 1;
                        format!("number {}", done.len())
                    })
                };
                requests.iter().map(work).collect::<Vec<_>>()
            })
        });
        asking.map(|asking| asking.join().unwrap())
    });
    assert_eq!(answers[0], answers[1]);
    let done = done.into_inner().unwrap();
    assert!(done.len() == 20 && done.values().all(|times| *times == 1), "{done:?}");
}

#[test]
fn while_the_database_is_away_clients_are_told_so_and_when_it_is_back_all_goes_on() {
    let (context, mut database) = (Context::new(), Postgres::start());
    let (broker, address) = (Broker::start(&context), database.address("away"));
    let options = PostgresOptions { patience: Duration::from_secs(5), ..LONG };
    let stop = titanic(&context, &broker.endpoint, open(&address, options));
    // It waits longer for an answer than Titanic for its database.
    let patient = ClientOptions { timeout: PATIENCE, ..ClientOptions::default() };
    let mut client = Client::new(&context, &[&broker.endpoint], patient).unwrap();
    let mut ask = |service: &str, body: Message| client.call(service, body).unwrap();
    let mut accept = || ask("titanic.request", Message::from(["echo", "hi"]));
    // It may be busy for longer than it is waited for.
    let first = eventually_some(|| Some(accept()).filter(|answer| answer[0] == "200"));
    database.crash();
    assert_eq!(accept(), Message::from("500 store away"));
    database.restart();
    // A little later it is looked for again.
    eventually(|| accept()[0] == "200");
    database.freeze();
    assert_eq!(accept(), Message::from("500 store away"));
    database.resume();
    eventually(|| accept()[0] == "200");
    let number = Message::from(first[1].clone());
    assert_eq!(ask("titanic.reply", number.clone()), Message::from("300"));
    let worker = serve(&context, &broker.endpoint, "echo", Message::clone);
    eventually(|| ask("titanic.reply", number.clone()) == Message::from(["200", "hi"]));
    // It waits for what is with a service.
    stop();
    worker();
    broker.stop();
}

#[test]
fn what_is_no_database_or_none_that_keeps_its_word_is_refused() {
    let refused =
        |address: &str| PostgresStore::open(address, StoreLimits::default(), SHORT).unwrap_err().kind();
    let absent = PostgresOptions { patience: Duration::from_millis(100), ..SHORT };
    let absent = PostgresStore::open("host=/no/such/place user=titanic", StoreLimits::default(), absent);
    assert_eq!(absent.unwrap_err().kind(), StoreErrorKind::Away);
    assert_eq!(refused("neither a URL nor words"), StoreErrorKind::Broken);
    let database = Postgres::start();
    let address = database.address("refused");
    assert_eq!(refused(&address.replace("user=titanic", "user=nobody")), StoreErrorKind::Broken);
    assert_eq!(refused(&format!("{address} sslmode=require")), StoreErrorKind::Broken);
    drop(open(&address, SHORT));
    database.ask("UPDATE refused.titanic_queue SET form = 2");
    assert_eq!(refused(&address), StoreErrorKind::Broken);
    database.ask("UPDATE refused.titanic_queue SET form = 1");
    database.ask("ALTER SYSTEM SET fsync = off");
    database.ask("SELECT pg_reload_conf()");
    eventually(|| database.ask("SHOW fsync") == "off");
    assert_eq!(refused(&address), StoreErrorKind::Broken);
}
