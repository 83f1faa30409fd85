use super::*;
use proptest::prelude::*;
use std::time::Duration;

const MILLISECOND: Duration = Duration::from_millis(1);

struct World {
    calls: Calls,
    begin: Instant,
}

impl World {
    fn new(servers: usize, options: RequestOptions) -> Self {
        Self { calls: Calls::new(options, servers), begin: Instant::now() }
    }

    fn at(&self, at: u32) -> Instant {
        self.begin + at * MILLISECOND
    }

    fn ask(&mut self, at: u32) -> (Option<u32>, Vec<String>) {
        let (mut out, now) = (Vec::new(), self.at(at));
        let number = self.calls.begin(vec![Frame::from("x")], now, &mut out);
        (number, words(out))
    }

    fn hear<const N: usize>(&mut self, server: usize, frames: [&str; N], at: u32) -> Vec<String> {
        let (mut out, now) = (Vec::new(), self.at(at));
        self.calls.hear(server, Message::from(frames), now, &mut out);
        words(out)
    }

    fn tick(&mut self, at: u32) -> Vec<String> {
        let (mut out, now) = (Vec::new(), self.at(at));
        self.calls.tick(now, &mut out);
        words(out)
    }
}

/// Acts as one can read them.
fn words(acts: Vec<Act>) -> Vec<String> {
    let word = |act| match act {
        Act::Send { server, number, .. } => format!("ask {server} {number}"),
        Act::Forget { server, number } => format!("forget {server} {number}"),
        Act::Renew { server } => format!("renew {server}"),
        Act::Done { number, outcome: Outcome::Answer(body) } => format!("answer {number} {body}"),
        Act::Done { number, outcome: Outcome::NoAnswer { tries } } => format!("none {number} after {tries}"),
    };
    acts.into_iter().map(word).collect()
}

fn plain() -> RequestOptions {
    RequestOptions { form: Form::Plain, ..RequestOptions::default() }
}

#[test]
fn one_server_is_asked_three_times_for_two_and_a_half_seconds_each() {
    let mut world = World::new(1, RequestOptions::default());
    assert_eq!(world.ask(0), (Some(1), vec!["ask 0 1".to_owned()]));
    assert!(world.tick(2499).is_empty());
    assert_eq!(world.tick(2500), ["forget 0 1"]);
    // The pause is 100 ms, a quarter up or down.
    assert!(world.tick(2574).is_empty());
    assert_eq!(world.tick(2626), ["ask 0 1"]);
    assert_eq!(world.tick(5126), ["forget 0 1"]);
    assert_eq!(world.tick(5126 + 251), ["ask 0 1"]);
    assert_eq!(world.tick(5126 + 251 + 2500), ["forget 0 1", "none 1 after 3"]);
    assert_eq!(world.calls.next_tick(), None);
    assert_eq!((world.calls.counts.failed, world.calls.counts.repeated), (1, 2));
}

#[test]
fn an_answer_of_an_earlier_try_counts_and_one_of_another_request_does_not() {
    let mut world = World::new(1, RequestOptions::default());
    world.ask(0);
    assert!(world.hear(0, ["\0\0\0\x09", "", "other"], 1).is_empty());
    assert!(world.hear(0, ["", "nonsense"], 1).is_empty());
    world.tick(2500);
    assert_eq!(world.hear(0, ["\0\0\0\x01", "", "y"], 2501), ["answer 1 y"]);
    assert!(world.hear(0, ["\0\0\0\x01", "", "y"], 2502).is_empty(), "once");
    assert_eq!(world.calls.counts.stray, 3);
    assert_eq!(world.calls.next_tick(), None);
}

#[test]
fn the_next_server_is_asked_at_once_and_the_one_that_answered_is_first_from_then_on() {
    let mut world = World::new(3, RequestOptions { tries: 4, ..RequestOptions::default() });
    world.ask(0);
    assert_eq!(world.tick(2500), ["forget 0 1", "ask 1 1"]);
    assert_eq!(world.hear(1, ["\0\0\0\x01", "", "y"], 2600), ["forget 1 1", "answer 1 y"][1..]);
    assert_eq!(world.ask(2700).1, ["ask 1 2"]);
    assert_eq!(world.tick(5200), ["forget 1 2", "ask 2 2"]);
    assert_eq!(world.tick(7700), ["forget 2 2", "ask 0 2"]);
    assert_eq!(world.tick(10_200), ["forget 0 2"], "all have been asked: a pause");
}

#[test]
fn a_hedge_asks_another_while_the_first_is_waited_for() {
    let options = RequestOptions { hedge: Some(50 * MILLISECOND), ..RequestOptions::default() };
    let mut world = World::new(3, options);
    world.ask(0);
    assert!(world.tick(49).is_empty());
    assert_eq!(world.tick(50), ["ask 1 1"]);
    assert!(world.tick(200).is_empty(), "one more, not all");
    assert_eq!(world.hear(0, ["\0\0\0\x01", "", "y"], 201), ["forget 1 1", "answer 1 y"]);
    assert!(world.hear(1, ["\0\0\0\x01", "", "y"], 202).is_empty());
    assert_eq!(world.calls.counts.hedged, 1);
}

#[test]
fn the_shotgun_asks_all_at_once_in_the_frames_of_the_guide() {
    let options = RequestOptions {
        form: Form::Numbered,
        hedge: Some(Duration::ZERO),
        hedges: 2,
        tries: 1,
        ..RequestOptions::default()
    };
    let mut world = World::new(3, options);
    assert_eq!(world.ask(0).1, ["ask 0 1", "ask 1 1", "ask 2 1"]);
    assert_eq!(world.hear(2, ["", "1", "OK"], 1), ["forget 0 1", "forget 1 1", "answer 1 OK"]);
    world.ask(2);
    assert_eq!(world.tick(2502), ["forget 2 2", "forget 0 2", "forget 1 2", "none 2 after 1"]);
}

#[test]
fn without_numbers_there_is_one_at_a_time_and_each_try_has_a_new_connection() {
    let mut world = World::new(2, plain());
    assert_eq!(world.ask(0).1, ["ask 0 1"]);
    assert!(world.ask(0).1.is_empty(), "it waits for the first");
    assert_eq!(world.tick(2500), ["renew 0", "ask 1 1"]);
    assert!(world.hear(0, ["", "late"], 2501).is_empty());
    assert_eq!(world.hear(1, ["", "y"], 2502), ["answer 1 y", "ask 1 2"]);
}

#[test]
fn a_deadline_ends_it_wherever_it_is() {
    let options = RequestOptions { deadline: Some(2550 * MILLISECOND), ..RequestOptions::default() };
    let mut world = World::new(1, options.clone());
    world.ask(0);
    world.tick(2500);
    assert_eq!(world.tick(2550), ["none 1 after 1"], "in the pause");
    let mut world = World::new(1, RequestOptions { form: Form::Plain, ..options });
    world.ask(0);
    world.ask(1);
    assert_eq!(world.tick(2550), ["renew 0", "none 1 after 1", "ask 0 2"]);
    assert_eq!(world.tick(2551), ["renew 0", "none 2 after 1"], "it had waited for its turn");
}

#[test]
fn too_many_are_refused_and_the_cancelled_make_room() {
    let mut world = World::new(1, RequestOptions { window: 1, ..RequestOptions::default() });
    world.ask(0);
    assert_eq!(world.ask(0), (None, vec![]));
    let mut out = Vec::new();
    world.calls.cancel(1, world.begin, &mut out);
    assert_eq!(words(out), ["forget 0 1"]);
    assert_eq!(world.ask(0).0, Some(2));
}

#[test]
fn with_nobody_to_ask_it_ends_all_the_same() {
    let mut world = World::new(0, RequestOptions::default());
    world.ask(0);
    let mut said = Vec::new();
    for at in 0..10_000 {
        said.extend(world.tick(at));
    }
    assert_eq!(said, ["none 1 after 3"]);
}

proptest! {
    /// However answers, time and cancellations come, each request ends exactly once, and nothing is left behind.
    #[test]
    fn every_request_ends_once(
        steps in prop::collection::vec((0u8..5, 0usize..3, 1u32..12, 0u32..2000), 0..150),
        servers in 0usize..3, form in 0u8..3, hedge in prop::option::of(0u32..3000),
    ) {
        let form = [Form::Plain, Form::Tagged, Form::Numbered][usize::from(form)];
        let hedge = hedge.map(|hedge| hedge * MILLISECOND);
        let mut world = World::new(servers, RequestOptions { form, hedge, window: 8, ..RequestOptions::default() });
        let (mut now, mut open, mut out) = (world.begin, std::collections::HashSet::new(), Vec::new());
        for (what, server, number, passes) in steps {
            now += passes * MILLISECOND;
            match what {
                0 | 1 => drop(world.calls.begin(vec![Frame::from("x")], now, &mut out).map(|number| assert!(open.insert(number)))),
                2 => world.calls.hear(server, form.wrap(number, vec![]), now, &mut out),
                3 => { open.remove(&number); world.calls.cancel(number, now, &mut out) }
                _ => world.calls.tick(now, &mut out),
            }
            for act in out.drain(..) {
                if let Act::Done { number, .. } = act { prop_assert!(open.remove(&number)) }
            }
        }
        while let Some(at) = world.calls.next_tick() {
            world.calls.tick(at, &mut out);
        }
        for act in out.drain(..) {
            if let Act::Done { number, .. } = act { prop_assert!(open.remove(&number)) }
        }
        prop_assert!(open.is_empty() && world.calls.calls.is_empty() && world.calls.queued.is_empty());
    }
}
