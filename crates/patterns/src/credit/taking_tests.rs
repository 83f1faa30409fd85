use super::*;

const BEAT: Duration = Duration::from_secs(1);

fn item(session: &str, place: u64) -> Message {
    Message::from_frames([session.as_bytes(), &place.to_be_bytes()[..], b"task"])
}

fn takes(consumer: &mut Taking, session: &str, place: u64) -> Option<u64> {
    match consumer.from_source(item(session, place)) {
        Taken::Item { life, number, body } => {
            assert_eq!((number, body), (place, Message::from("task")));
            Some(life)
        }
        Taken::Nothing => None,
        Taken::End => panic!("not the end"),
    }
}

fn says(message: Option<Message>) -> Option<Word> {
    message.map(|message| Word::hear(&message).unwrap())
}

#[test]
fn a_source_is_told_at_each_beat_and_when_half_a_window_is_done_or_all() {
    let now = Instant::now();
    let mut consumer = Taking::new(4, BEAT, now);
    let word = |session: &str, done, received| {
        Some(Word::Credit { session: session.into(), done, received, window: 4 })
    };
    assert_eq!(says(consumer.credit(now)), word("", 0, 0));
    assert_eq!(consumer.credit(now), None);
    let lives: Vec<u64> = (1..=4).filter_map(|place| takes(&mut consumer, "s", place)).collect();
    assert_eq!(lives.len(), 4);
    consumer.finish(lives[0], 2);
    consumer.finish(lives[0], 3);
    assert_eq!(consumer.credit(now), None, "the first is not done");
    consumer.finish(lives[0], 1);
    assert_eq!(says(consumer.credit(now)), word("s", 3, 4));
    consumer.finish(lives[0], 4);
    assert_eq!(says(consumer.credit(now)), word("s", 4, 4), "nothing is left");
    assert_eq!(consumer.next_beat(), now + BEAT);
    assert_eq!(says(consumer.credit(now + BEAT)), word("s", 4, 4));
}

#[test]
fn what_comes_again_or_behind_a_gap_is_dropped() {
    let mut consumer = Taking::new(4, BEAT, Instant::now());
    assert!(takes(&mut consumer, "s", 1).is_some());
    assert!(takes(&mut consumer, "s", 1).is_none());
    assert!(takes(&mut consumer, "s", 3).is_none(), "the second is missing");
    assert!(takes(&mut consumer, "s", 2).is_some() && takes(&mut consumer, "s", 3).is_some());
    assert_eq!(consumer.duplicates(), 2);
}

#[test]
fn a_new_session_begins_with_nothing_and_the_one_before_is_over() {
    let now = Instant::now();
    let mut consumer = Taking::new(4, BEAT, now);
    let before = takes(&mut consumer, "s", 1).unwrap();
    let after = takes(&mut consumer, "t", 1).unwrap();
    assert!(before != after && consumer.life() == after);
    assert!(takes(&mut consumer, "s", 2).is_none(), "that is for others");
    consumer.finish(before, 1);
    let Some(Word::Credit { session, done, .. }) = says(consumer.credit(now)) else { panic!() };
    assert_eq!((session, done), ("t".into(), 0), "what was done before does not count twice");
}

#[test]
fn whoever_fails_hands_back_what_it_has_and_begins_anew() {
    let now = Instant::now();
    let mut consumer = Taking::new(4, BEAT, now);
    assert_eq!(consumer.leave(now), None, "it has nothing");
    let life = takes(&mut consumer, "s", 1).unwrap();
    takes(&mut consumer, "s", 2).unwrap();
    consumer.finish(life, 1);
    assert_eq!(says(consumer.leave(now)), Some(Word::Bye { session: "s".into(), done: 1 }));
    assert!(takes(&mut consumer, "s", 3).is_none());
    let Some(Word::Credit { session, .. }) = says(consumer.credit(now)) else { panic!() };
    assert!(session.is_empty());
}

#[test]
fn what_has_no_meaning_is_counted_and_the_end_is_heard() {
    let mut consumer = Taking::new(4, BEAT, Instant::now());
    for wrong in [&[""][..], &["s"], &["s", "1", "x"], &["s", "", "x"], &["", "12345678", "x"]] {
        assert_eq!(
            consumer.from_source(Message::from_frames(wrong.iter().copied())),
            Taken::Nothing,
            "{wrong:?}"
        );
    }
    assert_eq!(consumer.malformed(), 5);
    assert_eq!(consumer.from_source(Message::from(["s", ""])), Taken::End);
}
