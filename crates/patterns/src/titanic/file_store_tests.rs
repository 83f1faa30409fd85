use super::*;
use std::{path::PathBuf, time::Duration};

/// A file that goes with its test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("zeroxide-file-store-{}-{name}.redb", std::process::id()));
        let _ = std::fs::remove_file(&path);
        Self(path)
    }

    fn open(&self) -> FileStore {
        FileStore::open(&self.0, StoreLimits::default()).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn number(number: u128) -> RequestNumber {
    RequestNumber(number)
}

fn accept(store: &mut FileStore, told: u128, once: bool) -> Outcome {
    let (service, body) = (Frame::from("echo"), vec![Frame::from("hi"), Frame::from("there")]);
    one(store, Operation::Accept { number: number(told), service, body, once })
}

fn one(store: &mut FileStore, operation: Operation) -> Outcome {
    store.apply(vec![operation]).unwrap().remove(0)
}

fn claim(store: &mut FileStore) -> Option<u128> {
    match one(store, Operation::Claim { without: vec![] }) {
        Outcome::Claimed(job) => Some(job.number.0),
        _ => None,
    }
}

fn look(store: &mut FileStore, told: u128) -> Outcome {
    one(store, Operation::Look { number: number(told) })
}

#[test]
fn what_was_accepted_comes_in_order_also_after_a_restart() {
    let place = Place::new("order");
    let mut store = place.open();
    for told in [7, 3, 5] {
        assert_eq!(accept(&mut store, told, false), Outcome::Done);
    }
    assert_eq!(claim(&mut store), Some(7));
    drop(store);
    let mut store = place.open();
    assert_eq!(
        [claim(&mut store), claim(&mut store), claim(&mut store), claim(&mut store)],
        [Some(7), Some(3), Some(5), None]
    );
    assert_eq!(accept(&mut store, 7, false), Outcome::Done, "it is known");
    assert_eq!(claim(&mut store), None);
}

#[test]
fn what_must_not_be_done_twice_has_failed_if_the_process_dies_after_its_start_and_not_before() {
    let place = Place::new("once");
    let mut store = place.open();
    accept(&mut store, 1, true);
    accept(&mut store, 2, true);
    claim(&mut store);
    claim(&mut store);
    assert_eq!(one(&mut store, Operation::Start { number: number(1) }), Outcome::Done);
    assert_eq!(one(&mut store, Operation::Start { number: number(1) }), Outcome::Unknown, "once");
    drop(store);
    let mut store = place.open();
    assert_eq!((look(&mut store, 1), look(&mut store, 2)), (Outcome::Failed, Outcome::Pending));
    assert_eq!((claim(&mut store), claim(&mut store)), (Some(2), None));
}

#[test]
fn an_answer_can_be_read_again_until_it_is_closed() {
    let place = Place::new("answer");
    let mut store = place.open();
    accept(&mut store, 1, false);
    assert_eq!(look(&mut store, 1), Outcome::Pending);
    claim(&mut store);
    let answer = vec![Frame::from(""), Frame::from("hello")];
    assert_eq!(
        one(&mut store, Operation::Finish { number: number(1), answer: answer.clone() }),
        Outcome::Done
    );
    assert_eq!(look(&mut store, 1), Outcome::Answer(answer.clone()));
    let held = store.in_use();
    drop(store);
    let mut store = place.open();
    assert_eq!(store.in_use(), held, "what is counted is what is there");
    assert_eq!(look(&mut store, 1), Outcome::Answer(answer.clone()));
    assert_eq!(claim(&mut store), None);
    for _ in 0..2 {
        assert_eq!(one(&mut store, Operation::Close { number: number(1) }), Outcome::Done);
        assert_eq!(look(&mut store, 1), Outcome::Unknown);
    }
    assert_eq!(one(&mut store, Operation::Finish { number: number(1), answer }), Outcome::Unknown);
    assert_eq!(store.in_use(), StoreUse::default());
}

#[test]
fn there_is_a_bound_in_number_and_octets() {
    let place = Place::new("bound");
    let mut store = FileStore::open(&place.0, StoreLimits { requests: 2, octets: 1000 }).unwrap();
    let outcomes: Vec<_> = (0..3).map(|told| accept(&mut store, told, false)).collect();
    assert_eq!(outcomes, [Outcome::Done, Outcome::Done, Outcome::Full]);
    one(&mut store, Operation::Close { number: number(0) });
    let (service, body) = (Frame::from("echo"), vec![Frame::from(vec![0; 1000])]);
    let large = Operation::Accept { number: number(9), service, body, once: false };
    assert_eq!(one(&mut store, large), Outcome::Full);
    assert_eq!(accept(&mut store, 9, false), Outcome::Done);
}

#[test]
fn what_was_released_is_due_again_and_what_failed_is_not() {
    let place = Place::new("release");
    let mut store = place.open();
    accept(&mut store, 1, false);
    claim(&mut store);
    let release = |after| Operation::Release { number: number(1), after };
    assert_eq!(one(&mut store, release(Duration::from_secs(3600))), Outcome::Done);
    assert_eq!(claim(&mut store), None);
    one(&mut store, release(Duration::ZERO));
    assert_eq!(claim(&mut store), Some(1));
    assert_eq!(one(&mut store, Operation::Fail { number: number(1) }), Outcome::Done);
    assert_eq!(look(&mut store, 1), Outcome::Failed);
    assert_eq!(one(&mut store, Operation::Sweep { lifetime: Duration::from_secs(3600) }), Outcome::Done);
    assert_eq!(look(&mut store, 1), Outcome::Failed, "it may still be fetched");
    assert_eq!((claim(&mut store), one(&mut store, release(Duration::ZERO))), (None, Outcome::Unknown));
}

#[test]
fn a_second_process_cannot_have_the_file() {
    let place = Place::new("second");
    let _store = place.open();
    assert!(FileStore::open(&place.0, StoreLimits::default()).is_err());
}
