//! What every store of Titanic has to hold, asked of any.

use std::{collections::HashSet, time::Duration};
use zeroxide::Frame;
use zeroxide_patterns::titanic::{Operation, Outcome, RequestNumber, Store, StoreLimits, StoreUse};
use zeroxide_testing::{eventually, eventually_some};

/// Where a store keeps what it has.
pub(crate) trait Place {
    /// A store there. It is dropped as if its process had died.
    fn open(&self, limits: StoreLimits) -> Box<dyn Store>;
}

pub(crate) type Rule = fn(&dyn Place);

/// All of them, by name.
pub(crate) const RULES: [(&str, Rule); 14] = [
    ("what was accepted comes in order, also after a restart", order),
    ("what was claimed by one that died is claimed again", claimed_again),
    ("what must not be done twice has failed if it died after the start, and not before", once),
    ("an answer can be read again until it is closed", answer),
    ("the first answer stays", first_answer),
    ("an answer is an answer, also if it had failed", late_answer),
    ("there is a bound in number and octets", bound),
    ("what is known is accepted, also if there is no room", known_when_full),
    ("what was released is due again, and what failed is not", release),
    ("services take turns, and each has its order", turns),
    ("services that are not served are left out", left_out),
    ("what has come to an end is swept, and what has not is not", sweep),
    ("many operations have their outcomes in order", many),
    ("any octets are kept, and much of them", octets),
];

fn number(number: u128) -> RequestNumber {
    format!("{number:032X}").parse().unwrap()
}

fn accept_for(service: &str, told: u128, once: bool) -> Operation {
    let body = vec![Frame::from("hi"), Frame::from("there")];
    Operation::Accept { number: number(told), service: service.into(), body, once }
}

fn open(place: &dyn Place) -> Box<dyn Store> {
    place.open(StoreLimits::default())
}

fn one(store: &mut Box<dyn Store>, operation: Operation) -> Outcome {
    let mut outcomes = store.apply(vec![operation]).unwrap();
    assert_eq!(outcomes.len(), 1);
    outcomes.remove(0)
}

fn accept(store: &mut Box<dyn Store>, told: u128, once: bool) -> Outcome {
    one(store, accept_for("echo", told, once))
}

fn claim(store: &mut Box<dyn Store>) -> Option<u128> {
    match one(store, Operation::Claim { without: vec![] }) {
        Outcome::Claimed(job) => {
            assert_eq!((&job.service[..], &job.body[..]), (&b"echo"[..], &["hi".into(), "there".into()][..]));
            Some(u128::from_str_radix(&job.number.to_string(), 16).unwrap())
        }
        Outcome::Nothing => None,
        other => panic!("{other:?}"),
    }
}

fn start(store: &mut Box<dyn Store>, told: u128) -> Outcome {
    one(store, Operation::Start { number: number(told) })
}

fn look(store: &mut Box<dyn Store>, told: u128) -> Outcome {
    one(store, Operation::Look { number: number(told) })
}

fn finish(store: &mut Box<dyn Store>, told: u128, answer: &str) -> Outcome {
    one(store, Operation::Finish { number: number(told), answer: vec!["".into(), answer.into()] })
}

fn answered(answer: &str) -> Outcome {
    Outcome::Answer(vec!["".into(), answer.into()])
}

fn close(store: &mut Box<dyn Store>, told: u128) -> Outcome {
    one(store, Operation::Close { number: number(told) })
}

fn order(place: &dyn Place) {
    let mut store = open(place);
    for told in [7, 3, 5] {
        assert_eq!(accept(&mut store, told, false), Outcome::Done);
    }
    drop(store);
    let mut store = open(place);
    assert_eq!([(); 4].map(|()| claim(&mut store)), [Some(7), Some(3), Some(5), None]);
    assert_eq!(accept(&mut store, 7, false), Outcome::Done, "it is known");
    assert_eq!(claim(&mut store), None);
}

fn claimed_again(place: &dyn Place) {
    let mut store = open(place);
    for told in 1..=3 {
        accept(&mut store, told, false);
    }
    assert_eq!([claim(&mut store), claim(&mut store)], [Some(1), Some(2)]);
    start(&mut store, 1);
    drop(store);
    let mut store = open(place);
    let all: HashSet<u128> = [(); 3].map(|()| eventually_some(|| claim(&mut store))).into();
    assert_eq!((all, claim(&mut store)), (HashSet::from([1, 2, 3]), None));
}

fn once(place: &dyn Place) {
    let mut store = open(place);
    for told in 1..=3 {
        accept(&mut store, told, true);
    }
    let _ = [(); 3].map(|()| claim(&mut store));
    assert_eq!(start(&mut store, 1), Outcome::Done);
    assert_eq!(start(&mut store, 1), Outcome::Unknown, "once");
    // Whoever was not told whether it is started, and so did not hand it out, gives it back.
    assert_eq!(start(&mut store, 2), Outcome::Done);
    let release = Operation::Release { number: number(2), after: Duration::ZERO };
    assert_eq!(one(&mut store, release), Outcome::Done);
    drop(store);
    let mut store = open(place);
    eventually(|| look(&mut store, 1) == Outcome::Failed);
    assert_eq!((look(&mut store, 2), look(&mut store, 3)), (Outcome::Pending, Outcome::Pending));
    let all: HashSet<u128> = [(); 2].map(|()| eventually_some(|| claim(&mut store))).into();
    assert_eq!((all, claim(&mut store)), (HashSet::from([2, 3]), None));
    assert_eq!((start(&mut store, 1), start(&mut store, 2)), (Outcome::Unknown, Outcome::Done));
}

fn answer(place: &dyn Place) {
    let mut store = open(place);
    accept(&mut store, 1, false);
    assert_eq!(look(&mut store, 1), Outcome::Pending);
    claim(&mut store);
    assert_eq!(finish(&mut store, 1, "hello"), Outcome::Done);
    assert_eq!(look(&mut store, 1), answered("hello"));
    let held = store.in_use();
    assert_eq!((held.waiting, held.finished), (0, 1));
    drop(store);
    let mut store = open(place);
    assert_eq!(store.in_use(), held, "what is counted is what is there");
    assert_eq!((look(&mut store, 1), claim(&mut store)), (answered("hello"), None));
    for _ in 0..2 {
        assert_eq!(close(&mut store, 1), Outcome::Done);
        assert_eq!(look(&mut store, 1), Outcome::Unknown);
    }
    assert_eq!(finish(&mut store, 1, "hello"), Outcome::Unknown);
    assert_eq!(start(&mut store, 1), Outcome::Unknown);
    assert_eq!(store.in_use(), StoreUse::default());
}

fn first_answer(place: &dyn Place) {
    let mut store = open(place);
    accept(&mut store, 1, false);
    claim(&mut store);
    assert_eq!(finish(&mut store, 1, "first"), Outcome::Done);
    let held = store.in_use();
    assert_eq!(finish(&mut store, 1, "the second is longer"), Outcome::Done);
    assert_eq!(one(&mut store, Operation::Fail { number: number(1) }), Outcome::Done);
    let release = Operation::Release { number: number(1), after: Duration::ZERO };
    assert_eq!(one(&mut store, release), Outcome::Unknown);
    assert_eq!((look(&mut store, 1), store.in_use()), (answered("first"), held));
}

fn late_answer(place: &dyn Place) {
    let mut store = open(place);
    accept(&mut store, 1, true);
    claim(&mut store);
    start(&mut store, 1);
    assert_eq!(one(&mut store, Operation::Fail { number: number(1) }), Outcome::Done);
    assert_eq!(look(&mut store, 1), Outcome::Failed);
    assert_eq!((finish(&mut store, 1, "late"), look(&mut store, 1)), (Outcome::Done, answered("late")));
    let StoreUse { waiting, finished, .. } = store.in_use();
    assert_eq!((waiting, finished, claim(&mut store)), (0, 1, None));
}

fn bound(place: &dyn Place) {
    let mut store = place.open(StoreLimits { requests: 2, octets: 1000 });
    let outcomes: Vec<_> = (0..3).map(|told| accept(&mut store, told, false)).collect();
    assert_eq!(outcomes, [Outcome::Done, Outcome::Done, Outcome::Full]);
    close(&mut store, 0);
    let (service, body) = (Frame::from("echo"), vec![Frame::from(vec![0; 1000])]);
    let large = Operation::Accept { number: number(9), service, body, once: false };
    assert_eq!(one(&mut store, large), Outcome::Full);
    let accepts = (10..13).map(|told| accept_for("echo", told, false)).collect();
    assert_eq!(store.apply(accepts).unwrap(), [Outcome::Done, Outcome::Full, Outcome::Full]);
    assert_eq!(look(&mut store, 11), Outcome::Unknown);
}

fn known_when_full(place: &dyn Place) {
    let mut store = place.open(StoreLimits { requests: 1, octets: 1000 });
    assert_eq!(accept(&mut store, 1, false), Outcome::Done);
    let both = vec![accept_for("echo", 1, false), accept_for("echo", 2, false)];
    assert_eq!(store.apply(both).unwrap(), [Outcome::Done, Outcome::Full]);
    assert_eq!(store.in_use().waiting, 1);
}

fn release(place: &dyn Place) {
    let mut store = open(place);
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
    // Given back and taken again in one go: it is in hand.
    accept(&mut store, 2, true);
    claim(&mut store);
    let give = Operation::Release { number: number(2), after: Duration::ZERO };
    let outcomes = store.apply(vec![give, Operation::Claim { without: vec![] }]).unwrap();
    assert!(matches!(&outcomes[1], Outcome::Claimed(job) if job.number == number(2)), "{outcomes:?}");
    assert_eq!((start(&mut store, 2), claim(&mut store)), (Outcome::Done, None));
}

fn claims(store: &mut Box<dyn Store>, without: &[&str], count: usize) -> Vec<(String, u128)> {
    let claim = Operation::Claim { without: without.iter().map(|service| Frame::from(*service)).collect() };
    let told = store.apply(vec![claim; count]).unwrap().into_iter().filter_map(|outcome| match outcome {
        Outcome::Claimed(job) => {
            let number = u128::from_str_radix(&job.number.to_string(), 16).unwrap();
            Some((String::from_utf8(job.service.to_vec()).unwrap(), number))
        }
        _ => None,
    });
    told.collect()
}

fn turns(place: &dyn Place) {
    let mut store = open(place);
    for (told, service) in [(1, "a"), (2, "a"), (3, "a"), (4, "b"), (5, "b"), (6, "c")] {
        one(&mut store, accept_for(service, told, false));
    }
    let told: Vec<_> = (0..4).flat_map(|_| claims(&mut store, &[], 1)).map(|claim| claim.1).collect();
    assert_eq!(told, [1, 4, 6, 2]);
    let mut told: Vec<_> = claims(&mut store, &[], 4).into_iter().map(|claim| claim.1).collect();
    told.sort_unstable();
    assert_eq!(told, [3, 5], "as many as there are, whose turn it may be");
    for told in 10..40 {
        one(&mut store, accept_for(if told == 39 { "b" } else { "a" }, told, false));
    }
    let told = claims(&mut store, &[], 20);
    assert_eq!((told.len(), told.iter().filter(|claim| claim.0 == "b").count()), (20, 1), "{told:?}");
}

fn left_out(place: &dyn Place) {
    let mut store = open(place);
    for (told, service) in [(1, "a"), (2, "b"), (3, "c")] {
        one(&mut store, accept_for(service, told, false));
    }
    assert_eq!(claims(&mut store, &["a", "c"], 3), [("b".to_owned(), 2)]);
    assert_eq!(claims(&mut store, &["a"], 3), [("c".to_owned(), 3)]);
    assert_eq!(claims(&mut store, &["d"], 3), [("a".to_owned(), 1)]);
    // However many they are.
    let services: Vec<_> = (0..300).map(|nth| format!("s{nth:03}")).collect();
    let accepts = (1000..).zip(&services).map(|(told, service)| accept_for(service, told, false)).collect();
    store.apply(accepts).unwrap();
    let absent: Vec<_> =
        services.iter().map(|service| &**service).filter(|service| *service != "s200").collect();
    assert_eq!(claims(&mut store, &absent, 3), [("s200".to_owned(), 1200)]);
}

fn sweep(place: &dyn Place) {
    let mut store = open(place);
    accept(&mut store, 1, false);
    accept(&mut store, 2, false);
    accept(&mut store, 3, false);
    claim(&mut store);
    finish(&mut store, 1, "done");
    claim(&mut store);
    one(&mut store, Operation::Fail { number: number(2) });
    // Seconds count: what has come to its end in this one is not older than none.
    eventually(|| {
        one(&mut store, Operation::Sweep { lifetime: Duration::ZERO });
        look(&mut store, 1) == Outcome::Unknown && look(&mut store, 2) == Outcome::Unknown
    });
    assert_eq!((look(&mut store, 3), claim(&mut store)), (Outcome::Pending, Some(3)));
    assert_eq!(store.in_use().waiting, 1);
}

fn many(place: &dyn Place) {
    let mut store = open(place);
    let first = vec![
        accept_for("echo", 1, false),
        Operation::Look { number: number(1) },
        Operation::Look { number: number(2) },
        accept_for("echo", 2, false),
        Operation::Close { number: number(1) },
        Operation::Look { number: number(1) },
    ];
    let told =
        [Outcome::Done, Outcome::Pending, Outcome::Unknown, Outcome::Done, Outcome::Done, Outcome::Unknown];
    assert_eq!(store.apply(first).unwrap(), told);
    let accepts = (100..1100).map(|told| accept_for("echo", told, false)).collect();
    assert!(store.apply(accepts).unwrap().iter().all(|outcome| *outcome == Outcome::Done));
    let claims = store.apply(vec![Operation::Claim { without: vec![] }; 1500]).unwrap();
    let claimed = claims.iter().filter(|outcome| matches!(outcome, Outcome::Claimed(_))).count();
    assert_eq!((claimed, claims.len(), store.in_use().waiting), (1001, 1500, 1001));
    assert_eq!(store.apply(vec![]).unwrap(), []);
}

fn octets(place: &dyn Place) {
    let mut store = open(place);
    let service = Frame::from(&b"\0\xff'; DROP TABLE titanic_request; --"[..]);
    let body = vec![Frame::from(""), Frame::from(vec![0xA5; 3 << 20]), Frame::from(&b"\0\\x"[..])];
    let accept =
        Operation::Accept { number: number(1), service: service.clone(), body: body.clone(), once: false };
    assert_eq!(one(&mut store, accept), Outcome::Done);
    match one(&mut store, Operation::Claim { without: vec!["".into()] }) {
        Outcome::Claimed(job) => assert!(job.service == service && job.body == body && job.attempts == 0),
        other => panic!("{other:?}"),
    }
    one(&mut store, Operation::Finish { number: number(1), answer: body.clone() });
    assert!(look(&mut store, 1) == Outcome::Answer(body));
    let held = store.in_use().octets;
    assert!((3 << 20..4 << 20).contains(&held), "{held}: the request went when the answer came");
}
