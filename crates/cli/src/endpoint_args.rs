//! Arguments that every verb with a socket has.

use crate::{
    exit::Failure,
    format::{Format, FormatName},
    options::{self, SocketOption},
    quantity::duration,
};
use clap::Args;
use std::time::Duration;
use zeroxide::{Handle, Socket};

/// Where a socket is, and how it is set.
#[derive(Args)]
pub(crate) struct SocketArgs {
    /// Listen here (several allowed); what others connect to is told on stderr: "bound tcp://..."
    #[arg(long, value_name = "ENDPOINT", required_unless_present = "connect")]
    pub(crate) bind: Vec<String>,

    /// Connect there, in the background, and again whenever the connection is lost (several allowed)
    #[arg(long, value_name = "ENDPOINT")]
    pub(crate) connect: Vec<String>,

    #[command(flatten)]
    pub(crate) settings: SettingArgs,

    /// Longest wait for one message, for room to send one, or for peers; when it is over, zox ends with code 3
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,

    /// Begin when so many peers are connected
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) wait_peers: usize,
}

/// Who may reach the sockets of a verb, and how they are set.
#[derive(Clone, Args)]
pub(crate) struct SettingArgs {
    /// Let others than this machine in without a mechanism, and without a warning
    #[arg(long)]
    pub(crate) open_to_network: bool,

    /// Set a socket option, NAME=VALUE (several allowed), on all sockets of the verb; --help lists them
    #[arg(long = "option", value_name = "NAME=VALUE", long_help = options::help())]
    pub(crate) options: Vec<SocketOption>,
}

/// What messages look like.
#[derive(Args)]
pub(crate) struct FormatArgs {
    /// What messages look like on stdin and stdout
    #[arg(long, value_enum, default_value_t)]
    format: FormatName,

    /// What stands between frames in the format "lines"
    #[arg(long, value_name = "TEXT", default_value = "\t", hide_default_value = true)]
    pub(crate) separator: String,
}

/// What is sent, and how fast.
#[derive(Args)]
pub(crate) struct SendArgs {
    /// Send these instead of what stdin says; with --count, again and again until so many are sent
    #[arg(value_name = "MESSAGE")]
    pub(crate) messages: Vec<String>,

    /// Time between two messages
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) interval: Option<Duration>,
}

/// When a publisher begins.
#[derive(Args)]
pub(crate) struct SubscriberArgs {
    /// Begin when so many subscribers would get the first message, or each of --topic
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) wait_subscribers: usize,

    /// What --wait-subscribers waits for (several allowed)
    #[arg(long = "topic", value_name = "TOPIC", requires = "wait_subscribers")]
    pub(crate) topics: Vec<String>,
}

impl SocketArgs {
    /// Sets the options that were given.
    pub(crate) fn configure(&self, socket: &Socket) -> Result<(), Failure> {
        if socket.socket_type().sends() {
            socket.set_send_timeout(self.timeout)?;
        }
        if socket.socket_type().receives() {
            socket.set_receive_timeout(self.timeout)?;
        }
        self.settings.apply(socket)
    }
}

impl SettingArgs {
    /// Sets a socket as was asked for.
    pub(crate) fn apply(&self, socket: &Handle) -> Result<(), Failure> {
        if self.open_to_network {
            socket.set_open_to_network(true);
        }
        options::apply(&self.options, socket).map_err(Failure::Usage)
    }
}

impl FormatArgs {
    /// The form asked for.
    pub(crate) fn format(&self) -> Format {
        Format::new(self.format, &self.separator)
    }
}
