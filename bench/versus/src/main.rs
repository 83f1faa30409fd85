//! The same workloads on Zeroxide, libzmq, plain sockets and the other ZeroMQs in Rust, with default options, in two
//! processes each, round by round in turn, so that a busy machine is equally unfair to all.
#![expect(
    clippy::unwrap_used,
    reason = "a measurement: whatever goes wrong ends the run, and the run is shown as failed"
)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this program exists to print")]

mod chart;
mod conductor;
mod cores;
mod guide;
#[path = "../../../crates/cli/src/bench/kit/mod.rs"]
mod kit;
mod report;
mod roles;
mod subject;
mod subjects;
mod workload;

use clap::{Parser, Subcommand};
use cores::Cores;
use report::Report;
use std::{collections::HashMap, fs, path::PathBuf, process::ExitCode, time::Duration};
use workload::Workload;

#[derive(Parser)]
#[command(about = "Zeroxide beside libzmq, plain sockets and the other ZeroMQs, in one run")]
struct Arguments {
    /// Who takes part; the first one's ratios are shown.
    #[arg(long, value_delimiter = ',', default_value = "zeroxide,libzmq,raw")]
    subjects: Vec<String>,
    /// Workloads whose names begin so; see --list.
    #[arg(long, value_delimiter = ',')]
    workloads: Vec<String>,
    /// Rounds that count; one more comes first.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long one subject has in one round.
    #[arg(long, default_value_t = 0.4)]
    seconds: f64,
    /// So many messages in each round instead; for PUB, milliseconds.
    #[arg(long)]
    messages: Option<u64>,
    /// What takes longer than so many seconds hangs.
    #[arg(long, default_value_t = 20)]
    limit: u64,
    /// On which cores the two processes of each run are.
    #[arg(long, value_enum, default_value_t)]
    cores: Cores,
    /// Writes all values.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Draws the ratios to libzmq.
    #[arg(long)]
    svg: Option<PathBuf>,
    /// Prints the table as Markdown.
    #[arg(long)]
    markdown: bool,
    /// Lists subjects and workloads.
    #[arg(long)]
    list: bool,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// One side of a run; for the program itself.
    #[command(hide = true)]
    Role { side: String, subject: String, workload: String, count: u64, endpoint: String },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    raise_file_limit();
    if let Some(Role::Role { side, subject, workload, count, endpoint }) = arguments.role {
        let workload = workload::all().into_iter().find(|known| known.name == workload).unwrap();
        let role = match side.as_str() {
            "server" => roles::Role::Server { count, endpoint },
            "proxy" => roles::Role::Proxy { endpoint },
            _ => roles::Role::Client { count, endpoint },
        };
        let played = arguments.cores.enter(&side, &workload).map_err(|error| error.to_string());
        return match played.and_then(|()| subjects::play(&subject, role, &workload)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                eprintln!("{why}");
                ExitCode::FAILURE
            }
        };
    }
    if arguments.list {
        println!("subjects: {}", subjects::ALL.join(", "));
        workload::all().iter().for_each(|workload| println!("{}", workload.name));
        return ExitCode::SUCCESS;
    }
    let report = run(&arguments);
    let subjects = &arguments.subjects;
    println!("{}", if arguments.markdown { report.markdown(subjects) } else { report.text(subjects) });
    if let Some(path) = &arguments.json {
        fs::write(path, format!("{:#}\n", report.json())).expect("the JSON file can be written");
    }
    if let Some(path) = &arguments.svg {
        fs::write(path, chart::svg(&report, subjects)).expect("the chart can be written");
    }
    ExitCode::SUCCESS
}

fn run(arguments: &Arguments) -> Report {
    let mut report = Report::default();
    let wanted = |workload: &Workload| {
        arguments.workloads.is_empty()
            || arguments.workloads.iter().any(|begin| workload.name.starts_with(begin))
    };
    for workload in workload::all().into_iter().filter(wanted) {
        let mut counts: HashMap<&str, u64> = HashMap::new();
        for round in 0..=arguments.rounds {
            for subject in &arguments.subjects {
                let count =
                    counts.get(subject.as_str()).copied().or(arguments.messages).unwrap_or(workload.start);
                eprint!("\r\x1b[K{} round {round}/{}: {subject}, {count}", workload.name, arguments.rounds);
                // A subject that failed twice will again.
                let failures =
                    report.failures.iter().filter(|(who, what, _)| who == subject && *what == workload.name);
                if failures.count() > 1 {
                    continue;
                }
                let limit = Duration::from_secs(arguments.limit);
                match conductor::play(subject, &workload, count, limit, arguments.cores) {
                    Ok(figures) => {
                        if let Some(count) = conductor::scaled(&workload, count, &figures, arguments.seconds)
                            && arguments.messages.is_none()
                        {
                            counts.insert(subject, count);
                        }
                        if round > 0 {
                            report.add(subject, &figures);
                        }
                    }
                    Err(why) => report.fail(subject, &workload.name, &why),
                }
            }
        }
    }
    eprintln!("\r\x1b[K");
    report
}

/// A thousand connections need more files than a process has by default.
fn raise_file_limit() {
    // SAFETY: both calls get a valid struct.
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
    }
}
