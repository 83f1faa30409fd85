//! Which examples and claims there are, and why some have no program here.

use std::collections::BTreeSet;

/// The introductions and how many examples each has, in C or Python.
const EXAMPLES: [(&str, u32); 5] = [("E0", 10), ("E1", 33), ("E2", 66), ("E3", 33), ("E4", 7)];

/// Examples without a program. 38 more are only named in the introductions, without their code: the Guide's patterns, which
/// have a room of their own.
const EXCUSED: &[(&str, &str)] = &[
    ("E2.2", "C++ over a binding of its own; the same as E2.1, which is shown"),
    ("E3.12", "command lines for valgrind; `whole_api` runs under it"),
];

/// Claims about 2.x, and about what changed since, that are not shown by a program here: what holds today, and where it is
/// shown.
const OLD_CLAIMS: &[(&str, &str)] = &[
    ("C31", "a second peer of a name is not let in, or takes over with ZMQ_ROUTER_HANDOVER: options_act"),
    ("C32", "nothing is kept for a name that is gone: zeroxide's tests `memory` and `let_go`"),
    (
        "C54",
        "the queue for a slow subscriber is bounded, and what is above is dropped: zeroxide's `high_water_mark`",
    ),
    ("C55", "publishers filter, for tcp and ipc, since 3.x: zeroxide's `pub_sub`"),
    ("C115", "ipc on Windows: not of this system"),
    (
        "C135",
        "sockets of every type may be used by several threads at once: `extremes`, and zeroxide's `threads`",
    ),
    ("C138", "a PAIR lets one peer in: zeroxide's `pair`"),
    ("C139", "a PAIR connects again, over tcp: zeroxide's `pair` and `reconnect`"),
    ("C144", "types that do not belong together are refused by the handshake: zeroxide's `interop_versions`"),
    ("C162", "XPUB, RADIO and a ROUTER that is not mandatory drop as well: zeroxide's `high_water_mark`"),
    ("C168", "history: there is no durable subscriber whose queue could grow"),
    ("C171", "history: there is no swap"),
    ("C172", "history: there is no durability"),
];

/// The claims that concern 2.x: by their verdict they changed, were removed, or are history.
const ABOUT_TWO: &[u32] = &[
    27, 31, 32, 54, 55, 112, 113, 115, 130, 132, 135, 136, 138, 139, 141, 144, 146, 162, 163, 164, 165, 166,
    167, 168, 169, 170, 171, 172,
];

/// Fails for what is neither shown nor excused, and for reasons that are none.
pub(crate) fn check(shown: &[&str]) {
    let shown: BTreeSet<&str> = shown.iter().flat_map(|ids| ids.split(' ')).collect();
    let listed: BTreeSet<String> = EXAMPLES
        .iter()
        .flat_map(|(seed, count)| (1..=*count).map(move |number| format!("{seed}.{number}")))
        .collect();
    let claims: BTreeSet<String> = ABOUT_TWO.iter().map(|number| format!("C{number}")).collect();
    let reasons: BTreeSet<&str> = EXCUSED.iter().chain(OLD_CLAIMS).map(|(id, _)| *id).collect();
    for id in listed.iter().chain(&claims) {
        assert!(
            shown.contains(id.as_str()) || reasons.contains(id.as_str()),
            "{id} is not shown, and nothing says why"
        );
    }
    for id in &reasons {
        assert!(!shown.contains(id), "{id} is shown: it needs no reason");
        assert!(listed.contains(*id) || claims.contains(*id), "{id} is not asked for");
    }
    for id in shown.iter().filter(|id| id.starts_with('E')) {
        assert!(listed.contains(*id), "there is no example {id}");
    }
}
