//! The Python environment under `target/python`: pyzmq with the libzmq it bundles, our peer in the interop tests.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::debian;
use crate::shell::{command, root, to_stderr, works};

/// Makes the environment if need be, and prints its interpreter.
pub(crate) fn print() -> Result<(), String> {
    println!("{}", ready()?.display());
    Ok(())
}

/// Makes the environment if need be, and returns its interpreter.
pub(crate) fn ready() -> Result<PathBuf, String> {
    let python = root().join("target/python/bin/python");
    if !up_to_date(&python) {
        if !works(&mut command(&python, &["-m", "pip", "--version"])) {
            make_environment()?;
        }
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS];
        to_stderr(&mut command(&python, &install))
            .map_err(|reason| format!("{reason}\npyzmq is missing and could not be installed"))?;
    }
    if up_to_date(&python) { Ok(python) } else { Err(format!("{} cannot import pyzmq", python.display())) }
}

const REQUIREMENTS: &str = "testing/peer/requirements.txt";
const ENVIRONMENT: &str = "target/python";

/// Whether pyzmq is there in the version that is asked for.
fn up_to_date(python: &PathBuf) -> bool {
    let wanted = fs::read_to_string(root().join(REQUIREMENTS)).unwrap_or_default();
    let check = "import sys, zmq; sys.exit('pyzmq==' + zmq.__version__ not in sys.argv[1].split())";
    works(&mut command(python, &["-c", check, &wanted]))
}

/// Tries the ways there are; what is missing is installed when we may.
fn make_environment() -> Result<(), String> {
    let ways: [&[&str]; 3] = [
        &["python3", "-m", "venv", "--clear", ENVIRONMENT],
        &["python3", "-m", "virtualenv", "--clear", ENVIRONMENT],
        &["virtualenv", "--clear", ENVIRONMENT],
    ];
    if ways.iter().any(|way| works(&mut line(way))) {
        return Ok(());
    }
    debian::install(&["python3", "python3-venv"])
        .map_err(|reason| format!("no way to make a Python environment: {reason}"))?;
    // Debian's own interpreter, should another one stand before it in PATH.
    to_stderr(&mut line(&["/usr/bin/python3", "-m", "venv", "--clear", ENVIRONMENT]))
}

fn line(words: &[&str]) -> Command {
    match words {
        [program, arguments @ ..] => command(program, arguments),
        [] => command("true", &[]),
    }
}
