use super::*;
use crate::credit::words::number;
use proptest::prelude::*;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

struct Stage {
    source: Dealing,
    now: Instant,
}

/// What a consumer was sent: its address, and numbers with bodies.
type Sent = Vec<(String, u64, String)>;

impl Stage {
    fn new(options: SourceOptions) -> Self {
        Self { source: Dealing::new(options, 9), now: Instant::now() }
    }

    fn offer(&mut self, bodies: impl IntoIterator<Item = u32>) -> Sent {
        let mut out = Vec::new();
        bodies.into_iter().for_each(|body| self.source.offer(body.to_string().into(), self.now, &mut out));
        read(out)
    }

    fn says(&mut self, address: &str, word: &Word) -> Sent {
        let (mut message, mut out) = (word.message(), Vec::new());
        message.push_front(address);
        self.source.from_consumer(message, self.now, &mut out);
        read(out)
    }

    fn credit(&mut self, address: &str, session: &Frame, done: u64, received: u64, window: u64) -> Sent {
        self.says(address, &Word::Credit { session: session.clone(), done, received, window })
    }

    fn pass(&mut self, time: Duration) -> Sent {
        self.now += time;
        let mut out = Vec::new();
        self.source.tick(self.now, &mut out);
        read(out)
    }

    fn session(&self, address: &str) -> Frame {
        self.source.addresses[&Frame::from(address)].clone()
    }
}

fn read(out: Vec<Message>) -> Sent {
    let text = |frame: &Frame| frame.as_str().unwrap().to_owned();
    out.iter().map(|message| (text(&message[0]), number(&message[2]).unwrap(), text(&message[3]))).collect()
}

fn sent<const N: usize>(items: [(&str, u64, u32); N]) -> Sent {
    items.map(|(address, number, body)| (address.to_owned(), number, body.to_string())).into()
}

const NEW: Frame = Frame::EMPTY;

#[test]
fn a_consumer_has_as_much_as_it_asked_for_and_gets_more_when_it_has_done_some() {
    let mut stage = Stage::new(SourceOptions::default());
    assert_eq!(stage.offer(0..5), []);
    assert_eq!(stage.credit("a", &NEW, 0, 0, 2), sent([("a", 1, 0), ("a", 2, 1)]));
    let session = stage.session("a");
    assert_eq!(stage.credit("a", &session, 0, 2, 2), []);
    assert_eq!(stage.credit("a", &session, 1, 2, 2), sent([("a", 3, 2)]));
    assert_eq!(stage.credit("a", &session, 1, 2, 2), [], "said again, it changes nothing");
    assert_eq!(stage.credit("a", &session, 0, 2, 2), [], "nor does an old word");
    assert_eq!(stage.credit("a", &session, 3, 3, 100), sent([("a", 4, 3), ("a", 5, 4)]));
    stage.credit("a", &session, 5, 5, 2);
    assert!(stage.source.is_done());
    assert_eq!((stage.source.statistics().done, stage.source.statistics().given), (5, 5));
}

#[test]
fn whoever_has_least_is_next_and_who_is_slow_gets_less() {
    let mut stage = Stage::new(SourceOptions::default());
    stage.credit("slow", &NEW, 0, 0, 10);
    stage.credit("fast", &NEW, 0, 0, 10);
    let (mut slow, mut fast) = (0, 0);
    for body in 0..100 {
        for (address, ..) in stage.offer([body]) {
            match &address[..] {
                "fast" => {
                    fast += 1;
                    let session = stage.session("fast");
                    stage.credit("fast", &session, fast, fast, 10);
                }
                _ => slow += 1,
            }
        }
    }
    assert!(slow <= 10 && fast >= 90, "{slow} {fast}");
}

#[test]
fn what_a_silent_consumer_has_goes_to_others_first_of_all() {
    let mut stage = Stage::new(SourceOptions::default());
    stage.credit("a", &NEW, 0, 0, 3);
    assert_eq!(stage.offer(0..4), sent([("a", 1, 0), ("a", 2, 1), ("a", 3, 2)]));
    let session = stage.session("a");
    stage.credit("a", &session, 1, 3, 0);
    assert_eq!(stage.pass(2 * SECOND), []);
    assert_eq!(stage.credit("b", &NEW, 0, 0, 1), sent([("b", 1, 3)]));
    let other = stage.session("b");
    stage.now += SECOND;
    assert_eq!(stage.credit("b", &other, 1, 1, 10), []);
    assert_eq!(stage.pass(Duration::ZERO), sent([("b", 2, 1), ("b", 3, 2)]), "three seconds without a word");
    // It was only slow: it is a new one now, and what it says of before counts nothing.
    assert_eq!(stage.credit("a", &session, 3, 3, 3), []);
    assert_ne!(stage.session("a"), session);
    let counts = stage.source.statistics();
    assert_eq!((counts.consumers_lost, counts.repeated, counts.done), (1, 2, 2));
}

#[test]
fn a_consumer_that_says_goodbye_hands_back_at_once() {
    let mut stage = Stage::new(SourceOptions::default());
    stage.credit("a", &NEW, 0, 0, 3);
    stage.offer(0..3);
    stage.credit("b", &NEW, 0, 0, 3);
    let session = stage.session("a");
    assert_eq!(stage.says("c", &Word::Bye { session: session.clone(), done: 0 }), [], "not for another");
    assert_eq!(stage.says("a", &Word::Bye { session, done: 1 }), sent([("b", 1, 1), ("b", 2, 2)]));
    assert_eq!(stage.source.statistics().done, 1);
}

#[test]
fn a_consumer_that_comes_by_another_connection_is_sent_what_it_has_not_received() {
    let mut stage = Stage::new(SourceOptions::default());
    stage.credit("a", &NEW, 0, 0, 5);
    stage.offer(0..5);
    let session = stage.session("a");
    stage.credit("a", &session, 1, 3, 5);
    let again = stage.credit("a2", &session, 2, 3, 5);
    assert_eq!(again, sent([("a2", 4, 3), ("a2", 5, 4)]));
    assert_eq!((stage.source.statistics().consumers, stage.source.statistics().sent_again), (1, 2));
    assert_eq!(stage.offer([5]), sent([("a2", 6, 5)]));
}

#[test]
fn what_does_not_come_is_sent_again() {
    let mut stage = Stage::new(SourceOptions::default());
    stage.credit("a", &NEW, 0, 0, 5);
    stage.offer(0..2);
    let session = stage.session("a");
    for _ in 0..2 {
        stage.now += SECOND;
        assert_eq!(stage.credit("a", &session, 0, 1, 5), [], "it may be on its way");
    }
    stage.now += 2 * SECOND;
    assert_eq!(stage.credit("a", &session, 0, 1, 5), sent([("a", 2, 1)]));
    stage.now += SECOND;
    assert_eq!(stage.credit("a", &session, 0, 1, 5), []);
}

#[test]
fn the_first_word_may_be_said_twice_and_a_name_may_begin_anew() {
    let mut stage = Stage::new(SourceOptions::default());
    stage.credit("a", &NEW, 0, 0, 2);
    assert_eq!(stage.offer(0..2), sent([("a", 1, 0), ("a", 2, 1)]));
    let first = stage.session("a");
    assert_eq!(stage.credit("a", &NEW, 0, 0, 2), sent([("a", 1, 0), ("a", 2, 1)]), "it cannot tell");
    assert_eq!(stage.session("a"), first);
    stage.credit("a", &first, 1, 2, 2);
    // A process of the same name, which knows of no session: what the one before had is to be done.
    assert_eq!(stage.credit("a", &NEW, 0, 0, 2), sent([("a", 1, 1)]));
    assert_ne!(stage.session("a"), first);
}

#[test]
fn a_consumer_of_a_source_before_says_its_session_until_it_hears_of_the_new_one() {
    let mut stage = Stage::new(SourceOptions::default());
    stage.offer(0..1);
    let before = Frame::from("of a source before");
    assert_eq!(stage.credit("a", &before, 7, 9, 2), sent([("a", 1, 0)]));
    let session = stage.session("a");
    // It was on its way already.
    assert_eq!(stage.credit("a", &before, 7, 9, 2), sent([("a", 1, 0)]), "it has not said that it has it");
    assert_eq!(stage.session("a"), session);
    stage.credit("a", &session, 0, 1, 2);
    assert_eq!((stage.source.statistics().repeated, stage.source.statistics().done), (0, 0));
}

#[test]
fn an_item_that_nobody_survives_is_left_alone_if_that_is_wanted() {
    let mut stage = Stage::new(SourceOptions { attempts: Some(2), ..SourceOptions::default() });
    stage.offer([0]);
    for consumer in ["a", "b"] {
        assert_eq!(stage.credit(consumer, &NEW, 0, 0, 1).len(), 1);
        stage.pass(3 * SECOND);
    }
    assert_eq!(stage.credit("c", &NEW, 0, 0, 1), []);
    assert!(stage.source.is_done() && stage.source.statistics().is_done());
    assert_eq!(stage.source.statistics().given_up, 1);
}

#[test]
fn there_are_bounds() {
    let options = SourceOptions { queue: 2, most_at_once: 3, consumers: 1, ..SourceOptions::default() };
    let mut stage = Stage::new(options);
    stage.offer(0..1);
    assert!(stage.source.has_room());
    stage.offer(1..2);
    assert!(!stage.source.has_room());
    stage.offer(2..9);
    assert_eq!(stage.credit("a", &NEW, 0, 0, u64::MAX).len(), 3);
    assert_eq!(stage.credit("b", &NEW, 0, 0, 1), []);
    let session = stage.session("a");
    stage.credit("a", &session, 9, 9, 3);
    stage.credit("a", &session, 4, 4, 3);
    stage.source.from_consumer(Message::from(["a", "hm?"]), stage.now, &mut Vec::new());
    let counts = stage.source.statistics();
    assert_eq!((counts.refused, counts.malformed, counts.done), (1, 3, 0), "it cannot have received so many");
}

#[derive(Clone, Debug)]
enum Step {
    Offer,
    Credit { consumer: usize, receives: u64, does: u64 },
    Move(usize),
    Restart(usize),
    Bye(usize),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let credit = (0..3usize, 0..4u64, 0..4u64);
    let step = prop_oneof![
        4 => Just(Step::Offer),
        6 => credit.prop_map(|(consumer, receives, does)| Step::Credit { consumer, receives, does }),
        1 => (0..3usize).prop_map(Step::Move),
        1 => (0..3usize).prop_map(Step::Restart),
        1 => (0..3usize).prop_map(Step::Bye),
        2 => (0..4_000u64).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 0..200)
}

/// A consumer over a wire that loses what is on its way when the connection changes.
#[derive(Default)]
struct Player {
    address: String,
    wire: VecDeque<(Frame, u64, u32)>,
    session: Frame,
    received: u64,
    done: u64,
    held: Vec<u32>,
}

impl Player {
    fn receive(&mut self, count: u64) {
        for _ in 0..count {
            let Some((session, number, body)) = self.wire.pop_front() else { return };
            if session != self.session {
                (self.session, self.received, self.done) = (session, 0, 0);
                self.held.clear();
            }
            if number == self.received + 1 {
                self.received = number;
                self.held.push(body);
            }
        }
    }
}

proptest! {
    /// Whatever consumers do, when at last one works in peace all is done, and nothing counts as done that nobody did.
    #[test]
    fn at_last_all_is_done_and_nothing_is_forgotten(steps in steps()) {
        let mut stage = Stage::new(SourceOptions::default());
        let mut players: Vec<Player> = (0..3).map(|_| Player::default()).collect();
        let (mut addresses, mut offered, mut done) = (0, 0, BTreeSet::new());
        let mut finale = Vec::new();
        finale.push(Step::Pass(10_000));
        finale.extend((0..400).flat_map(|_| [Step::Credit { consumer: 0, receives: 10, does: 10 }, Step::Pass(100)]));
        for step in steps.into_iter().chain(finale) {
            let mut out = Vec::new();
            let says = match step {
                Step::Offer => {
                    stage.source.offer(offered.to_string().into(), stage.now, &mut out);
                    offered += 1;
                    None
                }
                Step::Credit { consumer, receives, does } => {
                    let player = &mut players[consumer];
                    player.receive(receives);
                    let does = usize::try_from(does).unwrap().min(player.held.len());
                    player.done += does as u64;
                    done.extend(player.held.drain(..does));
                    let (done, received) = (player.done, player.received);
                    Some((consumer, Word::Credit { session: player.session.clone(), done, received, window: 5 }))
                }
                Step::Move(consumer) => {
                    players[consumer].wire.clear();
                    players[consumer].address.clear();
                    None
                }
                Step::Restart(consumer) => {
                    players[consumer] = Player::default();
                    None
                }
                Step::Bye(consumer) => {
                    let player = &mut players[consumer];
                    let word = Word::Bye { session: player.session.clone(), done: player.done };
                    (player.session, player.received, player.done) = (Frame::EMPTY, 0, 0);
                    player.held.clear();
                    player.wire.clear();
                    Some((consumer, word))
                }
                Step::Pass(milliseconds) => {
                    stage.now += Duration::from_millis(milliseconds);
                    stage.source.tick(stage.now, &mut out);
                    None
                }
            };
            if let Some((consumer, word)) = says {
                if players[consumer].address.is_empty() {
                    addresses += 1;
                    players[consumer].address = format!("address {addresses}");
                }
                let mut message = word.message();
                message.push_front(&players[consumer].address);
                stage.source.from_consumer(message, stage.now, &mut out);
            }
            for message in out {
                let to = players.iter_mut().find(|player| message[0] == *player.address.as_str());
                if let Some(player) = to {
                    let body = message[3].as_str().unwrap().parse().unwrap();
                    player.wire.push_back((message[1].clone(), number(&message[2]).unwrap(), body));
                }
            }
            let counts = stage.source.statistics();
            prop_assert!(counts.done <= done.len() as u64, "it counts what nobody did");
            prop_assert_eq!(stage.source.expiries.len(), counts.consumers);
            prop_assert_eq!(stage.source.addresses.len(), counts.consumers);
            prop_assert!(stage.source.line.len() <= counts.consumers);
            prop_assert_eq!(counts.done + (counts.waiting + counts.at_consumers) as u64, counts.offered);
        }
        prop_assert!(stage.source.is_done(), "{:?}", stage.source.statistics());
        prop_assert_eq!(done.len(), offered as usize);
    }
}
