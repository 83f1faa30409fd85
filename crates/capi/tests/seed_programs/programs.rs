//! How the programs are made and started.

use super::c_program::{compiler, here, library_folder, scratch, succeed, with_library};
use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

/// The program's folder in `tests/seed`, or `python`, and its name.
pub(crate) type Program = [&'static str; 2];

pub(crate) fn start([kind, name]: &Program) -> Command {
    let mut command = if *kind == "python" { python() } else { with_library(compiled(kind)) };
    command.arg(name);
    command
}

/// The programs of a folder, compiled once for all tests: these run in processes of their own.
fn compiled(kind: &str) -> PathBuf {
    let mut sources = sources(&here().join("tests/seed").join(kind));
    let mut hash = DefaultHasher::new();
    let shared = [
        here().join("tests/seed"),
        here().join("include"),
        here().join("tests/c"),
        here().join("../../testing/seeds"),
    ];
    let headers = shared.iter().flat_map(|folder| self::sources(folder));
    for file in headers.filter(|file| file.extension().is_some_and(|end| end == "h")).chain(sources.clone()) {
        fs::read(file).unwrap().hash(&mut hash);
    }
    let program = scratch().join(format!("seed-{kind}-{:x}", hash.finish()));
    let lock = fs::File::create(scratch().join(format!("seed-{kind}.lock"))).unwrap();
    lock.lock().unwrap();
    if program.exists() {
        return program;
    }
    let made = program.with_extension("made");
    let mut command = compiler("cc");
    command.args(["-std=gnu11", "-g", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"]).arg(&made);
    if kind == "two" {
        command.args(["-include", "zmq2.h"]);
    }
    sources.retain(|file| file.extension().is_some_and(|end| end == "c"));
    succeed(command.args(&sources).arg("-L").arg(library_folder()).arg("-lzmq"));
    fs::rename(made, &program).unwrap();
    program
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    files
}

/// The interpreter of the interop tests, whose pyzmq finds our library in the place of its own.
fn python() -> Command {
    let mut command = Command::new(zeroxide_testing::interpreter());
    command.arg(here().join("tests/seed/python"));
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("LD_PRELOAD", library_folder().join("libzmq.so.5"));
    command
}
