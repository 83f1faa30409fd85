//! The rules of requests: whom to ask, when to ask again, when to give up. No sockets, no clock.
//!
//! ```text
//!           asked            no answer in time: the next server
//! (queued) -------> waiting ------------------------------------> waiting
//!                    |   |                                          |
//!                    |   '-- all servers have failed: a pause ------'
//!                    '-- an answer, the last try is over, the deadline --> done
//! ```

use super::{Form, RequestOptions, RequestStatistics};
use crate::delay::Delay;
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Instant,
};
use zeroxide::{Frame, Message};

/// What is to be done.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Act {
    Send {
        server: usize,
        number: u32,
        body: Vec<Frame>,
    },
    /// What could not be sent yet shall not be any more.
    Forget {
        server: usize,
        number: u32,
    },
    /// Nothing that this server says on its present connection is of use.
    Renew {
        server: usize,
    },
    Done {
        number: u32,
        outcome: Outcome,
    },
}

#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Answer(Message),
    NoAnswer { tries: u32 },
}

#[derive(Clone, Copy, Debug, Default)]
struct Server {
    /// Tries that failed since its last answer.
    failures: u32,
    last_answer: Option<Instant>,
}

#[derive(Debug)]
struct Call {
    body: Vec<Frame>,
    tries: u32,
    deadline: Option<Instant>,
    /// Who has been asked since all were last free to be asked.
    round: Vec<usize>,
    /// Who has been asked in this try.
    asked: Vec<usize>,
    hedges: u32,
    hedge_at: Option<Instant>,
    /// The try is over, or the pause.
    over_at: Instant,
    paused: bool,
    delay: Delay,
    /// When it is looked at next: its place among the timers.
    timer: Instant,
}

#[derive(Debug)]
pub(crate) struct Calls {
    options: RequestOptions,
    servers: Vec<Server>,
    calls: HashMap<u32, Call>,
    /// Begun, but not asked yet: without numbers on the wire there is one at a time.
    queued: VecDeque<u32>,
    timers: BTreeSet<(Instant, u32)>,
    next_number: u32,
    counts: RequestStatistics,
}

impl Calls {
    pub(crate) fn new(options: RequestOptions, servers: usize) -> Self {
        Self {
            options,
            servers: vec![Server::default(); servers],
            calls: HashMap::new(),
            queued: VecDeque::new(),
            timers: BTreeSet::new(),
            // As the Guide's clients: from 1.
            next_number: 1,
            counts: RequestStatistics::default(),
        }
    }

    pub(crate) fn statistics(&self) -> RequestStatistics {
        self.counts
    }

    /// The server seems dead, though nothing was asked: others are asked first.
    pub(crate) fn distrust(&mut self, server: usize) {
        if let Some(server) = self.servers.get_mut(server) {
            server.failures = server.failures.max(1);
        }
    }

    /// The server lives.
    pub(crate) fn trust(&mut self, server: usize) {
        if let Some(server) = self.servers.get_mut(server) {
            server.failures = 0;
        }
    }

    /// Something came that is no answer.
    pub(crate) fn stray(&mut self) {
        self.counts.stray += 1;
    }

    /// Begins a request; nothing if too many are under way.
    pub(crate) fn begin(&mut self, body: Vec<Frame>, now: Instant, out: &mut Vec<Act>) -> Option<u32> {
        if self.calls.len() >= self.options.window {
            self.counts.refused += 1;
            return None;
        }
        self.counts.asked += 1;
        let number = self.free_number();
        let deadline = self.options.deadline.map(|deadline| now + deadline);
        let timer = deadline.unwrap_or(now);
        let call = Call {
            body,
            tries: 0,
            deadline,
            round: Vec::new(),
            asked: Vec::new(),
            hedges: 0,
            hedge_at: None,
            over_at: timer,
            paused: false,
            delay: Delay::new(self.options.delay_first, self.options.delay_most),
            timer,
        };
        self.calls.insert(number, call);
        self.queued.push_back(number);
        self.ask_queued(now, out);
        if let Some(call) = self.calls.get(&number).filter(|call| call.tries == 0 && call.deadline.is_some())
        {
            self.timers.insert((call.timer, number));
        }
        Some(number)
    }

    /// Nobody waits for it any more.
    pub(crate) fn cancel(&mut self, number: u32, now: Instant, out: &mut Vec<Act>) {
        self.take(number, None, out);
        self.ask_queued(now, out);
    }

    /// What this server said, in the form that was agreed on.
    pub(crate) fn hear(&mut self, server: usize, message: Message, now: Instant, out: &mut Vec<Act>) {
        let Some((told, body)) = self.options.form.unwrap(message) else {
            self.counts.stray += 1;
            return;
        };
        let unnumbered =
            || self.calls.iter().find(|(_, call)| call.asked.contains(&server)).map(|(number, _)| *number);
        let number = if self.options.form == Form::Plain { unnumbered() } else { told };
        match number {
            Some(number) => self.answer(server, number, body, now, out),
            None => self.counts.stray += 1,
        }
    }

    /// This server's answer to this request.
    pub(crate) fn answer(
        &mut self,
        server: usize,
        number: u32,
        body: Message,
        now: Instant,
        out: &mut Vec<Act>,
    ) {
        if let Some(server) = self.servers.get_mut(server) {
            (server.failures, server.last_answer) = (0, Some(now));
        }
        // An answer to an earlier try is as good.
        if !self.calls.contains_key(&number) {
            self.counts.stray += 1;
            return;
        }
        self.take(number, Some(server), out);
        self.counts.answered += 1;
        out.push(Act::Done { number, outcome: Outcome::Answer(body) });
        self.ask_queued(now, out);
    }

    /// When [`Calls::tick`] has something to do.
    pub(crate) fn next_tick(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    pub(crate) fn tick(&mut self, now: Instant, out: &mut Vec<Act>) {
        while let Some(&(at, number)) = self.timers.first()
            && at <= now
        {
            self.timers.remove(&(at, number));
            let Some(call) = self.calls.get_mut(&number) else { continue };
            if call.deadline.is_some_and(|deadline| deadline <= now) {
                self.give_up(number, now, out);
            } else if call.over_at <= now {
                if call.paused {
                    call.paused = false;
                    call.round.clear();
                    self.ask(number, now, out);
                } else {
                    self.try_is_over(number, now, out);
                }
            } else {
                self.hedge(number, now, out);
                self.set_timer(number);
            }
        }
    }

    fn free_number(&mut self) -> u32 {
        while self.calls.contains_key(&self.next_number) {
            self.next_number = self.next_number.wrapping_add(1);
        }
        let number = self.next_number;
        self.next_number = number.wrapping_add(1);
        number
    }

    fn ask_queued(&mut self, now: Instant, out: &mut Vec<Act>) {
        let limit = if self.options.form == Form::Plain { 1 } else { self.options.window };
        while self.calls.len() - self.queued.len() < limit
            && let Some(number) = self.queued.pop_front()
        {
            self.ask(number, now, out);
        }
    }

    fn ask(&mut self, number: u32, now: Instant, out: &mut Vec<Act>) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        self.timers.remove(&(call.timer, number));
        call.asked.clear();
        let Some(server) = next_server(&self.servers, &call.round) else {
            // There is none at all: one may be added.
            return self.pause(number, now);
        };
        call.tries += 1;
        self.counts.repeated += u64::from(call.tries > 1);
        call.asked.push(server);
        call.round.push(server);
        call.over_at = now + self.options.timeout;
        call.hedges = self.options.hedges;
        call.hedge_at = self.options.hedge.map(|hedge| now + hedge);
        out.push(Act::Send { server, number, body: call.body.clone() });
        self.hedge(number, now, out);
        self.set_timer(number);
    }

    /// Asks another server, if it is time.
    fn hedge(&mut self, number: u32, now: Instant, out: &mut Vec<Act>) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        while call.hedge_at.is_some_and(|at| at <= now) {
            let other = next_server(&self.servers, &call.asked).filter(|_| call.hedges > 0);
            let Some(server) = other else {
                call.hedge_at = None;
                return;
            };
            call.hedges -= 1;
            call.hedge_at = self.options.hedge.map(|hedge| now + hedge);
            call.asked.push(server);
            call.round.push(server);
            self.counts.hedged += 1;
            out.push(Act::Send { server, number, body: call.body.clone() });
        }
    }

    fn try_is_over(&mut self, number: u32, now: Instant, out: &mut Vec<Act>) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        for server in call.asked.drain(..) {
            if let Some(server) = self.servers.get_mut(server) {
                server.failures = server.failures.saturating_add(1);
            }
            out.push(no_more(self.options.form, server, number));
        }
        if call.tries >= self.options.tries {
            self.give_up(number, now, out);
        } else if next_server(&self.servers, &call.round).is_some() {
            self.ask(number, now, out);
        } else {
            self.pause(number, now);
        }
    }

    fn pause(&mut self, number: u32, now: Instant) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        call.paused = true;
        call.over_at = now + call.delay.take();
        call.hedge_at = None;
        // With nobody to ask, the tries pass all the same: it must end.
        if call.round.is_empty() {
            call.tries += 1;
            if call.tries > self.options.tries {
                call.deadline = Some(call.over_at);
                call.tries -= 1;
            }
        }
        self.set_timer(number);
    }

    fn give_up(&mut self, number: u32, now: Instant, out: &mut Vec<Act>) {
        let tries = self.calls.get(&number).map_or(0, |call| call.tries);
        self.take(number, None, out);
        self.counts.failed += 1;
        out.push(Act::Done { number, outcome: Outcome::NoAnswer { tries } });
        self.ask_queued(now, out);
    }

    /// Forgets a request, and what other servers than this one were asked for it.
    fn take(&mut self, number: u32, answered: Option<usize>, out: &mut Vec<Act>) {
        let Some(call) = self.calls.remove(&number) else { return };
        self.timers.remove(&(call.timer, number));
        self.queued.retain(|queued| *queued != number);
        let others = call.asked.into_iter().filter(|server| Some(*server) != answered);
        out.extend(others.map(|server| no_more(self.options.form, server, number)));
    }

    fn set_timer(&mut self, number: u32) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        self.timers.remove(&(call.timer, number));
        let earliest = [call.hedge_at, call.deadline].into_iter().flatten().fold(call.over_at, Instant::min);
        call.timer = earliest;
        self.timers.insert((earliest, number));
    }
}

fn no_more(form: Form, server: usize, number: u32) -> Act {
    match form {
        Form::Plain => Act::Renew { server },
        Form::Tagged | Form::Numbered => Act::Forget { server, number },
    }
}

/// Of those that have not been asked: who has failed least, and of those who answered last.
fn next_server(servers: &[Server], asked: &[usize]) -> Option<usize> {
    let free = servers.iter().enumerate().filter(|(index, _)| !asked.contains(index));
    let best = free.min_by_key(|(_, server)| (server.failures, std::cmp::Reverse(server.last_answer)));
    best.map(|(index, _)| index)
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
