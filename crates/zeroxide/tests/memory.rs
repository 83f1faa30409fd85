//! What connections cost, and that waiting costs nothing. Alone in its process: it counts octets and wake-ups.
mod common;
use common::*;
use std::{
    collections::HashMap,
    fs,
    sync::{Mutex, MutexGuard},
};
use zeroxide::*;

/// The stories here measure the whole process, so they take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn resident_octets() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * rustix::param::page_size()
}

/// How many times each thread went to sleep of its own accord so far, but for the one that asks.
fn sleeps() -> HashMap<String, u64> {
    let own = rustix::thread::gettid().as_raw_pid().to_string();
    let count = |path: std::path::PathBuf| {
        let status = fs::read_to_string(path.join("status")).ok()?;
        let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        Some((path.file_name()?.to_str()?.to_owned(), count.trim().parse().ok()?))
    };
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    tasks.filter_map(|task| count(task.ok()?.path())).filter(|(thread, _)| *thread != own).collect()
}

#[test]
fn two_thousand_idle_peers_of_a_router_cost_less_than_twelve_kibioctets_each() {
    let _turn = alone();
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).unwrap();
    let context = Context::new();
    let router = Router::new(&context).unwrap();
    router.set_backlog(4096).unwrap();
    let at = router.bind("tcp://127.0.0.1:*").unwrap();
    let address = at.strip_prefix("tcp://").unwrap();
    let greet = |number: u32| {
        use std::io::Write;
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let name = format!("peer {number}");
        let octets = [octets::greeting_v31("NULL"), octets::ready(Kind::Dealer, name.as_bytes())].concat();
        stream.write_all(&octets).unwrap();
        stream
    };
    // The first ones pay for what there is once.
    let mut peers: Vec<_> = (0..100).map(greet).collect();
    assert!(router.wait_connected(100, LONG));
    let before = resident_octets();
    peers.extend((100..2_100).map(greet));
    assert!(router.wait_connected(2_100, LONG));
    let each = resident_octets().saturating_sub(before) / 2_000;
    println!("{each} octets a peer");
    assert!(each < 12 * 1024, "{each} octets a peer");
    for (number, peer) in peers.iter_mut().enumerate() {
        use std::io::Write;
        peer.write_all(&octets::message(&[format!("from {number}").as_bytes()])).unwrap();
    }
    for _ in 0..2_100 {
        let message = router.get();
        let (name, text) = (message[0].as_str().unwrap(), message[1].as_str().unwrap());
        assert_eq!(name.strip_prefix("peer "), text.strip_prefix("from "));
        router.send([message[0].clone(), "reply".into()]).unwrap();
    }
    drop(peers);
    wait_for_connections(&router, 0);
    assert!(router.peers().is_empty());
}

#[test]
fn nobody_wakes_up_when_nothing_happens() {
    let _turn = alone();
    let context = Context::builder().io_threads(2).build();
    let idle = Context::new();
    // Connections of every kind, used once, then left alone; one of them with a thread that waits in it.
    let mut sockets: Vec<Socket> = Vec::new();
    for endpoint in everywhere() {
        let (left, right) = (Dealer::new(&idle).unwrap(), Dealer::new(&idle).unwrap());
        join(&left, &right, &endpoint);
        left.send("hello").unwrap();
        assert_eq!(right.text(), "hello");
        right.send("world").unwrap();
        assert_eq!(left.text(), "world");
        sockets.extend([left.into(), right.into()]);
    }
    let waits = Pull::new(&idle).unwrap();
    let wakes = Push::new(&idle).unwrap();
    join(&waits, &wakes, "tcp://127.0.0.1:*");
    // The window is as long as another context takes for this many round trips.
    let (req, rep) = (Req::new(&context).unwrap(), Rep::new(&context).unwrap());
    join(&rep, &req, "tcp://127.0.0.1:*");
    std::thread::scope(|scope| {
        scope.spawn(|| assert_eq!(waits.text(), "wake up"));
        let busy = |count: u32| {
            for round in 0..count {
                req.send(number(round)).unwrap();
                let request = rep.get();
                rep.send(request).unwrap();
                req.get();
            }
        };
        // Whoever was away is looked after for a while.
        let quiet = || {
            let before = sleeps();
            busy(2_000);
            let after = sleeps();
            let mut counts: Vec<u64> =
                after.iter().filter_map(|(thread, count)| Some(count - before.get(thread)?)).collect();
            counts.sort_unstable();
            // The two I/O threads of the busy context are the last.
            counts.truncate(counts.len().saturating_sub(2));
            counts
        };
        let mut counts = Vec::new();
        eventually(|| {
            counts = quiet();
            counts.iter().all(|count| *count <= 3)
        });
        wakes.send("wake up").unwrap();
    });
    drop(sockets);
}
