//! The library exports the functions of libzmq, under plain names, and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]

#[allow(dead_code, reason = "not every test uses all of it")]
mod c_program;

use c_program::{data, library_folder, succeed};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

/// The dynamic symbols that a library defines, as `nm` prints them: with their version, if they have one.
fn exported(library: &Path) -> BTreeSet<String> {
    let output = succeed(Command::new("nm").args(["--dynamic", "--defined-only"]).arg(library));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split_whitespace().last()).map(str::to_owned).collect()
}

fn ours() -> BTreeSet<String> {
    exported(&library_folder().join("libzmq.so"))
}

fn listed(part: &str) -> BTreeSet<String> {
    data("functions.txt").into_iter().filter(|line| line[1] == part).map(|line| line[0].clone()).collect()
}

/// Functions that are not there yet, or no longer not there: this list is to become empty.
const ABSENT: &str = "zmq_bind zmq_connect zmq_connect_peer zmq_ctx_destroy zmq_ctx_term zmq_device zmq_disconnect \
     zmq_disconnect_peer zmq_init zmq_join zmq_leave zmq_msg_close zmq_msg_copy zmq_msg_data zmq_msg_get \
     zmq_msg_gets zmq_msg_group zmq_msg_init zmq_msg_init_buffer zmq_msg_init_data zmq_msg_init_size \
     zmq_msg_more zmq_msg_move zmq_msg_recv zmq_msg_routing_id zmq_msg_send zmq_msg_set zmq_msg_set_group \
     zmq_msg_set_routing_id zmq_msg_size zmq_poll zmq_poller_add zmq_poller_add_fd zmq_poller_destroy \
     zmq_poller_fd zmq_poller_modify zmq_poller_modify_fd zmq_poller_new zmq_poller_remove \
     zmq_poller_remove_fd zmq_poller_size zmq_poller_wait zmq_poller_wait_all zmq_ppoll zmq_proxy \
     zmq_proxy_steerable zmq_recv zmq_recviov zmq_recvmsg zmq_send zmq_send_const zmq_sendiov zmq_sendmsg \
     zmq_socket_get_peer_state zmq_socket_monitor zmq_socket_monitor_pipes_stats zmq_socket_monitor_versioned \
     zmq_term zmq_unbind";

fn is_expected(name: &str) -> bool {
    !ABSENT.split_whitespace().any(|absent| absent == name)
}

#[test]
fn every_function_of_libzmq_is_exported_and_nothing_else() {
    let ours = ours();
    let functions: BTreeSet<_> = listed("stable").union(&listed("draft")).cloned().collect();
    assert_eq!(functions.len(), 97);
    let missing: Vec<_> = functions.difference(&ours).filter(|name| is_expected(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let surplus: Vec<_> = ours.difference(&functions).collect();
    assert!(surplus.is_empty(), "{surplus:?}");
}

#[test]
fn loaders_know_it_by_libzmqs_name() {
    let output = succeed(Command::new("readelf").arg("--dynamic").arg(library_folder().join("libzmq.so")));
    let text = String::from_utf8(output.stdout).unwrap();
    let name = text.lines().find(|line| line.contains("(SONAME)")).unwrap();
    assert!(name.ends_with("[libzmq.so.5]"), "{name}");
}

/// Debian's, where it is installed. CI installs it.
fn debians() -> Option<PathBuf> {
    let output = succeed(Command::new("cc").arg("-print-multiarch"));
    let folder = String::from_utf8(output.stdout).unwrap();
    let library = Path::new("/usr/lib").join(folder.trim()).join("libzmq.so.5");
    library.exists().then_some(library)
}

#[test]
fn programs_that_were_linked_to_debians_find_all_they_need() {
    // The list of what it has is checked against it, so that the next test of this kind needs no Debian.
    let stable = listed("stable");
    if let Some(library) = debians() {
        let needed = exported(&library);
        assert_eq!(needed, stable);
    }
    let ours = ours();
    let missing: Vec<_> = stable.difference(&ours).filter(|name| is_expected(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
