//! One story: sockets of one pattern, random things that happen to them, and what must hold all the same.

use crate::cable::Cable;
use crate::ledger::{body, name_of};
use crate::pattern::{PATTERNS, Pattern};
use crate::random::Random;
use crate::world::World;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use zeroxide::SocketType::*;
use zeroxide::{Context, Message, Socket, simulation};

/// How long a network that is well again may take to bring everything.
const RECOVERY: Duration = Duration::from_secs(300);
/// How long closed sockets may take to end: what lingers, and the last wait over ipc.
const ENDING: Duration = Duration::from_secs(60);

/// How a story went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Outcome {
    pub(crate) pattern: &'static str,
    /// How long it took in its own time.
    pub(crate) age: Duration,
    pub(crate) sent: usize,
    pub(crate) received: usize,
    pub(crate) broken: usize,
    pub(crate) counted_losses: u64,
    /// Everything that came, in its order and at its time, as one number.
    pub(crate) trace: u64,
}

/// What all sockets of a story are set to.
struct Settings {
    pattern: Pattern,
    sender_binds: bool,
    queue: usize,
    heartbeat: bool,
    immediate: bool,
    anew: bool,
}

/// A socket on a host of its own.
struct Actor {
    host: usize,
    socket: Option<Socket>,
    sends: bool,
    /// Another one after each restart.
    life: u64,
    number: u32,
    /// Listens at this name, or connects to the fronts of cables.
    listens: Option<String>,
    cables: Vec<usize>,
    fronts: Vec<String>,
}

struct Story {
    settings: Settings,
    random: Random,
    world: World,
    actors: Vec<Actor>,
    /// Losses counted by sockets that are no more.
    lost_before: u64,
    lives: u64,
    broken: usize,
    trace: u64,
}

/// Plays the story of a seed.
///
/// # Panics
/// When something does not hold.
pub(crate) fn play(seed: u64) -> Outcome {
    // What is one for the process, such as memory that is used again, is part of the story.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut random = Random::new(seed);
    let settings = Settings {
        pattern: random.pick(&PATTERNS),
        sender_binds: random.once_in(2),
        queue: random.pick(&[1, 2, 10, 100, 1000]),
        heartbeat: random.once_in(2),
        immediate: random.once_in(4),
        anew: random.once_in(4),
    };
    let mut story = Story {
        settings,
        random,
        world: World::new(),
        actors: Vec::new(),
        lost_before: 0,
        lives: 0,
        broken: 0,
        trace: 0xcbf2_9ce4_8422_2325,
    };
    story.begin();
    let _told = Told(story.describe(seed));
    let steps = 50 + story.random.below(300);
    for _ in 0..steps {
        story.step();
        story.check_bounds();
    }
    story.recover();
    story.end()
}

/// Names of unix sockets that nobody else has.
fn new_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("zeroxide-simulation-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed))
}

/// What is told of a story that fails.
struct Told(String);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", self.0);
        }
    }
}

impl Story {
    fn begin(&mut self) {
        let most = if self.settings.pattern.exclusive { 1 } else { 3 };
        let (senders, receivers) = (1 + self.random.below(most), 1 + self.random.below(most));
        for number in 0..senders + receivers {
            let sends = number < senders;
            let seed = self.random.next();
            let host = self.world.host(seed);
            let listens = (sends == self.settings.sender_binds).then(new_name);
            self.lives += 1;
            let (life, cables, fronts) = (self.lives, Vec::new(), Vec::new());
            self.actors.push(Actor { host, socket: None, sends, life, number: 0, listens, cables, fronts });
        }
        let (binders, connecters): (Vec<_>, Vec<_>) =
            (0..self.actors.len()).partition(|at| self.actors[*at].listens.is_some());
        for connecter in connecters {
            for binder in &binders {
                let front = new_name();
                let back = self.actors[*binder].listens.clone().expect("a name");
                let cable = self.world.cables.len();
                self.world.cables.push(Cable::new(&front, &back));
                self.actors[connecter].fronts.push(front);
                self.actors[connecter].cables.push(cable);
                self.actors[*binder].cables.push(cable);
            }
        }
        for at in 0..self.actors.len() {
            self.open(at);
        }
        // Answers of several come in any order.
        self.world.answers.unordered = receivers > 1;
    }

    fn describe(&self, seed: u64) -> String {
        let Settings { pattern, sender_binds, queue, heartbeat, immediate, anew } = &self.settings;
        let (name, actors) = (pattern.name, self.actors.len());
        format!(
            "seed {seed}: {name}, {actors} sockets, sender binds: {sender_binds}, queues of {queue}, \
             heartbeat: {heartbeat}, immediate: {immediate}, connects anew: {anew}"
        )
    }

    fn open(&mut self, at: usize) {
        let Settings { pattern, queue, heartbeat, immediate, .. } = self.settings;
        let actor = &mut self.actors[at];
        let kind = if actor.sends { pattern.sender } else { pattern.receiver };
        let socket = Socket::new(&self.world.hosts[actor.host], kind).expect("a socket");
        // Not all of them are for all types.
        let _ = socket.set_send_high_water_mark(Some(queue));
        let _ = socket.set_receive_high_water_mark(Some(queue));
        let _ = socket.set_immediate(immediate);
        if heartbeat {
            socket.set_heartbeat_interval(Some(Duration::from_millis(200))).expect("an option");
            socket.set_heartbeat_timeout(Some(Duration::from_secs(1))).expect("an option");
        }
        if kind == Req {
            socket.set_req_relaxed(true).expect("an option");
            socket.set_req_correlate(true).expect("an option");
        }
        match kind {
            Sub => socket.subscribe("").expect("a subscription"),
            Xsub => socket.try_send("\x01").expect("a subscription"),
            _ => {}
        }
        if let Some(name) = &actor.listens {
            socket.bind(&format!("ipc://@{name}")).expect("a free name");
        }
        for front in &actor.fronts {
            socket.connect(&format!("ipc://@{front}")).expect("an endpoint");
        }
        actor.socket = Some(socket);
    }

    fn step(&mut self) {
        match self.random.below(100) {
            0..35 => self.send_some(),
            35..65 => {
                let at = self.random.below(self.actors.len());
                let most = 1 + self.random.below(50);
                self.receive_some(at, most);
            }
            65..90 => {
                let time = [0, 1, 10, 100, 1000, 5000][self.random.below(6)];
                let time = Duration::from_micros(1 + self.random.below(1000 * time + 500) as u64);
                self.world.pass(time);
            }
            what => {
                let at = self.random.below(self.world.cables.len());
                self.disturb(at, what);
            }
        }
    }

    fn disturb(&mut self, at: usize, what: usize) {
        let most = self.random.pick(&[100, 20_000]);
        let octets = self.random.below(most);
        let latency = Duration::from_micros(self.random.below(50_000) as u64);
        let window = self.random.pick(&[100, 1000, 4096, 1 << 16]);
        let cable = &mut self.world.cables[at];
        match what {
            90 | 91 if cable.lines() > 0 => {
                self.broken += 1;
                cable.cut();
            }
            92 | 93 if cable.lines() > 0 => {
                self.broken += 1;
                cable.cut_after(0, octets);
            }
            94 => cable.frozen = !cable.frozen,
            95 => cable.down = !cable.down,
            96 => cable.latency = latency,
            97 => cable.window = window,
            // Not in every story, for it excuses what is on its way.
            98 if self.lives.is_multiple_of(3) => {
                let actor = self.random.below(self.actors.len());
                self.restart(actor);
            }
            // Nor this: what lingers on the old connection comes whenever it comes.
            99 if self.settings.anew => {
                self.world.ledger.unordered = true;
                self.world.answers.unordered = true;
                let actor = self.random.below(self.actors.len());
                self.connect_anew(actor);
            }
            _ => {}
        }
    }

    /// A process dies without a word, and another takes its place.
    fn restart(&mut self, at: usize) {
        for cable in self.actors[at].cables.clone() {
            self.world.cables[cable].cut();
            self.world.cables[cable].down = true;
        }
        self.world.ledger.excuse_all();
        self.world.answers.excuse_all();
        let host = self.actors[at].host;
        let seed = self.random.next();
        if let Some(socket) = self.actors[at].socket.take() {
            self.lost_before += socket.statistics().lost_in_all();
        }
        self.world.hosts[host] = Context::builder().simulated(seed).build();
        for cable in self.actors[at].cables.clone() {
            self.world.cables[cable].down = false;
        }
        self.lives += 1;
        self.broken += 1;
        self.actors[at].life = self.lives;
        self.open(at);
    }

    /// An endpoint is given up and connected again: what was queued for it alone may linger out or be counted.
    fn connect_anew(&mut self, at: usize) {
        let actor = &self.actors[at];
        let (Some(socket), Some(front), true) = (&actor.socket, actor.fronts.first(), actor.sends) else {
            return;
        };
        // Who gives up an endpoint gives up what would still come from it.
        self.world.answers.lossy = true;
        let endpoint = format!("ipc://@{front}");
        socket.disconnect(&endpoint).expect("it is connected");
        socket.connect(&endpoint).expect("an endpoint");
        self.lives += 1;
    }

    fn send_some(&mut self) {
        let senders: Vec<_> = (0..self.actors.len()).filter(|at| self.actors[*at].sends).collect();
        let at = self.random.pick(&senders);
        let size = self.random.pick(&[12, 12, 50, 64, 200, 1000, 9000, 70_000]);
        for _ in 0..1 + self.random.below(30) {
            if !self.send_one(at, size) {
                return;
            }
        }
    }

    fn send_one(&mut self, at: usize, size: usize) -> bool {
        let actor = &mut self.actors[at];
        let Some(socket) = &actor.socket else { return false };
        let name = (at as u32, actor.number + 1);
        let done = socket.try_send(body(name, size)).is_ok();
        if done {
            actor.number += 1;
            self.world.ledger.sent(name);
        }
        done
    }

    fn receive_some(&mut self, at: usize, most: usize) -> usize {
        for count in 0..most {
            let Some(message) = self.actors[at].socket.as_ref().and_then(|socket| socket.try_recv().ok())
            else {
                return count;
            };
            self.take(at, message);
        }
        most
    }

    fn take(&mut self, at: usize, message: Message) {
        let actor = &self.actors[at];
        // An XPUB hears of subscriptions.
        let Some(name) = message.frames().last().and_then(|body| name_of(body)) else { return };
        for octet in [at as u64, name.0.into(), name.1.into(), self.world.age().as_nanos() as u64] {
            self.trace = (self.trace ^ octet).wrapping_mul(0x100_0000_01b3);
        }
        let connections = actor.socket.as_ref().map_or(0, |socket| socket.statistics().connections);
        if actor.sends {
            // Between DEALERs an answer goes to anybody, and brings along the disorder of the question's way.
            let before = match self.settings.pattern.receiver {
                Dealer => self.lives + self.connections_of_receivers(),
                _ => 1,
            };
            let connections = connections * before;
            return self.world.answers.got(actor.life, 0, connections, name);
        }
        let scope = if self.settings.pattern.everybody { actor.life } else { 0 };
        self.world.ledger.got(actor.life, scope, connections, name);
        if !self.settings.pattern.echo {
            return;
        }
        let answer = match message.routing_id() {
            Some(asker) => Message::routed(asker, message.body().to_vec()),
            None => message,
        };
        let Some(socket) = &actor.socket else { return };
        if socket.try_send(answer).is_ok() {
            self.world.answers.sent(name);
        }
    }

    fn connections_of_receivers(&self) -> u64 {
        let receivers = self.actors.iter().filter(|actor| !actor.sends);
        let sockets = receivers.filter_map(|actor| actor.socket.as_ref());
        sockets.map(|socket| socket.statistics().connections).sum()
    }

    /// Nothing is kept beyond what the queues may hold.
    fn check_bounds(&self) {
        for socket in self.actors.iter().filter_map(|actor| actor.socket.as_ref()) {
            for peer in socket.peers() {
                assert!(peer.queued_out <= self.settings.queue, "{peer:?} of {socket:?}");
                // What one read brought is taken in whole.
                assert!(peer.queued_in <= self.settings.queue + 8192, "{peer:?} of {socket:?}");
            }
        }
    }

    fn lost(&self) -> u64 {
        let sockets = self.actors.iter().filter_map(|actor| actor.socket.as_ref());
        self.lost_before + sockets.map(|socket| socket.statistics().lost_in_all()).sum::<u64>()
    }

    /// A REQ that waits for nothing does not look at late answers, and counts them when it asks again.
    fn ask_again(&mut self) {
        for at in 0..self.actors.len() {
            if self.actors[at].sends && self.settings.pattern.sender == Req {
                self.send_one(at, 12);
            }
        }
        for _ in 0..2 {
            self.world.pass(Duration::from_millis(50));
            self.receive_all();
        }
    }

    fn receive_all(&mut self) {
        for at in 0..self.actors.len() {
            while self.receive_some(at, 1000) > 0 {}
        }
    }

    /// The network is well again: everything that was promised comes, and new messages pass.
    fn recover(&mut self) {
        for cable in &mut self.world.cables {
            (cable.frozen, cable.down) = (false, false);
            (cable.latency, cable.window) = (Duration::from_micros(100), 1 << 16);
        }
        let lossy = self.settings.pattern.everybody;
        let settled = self.wait(|story| {
            story.receive_all();
            let missing = story.world.ledger.missing().len() + story.world.answers.missing().len();
            let settled = lossy || missing as u64 <= story.lost();
            if !settled {
                story.ask_again();
            }
            settled
        });
        assert!(settled, "missing, and not counted: {}", self.tell_missing());
        for at in 0..self.actors.len() {
            if self.actors[at].sends {
                let well = self.wait(|story| story.is_heard(at));
                assert!(well, "sender {at} is not heard any more");
            }
        }
    }

    fn tell_missing(&self) -> String {
        let (told, back) = (self.world.ledger.missing(), self.world.answers.missing());
        let sockets = self.actors.iter().filter_map(|actor| actor.socket.as_ref());
        let lost: Vec<_> = sockets.map(|socket| (socket.socket_type(), socket.statistics().lost)).collect();
        let (of_told, of_back) = (told.len(), back.len());
        format!(
            "{of_told} messages {told:?}; {of_back} answers {back:?}; {} before restarts, {lost:?}",
            self.lost_before
        )
    }

    /// Whether a new message of this sender comes to somebody, and back where it should.
    fn is_heard(&mut self, at: usize) -> bool {
        let before = self.known(at);
        self.send_one(at, 12);
        self.world.pass(Duration::from_millis(50));
        self.receive_all();
        self.world.pass(Duration::from_millis(50));
        self.receive_all();
        self.known(at) > before
    }

    fn known(&self, at: usize) -> Option<u32> {
        let ledger = if self.settings.pattern.echo { &self.world.answers } else { &self.world.ledger };
        ledger.last_of(at as u32)
    }

    fn wait(&mut self, mut reached: impl FnMut(&mut Self) -> bool) -> bool {
        let end = self.world.age() + RECOVERY;
        while self.world.age() < end {
            if reached(self) {
                return true;
            }
            self.world.pass(Duration::from_millis(100));
        }
        false
    }

    /// Everything is closed, and ends in time.
    fn end(mut self) -> Outcome {
        let counted_losses = self.lost();
        for actor in &mut self.actors {
            actor.socket = None;
        }
        let over = self.world.pass_until(ENDING, |world| world.hosts.iter().all(simulation::is_over));
        assert!(over, "closed, and not over");
        let (sent, received) = self.world.ledger.totals();
        Outcome {
            pattern: self.settings.pattern.name,
            age: self.world.age(),
            sent,
            received,
            broken: self.broken,
            counted_losses,
            trace: self.trace,
        }
    }
}
