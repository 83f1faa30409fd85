//! There and back, one message at a time.

use super::{last, socket_types, subscribe_to};
use crate::{
    bench::{
        kit::{
            figure::percentile,
            order::{Order, stamp},
        },
        stage::{Clock, Stage, nanoseconds, resident},
        workload::Play,
    },
    exit::Failure,
    line::Facts,
};
use std::{sync::Arc, time::Instant};
use zeroxide::Socket;

/// Round trips before counting begins.
pub(super) const WARM_UP: u64 = 50;

/// Where one end sends and where it receives: one socket, or two where each goes one way only.
pub(super) struct Link {
    pub(super) out: Arc<Socket>,
    pub(super) back: Arc<Socket>,
}

impl Link {
    fn new(stage: &Stage<'_>, binds: bool) -> Result<Self, Failure> {
        let (asking, answering) = socket_types(&stage.workload);
        if !one_way(stage) {
            let socket = stage.socket(if binds { answering } else { asking })?;
            return Ok(Self { out: socket.clone(), back: socket });
        }
        let link = Self { out: stage.socket(asking)?, back: stage.socket(answering)? };
        subscribe_to(&link.back, stage.workload.pattern, b"")?;
        Ok(link)
    }

    /// The end that listens, after the word to begin.
    pub(super) fn bound(stage: &Stage<'_>) -> Result<Self, Failure> {
        let link = Self::new(stage, true)?;
        let mut bound = vec![stage.bind(&link.back, 0)?];
        if one_way(stage) {
            bound.push(stage.bind(&link.out, 1)?);
        }
        stage.ready(&bound)?;
        link.subscribed(stage)
    }

    /// The end that connects, after the word to begin.
    pub(super) fn connected(stage: &Stage<'_>) -> Result<Self, Failure> {
        let link = Self::new(stage, false)?;
        stage.connect(&link.out, stage.endpoints.first())?;
        if one_way(stage) {
            stage.connect(&link.back, stage.endpoints.last())?;
        }
        stage.ready(&[])?;
        link.subscribed(stage)
    }

    fn subscribed(self, stage: &Stage<'_>) -> Result<Self, Failure> {
        if stage.workload.pattern.is_subscribed_to() {
            stage.wait_for_subscribers(&self.out, b"", 1)?;
        }
        Ok(self)
    }
}

fn one_way(stage: &Stage<'_>) -> bool {
    stage.workload.pattern.goes_one_way()
}

/// Sends back whatever comes. For DEALERs it is the ROUTER that all of them are connected to.
pub(super) fn echo(stage: &Stage<'_>) -> Result<Facts, Failure> {
    let before = resident();
    let Link { out, back } = Link::bound(stage)?;
    let many = stage.workload.play() == Play::Dealers;
    let first = if many { stage.workload.peers() as u64 } else { WARM_UP };
    for _ in 0..first {
        out.send(back.recv()?)?;
    }
    let grown = before.zip(resident()).map(|(before, after)| after.saturating_sub(before));
    let clock = Clock::start();
    let rest = if many { stage.count.div_ceil(first) * first } else { stage.count };
    for _ in 0..rest {
        out.send(back.recv()?)?;
    }
    let facts = Facts::default().with("cpu", clock.cpu());
    Ok(match grown {
        Some(octets) => facts.with("resident", octets),
        None => facts,
    })
}

pub(super) fn ask(stage: &Stage<'_>) -> Result<Facts, Failure> {
    let Link { out, back } = Link::connected(stage)?;
    let mut journal = Journal::new(stage);
    for _ in 0..stage.count + WARM_UP {
        out.send(journal.ask())?;
        journal.answer(last(&back.recv()?))?;
    }
    journal.close()
}

/// Questions, and when they were answered.
pub(super) struct Journal {
    body: Vec<u8>,
    order: Order,
    number: u64,
    asked: Instant,
    times: Vec<u64>,
    clock: Clock,
}

impl Journal {
    pub(super) fn new(stage: &Stage<'_>) -> Self {
        let size = stage.workload.size;
        Self {
            body: vec![7; size],
            order: Order::new(1, size),
            number: 0,
            asked: Instant::now(),
            times: Vec::with_capacity(usize::try_from(stage.count).unwrap_or_default()),
            clock: Clock::start(),
        }
    }

    /// The next question. From here on time runs.
    pub(super) fn ask(&mut self) -> &[u8] {
        if self.number == WARM_UP {
            self.clock = Clock::start();
        }
        stamp(&mut self.body, 0, self.number);
        self.asked = Instant::now();
        &self.body
    }

    pub(super) fn answer(&mut self, body: &[u8]) -> Result<(), Failure> {
        let time = self.asked.elapsed();
        self.order.check(body)?;
        if self.number >= WARM_UP {
            self.times.push(nanoseconds(time));
        }
        self.number += 1;
        Ok(())
    }

    pub(super) fn close(mut self) -> Result<Facts, Failure> {
        let facts = self.clock.read(Facts::default().with("received", self.times.len() as u64));
        self.times.sort_unstable();
        let at = |part| percentile(&self.times, part).unwrap_or_default();
        Ok(facts.with("median", at(0.5)).with("p99", at(0.99)))
    }
}
