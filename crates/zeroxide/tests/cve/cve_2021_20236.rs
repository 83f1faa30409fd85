//! CVE-2021-20236: subscriptions were removed by a function that called itself once for each octet of the topic, so that a
//! long topic emptied the stack.

use super::{common::*, ward::*};
use zeroxide::*;

const PUBLISHERS: [SocketType; 2] = [SocketType::Pub, SocketType::Xpub];

fn ward(kind: SocketType) -> Ward {
    Ward::joined(kind, "tcp://127.0.0.1:*", |socket, _| {
        socket.set_max_topic_length(None).unwrap();
        socket.set_receive_high_water_mark(None).unwrap_or_default();
    })
}

/// Takes what an XPUB was told.
fn forget_reports(ward: &Ward) {
    while ward.socket.socket_type() == SocketType::Xpub && ward.socket.try_recv().is_ok() {}
}

#[test]
fn the_deepest_topics_are_subscribed_cancelled_and_dropped() {
    let _turn = alone();
    for kind in PUBLISHERS {
        let ward = ward(kind);
        for length in [1, 255, 256, 8192, 100_000, 1 << 20, 16 << 20] {
            let topic = vec![b'a'; length];
            let mut stranger = ward.stranger();
            stranger.send(&octets::subscribe(&topic));
            assert!(ward.socket.wait_for_subscribers(&topic, 2, LONG), "{kind}: {length} octets");
            stranger.send(&octets::cancel(&topic));
            eventually(|| ward.socket.subscribers(&topic) == 1);
            // As older peers say it, and left there.
            stranger.send(&octets::subscribe_message(&topic));
            assert!(ward.socket.wait_for_subscribers(&topic, 2, LONG), "{kind}: {length} octets");
            stranger.close();
            wait_for_connections(&ward.socket, 1);
            eventually(|| ward.socket.subscribers(&topic) == 1);
            forget_reports(&ward);
        }
        ward.is_well();
    }
}

#[test]
fn a_trie_of_one_branch_a_node_for_each_octet_goes_with_its_peer() {
    let _turn = alone();
    for kind in PUBLISHERS {
        let ward = ward(kind);
        let before = resident_octets();
        for _ in 0..3 {
            let mut stranger = ward.stranger();
            // Each prefix is a topic: as deep as it is long, and nothing can be folded.
            for length in 1..=3000 {
                stranger.send(&octets::subscribe(&vec![b'a'; length]));
            }
            assert!(ward.socket.wait_for_subscribers(vec![b'a'; 3000], 2, LONG));
            stranger.close();
            wait_for_connections(&ward.socket, 1);
            eventually(|| ward.socket.subscribers(vec![b'a'; 3000]) == 1);
            forget_reports(&ward);
        }
        bounded(before, 64);
        ward.is_well();
    }
}

#[test]
fn with_the_limits_of_a_new_socket_such_a_topic_ends_the_connection() {
    for kind in PUBLISHERS {
        let ward = Ward::joined(kind, "tcp://127.0.0.1:*", |_, _| {});
        let mut stranger = ward.stranger();
        stranger.send_until_closed(&octets::subscribe(&vec![b'a'; 16 << 20]));
        stranger.read_to_close();
        ward.hears_of(|event| matches!(event, Event::LimitMet { limit: Limit::TopicLength, .. }));
        ward.hears_of_an_end();
        assert_eq!(ward.socket.statistics().met(Limit::TopicLength), 1);
        ward.is_well();
    }
}

#[test]
fn the_same_holds_where_threads_have_small_stacks() {
    // Proto's tests/small_stack.rs has topics in one another.
    let story = "cve_2021_20236::the_deepest_topics_are_subscribed_cancelled_and_dropped";
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    // It holds for I/O threads as for those of tests.
    child.args(["--exact", story]).env("RUST_MIN_STACK", "131072");
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{}: {said}", output.status);
}
