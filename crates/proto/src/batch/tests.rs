use super::*;
use std::sync::Arc;

fn wire(batch: &Batch) -> Vec<u8> {
    batch.segments().flatten().copied().collect()
}

fn sample() -> (Batch, Vec<Message>) {
    let large = Bytes::from(vec![9; SHARED_FROM]);
    let messages = vec![
        Message::from("hello"),
        Message::from([Frame::from("a"), Frame::from(large.clone()), Frame::EMPTY]),
        Message::from(large),
        Message::from(vec![1; 300]),
    ];
    let mut batch = Batch::new();
    for message in &messages {
        batch.push_message(&[], message);
    }
    (batch, messages)
}

#[test]
fn what_goes_in_comes_out_in_order() {
    let (mut batch, messages) = sample();
    assert_eq!(batch.messages(), messages.len());
    let out: Vec<_> = std::iter::from_fn(|| batch.pop()).collect();
    assert_eq!(out, messages);
    assert_eq!(batch.size(), 0);
}

/// What is taken in place: the first body, and what the other frames are.
fn taken(batch: &mut Batch) -> Option<(Vec<u8>, Vec<Vec<u8>>)> {
    batch.pop_in_place(|first, mut others| {
        let mut bodies = vec![];
        while let Some((body, more, rest)) = split_frame(others) {
            assert_eq!(more, !rest.is_empty());
            bodies.push(body.to_vec());
            others = rest;
        }
        assert!(others.is_empty());
        (first.to_vec(), bodies)
    })
}

#[test]
fn what_lies_in_the_run_is_taken_in_place_and_the_rest_is_left() {
    let mut batch = Batch::new();
    let in_run = [vec![], vec![1; 40], vec![2; 255], vec![3; 256], vec![4; SHARED_FROM - 1]];
    for body in &in_run {
        batch.push_frame(body, false);
    }
    batch.push_message(&[], &Message::from([&[6; 300][..], b"", b"frames"]));
    batch.push_message(&[], &Message::from([vec![5; SHARED_FROM], b"behind".to_vec()]));
    batch.push_message(&[], &Message::from([b"before".to_vec(), vec![5; SHARED_FROM]]));
    batch.push_frame(b"between", false);
    batch.push_shared(Bytes::from(vec![5; SHARED_FROM]), false);
    batch.push_frame(b"last", false);
    for body in &in_run {
        assert_eq!(taken(&mut batch), Some((body.clone(), vec![])));
    }
    assert_eq!(taken(&mut batch), Some((vec![6; 300], vec![vec![], b"frames".to_vec()])));
    assert_eq!(taken(&mut batch), None);
    assert_eq!(batch.pop(), Some([vec![5; SHARED_FROM], b"behind".to_vec()].into()));
    assert_eq!(taken(&mut batch), None);
    assert_eq!(batch.pop(), Some([b"before".to_vec(), vec![5; SHARED_FROM]].into()));
    assert_eq!(taken(&mut batch), Some((b"between".to_vec(), vec![])));
    assert_eq!(taken(&mut batch), None);
    assert_eq!(batch.pop(), Some(vec![5; SHARED_FROM].into()));
    assert_eq!(taken(&mut batch), Some((b"last".to_vec(), vec![])));
    assert_eq!((taken(&mut batch), batch.messages(), batch.size()), (None, 0, 0));
}

#[test]
fn what_is_not_whole_or_is_a_command_is_not_taken_in_place() {
    for octets in [
        &b"\0"[..],
        b"\0\x05four",
        b"\x02\0\0\0",
        b"\x02\0\0\0\0\0\0\x01\0four",
        b"\x04\x01x",
        b"\x01\x01x",
        b"\x01\x01x\x04\x01x",
        b"",
    ] {
        assert_eq!(Batch::from_octets(octets.to_vec(), 1).pop_in_place(|_, _| ()), None, "{octets:?}");
    }
}

#[test]
fn segments_are_the_wire_and_the_wire_is_a_batch() {
    let (mut batch, messages) = sample();
    assert_eq!(wire(&batch).len(), batch.size());
    let mut again = Batch::from_octets(wire(&batch), messages.len());
    for message in messages {
        assert_eq!(wire(&again), wire(&batch));
        assert_eq!(batch.pop().as_ref(), Some(&message));
        assert_eq!(again.pop(), Some(message));
    }
}

#[test]
fn a_large_body_is_shared_and_a_small_one_copied() {
    let body = Bytes::from(vec![1; SHARED_FROM]);
    let mut batch = Batch::new();
    batch.push_shared(body.clone(), false);
    let out = batch.pop().unwrap().into_first().into_bytes();
    assert_eq!(out.as_ptr(), body.as_ptr());
}

/// Memory that somebody waits to have back: so much, lent.
fn lent(size: usize) -> (Bytes, Frame) {
    let memory = Bytes::from(vec![size as u8; size]);
    (memory.clone(), Frame::lent(memory))
}

const LENT_SIZES: [usize; 8] = [5, 0, 64, 65, 255, 256, SHARED_FROM - 1, SHARED_FROM];

/// Lent bodies before, between and behind others, in messages of one frame and of several.
fn with_lent() -> (Batch, Vec<Message>) {
    let mut batch = Batch::new();
    let mut messages = vec![];
    for size in LENT_SIZES {
        messages.extend([
            Message::from(lent(size).1),
            Message::from("between"),
            Message::from([lent(size).1, Frame::from("more"), lent(size).1]),
            Message::from([Frame::from("first"), lent(size).1]),
            Message::from(vec![1; 300]),
        ]);
    }
    messages.iter().for_each(|message| batch.push_message(&[], message));
    (batch, messages)
}

#[test]
fn lent_memory_is_never_copied_however_short_it_is() {
    for size in LENT_SIZES {
        let (memory, frame) = lent(size);
        let mut batch = Batch::new();
        batch.push_frame(b"before", false);
        batch.push_message(std::slice::from_ref(&frame), &Message::from([frame.clone(), frame.clone()]));
        batch.push_frame(&[0; 100], false);
        assert_eq!(batch.pop(), Some("before".into()));
        let message = batch.pop().unwrap();
        assert_eq!(message.frames().len(), 3, "{size}");
        assert!(message.frames().iter().all(|frame| frame.is_lent() && frame.as_ptr() == memory.as_ptr()));
        assert_eq!(batch.pop(), Some(vec![0; 100].into()));
    }
}

#[test]
fn lent_memory_is_held_until_its_message_is_taken_or_the_batch_is_cleared() {
    let owner: Arc<[u8]> = Arc::from(&b"lent"[..]);
    let held = || Arc::strong_count(&owner) > 1;
    let mut batch = Batch::new();
    let end: [fn(&mut Batch); 2] = [|batch| drop(batch.pop()), Batch::clear];
    for end in end {
        batch.push(&Frame::lent(Bytes::from_owner(owner.clone())), false);
        assert!(held());
        end(&mut batch);
        assert!(!held());
    }
}

#[test]
fn a_batch_with_lent_bodies_is_what_any_other_is() {
    let (batch, messages) = with_lent();
    let mut copied = Batch::new();
    for message in &messages {
        copied.push_message(&[], &message.frames().iter().map(|frame| Frame::from(frame.to_vec())).collect());
    }
    assert_eq!((batch.size(), batch.messages()), (copied.size(), copied.messages()));
    assert_eq!(wire(&batch), wire(&copied));
    assert!(batch.first_frames().eq(copied.first_frames()));
    assert_eq!(batch.plain_octets(), copied.plain_octets());
    let pop = |mut batch: Batch| std::iter::from_fn(move || batch.pop()).collect::<Vec<_>>();
    assert_eq!(pop(batch.clone()), messages);
    let mut twice = Batch::new();
    twice.push_frame(b"x", false);
    twice.push_all(&batch);
    twice.append(batch.clone());
    assert_eq!(pop(twice)[1..], [&messages[..], &messages[..]].concat());
    for cut in [0, 2, 7, 8, 300, 5000] {
        let (mut rest, mut of_copied) = (batch.clone(), copied.clone());
        assert_eq!(rest.skip_written(cut), of_copied.skip_written(cut));
        assert_eq!(wire(&rest), wire(&of_copied));
    }
}

#[test]
fn lent_bodies_are_not_shown_in_place_and_are_taken_in_their_memory() {
    let (batch, messages) = with_lent();
    let (mut in_place, mut in_memory) = (batch.clone(), batch);
    for message in messages {
        match taken(&mut in_place) {
            Some((first, others)) => {
                assert!(message.frames().iter().all(|frame| !frame.is_lent()));
                assert_eq!(
                    (&first[..], others.len() + 1),
                    (&message.frames()[0][..], message.frames().len())
                );
            }
            None => assert_eq!(in_place.pop().as_ref(), Some(&message)),
        }
        let single = !message.is_multipart();
        match in_memory.pop_to(Either, ()) {
            Some((body, shared)) if single => {
                assert_eq!(body, message.body());
                let frame = message.into_first();
                assert!(!frame.is_lent() || (shared && body.as_ptr() == frame.as_ptr()));
            }
            taken => {
                assert_eq!(taken, None);
                assert_eq!(in_memory.pop(), Some(message));
            }
        }
    }
}

#[test]
fn commands_between_messages_are_passed_over() {
    let mut batch =
        Batch::from_octets(b"\x04\x05\x04PONG\x00\x01a\x01\x01b\x04\x05\x04PONG\x00\x01c".to_vec(), 2);
    assert_eq!(batch.pop(), Some(Message::from("a")));
    assert_eq!(batch.pop(), Some(Message::from(["b", "c"])));
    assert_eq!(batch.pop(), None);
}

#[test]
fn appending_keeps_order_and_places() {
    let (mut first, mut messages) = sample();
    let (mut second, more) = sample();
    second.pop();
    messages.extend(more.into_iter().skip(1));
    first.pop();
    first.append(second);
    let out: Vec<_> = std::iter::from_fn(|| first.pop()).collect();
    assert_eq!(out, messages[1..]);
}

#[test]
fn after_a_cut_at_any_octet_the_rest_begins_at_a_message_boundary() {
    let (batch, messages) = sample();
    let mut ends = vec![];
    let mut walk = batch.clone();
    while walk.pop().is_some() {
        ends.push(batch.size() - walk.size());
    }
    for written in (0..=batch.size()).step_by(7).chain(ends.iter().copied()) {
        let mut rest = batch.clone();
        let whole = ends.iter().filter(|end| **end <= written).count();
        assert_eq!(rest.skip_written(written), whole);
        assert_eq!(rest.pop(), messages.get(whole).cloned());
    }
}

#[test]
fn a_wrong_count_or_cut_octets_end_early() {
    let mut batch = Batch::from_octets(b"\x00\x05ab".to_vec(), 3);
    assert_eq!(batch.pop(), None);
    let mut batch = Batch::from_octets(b"\x02\xff\xff\xff\xff\xff\xff\xff\xffab".to_vec(), 1);
    assert_eq!(batch.pop(), None);
}

/// What a full batch holds, in messages of this size.
fn full_of(size: usize) -> Batch {
    let mut batch = Batch::new();
    while batch.size() < 64 * 1024 {
        batch.push_frame(&vec![7; size], false);
    }
    batch
}

#[test]
fn a_batch_whose_run_went_with_its_bodies_begins_anew() {
    let mut batch = full_of(1000);
    let bodies: Vec<_> = std::iter::from_fn(|| batch.pop()).collect();
    assert_eq!((batch.size(), batch.messages()), (0, 0));
    batch.clear();
    batch.push_frame(b"next", false);
    assert!(bodies.iter().all(|body| *body.body() == [7; 1000]));
    assert_eq!(wire(&batch), b"\0\x04next");
}

/// Something done to a batch, with another.
type Fill = fn(&mut Batch, &Batch);

#[test]
fn a_shared_run_is_all_that_a_run_is() {
    let mut sent = Batch::new();
    let bodies = [vec![1; 300], vec![2; 70], vec![3; SHARED_FROM], vec![4; 5], vec![5; 400]];
    bodies.iter().for_each(|body| sent.push(&Frame::from(body.clone()), false));
    let mut shared = sent.clone();
    assert_eq!(
        (shared.pop(), sent.pop_in_place(|body, _| body.to_vec())),
        (Some(vec![1; 300].into()), Some(vec![1; 300]))
    );
    assert!(shared.bodies.len() > sent.bodies.len(), "it is shared");
    // All that looks at one finds in it what is in the other.
    assert_eq!((shared.size(), shared.messages()), (sent.size(), sent.messages()));
    assert_eq!(wire(&shared), wire(&sent));
    assert!(shared.frames().eq(sent.frames()));
    assert_eq!(shared.plain_octets(), sent.plain_octets());
    let fill: [(&str, Fill); 7] = [
        ("append", |batch, other| batch.append(other.clone())),
        ("push_all", |batch, other| batch.push_all(other)),
        ("short", |batch, _| batch.push_frame(b"short", false)),
        ("long", |batch, _| batch.push_frame(&[6; 1000], false)),
        ("apart", |batch, _| batch.push_shared(Bytes::from(vec![6; SHARED_FROM]), false)),
        ("octets", |batch, _| batch.push_octets(b"\0\x01o", 1)),
        ("in place", |batch, _| assert_eq!(batch.pop_in_place(|body, _| body.len()), Some(70))),
    ];
    for (what, fill) in fill {
        let (mut first, mut second) = (shared.clone(), sent.clone());
        fill(&mut first, &shared);
        fill(&mut second, &sent);
        assert_eq!((first.size(), first.messages()), (second.size(), second.messages()), "{what}");
        assert_eq!(wire(&first), wire(&second), "{what}");
        assert!(std::iter::from_fn(|| first.pop()).eq(std::iter::from_fn(|| second.pop())), "{what}");
        assert_eq!((first.size(), first.messages()), (0, 0), "{what}");
    }
    let passed = sent.size() - 10;
    assert_eq!(shared.skip_written(passed), sent.skip_written(passed));
    assert_eq!(wire(&shared), wire(&sent));
}

#[test]
fn the_last_body_takes_the_run_with_it_and_what_comes_behind_is_found() {
    let mut batch = Batch::from_octets([&b"\0\x48"[..], &[7; 72]].concat(), 1);
    let run = batch.segments().next().unwrap().as_ptr().addr();
    let body = batch.pop().unwrap();
    assert_eq!(body.body().as_ptr().addr(), run + 2, "not copied");
    assert_eq!((batch.size(), batch.pop()), (0, None));
    batch.push_frame(&[8; 80], true);
    batch.push_shared(Bytes::from(vec![9; SHARED_FROM]), false);
    assert_eq!(batch.pop(), Some(Message::from([vec![8; 80], vec![9; SHARED_FROM]])));
    assert_eq!((batch.size(), batch.messages()), (0, 0));
}

#[test]
fn bodies_of_one_run_and_bodies_beside_it_come_out_in_order_whatever_is_shared() {
    let sizes = [1, 65, 300, SHARED_FROM, 64, 5000, SHARED_FROM + 1, 70];
    let messages: Vec<_> = sizes.iter().map(|size| Message::from(vec![*size as u8; *size])).collect();
    let mut batch = Batch::new();
    for _ in 0..3 {
        messages.iter().for_each(|message| batch.push_message(&[], message));
        assert_eq!(batch.pop().as_ref(), messages.first());
        messages.first().into_iter().for_each(|message| batch.push_message(&[], message));
        for message in messages.iter().skip(1).chain(messages.first()) {
            let before = batch.size();
            assert_eq!(batch.pop().as_ref(), Some(message));
            assert!(before > batch.size());
        }
        assert_eq!((batch.size(), batch.pop()), (0, None));
    }
}

/// Copies what is shown in place, and takes the memory where it may.
struct Either;

impl Taking<()> for Either {
    type Taken = (Bytes, bool);
    const SHARES: bool = true;

    fn copy(self, first: &[u8], _: &[u8], (): ()) -> (Bytes, bool) {
        (Bytes::copy_from_slice(first), false)
    }

    fn share(self, body: Bytes, (): ()) -> (Bytes, bool) {
        (body, true)
    }
}

#[test]
fn long_bodies_are_taken_in_their_memory_and_short_ones_and_several_frames_are_shown() {
    let large = Bytes::from(vec![5; SHARED_FROM]);
    let single = [(vec![1; 255], false), (vec![2; 256], true), (vec![3; 5000], true), (vec![], false)];
    let mut batch = Batch::new();
    for _ in 0..2 {
        single.iter().for_each(|(body, _)| batch.push_frame(body, false));
        batch.push_shared(large.clone(), false);
        batch.push_octets(b"\x04\x05\x04PONG", 0);
        batch.push_frame(&[6; 300], false);
        batch.push_message(&[], &Message::from([vec![7; 400], vec![8; 400]]));
    }
    for _ in 0..2 {
        for (body, shared) in &single {
            let left = batch.size() - body.len() - if body.len() > 255 { 9 } else { 2 };
            assert_eq!(batch.pop_to(Either, ()), Some((body.clone().into(), *shared)));
            assert_eq!(batch.size(), left);
        }
        let (body, shared) = batch.pop_to(Either, ()).unwrap();
        assert_eq!((body.as_ptr(), shared), (large.as_ptr(), true));
        assert_eq!(batch.pop_to(Either, ()), None, "a command is left for others");
        assert_eq!(batch.pop(), Some(vec![6; 300].into()));
        assert_eq!(batch.pop_to(Either, ()), Some((vec![7; 400].into(), false)));
    }
    assert_eq!((batch.pop_to(Either, ()), batch.messages(), batch.size()), (None, 0, 0));
}

#[test]
fn what_is_not_whole_is_not_taken_in_its_memory() {
    for octets in [&b"\x02\0\0\0\0\0\0\x01\0four"[..], b"\x02\xff\xff\xff\xff\xff\xff\xff\xff", b"\x02\0\0"] {
        assert_eq!(Batch::from_octets(octets.to_vec(), 1).pop_to(Either, ()), None, "{octets:?}");
    }
    // Needlessly long heads are legal.
    let mut batch = Batch::from_octets(b"\x02\0\0\0\0\0\0\0\x01a\x02\0\0\0\0\0\0\0\0".to_vec(), 2);
    assert_eq!(batch.pop_to(Either, ()), Some(("a".into(), false)));
    assert_eq!((batch.pop_to(Either, ()), batch.size()), (Some((Bytes::new(), false)), 0));
}

#[test]
fn nobody_looks_at_the_memory_of_a_body_that_was_taken() {
    let mut batch = full_of(1000);
    let taken = batch.pop_to(Either, ()).unwrap().0;
    let behind = taken.as_ptr_range().end.addr();
    let seen = batch.segments().chain([batch.run().behind(batch.read).unwrap()]);
    assert!(seen.into_iter().all(|octets| octets.as_ptr().addr() >= behind));
    assert_eq!(batch.run().between(0, 1009), None, "it has gone");
    let left = wire(&batch);
    batch.push_frame(b"behind", false);
    assert_eq!(wire(&batch), [&left[..], b"\0\x06behind"].concat());
}
