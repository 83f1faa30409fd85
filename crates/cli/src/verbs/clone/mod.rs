//! `zox clone`: a map that many share.

mod client;
mod server;

use crate::exit::Failure;
use clap::{Args, Subcommand};
use zeroxide_patterns::clone::Endpoints;

/// Share a map: every client has a copy, hears of each change, and can make changes (CHP)
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Clone {
    #[command(subcommand)]
    part: Part,
}

#[derive(Subcommand)]
enum Part {
    Server(server::Server),
    Get(client::Get),
    Set(client::Set),
    Watch(client::Watch),
}

const EXAMPLES: &str = "\
A server listens at three ports in a row: for snapshots, updates and changes. ENDPOINT names the first of them.

Examples:
  zox clone server                                     at tcp://127.0.0.1:5556, 5557 and 5558
  zox clone set /colours/sky blue --lifetime 1h
  zox clone get /colours/sky
  zox clone watch --subtree /colours/
  zox clone server --primary --reports tcp://*:5003 --peer-reports tcp://other:5004 --peer tcp://other:5566";

/// Where clients look for a server unless they are told.
const USUAL: &str = "tcp://127.0.0.1:5556";

impl Clone {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        match &self.part {
            Part::Server(server) => server.run(),
            Part::Get(get) => get.run(),
            Part::Set(set) => set.run(),
            Part::Watch(watch) => watch.run(),
        }
    }
}

/// The first of three ports in a row, or three endpoints apart by commas.
fn endpoints(text: &str) -> Result<Endpoints, String> {
    if let [snapshots, updates, changes] = *text.split(',').collect::<Vec<_>>() {
        let [snapshots, updates, changes] = [snapshots, updates, changes].map(str::to_owned);
        return Ok(Endpoints { snapshots, updates, changes });
    }
    if text.ends_with(":*") {
        let any = text.to_owned();
        return Ok(Endpoints { snapshots: any.clone(), updates: any.clone(), changes: any });
    }
    let other = "is neither the first of three ports nor three endpoints apart by commas";
    Endpoints::consecutive(text).ok_or_else(|| format!("\"{text}\" {other}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_its_first_port_or_by_three_endpoints() {
        assert_eq!(endpoints("tcp://*:5556").unwrap().changes, "tcp://*:5558");
        assert_eq!(endpoints("ipc://a,ipc://b,ipc://c").unwrap().updates, "ipc://b");
        assert_eq!(endpoints("tcp://127.0.0.1:*").unwrap().changes, "tcp://127.0.0.1:*");
        assert!(endpoints("ipc://a").is_err() && endpoints("tcp://x:65535").is_err());
    }
}
