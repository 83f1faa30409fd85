//! Runs this program under callgrind and reads what it counted.

use crate::{
    record::Cost,
    work::{Threads, Work},
};
use std::{env, fs, path::Path, process::Command};

/// Names under which the system's allocator is called.
const ALLOCATORS: [&str; 6] = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"];

/// The cost of one message: a run of three times as many, less a run of so many.
pub(crate) fn difference(work: &Work) -> Result<Cost, String> {
    let messages = work.messages;
    let (short, long) = (count(work, messages)?, count(work, 3 * messages)?);
    // Nothing costs less than nothing, but the short run may have needed what the long one found there.
    let each = |long: f64, short: f64| (long - short).max(0.0) / (2 * messages) as f64;
    Ok(Cost {
        instructions: each(long.instructions, short.instructions),
        allocations: each(long.allocations, short.allocations),
    })
}

/// All of a run, in the threads that count.
fn count(work: &Work, messages: u64) -> Result<Cost, String> {
    let name = work.name;
    let folder = env::temp_dir().join(format!("zeroxide-costs-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let file = folder.join("out");
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--separate-threads=yes", "--compress-strings=no"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(program)
        .args(["run", name, &messages.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let result = if output.status.success() {
        read_all(&folder, work.threads)
    } else {
        Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)))
    };
    let _ = fs::remove_dir_all(&folder);
    result
}

/// Callgrind writes a file for each thread: `out-01` and so on.
fn read_all(folder: &Path, threads: Threads) -> Result<Cost, String> {
    let mut sum = read(&folder.join("out-01"))?;
    let mut thread = 2;
    while threads == Threads::All
        && let path = folder.join(format!("out-{thread:02}"))
        && path.exists()
    {
        let cost = read(&path)?;
        sum.instructions += cost.instructions;
        sum.allocations += cost.allocations;
        thread += 1;
    }
    Ok(sum)
}

fn read(path: &Path) -> Result<Cost, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&text).ok_or_else(|| format!("{}: no totals", path.display()))
}

fn parse(text: &str) -> Option<Cost> {
    let totals = text.lines().find_map(|line| line.strip_prefix("totals: "))?;
    let (mut allocations, mut allocator) = (0.0, false);
    for line in text.lines() {
        if let Some(callee) = line.strip_prefix("cfn=") {
            // Inside the allocator its own functions call one another under other names, or recursively as `malloc'2`.
            allocator = ALLOCATORS.contains(&callee);
        } else if let Some(calls) = line.strip_prefix("calls=").filter(|_| allocator) {
            allocations += calls.split(' ').next()?.parse::<f64>().ok()?;
            allocator = false;
        }
    }
    Some(Cost { instructions: totals.trim().parse().ok()?, allocations })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_the_allocator_are_counted() {
        let text = "fn=main\ncfn=malloc\ncalls=3 0\n12 5\ncfn=memcpy\ncalls=9 0\ncfn=calloc\ncalls=1 7\ntotals: 1234\n";
        assert_eq!(parse(text), Some(Cost { instructions: 1234.0, allocations: 4.0 }));
    }
}
