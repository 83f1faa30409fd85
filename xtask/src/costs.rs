//! What a message costs, counted by callgrind: figures that no busy machine can blur.

use crate::debian;
use crate::shell::{cargo, command, must, works};

/// Compares with what is on record.
pub(crate) fn check() -> Result<(), String> {
    run("check")
}

/// Writes `bench/costs.json` anew.
pub(crate) fn record() -> Result<(), String> {
    run("record")
}

fn run(verb: &str) -> Result<(), String> {
    let valgrind = || works(&mut command("valgrind", &["--version"]));
    if !valgrind() {
        debian::install(&["valgrind"]).map_err(|reason| format!("valgrind counts instructions: {reason}"))?;
        if !valgrind() {
            return Err("valgrind is installed and does not run".to_owned());
        }
    }
    must(&mut cargo(&["run", "--locked", "--release", "--package", "zeroxide-costs", "--", verb]))
}
