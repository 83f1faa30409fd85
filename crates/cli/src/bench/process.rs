//! The processes of a workload, from both sides: how zox starts itself again, and what it does then.
//!
//! ```text
//!   zox bench --spawns--> zox bench-role receiver thr/push/tcp/64 ...   stdout: ready, done, failed
//!                         zox bench-role sender thr/push/tcp/64 ...     stdin:  a line is the word to go on
//! ```
//! The end of stdin means that the benchmark is gone, for whatever reason: then a process ends as well.

use super::{
    ROLE_VERB,
    conductor::{Heard, Player, cast, conduct},
    roles::{Part, play},
    stage::{Cues, Stage, raise_file_limit},
    workload::{Transport, Workload},
};
use crate::{
    exit::Failure,
    line::{Facts, Line},
};
use clap::{Args, ValueEnum};
use std::{
    env, fs,
    io::{BufRead, BufReader, Write, stdin, stdout},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use zeroxide::Context;

/// The command line of a process of the benchmark.
#[derive(Args)]
pub(crate) struct RoleArgs {
    #[arg(value_enum)]
    part: Part,
    workload: Workload,
    count: u64,
    /// Where the part before listens
    #[arg(long)]
    endpoint: Vec<String>,
    /// Where to bind
    #[arg(long)]
    place: Vec<String>,
}

/// A process that does not outlive this value.
struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    listener: Option<JoinHandle<()>>,
}

impl Player for Process {
    fn cue(&mut self) {
        if let Some(stdin) = &mut self.stdin {
            // A process that has ended is noticed by the end of its stdout.
            let _ = stdin.write_all(b"go\n");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        // What it said last must not be taken for news of the next play.
        let _ = self.listener.take().map(JoinHandle::join);
    }
}

/// A folder for what is bound in the file system. It goes with this value.
pub(super) struct Folder(PathBuf);

/// How such a folder is called, so that none but ours is ever removed.
const FOLDER: &str = "zox-bench-";

impl Folder {
    pub(super) fn new() -> Result<Self, Failure> {
        let path = env::temp_dir().join(format!("{FOLDER}{}", process::id()));
        let failed = |error| Failure::Failed(format!("{}: {error}", path.display()));
        fs::create_dir_all(&path).map_err(failed)?;
        Ok(Self(path))
    }

    /// Where the first part of a workload binds.
    fn places(&self, workload: &Workload) -> Vec<String> {
        let listens = workload.parts().first().map_or(0, |part| part.listens(workload));
        let place = |number| match workload.transport {
            Transport::Tcp => "tcp://127.0.0.1:*".to_owned(),
            Transport::Ipc => format!("ipc://{}/{number}", self.0.display()),
            Transport::Inproc => format!("inproc://{number}"),
        };
        (0..listens).map(place).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Plays a workload once, in processes of its own.
pub(super) fn play_once(
    workload: &Workload,
    count: u64,
    folder: &Folder,
    (sender, heard): (&Sender<Heard>, &Receiver<Heard>),
    limit: Duration,
) -> Result<Facts, Failure> {
    let places = folder.places(workload);
    while let Ok(old) = heard.try_recv() {
        if let Heard::Signal(signal) = old {
            return Err(Failure::Interrupted(signal));
        }
    }
    let start = |place, part, endpoints: &[String]| {
        start(
            &RoleArgs {
                part,
                workload: *workload,
                count,
                endpoint: endpoints.to_vec(),
                place: places.clone(),
            },
            {
                let sender = sender.clone();
                move |line| {
                    let _ = sender.send(Heard::Part(place, line));
                }
            },
        )
    };
    let facts = conduct(cast(workload, true), heard, Instant::now().checked_add(limit), start)?;
    Ok(facts.into_iter().fold(Facts::default(), Facts::joined))
}

fn start(args: &RoleArgs, hear: impl Fn(Option<Line>) + Send + 'static) -> Result<Process, Failure> {
    let failed = |error| Failure::Failed(format!("zox cannot start itself: {error}"));
    let part = args.part.to_possible_value();
    let mut command = Command::new(env::current_exe().map_err(failed)?);
    command.args([ROLE_VERB, part.as_ref().map_or("", |part| part.get_name())]);
    command.args([args.workload.to_string(), args.count.to_string()]);
    command.args(args.endpoint.iter().map(|endpoint| format!("--endpoint={endpoint}")));
    command.args(args.place.iter().map(|place| format!("--place={place}")));
    // A group of its own: Ctrl-C is for the benchmark, which ends its processes itself.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(failed)?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let mut process = Process { child, stdin, listener: None };
    let listen = move || {
        let lines = stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines());
        // Anything else than lines of ours is the end, too.
        lines.map_while(|text| Line::parse(&text.ok()?)).for_each(|line| hear(Some(line)));
        hear(None);
    };
    process.listener = Some(thread::Builder::new().spawn(listen).map_err(failed)?);
    Ok(process)
}

impl RoleArgs {
    /// What a process of the benchmark does. It ends by being killed, or when stdin does.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let (sender, cues) = channel();
        obey(sender, self.place.clone())?;
        let stage = self.stage(&say, &cues, Context::builder().max_sockets(MOST_SOCKETS).build());
        let outcome = raise_file_limit(&self.workload).and_then(|()| match self.part {
            Part::Alone => self.alone(&stage),
            part => play(part, &stage),
        });
        stage.end(outcome);
        Ok(())
    }

    fn stage<'a>(
        &'a self,
        say: &'a (dyn Fn(Line) + Sync),
        cues: &'a Receiver<()>,
        context: Context,
    ) -> Stage<'a> {
        Stage::new(self.workload, self.count, (&self.endpoint, &self.place), context, Cues { say, cues })
    }

    /// All parts in threads of this process, with one context.
    fn alone(&self, stage: &Stage<'_>) -> Result<Facts, Failure> {
        stage.ready(&[])?;
        let context = stage.context();
        let (sender, heard) = channel();
        let start = |place, part, endpoints: &[String]| {
            let (cue, cues) = channel();
            let (sender, context) = (sender.clone(), context.clone());
            let (workload, count, endpoint, place_of) =
                (self.workload, self.count, endpoints.to_vec(), self.place.clone());
            let args = RoleArgs { part, workload, count, endpoint, place: place_of };
            let work = move || {
                let say = |line| {
                    let _ = sender.send(Heard::Part(place, Some(line)));
                };
                let stage = args.stage(&say, &cues, context);
                stage.end(play(part, &stage));
            };
            let thread = thread::Builder::new().spawn(work);
            thread.map_err(|error| Failure::Failed(format!("no thread: {error}")))?;
            Ok(cue)
        };
        let facts = conduct(cast(&self.workload, false), &heard, None, start)?;
        // Each part has counted the processor time of the whole process.
        let most = facts.iter().map(|facts| facts.get("cpu")).max().unwrap_or_default();
        Ok(facts.into_iter().fold(Facts::default(), Facts::joined).with_only("cpu", most))
    }
}

/// As many as the largest workload has.
const MOST_SOCKETS: usize = 1 << 14;

/// If nobody listens, there is no reason to go on.
fn say(line: Line) {
    let mut stdout = stdout().lock();
    if writeln!(stdout, "{}", line.text()).and_then(|()| stdout.flush()).is_err() {
        process::exit(1);
    }
}

fn obey(cues: Sender<()>, places: Vec<String>) -> Result<(), Failure> {
    let obey = move || {
        for line in stdin().lock().lines() {
            if line.is_err() || cues.send(()).is_err() {
                break;
            }
        }
        remove_folder(&places);
        process::exit(1);
    };
    thread::Builder::new().spawn(obey).map_err(|error| Failure::Failed(format!("no thread: {error}")))?;
    Ok(())
}

/// A benchmark that was killed could not remove its folder.
fn remove_folder(places: &[String]) {
    let path = places.first().and_then(|place| Path::new(place.strip_prefix("ipc://")?).parent());
    let ours = |path: &&Path| {
        path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(FOLDER.as_bytes()))
    };
    if let Some(folder) = path.filter(ours) {
        let _ = fs::remove_dir_all(folder);
    }
}
