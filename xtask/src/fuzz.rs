//! Coverage-guided fuzzing: each target of `crates/proto/fuzz` in turn, from the corpus in the repository on.
//!
//! It needs cargo-fuzz. The stable toolchain has what it takes but hides the flags; RUSTC_BOOTSTRAP=1 shows them. What is
//! found stays in `target/fuzz`; `cargo xtask fuzz keep` writes a minimised corpus back.

use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::{command, must, root, works};

/// Inputs of one target that are kept in the repository at most; of more, some of every length.
const KEPT: usize = 64;
/// The longest of them.
const KEPT_OCTETS: usize = 600;

/// Fuzzes each target for so many seconds.
pub(crate) fn run(seconds: &str) -> Result<(), String> {
    let seconds: u64 = seconds.parse().map_err(|_| format!("not a number of seconds: {seconds}"))?;
    build()?;
    let mut lines = vec![];
    for name in targets()? {
        println!("\n=== {name}");
        let corpus = unpacked(&name)?;
        let output = command(program(&name), &[])
            .arg(&corpus)
            .arg(format!("-max_total_time={seconds}"))
            .args(["-max_len=4096", "-timeout=20", "-rss_limit_mb=1024", "-print_final_stats=1"])
            .arg(format!("-artifact_prefix={}/", corpus.display()))
            .output()
            .map_err(|error| format!("{name}: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            return Err(format!("{said}\n{name} broke; the input is in {}", corpus.display()));
        }
        let figure = |key: &str| {
            let at = said.lines().rev().find_map(|line| line.split_once(key));
            at.and_then(|(_, rest)| rest.split_whitespace().next()).unwrap_or("?").to_owned()
        };
        let executions = figure("stat::number_of_executed_units:");
        lines.push(format!("| {name} | {executions} | {} | {} |", figure("cov:"), figure("ft:")));
    }
    println!("\n| target | executions | edges | features |\n|---|---:|---:|---:|");
    lines.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Writes what was found, minimised, into the corpora of the repository.
pub(crate) fn keep() -> Result<(), String> {
    build()?;
    for name in targets()? {
        let (found, least) = (unpacked(&name)?, folder(&name).with_extension("least"));
        let _ = fs::remove_dir_all(&least);
        fs::create_dir_all(&least).map_err(|error| error.to_string())?;
        let longest = format!("-max_len={KEPT_OCTETS}");
        must(command(program(&name), &["-merge=1"]).arg(longest).arg(&least).arg(&found))?;
        let mut inputs: Vec<Vec<u8>> = vec![];
        for entry in fs::read_dir(&least).map_err(|error| error.to_string())?.flatten() {
            inputs.push(fs::read(entry.path()).map_err(|error| error.to_string())?);
        }
        inputs.retain(|input| !input.is_empty());
        inputs.sort_by_key(|input| (input.len(), input.clone()));
        let digits = |input: &Vec<u8>| input.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
        let kept = inputs.len().min(KEPT);
        let spread = (0..kept).filter_map(|at| inputs.get(at * inputs.len() / kept));
        let text: Vec<String> = spread.map(digits).collect();
        fs::write(packed(&name), text.join("\n") + "\n").map_err(|error| error.to_string())?;
        println!("{name}: {} of {} inputs kept", text.len(), inputs.len());
    }
    Ok(())
}

fn build() -> Result<(), String> {
    if !works(&mut command("cargo", &["fuzz", "--version"])) {
        return Err("fuzz needs cargo-fuzz: cargo install --locked cargo-fuzz".to_owned());
    }
    must(
        command("cargo", &["fuzz", "build", "--sanitizer", "none"])
            .current_dir(root().join("crates/proto"))
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_DIR", root().join("target/fuzz/build")),
    )
}

/// Where cargo-fuzz puts a target: in the folder of the only machine it was built for.
fn program(name: &str) -> PathBuf {
    let built = root().join("target/fuzz/build");
    let folders = fs::read_dir(&built).into_iter().flatten().flatten();
    let mut programs = folders.map(|folder| folder.path().join("release").join(name));
    programs.find(|path| path.is_file()).unwrap_or(built)
}

/// As the corpora name them.
fn targets() -> Result<Vec<String>, String> {
    let corpora = packed("").with_file_name("");
    let entries = fs::read_dir(&corpora).map_err(|error| format!("{}: {error}", corpora.display()))?;
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| Some(entry.path().file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

fn packed(name: &str) -> PathBuf {
    root().join("crates/proto/fuzz/corpus").join(format!("{name}.hex"))
}

fn folder(name: &str) -> PathBuf {
    root().join("target/fuzz/corpus").join(name)
}

/// The folder of a target's inputs, with those of the repository in it.
fn unpacked(name: &str) -> Result<PathBuf, String> {
    let (folder, path) = (folder(name), packed(name));
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    for (number, line) in text.lines().enumerate() {
        let octets = octets(line).ok_or_else(|| bad(&path, number))?;
        fs::write(folder.join(format!("kept-{number}")), octets).map_err(|error| error.to_string())?;
    }
    Ok(folder)
}

fn octets(digits: &str) -> Option<Vec<u8>> {
    let octet = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    (0..digits.len()).step_by(2).map(octet).collect()
}

fn bad(path: &Path, number: usize) -> String {
    format!("{}:{}: not an even number of hexadecimal digits", path.display(), number + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_corpus_are_pairs_of_digits() {
        assert_eq!(octets("00ff7a"), Some(vec![0, 0xFF, 0x7A]));
        assert_eq!((octets("0"), octets("0g")), (None, None));
    }

    #[test]
    fn each_target_of_the_fuzz_crate_has_a_corpus_and_a_program() {
        let manifest = fs::read_to_string(root().join("crates/proto/fuzz/Cargo.toml")).unwrap();
        let names = targets().unwrap();
        assert!(!names.is_empty());
        for name in &names {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        }
        assert_eq!(manifest.matches("[[bin]]").count(), names.len());
    }
}
