//! The examples of the introductions to ZeroMQ, and what they say about it, on our library.
//!
//! The introductions and what is in them are listed in `reference/seed-examples.md` of the project's notes: E are examples,
//! C claims. Each example in C or Python is a short program of our own in `tests/seed` with the same sockets and the same
//! calls: `today` has those that were written for ZeroMQ 3 and 4, `two` those for 2.x, which `zmq2.h` compiles. They run
//! as processes, as they are meant to. The documents' own programs run with `cargo xtask seeds`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]

#[allow(dead_code, reason = "not every test uses all of it")]
mod c_program;
#[path = "seed_programs/covered.rs"]
mod covered;
#[path = "seed_programs/programs.rs"]
mod programs;

use programs::Program;
use zeroxide_testing::stage::{Stage, Wording, ends, runs};

/// A test for each line: what it shows, and the programs.
macro_rules! scenes {
    ($($name:ident shows $shown:literal: $($part:expr),+;)+) => {
        /// What the tests show, in the order of the tests.
        const SHOWN: &[&str] = &[$($shown),+];

        $(#[test]
        fn $name() {
            Stage::new(Wording::Within, programs::start).perform(&[$($part),+]);
        })+
    };
}

const fn today(name: &'static str) -> Program {
    ["today", name]
}

const fn two(name: &'static str) -> Program {
    ["two", name]
}

const fn python(name: &'static str) -> Program {
    ["python", name]
}

const RUNS_ON_OURS: (&str, usize) = ("libzmq 4.3.6, with drafts", 1);

scenes! {
    // -- written for ZeroMQ 3 and 4
    a_question_and_its_answer shows "E1.1 E1.2 C10 C108":
        runs(today("hwserver"), &["*"], &[("Received Hello", 10)]),
        ends(today("hwclient"), &["%0"], &[("Sending Hello 9...", 1), ("Received World *", 10)]);
    the_client_may_come_first shows "C1 C111 C118":
        ends(today("hwclient"), &["@hw"], &[("Received World 9", 1)]),
        runs(today("hwserver"), &["@hw"], &[("Received Hello", 10)]);
    strings_have_a_length_and_no_end shows "E1.3 E1.4 C85 C86 C100":
        ends(today("strings"), &[], &[("lengths 6 and 5", 1), ("300 octets, cut to 255", 1)]);
    weather_for_one_place shows "E1.5 E1.6 C43 C47 C52 C57":
        runs(today("wuserver"), &["*", "20"], &[]),
        ends(today("wuclient"), &["%0"], &[("Average temperature for zipcode '10001 ' was *F", 1)]);
    tasks_for_four_workers shows "E1.7 E1.8 E1.9 C75 C76 C83 C93":
        ends(today("tasksink"), &["*"], &[("Total elapsed time: * msec", 1)]),
        ends(today("taskvent"), &["@tasks", "%0"], &[("Total expected cost: * msec", 1)]),
        runs(today("taskwork"), &["@tasks", "%0"], &[]).times(4);
    one_socket_with_three_endpoints shows "E1.10 C109":
        ends(today("multi_bind"), &["*", "*"], &[("served at 0", 1), ("served at 1", 1), ("served at 2", 1)]);
    as_many_io_threads_as_asked_for shows "E1.11 C125":
        ends(today("threads"), &[], &[("4 threads", 1)]);
    two_sources_read_without_waiting shows "E1.12 C155":
        runs(today("wuserver"), &["*", "20"], &[]),
        ends(today("msreader"), &["@tasks", "%0"], &[("tasks and updates", 1)]),
        ends(today("taskvent"), &["@tasks", "@sink"], &[]),
        runs(today("tasksink"), &["@sink"], &[]);
    two_sources_that_are_polled shows "E1.13":
        runs(today("wuserver"), &["*", "20"], &[]),
        ends(today("mspoller"), &["@tasks", "%0"], &[("tasks and updates", 1)]),
        ends(today("taskvent"), &["@tasks", "@sink"], &[]),
        runs(today("tasksink"), &["@sink"], &[]);
    parts_come_together shows "E0.3 E0.4 E1.14 E1.15 C87 C89 C91 C96 C102":
        ends(today("multipart"), &["*"], &[("part 1, more 1", 1), ("part 2, more 1", 1), ("part 3, more 0", 1)]);
    a_broker_that_polls shows "E1.16 E1.17 E1.18 C15":
        runs(today("rrbroker"), &["*", "*"], &[]),
        ends(today("rrclient"), &["%0"], &[("Received reply * [World]", 10)]),
        runs(today("rrworker"), &["%1"], &[]).times(2);
    a_proxy_is_such_a_broker shows "E1.19 E1.20 C147":
        runs(today("msgqueue"), &["*", "*"], &[]),
        ends(today("rrclient"), &["%0"], &[("Received reply * [World]", 10)]),
        runs(today("rrworker"), &["%1"], &[]).times(2);
    what_passes_a_proxy_is_captured shows "E0.10":
        ends(today("captured"), &[], &[("captured [Hello]", 1), ("captured [World]", 1)]);
    a_bridge_between_networks shows "E1.21 C62 C148":
        runs(today("wuserver"), &["@weather", "20"], &[]),
        runs(today("wuproxy"), &["@weather", "*"], &[]),
        ends(today("wuclient"), &["%0"], &[("Average temperature for zipcode '10001 ' was *F", 1)]);
    errors_are_told shows "E1.22 C110 C154":
        ends(today("errors"), &["*"], &[("E: bind failed: Address already in use", 1)]);
    subscriptions_add_up shows "E1.23 E1.24 C44":
        runs(today("publisher"), &["*", "@weather"], &[("send 8 *", 1)]),
        ends(today("subscriber"), &["%0"], &[("both topics, and no other", 1)]),
        ends(today("subscriber"), &["@weather"], &[("both topics, and no other", 1)]);
    all_publishers_for_all_subscribers_by_proxy shows "E1.25 E1.26 E1.28 C56 C64":
        runs(today("proxy"), &["*", "*"], &[]),
        ends(today("suber"), &["%1"], &[("heard puber1 and puber2", 1)]).times(2),
        runs(today("puber"), &["%0", "1"], &[]),
        runs(today("puber"), &["%0", "2"], &[]);
    all_publishers_for_all_subscribers_by_hand shows "E1.27":
        runs(today("hand_made"), &["*", "*"], &[]),
        ends(today("suber"), &["%1"], &[("heard puber1 and puber2", 1)]).times(2),
        runs(today("puber"), &["%0", "1"], &[]),
        runs(today("puber"), &["%0", "2"], &[]);
    a_client_that_asks_without_end shows "E1.29 E1.30":
        runs(today("notes_server"), &["*"], &[("Request: Hello", 3)]),
        runs(today("notes_client"), &["%0"], &[("Reply: World", 3)]);
    two_clients_at_a_broker shows "E1.31 E1.32 C14":
        runs(today("notes_broker"), &["*", "*"], &[]),
        ends(today("rrclient"), &["%0"], &[("Reply[1]: World", 1), ("Reply[10]: World", 1)]).times(2),
        runs(today("rrworker"), &["%1"], &[("Received request: [Hello]", 20)]);
    three_servers_in_turn shows "E1.33 C8":
        ends(today("many_servers"), &[], &[("R1 -> A", 1), ("R2 -> B", 1), ("R3 -> C", 1), ("R4 -> A", 1)]);
    who_may_do_what_and_when shows "C2 C3 C48":
        ends(today("order"), &[], &[("in order", 1)]);
    inproc_may_connect_first shows "C112 C113 C124 C133":
        ends(today("inproc"), &[], &[("early and late", 1)]);

    // -- written for ZeroMQ 2.x
    an_old_question_and_its_answer shows "E2.1 E2.3":
        runs(two("hwserver"), &["*"], &[("Received request: [Hello]", 10)]),
        ends(two("hwclient"), &["%0"], &[("Sending request 9...", 1), ("Received reply *: [World]", 10)]);
    old_helpers shows "E2.4 E2.5":
        ends(two("helpers"), &[], &[("[005] Hello", 1), ("[002] 0102", 1)]);
    the_version shows "E2.6":
        ends(two("version"), &[], &[("Current 0MQ version is 4.3.6", 1)]);
    weather_at_two_endpoints shows "E2.7 E2.8 E2.15":
        runs(two("wuserver"), &["*", "@weather"], &[]),
        ends(two("wuclient"), &["%0", "10001 "], &[("Average temperature for zipcode '10001 ' was *F", 1)]),
        ends(two("wuclient"), &["@weather", "10002 "], &[("Average temperature for zipcode '10002 ' was *F", 1)]),
        ends(two("wuclient"), &["%0", "10003 "], &[("was *F", 1)]),
        ends(two("wuclient"), &["@weather", "10004 "], &[("was *F", 1)]),
        ends(two("wuclient"), &["%0", "10005 "], &[("was *F", 1)]);
    old_tasks_whose_first_is_the_marker shows "E2.9 E2.10 E2.11 E2.14 C130":
        ends(two("tasksink"), &["*"], &[("Total elapsed time: * msec", 1)]),
        ends(two("taskvent"), &["@tasks"], &[("Total expected cost: * msec", 1)]),
        runs(two("taskwork"), &["@tasks", "%0"], &[]).times(4);
    sockets_that_threads_share_by_mistake shows "E2.12 C136":
        ends(two("shared"), &[], &[("nothing broke", 1)]);
    a_socket_for_each_thread shows "E2.13":
        ends(two("not_shared"), &[], &[("Worker got [a][b]", 1)]);
    the_life_of_a_socket shows "E2.16 C163 C164 C165":
        ends(two("mousetrap"), &["*"], &[("caught a mouse", 1)]);
    one_old_socket_with_three_endpoints shows "E2.17":
        ends(two("multi_bind"), &["*", "*", "@server"], &[("served at 0", 1), ("served at 1", 1), ("served at 2", 1)]);
    what_old_calls_answer shows "E2.18 E2.21 C132":
        ends(two("answers"), &["*"], &[("as told", 1)]);
    two_old_sources_read_without_waiting shows "E2.19":
        runs(two("wuserver"), &["*", "@weather"], &[]),
        ends(two("msreader"), &["@tasks", "%0"], &[("tasks and updates", 1)]),
        ends(two("taskvent"), &["@tasks"], &[]);
    two_old_sources_that_are_polled shows "E2.20":
        runs(two("wuserver"), &["*", "@weather"], &[]),
        ends(two("mspoller"), &["@tasks", "%0"], &[("tasks and updates", 1)]),
        ends(two("taskvent"), &["@tasks"], &[]);
    workers_are_told_to_end shows "E2.22 E2.23 E2.24 C157":
        runs(two("tasksink2"), &["*", "*"], &[("Total elapsed time: * msec", 1)]),
        ends(two("taskvent"), &["@tasks"], &[]),
        ends(two("taskwork2"), &["@tasks", "%0", "%1"], &[("told to end", 1)]).times(3);
    old_parts_come_together shows "E2.25 E2.26":
        ends(two("multipart"), &["*"], &[("part 1, more 1", 1), ("part 2, more 1", 1), ("part 3, more 0", 1)]);
    an_old_bridge_between_networks shows "E2.27":
        runs(two("wuserver"), &["*", "@weather"], &[]),
        runs(two("wuproxy"), &["@weather", "*"], &[]),
        ends(two("wuclient"), &["%1", "10001 "], &[("was *F", 1)]);
    an_old_broker shows "E2.30":
        runs(two("rrbroker"), &["*", "*"], &[]),
        ends(two("rrclient"), &["%0"], &[("Received reply * [ World ]", 10)]),
        runs(two("rrworker"), &["%1"], &[]).times(2);
    a_device_is_such_a_broker shows "E2.31 C146":
        runs(two("msgqueue"), &["*", "*"], &[]),
        ends(two("rrclient"), &["%0"], &[("Received reply * [ World ]", 10)]),
        runs(two("rrworker"), &["%1"], &[]).times(2);
    a_server_of_five_threads shows "E2.32":
        runs(two("mtserver"), &["*"], &[("Received request: [Hello]", 30)]),
        ends(two("rrclient"), &["%0"], &[("Received reply 10 [ World ]", 1)]).times(3);
    signals_from_thread_to_thread shows "E2.33 C140 C141":
        ends(two("mtrelay"), &[], &[("Test successful!", 1)]);
    a_publisher_that_waits_for_its_subscribers shows "E2.34 E2.35 E2.36 C142":
        ends(two("syncpub"), &["*", "*"], &[]),
        ends(two("syncsub"), &["%0", "%1"], &[("Received 20000 updates", 1)]).times(10);
    memory_is_lent_and_given_back_once shows "E2.37 C98":
        ends(two("zero_copy"), &["*"], &[("freed 1 times", 1)]);
    a_router_sees_lucy shows "E2.38 C19 C28 C30":
        ends(two("lucy"), &["*"], &[("[004] Lucy", 1), ("[010] in the sky", 1)]);
    envelopes_are_filtered_whole shows "E2.39 E2.40 C65":
        runs(two("psenvpub"), &["*"], &[]),
        ends(two("psenvsub"), &["%0"], &[("[B] We would like to see this", 3)]);
    a_named_subscriber_hears_all_while_it_is_there shows "E2.41 E2.45":
        ends(two("durapub"), &["*", "*"], &[]),
        ends(two("durasub"), &["%0", "%1"], &[("Update 0", 1), ("Update 9", 1), ("END", 1)]);
    a_named_subscriber_misses_what_comes_while_it_is_away shows "E2.42 C167 C169":
        ends(two("away"), &[], &[("Update 1 was missed", 1)]);
    limits_add_up_over_inproc shows "E2.43 C166":
        ends(two("limits"), &[], &[("30 were accepted", 1)]);
    swap_is_gone shows "E2.44 C170":
        ends(two("swap"), &[], &[("no swap", 1)]);
    names_of_seventeen_octets shows "E2.46 C24 C27 C29":
        ends(two("identity"), &[], &[("[017] 00*", 1), ("[000]", 2), ("[005] Hello", 1)]);
    a_router_to_dealers shows "E2.47 C20 C37":
        ends(two("rtdealer"), &[], &[("A received: *", 1), ("B received: *", 1), ("sent * and *", 1)]);
    a_router_to_mamas shows "E2.48 C36 C41":
        ends(two("rtmama"), &["@mama"], &[("Processed: * tasks", 10)]);
    a_router_to_papas shows "E2.49 C35":
        ends(
            two("rtpapa"),
            &["@papa"],
            &[
                ("[020] This is the workload", 1), ("[001] A", 1), ("[009] address 3", 1), ("[009] address 2", 1),
                ("[009] address 1", 1), ("[000]", 1), ("[017] This is the reply", 1),
            ]
        );
    the_least_recently_used_by_strings shows "E2.50 C39 C40":
        ends(two("lruqueue"), &["@front", "@back"], &[("Worker: HELLO", 10), ("Client: OK", 10)]);
    the_least_recently_used_by_frames shows "E2.51":
        ends(two("lruframes"), &["@front", "@back"], &[("Worker: HELLO", 10), ("Client: OK", 10)]);
    a_class_of_messages shows "E2.52 E2.53 E2.54 E2.55":
        ends(two("zmsg_test"), &["@zmsg"], &[(" * zmsg: OK", 1)]);
    the_least_recently_used_by_messages shows "E2.56":
        ends(two("lruqueue2"), &["@front", "@back"], &[("Worker: HELLO", 10), ("Client: OK", 10)]);
    a_server_that_answers_when_it_likes shows "E2.57 C201":
        ends(two("asyncsrv"), &["@async"], &[("*: request #*", 15), ("all clients were answered", 1)]);
    a_router_to_a_router shows "E2.58 C38":
        ends(
            two("rtrouter"),
            &["@router"],
            &[
                ("[006] SERVER", 1), ("[014] send to worker", 1), ("[006] WORKER", 1), ("[000]", 2),
                ("[014] send to server", 1),
            ]
        );
    brokers_that_tell_their_state shows "E2.59 C199":
        runs(two("peering1"), &["@", "DC1", "DC2", "DC3"], &[("DC2 - * workers free", 1), ("DC3 - * workers free", 1)]),
        runs(two("peering1"), &["@", "DC2", "DC1", "DC3"], &[("DC1 - * workers free", 1), ("DC3 - * workers free", 1)]),
        runs(two("peering1"), &["@", "DC3", "DC1", "DC2"], &[("DC1 - * workers free", 1), ("DC2 - * workers free", 1)]);
    brokers_that_share_their_tasks shows "E2.60":
        runs(
            two("peering2"),
            &["@", "me", "3", "you"],
            &[("I: client status: OK - *", 40), ("done at me", 30), ("done at you", 8)]
        ),
        runs(
            two("peering2"),
            &["@", "you", "3", "me"],
            &[("I: client status: OK - *", 40), ("done at you", 30), ("done at me", 8)]
        );
    a_broker_without_workers_asks_its_peer shows "E2.61 C198":
        runs(two("peering3"), &["@", "me", "0", "you"], &[("I: route request * to cloud...", 40), ("done at you", 40)]),
        runs(two("peering3"), &["@", "you", "3", "me"], &[("I: client status: OK - *", 40)]);
    a_task_that_nobody_does_is_missed shows "C200":
        runs(two("impatient"), &["@", "alone", "0"], &[("E: CLIENT EXIT - lost task *", 4)]);
    the_lazy_pirate shows "E2.62 E2.63 C176":
        ends(
            two("lpserver"),
            &["@lazy", "4"],
            &[("I: normal request (3)", 1), ("I: simulating CPU overload", 1), ("I: simulating a crash", 1)]
        )
        .first(),
        ends(
            two("lpclient"),
            &["@lazy", "9"],
            &[
                ("I: server replied OK (3)", 1), ("W: no response from server, retrying...", 1),
                ("E: server seems to be offline, abandoning", 1),
            ]
        );
    the_simple_pirate shows "E2.64 C42 C177":
        runs(two("spqueue"), &["*", "*"], &[]),
        runs(two("spworker"), &["%1", "0"], &[("I: (*) worker ready", 1), ("I: (*) normal reply - *", 3)]),
        ends(two("spworker"), &["%1", "3"], &[("I: (*) simulating a crash", 1)]),
        runs(two("lpclient"), &["%0", "1000000"], &[("I: server replied OK (12)", 1)]);
    the_paranoid_pirate shows "E2.65 E2.66 C178":
        runs(two("ppqueue"), &["*", "*"], &[]),
        runs(two("ppworker"), &["%1", "0"], &[("I: (*) worker ready", 1), ("I: (*) worker heartbeat", 3)]).times(3),
        ends(two("ppworker"), &["%1", "2"], &[("I: (*) simulating a crash", 1)]),
        runs(two("lpclient"), &["%0", "1000000"], &[("I: server replied OK (12)", 1)]);
    a_paranoid_pirate_without_a_queue shows "C178":
        runs(
            two("ppworker"),
            &["@nobody", "0"],
            &[("heartbeat failure, can't reach queue", 2), ("reconnecting in 200 msec...", 1)]
        );

    // -- in Python
    python_reads_two_sources_without_waiting shows "E0.1 E3.8":
        ends(python("msreader"), &[], &[RUNS_ON_OURS, ("tasks and updates", 1)]);
    python_polls_two_sources shows "E0.2 E3.9":
        ends(python("mspoller"), &[], &[RUNS_ON_OURS, ("tasks and updates", 1)]);
    a_python_broker shows "E0.5 E0.6 E0.7 E2.28 E2.29 E3.14 E3.15":
        ends(python("rrbroker"), &[], &[("Received request: Hello", 10), ("Received reply * [World]", 10)]);
    a_python_broker_of_parts shows "E3.16":
        ends(python("rrbroker_by_parts"), &[], &[("Received reply * [World]", 10)]);
    a_python_proxy shows "E0.8":
        ends(python("msgqueue"), &[], &[("Received reply * [World]", 10)]);
    a_python_device shows "E3.17":
        ends(python("old_device"), &[], &[("Received reply * [World]", 10)]);
    a_python_server_of_threads shows "E3.18":
        ends(python("mtserver"), &[], &[("Received reply 3 [World]", 3)]);
    python_signals_from_thread_to_thread shows "E3.19":
        ends(python("mtrelay"), &[], &[("Test successful!", 1)]);
    a_python_bridge shows "E0.9 E3.13":
        ends(python("wuproxy"), &[], &[("both parts", 1)]);
    python_objects shows "E3.1 E3.2":
        ends(python("pyobj"), &[], &[("objects come back", 1)]);
    python_objects_have_no_topics shows "E3.3 E3.4 C71":
        ends(python("pickled_topics"), &[], &[("pickled topics are no prefixes", 1)]);
    python_tasks_for_four_workers shows "E3.5 E3.6 E3.7":
        ends(python("parallel"), &[], &[("Total expected cost: * msec", 1), ("Total elapsed time: * msec", 1)]);
    python_workers_are_told_to_end shows "E3.10 E3.11":
        ends(python("kill"), &[], &[("all workers ended", 1)]);
    a_python_publisher_that_waits_for_its_subscribers shows "E3.20 E3.21":
        ends(python("synchronized"), &[], &[("+1 subscriber", 2), ("Received 1000 updates", 2)]);
    python_subscribers_with_names shows "E3.25 E3.26 E3.27":
        ends(python("durable"), &[], &[("Received 1000 updates", 2)]);
    python_envelopes shows "E3.23 E3.24":
        ends(python("envelope"), &[], &[("[B] We would like to see this", 1)]);
    python_names shows "E3.22 E3.28":
        ends(python("identity"), &[], &[("[005] [026] *", 1), ("Hello XREP uses its name", 1)]);
    a_python_router_to_dealers shows "E3.29":
        ends(python("rtdealer"), &[], &[("A received: *", 1), ("10 together", 1)]);
    a_python_router_to_mamas shows "E3.30":
        ends(python("rtmama"), &[], &[("Processed: * tasks", 10)]);
    a_python_dealer_to_papas shows "E3.31":
        ends(python("rtpapa"), &[], &[("the stack came back", 1)]);
    the_least_recently_used_in_python shows "E3.32 E3.33":
        ends(python("lruqueue"), &[], &[("Worker: HELLO", 10), ("Client: OK", 10)]);
    are_you_ok shows "E4.1 E4.2":
        ends(python("are_you_ok"), &[], &[("Received: Are you OK?", 1), ("response: I am OK!", 1)]);
    ten_messages_in_python shows "E4.3 E4.4":
        ends(python("ten_messages"), &[], &[("ten in a row", 1)]);
    a_python_pipeline shows "E4.5 E4.6 E4.7 C77":
        ends(python("pipeline"), &[], &[("it waits for a worker", 1), ("response: transform...message9", 1)]);
}

#[test]
fn every_example_and_every_old_claim_is_shown_or_has_a_reason() {
    covered::check(SHOWN);
}
