//! A short conversation of two sockets, told by numbers: it goes on until it has come to an end in spite of what happens to
//! it, and says what is wrong with how it went.

use std::time::{Duration, Instant};
use zeroxide::SocketType::*;
use zeroxide::*;

/// Turns a hang into a failure.
const DEADLINE: Duration = Duration::from_secs(25);
/// How long a number is waited for before the next ones are sent. Nothing depends on it but how long a run takes.
const PATIENCE: Duration = Duration::from_millis(20);

/// Who talks to whom, and how.
#[derive(Clone)]
pub(crate) struct Pattern {
    sender: SocketType,
    receiver: SocketType,
    endpoint: &'static str,
    sender_binds: bool,
    /// Each number comes back to its sender.
    echo: bool,
    secret: Option<(Keypair, Keypair)>,
    size: usize,
}

impl Pattern {
    /// The receiver binds and answers.
    pub(crate) fn asking(sender: SocketType, receiver: SocketType, endpoint: &'static str) -> Self {
        Self { sender, receiver, endpoint, sender_binds: false, echo: true, secret: None, size: 4 }
    }

    /// The receiver binds and only listens.
    pub(crate) fn telling(sender: SocketType, receiver: SocketType, endpoint: &'static str) -> Self {
        Self { echo: false, ..Self::asking(sender, receiver, endpoint) }
    }

    pub(crate) fn sender_binds(self) -> Self {
        Self { sender_binds: true, ..self }
    }

    /// By CURVE, the sender being the client.
    pub(crate) fn secret(self) -> Self {
        Self { secret: Some((curve_keypair().unwrap(), curve_keypair().unwrap())), ..self }
    }

    pub(crate) fn of_size(self, size: usize) -> Self {
        Self { size, ..self }
    }

    pub(crate) fn is_datagrams(&self) -> bool {
        self.endpoint.starts_with("udp")
    }

    fn burst(&self) -> u32 {
        if self.sender == Req || self.receiver == Rep { 1 } else { 3 }
    }
}

/// Has the conversation in this context, and ends it.
pub(crate) fn converse(context: &Context, pattern: &Pattern) {
    let sender = Socket::new(context, pattern.sender).unwrap();
    let receiver = Socket::new(context, pattern.receiver).unwrap();
    for socket in [&sender, &receiver] {
        socket.set_reconnect_interval(Some(Duration::from_millis(1))).unwrap();
        socket.set_linger(Some(Duration::from_millis(100)));
    }
    if pattern.sender == Req {
        sender.set_req_relaxed(true).unwrap();
        sender.set_req_correlate(true).unwrap();
    }
    match pattern.receiver {
        Sub => receiver.subscribe("").unwrap(),
        Xsub => receiver.send("\x01").unwrap(),
        Dish => receiver.join("group").unwrap(),
        _ => {}
    }
    if let Some((server, client)) = &pattern.secret {
        receiver.secure_server(server, AllowAny).unwrap();
        sender.set_curve_client(server.public, client).unwrap();
    }
    let (binder, connecter) = if pattern.sender_binds { (&sender, &receiver) } else { (&receiver, &sender) };
    let at = insist(|| binder.bind(pattern.endpoint));
    insist(|| connecter.connect(&at));
    Talk { pattern, sender, receiver, sent: Vec::new(), got: Vec::new(), answered: 0, stream: Vec::new() }
        .go_on();
}

/// A typed error is an answer; whoever still wants it asks again.
fn insist<T>(mut call: impl FnMut() -> Result<T, EndpointFailure>) -> T {
    let mut failures = Vec::new();
    for _ in 0..10 {
        match call() {
            Ok(done) => return done,
            Err(failure) => failures.push(failure.to_string()),
        }
    }
    panic!("one failure of the system, and it never works again: {failures:?}");
}

struct Talk<'a> {
    pattern: &'a Pattern,
    sender: Socket,
    receiver: Socket,
    /// Numbers that were taken from us, and whether somebody was there to hear them.
    sent: Vec<(u32, bool)>,
    got: Vec<u32>,
    /// The last number that came back.
    answered: u32,
    /// The peers that a STREAM knows, the last one being that of the present connection.
    stream: Vec<Frame>,
}

impl Talk<'_> {
    fn go_on(mut self) {
        let deadline = Instant::now() + DEADLINE;
        let (mut number, mut good) = (0, 0);
        while good < 2 {
            let first = number + 1;
            number += self.pattern.burst();
            for number in first..=number {
                self.send(number);
            }
            good += u32::from(self.hear(number));
            assert!(Instant::now() < deadline, "nothing goes any more: {self:?}");
        }
        self.check();
    }

    fn send(&mut self, number: u32) {
        let mut body = number.to_be_bytes().to_vec();
        body.resize(self.pattern.size, 0);
        let message = match self.pattern.sender {
            Radio => Message::grouped("group", body),
            Stream => {
                self.meet();
                let Some(peer) = self.stream.last() else { return };
                Message::from([peer.clone(), Frame::from(&[number as u8])])
            }
            _ => Message::from(body),
        };
        let heard = match self.pattern.sender {
            Pub | Xpub => self.sender.subscribers("") > 0,
            // Whether its groups have come is not to be asked of a socket whose type is a value.
            Radio => false,
            _ => true,
        };
        match self.sender.send_timeout(message, PATIENCE) {
            Ok(()) => self.sent.push((number, heard)),
            Err(error) => {
                let fair = matches!(
                    error.cause,
                    SendErrorCause::TimedOut | SendErrorCause::WouldBlock | SendErrorCause::Unroutable
                );
                assert!(fair, "{error}");
            }
        }
    }

    /// Takes in what a STREAM tells of its connections.
    fn meet(&mut self) {
        while let Ok(message) =
            self.sender.recv_timeout(if self.stream.is_empty() { PATIENCE } else { Duration::ZERO })
        {
            self.hear_stream(&message);
        }
    }

    /// An answer, a connection that is up, or one that has ended.
    fn hear_stream(&mut self, message: &Message) {
        let [peer, body] = message.frames() else { panic!("a STREAM gives two frames: {message}") };
        if !body.is_empty() {
            self.answered = body.iter().last().map_or(self.answered, |number| u32::from(*number));
        } else if let Some(ended) = self.stream.iter().position(|known| known == peer) {
            self.stream.remove(ended);
        } else {
            self.stream.push(peer.clone());
        }
    }

    /// Waits for this number at the receiver, and for its echo at the sender.
    fn hear(&mut self, number: u32) -> bool {
        while self.got.last() != Some(&number) {
            match self.receiver.recv_timeout(PATIENCE) {
                Ok(message) => self.hear_one(message),
                Err(error) => {
                    assert_eq!(error.cause, RecvErrorCause::TimedOut, "{error}");
                    return false;
                }
            }
        }
        while self.pattern.echo && self.answered != number {
            match self.sender.recv_timeout(PATIENCE) {
                Ok(message) if self.pattern.sender == Stream => self.hear_stream(&message),
                Ok(message) => self.answered = number_in(message.frames().last().unwrap()),
                Err(error) => {
                    let relaxed = matches!(error.cause, RecvErrorCause::IllegalState(_));
                    assert!(error.cause == RecvErrorCause::TimedOut || relaxed, "{error}");
                    return false;
                }
            }
        }
        true
    }

    fn hear_one(&mut self, message: Message) {
        let body = message.frames().last().unwrap().clone();
        match self.pattern.receiver {
            Stream => self.got.extend(body.iter().map(|octet| u32::from(*octet))),
            _ => self.got.push(number_in(&body)),
        }
        if self.pattern.echo && !body.is_empty() {
            // A peer that went meanwhile is a fair reason not to take the echo.
            let answer = match (self.pattern.receiver, message.routing_id()) {
                (Server, Some(asker)) => Message::routed(asker, body),
                _ => message,
            };
            let _ = self.receiver.send_timeout(answer, PATIENCE);
        }
    }

    /// In order, nothing twice, and nothing lost in silence.
    ///
    /// A connection keeps the order; what is left unread of one may come after what the next one brings. So there are no more
    /// ascending runs than there were connections.
    fn check(&self) {
        let mut runs: Vec<u32> = Vec::new();
        for number in &self.got {
            match runs.iter_mut().filter(|last| **last < *number).max() {
                Some(last) => *last = *number,
                None => runs.push(*number),
            }
        }
        let connections = self.receiver.statistics().connections.max(1);
        assert!(runs.len() as u64 <= connections, "out of order: {self:?}");
        let once = self.got.iter().collect::<std::collections::BTreeSet<_>>();
        assert_eq!(once.len(), self.got.len(), "twice: {self:?}");
        let sent: Vec<_> = self.sent.iter().map(|(number, _)| *number).collect();
        assert!(self.got.iter().all(|number| sent.contains(number)), "from nowhere: {self:?}");
        let last = self.got.iter().max().copied().unwrap_or(0);
        let missing =
            self.sent.iter().filter(|(number, heard)| *heard && *number < last && !self.got.contains(number));
        let (sender, receiver) = (self.sender.statistics(), self.receiver.statistics());
        let told = sender.connections > 1
            || receiver.connections > 1
            || sender.lost_in_all() + receiver.lost_in_all() > 0
            || self.pattern.is_datagrams();
        assert!(told || missing.count() == 0, "lost without a word: {self:?}");
    }
}

impl std::fmt::Debug for Talk<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ends =
            [&self.sender, &self.receiver].map(|end| (end.socket_type(), end.connected(), end.statistics()));
        let got = self.got.iter().rev().take(20).collect::<Vec<_>>();
        let sent = self.sent.iter().rev().take(20).collect::<Vec<_>>();
        write!(out, "the last ones sent {sent:?}, got {got:?}, answered {}; {ends:?}", self.answered)
    }
}

#[track_caller]
fn number_in(body: &Frame) -> u32 {
    u32::from_be_bytes(body[..4].try_into().unwrap())
}
