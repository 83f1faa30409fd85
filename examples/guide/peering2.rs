//! Brokers that share their tasks, by hand: `peering2 ipc:///tmp DC1 3 DC2 DC3`, where 3 is the number of workers.
//!
//! ```text
//! local client [client] [] [request]          --> local worker, or by chance to a peer:
//! own cloudbe  [peer] [client] [] [request]   --> its cloudfe [us] [client] [] [request] --> its worker, and back
//! ```
//!
//! Shows: E2.60; C25 C38.

use crate::zhelpers::{Outcome, Words, below, bind, work};
use std::{collections::VecDeque, thread};
use zeroxide::{Context, Frame, Interest, Message, Poller, Req, Router};

pub(crate) fn run(words: &Words) -> Outcome {
    let (place, own) = (words.text(0, "ipc:///tmp"), words.text(1, "DC1"));
    let peers: Vec<Frame> = words.from(3).map(Frame::from).collect();
    let context = Context::new();
    let (localfe, localbe) = (Router::new(&context)?, Router::new(&context)?);
    localfe.bind("inproc://localfe")?;
    localbe.bind("inproc://localbe")?;
    let (cloudfe, cloudbe) = cloud(&context, place, own, words.from(3))?;
    for _ in 0..words.number(2, 3) {
        let (context, own) = (context.clone(), own.to_owned());
        thread::spawn(move || worker(&context, &own));
    }
    for _ in 0..10 {
        let context = context.clone();
        thread::spawn(move || client(&context));
    }

    let mut free: VecDeque<Frame> = VecDeque::new();
    loop {
        let mut poller = Poller::new();
        poller.add(&localbe, 0, Interest::READABLE);
        poller.add(&cloudbe, 1, Interest::READABLE);
        if !free.is_empty() {
            poller.add(&cloudfe, 2, Interest::READABLE);
            poller.add(&localfe, 3, Interest::READABLE);
        }
        for ready in poller.wait(None)? {
            match ready.token {
                0 => {
                    let mut message = localbe.recv()?;
                    free.extend(message.pop_front());
                    message.pop_front();
                    if message.body() != b"READY" {
                        back(message, &peers, &localfe, &cloudfe)?;
                    }
                }
                1 => {
                    let mut reply = cloudbe.recv()?;
                    reply.pop_front(); // the peer that did it
                    localfe.send(reply)?;
                }
                kind => {
                    let Some(worker) = free.pop_front() else { continue };
                    let request = if kind == 2 { cloudfe.recv()? } else { localfe.recv()? };
                    // One in five goes to a peer, if that is there.
                    let peer = (kind == 3 && below(5) == 0).then(|| peers.get(below(peers.len() as u32) as usize));
                    if let Some(Some(peer)) = peer
                        && cloudbe.try_send(with_front(&request, [peer.clone()])).is_ok()
                    {
                        free.push_front(worker);
                    } else {
                        localbe.send(with_front(&request, [worker, Frame::EMPTY]))?;
                    }
                }
            }
        }
    }
}

/// The sockets between brokers. Both have the broker's name, and what cannot be sent to a peer is an error.
fn cloud<'a>(
    context: &Context,
    place: &str,
    own: &str,
    peers: impl Iterator<Item = &'a str>,
) -> Result<(Router, Router), Box<dyn std::error::Error + Send + Sync>> {
    let (cloudfe, cloudbe) = (Router::new(context)?, Router::new(context)?);
    for socket in [&cloudfe, &cloudbe] {
        socket.set_routing_id(own)?;
    }
    bind(&cloudfe, &format!("{place}/{own}-cloud.ipc"))?;
    cloudbe.set_router_mandatory(true)?;
    for peer in peers {
        cloudbe.connect(&format!("{place}/{peer}-cloud.ipc"))?;
    }
    Ok((cloudfe, cloudbe))
}

/// The message with these frames before it.
fn with_front<const N: usize>(message: &Message, front: [Frame; N]) -> Message {
    front.into_iter().chain(message.iter().cloned()).collect()
}

/// A reply goes to the peer that asked, or to the client.
fn back(reply: Message, peers: &[Frame], localfe: &Router, cloudfe: &Router) -> Outcome {
    let to_peer = reply.first().is_some_and(|address| peers.contains(address));
    if to_peer { cloudfe.send(reply)? } else { localfe.send(reply)? }
    Ok(())
}

/// Does what it is given, and says where it was done.
pub(crate) fn worker(context: &Context, own: &str) -> Outcome {
    let worker = Req::new(context)?;
    worker.connect("inproc://localbe")?;
    worker.send("READY")?;
    loop {
        let mut frames = worker.recv()?.into_frames();
        work(1);
        frames.pop();
        frames.push(format!("OK from {own}").into());
        worker.send(frames)?;
    }
}

fn client(context: &Context) -> Outcome {
    let client = Req::new(context)?;
    client.connect("inproc://localfe")?;
    loop {
        client.send("HELLO")?;
        println!("Client: {}", client.recv()?);
        work(10);
    }
}
