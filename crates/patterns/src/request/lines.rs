//! The connections that requests go out on: a DEALER for each server.

use super::{Act, Calls, Form, Outcome};
use crate::PatternError;
use std::{collections::VecDeque, time::Duration, time::Instant};
use zeroxide::{Context, Dealer, Interest, Message, Poller, RecvErrorCause};

/// Messages that are taken from one server before the others are looked at.
const BURST: usize = 1_000;

#[derive(Debug)]
pub(crate) struct Lines {
    context: Context,
    form: Form,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    endpoint: String,
    dealer: Dealer,
    /// What waits for the connection, or for room on it.
    unsent: VecDeque<(u32, Message)>,
}

impl Lines {
    pub(crate) fn new(context: &Context, endpoints: &[&str], form: Form) -> Result<Self, PatternError> {
        if endpoints.is_empty() {
            return Err(PatternError::NoEndpoint);
        }
        let lines = endpoints.iter().map(|endpoint| {
            let dealer = open(context, endpoint)?;
            Ok(Line { endpoint: (*endpoint).to_owned(), dealer, unsent: VecDeque::new() })
        });
        let lines = lines.collect::<Result<_, PatternError>>()?;
        Ok(Self { context: context.clone(), form, lines })
    }
}

/// What connects requests with their servers.
pub(crate) trait Wires: Send + 'static {
    /// Has the poller look at each connection.
    fn watch(&self, poller: &mut Poller<'_>, first_token: usize);

    /// Hands the rules what has come, and sends what waited; false if the context has ended.
    fn take_in(&mut self, calls: &mut Calls, acts: &mut Vec<Act>) -> bool;

    /// Does what the rules say; what is over is handed to `done`.
    fn act(&mut self, acts: &mut Vec<Act>, done: &mut dyn FnMut(u32, Outcome)) -> Result<(), PatternError>;

    /// Does what has to be done by time.
    fn tick(&mut self, _now: Instant, _calls: &mut Calls) {}

    /// When that is.
    fn next_tick(&self) -> Option<Instant> {
        None
    }
}

impl Wires for Lines {
    fn watch(&self, poller: &mut Poller<'_>, first_token: usize) {
        for (index, line) in self.lines.iter().enumerate() {
            let interest = match line.unsent.is_empty() {
                true => Interest::READABLE,
                false => Interest::READABLE | Interest::WRITABLE,
            };
            poller.add(&line.dealer, first_token + index, interest);
        }
    }

    fn take_in(&mut self, calls: &mut Calls, acts: &mut Vec<Act>) -> bool {
        for (index, line) in self.lines.iter_mut().enumerate() {
            line.send_what_waits();
            for _ in 0..BURST {
                match line.dealer.try_recv() {
                    Ok(message) => calls.hear(index, message, Instant::now(), acts),
                    Err(error) if error.cause == RecvErrorCause::Terminated => return false,
                    Err(_) => break,
                }
            }
        }
        true
    }

    fn act(&mut self, acts: &mut Vec<Act>, done: &mut dyn FnMut(u32, Outcome)) -> Result<(), PatternError> {
        for act in acts.drain(..) {
            match act {
                Act::Send { server, number, body } => {
                    let Some(line) = self.lines.get_mut(server) else { continue };
                    line.unsent.push_back((number, self.form.wrap(number, body)));
                    line.send_what_waits();
                }
                Act::Forget { server, number } => {
                    let Some(line) = self.lines.get_mut(server) else { continue };
                    line.unsent.retain(|(waits, _)| *waits != number);
                }
                Act::Renew { server } => {
                    let Some(line) = self.lines.get_mut(server) else { continue };
                    line.unsent.clear();
                    line.dealer.set_linger(Some(Duration::ZERO));
                    line.dealer = open(&self.context, &line.endpoint)?;
                }
                Act::Done { number, outcome } => done(number, outcome),
            }
        }
        Ok(())
    }
}

impl Line {
    fn send_what_waits(&mut self) {
        while let Some((number, message)) = self.unsent.pop_front() {
            if let Err(error) = self.dealer.try_send(message) {
                return self.unsent.push_front((number, error.into_message()));
            }
        }
    }
}

fn open(context: &Context, endpoint: &str) -> Result<Dealer, PatternError> {
    let dealer = Dealer::new(context)?;
    // A server that is not there gets nothing later: what waits is asked again, or of others.
    dealer.set_immediate(true)?;
    dealer.connect(endpoint)?;
    Ok(dealer)
}
