//! Where figures come from: without it they mean nothing.

use serde_json::{Value, json};
use std::fs;

/// Processor, cores, system and load, as far as they can be found out.
pub(crate) fn machine() -> Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let system = read("/etc/os-release");
    let system = system.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    json!({
        "cpu": model,
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "system": system.map(|name| name.trim_matches('"')),
        "load": read("/proc/loadavg").split(' ').next(),
    })
}
