//! zox: ZeroMQ at the terminal.
//!
//! One verb a file in `verbs`; `session` is what they share (a socket, who works on it, how it ends), `format` is what
//! a message looks like on stdin and stdout. Nothing here knows the protocol.

#![forbid(unsafe_code)]

mod bench;
mod curve;
mod demo;
mod endpoint_args;
mod exit;
mod format;
mod line;
mod options;
mod pump;
mod quantity;
mod service;
mod session;
mod source;
mod terminal;
mod verbs;

use clap::Parser;
use std::process::ExitCode;

/// Use ZeroMQ sockets from a shell: send what stdin says, print what arrives.
///
/// Bound endpoints, notes and errors go to stderr; stdout carries messages only.
#[derive(Parser)]
#[command(name = "zox", version, after_help = EXAMPLES, after_long_help = LONG_NOTES)]
struct Cli {
    #[command(subcommand)]
    verb: verbs::Verb,
}

const EXAMPLES: &str = "\
Examples:
  zox demo                                                   see the library at work
  zox rep --bind tcp://127.0.0.1:5555 --echo                 a server that answers what it is asked
  zox req --connect tcp://127.0.0.1:5555 Hello               ask it
  zox sub --connect tcp://127.0.0.1:5556 --subscribe 10001   print what begins with 10001
  seq 100 | zox push --bind tcp://*:5557 --wait-peers 2      hand out work
  zox broker & zox worker echo --echo & zox call echo hi     services by name, behind a broker
  zox bench rtt/req thr/push                                 how fast it is on this machine

See `zox VERB --help` for each verb, `zox --help` for formats of messages and exit codes.";

const LONG_NOTES: &str = "\
Examples:
  zox demo                                                   see the library at work
  zox rep --bind tcp://127.0.0.1:5555 --echo                 a server that answers what it is asked
  zox req --connect tcp://127.0.0.1:5555 Hello               ask it
  zox sub --connect tcp://127.0.0.1:5556 --subscribe 10001   print what begins with 10001
  seq 100 | zox push --bind tcp://*:5557 --wait-peers 2      hand out work
  zox broker & zox worker echo --echo & zox call echo hi     services by name, behind a broker
  zox bench rtt/req thr/push                                 how fast it is on this machine

Formats (--format), the same for stdin and stdout:
  lines   one message a line, frames apart by a tab (--separator); octets are passed as they are, so a frame that
          holds a line end or the separator does not survive: use another format for those
  hex     as lines, each frame in hexadecimal
  json    one array of strings a line; a frame that is not UTF-8, or begins with \"base64:\", is \"base64:...\"
  framed  binary: the number of frames, then for each frame its length and its octets;
          numbers are 4 octets, most significant first

Exit codes:
  0    done; also: stopped by SIGINT or SIGTERM with no --count to reach, or stdout was closed
  1    a socket failed, messages could not be delivered, or the demo or the benchmark found a fault
  2    wrong arguments, a malformed endpoint, an unknown option
  3    --timeout was over
  4    stdin does not have the format that --format says
  130  stopped by SIGINT before --count was reached (143: by SIGTERM)";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(text) = failure.text() {
                terminal::note(format_args!("zox: {text}"));
            }
            ExitCode::from(failure.code())
        }
    }
}

fn run() -> Result<(), exit::Failure> {
    Cli::parse_from(service::config::expand(std::env::args_os())?).verb.run()
}
