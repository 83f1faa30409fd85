//! `zmq.h` has the names, the numbers and the layouts of libzmq's, and compiles wherever that does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]

#[allow(dead_code, reason = "not every test uses all of it")]
mod c_program;

use c_program::{compiler, data, here, scratch, succeed};
use std::{collections::BTreeSet, fs, process::Command};

/// Compiles a text without linking it.
fn compiles(name: &str, compiler: &mut Command, text: &str) {
    let file = scratch().join(name);
    fs::write(&file, text).unwrap();
    succeed(compiler.args(["-Wall", "-Wextra", "-Werror", "-fsyntax-only"]).arg(file));
}

fn of_part<'a>(lines: &'a [Vec<String>], part: &str) -> Vec<&'a Vec<String>> {
    lines.iter().filter(|line| line.last().is_some_and(|last| last == part)).collect()
}

#[test]
fn it_compiles_as_every_c_and_cpp_that_libzmqs_does() {
    let text = "#include \"zeroxide.h\"\n#include \"zmq.h\"\n#include \"zmq_utils.h\"\nint main(void) { return zmq_errno() && ETERM; }\n";
    for standard in ["c99", "c11", "gnu11", "gnu17"] {
        let draft = ["-std=", standard].concat();
        compiles("plain.c", compiler("cc").args([&draft, "-pedantic"]), text);
        compiles("draft.c", compiler("cc").args([&draft, "-pedantic", "-DZMQ_BUILD_DRAFT_API"]), text);
    }
    for standard in ["c++98", "c++11", "c++17"] {
        let standard = ["-std=", standard].concat();
        compiles("plain.cpp", compiler("c++").args([&standard, "-Wno-long-long"]), text);
        compiles(
            "draft.cpp",
            compiler("c++").args([&standard, "-Wno-long-long", "-DZMQ_BUILD_DRAFT_API"]),
            text,
        );
    }
}

#[test]
fn names_and_numbers_are_libzmqs() {
    let constants = data("constants.txt");
    let check = |line: &Vec<String>| format!("_Static_assert({0} == {1}, \"{0}\");\n", line[0], line[1]);
    let stable: String = of_part(&constants, "stable").into_iter().map(check).collect();
    compiles("stable_numbers.c", compiler("cc").arg("-std=c11"), &format!("#include \"zmq.h\"\n{stable}"));
    let draft: String = of_part(&constants, "draft").into_iter().map(check).collect();
    let draft = format!("#define ZMQ_BUILD_DRAFT_API\n#include \"zmq.h\"\n{stable}{draft}");
    compiles("draft_numbers.c", compiler("cc").arg("-std=gnu11"), &draft);
}

/// What is neither a number nor in libzmq 4.3.4's list of them.
const NOT_NUMBERS: &[&str] = &[
    "ZMQ_BUILD_DRAFT_API",
    "ZMQ_EXPORT",
    "ZMQ_HAVE_POLLER",
    "ZMQ_HAVE_PPOLL",
    "ZMQ_HAVE_TIMERS",
    "ZMQ_H_OF_ZEROXIDE",
    "ZMQ_MAKE_VERSION",
    "ZMQ_MSG_PROPERTY_PEER_ADDRESS",
    "ZMQ_MSG_PROPERTY_ROUTING_ID",
    "ZMQ_MSG_PROPERTY_SOCKET_TYPE",
    "ZMQ_MSG_PROPERTY_USER_ID",
];

#[test]
fn it_has_no_names_of_its_own() {
    let header = fs::read_to_string(here().join("include/zmq.h")).unwrap();
    let listed: BTreeSet<String> = data("constants.txt").into_iter().map(|line| line[0].clone()).collect();
    let defined = header.lines().filter_map(|line| line.strip_prefix("#define ")?.split([' ', '(']).next());
    let surplus: Vec<_> = defined
        .filter(|name| name.starts_with("ZMQ_") && !listed.contains(*name) && !NOT_NUMBERS.contains(name))
        .collect();
    assert!(surplus.is_empty(), "{surplus:?}");
}

#[test]
fn every_function_is_declared_in_its_part() {
    let functions = data("functions.txt");
    let check = |line: &Vec<String>| format!("    (void)&{};\n", line[0]);
    let stable: String = of_part(&functions, "stable").into_iter().map(check).collect();
    let draft: String = of_part(&functions, "draft").into_iter().map(check).collect();
    assert_eq!((stable.lines().count(), draft.lines().count()), (70, 27));
    let program =
        |define: &str, calls: &str| format!("{define}\n#include \"zmq.h\"\nvoid all(void) {{\n{calls}}}\n");
    compiles("stable_functions.c", compiler("cc").arg("-std=gnu11"), &program("", &stable));
    let both = program("#define ZMQ_BUILD_DRAFT_API", &(stable + &draft));
    compiles("draft_functions.c", compiler("cc").arg("-std=gnu11"), &both);
    let header = fs::read_to_string(here().join("include/zmq.h")).unwrap();
    let (before, _) = header.split_once("#ifdef ZMQ_BUILD_DRAFT_API").unwrap();
    for line in of_part(&functions, "draft") {
        assert!(!before.contains(&format!(" {}(", line[0])), "{} is a draft", line[0]);
    }
}

#[test]
fn layouts_are_libzmqs() {
    let text = "\
#define ZMQ_BUILD_DRAFT_API
#include \"zmq.h\"
_Static_assert(sizeof(zmq_msg_t) == 64, \"size\");
_Static_assert(_Alignof(zmq_msg_t) == sizeof(void *), \"alignment\");
_Static_assert(sizeof(zmq_fd_t) == sizeof(int), \"size\");
_Static_assert(offsetof(zmq_pollitem_t, fd) == sizeof(void *), \"fd\");
_Static_assert(offsetof(zmq_pollitem_t, events) == sizeof(void *) + 4, \"events\");
_Static_assert(offsetof(zmq_pollitem_t, revents) == sizeof(void *) + 6, \"revents\");
_Static_assert(sizeof(zmq_pollitem_t) == sizeof(void *) + 8, \"size\");
_Static_assert(offsetof(zmq_poller_event_t, fd) == sizeof(void *), \"fd\");
_Static_assert(offsetof(zmq_poller_event_t, user_data) == 2 * sizeof(void *), \"user data\");
_Static_assert(offsetof(zmq_poller_event_t, events) == 3 * sizeof(void *), \"events\");
_Static_assert(sizeof(zmq_poller_event_t) == 4 * sizeof(void *), \"size\");
";
    compiles("layouts.c", compiler("cc").arg("-std=gnu11"), text);
}

#[test]
fn sources_of_zeromq_2_compile_as_they_are() {
    let text = "\
#include <zmq.h>
#include <assert.h>
#include <stdint.h>
#if ZMQ_VERSION_MAJOR != 2
#error this is how they tell
#endif
int main(void)
{
    void *context = zmq_init(1);
    void *socket = zmq_socket(context, ZMQ_XREP);
    uint64_t hwm = 2;
    int64_t more;
    size_t size = sizeof more;
    zmq_msg_t message;
    zmq_pollitem_t items[] = {{socket, 0, ZMQ_POLLIN, 0}};
    assert(zmq_setsockopt(socket, ZMQ_HWM, &hwm, sizeof hwm) == 0);
    zmq_poll(items, 1, 2500 * 1000);
    zmq_msg_init(&message);
    int rc = zmq_recv(socket, &message, ZMQ_NOBLOCK);
    assert(rc == 0);
    zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size);
    zmq_send(socket, &message, more ? ZMQ_SNDMORE : 0);
    zmq_device(ZMQ_QUEUE, socket, socket);
    zmq_close(socket);
    return zmq_term(context);
}
";
    compiles("old.c", compiler("cc").args(["-std=gnu99", "-include", "zmq2.h"]), text);
    compiles("old.cpp", compiler("c++").args(["-std=c++98", "-Wno-long-long", "-include", "zmq2.h"]), text);
}
