//! `zox rep`.

use super::run_command::run_command;
use crate::{
    endpoint_args::{FormatArgs, SocketArgs},
    exit::Failure,
    format::{Format, split},
    pump::{Output, await_peers},
    session::{Part, Session},
    source::Source,
};
use clap::Args;
use zeroxide::{Message, Socket, SocketType};

/// Answer: print each request and reply to it
///
/// Without --reply, --echo or --exec, replies are read from stdin, one for each request.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Rep {
    #[command(flatten)]
    socket: SocketArgs,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    replies: ReplyArgs,

    /// End when so many requests have been answered
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

#[derive(Args)]
#[group(multiple = false)]
struct ReplyArgs {
    /// Answer every request with this
    #[arg(long, value_name = "TEXT")]
    reply: Option<String>,

    /// Answer every request with itself
    #[arg(long)]
    echo: bool,

    /// Answer with what this shell command prints; it reads the request on its stdin, in the same format
    #[arg(long, value_name = "COMMAND")]
    exec: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  zox rep --bind tcp://*:5555 --reply World
  zox rep --bind tcp://*:5555 --exec 'tr a-z A-Z'
  zox rep --bind ipc:///tmp/calculator --exec bc";

/// Where replies come from.
enum Replies {
    Fixed(Message),
    Echo,
    Command(String, Format),
    Stdin(Box<Source>),
}

impl Rep {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut session = Session::new(self.count.is_some())?;
        let socket = session.open(SocketType::Rep, &self.socket)?;
        session.watch_stdout();
        let (replies, count) = (self.replies(), self.count.unwrap_or(u64::MAX));
        let output = Output::new(self.format.format());
        let (peers, timeout) = (self.socket.wait_peers, self.socket.timeout);
        session.work(Part::Whole, move || {
            await_peers(&socket, peers, timeout)?;
            answer_all(&socket, replies, output, count)
        })?;
        session.finish()
    }

    fn replies(&self) -> Replies {
        let ReplyArgs { reply, echo, exec } = &self.replies;
        match (reply, exec) {
            (Some(text), _) => Replies::Fixed(split(text.as_bytes(), self.format.separator.as_bytes())),
            (None, Some(command)) => Replies::Command(command.clone(), self.format.format()),
            (None, None) if *echo => Replies::Echo,
            (None, None) => Replies::Stdin(Box::new(Source::stdin(&self.format, self.count))),
        }
    }
}

fn answer_all(socket: &Socket, mut replies: Replies, mut output: Output, count: u64) -> Result<(), Failure> {
    for _ in 0..count {
        let request = socket.recv()?;
        output.write(&request)?;
        output.flush()?;
        let Some(reply) = replies.to(request)? else { break };
        socket.send(reply)?;
    }
    Ok(())
}

impl Replies {
    /// The reply to a request; none when stdin has ended.
    fn to(&mut self, request: Message) -> Result<Option<Message>, Failure> {
        match self {
            Self::Fixed(reply) => Ok(Some(reply.clone())),
            Self::Echo => Ok(Some(request)),
            Self::Command(command, format) => run_command(command, format, &request).map(Some),
            Self::Stdin(source) => source.next(),
        }
    }
}
