//! Leads the parts of a workload through one play: starts them one after the other, gives the word, gathers the facts.
//! Whether a part is a process or a thread is not its business.

use super::{
    roles::Part,
    workload::{Transport, Workload},
};
use crate::{
    exit::Failure,
    line::{Facts, Line},
};
use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, Sender},
    time::Instant,
};

/// What reaches the conductor.
pub(super) enum Heard {
    /// A part, by its place, said something; none is its end.
    Part(usize, Option<Line>),
    /// Somebody wants the run to end.
    Signal(i32),
}

/// A part that was started. Dropping it ends it.
pub(super) trait Player {
    /// Gives it the word to go on.
    fn cue(&mut self);
}

impl Player for Sender<()> {
    fn cue(&mut self) {
        // A part that has ended is noticed by what it says last.
        let _ = self.send(());
    }
}

/// Who plays: each part, or one process for all of them.
pub(super) fn cast(workload: &Workload, alone: bool) -> &'static [Part] {
    if alone && workload.transport == Transport::Inproc { &[Part::Alone] } else { workload.parts() }
}

/// Plays once. `start` is given the place of a part, the part, and where the first one listens.
pub(super) fn conduct<P: Player>(
    parts: &[Part],
    heard: &Receiver<Heard>,
    deadline: Option<Instant>,
    mut start: impl FnMut(usize, Part, &[String]) -> Result<P, Failure>,
) -> Result<Vec<Facts>, Failure> {
    let mut score = Score { heard, deadline, ready: vec![None; parts.len()], done: vec![None; parts.len()] };
    let mut players = Vec::with_capacity(parts.len());
    let mut endpoints = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        players.push(start(place, *part, &endpoints)?);
        let told = score.until(|score| score.ready.get(place).cloned().flatten())?;
        if place == 0 {
            endpoints = told;
        }
    }
    players.iter_mut().for_each(Player::cue);
    let mut facts = Vec::with_capacity(parts.len());
    for serving in [false, true] {
        for (place, player) in players.iter_mut().enumerate() {
            if parts.get(place).is_some_and(|part| part.serves() == serving) {
                if serving {
                    player.cue();
                }
                facts.push(score.until(|score| score.done.get(place).cloned().flatten())?);
            }
        }
    }
    Ok(facts)
}

/// What was said so far.
struct Score<'a> {
    heard: &'a Receiver<Heard>,
    deadline: Option<Instant>,
    ready: Vec<Option<Vec<String>>>,
    done: Vec<Option<Facts>>,
}

impl Score<'_> {
    fn until<T>(&mut self, wanted: impl Fn(&Self) -> Option<T>) -> Result<T, Failure> {
        loop {
            if let Some(found) = wanted(self) {
                return Ok(found);
            }
            match self.next()? {
                Heard::Signal(signal) => return Err(Failure::Interrupted(signal)),
                Heard::Part(place, line) => self.hear(place, line)?,
            }
        }
    }

    fn next(&self) -> Result<Heard, Failure> {
        let patience = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let heard = match patience {
            Some(patience) => self.heard.recv_timeout(patience),
            None => self.heard.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        heard.map_err(|error| match error {
            RecvTimeoutError::Timeout => {
                Failure::TimedOut("not done in time: messages are lost, or --limit is too short".to_owned())
            }
            RecvTimeoutError::Disconnected => Failure::Failed("nobody is left".to_owned()),
        })
    }

    fn hear(&mut self, place: usize, line: Option<Line>) -> Result<(), Failure> {
        let (Some(ready), Some(done)) = (self.ready.get_mut(place), self.done.get_mut(place)) else {
            return Ok(());
        };
        match line {
            Some(Line::Ready(endpoints)) => *ready = Some(endpoints),
            Some(Line::Done(facts)) => *done = Some(facts),
            Some(Line::Failed(why)) => return Err(Failure::Failed(why)),
            None if done.is_none() => {
                return Err(Failure::Failed("a process ended before it was done".to_owned()));
            }
            Some(Line::Sample(_) | Line::Progress(_)) | None => {}
        }
        Ok(())
    }
}
