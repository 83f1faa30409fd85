use super::*;

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
