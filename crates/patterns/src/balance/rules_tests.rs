use super::*;
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

struct World {
    balancer: Balancer,
    begin: Instant,
    now: Instant,
}

impl World {
    fn new(options: BalancerOptions) -> Self {
        let now = Instant::now();
        Self { balancer: Balancer::new(options, now), begin: now, now }
    }

    fn paranoid() -> Self {
        Self::new(BalancerOptions::default())
    }

    fn client<const N: usize>(&mut self, frames: [&str; N]) -> Vec<Outgoing> {
        let mut out = Vec::new();
        self.balancer.from_client(Message::from(frames), self.now, &mut out);
        out
    }

    fn worker<const N: usize>(&mut self, frames: [&str; N]) -> Vec<Outgoing> {
        let mut out = Vec::new();
        self.balancer.from_worker(Message::from(frames), self.now, &mut out);
        out
    }

    /// Ticks whenever it is time, up to this time after the beginning.
    fn until(&mut self, after: Duration) -> Vec<Outgoing> {
        let mut out = Vec::new();
        while self.balancer.next_tick() <= self.begin + after {
            self.now = self.balancer.next_tick();
            self.balancer.tick(self.now, &mut out);
        }
        self.now = self.begin + after;
        out
    }
}

fn to_worker<const N: usize>(frames: [&str; N]) -> Outgoing {
    Outgoing::ToWorker(Message::from(frames))
}

fn to_client<const N: usize>(frames: [&str; N]) -> Outgoing {
    Outgoing::ToClient(Message::from(frames))
}

#[test]
fn the_frames_of_the_simple_dialect_are_those_of_the_guide() {
    let mut world = World::new(BalancerOptions { dialect: Dialect::Simple, ..BalancerOptions::default() });
    assert_eq!(world.worker(["W", "", "READY"]), []);
    assert_eq!(world.client(["C", "", "HELLO"]), [to_worker(["W", "", "C", "", "HELLO"])]);
    assert_eq!(world.worker(["W", "", "C", "", "OK"]), [to_client(["C", "", "OK"])]);
    assert_eq!(world.until(100 * SECOND), [], "nobody beats");
    assert_eq!(world.balancer.statistics().workers, 1, "and nobody is missed");
}

#[test]
fn the_worker_that_has_been_free_longest_is_next_and_none_has_two() {
    let mut world = World::paranoid();
    for worker in ["A", "B", "C"] {
        world.worker([worker, "\x01"]);
    }
    let given: Vec<_> = (0..5).flat_map(|_| world.client(["c", "", "x"])).collect();
    assert_eq!(given, ["A", "B", "C"].map(|worker| to_worker([worker, "c", "", "x"])));
    // A beat from a worker that has just been given something does not make it free (the Guide's queue thinks so).
    assert_eq!(world.worker(["A", "\x02"]), []);
    assert_eq!(
        world.worker(["B", "c", "", "y"]),
        [to_client(["c", "", "y"]), to_worker(["B", "c", "", "x"])]
    );
}

#[test]
fn a_worker_that_takes_several_gets_several_and_the_least_loaded_is_next() {
    let mut world = World::new(BalancerOptions { choice: Choice::LeastLoaded, ..BalancerOptions::default() });
    world.worker(["big", "\x01", "\x01", "\x00\x04"]);
    world.worker(["small", "\x01", "\x01", "\x00\x02"]);
    let clients = ["a", "b", "c", "d", "e", "f", "g"];
    let given: Vec<_> = clients.iter().flat_map(|client| world.client([client, "", "x"])).collect();
    let addressee = |outgoing: &Outgoing| match outgoing {
        Outgoing::ToWorker(order) | Outgoing::ToClient(order) => order[0].as_str().unwrap().to_owned(),
    };
    let to: Vec<String> = given.iter().map(addressee).collect();
    assert_eq!(
        to,
        ["big", "small", "big", "small", "big", "big"],
        "by the part of its capacity that is in use"
    );
    assert_eq!(
        world.worker(["small", "d", "", "y"]),
        [to_client(["d", "", "y"]), to_worker(["small", "g", "", "x"])]
    );
    assert_eq!(world.balancer.statistics().working, 6);
}

#[test]
fn a_worker_answers_only_who_asked_it() {
    let mut world = World::paranoid();
    world.worker(["W", "\x01"]);
    world.client(["c", "", "x"]);
    assert_eq!(world.worker(["W", "other", "", "y"]), []);
    assert_eq!(world.worker(["stranger", "c", "", "y"]), []);
    assert_eq!(world.balancer.statistics().stray, 2);
    assert_eq!(world.worker(["W", "c", "", "y"]), [to_client(["c", "", "y"])]);
    assert_eq!(world.worker(["W", "c", "", "y"]), [], "once");
}

#[test]
fn a_free_worker_is_told_each_second_and_is_lost_after_three_without_a_word() {
    let mut world = World::paranoid();
    world.worker(["W", "\x01"]);
    world.until(Duration::from_millis(2900));
    assert_eq!(world.worker(["W", "\x02"]), []);
    assert_eq!(world.until(5 * SECOND), vec![to_worker(["W", "\x02"]); 3]);
    assert_eq!(world.balancer.statistics().workers, 1, "5.9 s is the moment");
    assert_eq!(world.until(6 * SECOND), []);
    assert_eq!(world.balancer.statistics().workers_lost, 1);
    assert_eq!(world.client(["c", "", "x"]), [], "nothing is given to the lost");
    assert_eq!(world.worker(["W", "\x02"]), [], "its beat does not bring it back");
    assert_eq!(world.worker(["W", "\x01"]), [to_worker(["W", "c", "", "x"])]);
}

#[test]
fn who_is_over_one_request_too_long_is_lost_and_the_request_is_repeated_only_if_it_may() {
    for attempts in [1, 2] {
        let mut world = World::new(BalancerOptions {
            attempts,
            work_limit: 10 * SECOND,
            refusal: Some(Frame::from("503")),
            ..BalancerOptions::default()
        });
        world.worker(["A", "\x01"]);
        world.client(["c", "", "x"]);
        assert_eq!(world.until(9 * SECOND), [], "it does not have to beat while it works");
        world.worker(["B", "\x01"]);
        let out = world.until(10 * SECOND);
        let expected = match attempts {
            1 => vec![to_client(["c", "", "503"]), to_worker(["B", "\x02"])],
            _ => vec![to_worker(["B", "c", "", "x"])],
        };
        assert_eq!(out, expected);
        assert_eq!(world.worker(["A", "c", "", "late"]), [], "what was given away it cannot answer");
    }
}

#[test]
fn a_worker_that_begins_anew_loses_what_it_had() {
    let mut world = World::new(BalancerOptions { attempts: 2, ..BalancerOptions::default() });
    world.worker(["W", "\x01"]);
    world.client(["c", "", "x"]);
    assert_eq!(world.worker(["W", "\x01"]), [to_worker(["W", "c", "", "x"])]);
    assert_eq!(world.worker(["W", "\x01"]), [], "twice was what it may");
    assert_eq!(world.balancer.statistics().given_up, 1);
}

#[test]
fn requests_wait_bounded_in_number_and_time() {
    let mut world = World::new(BalancerOptions {
        waiting_requests: 1,
        refusal: Some(Frame::from("503")),
        ..BalancerOptions::default()
    });
    assert_eq!(world.client(["a", "", "x"]), []);
    assert_eq!(world.client(["b", "", "x"]), [to_client(["b", "", "503"])]);
    assert_eq!(world.until(29 * SECOND), []);
    assert_eq!(world.until(30 * SECOND), [to_client(["a", "", "503"])]);
    let counts = world.balancer.statistics();
    assert_eq!((counts.refused, counts.expired, counts.waiting), (1, 1, 0));
}

#[test]
fn a_simple_worker_that_answers_a_new_broker_is_free() {
    let mut world = World::new(BalancerOptions { dialect: Dialect::Simple, ..BalancerOptions::default() });
    world.client(["c", "", "x"]);
    assert_eq!(world.worker(["W", "", "old", "", "y"]), [to_worker(["W", "", "c", "", "x"])]);
}

#[test]
fn envelopes_of_several_hops_come_back_whole() {
    let mut world = World::paranoid();
    world.worker(["W", "\x01"]);
    assert_eq!(world.client(["b", "a", "", "x", "", "y"]), [to_worker(["W", "b", "a", "", "x", "", "y"])]);
    assert_eq!(world.worker(["W", "b", "a", "", "z"]), [to_client(["b", "a", "", "z"])]);
}

proptest! {
    /// Whatever is said, nobody has more than one request, every order is to a registered worker, and each request is
    /// answered at most once.
    #[test]
    fn random_words_break_no_rule(words in prop::collection::vec((0u8..9, 0u8..4, 0u8..4), 0..200), simple: bool) {
        let dialect = if simple { Dialect::Simple } else { Dialect::Paranoid };
        let mut world = World::new(BalancerOptions { dialect, attempts: 2, ..BalancerOptions::default() });
        let (mut asked, mut answered) = (0, 0);
        for (what, who, whom) in words {
            let (worker, client) = (format!("w{who}"), format!("c{whom}"));
            let mut message = match what {
                0 | 1 => { asked += 1; let out = world.client([&client, "", "x"]); answered += replies(&out); continue }
                2 => vec!["\x01"],
                3 => vec!["\x02"],
                4 | 5 => vec![&client[..], "", "y"],
                6 => vec![],
                7 => vec!["", "", ""],
                _ => { let after = world.now - world.begin + SECOND; world.until(after); continue }
            };
            if simple { message.insert(0, ""); }
            message.insert(0, &worker);
            let mut out = Vec::new();
            let (now, message) = (world.now, Message::from_frames(message));
            world.balancer.from_worker(message, now, &mut out);
            answered += replies(&out);
            prop_assert!(world.balancer.workers.values().all(|worker| worker.jobs.len() <= 1));
            prop_assert!(world.balancer.line.values().all(|address| world.balancer.workers.contains_key(address)));
        }
        prop_assert!(answered <= asked);
    }
}

fn replies(out: &[Outgoing]) -> usize {
    out.iter().filter(|outgoing| matches!(outgoing, Outgoing::ToClient(_))).count()
}
