//! Brokers that share their tasks by capacity: `peering3 ipc:///tmp DC1 3 10 DC2 DC3`, where 3 is the number of workers, and
//! 10 the seconds after which a client gives up.
//!
//! A request goes to the cloud only when no local worker is free and a peer has said that it has some.
//!
//! Shows: E2.61; C198 C199 C200.

use crate::{
    peering2::{back, cloud, with_front, worker},
    zhelpers::{Outcome, Words, below, bind, work},
};
use std::{
    collections::{HashMap, VecDeque},
    thread,
    time::{Duration, Instant},
};
use zeroxide::{Context, Frame, Interest, Message, Poller, Pub, Pull, Push, Req, Router, Sub};

/// How often the own state is told even if nothing has changed: to peers that came later.
const BEAT: Duration = Duration::from_millis(500);

pub(crate) fn run(words: &Words) -> Outcome {
    let (place, own) = (words.text(0, "ipc:///tmp"), words.text(1, "DC1"));
    let patience = Duration::from_secs(words.number(3, 10).into());
    let peers: Vec<Frame> = words.from(4).map(Frame::from).collect();
    let context = Context::new();
    let (localfe, localbe) = (Router::new(&context)?, Router::new(&context)?);
    localfe.bind("inproc://localfe")?;
    localbe.bind("inproc://localbe")?;
    let (cloudfe, cloudbe) = cloud(&context, place, own, words.from(4))?;
    let (statebe, statefe, monitor) = (Pub::new(&context)?, Sub::new(&context)?, Pull::new(&context)?);
    bind(&statebe, &format!("{place}/{own}-state.ipc"))?;
    statefe.subscribe("")?;
    for peer in words.from(4) {
        statefe.connect(&format!("{place}/{peer}-state.ipc"))?;
    }
    monitor.bind("inproc://monitor")?;
    for _ in 0..words.number(2, 3) {
        let (context, own) = (context.clone(), own.to_owned());
        thread::spawn(move || worker(&context, &own));
    }
    for _ in 0..5 {
        let context = context.clone();
        thread::spawn(move || client(&context, patience));
    }

    let mut free: VecDeque<Frame> = VecDeque::new();
    let mut cloud: HashMap<Frame, u32> = HashMap::new();
    let mut pending: Option<Message> = None;
    let (mut told, mut next) = (usize::MAX, Instant::now());
    loop {
        let able = cloud.values().any(|count| *count > 0);
        let mut poller = Poller::new();
        for (token, socket) in [&*localbe, &*cloudbe, &*statefe, &*monitor].into_iter().enumerate() {
            poller.add(socket, token, Interest::READABLE);
        }
        if pending.is_none() && !free.is_empty() {
            poller.add(&cloudfe, 4, Interest::READABLE);
        }
        if pending.is_none() && (!free.is_empty() || able) {
            poller.add(&localfe, 5, Interest::READABLE);
        }
        // One at a time, since each changes who may be asked.
        let ready = poller.wait(Some(next.saturating_duration_since(Instant::now())))?;
        match ready.first().map(|ready| ready.token) {
            Some(0) => {
                let mut message = localbe.recv()?;
                free.extend(message.pop_front());
                message.pop_front();
                if message.body() != b"READY" {
                    back(message, &peers, &localfe, &cloudfe)?;
                }
            }
            Some(1) => {
                let mut reply = cloudbe.recv()?;
                reply.pop_front();
                localfe.send(reply)?;
            }
            Some(2) => {
                let mut frames = statefe.recv()?.into_iter();
                if let (Some(peer), Some(count)) = (frames.next(), frames.next()) {
                    cloud.insert(peer, count.as_str().unwrap_or_default().parse().unwrap_or(0));
                }
            }
            Some(3) => println!("{}", monitor.recv()?),
            Some(4) => pending = Some(cloudfe.recv()?),
            Some(_) => pending = Some(localfe.recv()?),
            None => {}
        }
        if let Some(request) = pending.take() {
            if let Some(worker) = free.pop_front() {
                localbe.send(with_front(&request, [worker, Frame::EMPTY]))?;
            } else if let Some((peer, count)) = cloud.iter_mut().find(|(_, count)| **count > 0) {
                // A state is never trusted fully: a peer that cannot be sent to has no capacity, whatever it said.
                if cloudbe.try_send(with_front(&request, [peer.clone()])).is_ok() {
                    println!("I: route request to cloud {}", peer.as_str().unwrap_or("?"));
                    *count -= 1;
                } else {
                    *count = 0;
                    pending = Some(request);
                }
            } else {
                pending = Some(request);
            }
        }
        if told != free.len() || Instant::now() >= next {
            (told, next) = (free.len(), Instant::now() + BEAT);
            statebe.send([own, &told.to_string()])?;
        }
    }
}

/// Asks in bursts, and gives up when a task is lost.
fn client(context: &Context, patience: Duration) -> Outcome {
    let (client, monitor) = (Req::new(context)?, Push::new(context)?);
    client.connect("inproc://localfe")?;
    monitor.connect("inproc://monitor")?;
    loop {
        for _ in 0..below(15) {
            let task = format!("{:04X}", below(0x10000));
            client.send(&task)?;
            match client.recv_timeout(patience) {
                Ok(reply) => monitor.send(format!("Client: task {task} {reply}"))?,
                Err(_) => return Ok(monitor.send(format!("E: CLIENT EXIT - lost task {task}"))?),
            }
        }
        work(below(50));
    }
}
