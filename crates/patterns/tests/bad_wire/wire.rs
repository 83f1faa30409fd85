//! A wire between clients, or workers, and whom they talk to, that does what a test tells it: it loses, doubles, keeps
//! back, overtakes, stands still, or is cut.
//!
//! Each connection in front has one of its own behind, so that a ROUTER there tells them apart, and hears of their end.

#![allow(unreachable_pub, reason = "a part of one test binary")]

use std::{
    collections::HashMap,
    sync::mpsc::{Receiver, Sender, TryRecvError, channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use zeroxide::{Context, Dealer, Frame, Message, Router, RouterNotify};

/// What becomes of messages, in percent; the others pass at once.
#[derive(Clone, Copy, Default)]
pub struct Faults {
    pub lost: u64,
    pub doubled: u64,
    /// Kept for some milliseconds: those behind overtake.
    pub late: u64,
}

pub enum Order {
    /// Nothing passes, and nothing is lost: to either side the other is silent.
    Freeze,
    GoOn,
    /// All connections behind end; those in front stay, and get new ones with their next message.
    Cut,
}

/// Ends with its value.
pub struct Wire {
    pub endpoint: String,
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

struct Ends {
    context: Context,
    front: Router,
    to: String,
    backs: HashMap<Vec<u8>, Dealer>,
    faults: Faults,
    chance: u64,
    /// What is late: until when, for whom, and whether towards the front.
    late: Vec<(Instant, Vec<u8>, Message, bool)>,
}

impl Wire {
    /// A wire to an endpoint, bound at another. Where the far side is known by its endpoint, `name` is what it is called.
    pub fn new(at: &str, to: &str, name: Option<&str>, faults: Faults) -> Self {
        let context = Context::new();
        let front = Router::new(&context).unwrap();
        front.set_router_notify(RouterNotify { connect: false, disconnect: true }).unwrap();
        if let Some(name) = name {
            front.set_routing_id(name).unwrap();
        }
        let endpoint = front.bind(at).unwrap();
        let (orders, told) = channel();
        let ends = Ends {
            context,
            front,
            to: to.to_owned(),
            backs: HashMap::new(),
            faults,
            chance: 0x9E37_79B9_7F4A_7C15,
            late: Vec::new(),
        };
        let thread = Some(thread::spawn(move || ends.run(&told)));
        Self { endpoint, orders: Some(orders), thread }
    }

    pub fn tell(&self, order: Order) {
        self.orders.as_ref().unwrap().send(order).unwrap();
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Ends {
    fn run(mut self, told: &Receiver<Order>) {
        loop {
            match told.try_recv() {
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return,
                Ok(Order::GoOn) => continue,
                Ok(Order::Cut) => self.backs.clear(),
                Ok(Order::Freeze) => match told.recv() {
                    Ok(Order::Cut) => self.backs.clear(),
                    Ok(_) => continue,
                    Err(_) => return,
                },
            }
            self.forth();
            self.back();
            self.deliver();
        }
    }

    /// What came in front; waits a moment for it.
    fn forth(&mut self) {
        let mut next = self.front.recv_timeout(Duration::from_millis(1)).ok();
        while let Some(mut message) = next.take() {
            let from = message.pop_front().unwrap_or_default().to_vec();
            if message.frames() == [Frame::EMPTY] {
                self.backs.remove(&from);
            } else {
                self.meet(from, message, false);
            }
            next = self.front.try_recv().ok();
        }
    }

    fn back(&mut self) {
        let mut came = Vec::new();
        for (to, dealer) in &self.backs {
            while let Ok(message) = dealer.try_recv() {
                came.push((to.clone(), message));
            }
        }
        came.into_iter().for_each(|(to, message)| self.meet(to, message, true));
    }

    /// A message meets its fate.
    fn meet(&mut self, peer: Vec<u8>, message: Message, to_front: bool) {
        let Faults { lost, doubled, late } = self.faults;
        let fate = self.below(100);
        if fate < lost {
            return;
        }
        if fate < lost + doubled {
            self.pass(&peer, message.clone(), to_front);
        }
        if fate >= lost + doubled && fate < lost + doubled + late {
            let until = Instant::now() + Duration::from_millis(1 + self.below(20));
            self.late.push((until, peer, message, to_front));
        } else {
            self.pass(&peer, message, to_front);
        }
    }

    fn deliver(&mut self) {
        let now = Instant::now();
        let (due, late) = std::mem::take(&mut self.late).into_iter().partition(|(until, ..)| *until <= now);
        self.late = late;
        let due: Vec<_> = due;
        due.into_iter().for_each(|(_, peer, message, to_front)| self.pass(&peer, message, to_front));
    }

    fn pass(&mut self, peer: &[u8], mut message: Message, to_front: bool) {
        if to_front {
            message.push_front(peer);
            let _ = self.front.try_send(message);
            return;
        }
        let (context, to) = (&self.context, &self.to);
        let dealer = self.backs.entry(peer.to_vec()).or_insert_with(|| {
            let dealer = Dealer::new(context).unwrap();
            dealer.set_linger(Some(Duration::ZERO));
            dealer.connect(to).unwrap();
            dealer
        });
        let _ = dealer.try_send(message);
    }

    /// The same series in each run.
    fn below(&mut self, limit: u64) -> u64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        self.chance % limit
    }
}
