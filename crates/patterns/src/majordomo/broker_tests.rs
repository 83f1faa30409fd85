//! Each rule of the broker at its very moment.

use super::*;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// A broker, its clock, and what it has said since it was last asked.
struct Stage {
    broker: Broker,
    now: Instant,
    out: Vec<Message>,
}

impl Stage {
    fn new() -> Self {
        Self::with(BrokerOptions { heartbeat: SECOND, ..BrokerOptions::default() })
    }

    fn with(options: BrokerOptions) -> Self {
        let now = Instant::now();
        Self { broker: Broker::new(options, now), now, out: Vec::new() }
    }

    /// Somebody says something in 0.1; the broker's answer, its frames parted by spaces.
    fn says(&mut self, frames: &[&str]) -> Vec<String> {
        self.broker.receive(Message::from_frames(frames.iter().copied()), self.now, &mut self.out);
        self.said()
    }

    fn said(&mut self) -> Vec<String> {
        let text = |message: Message| {
            let frames =
                message.iter().map(|frame| String::from_utf8_lossy(frame).escape_debug().to_string());
            frames.collect::<Vec<_>>().join(" ")
        };
        self.out.drain(..).map(text).collect()
    }

    fn ready(&mut self, worker: &str, service: &str) -> Vec<String> {
        self.says(&[worker, "", "MDPW01", "\u{1}", service])
    }

    fn request(&mut self, client: &str, service: &str, body: &str) -> Vec<String> {
        self.says(&[client, "", "MDPC01", service, body])
    }

    fn reply(&mut self, worker: &str, client: &str, body: &str) -> Vec<String> {
        self.says(&[worker, "", "MDPW01", "\u{3}", client, "", body])
    }

    fn beat(&mut self, worker: &str) -> Vec<String> {
        self.says(&[worker, "", "MDPW01", "\u{4}"])
    }

    fn leave(&mut self, worker: &str) -> Vec<String> {
        self.says(&[worker, "", "MDPW01", "\u{5}"])
    }

    fn after(&mut self, time: Duration) -> Vec<String> {
        self.now += time;
        self.broker.tick(self.now, &mut self.out);
        self.said()
    }
}

/// What a worker gets to do.
fn order(worker: &str, client: &str, body: &str) -> Vec<String> {
    vec![format!("{worker}  MDPW01 \\u{{2}} {client}  {body}")]
}

fn answer(client: &str, service: &str, body: &str) -> Vec<String> {
    vec![format!("{client}  MDPC01 {service} {body}")]
}

fn disconnect(worker: &str) -> Vec<String> {
    vec![format!("{worker}  MDPW01 \\u{{5}}")]
}

fn nothing() -> Vec<String> {
    Vec::new()
}

#[test]
fn a_request_waits_for_a_worker_and_its_answer_goes_back() {
    let mut stage = Stage::new();
    assert_eq!(stage.request("c", "echo", "hi"), nothing());
    assert_eq!(stage.ready("w", "echo"), order("w", "c", "hi"));
    assert_eq!(stage.request("d", "echo", "ho"), nothing(), "the only worker is busy");
    assert_eq!(stage.reply("w", "c", "HI"), [answer("c", "echo", "HI"), order("w", "d", "ho")].concat());
}

#[test]
fn the_worker_that_has_been_idle_longest_is_asked() {
    let mut stage = Stage::new();
    for worker in ["v", "w", "x"] {
        assert_eq!(stage.ready(worker, "echo"), nothing());
    }
    assert_eq!(stage.request("c", "echo", "1"), order("v", "c", "1"));
    assert_eq!(stage.request("c", "echo", "2"), order("w", "c", "2"));
    assert_eq!(stage.reply("w", "c", "2"), answer("c", "echo", "2"));
    assert_eq!(stage.reply("v", "c", "1"), answer("c", "echo", "1"));
    for worker in ["x", "w", "v"] {
        assert_eq!(stage.request("c", "echo", "3"), order(worker, "c", "3"));
    }
}

#[test]
fn a_worker_has_one_service_and_says_so_once() {
    let mut stage = Stage::new();
    stage.ready("w", "echo");
    assert_eq!(stage.ready("w", "echo"), disconnect("w"));
    assert_eq!(stage.beat("w"), disconnect("w"), "it is forgotten");
    assert_eq!(stage.reply("w", "c", "?"), disconnect("w"));
    assert_eq!(stage.ready("w", "mmi.mine"), disconnect("w"), "those names are the broker's");
    assert_eq!(stage.ready("w", "echo"), nothing(), "it may come back");
    assert_eq!(stage.leave("w"), nothing(), "who leaves is not answered");
    assert_eq!(stage.leave("stranger"), nothing());
    assert_eq!(stage.broker.statistics().workers, 0);
}

#[test]
fn a_worker_answers_only_whom_it_was_given() {
    let mut stage = Stage::new();
    stage.ready("w", "echo");
    stage.ready("v", "echo");
    assert_eq!(stage.reply("w", "c", "unasked"), disconnect("w"));
    stage.request("c", "echo", "hi");
    assert_eq!(stage.reply("v", "other", "hi"), [disconnect("v"), nothing()].concat());
    assert_eq!(stage.ready("w", "echo"), order("w", "c", "hi"), "its request is not lost with it");
    let statistics = stage.broker.statistics();
    assert_eq!((statistics.workers_expelled, statistics.repeated), (2, 1));
}

#[test]
fn a_request_of_a_lost_worker_goes_to_another_before_all_that_wait() {
    let mut stage = Stage::new();
    stage.ready("w", "echo");
    assert_eq!(stage.request("c", "echo", "first"), order("w", "c", "first"));
    assert_eq!(stage.request("c", "echo", "second"), nothing());
    assert_eq!(stage.after(2 * SECOND), nothing(), "who works is told nothing");
    assert_eq!(stage.after(2 * SECOND), nothing());
    assert_eq!(stage.broker.statistics().workers_lost, 1);
    assert_eq!(stage.ready("v", "echo"), order("v", "c", "first"));
    assert_eq!(stage.leave("v"), nothing());
    assert_eq!(stage.ready("x", "echo"), order("x", "c", "first"), "the third and last try");
    assert_eq!(stage.leave("x"), nothing());
    assert_eq!(stage.ready("y", "echo"), order("y", "c", "second"));
    let statistics = stage.broker.statistics();
    assert_eq!((statistics.repeated, statistics.given_up), (2, 1));
}

#[test]
fn who_beats_is_alive_however_long_the_work_takes() {
    let mut stage = Stage::new();
    stage.ready("w", "echo");
    stage.request("c", "echo", "hi");
    for _ in 0..10 {
        assert_eq!(stage.beat("w"), nothing());
        assert_eq!(stage.after(SECOND), nothing());
    }
    assert_eq!(stage.reply("w", "c", "HI"), answer("c", "echo", "HI"));
}

#[test]
fn idle_workers_hear_that_the_broker_lives_and_all_of_them_expire() {
    let mut stage = Stage::new();
    stage.ready("w", "echo");
    stage.ready("v", "echo");
    let beat = vec!["w  MDPW01 \\u{4}".to_owned()];
    let mut heard = stage.after(SECOND);
    heard.sort_unstable();
    assert_eq!(heard, ["v  MDPW01 \\u{4}", "w  MDPW01 \\u{4}"]);
    stage.beat("w");
    stage.after(SECOND);
    stage.beat("w");
    // The silent one stands behind one that beats, and goes nevertheless.
    assert_eq!(stage.after(SECOND), beat);
    assert_eq!(stage.broker.workers_of(b"echo"), 1);
}

#[test]
fn a_connection_that_ended_takes_its_worker_along_at_once() {
    let mut stage = Stage::new();
    stage.ready("w", "echo");
    stage.ready("v", "echo");
    assert_eq!(stage.request("c", "echo", "hi"), order("w", "c", "hi"));
    stage.broker.gone(b"w", stage.now, &mut stage.out);
    assert_eq!(stage.said(), order("v", "c", "hi"));
    stage.broker.gone(b"nobody", stage.now, &mut stage.out);
    let statistics = stage.broker.statistics();
    assert_eq!((statistics.workers_lost, statistics.workers), (1, 1));
}

#[test]
fn what_waits_is_bounded_in_number_and_time() {
    let options = BrokerOptions {
        waiting_requests: 2,
        request_lifetime: 5 * SECOND,
        services: 2,
        ..BrokerOptions::default()
    };
    let mut stage = Stage::with(options);
    for body in ["1", "2", "3"] {
        assert_eq!(stage.request("c", "echo", body), nothing());
    }
    assert_eq!(stage.broker.statistics().refused, 1);
    stage.request("c", "other", "1");
    stage.request("c", "third", "1");
    assert_eq!(stage.broker.statistics().refused, 2, "no room for a third service");
    assert_eq!(stage.ready("w", "third"), disconnect("w"));
    stage.after(6 * SECOND);
    let statistics = stage.broker.statistics();
    assert_eq!((statistics.expired, statistics.waiting, statistics.services), (3, 0, 2));
    assert_eq!(stage.ready("w", "echo"), nothing(), "what has expired is given to nobody");
    stage.after(120 * SECOND);
    assert_eq!(stage.ready("v", "third"), nothing(), "services without workers are forgotten in time");
}

#[test]
fn a_request_that_is_too_old_is_not_given_out_between_two_ticks() {
    let mut stage = Stage::with(BrokerOptions { request_lifetime: SECOND, ..BrokerOptions::default() });
    stage.request("c", "echo", "old");
    stage.now += 2 * SECOND;
    assert_eq!(stage.ready("w", "echo"), nothing());
    assert_eq!(stage.broker.statistics().expired, 1);
}

#[test]
fn workers_are_bounded() {
    let mut stage = Stage::with(BrokerOptions { workers: 1, ..BrokerOptions::default() });
    assert_eq!(stage.ready("w", "echo"), nothing());
    assert_eq!(stage.ready("v", "echo"), disconnect("v"));
}

#[test]
fn nonsense_is_counted_and_a_worker_that_talks_it_is_no_worker() {
    let mut stage = Stage::new();
    stage.ready("w", "echo");
    let long = "x".repeat(256);
    let cases: [&[&str]; 6] = [
        &["c"],
        &["c", "nonsense"],
        &["c", "", "MDPC01"],
        &["c", "", "MDPX01", "a", "b"],
        &["c", "", "MDPC01", &long, "b"],
        &["c", "", ""],
    ];
    for case in cases {
        assert_eq!(stage.says(case), nothing());
    }
    assert_eq!(stage.says(&["w", "nonsense"]), disconnect("w"));
    let statistics = stage.broker.statistics();
    assert_eq!((statistics.malformed, statistics.workers), (7, 0));
}

#[test]
fn mmi_says_who_is_served_at_this_moment() {
    let mut stage = Stage::new();
    let ask = |stage: &mut Stage, service: &str, question: &str| {
        let mut said = stage.request("c", service, question);
        said.pop()
            .and_then(|said| said.strip_prefix(&format!("c  MDPC01 {service} ")).map(str::to_owned))
            .unwrap()
    };
    assert_eq!(ask(&mut stage, "mmi.service", "echo"), "404");
    stage.ready("w", "echo");
    stage.ready("v", "aaa");
    assert_eq!(ask(&mut stage, "mmi.service", "echo"), "200");
    assert_eq!(ask(&mut stage, "mmi.services", ""), "200 aaa echo");
    stage.request("d", "echo", "hi");
    assert_eq!(ask(&mut stage, "mmi.service", "echo"), "200", "the busy serve as well");
    stage.after(4 * SECOND);
    assert_eq!(ask(&mut stage, "mmi.service", "echo"), "404", "lost while it worked");
    assert_eq!(ask(&mut stage, "mmi.service", ""), "400");
    assert_eq!(stage.says(&["c", "", "MDPC01", "mmi.service", "a", "b"]), answer("c", "mmi.service", "400"));
    assert_eq!(ask(&mut stage, "mmi.nothing", "x"), "501");
    assert!(ask(&mut stage, "mmi.stats", "").contains("workers_lost 2"));
    assert!(ask(&mut stage, "mmi.version", "").starts_with("200 "));
}

#[test]
fn parts_go_to_whom_asked_and_are_never_begun_anew() {
    let mut stage = Stage::new();
    stage.says(&["w", "MDPW02", "\u{1}", "count"]);
    assert_eq!(stage.says(&["c", "MDPC02", "\u{1}", "count", "3"]), ["w MDPW02 \\u{2} c  3"]);
    for part in ["1", "2"] {
        let said = stage.says(&["w", "MDPW02", "\u{3}", "c", "", part]);
        assert_eq!(said, [format!("c MDPC02 \\u{{2}} count {part}")]);
    }
    assert_eq!(stage.says(&["v", "MDPW02", "\u{1}", "count"]), nothing());
    assert_eq!(stage.says(&["w", "MDPW02", "\u{6}"]), nothing(), "nobody else begins the answer anew");
    assert_eq!(stage.broker.statistics().given_up, 1);
    assert_eq!(stage.says(&["c", "MDPC02", "\u{1}", "count", "1"]), ["v MDPW02 \\u{2} c  1"]);
    assert_eq!(stage.says(&["v", "MDPW02", "\u{4}", "c", "", "1"]), ["c MDPC02 \\u{3} count 1"]);
    assert_eq!(stage.says(&["v", "MDPW02", "\u{4}", "c", "", "again"]), ["v MDPW02 \\u{6}"]);
}

#[test]
fn the_versions_do_not_meet() {
    let mut stage = Stage::new();
    stage.says(&["w", "MDPW02", "\u{1}", "echo"]);
    assert_eq!(stage.request("c", "echo", "hi"), nothing(), "a client of 0.1 could not be sent parts");
    assert_eq!(stage.ready("v", "echo"), order("v", "c", "hi"));
    assert_eq!(stage.beat("w"), disconnect("w"), "nobody changes the version");
}

#[test]
fn an_envelope_of_several_addresses_comes_back_with_the_answer() {
    let mut stage = Stage::new();
    stage.ready("w", "echo");
    // A REQ that numbers its requests, and a proxy between it and the broker.
    assert_eq!(stage.says(&["p", "c", "0001", "", "MDPC01", "echo", "hi"]), order("w", "p", "hi"));
    assert_eq!(stage.reply("w", "p", "HI"), ["p c 0001  MDPC01 echo HI"]);
    stage.says(&["v", "MDPW02", "\u{1}", "echo"]);
    assert_eq!(stage.says(&["c", "0002", "", "MDPC02", "\u{1}", "echo", "hi"]), ["v MDPW02 \\u{2} c  hi"]);
    assert_eq!(stage.says(&["v", "MDPW02", "\u{4}", "c", "", "HI"]), ["c 0002  MDPC02 \\u{3} echo HI"]);
    assert_eq!(
        stage.says(&["c", "0003", "", "MDPC01", "mmi.service", "echo"]),
        ["c 0003  MDPC01 mmi.service 200"]
    );
    // A worker has one connection to one broker.
    assert_eq!(stage.says(&["x", "1", "", "MDPW01", "\u{1}", "echo"]), nothing());
    assert_eq!(stage.broker.statistics().malformed, 1);
}

#[test]
fn whoever_is_registered_hears_that_the_broker_goes() {
    let mut stage = Stage::new();
    stage.ready("w", "echo");
    stage.says(&["v", "MDPW02", "\u{1}", "echo"]);
    stage.broker.farewell(&mut stage.out);
    let mut said = stage.said();
    said.sort_unstable();
    assert_eq!(said, ["v MDPW02 \\u{6}", "w  MDPW01 \\u{5}"]);
}

#[test]
fn a_worker_with_a_window_is_given_requests_ahead_and_answers_them_in_order() {
    let mut stage = Stage::new();
    stage.says(&["w", "", "MDPW01", "\u{1}", "echo", "\u{0}\u{2}"]);
    stage.ready("v", "echo");
    assert_eq!(stage.request("c", "echo", "1"), order("w", "c", "1"));
    assert_eq!(stage.request("d", "echo", "2"), order("v", "d", "2"), "whoever has the fewest is next");
    assert_eq!(stage.request("d", "echo", "3"), order("w", "d", "3"));
    assert_eq!(stage.request("e", "echo", "4"), nothing(), "both have what they take");
    assert_eq!(stage.broker.statistics().at_work, 3);
    assert_eq!(stage.reply("w", "c", "1"), [answer("c", "echo", "1"), order("w", "e", "4")].concat());
    let refused = stage.reply("w", "e", "4");
    assert_eq!(refused, disconnect("w"), "d was asked before e");
    assert_eq!(stage.reply("v", "d", "2"), [answer("d", "echo", "2"), order("v", "d", "3")].concat());
    assert_eq!(stage.reply("v", "d", "3"), [answer("d", "echo", "3"), order("v", "e", "4")].concat());
    assert_eq!((stage.broker.statistics().at_work, stage.broker.statistics().repeated), (1, 2));
}

#[test]
fn what_a_lost_worker_had_ahead_counts_as_tried_unless_it_says_goodbye() {
    let options = BrokerOptions { attempts: 1, ..BrokerOptions::default() };
    for (says_goodbye, given_up) in [(true, 1), (false, 3)] {
        let mut stage = Stage::with(options.clone());
        stage.says(&["w", "", "MDPW01", "\u{1}", "echo", "\u{0}\u{9}"]);
        for body in ["1", "2", "3"] {
            assert_eq!(stage.request("c", "echo", body), order("w", "c", body));
        }
        if says_goodbye {
            stage.leave("w");
        } else {
            stage.broker.gone(b"w", stage.now, &mut stage.out);
        }
        assert_eq!(stage.broker.statistics().given_up, given_up);
        let again = if says_goodbye { order("v", "c", "2") } else { nothing() };
        assert_eq!(stage.ready("v", "echo"), again, "the others in their order");
        assert_eq!(stage.broker.statistics().waiting, usize::from(says_goodbye));
    }
}

#[test]
fn a_service_that_is_named_in_once_is_given_a_request_once() {
    let once = vec!["pay".into()];
    let mut stage = Stage::with(BrokerOptions { once, ..BrokerOptions::default() });
    for (service, again) in [("pay", nothing()), ("echo", order("v", "c", "1"))] {
        stage.ready("w", service);
        assert_eq!(stage.request("c", service, "1"), order("w", "c", "1"));
        stage.broker.gone(b"w", stage.now, &mut stage.out);
        assert_eq!(stage.ready("v", service), again, "{service}");
        stage.leave("v");
    }
    let counts = stage.broker.statistics();
    assert_eq!((counts.given_up, counts.repeated), (1, 2), "{counts:?}");
    assert_eq!(stage.request("c", "pay", "2"), nothing());
    assert_eq!(stage.ready("w", "pay"), order("w", "c", "2"), "what no worker has had yet waits");
}

#[test]
fn who_has_one_answer_begun_and_others_ahead_loses_only_the_first() {
    let mut stage = Stage::new();
    stage.says(&["w", "MDPW02", "\u{1}", "count", "\u{0}\u{2}"]);
    for client in ["c", "d"] {
        stage.says(&[client, "MDPC02", "\u{1}", "count", "3"]);
    }
    stage.says(&["w", "MDPW02", "\u{3}", "c", "", "1"]);
    stage.says(&["w", "MDPW02", "\u{6}"]);
    assert_eq!(stage.says(&["v", "MDPW02", "\u{1}", "count"]), ["v MDPW02 \\u{2} d  3"]);
    assert_eq!((stage.broker.statistics().given_up, stage.broker.statistics().repeated), (1, 1));
}

/// The run of hours is `examples/majordomo_soak.rs`; here every octet counts.
#[test]
fn a_broker_holds_nothing_of_what_is_done() {
    let mut stage = Stage::new();
    let mut work = |rounds: usize| {
        for round in 0..rounds {
            let worker = format!("w{}", round % 7);
            stage.says(&[&worker, "", "MDPW01", "\u{1}", "echo", "\u{0}\u{4}"]);
            for client in ["c", "d", "e"] {
                stage.request(client, "echo", "hi");
            }
            stage.request("nobody waits", "mmi.stats", "");
            stage.reply(&worker, "c", "HI");
            stage.says(&["?", "nonsense"]);
            // One answer short: what it leaves behind goes to the next, and is in time given up.
            stage.leave(&worker);
            stage.after(SECOND);
        }
        stage.broker.statistics()
    };
    work(200);
    let mut last = BrokerStatistics::default();
    let used = allocation_counter::measure(|| last = work(2_000));
    assert!(last.replies > 3_000 && last.given_up > 0, "{last:?}");
    assert_eq!((used.count_current, used.bytes_current), (0, 0), "{last:?}");
}
