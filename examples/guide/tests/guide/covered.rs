//! Which examples and claims there are, and where those are shown that no program here shows.

use std::{collections::BTreeSet, fs, path::Path};

/// The introductions and how many examples with code each has.
const EXAMPLES: [(&str, u32); 5] = [("E0", 10), ("E1", 33), ("E2", 66), ("E3", 33), ("E4", 7)];

/// Examples that are only named there: the Guide's patterns.
const TITLES: &str = "mdcliapi mdclient mdwrkapi mdworker mdbroker tripping mdcliapi2 mdclient2 mmiecho ticlient titanic \
    bstarsrv bstarcli bstar bstarsrv2 flserver1 flserver2 flserver3 flclient1 flclient2 flclient3 flcliapi suisnail \
    clonesrv1 clonesrv2 clonesrv3 clonesrv4 clonesrv5 clonesrv6 clonecli1 clonecli2 clonecli3 clonecli4 clonecli5 \
    clonecli6 kvsimple kvmsg clone";

/// How many claims there are.
const CLAIMS: u32 = 207;

/// Examples and claims that a test elsewhere shows: its file under `crates`, and its name. Durable subscribers and swap are
/// gone since 3.x, and a later issue: those tests show what becomes of programs that use them.
const TESTED: &[(&str, &str, &str)] = &[
    (
        "C4",
        "zeroxide/tests/req_rep.rs",
        "a_relaxed_client_may_ask_again_and_gets_only_the_reply_to_its_last_question",
    ),
    (
        "C5",
        "zeroxide/tests/req_rep.rs",
        "a_request_asked_before_its_client_left_is_dropped_or_answered_into_the_void",
    ),
    ("C7", "zeroxide/tests/many_peers.rs", "ten_thousand_peers_cost_little_and_every_one_is_served"),
    ("C9", "zeroxide/tests/req_rep.rs", "a_client_without_a_server_waits_for_one"),
    ("C11", "zeroxide/tests/req_rep.rs", "a_server_takes_requests_from_all_in_turn_and_answers_each_its_own"),
    ("C12", "zeroxide/tests/req_rep.rs", "a_reply_to_a_client_that_is_gone_is_dropped_and_counted"),
    ("C16", "zeroxide/tests/dealer_router.rs", "dealers_send_in_turn_and_receive_in_turn"),
    ("C17", "zeroxide/tests/dealer_router.rs", "dealers_send_in_turn_and_receive_in_turn"),
    (
        "C21",
        "zeroxide/tests/high_water_mark.rs",
        "a_mandatory_router_says_when_a_peer_is_full_and_goes_on_when_it_is_not",
    ),
    ("C22", "zeroxide/tests/high_water_mark.rs", "an_indifferent_router_drops_what_a_full_peer_cannot_take"),
    (
        "C23",
        "zeroxide/tests/poller.rs",
        "a_mandatory_router_is_writable_while_a_peer_has_room_and_another_always",
    ),
    ("C31", "zeroxide/tests/dealer_router.rs", "a_second_peer_of_a_name_is_ignored"),
    ("C32", "zeroxide/tests/dealer_router.rs", "the_queue_of_a_peer_that_came_and_left_is_destroyed"),
    ("C45", "zeroxide/tests/pub_sub.rs", "subscriptions_are_counted_and_the_last_cancellation_ends_them"),
    ("C46", "zeroxide/tests/xpub_xsub.rs", "topics_of_any_length_are_subscribed_to_and_reported"),
    ("C49", "zeroxide/tests/pub_sub.rs", "a_publisher_without_subscribers_drops_and_counts"),
    ("C53", "zeroxide/tests/pub_sub.rs", "a_subscriber_of_many_publishers_hears_them_all_in_turn"),
    ("C54", "zeroxide/tests/high_water_mark.rs", "a_publisher_drops_exactly_what_does_not_fit_and_counts_it"),
    ("C55", "zeroxide/tests/pub_sub.rs", "a_subscriber_gets_what_begins_with_a_topic_it_asked_for"),
    ("C58", "zeroxide/tests/pub_sub.rs", "a_slow_subscriber_does_not_hold_the_others_up"),
    ("C60", "zeroxide/tests/xpub_xsub.rs", "an_xsub_subscribes_by_sending_and_may_say_more"),
    ("C61", "zeroxide/tests/xpub_xsub.rs", "an_xsub_subscribes_by_sending_and_may_say_more"),
    ("C70", "zeroxide/tests/pub_sub.rs", "a_hundred_thousand_topics_are_restored_when_the_publisher_returns"),
    ("C73", "zeroxide/tests/push_pull.rs", "work_goes_round_the_workers"),
    ("C74", "zeroxide/tests/push_pull.rs", "a_push_without_a_worker_waits_for_the_first"),
    ("C75", "zeroxide/tests/push_pull.rs", "a_pull_takes_from_each_that_has_something_in_turn"),
    ("C79", "zeroxide/tests/push_pull.rs", "a_worker_that_is_full_is_passed_over"),
    ("C80", "zeroxide/tests/push_pull.rs", "work_goes_round_the_workers"),
    ("C81", "zeroxide/tests/reconnect.rs", "what_is_sent_while_the_peer_is_away_waits_for_it"),
    ("C88", "zeroxide/tests/push_pull.rs", "a_message_that_was_cut_off_is_not_delivered_in_part"),
    ("C89", "zeroxide/tests/push_pull.rs", "a_message_that_was_cut_off_is_not_delivered_in_part"),
    ("C92", "zeroxide/tests/push_pull.rs", "a_message_that_was_cut_off_is_not_delivered_in_part"),
    (
        "C95",
        "zeroxide/tests/large_bodies.rs",
        "large_and_small_bodies_arrive_whole_and_in_order_however_slow_the_reader_is",
    ),
    (
        "C107",
        "zeroxide/tests/high_water_mark.rs",
        "a_receiver_that_does_not_read_stops_the_sender_over_any_wire",
    ),
    ("C113", "zeroxide/tests/inproc.rs", "any_number_may_connect_before_the_bind"),
    ("C114", "zeroxide/tests/reconnect.rs", "a_peer_that_returns_on_the_same_address_is_found_again"),
    ("C120", "zeroxide/tests/reconnect.rs", "messages_sent_before_anybody_is_there_arrive"),
    ("C122", "zeroxide/tests/threads.rs", "eight_threads_share_one_socket"),
    ("C124", "zeroxide/tests/endpoints.rs", "a_context_without_io_threads_has_inproc_only"),
    ("C126", "zeroxide/tests/inproc.rs", "names_are_of_one_context_and_of_one_socket"),
    ("C127", "capi/tests/behaviour.rs", "a_child_process_inherits_nothing_and_harms_nothing"),
    ("C128", "zeroxide/tests/shutdown.rs", "every_waiting_call_ends"),
    ("C129", "zeroxide/tests/linger.rs", "without_linger_what_nobody_took_is_dropped_at_once_and_counted"),
    ("C131", "zeroxide/tests/linger.rs", "a_bounded_linger_ends_though_nobody_takes_the_messages"),
    ("C133", "zeroxide/tests/endings.rs", "sockets_and_contexts_may_be_dropped_in_any_order_and_thread"),
    ("C135", "zeroxide/tests/threads.rs", "eight_threads_share_one_socket"),
    ("C138", "zeroxide/tests/pair.rs", "a_third_socket_is_refused_and_the_first_two_go_on"),
    ("C139", "zeroxide/tests/pair.rs", "when_the_peer_has_left_another_may_come"),
    ("C143", "zeroxide/tests/inproc.rs", "sockets_that_do_not_fit_are_told_so"),
    ("C146", "zeroxide/tests/proxy.rs", "sockets_that_do_not_fit_are_refused"),
    ("C152", "zeroxide/tests/poller.rs", "descriptors_and_sockets_wait_together"),
    ("C158", "zeroxide/tests/endpoints.rs", "an_address_of_a_socket_that_was_closed_is_free_at_once"),
    ("C161", "zeroxide/tests/high_water_mark.rs", "a_publisher_that_keeps_all_waits_for_the_slowest"),
    ("C162", "zeroxide/tests/high_water_mark.rs", "an_indifferent_router_drops_what_a_full_peer_cannot_take"),
    ("C166", "zeroxide/tests/high_water_mark.rs", "an_inproc_pair_holds_the_marks_of_both_sides_together"),
    ("E2.41", "capi/tests/seed_programs.rs", "a_named_subscriber_hears_all_while_it_is_there"),
    ("E2.42", "capi/tests/seed_programs.rs", "a_named_subscriber_misses_what_comes_while_it_is_away"),
    ("E2.43", "capi/tests/seed_programs.rs", "limits_add_up_over_inproc"),
    ("E2.44", "capi/tests/seed_programs.rs", "swap_is_gone"),
    ("E2.45", "capi/tests/seed_programs.rs", "a_named_subscriber_hears_all_while_it_is_there"),
    ("E3.1", "capi/tests/seed_programs.rs", "python_objects"),
    ("E3.2", "capi/tests/seed_programs.rs", "python_objects"),
    ("E3.3", "capi/tests/seed_programs.rs", "python_objects_have_no_topics"),
    ("E3.4", "capi/tests/seed_programs.rs", "python_objects_have_no_topics"),
    ("E3.25", "capi/tests/seed_programs.rs", "python_subscribers_with_names"),
    ("E3.26", "capi/tests/seed_programs.rs", "python_subscribers_with_names"),
    ("E3.27", "capi/tests/seed_programs.rs", "python_subscribers_with_names"),
    (
        "C6",
        "zeroxide/tests/req_rep.rs",
        "a_client_whose_server_died_with_its_request_waits_and_may_not_ask_again",
    ),
    ("C63", "zeroxide/tests/proxy.rs", "a_proxy_obeys_words"),
    ("C68", "zeroxide/tests/push_pull.rs", "work_goes_round_the_workers"),
    ("C71", "capi/tests/seed_programs.rs", "python_objects_have_no_topics"),
    ("C104", "zeroxide/tests/req_rep.rs", "on_the_wire_a_request_is_an_empty_frame_and_the_body"),
    ("C105", "zeroxide/tests/bad_input.rs", "garbage_on_the_port_is_dropped_with_an_event_and_a_count"),
    // pgm and epgm are a later issue.
    ("C119", "capi/tests/compatibility.rs", "what_is_not_supported_answers_so"),
    ("C116", "net/tests/ipc.rs", "without_a_mode_the_file_follows_the_umask"),
    ("C144", "zeroxide/tests/bad_input.rs", "a_socket_of_the_wrong_type_is_told_so_and_refused"),
    ("C167", "capi/tests/seed_programs.rs", "a_named_subscriber_misses_what_comes_while_it_is_away"),
    ("C169", "capi/tests/seed_programs.rs", "a_named_subscriber_misses_what_comes_while_it_is_away"),
    ("C170", "capi/tests/seed_programs.rs", "swap_is_gone"),
    ("C207", "zeroxide/tests/memory.rs", "nobody_wakes_up_when_nothing_happens"),
    ("C186", "patterns/src/majordomo/once.rs", "the_same_request_is_worked_at_once_and_answered_alike"),
    (
        "C196",
        "patterns/tests/clone.rs",
        "clients_that_join_while_the_map_changes_all_have_the_same_in_the_end",
    ),
];

/// Examples and claims without a test, and why: advice and figures, what is wrong or gone, and what is a later issue.
const EXCUSED: &[(&str, &str)] = &[
    ("E3.12", "command lines for valgrind; capi's tests run under it"),
    ("C50", "a figure: how fast a connection comes; `suber` shows what is lost until then"),
    ("C67", "advice: a third frame for an address; `psenvpub` shows two"),
    ("C72", "a figure: how many updates there are until a hundred are of one place"),
    ("C82", "a figure: `tasksink` prints the time, and no test looks at it"),
    ("C94", "advice: a message is in memory whole, however many parts it has"),
    ("C106", "advice: what octets mean is for the application"),
    ("C115", "ipc on Windows: not of this system"),
    ("C117", "a figure: `zox bench`"),
    ("C123", "a figure: `zox bench`"),
    ("C149", "advice: `rrbroker` is made by hand and could look into what it passes on"),
    ("C151", "a delay: `msreader` sleeps when nothing is there, `mspoller` does not; no test measures it"),
    ("C159", "Python only: here it is drop"),
    ("C160", "valgrind: capi's tests run under it, and the library under sanitizers"),
    ("C168", "history: there is no durable subscriber whose queue could grow; a later issue"),
    ("C171", "history: there is no swap; a later issue"),
    ("C172", "history: there is no durability; a later issue"),
    ("C173", "advice: how to choose a high-water mark"),
    ("C174", "a figure, and doubtful: swap is gone"),
    ("C175", "a figure: `zox bench` with small marks"),
    ("C180", "advice: a protocol has a version; those of `zeroxide-patterns` do, where their RFCs do"),
    ("C191", "a figure: `flclient` measures nothing"),
    ("C192", "advice: the patterns wait until the next moment that something is due"),
    ("C194", "a figure, of one feed for many threads, which is `black_box`"),
    ("C197", "a figure: the arithmetic holds"),
    ("C203", "wrong: it did not go into the kernel"),
    ("C204", "a statement about what it is: a library"),
    ("C205", "a statement about what there is: the types in the README"),
    ("C206", "advice: what to look at when messages are lost; `Statistics` counts each loss with its reason"),
];

/// What the programs say at their tops that they show.
fn shown() -> BTreeSet<String> {
    let folder = fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    let programs = paths.filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let mut shown = BTreeSet::new();
    for program in programs {
        let text = fs::read_to_string(&program).unwrap();
        let head: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).collect();
        let head = head.join(" ");
        let Some((_, list)) = head.split_once("Shows:") else {
            assert!(program.ends_with("main.rs"), "{} does not say what it shows", program.display());
            continue;
        };
        shown.extend(list.split([' ', ';']).map(|word| word.trim_end_matches('.').to_owned()));
    }
    shown
}

/// Fails for what is neither shown nor tested nor excused, and for tests and reasons that are none.
pub(crate) fn check() {
    let shown = shown();
    let examples =
        EXAMPLES.iter().flat_map(|(seed, count)| (1..=*count).map(move |number| format!("{seed}.{number}")));
    let claims = (1..=CLAIMS).map(|number| format!("C{number}"));
    let listed: BTreeSet<String> =
        examples.chain(claims).chain(TITLES.split_whitespace().map(str::to_owned)).collect();
    let elsewhere: BTreeSet<&str> =
        TESTED.iter().map(|(id, ..)| *id).chain(EXCUSED.iter().map(|(id, _)| *id)).collect();
    for id in &listed {
        let known = shown.contains(id) || elsewhere.contains(id.as_str());
        assert!(known, "{id} is not shown, and nothing says why");
    }
    for id in &elsewhere {
        assert!(listed.contains(*id), "{id} is not asked for");
        assert!(!shown.contains(*id), "{id} is shown: it needs no reason");
    }
    for (id, file, test) in TESTED {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates").join(file);
        let text =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{id}: {}: {error}", path.display()));
        // Those of the C programs are lines of a table.
        let is_there = text.contains(&format!("fn {test}(")) || text.contains(&format!("    {test} shows "));
        assert!(is_there, "{id}: there is no test {test} in {file}");
    }
}
