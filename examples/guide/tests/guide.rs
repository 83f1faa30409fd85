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

#[path = "guide/covered.rs"]
mod covered;

use std::process::Command;
use zeroxide_testing::stage::{Part, Stage, Wording, ends, runs};

fn perform(parts: &[Part<&str>]) {
    let start = |program: &&str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_guide"));
        command.arg(program);
        command
    };
    Stage::new(Wording::Whole, start).perform(parts);
}

/// A test for each scene: the programs, in the order in which they start.
macro_rules! scenes {
    ($($name:ident: $($part:expr),+;)+) => {
        $(#[test]
        fn $name() {
            perform(&[$($part),+]);
        })+

        /// All parts of all scenes.
        const PLAYED: &[&[Part<&str>]] = &[$(&[$($part),+]),+];
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
    a_publisher_that_is_heard_by_its_subscribers:
        ends("syncpub2", &["*", "*", "10", "20000"], &[("Broadcasting messages", 1)]),
        ends("syncsub2", &["%0", "%1"], &[("In time: true", 1), ("Received 20000 updates", 1)]).times(10);
    envelopes_are_filtered_whole:
        runs("psenvpub", &["*"], &[]),
        runs("psenvsub", &["%0"], &[("[B] We would like to see this", 3)]).never("[A]*");
    names_that_a_router_gives_and_takes:
        ends("identity", &[], &[
            ("[005] 00*", 1), ("[000] ", 2), ("[005] PEER2", 1), ("[004] Lucy", 1),
            ("1 to 255 octets, the first not zero", 1),
        ]);
    strings_have_a_length_and_no_end:
        ends("strings", &[], &[("lengths 6 and 5", 1), ("300 octets, none cut", 1)]);
    parts_come_together:
        ends("multipart", &[], &[
            ("part 1, 5 octets, more: true", 1), ("part 3, 5 octets, more: false", 1),
            ("0 octets sent, 0 received", 1), ("1000000 octets sent, 1000000 received", 1),
        ]);
    one_socket_with_many_endpoints:
        ends("multibind", &[], &[("World over tcp", 2), ("World over ipc", 1), ("World over inproc", 1)]);
    errors_are_told:
        ends("errors", &[], &[
            ("E: bind failed: REP socket, endpoint *: the address is in use", 1), ("E: reply failed: *", 1),
            ("E: answer failed: *", 1), ("E: second request failed: *", 1), ("the state is intact", 1),
            ("E: empty failed: *", 1), ("E: wrong way failed: *", 1),
        ]).never("*: fine");
    the_life_of_a_socket:
        ends("mousetrap", &[], &[("room for Some(1000) messages", 1), ("caught: squeak", 1), ("0 sockets left", 1)]);
    memory_is_given_and_shared:
        ends("zerocopy", &[], &[("the same memory: true", 1), ("a copy shares it: true", 1)]);
    what_passes_a_proxy_is_captured:
        ends("capture", &[], &[("captured [Hello]", 1), ("captured [World]", 1), ("proxy: *", 1)]);
    a_socket_for_each_thread_or_one_for_two:
        ends("ownthread", &[], &[("Worker got [a][b]", 1), ("2000 whole messages", 1)]);
    three_servers_in_turn:
        ends("manyservers", &[], &[("R1 -> A", 1), ("R2 -> B", 1), ("R3 -> C", 1), ("R4 -> A", 1)]);
    all_publishers_for_all_subscribers:
        runs("forwarder", &["*", "*"], &[]),
        runs("suber", &["%1"], &[("heard puber1 *", 2), ("heard puber2 *", 2)]).times(2),
        runs("puber", &["%0", "1"], &[]),
        runs("puber", &["%0", "2"], &[]);
    work_waits_for_a_worker:
        ends("collector", &["*"], &[("response: message0", 1), ("response: message9", 1)]),
        ends("producer", &["*"], &[("nobody to send to: true", 1), ("all sent", 1)]),
        runs("transformer", &["%1", "%0"], &[("transform...message9", 1)]);
    a_router_to_dealers:
        ends("rtdealer", &[], &[("A received: *", 1), ("B received: *", 1), ("10 together", 1)]);
    a_router_to_mamas:
        ends("rtreq", &[], &[("Processed: * tasks", 10), ("100 together", 1)]);
    a_router_to_papas:
        ends("rtpapa", &[], &[
            ("[020] This is the workload", 1), ("[009] address 3", 1), ("[009] address 1", 1),
            ("[000] ", 1), ("[017] This is the reply", 1),
        ]);
    a_router_to_a_router:
        ends("rtrouter", &[], &[
            ("[006] SERVER", 1), ("[014] send to worker", 1), ("[006] WORKER", 1), ("[014] send to server", 1),
        ]);
    the_least_recently_used:
        ends("lruqueue", &[], &[("Worker: HELLO", 10), ("Client: OK", 10)]);
    a_server_that_answers_when_it_likes:
        ends("asyncsrv", &["*", "2"], &[("* request #*", 6), ("all were answered", 1)]);
    brokers_that_tell_their_state:
        runs("peering1", &["@", "DC1", "DC2", "DC3"], &[("DC2 - * workers free", 2), ("DC3 - * workers free", 2)]),
        runs("peering1", &["@", "DC2", "DC1", "DC3"], &[("DC1 - * workers free", 2), ("DC3 - * workers free", 2)]),
        runs("peering1", &["@", "DC3", "DC1", "DC2"], &[("DC1 - * workers free", 2), ("DC2 - * workers free", 2)]);
    brokers_that_share_their_tasks:
        runs("peering2", &["@", "me", "3", "you"], &[("Client: OK from me", 20), ("Client: OK from you", 3)]),
        runs("peering2", &["@", "you", "3", "me"], &[("Client: OK from you", 20), ("Client: OK from me", 3)]);
    a_broker_without_workers_asks_its_peer:
        runs("peering3", &["@", "me", "0", "100", "you"], &[("I: route request to cloud: 20", 1), ("*OK from you", 20)]),
        runs("peering3", &["@", "you", "3", "100", "me"], &[("*OK from you", 20)]);
    a_task_that_nobody_does_is_missed:
        runs("peering3", &["@", "alone", "0", "1"], &[("E: CLIENT EXIT - lost task *", 4)]);
    the_least_recently_used_by_the_library:
        ends("lruqueue2", &[], &[("Worker: HELLO", 10), ("Client: OK", 10)]);
    messages_are_a_type:
        ends("zmsg", &[], &[(" * zmsg: OK", 1)]);
    the_lazy_pirate:
        ends("lpserver", &["@lazy", "5"], &[
            ("I: normal request (3)", 1), ("I: simulating CPU overload", 1), ("I: simulating a crash", 1),
        ]).first(),
        ends("lpclient", &["@lazy"], &[
            ("I: server replied OK (3)", 1), ("E: server seems to be offline, abandoning", 1),
        ]);
    the_simple_pirate:
        runs("spqueue", &["*", "*"], &[]),
        runs("spworker", &["%1"], &[("I: worker ready", 1), ("I: normal reply - *", 3)]),
        ends("spworker", &["%1", "3"], &[("I: simulating a crash", 1)]),
        runs("lpclient", &["%0"], &[("I: server replied OK (12)", 1)]);
    the_paranoid_pirate:
        runs("ppqueue", &["*", "*"], &[]),
        runs("ppworker", &["%1"], &[("I: worker ready", 1), ("I: normal reply - *", 3)]),
        ends("ppworker", &["%1", "3"], &[("I: simulating a crash", 1)]),
        runs("lpclient", &["%0"], &[("I: server replied OK (12)", 1)]);
    services_by_name:
        runs("mdbroker", &["*"], &[]),
        runs("mdworker", &["%0"], &[("I: worker for echo", 1)]).times(2),
        ends("mdclient", &["%0", "300"], &[
            ("300 requests/replies processed one by one in *", 1), ("300 requests/replies processed at once in *", 1),
        ]),
        ends("mmiecho", &["%0"], &[
            ("Lookup mmi.service echo: 200", 1), ("Lookup mmi.service nobody: 404", 1),
            ("Lookup mmi.nonsense : 501", 1),
        ]);
    requests_on_disk:
        runs("mdbroker", &["*"], &[]),
        runs("titanic", &["%0", "@store"], &[("I: titanic sails", 1)]),
        ends("ticlient", &["%0"], &[("I: request UUID *", 1), ("Reply: Hello world", 1)]),
        runs("mdworker", &["%0"], &[]);
    a_pair_of_servers:
        ends("bstarsrv", &["primary", "@one", "@link1", "@link2", "8", "6"], &[
            ("I: ready as active", 1), ("I: simulating a crash", 1),
        ]),
        runs("bstarsrv", &["backup", "@two", "@link2", "@link1", "1000", "6"], &[
            ("I: ready as passive", 1), ("I: ready as active", 1),
        ]).before_others("I: ready as passive"),
        ends("bstarcli", &["@one", "@two", "20"], &[
            ("I: server replied OK (4) at *one", 1), ("I: server replied OK (20) at *two", 1),
        ]);
    servers_one_after_the_other:
        runs("flserver", &["1", "*"], &[]),
        ends("flclient", &["1", "@nobody", "%0"], &[("I: service is running OK*", 1)]);
    servers_all_at_once:
        runs("flserver", &["2", "*"], &[]).times(2),
        ends("flclient", &["2", "%0", "@nobody", "%1"], &[("I: service is running OK*", 1)]);
    servers_that_are_known_to_live:
        runs("flserver", &["3", "*"], &[]).times(2),
        ends("flclient", &["3", "%0", "@nobody", "%1"], &[("I: service is running OK*", 1)]);
    a_snail:
        ends("suisnail", &[], &[("E: subscriber cannot keep up, aborting*", 1)]);
    a_map_that_its_server_changes:
        runs("clonesrv", &["2", "*", "*", "*"], &[]),
        ends("clonecli", &["2", "%0", "%1", "%2"], &[("I: synchronized: true, 100 keys", 1)]).times(2);
    a_map_that_its_clients_change:
        runs("clonesrv", &["6", "*", "*", "*"], &[]),
        ends("clonecli", &["6", "%0", "%1", "%2"], &[
            ("I: set /key/1 to Some(\"one\")", 1), ("I: its time is over: true", 1),
        ]);
    a_file_by_credit:
        ends("fileio3", &[], &[
            ("25000 bytes, left undone", 1), ("250 chunks received, 6250000 bytes", 1),
            ("what was left undone came again: true", 1),
        ]);
}

#[test]
fn every_program_is_played() {
    let source = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/main.rs")).unwrap();
    let (_, table) = source.split_once("\nprograms! {").unwrap();
    let programs: Vec<&str> = table.split_once('}').unwrap().0.split_whitespace().collect();
    assert!(programs.len() > 20, "{programs:?}");
    for program in programs {
        assert!(
            PLAYED.iter().copied().flatten().any(|part| part.program() == program),
            "{program} is in no scene"
        );
    }
}

#[test]
fn every_example_and_every_claim_is_shown_or_has_a_reason() {
    covered::check();
}
