//! `zox clone get`, `set` and `watch`.

use super::{USUAL, endpoints};
use crate::{
    exit::Failure,
    quantity::duration,
    service::{self, Asked, log::log},
};
use clap::Args;
use std::{
    io::{self, Write, stdout},
    sync::mpsc::channel,
    time::Duration,
};
use zeroxide::Context;
use zeroxide_patterns::clone::{ClientOptions, CloneClient, Endpoints, SetError, WatchEvent};

/// Where servers are, and how long to wait for them.
#[derive(Args)]
struct Servers {
    /// Connect there (several allowed, tried in turn): the first of three ports in a row, or three endpoints apart by commas
    #[arg(long, value_name = "ENDPOINT", default_value = USUAL, value_parser = endpoints)]
    connect: Vec<Endpoints>,

    /// Take more arguments from a file, a line each: NAME = VALUE
    #[arg(long, value_name = "FILE")]
    config: Option<String>,

    /// Longest wait for a copy, or for a change to be published; then zox ends with code 3
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10s")]
    timeout: Duration,

    /// A server that says nothing for so long is left for the next one
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "5s")]
    silence: Duration,
}

impl Servers {
    fn client(&self, subtree: &str) -> Result<CloneClient, Failure> {
        let options =
            ClientOptions { subtree: subtree.into(), silence: self.silence, ..ClientOptions::default() };
        Ok(CloneClient::new(&Context::new(), &self.connect, options)?)
    }

    fn synced(&self, subtree: &str) -> Result<CloneClient, Failure> {
        let client = self.client(subtree)?;
        match client.wait_synced(self.timeout) {
            true => Ok(client),
            false => Err(Failure::TimedOut(format!("no server gave a copy within {:?}", self.timeout))),
        }
    }
}

/// Print the value of a key, or all keys and values of a subtree
#[derive(Args)]
#[command(args_override_self = true)]
pub(super) struct Get {
    /// The key; one that ends with "/" is a subtree, and so is none
    #[arg(value_name = "KEY", default_value = "")]
    key: String,

    #[command(flatten)]
    servers: Servers,
}

impl Get {
    pub(super) fn run(&self) -> Result<(), Failure> {
        // Only the subtree that the key is in has to come.
        let subtree = self.key.rfind('/').map_or("", |end| self.key.get(..=end).unwrap_or_default());
        let client = self.servers.synced(subtree)?;
        if !self.key.is_empty() && !self.key.ends_with('/') {
            let value = client.get(&self.key);
            let value = value.ok_or_else(|| Failure::Failed(format!("there is no key {}", self.key)))?;
            return line(&[&value]);
        }
        client.entries().iter().try_for_each(|(key, value)| line(&[key, value]))
    }
}

/// Set a key, and wait until it is published
#[derive(Args)]
#[command(args_override_self = true)]
pub(super) struct Set {
    /// The key, at most 255 octets
    #[arg(value_name = "KEY")]
    key: String,

    /// What it is set to; the empty value deletes it
    #[arg(value_name = "VALUE")]
    value: String,

    /// Delete it after so long; whole seconds
    #[arg(long, value_name = "TIME", value_parser = duration)]
    lifetime: Option<Duration>,

    #[command(flatten)]
    servers: Servers,
}

impl Set {
    pub(super) fn run(&self) -> Result<(), Failure> {
        // Nothing but this key has to come.
        let client = self.servers.client(&self.key)?;
        match client.set_published(&self.key, &self.value, self.lifetime, self.servers.timeout) {
            Ok(()) => Ok(()),
            Err(error @ SetError::Unpublished) => Err(Failure::TimedOut(error.to_string())),
            Err(error) => Err(Failure::Usage(error.to_string())),
        }
    }
}

/// Print all keys and values, then each change as it comes: the key, a tab, the value
#[derive(Args)]
#[command(args_override_self = true)]
pub(super) struct Watch {
    /// Only keys that begin so
    #[arg(long, value_name = "PREFIX", default_value = "", hide_default_value = true)]
    subtree: String,

    /// Only what changes from now on
    #[arg(long)]
    changes_only: bool,

    /// End after so many changes
    #[arg(long, value_name = "N")]
    count: Option<u64>,

    #[command(flatten)]
    servers: Servers,
}

impl Watch {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let (ends, ended) = channel();
        service::watch_signals(move |what| {
            if matches!(what, Asked::Stop) {
                let _ = ends.send(());
            }
        })?;
        let client = self.servers.synced(&self.subtree)?;
        let watch = client.watch();
        if !self.changes_only {
            client.entries().iter().try_for_each(|(key, value)| line(&[key, value]))?;
        }
        let mut left = self.count;
        while left != Some(0) {
            match watch.recv_timeout(LOOK) {
                Some(WatchEvent::Changed(change)) => {
                    line(&[&change.key, &change.value])?;
                    left = left.map(|left| left - 1);
                }
                Some(WatchEvent::Lagged) => log("lagged", []),
                None => {}
            }
            if !matches!(ended.try_recv(), Err(std::sync::mpsc::TryRecvError::Empty)) {
                break;
            }
        }
        Ok(())
    }
}

/// How soon a signal is noticed.
const LOOK: Duration = Duration::from_millis(50);

fn line(frames: &[&[u8]]) -> Result<(), Failure> {
    let mut out = stdout().lock();
    let written =
        out.write_all(&frames.join(&b'\t')).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
    written.map_err(|error: io::Error| Failure::from_output(&error))
}
