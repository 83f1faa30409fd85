//! The two sides of a workload, each in its own process. Lines on standard output and input are how they and the
//! conductor talk: `endpoint E`, `ready` and `done KEY=VALUE ...` upwards, anything downwards is the word to go on.

use crate::{
    guide,
    kit::{
        figure::percentile,
        order::{Order, stamp},
    },
    subject::{Kind, Socket, Subject, Transport},
    workload::{Pattern, Workload},
};
use std::{
    fmt::Write as _,
    io::{BufRead, Write as _},
    panic, process,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Which side, and how much.
#[derive(Clone, Debug)]
pub enum Role {
    Server { count: u64, endpoint: String },
    Client { count: u64, endpoint: String },
    Proxy { endpoint: String },
}

pub fn play<S: Subject>(role: Role, workload: &Workload) -> Result<(), String> {
    // What goes wrong in one thread ends all of them.
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        tell(info);
        process::exit(101);
    }));
    let plan = &workload.plan;
    let subject = S::new(plan)?;
    match (role, workload.pattern) {
        (Role::Server { count, endpoint }, Pattern::Stream | Pattern::Streamer | Pattern::Queue) => {
            subject.run(pull(&subject, workload, count, &endpoint));
        }
        (Role::Client { count, endpoint }, Pattern::Stream | Pattern::Streamer | Pattern::Queue) => {
            push_from_threads(&subject, workload, count, &endpoint)
        }
        (Role::Proxy { endpoint }, pattern) => subject.run(proxy(&subject, workload, pattern, &endpoint)),
        (Role::Server { count, endpoint }, Pattern::RoundTrip) if plan.transport == Transport::Inproc => {
            subject.run(round_trip_inside(&subject, workload, count, &endpoint));
        }
        (Role::Server { count, endpoint }, Pattern::RoundTrip) => {
            subject.run(echo(&subject, workload, Kind::Rep, count + WARM_UP, &endpoint));
        }
        (Role::Client { count, endpoint }, Pattern::RoundTrip) => {
            subject.run(round_trip(&subject, workload, count, &endpoint));
        }
        (Role::Server { count, endpoint }, Pattern::Publish) => {
            subject.run(publish(&subject, workload, Duration::from_millis(count), &endpoint));
        }
        (Role::Client { endpoint, .. }, Pattern::Publish) => {
            subscribe_from_threads(&subject, workload, &endpoint)
        }
        (Role::Server { count, endpoint }, Pattern::Dealers) => {
            let peers = plan.peers as u64;
            let total = count.div_ceil(peers) * peers + peers;
            subject.run(echo(&subject, workload, Kind::Router, total, &endpoint));
        }
        (Role::Server { count, .. }, Pattern::Tripping { at_once }) => {
            subject.run(guide::tripping(&subject, workload, count, at_once));
        }
        (Role::Server { count, .. }, Pattern::Services) => {
            subject.run(guide::majordomo(&subject, workload, count));
        }
        (Role::Client { .. }, Pattern::Tripping { .. } | Pattern::Services) => {
            return Err("one process plays all parts".to_owned());
        }
        (Role::Client { count, endpoint }, Pattern::Dealers) => {
            subject.run(dealers(&subject, workload, count, &endpoint));
        }
    }
    // Closing is not measured, and some take long for it.
    process::exit(0);
}

/// Round trips before counting begins.
const WARM_UP: u64 = 50;

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

pub fn done(figures: &[(&str, f64)]) {
    let mut line = "done".to_owned();
    for (key, value) in figures {
        write!(line, " {key}={value}").unwrap();
    }
    say(&line);
}

fn wait_for_word() {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).unwrap();
}

/// User and system time of this process, in seconds.
pub fn cpu() -> f64 {
    // SAFETY: getrusage fills the struct, for which zeros are valid.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// The order that one receiver expects.
fn order(workload: &Workload, senders: usize) -> Order {
    Order::new(senders, workload.plan.size)
}

async fn pull<S: Subject>(subject: &S, workload: &Workload, count: u64, endpoint: &str) {
    let plan = &workload.plan;
    let kind = if workload.pattern == Pattern::Queue { Kind::Dealer } else { Kind::Pull };
    let mut socket = subject.socket(kind, plan);
    let endpoint = match workload.pattern.has_proxy() {
        true => {
            socket.connect(endpoint).await;
            endpoint.to_owned()
        }
        false => socket.bind(endpoint).await,
    };
    if plan.transport == Transport::Inproc {
        let (subject, workload, endpoint) = (subject.clone(), workload.clone(), endpoint.clone());
        thread::spawn(move || {
            subject.run(async {
                let mut socket = push(&subject, &workload, 0, count, &endpoint).await;
                socket.flush().await;
                loop {
                    thread::park();
                }
            });
        });
    } else {
        say(&format!("endpoint {endpoint}"));
    }
    socket.expect_peers().await;
    let mut order = order(workload, plan.peers);
    socket.recv(|body| order.check(body).unwrap()).await;
    let (start, begin) = (Instant::now(), cpu());
    let total = count / plan.peers as u64 * plan.peers as u64;
    for _ in 1..total {
        socket.recv(|body| order.check(body).unwrap()).await;
    }
    let seconds = start.elapsed().as_secs_f64();
    done(&[("messages", total as f64), ("seconds", seconds), ("cpu", cpu() - begin)]);
}

/// Between two endpoints of its own, until the process is ended.
async fn proxy<S: Subject>(subject: &S, workload: &Workload, pattern: Pattern, endpoint: &str) {
    let (front, back) = match pattern {
        Pattern::Queue => (Kind::Router, Kind::Dealer),
        _ => (Kind::Pull, Kind::Push),
    };
    let mut front = subject.socket(front, &workload.plan);
    let mut back = subject.socket(back, &workload.plan);
    let bound = (front.bind(endpoint).await, back.bind(endpoint).await);
    say(&format!("endpoint {} {}", bound.0, bound.1));
    subject.proxy(front, back).await;
}

async fn push<S: Subject>(
    subject: &S,
    workload: &Workload,
    sender: usize,
    count: u64,
    endpoint: &str,
) -> S::Socket {
    let kind = if workload.pattern == Pattern::Queue { Kind::Dealer } else { Kind::Push };
    let mut socket = subject.socket(kind, &workload.plan);
    socket.connect(endpoint).await;
    let mut body = vec![7; workload.plan.size];
    for number in 0..count {
        stamp(&mut body, sender, number);
        socket.send(&body).await;
    }
    socket
}

fn push_from_threads<S: Subject>(subject: &S, workload: &Workload, count: u64, endpoint: &str) {
    let (peers, begin) = (workload.plan.peers, cpu());
    let push_all = |subject: S, sender| {
        subject.run(async {
            let mut socket = push(&subject, workload, sender, count / peers as u64, endpoint).await;
            socket.flush().await;
            wait_for_end();
        });
    };
    thread::scope(|scope| {
        for sender in 0..peers {
            let subject = subject.clone();
            scope.spawn(move || push_all(subject, sender));
        }
    });
    done(&[("cpu", cpu() - begin)]);
}

/// Keeps the sockets open until all has arrived.
fn wait_for_end() {
    static ENDED: Mutex<bool> = Mutex::new(false);
    // All threads wait for the lock; the first one reads the word.
    let mut ended = ENDED.lock().unwrap();
    if !*ended {
        wait_for_word();
        *ended = true;
    }
}

async fn echo<S: Subject>(subject: &S, workload: &Workload, kind: Kind, total: u64, endpoint: &str) {
    let mut socket = subject.socket(kind, &workload.plan);
    let endpoint = socket.bind(endpoint).await;
    say(&format!("endpoint {endpoint}"));
    socket.expect_peers().await;
    let begin = cpu();
    socket.echo(total).await;
    done(&[("cpu", cpu() - begin)]);
    // The last reply may still be under way.
    wait_for_word();
}

async fn round_trip<S: Subject>(subject: &S, workload: &Workload, count: u64, endpoint: &str) {
    let mut socket = subject.socket(Kind::Req, &workload.plan);
    socket.connect(endpoint).await;
    let size = workload.plan.size;
    let (mut body, mut times) = (vec![7; size], Vec::with_capacity(count as usize));
    let (mut order, begin, mut start_all) = (order(workload, 1), cpu(), Instant::now());
    for number in 0..count + WARM_UP {
        if number == WARM_UP {
            start_all = Instant::now();
        }
        stamp(&mut body, 0, number);
        let start = Instant::now();
        socket.send(&body).await;
        socket.recv(|reply| order.check(reply).unwrap()).await;
        times.push(start.elapsed());
    }
    let seconds = start_all.elapsed().as_secs_f64();
    let times = &mut times[WARM_UP as usize..];
    times.sort_unstable();
    let at = |part: f64| percentile(times, part).unwrap().as_secs_f64() * 1e6;
    done(&[
        ("messages", count as f64),
        ("seconds", seconds),
        ("median", at(0.5)),
        ("p99", at(0.99)),
        ("cpu", cpu() - begin),
    ]);
}

async fn round_trip_inside<S: Subject>(subject: &S, workload: &Workload, count: u64, endpoint: &str) {
    let mut socket = subject.socket(Kind::Rep, &workload.plan);
    let endpoint = socket.bind(endpoint).await;
    let (other, workload) = (subject.clone(), workload.clone());
    let asking = thread::spawn(move || other.run(round_trip(&other, &workload, count, &endpoint)));
    socket.expect_peers().await;
    socket.echo(count + WARM_UP).await;
    asking.join().unwrap();
}

/// Where the number of a published message is; before it the topic.
const NUMBER: std::ops::Range<usize> = 8..16;
/// The number of a message that only asks whether the subscription has arrived, and of the one that ends it all.
const PROBE: u64 = 0;
const END: u64 = u64::MAX;
/// At most so many subscriptions are waited for one by one.
const PROBES: usize = 64;

/// The topics of a workload: `t` and seven digits. They are made, not kept: a million of them would take the publisher one
/// access to far memory each, which is no cost of any library.
struct Topics {
    count: usize,
    /// Three digits each.
    digits: Vec<[u8; 3]>,
}

impl Topics {
    fn new(workload: &Workload) -> Self {
        let count = workload.plan.subscriptions;
        assert!(count <= 1_000_000);
        let digits = (0..1000).map(|number: u32| format!("{number:03}").into_bytes().try_into().unwrap());
        Self { count, digits: digits.collect() }
    }

    #[inline]
    fn at(&self, index: usize) -> [u8; 8] {
        let [a, b, c] = self.digits[index / 1000];
        let [d, e, f] = self.digits[index % 1000];
        [b't', b'0', a, b, c, d, e, f]
    }

    fn last(&self) -> [u8; 8] {
        self.at(self.count - 1)
    }

    /// Some topics, the last among them.
    fn probed(&self) -> impl Iterator<Item = [u8; 8]> {
        (0..self.count).rev().step_by(self.count.div_ceil(PROBES)).map(|index| self.at(index))
    }
}

async fn publish<S: Subject>(subject: &S, workload: &Workload, time: Duration, endpoint: &str) {
    let mut socket = subject.socket(Kind::Pub, &workload.plan);
    let endpoint = socket.bind(endpoint).await;
    say(&format!("endpoint {endpoint}"));
    socket.expect_peers().await;
    let topics = Topics::new(workload);
    let mut body = vec![7; workload.plan.size];
    let go = Arc::new(AtomicBool::new(false));
    let heard = go.clone();
    thread::spawn(move || {
        wait_for_word();
        heard.store(true, Ordering::SeqCst);
    });
    while !go.load(Ordering::SeqCst) {
        for topic in topics.probed() {
            body[..8].copy_from_slice(&topic);
            body[NUMBER].copy_from_slice(&PROBE.to_le_bytes());
            socket.send(&body).await;
        }
        thread::sleep(Duration::from_millis(5));
    }
    let (start, begin, mut number, mut index) = (Instant::now(), cpu(), PROBE, 0);
    while !number.is_multiple_of(64) || start.elapsed() < time {
        number += 1;
        index = (index + 7919) % topics.count;
        body[..8].copy_from_slice(&topics.at(index));
        body[NUMBER].copy_from_slice(&number.to_le_bytes());
        socket.send(&body).await;
    }
    done(&[("sent", number as f64), ("sending", start.elapsed().as_secs_f64()), ("cpu", cpu() - begin)]);
    body[..8].copy_from_slice(&topics.last());
    body[NUMBER].copy_from_slice(&END.to_le_bytes());
    loop {
        socket.send(&body).await;
        thread::sleep(Duration::from_millis(2));
    }
}

/// What a subscriber saw: how many, when the first and when the last.
type Seen = (u64, Instant, Instant);

fn subscribe_from_threads<S: Subject>(subject: &S, workload: &Workload, endpoint: &str) {
    let (ready, peers) = std::sync::mpsc::channel();
    let threads: Vec<_> = (0..workload.plan.peers)
        .map(|_| {
            let (subject, workload, endpoint, ready) =
                (subject.clone(), workload.clone(), endpoint.to_owned(), ready.clone());
            let work =
                move || subject.run(subscribe(&subject, &workload, &endpoint, || ready.send(()).unwrap()));
            thread::Builder::new().stack_size(512 * 1024).spawn(work).unwrap()
        })
        .collect();
    for _ in 0..workload.plan.peers {
        peers.recv().unwrap();
    }
    let begin = cpu();
    say("ready");
    let seen: Vec<Seen> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let messages: u64 = seen.iter().map(|seen| seen.0).sum();
    let first = seen.iter().map(|seen| seen.1).min().unwrap();
    let last = seen.iter().map(|seen| seen.2).max().unwrap();
    let seconds = (last - first).as_secs_f64();
    done(&[("messages", messages as f64), ("seconds", seconds), ("cpu", cpu() - begin)]);
}

async fn subscribe<S: Subject>(subject: &S, workload: &Workload, endpoint: &str, ready: impl Fn()) -> Seen {
    let mut socket = subject.socket(Kind::Sub, &workload.plan);
    socket.connect(endpoint).await;
    let topics = Topics::new(workload);
    for index in 0..topics.count {
        socket.subscribe(&topics.at(index)).await;
    }
    let mut missing: std::collections::HashSet<[u8; 8]> = topics.probed().collect();
    let take = |body: &[u8]| {
        let number = u64::from_le_bytes(body[NUMBER].try_into().unwrap());
        (*body.first_chunk::<8>().unwrap(), number)
    };
    while !missing.is_empty() {
        let (topic, number) = socket.recv(take).await;
        assert_eq!(number, PROBE, "published before all were ready");
        missing.remove(&topic);
    }
    ready();
    let (mut count, mut before, mut first, mut last) = (0, PROBE, None, Instant::now());
    loop {
        let (_, number) = socket.recv(take).await;
        match number {
            PROBE => continue,
            END => return (count, first.unwrap_or(last), last),
            _ => {}
        }
        assert!(number > before, "out of order");
        before = number;
        count += 1;
        // The clock costs as much as a message.
        if count % 64 == 0 || first.is_none() {
            last = Instant::now();
            first.get_or_insert(last);
        }
    }
}

async fn dealers<S: Subject>(subject: &S, workload: &Workload, count: u64, endpoint: &str) {
    let (plan, mut body) = (&workload.plan, vec![7; workload.plan.size]);
    let start = Instant::now();
    let mut sockets = Vec::with_capacity(plan.peers);
    for _ in 0..plan.peers {
        let mut socket = subject.socket(Kind::Dealer, plan);
        socket.connect(endpoint).await;
        sockets.push((socket, order(workload, 1)));
    }
    let rounds = count.div_ceil(plan.peers as u64);
    let mut storm = start.elapsed();
    let mut after_storm = start;
    for number in 0..=rounds {
        stamp(&mut body, 0, number);
        for (socket, _) in &mut sockets {
            socket.send(&body).await;
        }
        for (socket, order) in &mut sockets {
            socket.recv(|reply| order.check(reply).unwrap()).await;
        }
        if number == 0 {
            storm = start.elapsed();
            say("ready");
            wait_for_word();
            after_storm = Instant::now();
        }
    }
    let messages = (rounds * plan.peers as u64) as f64;
    let seconds = after_storm.elapsed().as_secs_f64();
    done(&[("messages", messages), ("seconds", seconds), ("storm", storm.as_secs_f64() * 1e3)]);
}
