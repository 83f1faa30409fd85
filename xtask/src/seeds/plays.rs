//! Which programs run together, and what the documents say that they then print.

/// Programs that run at the same time on one machine.
pub(super) struct Play {
    pub(super) name: &'static str,
    /// Started in this order. The document whose program has the first part is the one that the play is of.
    pub(super) parts: &'static [Part],
    /// What of it the library does not have: the play shows the rest.
    pub(super) excused: &'static str,
}

/// One of them.
pub(super) struct Part {
    pub(super) role: &'static str,
    /// How many there are; each with its own arguments, if it has any.
    pub(super) arguments: &'static [&'static [&'static str]],
    /// Whether it waits for the Enter key.
    pub(super) enter: bool,
    /// Whether it comes to an end by itself.
    pub(super) ends: bool,
    /// What each of them prints.
    pub(super) says: &'static [Line],
}

/// A line, in the wordings that editions of the program have: `#` is a number or an identity, `*` anything.
pub(super) struct Line {
    pub(super) any: &'static [&'static str],
    pub(super) times: usize,
}

const fn line(times: usize, any: &'static [&'static str]) -> Line {
    Line { any, times }
}

const ONE: &[&[&str]] = &[&[]];
const TWO: &[&[&str]] = &[&[], &[]];
const THREE: &[&[&str]] = &[&[], &[], &[]];
const FOUR: &[&[&str]] = &[&[], &[], &[], &[]];
const TEN: &[&[&str]] = &[&[], &[], &[], &[], &[], &[], &[], &[], &[], &[]];

/// Runs until it is stopped. So do programs that do not close all their sockets: zmq_term waits for them, since 2.1.
const fn part(
    role: &'static str,
    arguments: &'static [&'static [&'static str]],
    says: &'static [Line],
) -> Part {
    Part { role, arguments, enter: false, ends: false, says }
}

/// Comes to its end.
const fn ending(
    role: &'static str,
    arguments: &'static [&'static [&'static str]],
    says: &'static [Line],
) -> Part {
    Part { role, arguments, enter: false, ends: true, says }
}

/// The same, and waits for Enter before.
const fn waiting(
    role: &'static str,
    ends: bool,
    arguments: &'static [&'static [&'static str]],
    says: &'static [Line],
) -> Part {
    Part { role, arguments, enter: true, ends, says }
}

const fn play(name: &'static str, parts: &'static [Part]) -> Play {
    Play { name, parts, excused: "" }
}

const REPLIES: &[Line] =
    &[line(10, &["Received reply # [World]", "Received reply #: [World]", "Received World #"])];
const COSTS: &[Line] = &[line(1, &["Total expected cost: # msec"])];
const TOOK: &[Line] = &[line(1, &["Total elapsed time: # msec"])];
const MEAN: &[Line] = &[line(1, &["Average temperature for zipcode '10001 ' was *F"])];
const PROXIED: &[&[&str]] = &[&["tcp://10.1.1.0:8100"]];
const REQUESTS: &[Line] = &[line(5, &["Received request: [Hello]"])];
const PIRATE: &[Line] = &[line(1, &["I: connecting to server..."]), line(3, &["I: server replied OK (#)"])];
const LRU: &[Line] = &[line(10, &["Worker: HELLO"]), line(10, &["Client: OK"])];

pub(super) const PLAYS: &[Play] = &[
    play(
        "a question and an answer",
        &[
            part("hwserver", ONE, &[line(10, &["Received request: [Hello]", "Received Hello"])]),
            ending("hwclient", ONE, REPLIES),
        ],
    ),
    play(
        "questions without an end",
        &[
            part("hwserver of the notes", ONE, &[line(4, &["Request: Hello"])]),
            part("hwclient of the notes", ONE, &[line(3, &["Reply: World"])]),
        ],
    ),
    play("the version", &[ending("version", ONE, &[line(1, &["Current 0MQ version is #.#.#"])])]),
    play("weather for all", &[part("wuserver", ONE, &[]), ending("wuclient", ONE, MEAN)]),
    play(
        "weather for two places",
        &[
            part("wuserver of the notes", ONE, &[line(3, &["send # *"])]),
            part("wuclient of the notes", ONE, &[line(1, &["8 * #", "5 * #"])]),
        ],
    ),
    play(
        "work in parallel",
        &[ending("tasksink", ONE, TOOK), part("taskwork", FOUR, &[]), waiting("taskvent", true, ONE, COSTS)],
    ),
    play(
        "a reader of two sockets",
        &[
            part("msreader", ONE, &[]),
            part("wuserver", ONE, &[]),
            part("tasksink", ONE, &[]),
            waiting("taskvent", true, ONE, COSTS),
        ],
    ),
    play(
        "a poller of two sockets",
        &[
            part("mspoller", ONE, &[]),
            part("wuserver", ONE, &[]),
            part("tasksink", ONE, &[]),
            waiting("taskvent", true, ONE, COSTS),
        ],
    ),
    play(
        "work that ends",
        &[
            ending("tasksink2", ONE, TOOK),
            ending("taskwork2", FOUR, &[]),
            waiting("taskvent", true, ONE, COSTS),
        ],
    ),
    play(
        "weather for another network",
        &[
            part("wuproxy", ONE, &[]),
            part("wuserver", ONE, &[]),
            ending("listener", PROXIED, &[line(100, &["# * #"])]),
        ],
    ),
    play(
        "a broker",
        &[part("rrbroker", ONE, &[]), part("rrworker", ONE, REQUESTS), ending("rrclient", ONE, REPLIES)],
    ),
    play(
        "a queue",
        &[part("msgqueue", ONE, &[]), part("rrworker", ONE, REQUESTS), ending("rrclient", ONE, REPLIES)],
    ),
    play(
        "a broker of the notes",
        &[
            part("rrbroker of the notes", ONE, &[]),
            part("rrworker of the notes", ONE, &[line(20, &["Request: Hello"])]),
            ending("rrclient of the notes", TWO, &[line(10, &["Reply[#]: World"])]),
        ],
    ),
    play(
        "all publishers for all subscribers",
        &[
            part("proxy", ONE, &[]),
            part("sub1", TWO, &[line(2, &["puber1 # * #"]), line(2, &["puber2 # * #"])]),
            part("pub1", ONE, &[line(2, &["send puber1 # * #"])]),
            part("pub2", ONE, &[line(2, &["send puber2 # * #"])]),
        ],
    ),
    play("a server of threads", &[part("mtserver", ONE, REQUESTS), ending("hwclient", THREE, REPLIES)]),
    play("a relay of threads", &[part("mtrelay", ONE, &[line(1, &["Test successful!"])])]),
    play(
        "a publisher that waits for its subscribers",
        &[part("syncpub", ONE, &[]), ending("syncsub", TEN, &[line(1, &["Received 1000000 updates"])])],
    ),
    play(
        "envelopes",
        &[part("psenvpub", ONE, &[]), part("psenvsub", ONE, &[line(3, &["[B] We would like to see this"])])],
    ),
    Play {
        name: "a durable subscriber",
        parts: &[ending("durapub", ONE, &[]), part("durasub", ONE, UPDATES)],
        excused: "runs through; what it missed while it was away is not kept (durable sockets)",
    },
    Play {
        name: "a durable subscriber and a swap",
        parts: &[ending("durapub2", ONE, &[]), part("durasub", ONE, UPDATES)],
        excused: "runs through; what it missed while it was away is not kept (durable sockets, swap)",
    },
    play(
        "identities",
        &[part(
            "identity",
            ONE,
            &[
                line(2, &["----------------------------------------"]),
                line(1, &["[017] 00#"]),
                line(1, &["[026] XREP uses a generated UUID"]),
                line(1, &["[005] Hello"]),
                line(2, &["[000]"]),
                line(1, &["[038] XREP socket uses REQ's socket identity"]),
            ],
        )],
    ),
    play(
        "routing to dealers",
        &[part("rtdealer", ONE, &[line(1, &["A received: #"]), line(1, &["B received: #"])])],
    ),
    play("routing to mamas", &[part("rtmama", ONE, &[line(10, &["Processed: # tasks"])])]),
    play(
        "routing to papas",
        &[part(
            "rtpapa",
            ONE,
            &[
                line(1, &["[020] This is the workload"]),
                line(1, &["[001] A"]),
                line(1, &["[009] address 3"]),
                line(1, &["[009] address 2"]),
                line(1, &["[009] address 1"]),
                line(1, &["[000]"]),
                line(1, &["[017] This is the reply"]),
            ],
        )],
    ),
    play("the least recently used", &[part("lruqueue", ONE, LRU)]),
    play("a class of messages", &[part("testmsg", ONE, &[line(1, &[" * zmsg: OK"])])]),
    play("a server that answers when it likes", &[part("asyncsrv", ONE, &[line(5, &["#: request *#"])])]),
    play(
        "two routers",
        &[ending(
            "rtrouter",
            ONE,
            &[
                line(1, &["[006] SERVER"]),
                line(1, &["[014] send to worker"]),
                line(1, &["[006] WORKER"]),
                line(2, &["[000]"]),
                line(1, &["[014] send to server"]),
            ],
        )],
    ),
    play(
        "brokers that tell their state",
        &[part(
            "peering1",
            &[&["DC1", "DC2", "DC3"], &["DC2", "DC1", "DC3"], &["DC3", "DC1", "DC2"]],
            &[line(1, &["I: preparing broker at DC#..."]), line(3, &["DC# - # workers free"])],
        )],
    ),
    play(
        "brokers that pass on tasks",
        &[waiting(
            "peering2",
            false,
            &[&["me", "you"], &["you", "me"]],
            &[line(1, &["I: preparing broker at #..."]), line(10, &["I: client status: OK - #"])],
        )],
    ),
    play(
        "brokers with state and tasks",
        &[part(
            "peering3",
            &[&["DC1", "DC2", "DC3"], &["DC2", "DC1", "DC3"], &["DC3", "DC1", "DC2"]],
            &[line(1, &["I: preparing broker at DC#..."]), line(1, &["I: route request # to cloud..."])],
        )],
    ),
    play(
        "the lazy pirate",
        &[
            part("lpserver", ONE, &[line(3, &["I: normal request (#)"])]),
            part("lpclient", ONE, &[line(3, &["I: server replied OK (#)"])]),
        ],
    ),
    play(
        "the simple pirate",
        &[
            part("spqueue", ONE, &[]),
            part("spworker", TWO, &[line(1, &["I: (#) worker ready"])]),
            part("lpclient", ONE, PIRATE),
        ],
    ),
    Play {
        name: "the paranoid pirate",
        parts: &[
            part("ppqueue", ONE, &[]),
            part(
                "ppworker",
                FOUR,
                &[line(1, &["I: (#) worker ready"]), line(3, &["I: (#) worker heartbeat"])],
            ),
            part("lpclient", ONE, &[line(1, &["I: connecting to server..."])]),
        ],
        excused: "heartbeats only; this queue sends four parts and this worker takes three: an error of the document, \
                  with any library",
    },
];

/// The first may be missed: nothing is kept for who is still coming.
const UPDATES: &[Line] = &[line(8, &["Update #"]), line(1, &["END"])];

/// Whether a text holds a line of this wording.
pub(super) fn matches(text: &str, wording: &str) -> bool {
    (0..=text.len()).filter_map(|start| text.get(start..)).any(|rest| begins(rest, wording))
}

fn begins(text: &str, wording: &str) -> bool {
    let Some(first) = wording.chars().next() else { return true };
    let after = wording.get(first.len_utf8()..).unwrap_or_default();
    let of_a_number = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    match first {
        '*' => matches(text, after),
        '#' => {
            let length = text.chars().take_while(|letter| of_a_number(*letter)).count();
            (1..=length).rev().any(|length| begins(text.get(length..).unwrap_or_default(), after))
        }
        _ => text.strip_prefix(first).is_some_and(|rest| begins(rest, after)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wordings_leave_room_for_numbers_and_identities() {
        assert!(matches("I: (0A3F-11B2) worker ready", "I: (#) worker ready"));
        assert!(matches("00A1: request #3", "#: request *"));
        assert!(matches("Received reply 3 [World]", "Received reply # [World]"));
        assert!(!matches("Received reply [World]", "Received reply # [World]"));
        assert!(matches("zipcode '10001 ' was -3F", "'10001 ' was *F"));
    }

    #[test]
    fn every_part_is_a_role() {
        let known = |role: &str| role == "listener" || super::super::roles::is_known(role);
        for part in PLAYS.iter().flat_map(|play| play.parts) {
            assert!(known(part.role), "{}", part.role);
        }
    }
}
