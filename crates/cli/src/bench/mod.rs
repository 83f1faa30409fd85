//! `zox bench`: how fast the library is on this machine, between processes of its own, every message checked.
//!
//! ```text
//!   selection --> workloads --> rounds: process starts the parts, conductor leads them, roles are what they do
//!                                 '--> report: medians as a table, JSON, a chart     (kit: what other programs share)
//! ```

mod conductor;
mod kit;
mod process;
mod progress;
mod report;
mod roles;
mod selection;
mod stage;
mod workload;

pub(crate) use process::RoleArgs;

use crate::{exit::Failure, line::Facts, quantity::duration, terminal::note};
use clap::Args;
use conductor::Heard;
use kit::table;
use process::{Folder, play_once};
use progress::{Progress, print};
use report::{COLUMNS, HEADING, Row, scaled, unaccounted};
use selection::{Selector, Wanted, size};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
};
use std::{
    fs,
    path::PathBuf,
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};
use workload::{Transport, Workload};

/// The hidden verb that the benchmark starts its processes with.
pub(crate) const ROLE_VERB: &str = "bench-role";

/// Measure throughput, round trips and more, between processes, every message checked
///
/// Default options, blocking calls, one process for each side (one in all for inproc). Every receiver checks number and
/// order of what comes; what is lost, doubled or out of order makes the workload fail, and zox end with code 1.
/// Publishers and ROUTERs drop for whom is slow: there, what was received and what was counted as dropped must be what
/// was sent.
#[derive(Args)]
#[command(after_help = EXAMPLES, after_long_help = NOTES)]
pub(crate) struct Bench {
    /// What to measure, such as thr, rtt/req or fanout/20; all if nothing is said
    #[arg(value_name = "WORKLOAD")]
    workloads: Vec<Selector>,

    /// Only over these, apart by commas
    #[arg(long, value_enum, value_name = "NAME", value_delimiter = ',')]
    transport: Vec<Transport>,

    /// With messages of so many octets, apart by commas: 64, 8k, 16M
    #[arg(long, value_name = "SIZE", value_delimiter = ',', value_parser = size)]
    size: Vec<usize>,

    /// Rounds; figures are their medians
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,

    /// How long a round takes, about; earlier ones find out how many messages that are. Rounds of large messages carry
    /// at most 1 GiB
    #[arg(long, value_name = "SECONDS", default_value_t = 0.3, value_parser = seconds)]
    seconds: f64,

    /// So many messages in each round instead
    #[arg(long, value_name = "N", conflicts_with = "seconds", value_parser = clap::value_parser!(u64).range(1..))]
    messages: Option<u64>,

    /// What takes longer has lost messages, or hangs
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    limit: Duration,

    /// List the workloads that would be run
    #[arg(long)]
    list: bool,

    /// Print JSON instead of the table: all values, and the machine
    #[arg(long, conflicts_with = "markdown")]
    json: bool,

    /// Print the table as Markdown
    #[arg(long)]
    markdown: bool,

    /// Draw the figures into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

macro_rules! examples {
    () => {
        "\
Examples:
  zox bench                                           all of it, a few minutes
  zox bench thr --transport tcp --size 64             one way over tcp, all patterns
  zox bench rtt/req thr/push --svg figures.svg        two families, and a chart
  zox bench fanout/20 --size 1k --rounds 11 --json    what is not in the list is measured as well"
    };
}

const EXAMPLES: &str = examples!();

const NOTES: &str = concat!(
    "\
A workload is FAMILY/VARIANT/TRANSPORT/SIZE; any beginning of that selects several, nothing
selects all:
  thr/PATTERN     one way: push, pair, dealer, router, pub, xpub, scatter, channel, client, radio
  rtt/PATTERN     there and back, median and p99: req, dealer, pair, push, pub, xpub, scatter,
                  channel, client, radio
  fanout/N        PUB to N SUBs
  fanin/N         N PUSHes in N threads to one PULL
  senders/N       N threads on one PUSH
  topics/N        PUB to a SUB with N subscriptions
  proxy/KIND      through a third process: streamer (PULL to PUSH), queue (ROUTER to DEALER)
  dealers/N       N DEALERs on one ROUTER that echoes, each with a message under way
  storm/N         until N DEALERs are connected and have had their first echo
  memory/N        resident memory of the ROUTER's process for each of N connections
  async/thr, rtt  with futures; blocking calls take turns with them

\"CPU s/M\" is what all processes together take of the processors for a million messages:
of all figures it suffers least when the machine has other work.

",
    examples!()
);

fn seconds(text: &str) -> Result<f64, String> {
    match text.trim_end_matches('s').parse() {
        Ok(seconds) if (0.001..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err(format!("\"{text}\" is no number of seconds from 0.001 to 3600")),
    }
}

impl Bench {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let wanted = Wanted { selectors: &self.workloads, transports: &self.transport, sizes: &self.size };
        let selection = wanted.select();
        match selection.impossible.first() {
            Some(why) if selection.workloads.is_empty() => return Err(Failure::Usage(why.clone())),
            _ => selection.impossible.iter().for_each(|why| note(format_args!("left out: {why}"))),
        }
        if self.list {
            return selection.workloads.iter().try_for_each(|workload| print(&format!("{workload}\n")));
        }
        let rows = self.rows(&selection.workloads)?;
        if self.json {
            print(&format!("{:#}\n", report::json(&rows)))?;
        } else if self.markdown {
            let heading = HEADING.map(str::to_owned).to_vec();
            let lines: Vec<_> = [heading].into_iter().chain(rows.iter().map(Row::cells)).collect();
            print(&table::markdown(&lines, &COLUMNS))?;
        }
        if let Some(path) = &self.svg {
            let failed = |error| Failure::Failed(format!("{}: {error}", path.display()));
            fs::write(path, report::svg(&rows)).map_err(failed)?;
        }
        match rows.iter().filter(|row| row.failure.is_some()).count() {
            0 => Ok(()),
            failed => Err(Failure::Failed(format!("{failed} of {} workloads failed", rows.len()))),
        }
    }

    fn rows(&self, workloads: &[Workload]) -> Result<Vec<Row>, Failure> {
        let (sender, heard) = channel();
        watch_signals(sender.clone())?;
        let run = Run { bench: self, folder: Folder::new()?, sender, heard };
        let progress = Progress::new(workloads, usize::from(self.rounds));
        let prints_rows = !self.json && !self.markdown;
        if prints_rows {
            progress.heading()?;
        }
        let mut rows = Vec::with_capacity(workloads.len());
        for workload in workloads {
            progress.begin(workload);
            let mut row = Row::new(*workload);
            match run.rounds(&mut row, &progress) {
                Ok(()) => {}
                Err(failure @ Failure::Interrupted(_)) => return Err(failure),
                Err(failure) => row.failure = Some(failure.text().unwrap_or_default()),
            }
            if prints_rows {
                progress.row(&row)?;
            }
            rows.push(row);
        }
        Ok(rows)
    }
}

struct Run<'a> {
    bench: &'a Bench,
    folder: Folder,
    sender: Sender<Heard>,
    heard: Receiver<Heard>,
}

/// Rounds that find out how many messages take the time asked for. A short one tells little, so the next is at most
/// eight times as long.
const TRIALS: usize = 4;
const STEP: u64 = 8;

impl Run<'_> {
    fn rounds(&self, row: &mut Row, progress: &Progress) -> Result<(), Failure> {
        let twin = row.workload.twin();
        let count = self.count(&row.workload)?;
        let twin_count = twin.map(|twin| self.count(&twin)).transpose()?;
        for _ in 0..self.bench.rounds {
            row.add(self.play(&row.workload, count)?, false);
            if let Some((twin, count)) = twin.zip(twin_count) {
                row.add(self.play(&twin, count)?, true);
            }
            progress.round_done();
        }
        Ok(())
    }

    /// How many messages a round has.
    fn count(&self, workload: &Workload) -> Result<u64, Failure> {
        let start = workload.start();
        match self.bench.messages {
            _ if start == 0 => return Ok(0),
            Some(messages) => return Ok(messages),
            None => {}
        }
        let mut count = start;
        for _ in 0..TRIALS {
            let facts = self.play(workload, count)?;
            let wanted = scaled(count, &facts, Duration::from_secs_f64(self.bench.seconds));
            let enough = wanted <= count + count / 2;
            count = wanted.min(STEP * count).clamp(start, workload.most().max(start));
            if enough {
                break;
            }
        }
        Ok(count)
    }

    fn play(&self, workload: &Workload, count: u64) -> Result<Facts, Failure> {
        let voices = (&self.sender, &self.heard);
        let facts = play_once(workload, count, &self.folder, voices, self.bench.limit)?;
        match unaccounted(workload, &facts) {
            Some(why) => Err(Failure::Failed(why)),
            None => Ok(facts),
        }
    }
}

/// A signal reaches the conductor, whatever it waits for: the processes are ended, and the folder is removed.
fn watch_signals(sender: Sender<Heard>) -> Result<(), Failure> {
    let failed = |error| Failure::Failed(format!("signals: {error}"));
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(failed)?;
    let watch = move || {
        for signal in signals.forever() {
            let _ = sender.send(Heard::Signal(signal));
        }
    };
    thread::Builder::new().spawn(watch).map_err(failed)?;
    Ok(())
}
