//! Every program of the Guide, played as processes on endpoints chosen when they run, says what the documents say.
//!
//! The documents and what is in them are listed in `reference/seed-examples.md` of the project's notes: E are examples,
//! C claims. Each program says at its top which of them it shows.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]

#[path = "guide/stage.rs"]
mod stage;

use stage::{Part, ends, perform, runs};

/// A test for each scene: the programs, in the order in which they start.
macro_rules! scenes {
    ($($name:ident: $($part:expr),+;)+) => {
        $(#[test]
        fn $name() {
            const PARTS: &[Part] = &[$($part),+];
            perform(PARTS);
        })+

        /// All parts of all scenes.
        const PLAYED: &[&[Part]] = &[$(&[$($part),+]),+];
    };
}

scenes! {
    a_question_and_its_answer:
        runs("hwserver", &["*"], &[("Received Hello", 10)]),
        ends("hwclient", &["%0"], &[("Sending Hello 9...", 1), ("Received World *", 10)]);
    the_client_may_come_first:
        ends("hwclient", &["@hw"], &[("Received World 9", 1)]),
        runs("hwserver", &["@hw"], &[("Received Hello", 10)]);
    weather_at_two_endpoints:
        runs("wuserver", &["*", "@weather", "20"], &[]),
        ends("wuclient", &["%0", "00001 "], &[("Average temperature for zipcode '00001 ' was *F", 1)]),
        ends("wuclient", &["@weather", "00002 "], &[("Average temperature for zipcode '00002 ' was *F", 1)]);
    tasks_for_four_workers:
        ends("tasksink", &["*"], &[("Total elapsed time: * msec", 1)]),
        ends("taskvent", &["@tasks", "%0", "4"], &[("Total expected cost: * msec", 1)]),
        runs("taskwork", &["@tasks", "%0"], &[]).times(4);
    two_sources_read_without_waiting:
        runs("wuserver", &["*", "@weather", "10002"], &[]),
        runs("msreader", &["@tasks", "%0"], &[("task *", 100), ("update 10001 *", 3)]),
        runs("tasksink", &["@sink"], &[]),
        ends("taskvent", &["@tasks", "@sink"], &[]);
    two_sources_that_are_polled:
        runs("wuserver", &["*", "@weather", "10002"], &[]),
        runs("mspoller", &["@tasks", "%0"], &[("task *", 100), ("update 10001 *", 3)]),
        runs("tasksink", &["@sink"], &[]),
        ends("taskvent", &["@tasks", "@sink"], &[]);
    a_broker_that_polls:
        runs("rrbroker", &["*", "*"], &[]),
        ends("rrclient", &["%0"], &[("Received reply 1 [World]", 1), ("Received reply 10 [World]", 1)]).times(2),
        runs("rrworker", &["%1"], &[]).times(2);
    a_proxy_is_such_a_broker:
        runs("msgqueue", &["*", "*"], &[]),
        ends("rrclient", &["%0"], &[("Received reply * [World]", 10)]),
        runs("rrworker", &["%1"], &[("Received request: [Hello]", 10)]);
    a_bridge_between_networks:
        runs("wuserver", &["*", "@weather", "20"], &[]),
        runs("wuproxy", &["@weather", "*"], &[]),
        ends("wuclient", &["%1", "00001 "], &[("Average temperature for zipcode '00001 ' was *F", 1)]);
    workers_are_told_to_end:
        ends("tasksink2", &["*", "*"], &[("Total elapsed time: * msec", 1)]),
        ends("taskvent", &["@tasks", "%0", "3"], &[]),
        ends("taskwork2", &["@tasks", "%0", "%1"], &[("told to end: KILL", 1)]).times(3);
    the_version:
        ends("version", &[], &[("Current Zeroxide version is *.*.*", 1)]);
    a_server_of_five_threads:
        runs("mtserver", &["*"], &[("Received request: [Hello]", 30)]),
        ends("rrclient", &["%0"], &[("Received reply 10 [World]", 1)]).times(3);
    signals_from_thread_to_thread:
        ends("mtrelay", &[], &[("step 1 is ready*", 1), ("step 2 is ready*", 1), ("Test successful!", 1)]);
    a_publisher_that_waits_for_its_subscribers:
        ends("syncpub", &["*", "*", "10", "20000"], &[("+1 subscriber*", 10)]),
        ends("syncsub", &["%0", "%1"], &[("Received 20000 updates", 1)]).times(10);
    envelopes_are_filtered_whole:
        runs("psenvpub", &["*"], &[]),
        runs("psenvsub", &["%0"], &[("[B] We would like to see this", 3)]).never("[A]*");
    names_that_a_router_gives_and_takes:
        ends("identity", &[], &[
            ("[005] 00*", 1), ("[000] ", 2), ("[005] PEER2", 1), ("[004] Lucy", 1),
            ("1 to 255 octets, the first not zero", 1),
        ]);
}

#[test]
fn every_program_is_played() {
    let source = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/main.rs")).unwrap();
    let (_, table) = source.split_once("\nprograms! {").unwrap();
    let programs: Vec<&str> = table.split_once('}').unwrap().0.split_whitespace().collect();
    assert!(programs.len() > 20, "{programs:?}");
    for program in programs {
        assert!(PLAYED.iter().copied().flatten().any(|part| part.plays(program)), "{program} is in no scene");
    }
}
