//! One sender that never waits: PUB, XPUB, ROUTER. What is full misses messages, and each miss is counted; so what was
//! received and what was counted must be what was sent.

use super::{last, socket_types, subscribe_to};
use crate::{
    bench::{
        kit::order::{WHOLE, read, stamp},
        stage::{Clock, PATIENCE, Stage, nanoseconds},
        workload::{Family, Pattern, Workload},
    },
    exit::Failure,
    line::Facts,
};
use std::{
    sync::{Arc, mpsc},
    thread,
    time::Instant,
};
use zeroxide::{Frame, Message, Socket};

/// The sender in the stamp of the last message.
const END: usize = 1;

/// Octets that a thread with one socket needs for its stack, amply.
const STACK: usize = 512 << 10;

/// How far the next topic is from the one before, so that neighbours in time are none in memory.
const STRIDE: usize = 7919;

pub(super) fn publish(stage: &Stage<'_>) -> Result<Facts, Failure> {
    let (kind, _) = socket_types(&stage.workload);
    let socket = stage.socket(kind)?;
    let bound = stage.bind(&socket, 0)?;
    stage.ready(&[bound])?;
    let envelopes = addressees(stage, &socket)?;
    let mut body = Body::new(&stage.workload);
    let lost = || socket.statistics().lost_in_all();
    let (before, clock) = (lost(), Clock::start());
    for number in 0..stage.count {
        let body = body.stamped(0, number);
        if envelopes.is_empty() {
            socket.send(body)?;
        } else {
            addressed(&envelopes, body).try_for_each(|message| socket.send(message))?;
        }
    }
    let facts = Facts::default().with("sending", clock.nanoseconds()).with("cpu", clock.cpu());
    let facts = facts.with("sent", stage.count).with("lost", lost() - before);
    // The last message must not be lost: this one waits.
    match stage.workload.pattern {
        Pattern::Router => socket.set_router_mandatory(true)?,
        _ => socket.set_xpub_nodrop(true)?,
    }
    for message in addressed(&envelopes, body.stamped(END, stage.count)) {
        socket.send_timeout(message, PATIENCE)?;
    }
    Ok(facts)
}

/// Waits until everybody who is to receive can be reached. A ROUTER gets to know the names; the others have none.
fn addressees(stage: &Stage<'_>, socket: &Socket) -> Result<Vec<Frame>, Failure> {
    let peers = stage.workload.peers();
    if stage.workload.pattern == Pattern::Router {
        let name = |_| Ok(socket.recv()?.frames().first().cloned().unwrap_or_default());
        return (0..peers).map(name).collect();
    }
    let last = topics(&stage.workload).last().unwrap_or_default();
    stage.wait_for_subscribers(socket, &last, peers)?;
    Ok(Vec::new())
}

/// A message for each addressee; where there are no addresses, one for all.
fn addressed<'a>(envelopes: &'a [Frame], body: &'a [u8]) -> impl Iterator<Item = Message> + 'a {
    let for_all = envelopes.is_empty().then(|| Message::from(body));
    let with = move |envelope: &'a Frame| Message::from([envelope.clone(), Frame::from(body)]);
    envelopes.iter().map(with).chain(for_all)
}

/// What is published: a topic, where there are several, the number, and what fills it up.
struct Body {
    octets: Vec<u8>,
    topics: usize,
    next: usize,
}

impl Body {
    fn new(workload: &Workload) -> Self {
        let topics = if workload.family == Family::Topics { workload.subscriptions() } else { 0 };
        Self { octets: vec![7; workload.size], topics, next: 0 }
    }

    fn stamped(&mut self, sender: usize, number: u64) -> &[u8] {
        if let Some((first, rest)) = self.octets.split_first_chunk_mut::<WHOLE>()
            && self.topics > 0
        {
            self.next = (self.next + STRIDE) % self.topics;
            *first = topic(self.next);
            stamp(rest, sender, number);
        } else {
            stamp(&mut self.octets, sender, number);
        }
        &self.octets
    }
}

/// The octets of `t`, and seven digits.
fn topic(index: usize) -> [u8; WHOLE] {
    let mut topic = *b"t0000000";
    let mut rest = index;
    for digit in topic.iter_mut().skip(1).rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    topic
}

/// What is subscribed to: everything, or each topic.
fn topics(workload: &Workload) -> impl DoubleEndedIterator<Item = Vec<u8>> + use<> {
    let several = workload.family == Family::Topics;
    (0..workload.subscriptions()).map(move |index| if several { topic(index).to_vec() } else { Vec::new() })
}

/// What a receiver saw: how many, when the first and when the last.
struct Seen {
    received: u64,
    first: Instant,
    last: Instant,
}

pub(super) fn subscribe(stage: &Stage<'_>) -> Result<Facts, Failure> {
    let peers = stage.workload.peers();
    let subscriber = |_| {
        let (_, kind) = socket_types(&stage.workload);
        let socket = stage.socket(kind)?;
        for topic in topics(&stage.workload) {
            subscribe_to(&socket, stage.workload.pattern, &topic)?;
        }
        stage.connect(&socket, stage.endpoints.first())?;
        if stage.workload.pattern == Pattern::Router {
            socket.send("hello")?;
        }
        Ok::<_, Failure>(socket)
    };
    let sockets = (0..peers).map(subscriber).collect::<Result<Vec<_>, _>>()?;
    stage.ready(&[])?;
    let clock = Clock::start();
    let (sender, told) = mpsc::channel();
    for socket in sockets {
        let (sender, workload) = (sender.clone(), stage.workload);
        let work = move || {
            let _ = sender.send(watch(&socket, &workload));
        };
        let thread = thread::Builder::new().stack_size(STACK).spawn(work);
        thread.map_err(|error| Failure::Failed(format!("no thread: {error}")))?;
    }
    drop(sender);
    // The first that fails ends it for all.
    let seen = told.iter().collect::<Result<Vec<Seen>, Failure>>()?;
    let received = seen.iter().map(|seen| seen.received).sum();
    let (first, last) = (seen.iter().map(|seen| seen.first).min(), seen.iter().map(|seen| seen.last).max());
    let time = first.zip(last).map(|(first, last)| last - first).unwrap_or_default();
    let facts = Facts::default().with("received", received).with("nanoseconds", nanoseconds(time));
    Ok(facts.with("cpu", clock.cpu()))
}

fn watch(socket: &Arc<Socket>, workload: &Workload) -> Result<Seen, Failure> {
    let skip = if workload.family == Family::Topics { WHOLE } else { 0 };
    let (mut received, mut expected, mut first) = (0, 0, None);
    loop {
        let message = socket.recv()?;
        let body = last(&message);
        let stamp = body.get(skip..).and_then(read);
        let (sender, number) = stamp.ok_or_else(|| Failure::Failed("a message is cut".to_owned()))?;
        if body.len() != workload.size || number < expected || sender > END {
            let text = format!("message {number} came after message {expected}: doubled or out of order");
            return Err(Failure::Failed(text));
        }
        if first.is_none() || sender == END {
            let now = Instant::now();
            let first = *first.get_or_insert(now);
            if sender == END {
                return Ok(Seen { received, first, last: now });
            }
        }
        (received, expected) = (received + 1, number + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_topic_is_published_under() {
        assert_eq!(&topic(1_234_567), b"t1234567");
        let workload: Workload = "topics/10/tcp/16".parse().unwrap();
        let mut body = Body::new(&workload);
        let published: std::collections::BTreeSet<Vec<u8>> =
            (0..10).map(|number| body.stamped(0, number)[..WHOLE].to_vec()).collect();
        assert_eq!(published, topics(&workload).collect());
        assert_eq!(read(&body.stamped(END, 42)[WHOLE..]), Some((END, 42)));
    }
}
