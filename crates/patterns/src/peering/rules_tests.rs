use super::*;
use crate::balance::Dialect;
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

/// A broker with simple workers, and what it wants to send.
struct Stage {
    broker: Peering,
    now: Instant,
    out: Vec<Outgoing>,
}

fn options() -> PeeringOptions {
    let local = BalancerOptions { dialect: Dialect::Simple, ..BalancerOptions::default() };
    PeeringOptions { local, ..PeeringOptions::default() }
}

fn stage(options: PeeringOptions) -> Stage {
    let now = Instant::now();
    Stage { broker: Peering::new("DC1", options, 7, now), now, out: Vec::new() }
}

fn peer(name: &str) -> Frame {
    Frame::from(name)
}

impl Stage {
    fn with_peers(options: PeeringOptions, peers: &[&str]) -> Self {
        let mut stage = stage(options);
        for name in peers {
            stage.broker.add_peer(&peer(name), stage.now, &mut stage.out);
        }
        stage.out.clear();
        stage
    }

    fn client(&mut self, body: &str) -> Vec<Outgoing> {
        self.broker.from_client(Message::from(["client", "", body]), self.now, &mut self.out);
        self.sent()
    }

    fn asker(&mut self, body: &str) -> Vec<Outgoing> {
        self.broker.from_asker(Message::from(["DC9", "their client", "", body]), self.now, &mut self.out);
        self.sent()
    }

    fn worker(&mut self, name: &str) -> Vec<Outgoing> {
        self.broker.from_worker(Message::from([name, "", "READY"]), self.now, &mut self.out);
        self.sent()
    }

    fn state(&mut self, name: &str, capacity: &str) -> Vec<Outgoing> {
        self.broker.from_state(&peer(name), &Message::from([name, capacity]), self.now, &mut self.out);
        self.sent()
    }

    fn pass(&mut self, time: Duration) -> Vec<Outgoing> {
        self.now += time;
        self.broker.tick(self.now, &mut self.out);
        self.sent()
    }

    /// The answer of whoever was given this.
    fn answered(&mut self, order: &Outgoing) -> Vec<Outgoing> {
        match order.clone() {
            Outgoing::ToWorker(mut message) => {
                message.push_back("done");
                self.broker.from_worker(message, self.now, &mut self.out);
            }
            Outgoing::ToPeer { peer, mut message, .. } => {
                message.push_back("done");
                self.broker.from_peer(&peer, message, self.now, &mut self.out);
            }
            other => panic!("nobody answers {other:?}"),
        }
        self.sent()
    }

    /// What it wants to send, without its state.
    fn sent(&mut self) -> Vec<Outgoing> {
        let out = std::mem::take(&mut self.out);
        out.into_iter().filter(|out| !matches!(out, Outgoing::State(_))).collect()
    }
}

/// The peer that a request goes to, and its number.
fn to_peer(out: &[Outgoing]) -> (&Frame, u64) {
    match out {
        [Outgoing::ToPeer { peer, number, .. }] => (peer, *number),
        other => panic!("not one request for a peer: {other:?}"),
    }
}

#[test]
fn what_peers_have_used_up_is_told_again_at_once() {
    let mut stage = Stage::with_peers(options(), &["DC9"]);
    stage.worker("w");
    stage.pass(options().pace);
    let tick = |stage: &mut Stage| {
        stage.broker.tick(stage.now, &mut stage.out);
        std::mem::take(&mut stage.out)
    };
    let free = |count: &str| vec![Outgoing::State(Message::from(["DC1", count]))];
    // No time passes: not a beat, and not the pause between two states.
    for round in 0..20 {
        let at_worker = stage.asker("task");
        assert!(matches!(at_worker[..], [Outgoing::ToWorker(_)]), "{at_worker:?}");
        assert_eq!(tick(&mut stage), [], "round {round}: nobody is free, which has time");
        stage.answered(&at_worker[0]);
        assert_eq!(stage.broker.next_tick().max(stage.now), stage.now);
        assert_eq!(tick(&mut stage), free("1"), "round {round}");
        assert_eq!(tick(&mut stage), [], "once");
    }
    // With two workers every second request uses up what was told.
    stage.worker("v");
    stage.pass(options().pace);
    for round in 0..20 {
        let at_worker = stage.asker("task");
        stage.answered(&at_worker[0]);
        assert_eq!(tick(&mut stage), if round % 2 == 1 { free("2") } else { vec![] }, "round {round}");
    }
}

#[test]
fn a_peer_is_asked_only_when_no_worker_is_free() {
    let mut stage = Stage::with_peers(options(), &["DC2"]);
    stage.state("DC2", "5");
    assert!(stage.worker("w").is_empty());
    let at_worker = stage.client("1");
    assert!(matches!(at_worker[..], [Outgoing::ToWorker(_)]), "{at_worker:?}");
    let at_peer = stage.client("2");
    assert_eq!(to_peer(&at_peer).0, "DC2");
    assert_eq!(stage.answered(&at_peer[0]), [Outgoing::ToClient(Message::from(["client", "", "2", "done"]))]);
    assert_eq!(
        stage.answered(&at_worker[0]),
        [Outgoing::ToClient(Message::from(["client", "", "1", "done"]))]
    );
    let statistics = stage.broker.statistics();
    assert_eq!((statistics.replies, statistics.exported, statistics.working), (2, 1, 0));
}

#[test]
fn frames_are_those_of_the_guide() {
    let mut stage = Stage::with_peers(options(), &["DC2"]);
    stage.state("DC2", "1");
    let exported = stage.client("HELLO");
    let number = Frame::from([7u64.to_be_bytes(), 0u64.to_be_bytes()].concat());
    let wanted = Message::from_frames(["DC2".into(), number.clone(), "".into(), "HELLO".into()]);
    assert_eq!(exported, [Outgoing::ToPeer { peer: peer("DC2"), number: 0, message: wanted }]);
    stage.answered(&exported[0]);
    stage.worker("w");
    let number = Frame::from([7u64.to_be_bytes(), 1u64.to_be_bytes()].concat());
    let imported = stage.asker("task");
    let order = Message::from_frames(["w".into(), "".into(), number, "".into(), "task".into()]);
    assert_eq!(imported, [Outgoing::ToWorker(order)]);
    let wanted = Message::from(["DC9", "their client", "", "task", "done"]);
    assert_eq!(stage.answered(&imported[0]), [Outgoing::ToAsker(wanted)]);
    stage.broker.tick(stage.now + SECOND, &mut stage.out);
    assert_eq!(stage.out, [Outgoing::State(Message::from(["DC1", "1"]))]);
}

#[test]
fn what_came_from_a_peer_never_goes_out_again() {
    let mut stage = Stage::with_peers(options(), &["DC2"]);
    stage.state("DC2", "5");
    assert!(stage.asker("theirs").is_empty());
    assert_eq!(to_peer(&stage.client("ours")).0, "DC2");
    assert!(stage.state("DC2", "5").is_empty() && stage.pass(SECOND).is_empty());
    assert!(matches!(stage.worker("w")[..], [Outgoing::ToWorker(_)]));
}

#[test]
fn a_peer_that_is_silent_is_asked_nothing_whatever_it_said() {
    let mut stage = Stage::with_peers(options(), &["DC2", "DC3"]);
    stage.state("DC2", "1000");
    stage.pass(2 * SECOND);
    stage.state("DC3", "1");
    stage.pass(SECOND);
    assert_eq!(to_peer(&stage.client("1")).0, "DC3", "the other was heard three seconds ago");
    assert!(stage.client("2").is_empty());
    let statistics = stage.broker.statistics();
    assert_eq!((statistics.peers_lost, statistics.waiting), (1, 1));
    assert!(!statistics.peers[0].is_heard && statistics.peers[0].capacity == 0);
    assert_eq!(to_peer(&stage.state("DC2", "1")).0, "DC2", "it is back");
}

#[test]
fn of_several_peers_the_one_that_can_do_most_is_asked_and_equals_in_turn() {
    let mut stage = Stage::with_peers(options(), &["DC2", "DC3", "DC4"]);
    for (name, capacity) in [("DC2", "1"), ("DC3", "3"), ("DC4", "1")] {
        stage.state(name, capacity);
    }
    let asked: Vec<String> =
        (0..5).map(|_| to_peer(&stage.client("x")).0.as_str().unwrap().to_owned()).collect();
    assert_eq!(asked, ["DC3", "DC3", "DC4", "DC2", "DC3"]);
    assert!(stage.client("x").is_empty(), "each was given what it said it takes");
    assert_eq!(
        stage.broker.statistics().peers.iter().map(|peer| peer.working).collect::<Vec<_>>(),
        [1, 3, 1]
    );
}

#[test]
fn what_cannot_be_sent_to_a_peer_stays_and_goes_to_another() {
    let mut stage = Stage::with_peers(options(), &["DC2", "DC3"]);
    stage.state("DC2", "2");
    stage.state("DC3", "1");
    let (_, number) = to_peer(&stage.client("1"));
    stage.broker.unsent(number, stage.now, &mut stage.out);
    let second = stage.sent();
    assert_eq!(to_peer(&second).0, "DC3");
    let number = to_peer(&second).1;
    stage.broker.unsent(number, stage.now, &mut stage.out);
    assert!(stage.sent().is_empty());
    assert!(
        matches!(stage.worker("w")[..], [Outgoing::ToWorker(_)]),
        "it was not tried yet, and so is not lost"
    );
    assert_eq!((stage.broker.statistics().unsent, stage.broker.statistics().exported), (2, 0));
}

#[test]
fn an_answer_counts_only_from_whoever_has_the_request_and_once() {
    let mut stage = Stage::with_peers(options(), &["DC2", "DC3"]);
    stage.state("DC2", "1");
    let exported = stage.client("1");
    let Outgoing::ToPeer { message, .. } = &exported[0] else { panic!("{exported:?}") };
    let mut other = message.clone();
    other.pop_front();
    other.push_front("DC3");
    stage.broker.from_peer(&peer("DC3"), other, stage.now, &mut stage.out);
    assert!(stage.sent().is_empty(), "it was not asked");
    let past = Frame::from([6u64.to_be_bytes(), 0u64.to_be_bytes()].concat());
    let past = Message::from_frames(["DC2".into(), past, "".into(), "of an earlier life".into()]);
    stage.broker.from_peer(&peer("DC2"), past, stage.now, &mut stage.out);
    assert!(stage.sent().is_empty());
    assert_eq!(stage.answered(&exported[0]).len(), 1);
    assert!(stage.answered(&exported[0]).is_empty(), "it was answered");
    assert_eq!(stage.broker.statistics().stray, 3);
}

#[test]
fn a_request_is_lost_with_its_peer_or_goes_to_a_worker_if_it_may() {
    let mut once = options();
    once.local.refusal = Some("come again".into());
    let mut stage = Stage::with_peers(once, &["DC2"]);
    stage.state("DC2", "1");
    stage.client("1");
    stage.broker.remove_peer(&peer("DC2"), stage.now, &mut stage.out);
    assert_eq!(stage.sent(), [Outgoing::ToClient(Message::from(["client", "", "come again"]))]);
    assert_eq!(stage.broker.statistics().given_up, 1);

    let mut twice = options();
    twice.local.attempts = 2;
    let mut stage = Stage::with_peers(twice, &["DC2"]);
    stage.state("DC2", "1");
    let exported = stage.client("1");
    // It falls silent, and a worker is free.
    stage.pass(SECOND);
    stage.pass(2 * SECOND);
    let repeated = stage.worker("w");
    assert!(matches!(repeated[..], [Outgoing::ToWorker(_)]), "{repeated:?}");
    assert!(stage.answered(&exported[0]).is_empty(), "too late: another has it");
    assert_eq!(stage.answered(&repeated[0]).len(), 1);
    let statistics = stage.broker.statistics();
    assert_eq!((statistics.repeated, statistics.replies, statistics.stray), (1, 1, 1));
}

#[test]
fn a_peer_that_is_only_silent_may_still_answer_what_cannot_be_tried_again() {
    let mut stage = Stage::with_peers(options(), &["DC2"]);
    stage.state("DC2", "1");
    let exported = stage.client("1");
    stage.pass(10 * SECOND);
    assert_eq!(stage.broker.statistics().peers_lost, 1);
    assert_eq!(stage.answered(&exported[0]).len(), 1);
    stage.state("DC2", "1");
    let exported = stage.client("2");
    stage.pass(60 * SECOND);
    assert!(stage.answered(&exported[0]).is_empty(), "a minute is over");
    assert_eq!((stage.broker.statistics().given_up, stage.broker.statistics().working), (1, 0));
}

#[test]
fn a_worker_that_is_over_its_limit_loses_its_request() {
    let mut options = options();
    options.local.attempts = 2;
    let mut stage = stage(options);
    stage.worker("w");
    let first = stage.asker("1");
    assert_eq!(first.len(), 1);
    stage.pass(60 * SECOND);
    assert_eq!((stage.broker.statistics().waiting, stage.broker.statistics().workers), (1, 0));
    let second = stage.worker("other");
    assert!(matches!(second[..], [Outgoing::ToWorker(_)]), "{second:?}");
    stage.pass(60 * SECOND);
    let counts = stage.broker.statistics();
    assert_eq!((counts.workers_lost, counts.repeated, counts.given_up, counts.waiting), (2, 1, 1, 0));
}

#[test]
fn queues_are_bounded_in_number_and_time() {
    let mut few = PeeringOptions { waiting_imports: 1, ..options() };
    few.local.waiting_requests = 2;
    few.local.refusal = Some("no".into());
    let mut stage = stage(few);
    let refused = Outgoing::ToClient(Message::from(["client", "", "no"]));
    assert!(stage.client("1").is_empty() && stage.client("2").is_empty());
    assert_eq!(stage.client("3"), std::slice::from_ref(&refused));
    assert!(stage.asker("1").is_empty() && stage.asker("2").is_empty());
    assert_eq!((stage.broker.statistics().refused, stage.broker.statistics().waiting), (2, 3));
    assert_eq!(stage.pass(30 * SECOND), [refused.clone(), refused]);
    assert_eq!((stage.broker.statistics().expired, stage.broker.statistics().waiting), (3, 0));
}

#[test]
fn the_oldest_is_next_whoever_sent_it() {
    let mut stage = stage(options());
    stage.client("1");
    stage.now += SECOND;
    stage.asker("2");
    stage.now += SECOND;
    stage.client("3");
    let bodies: Vec<_> = ["a", "b", "c"]
        .map(|worker| match &stage.worker(worker)[..] {
            [Outgoing::ToWorker(message)] => message.iter().next_back().cloned(),
            other => panic!("{other:?}"),
        })
        .into();
    assert_eq!(bodies, ["1", "2", "3"].map(|body| Some(Frame::from(body))));
}

#[test]
fn the_state_is_told_when_it_changes_and_now_and_then_and_nobody_is_flooded() {
    let mut stage = stage(PeeringOptions { pace: Duration::from_millis(10), ..options() });
    let told = |stage: &mut Stage, after: u64| {
        stage.now += Duration::from_millis(after);
        stage.broker.tick(stage.now, &mut stage.out);
        let out = std::mem::take(&mut stage.out);
        let states = out.into_iter().filter_map(|out| match out {
            Outgoing::State(state) => Some(state[1].as_str().unwrap().to_owned()),
            _ => None,
        });
        states.collect::<Vec<_>>()
    };
    assert_eq!(told(&mut stage, 0), ["0"]);
    stage.worker("a");
    assert_eq!(told(&mut stage, 9), Vec::<String>::new(), "it was told 9 ms ago");
    assert_eq!(stage.broker.next_tick(), stage.now + Duration::from_millis(1));
    assert_eq!(told(&mut stage, 1), ["1"]);
    assert_eq!(told(&mut stage, 999), Vec::<String>::new());
    assert_eq!(told(&mut stage, 1), ["1"]);
    stage.broker.close(stage.now, &mut stage.out);
    assert_eq!(told(&mut stage, 0), ["0"], "it takes nothing any more");
    assert!(stage.client("late").is_empty());
    assert_eq!(stage.broker.statistics().refused, 1);
}

#[test]
fn what_has_no_meaning_is_counted() {
    let mut stage = Stage::with_peers(options(), &["DC2"]);
    let (now, mut out) = (stage.now, Vec::new());
    let dc2 = peer("DC2");
    stage.broker.from_client(Message::from(["client", "no delimiter"]), now, &mut out);
    stage.broker.from_client(Message::from(["", "nobody"]), now, &mut out);
    stage.broker.from_asker(Message::from(["DC9", "", "no client"]), now, &mut out);
    stage.broker.from_worker(Message::from(["w", "what?"]), now, &mut out);
    stage.broker.from_peer(&dc2, Message::from(["DC2"]), now, &mut out);
    stage.broker.from_peer(&dc2, Message::from(["DC3", "x", "", "y"]), now, &mut out);
    for state in [&["DC2"][..], &["DC3", "1"], &["DC2", "-1"], &["DC2", ""], &["DC2", "1", "1"]] {
        stage.broker.from_state(&dc2, &Message::from_frames(state.iter().copied()), now, &mut out);
    }
    stage.broker.from_state(&dc2, &Message::from(["DC2", "99999999999"]), now, &mut out);
    assert!(out.is_empty());
    assert_eq!(stage.broker.statistics().malformed, 12);
    let frame = Message::from(["DC2", "short", "", "y"]);
    stage.broker.from_peer(&dc2, frame, now, &mut out);
    assert_eq!(stage.broker.statistics().stray, 1);
}

#[test]
fn there_is_a_bound_of_peers_too() {
    let mut stage = stage(PeeringOptions { peers: 1, ..options() });
    let now = stage.now;
    assert!(stage.broker.add_peer(&peer("DC2"), now, &mut stage.out));
    assert!(!stage.broker.add_peer(&peer("DC3"), now, &mut stage.out));
    assert!(stage.broker.add_peer(&peer("DC2"), now, &mut stage.out), "again");
}

#[derive(Clone, Debug)]
enum Step {
    Client,
    Asker,
    Ready(u8),
    State(u8, u8),
    Answer(usize),
    Unsent(usize),
    Remove(u8),
    Add(u8),
    Pass(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => Just(Step::Client),
        2 => Just(Step::Asker),
        2 => (0..4u8).prop_map(Step::Ready),
        3 => (0..3u8, 0..4u8).prop_map(|(peer, capacity)| Step::State(peer, capacity)),
        4 => any::<usize>().prop_map(Step::Answer),
        1 => any::<usize>().prop_map(Step::Unsent),
        1 => (0..3u8).prop_map(Step::Remove),
        1 => (0..3u8).prop_map(Step::Add),
        2 => (0..4_000u32).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 0..200)
}

proptest! {
    /// Whatever happens, in whatever order: nothing vanishes uncounted, nothing is answered twice, and what came from a
    /// peer does not go to one.
    #[test]
    fn every_request_has_one_end(steps in steps(), attempts in 1..4u32) {
        let mut options = PeeringOptions { waiting_imports: 3, ..options() };
        (options.local.waiting_requests, options.local.attempts) = (3, attempts);
        let mut stage = Stage::with_peers(options, &["0", "1", "2"]);
        let mut given: Vec<Outgoing> = Vec::new();
        for step in steps {
            let sent = match step {
                Step::Client => stage.client("ours"),
                Step::Asker => stage.asker("theirs"),
                Step::Ready(worker) => stage.worker(&format!("w{worker}")),
                Step::State(peer, capacity) => stage.state(&peer.to_string(), &capacity.to_string()),
                Step::Answer(which) if !given.is_empty() => {
                    let order = given.swap_remove(which % given.len());
                    stage.answered(&order)
                }
                Step::Unsent(which) if !given.is_empty() => {
                    if let Outgoing::ToPeer { number, .. } = given[which % given.len()] {
                        stage.broker.unsent(number, stage.now, &mut stage.out);
                    }
                    stage.sent()
                }
                Step::Answer(_) | Step::Unsent(_) => Vec::new(),
                Step::Remove(name) => {
                    stage.broker.remove_peer(&peer(&name.to_string()), stage.now, &mut stage.out);
                    stage.sent()
                }
                Step::Add(name) => {
                    stage.broker.add_peer(&peer(&name.to_string()), stage.now, &mut stage.out);
                    stage.sent()
                }
                Step::Pass(milliseconds) => stage.pass(Duration::from_millis(milliseconds.into())),
            };
            for out in sent {
                match &out {
                    Outgoing::ToPeer { message, .. } => {
                        prop_assert_eq!(message.iter().next_back(), Some(&Frame::from("ours")));
                        given.push(out);
                    }
                    Outgoing::ToWorker(_) => given.push(out),
                    _ => {}
                }
            }
            let counts = stage.broker.statistics();
            let ended = counts.replies + counts.returned + counts.refused + counts.expired + counts.given_up;
            let here = (counts.working + counts.waiting) as u64;
            prop_assert_eq!(counts.requests + counts.imported, ended + here, "{:?}", counts);
            prop_assert_eq!(stage.broker.requests.len() as u64, here);
            prop_assert!(stage.broker.due.len() <= stage.broker.requests.len());
            let at_peers: u64 = counts.peers.iter().map(|peer| peer.working).sum();
            let places = stage.broker.requests.values().filter(|request| matches!(request.place, Place::Peer(_)));
            prop_assert_eq!(at_peers, places.count() as u64);
        }
    }
}
