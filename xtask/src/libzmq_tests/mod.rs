//! libzmq's own test programs on our library. Their sources are never copied into the repository: they come with the
//! crate `zeromq-src`, or stand in a tree of libzmq's sources that is named. They are built with our headers in the place
//! of libzmq's, outside of the tree, and each runs in a folder of its own with a time limit.
//!
//! What may fail is listed in `testing/libzmq_tests/excused.txt`, each with its reason.

mod build;
mod excuses;
mod sources;
mod verdict;

use crate::{
    debian, install,
    shell::{command, must, root, works},
};
use excuses::Excuses;
use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};
use verdict::Verdict;

/// Longer than any program takes; most end themselves after 60 seconds.
const LIMIT: &str = "150";

/// What to run.
#[derive(Default)]
pub(crate) struct Wanted<'a> {
    /// A tree of libzmq's sources, if not the crate's.
    directory: Option<&'a str>,
    /// A folder with the library, if it is not to be built in release mode.
    built: Option<&'a str>,
    /// A part of the names of the programs.
    filter: &'a str,
}

impl<'a> Wanted<'a> {
    /// Reads `[DIR] [--from DIR] [--only WORD]`.
    pub(crate) fn read(mut words: &[&'a str]) -> Option<Self> {
        let mut wanted = Wanted::default();
        loop {
            words = match words {
                [] => return Some(wanted),
                ["--from", folder, rest @ ..] => {
                    wanted.built = Some(folder);
                    rest
                }
                ["--only", word, rest @ ..] => {
                    wanted.filter = word;
                    rest
                }
                [word, ..] if word.starts_with('-') => return None,
                [directory, rest @ ..] => {
                    wanted.directory = Some(directory);
                    rest
                }
            };
        }
    }
}

/// Builds and runs the programs, and says how many do what they do with libzmq.
pub(crate) fn run(wanted: &Wanted<'_>) -> Result<(), String> {
    if !works(&mut command("g++", &["--version"])) {
        debian::install(&["g++"])?;
    }
    let place = root().join("target/libzmq_tests");
    let prefix = place.join("prefix");
    install::run(&prefix.to_string_lossy(), wanted.built)?;
    let given = match wanted.directory {
        Some(directory) => PathBuf::from(directory),
        None => sources::of_crate(&place)?,
    };
    let excuses = Excuses::read()?;
    let bench = build::Bench::prepare(&place, &prefix, &given)?;
    let names: Vec<String> =
        bench.programs()?.into_iter().filter(|name| name.contains(wanted.filter)).collect();
    let (outside, inside): (Vec<String>, Vec<String>) =
        names.into_iter().partition(|name| excuses.of_program(name).is_some());
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let verdicts = in_parallel(workers, &inside, |name| match bench.build(name) {
        Ok(program) => attempt(&place, &prefix, name, &program),
        Err(reason) => Verdict::not_built(&reason),
    });
    // What failed beside another one may have been in its way: it has another try alone.
    let verdicts = inside.iter().zip(verdicts).map(|(name, verdict)| {
        let again = (!verdict.passed(&excuses, name)).then(|| bench.built(name)).flatten();
        (name, again.map_or(verdict, |program| attempt(&place, &prefix, name, &program).after_failure()))
    });
    report(&verdicts.collect::<Vec<_>>(), &outside, &excuses)
}

/// Runs one program.
fn attempt(place: &Path, prefix: &Path, name: &str, program: &Path) -> Verdict {
    let folder = place.join("run").join(name);
    let _ = std::fs::remove_dir_all(&folder);
    if let Err(error) = std::fs::create_dir_all(&folder) {
        return Verdict::not_built(&format!("{}: {error}", folder.display()));
    }
    let mut run = command("timeout", &["--kill-after=5", LIMIT]);
    run.arg(program).current_dir(&folder).env("LD_LIBRARY_PATH", prefix.join("lib"));
    // Where `ipc://*` shall make its files.
    run.env("TMPDIR", &folder);
    let verdict = match run.output() {
        Ok(output) => Verdict::of(&output),
        Err(error) => Verdict::not_built(&format!("{run:?}: {error}")),
    };
    println!("{name}: {verdict}");
    verdict
}

/// Does something with each of them on some threads; the answers come in their order.
fn in_parallel<T: Sync, R: Send>(workers: usize, all: &[T], act: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((at, item)) =
                    Some(next.fetch_add(1, Relaxed)).and_then(|at| Some((at, all.get(at)?)))
                {
                    let answer = act(item);
                    done.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push((at, answer));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, answer)| answer).collect()
}

/// Says what came of all, and fails when something failed that has no excuse.
fn report(verdicts: &[(&String, Verdict)], outside: &[String], excuses: &Excuses) -> Result<(), String> {
    println!("\n=== libzmq's own tests");
    for name in outside {
        println!("not run: {name}: {}", excuses.of_program(name).unwrap_or_default());
    }
    let (mut passed, mut excused, mut failed, mut cases) = (0, 0, 0, 0);
    for (name, verdict) in verdicts {
        cases += verdict.cases();
        for (case, reason) in verdict.excused(excuses, name) {
            println!("excused: {name}/{case}: {reason}");
        }
        for case in verdict.unexcused(excuses, name) {
            println!("NOT EXCUSED: {name}/{case}");
        }
        match (verdict.passed(excuses, name), verdict.all_passed()) {
            (true, true) => passed += 1,
            (true, false) => excused += 1,
            (false, _) => {
                failed += 1;
                println!("NOT EXCUSED: {name}: {verdict}");
            }
        }
    }
    println!(
        "of {} programs {passed} pass as with libzmq, {excused} but for excused cases, {failed} fail; {cases} cases pass; \
         {} more are not run",
        verdicts.len(),
        outside.len(),
    );
    if failed == 0 { Ok(()) } else { Err(format!("{failed} of libzmq's own tests fail")) }
}

/// Runs a compiler; what it says is shown only if it fails.
fn compile(compiler: &mut std::process::Command) -> Result<(), String> {
    match compiler.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{compiler:?}: {}", String::from_utf8_lossy(&output.stderr))),
        Err(error) => Err(format!("{compiler:?}: {error}")),
    }
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    must(command("cp", &["-r", "--no-preserve=mode"]).arg(from).arg(to))
}
