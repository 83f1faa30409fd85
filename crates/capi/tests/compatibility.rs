//! `docs/compatibility.md` is written by this test, from what the library itself says, and checked against it:
//! `WRITE_DOCS=1 cargo test -p zeroxide-capi --test compatibility`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper is a failing test"
)]
#![allow(unsafe_code, reason = "the functions are C's")]

#[allow(dead_code, reason = "not every test uses all of it")]
mod c_program;
#[path = "compatibility/notes.rs"]
mod notes;

use c_program::{data, exported, here, library_folder};
use notes::{ABSENT_OPTIONS, CONTEXT_OPTIONS, FORMS, FUNCTIONS, SOCKET_OPTIONS, State, TRANSPORTS, TYPES};
use std::{
    collections::BTreeMap,
    ffi::{CString, c_int, c_void},
    fmt::Write,
    fs,
    ptr::null,
};
use zmq::{
    context::{zmq_ctx_new, zmq_ctx_term},
    endpoints::{zmq_bind, zmq_connect},
    errno::Errno,
    options::{
        context::{ENTRIES, zmq_ctx_get},
        entries, zmq_getsockopt, zmq_setsockopt,
    },
    socket::{zmq_close, zmq_socket},
};

const INTRODUCTION: &str = "\
# Compatibility with libzmq

What programs written for libzmq 4.3.6 find in this library: every function, option, socket type and transport. *Works*
means: as there, errors included. *Differs* says how, and what libzmq does. *Not supported* says what the answer is; it is
that of a libzmq which was built without.

This page is written by `WRITE_DOCS=1 cargo test -p zeroxide-capi --test compatibility`, which asks the library, and a test
fails when it is not up to date. That each option answers as libzmq does, value by value and type by type, is the test
`sockopt_matrix`.

libzmq's own test programs, in the version 4.3.5, run on this library with `cargo xtask libzmq-tests`: of 122
programs 119 pass, 3 but for cases that are excused; 17 are not run. What is excused, and why, is
`testing/libzmq_tests/excused.txt`. pyzmq's run with `cargo xtask pyzmq`, in CI. All 42 of CZMQ 4.2.1 pass, built with its
draft classes (`cargo xtask czmq SOURCES`).

`cargo xtask programs` swaps the one file in the wheel of pyzmq and then plays with Jupyter (a kernel is started, asked,
interrupted, restarted), an ipyparallel cluster, Locust with a master and workers on gevent, and aiozmq; beside them programs in
C++ (cppzmq, draft sockets included), PHP, Ruby and Perl by their own bindings, and npm's zeromq with the libzmq that it
brings, at the other end of the wire.

For all functions alike: null, closed and foreign handles of contexts, sockets, pollers and timers are an error (ENOTSOCK
for sockets, EFAULT for the rest), never the end of the process, which a test tries for every function of the header;
sockets of every type may be used by several threads at once; in a child process after fork(2) the parent's handles do
nothing. Where sockets behave otherwise than libzmq's on purpose, whatever the language, is a table in
[ARCHITECTURE.md](../ARCHITECTURE.md).

## Use

```
cargo xtask install --prefix DIR
LD_LIBRARY_PATH=DIR/lib program
```

`program` was built for libzmq, by whomever; it runs on this library. New ones are built with `pkg-config libzmq`, with
CMake (`find_package(ZeroMQ)`, targets `libzmq` and `libzmq-static`), or with `-IDIR/include -LDIR/lib -lzmq`. The package
files define `ZMQ_BUILD_DRAFT_API`: what libzmq calls draft is always there.

Sources of ZeroMQ 2.x (`zmq_init`, `zmq_send` with a message, `ZMQ_HWM`, 64-bit `ZMQ_RCVMORE`, `zmq_poll` in microseconds)
compile as they are with `cc -include zmq2.h`. Generated identities have 17 octets again, and a `ZMQ_XREP` may send to a
`ZMQ_REP`. What is gone: `ZMQ_SWAP` is EINVAL, and nothing is kept for a named subscriber that is away.

What a peer may cost is without bound by default, as in libzmq. Programs that include `zeroxide.h` can bound it: frames and
octets of a message, metadata, topics, subscriptions, peers, handshakes at once.
";

/// A socket that goes with the test.
struct Fresh {
    context: *mut c_void,
    socket: *mut c_void,
}

impl Fresh {
    fn new(kind: c_int) -> Option<Self> {
        let context = zmq_ctx_new();
        let socket = zmq_socket(context, kind);
        (!socket.is_null()).then_some(Self { context, socket })
    }

    fn set(&self, option: c_int, value: &[u8]) -> Result<(), Errno> {
        // SAFETY: the octets are there for the time of the call.
        let answer = unsafe { zmq_setsockopt(self.socket, option, value.as_ptr().cast(), value.len()) };
        if answer == 0 { Ok(()) } else { Err(Errno::get()) }
    }

    fn get(&self, option: c_int, room: usize) -> Result<Vec<u8>, Errno> {
        let (mut value, mut length) = (vec![0; room], room);
        // SAFETY: there is so much room.
        let answer =
            unsafe { zmq_getsockopt(self.socket, option, value.as_mut_ptr().cast(), &raw mut length) };
        value.truncate(length);
        if answer == 0 { Ok(value) } else { Err(Errno::get()) }
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        zmq_close(self.socket);
        zmq_ctx_term(self.context);
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Works => "works",
        State::Differs => "differs",
        State::NotSupported => "not supported",
    }
}

fn row(out: &mut String, cells: &[&str]) {
    writeln!(out, "| {} |", cells.join(" | ")).unwrap();
}

fn head(out: &mut String, title: &str, columns: &[&str]) {
    writeln!(out, "\n## {title}\n").unwrap();
    row(out, columns);
    row(out, &vec!["---"; columns.len()]);
}

fn functions(out: &mut String) {
    head(out, "Functions", &["function", "part", "state", "remark"]);
    let mut lines = data("functions.txt");
    lines.sort();
    let exported = exported(&library_folder().join("libzmq.so"));
    for line in &lines {
        if !exported.contains(&line[0]) {
            row(out, &[&format!("`{}`", line[0]), &line[1], word(State::NotSupported), "not exported yet"]);
            continue;
        }
        let note = FUNCTIONS.iter().find(|(name, ..)| *name == line[0]);
        let (state, remark) = note.map_or((State::Works, ""), |(_, state, remark)| (*state, *remark));
        row(out, &[&format!("`{}`", line[0]), &line[1], word(state), remark]);
    }
    for (name, ..) in FUNCTIONS {
        assert!(lines.iter().any(|line| line[0] == *name), "{name} is none of libzmq's functions");
    }
}

fn context_options(out: &mut String) {
    head(out, "Options of contexts", &["no", "option", "get, set", "default", "state", "remark"]);
    let context = zmq_ctx_new();
    for (number, name, readable, writable) in ENTRIES {
        let note = CONTEXT_OPTIONS.iter().find(|(noted, ..)| noted == name);
        let (state, remark) = note.map_or((State::Works, ""), |(_, state, remark)| (*state, *remark));
        let default = if *readable { zmq_ctx_get(context, *number).to_string() } else { String::new() };
        let ways = ways(*readable, *writable);
        row(out, &[&number.to_string(), &format!("`{name}`"), ways, &default, word(state), remark]);
    }
    zmq_ctx_term(context);
}

fn ways(readable: bool, writable: bool) -> &'static str {
    match (readable, writable) {
        (true, true) => "get, set",
        (true, false) => "get",
        (false, true) => "set",
        (false, false) => "",
    }
}

fn default(socket: &Fresh, option: c_int, form: &str) -> String {
    let number = |octets: Vec<u8>| match octets.len() {
        4 => i32::from_ne_bytes(octets.try_into().unwrap()).to_string(),
        _ => i64::from_ne_bytes(octets.try_into().unwrap()).to_string(),
    };
    match form {
        "int" if matches!(option, 14..=16) => String::new(),
        "int" => socket.get(option, 4).map(number).unwrap_or_default(),
        "uint64" | "int64" => number(socket.get(option, 8).unwrap()),
        "key" => "zeros".to_owned(),
        _ => {
            let text = socket.get(option, 256).unwrap_or_default();
            assert!(text.iter().all(|octet| *octet == 0), "{option} is empty at first");
            "empty".to_owned()
        }
    }
}

fn socket_options(out: &mut String) {
    let columns = ["no", "option", "get, set", "type", "default", "state", "remark"];
    head(out, "Options of sockets", &columns);
    let mut rows = BTreeMap::new();
    let socket = Fresh::new(0).unwrap();
    let publisher = Fresh::new(1).unwrap();
    for entry in entries() {
        let note = SOCKET_OPTIONS.iter().find(|(number, ..)| *number == entry.number);
        let (state, remark) = note.map_or((State::Works, ""), |(_, state, remark)| (*state, *remark));
        let form = FORMS.iter().find(|(number, _)| *number == entry.number).map_or("int", |(_, form)| *form);
        let asked = if entry.number == 116 { &publisher } else { &socket };
        let default = if entry.is_readable() { default(asked, entry.number, form) } else { String::new() };
        let ways = ways(entry.is_readable(), entry.is_writable());
        let cells = [ways, form, &default, word(state), remark].map(str::to_owned);
        assert!(rows.insert(entry.number, (entry.name, cells)).is_none(), "{} twice", entry.name);
    }
    for (number, name, answer) in ABSENT_OPTIONS {
        let cells = ["", "", "", word(State::NotSupported), answer].map(str::to_owned);
        assert!(rows.insert(*number, (name, cells)).is_none(), "{name} is there");
    }
    let constants = data("constants.txt");
    for (number, (name, cells)) in &rows {
        let listed = constants.iter().find(|line| line[0] == *name);
        assert_eq!(listed.map(|line| &line[1]), Some(&number.to_string()), "{name}");
        let mut all = vec![number.to_string(), format!("`{name}`")];
        all.extend_from_slice(cells);
        row(out, &all.iter().map(String::as_str).collect::<Vec<_>>());
    }
    // 113 numbers, of which ZMQ_BLOCKY is an option of contexts.
    assert_eq!(rows.len(), 112);
    for (number, ..) in SOCKET_OPTIONS {
        assert!(rows.contains_key(number), "there is no option {number} to remark on");
    }
}

fn socket_types(out: &mut String) {
    head(out, "Socket types", &["no", "type", "state"]);
    for (number, name) in TYPES {
        let state = if Fresh::new(*number).is_some() { "works" } else { "not supported: EINVAL" };
        row(out, &[&number.to_string(), name, state]);
    }
}

fn transports(out: &mut String) {
    head(out, "Transports", &["transport", "state", "remark"]);
    for (name, state, remark) in TRANSPORTS {
        row(out, &[name, word(*state), remark]);
    }
}

#[test]
fn the_page_says_what_the_library_does() {
    let mut page = INTRODUCTION.to_owned();
    functions(&mut page);
    context_options(&mut page);
    socket_options(&mut page);
    socket_types(&mut page);
    transports(&mut page);
    let file = here().join("../../docs/compatibility.md");
    if std::env::var_os("WRITE_DOCS").is_some() {
        fs::write(&file, &page).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    let first = written.lines().zip(page.lines()).find(|(written, page)| written != page);
    assert!(
        written == page,
        "docs/compatibility.md is not up to date: WRITE_DOCS=1 writes it anew\n{first:#?}"
    );
}

#[test]
fn what_is_not_supported_answers_so() {
    for (kind, _) in TYPES {
        let Some(socket) = Fresh::new(*kind) else { continue };
        for (number, name, _) in ABSENT_OPTIONS {
            for value in [&1_i32.to_ne_bytes()[..], &1_i64.to_ne_bytes()[..], b"text"] {
                assert_eq!(socket.set(*number, value), Err(Errno::EINVAL), "{name}");
            }
            for room in [4, 8, 256] {
                assert_eq!(socket.get(*number, room), Err(Errno::EINVAL), "{name}");
            }
        }
    }
    let socket = Fresh::new(1).unwrap();
    for (name, ..) in TRANSPORTS.iter().filter(|(_, state, _)| *state == State::NotSupported) {
        let endpoint = CString::new(format!("{name}://127.0.0.1:5555")).unwrap();
        // SAFETY: the text ends with a zero.
        let answers = unsafe {
            [zmq_bind(socket.socket, endpoint.as_ptr()), zmq_connect(socket.socket, endpoint.as_ptr())]
        };
        assert_eq!((answers, Errno::get()), ([-1; 2], Errno::EPROTONOSUPPORT), "{name}");
    }
    // SAFETY: null is allowed.
    let nothing = unsafe { zmq_bind(socket.socket, null()) };
    assert_eq!(nothing, -1);
}
