//! A process of the demo, from the inside.

use super::{Sabotage, broker, hello, tasks, weather};
use crate::{
    exit::Failure,
    line::{Facts, Line},
};
use clap::{Args, ValueEnum};
use std::{
    io::{BufRead, Write, stdin, stdout},
    process, thread,
    time::Duration,
};
use zeroxide::{Context, Message, RecvError, RecvErrorCause};

/// How long one message may take. A loaded machine needs milliseconds.
pub(crate) const LATE: Duration = Duration::from_secs(5);

/// Samples that each process shows.
pub(crate) const SAMPLES: u64 = 2;

/// Which process this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Role {
    HelloServer,
    HelloClient,
    WeatherPublisher,
    WeatherSubscriber,
    Ventilator,
    TaskWorker,
    Sink,
    Broker,
    BrokerWorker,
    BrokerClient,
}

/// The command line of a process of the demo.
#[derive(Args, Clone)]
pub(crate) struct RoleArgs {
    #[arg(value_enum)]
    pub(crate) role: Role,
    /// Where to bind or connect
    #[arg(long)]
    pub(crate) endpoint: Vec<String>,
    /// Messages in all
    #[arg(long, default_value_t = 0)]
    pub(crate) count: u64,
    /// Which of several alike this is, from 1
    #[arg(long, default_value_t = 1)]
    pub(crate) number: u64,
    /// Peers to expect
    #[arg(long, default_value_t = 0)]
    pub(crate) peers: usize,
    /// Zip codes to publish for, or to subscribe to
    #[arg(long)]
    pub(crate) zip: Vec<String>,
    #[arg(long, value_enum)]
    pub(crate) sabotage: Option<Sabotage>,
    /// Tell how far things are
    #[arg(long)]
    pub(crate) progress: bool,
}

impl RoleArgs {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let context = Context::new();
        obey_parent(context.clone())?;
        let play = match self.role {
            Role::HelloServer => hello::server,
            Role::HelloClient => hello::client,
            Role::WeatherPublisher => weather::publisher,
            Role::WeatherSubscriber => weather::subscriber,
            Role::Ventilator => tasks::ventilator,
            Role::TaskWorker => tasks::worker,
            Role::Sink => tasks::sink,
            Role::Broker => broker::broker,
            Role::BrokerWorker => broker::worker,
            Role::BrokerClient => broker::client,
        };
        let facts = play(self, &context)?;
        // Done is what has left the process.
        let left = context.shutdown(LATE);
        self.say(Line::Done(facts.with("lost", left.discarded)));
        Ok(())
    }

    /// A role, before it has a number and whatever else it needs.
    pub(crate) fn new(role: Role, endpoints: &[String], count: u64) -> Self {
        let endpoint = endpoints.to_vec();
        Self { role, endpoint, count, number: 1, peers: 0, zip: Vec::new(), sabotage: None, progress: false }
    }

    /// Where to bind or connect: the endpoint at this place of the command line.
    pub(crate) fn place(&self, at: usize) -> Result<&str, Failure> {
        self.endpoint
            .get(at)
            .map(String::as_str)
            .ok_or_else(|| Failure::Usage("an endpoint is missing".to_owned()))
    }

    /// Tells the demo something. If it is gone, so is the reason to go on.
    pub(crate) fn say(&self, line: Line) {
        if writeln!(stdout().lock(), "{}", line.text()).is_err() {
            process::exit(1);
        }
    }

    pub(crate) fn ready(&self, endpoints: &[&str]) {
        self.say(Line::Ready(endpoints.iter().map(|endpoint| (*endpoint).to_owned()).collect()));
    }

    /// Shows the first few of many.
    pub(crate) fn sample(&self, at: u64, text: impl FnOnce() -> String) {
        if at < SAMPLES {
            self.say(Line::Sample(text()));
        }
    }

    /// Tells now and then how much is done.
    pub(crate) fn progress(&self, done: u64) {
        if self.progress && done.is_multiple_of((self.count / 50).max(1)) {
            self.say(Line::Progress(done));
        }
    }
}

/// What waiting for a message gave.
pub(crate) enum Awaited {
    Message(Message),
    /// It did not come in time.
    Late,
    /// The demo said stop.
    Stop,
}

/// Sorts the outcome of a receive.
pub(crate) fn awaited(received: Result<Message, RecvError>) -> Result<Awaited, Failure> {
    match received {
        Ok(message) => Ok(Awaited::Message(message)),
        Err(RecvError { cause: RecvErrorCause::TimedOut, .. }) => Ok(Awaited::Late),
        Err(RecvError { cause: RecvErrorCause::Terminated, .. }) => Ok(Awaited::Stop),
        Err(error) => Err(error.into()),
    }
}

/// A frame of the message as a number.
pub(crate) fn number(message: &Message, frame: usize) -> Option<u64> {
    message.frames().get(frame)?.as_str()?.parse().ok()
}

/// Facts and a failure to be on time.
pub(crate) fn late(facts: Facts) -> Facts {
    facts.with("late", 1)
}

/// Waits for the word "stop" on stdin, which ends all calls on sockets. The end of stdin means that the demo died, for
/// whatever reason: then this process ends as well.
fn obey_parent(context: Context) -> Result<(), Failure> {
    let obey = move || {
        for line in stdin().lock().lines() {
            match line.as_deref() {
                Ok("stop") => context.terminate(),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        process::exit(1);
    };
    thread::Builder::new().spawn(obey).map_err(|error| Failure::Failed(format!("no thread: {error}")))?;
    Ok(())
}
