//! The works that are counted. Each does the same thing so many times.

use crate::{capi::Pair, peer::Peer};
use std::{
    fmt::Display,
    future::Future,
    hint::black_box,
    pin::pin,
    task::{Context as TaskContext, Poll, Waker},
};
use zeroxide::{Context, Dealer, Frame, Message, Pull, Push, RecvError, Rep, Req, SendError};
use zeroxide_proto::{
    Batch, Command, Decoder, Handshake, Options, PeerId, Settings, Sink, SocketType, routing::Subscriptions,
};

pub(crate) struct Work {
    pub(crate) name: &'static str,
    /// Of the short run.
    pub(crate) messages: u64,
    /// How much more than on record it may cost.
    pub(crate) tolerance: f64,
    /// Whose instructions count.
    pub(crate) threads: Threads,
    pub(crate) run: fn(u64) -> Result<(), String>,
}

/// Where the cost of a message is to be found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Threads {
    /// In the thread that calls.
    First,
    /// In all of them: who of them reads or writes is a matter of timing, what it costs is not.
    All,
}

pub(crate) const ALL: &[Work] = &[
    work("inproc send+recv 16", inproc::<16>),
    work("inproc send+recv 64", inproc::<64>),
    work("inproc send+recv 1024", inproc::<1024>),
    work("inproc async send+recv 64", awaited::<64>),
    work("inproc async send+recv 1024", awaited::<1024>),
    work("inproc round trip 64", round_trip),
    work("capi send+recv 16", |messages| capi(messages, 16, Pair::send, Pair::recv)),
    work("capi send+msg_recv 16", |messages| capi(messages, 16, Pair::send, Pair::msg_recv)),
    work("capi messages 16", |messages| capi(messages, 16, Pair::msg_send, Pair::fresh_msg_recv)),
    work("capi messages 1024", |messages| capi(messages, 1024, Pair::msg_send, Pair::fresh_msg_recv)),
    work("encode 64", |messages| encode(messages, 64)),
    work("encode 1024", |messages| encode(messages, 1024)),
    work("decode walk 64", |messages| decode(messages, false)),
    work("decode walk+pop 64", |messages| decode(messages, true)),
    work("match 10", |messages| matches(messages, 10)),
    work("match 10000", |messages| matches(messages, 10_000)),
    tcp("tcp send 64", 20_000, |messages| tcp_send(messages, 64)),
    tcp("tcp send 1024", 20_000, |messages| tcp_send(messages, 1024)),
    tcp("tcp send 65536", 1_000, |messages| tcp_send(messages, 65_536)),
    tcp("tcp receive 64", 20_000, |messages| tcp_receive(messages, 64)),
    tcp("tcp receive 1024", 20_000, |messages| tcp_receive(messages, 1024)),
    tcp("tcp receive 65536", 1_000, |messages| tcp_receive(messages, 65_536)),
    Work { threads: Threads::First, ..tcp("tcp round trip 64", 1_000, tcp_round_trip) },
];

const fn work(name: &'static str, run: fn(u64) -> Result<(), String>) -> Work {
    // A change elsewhere may make the compiler inline otherwise: that was worth 2.5 % once.
    Work { name, messages: 20_000, tolerance: 0.04, threads: Threads::First, run }
}

/// How much is written or read at once depends on how the threads meet.
const fn tcp(name: &'static str, messages: u64, run: fn(u64) -> Result<(), String>) -> Work {
    Work { name, messages, tolerance: 0.1, threads: Threads::All, run }
}

/// Less than the high-water mark, so that nobody waits.
const BURST: u64 = 500;

fn said(error: impl Display) -> String {
    error.to_string()
}

fn inproc<const SIZE: usize>(messages: u64) -> Result<(), String> {
    let body = [7; SIZE];
    push_and_pull(messages, |push| push.send(&body), Pull::recv)
}

/// The same by futures, which are ready whenever they are polled but for those that give way to others.
fn awaited<const SIZE: usize>(messages: u64) -> Result<(), String> {
    let body = [7; SIZE];
    push_and_pull(messages, |push| finish(push.send_async(&body)), |pull| finish(pull.recv_async()))
}

fn push_and_pull(
    messages: u64,
    send: impl Fn(&Push) -> Result<(), SendError>,
    receive: impl Fn(&Pull) -> Result<Message, RecvError>,
) -> Result<(), String> {
    let context = Context::new();
    let pull = Pull::new(&context).map_err(said)?;
    let push = Push::new(&context).map_err(said)?;
    push.connect(&pull.bind("inproc://costs").map_err(said)?).map_err(said)?;
    for _ in 0..messages / BURST {
        for _ in 0..BURST {
            send(&push).map_err(said)?;
        }
        for _ in 0..BURST {
            black_box(receive(&pull).map_err(said)?);
        }
    }
    Ok(())
}

fn finish<F: Future>(future: F) -> F::Output {
    let (mut future, mut context) = (pin!(future), TaskContext::from_waker(Waker::noop()));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

fn capi(
    messages: u64,
    size: usize,
    send: fn(&Pair) -> Result<(), String>,
    receive: fn(&mut Pair) -> Result<(), String>,
) -> Result<(), String> {
    let mut pair = Pair::new(size)?;
    for _ in 0..messages / BURST {
        for _ in 0..BURST {
            send(&pair)?;
        }
        for _ in 0..BURST {
            receive(&mut pair)?;
        }
    }
    Ok(())
}

fn round_trip(messages: u64) -> Result<(), String> {
    let context = Context::new();
    let rep = Rep::new(&context).map_err(said)?;
    let req = Req::new(&context).map_err(said)?;
    req.connect(&rep.bind("inproc://costs").map_err(said)?).map_err(said)?;
    for _ in 0..messages {
        req.send(&[7; 64]).map_err(said)?;
        rep.send(rep.recv().map_err(said)?).map_err(said)?;
        black_box(req.recv().map_err(said)?);
    }
    Ok(())
}

fn encode(messages: u64, size: usize) -> Result<(), String> {
    let message = Message::from(vec![7; size]);
    let mut batch = Batch::new();
    for _ in 0..messages / BURST {
        for _ in 0..BURST {
            batch.push_message(&[], black_box(&message));
        }
        black_box(&batch);
        batch.clear();
    }
    Ok(())
}

struct Take {
    pop: bool,
}

impl Sink for Take {
    fn messages(&mut self, mut batch: Batch) {
        black_box(batch.messages());
        while self.pop && batch.pop().is_some_and(|message| !black_box(&message).is_empty()) {}
    }

    fn command(&mut self, _: Command<'_>) {}
}

fn decode(messages: u64, pop: bool) -> Result<(), String> {
    let mut batch = Batch::new();
    let message = Message::from(vec![7; 64]);
    (0..BURST).for_each(|_| batch.push_message(&[], &message));
    let wire: Vec<u8> = batch.segments().flatten().copied().collect();
    let (mut decoder, mut scratch, mut sink) = (decoder()?, vec![], Take { pop });
    for _ in 0..messages / BURST {
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            let target = decoder.target(&mut scratch);
            let room = (target.capacity() - target.len()).min(rest.len());
            let (now, later) = rest.split_at(room);
            target.extend_from_slice(now);
            rest = later;
            decoder.advance(&mut scratch, &mut sink).map_err(|error| format!("{error:?}"))?;
        }
    }
    Ok(())
}

/// That of a connection to a PUSH of 3.1.
fn decoder() -> Result<Decoder, String> {
    let mut script = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL".to_vec();
    script.resize(64, 0);
    script.extend(b"\x04\x06\x05READY");
    let settings = Settings::new(SocketType::Pull, &Options::default());
    let mut out = vec![];
    let progress = Handshake::new(settings, &mut out).receive(&script, &mut out);
    let established = progress.map_err(|error| format!("{error:?}"))?.established;
    Ok(established.ok_or("the handshake is not over")?.decoder)
}

fn matches(messages: u64, topics: u64) -> Result<(), String> {
    let mut subscriptions = Subscriptions::new();
    for number in 0..topics {
        subscriptions.add(PeerId(number as u32 % 100), format!("{number:07}").as_bytes());
    }
    let texts: Vec<String> = (0..topics).map(|number| format!("{number:07} and text")).collect();
    let mut at = 0;
    for _ in 0..messages {
        at = (at + 7) % texts.len();
        let text = texts.get(at).ok_or("no topics")?;
        subscriptions.matches(black_box(text.as_bytes()), |peer| {
            black_box(peer);
        });
    }
    Ok(())
}

/// Messages of this size that are under way at once: not much more than a system call takes.
fn burst(size: usize) -> u64 {
    (BURST * 64 / size as u64).clamp(10, BURST)
}

fn tcp_send(messages: u64, size: usize) -> Result<(), String> {
    let context = Context::new();
    let push = Push::new(&context).map_err(said)?;
    let mut peer = Peer::connect(&push.bind("tcp://127.0.0.1:*").map_err(said)?, "PULL")?;
    let frame = Frame::from(vec![7; size]);
    let mut wire = vec![0; burst(size) as usize * framed(size)];
    for _ in 0..messages / burst(size) {
        for _ in 0..burst(size) {
            push.send(Message::from(black_box(&frame).clone())).map_err(said)?;
        }
        peer.read(&mut wire)?;
    }
    Ok(())
}

fn tcp_receive(messages: u64, size: usize) -> Result<(), String> {
    let context = Context::new();
    let pull = Pull::new(&context).map_err(said)?;
    let mut peer = Peer::connect(&pull.bind("tcp://127.0.0.1:*").map_err(said)?, "PUSH")?;
    let mut batch = Batch::new();
    (0..burst(size)).for_each(|_| batch.push_message(&[], &Message::from(vec![7; size])));
    let wire: Vec<u8> = batch.segments().flatten().copied().collect();
    for _ in 0..messages / burst(size) {
        peer.write(&wire)?;
        for _ in 0..burst(size) {
            black_box(pull.recv().map_err(said)?);
        }
    }
    Ok(())
}

/// Octets of a message on the wire.
fn framed(size: usize) -> usize {
    size + if size > 255 { 9 } else { 2 }
}

/// The peer that echoes is in another thread, and does not count.
fn tcp_round_trip(messages: u64) -> Result<(), String> {
    let context = Context::new();
    let dealer = Dealer::new(&context).map_err(said)?;
    let mut peer = Peer::connect(&dealer.bind("tcp://127.0.0.1:*").map_err(said)?, "DEALER")?;
    let echo = std::thread::spawn(move || {
        let mut wire = [0; 66];
        (0..messages).try_for_each(|_| peer.read(&mut wire).and_then(|()| peer.write(&wire)))
    });
    for _ in 0..messages {
        dealer.send(&[7; 64]).map_err(said)?;
        black_box(dealer.recv().map_err(said)?);
    }
    echo.join().map_err(|_| "the peer panicked")?
}
