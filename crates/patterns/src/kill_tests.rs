//! Who is told to end ends, or is named.

use super::*;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

const PATIENCE: Duration = Duration::from_secs(120);
/// Longer than a loaded machine leaves a task on its way.
const QUIET: Duration = Duration::from_secs(3);

struct Yard {
    context: Context,
    controller: Controller,
    orders: String,
    answers: String,
}

fn yard() -> Yard {
    let context = Context::new();
    let controller = Controller::new(&context).unwrap();
    let orders = controller.bind_orders("tcp://127.0.0.1:*").unwrap();
    let answers = controller.bind_answers("tcp://127.0.0.1:*").unwrap();
    Yard { context, controller, orders, answers }
}

impl Yard {
    fn worker(&self, name: &str) -> Worker {
        Worker::new(&self.context, &self.orders, &self.answers, name).unwrap()
    }
}

#[test]
fn draining_loses_no_task() {
    let mut yard = yard();
    let source = Push::new(&yard.context).unwrap();
    let tasks = source.bind("tcp://127.0.0.1:*").unwrap();
    let done = Arc::new(AtomicUsize::new(0));
    let start = |name: &str| {
        let (worker, work, done) = (yard.worker(name), Pull::new(&yard.context).unwrap(), done.clone());
        work.connect(&tasks).unwrap();
        thread::spawn(move || {
            worker.run(&work, QUIET, |_| {
                done.fetch_add(1, Relaxed);
            })
        })
    };
    let working = ["a", "b", "c"].map(start);
    assert!(yard.controller.wait_ready(3, PATIENCE).unwrap());
    assert!(source.wait_connected(3, PATIENCE));
    for task in 0..3_000 {
        source.send(task.to_string()).unwrap();
    }
    let report = yard.controller.stop(StopOptions { drain: PATIENCE, ..StopOptions::default() }).unwrap();
    assert_eq!(report.drained, ["a", "b", "c"].map(Frame::from));
    assert!(report.is_complete() && report.killed.is_empty());
    for worker in working {
        assert_eq!(worker.join().unwrap().unwrap(), Order::Drain);
    }
    assert_eq!(done.load(Relaxed), 3_000);
}

#[test]
fn who_does_not_end_in_time_is_told_to_end_at_once_and_who_never_does_is_named() {
    let mut yard = yard();
    let endless = yard.worker("endless");
    let source = Push::new(&yard.context).unwrap();
    let work = Pull::new(&yard.context).unwrap();
    work.connect(&source.bind("inproc://kill-endless").unwrap()).unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    // Work never ceases, so draining never ends.
    let sending = {
        let ended = ended.clone();
        thread::spawn(move || {
            while !ended.load(Relaxed) {
                let _ = source.send_timeout("task", Duration::from_millis(10));
            }
        })
    };
    let working = thread::spawn(move || endless.run(&work, PATIENCE, |_| {}));
    assert!(yard.controller.wait_ready(1, PATIENCE).unwrap());
    let soon = Duration::from_millis(200);
    let options = StopOptions { drain: soon, kill: PATIENCE, ..StopOptions::default() };
    let report = yard.controller.stop(options).unwrap();
    assert_eq!(working.join().unwrap().unwrap(), Order::Kill);
    ended.store(true, Relaxed);
    sending.join().unwrap();
    assert_eq!(report.killed, [Frame::from("endless")]);
    assert!(report.is_complete());
    let _stuck = yard.worker("stuck");
    assert!(yard.controller.wait_ready(1, PATIENCE).unwrap());
    let report = yard.controller.stop(StopOptions { drain: soon, kill: soon, ..options }).unwrap();
    assert_eq!((report.killed, report.missing), (vec!["endless".into()], vec!["stuck".into()]));
}

#[test]
fn a_worker_that_comes_late_hears_it_as_well() {
    let mut yard = yard();
    let _known = yard.worker("known");
    assert!(yard.controller.wait_ready(1, PATIENCE).unwrap());
    let Yard { context, mut controller, orders, answers } = yard;
    let stopping = thread::spawn(move || {
        controller.stop(StopOptions { drain: PATIENCE, kill: Duration::ZERO, ..StopOptions::default() })
    });
    // The first order went out long before it subscribes, or not: it is heard either way.
    let late = Worker::new(&context, &orders, &answers, "late").unwrap();
    assert_eq!(late.run(&Pull::new(&context).unwrap(), Duration::ZERO, |_| {}).unwrap(), Order::Drain);
    _known.done().unwrap();
    assert!(stopping.join().unwrap().unwrap().drained.contains(&"known".into()));
}

#[test]
fn the_roll_takes_any_word_in_any_order() {
    let mut roll = Roll::default();
    for (message, order) in [
        (Message::from(["DONE", "early"]), Order::Drain),
        (Message::from(["READY", "a"]), Order::Drain),
        (Message::from(["DONE", "a"]), Order::Drain),
        (Message::from(["DONE", "a"]), Order::Kill),
        (Message::from(["READY", "b"]), Order::Drain),
        (Message::from(["DONE", "b"]), Order::Kill),
        (Message::from(["READY", "c"]), Order::Kill),
        (Message::from(["READY"]), Order::Work),
        (Message::from(["WHAT", "a"]), Order::Work),
        (Message::default(), Order::Work),
    ] {
        roll.heard(message, order);
    }
    assert_eq!((roll.working(), roll.malformed()), (1, 3));
    let report = roll.report();
    assert_eq!(report.drained, ["a", "early"].map(Frame::from));
    assert_eq!((report.killed, report.missing), (vec!["b".into()], vec!["c".into()]));
    assert_eq!(Order::read(&Message::from("KILL")), Order::Kill);
}
