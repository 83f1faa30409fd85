//! The benchmark measures every workload, tells it in three forms, notices what is lost, and leaves nothing behind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

mod support;

use rustix::{
    event::{PollFd, PollFlags, poll},
    process::{Pid, PidfdFlags, Signal, pidfd_open},
};
use serde_json::Value;
use std::{
    env, fs,
    io::Write,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process, thread,
};
use support::{Zox, run, zox, zox_with};
use zeroxide::{Context, Push};

/// Each family once, small.
const FAMILIES: [&str; 11] = [
    "thr",
    "rtt",
    "fanout/3",
    "fanin/2",
    "senders/2",
    "topics/50",
    "proxy",
    "dealers/20",
    "storm/20",
    "memory/20",
    "async",
];

/// A folder that goes with this value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("zox-test-{}-{name}", process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    fn is_empty(&self) -> bool {
        fs::read_dir(&self.0).unwrap().next().is_none()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn bench(more: &[&str]) -> Vec<String> {
    let few = ["bench", "--rounds", "1", "--messages", "300", "--limit", "10m"];
    few.iter().chain(more).map(|word| (*word).to_owned()).collect()
}

fn measured(more: &[&str]) -> support::Ended {
    let words = bench(more);
    run(&words.iter().map(String::as_str).collect::<Vec<_>>(), b"")
}

#[test]
fn every_family_has_a_figure_over_every_transport() {
    for transport in ["tcp", "ipc", "inproc"] {
        let table = measured(&[&FAMILIES[..], &["--transport", transport, "--size", "64"]].concat()).well();
        let rows: Vec<&str> = table.text().lines().skip(1).collect();
        let list = run(
            &[&["bench", "--list", "--transport", transport, "--size", "64"], &FAMILIES[..]].concat(),
            b"",
        )
        .well();
        let names: Vec<&str> = list.text().lines().collect();
        assert!(names.len() >= 20 && names.len() < rows.len() + 1, "{names:?}\n{}", table.text());
        for (name, row) in names.iter().zip(&rows) {
            let mut cells = row.split_whitespace();
            assert_eq!(cells.next(), Some(*name));
            let figure: f64 = cells.next().unwrap().parse().unwrap_or_else(|_| panic!("{row}"));
            assert!(figure > 0.0 || name.starts_with("memory"), "{row}");
        }
        assert_eq!(table.stderr, "");
    }
}

#[test]
fn small_and_large_messages_are_measured() {
    let sizes = ["--size", "1,8,71,72,255,256,8191,8k,64k,1M", "--messages", "60"];
    let table = run(&[&["bench", "--rounds", "1", "thr/push", "rtt/req"], &sizes[..]].concat(), b"").well();
    assert_eq!(table.text().lines().count(), 1 + 2 * 3 * 10, "{}", table.text());
    let largest = ["bench", "thr/push", "rtt/req", "--size", "16M", "--messages", "6", "--rounds", "1"];
    run(&largest, b"").well();
}

#[test]
fn what_is_dropped_for_slow_receivers_is_accounted_for() {
    for transport in ["tcp", "ipc", "inproc"] {
        let lossy = ["thr/pub", "thr/xpub", "thr/radio", "thr/router", "fanout/3", "topics/7"];
        let more =
            ["--rounds", "1", "--messages", "20000", "--size", "1k", "--transport", transport, "--json"];
        let report = run(&[&["bench"], &lossy[..], &more[..]].concat(), b"").well();
        let report: Value = serde_json::from_str(report.text()).unwrap();
        assert!(report["rows"].as_array().unwrap().iter().all(|row| row["dropped"].is_number()), "{report}");
    }
}

#[test]
fn json_tells_all_values_and_where_they_come_from() {
    let folder = Folder::new("json");
    let svg = folder.0.join("chart.svg");
    let words =
        ["thr/push/tcp/64", "rtt/req/ipc/64", "fanout/2", "async/rtt", "storm/5", "--json", "--rounds", "3"];
    let words: Vec<&str> =
        words.iter().copied().chain(["--messages", "100", "--svg", svg.to_str().unwrap()]).collect();
    let report = run(&[&["bench"], &words[..]].concat(), b"").well();
    let report: Value = serde_json::from_str(report.text()).unwrap();
    assert!(report["machine"]["cores"].as_u64().unwrap() > 0);
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 5);
    for row in rows {
        let values = row["values"].as_array().unwrap();
        assert_eq!(values.len(), 3, "{row}");
        assert!(values.contains(&row["median"]), "{row}");
    }
    assert!(rows[1]["p99_us"].as_f64().unwrap() >= rows[1]["median"].as_f64().unwrap());
    assert!(rows[2]["dropped"].as_f64().is_some());
    assert!(rows[3]["of_blocking"].as_f64().is_some());
    assert_eq!(rows[0]["more_is_better"], true);
    assert_eq!(rows[4]["unit"], "ms");

    let text = fs::read_to_string(&svg).unwrap();
    let chart = roxmltree::Document::parse(&text).unwrap();
    assert_eq!(chart.root_element().tag_name().name(), "svg");
    let labels: Vec<&str> = chart.descendants().filter_map(|node| node.text()).collect();
    for row in rows {
        assert!(labels.contains(&row["workload"].as_str().unwrap()), "{row} in {labels:?}");
    }
}

#[test]
fn markdown_is_a_table() {
    let table = measured(&["thr/pair/inproc", "--markdown"]).well();
    let lines: Vec<&str> = table.text().lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[1].starts_with("|---|---:|"));
    assert!(lines[2].starts_with("| thr/pair/inproc/64 | "));
    assert!(lines.iter().all(|line| line.matches('|').count() == 8), "{lines:?}");
}

#[test]
fn a_selection_lists_exactly_what_it_says() {
    let list = run(&["bench", "thr", "--transport", "tcp", "--size", "64", "--list"], b"").well();
    let patterns =
        ["push", "pair", "dealer", "router", "pub", "xpub", "scatter", "channel", "client", "radio"];
    let expected = patterns.map(|pattern| format!("thr/{pattern}/tcp/64"));
    assert_eq!(list.text().lines().collect::<Vec<_>>(), expected);
    let left_out = run(&["bench", "thr", "--transport", "tcp", "--size", "1", "--list"], b"").well();
    let possible = ["push", "pair", "dealer", "scatter", "channel", "client"];
    let possible = possible.map(|pattern| format!("thr/{pattern}/tcp/1"));
    assert_eq!(left_out.text().lines().collect::<Vec<_>>(), possible);
    assert_eq!(left_out.stderr.matches("left out: thr/").count(), 4, "{}", left_out.stderr);
}

#[test]
fn wrong_arguments_are_told_before_anything_runs() {
    for (words, told) in [
        (&["throughput"][..], "there is no workload throughput; there are thr, rtt"),
        (&["thr/req"], "thr knows push, pair"),
        (&["fanout/0"], "\"0\" is no number from 1"),
        (&["fanout/99999"], "at most 10000"),
        (&["thr/push/udp"], "there is no transport udp"),
        (&["thr/push/tcp/64/5"], "at most four parts"),
        (&["--transport", "pgm"], "invalid value 'pgm'"),
        (&["--size", "0"], "a message needs room for its number"),
        (&["--size", "many"], "\"many\" is no whole number"),
        (&["--size", "1G"], "at most"),
        (&["fanin", "--size", "4"], "less than 8 octets"),
        (&["--rounds", "0"], "0 is not in 1.."),
        (&["--seconds", "soon"], "\"soon\" is no number of seconds"),
        (&["--messages", "0"], "0 is not in 1.."),
        (&["--messages", "5", "--seconds", "1"], "cannot be used with"),
        (&["--json", "--markdown"], "cannot be used with"),
        (&["--limit", "5"], "write 250ms"),
    ] {
        let refused = run(&[&["bench"], words].concat(), b"");
        assert_eq!(refused.code(), 2, "{words:?}: {}", refused.stderr);
        assert!(refused.stderr.contains(told), "{words:?}: {}", refused.stderr);
        assert_eq!(refused.text(), "", "{words:?}");
    }
}

#[test]
fn the_help_tells_of_it() {
    assert!(run(&["--help"], b"").well().text().contains("bench"));
    let help = run(&["bench", "--help"], b"").well();
    for word in
        ["thr", "rtt", "fanout", "fanin", "senders", "topics", "proxy", "dealers", "storm", "memory", "async"]
    {
        assert!(help.text().contains(&format!("  {word}/")), "{word}");
    }
}

#[test]
fn a_workload_that_takes_too_long_fails_and_the_next_has_its_turn() {
    let words = ["bench", "rtt/req/tcp/64", "rtt/req/inproc/64", "--messages", "1000000000", "--limit", "1s"];
    let table = run(&words, b"");
    assert_eq!(table.code(), 1);
    let rows: Vec<&str> = table.text().lines().skip(1).collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().all(|row| row.contains("not done in time")), "{rows:?}");
    assert!(table.stderr.contains("2 of 2 workloads failed"), "{}", table.stderr);
}

/// A process of the benchmark, to which the test plays the other part.
fn receiver(count: &str) -> (Zox, String) {
    let mut zox = zox(&["bench-role", "receiver", "thr/push/tcp/8", count, "--place=tcp://127.0.0.1:*"]);
    let ready = zox.line();
    let endpoint = ready.strip_prefix("ready ").unwrap_or_else(|| panic!("{ready}")).to_owned();
    zox.child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
    (zox, endpoint)
}

#[test]
fn what_is_lost_or_doubled_or_out_of_order_or_cut_is_no_figure() {
    let numbered = |number: u64| number.to_le_bytes().to_vec();
    for (messages, told) in [
        ([0, 2, 3].map(numbered).to_vec(), "failed message 2 came where 1 was due"),
        ([0, 0, 1].map(numbered).to_vec(), "failed message 0 came where 1 was due"),
        ([1, 0, 2].map(numbered).to_vec(), "failed message 1 came where 0 was due"),
        ([0, 1, 2, 3].map(numbered).to_vec(), "failed more came than was sent"),
        (vec![numbered(0), vec![1; 7]], "failed a message of 7 octets came where 8 were sent"),
        ([0, 1, 2].map(numbered).to_vec(), "done "),
    ] {
        let (mut zox, endpoint) = receiver("3");
        let push = Push::new(&Context::new()).unwrap();
        push.connect(&endpoint).unwrap();
        messages.into_iter().for_each(|message| push.send(message).unwrap());
        let line = zox.line();
        assert!(line.starts_with(told), "{line} is not {told}");
    }
}

#[test]
fn a_process_ends_with_the_benchmark() {
    let (mut zox, _) = receiver("3");
    drop(zox.child.stdin.take());
    assert_eq!(zox.ended().code(), 1);
}

#[test]
fn a_signal_ends_all_processes_and_leaves_nothing_behind() {
    for (signal, code) in [(Signal::INT, Some(130)), (Signal::TERM, Some(143)), (Signal::KILL, None)] {
        let folder = Folder::new(&format!("signal-{}", signal.as_raw()));
        let words = ["bench", "rtt/req/ipc/64", "--messages", "1000000000", "--limit", "10m"];
        let bench = zox_with(&words, &[("TMPDIR", folder.path())]);
        let children = loop {
            let children = children_of(bench.child.id());
            // The folder of the library's lock is there once a process is bound.
            if children.len() == 2 && !folder.is_empty() {
                break children;
            }
            thread::yield_now();
        };
        let children: Vec<OwnedFd> =
            children.into_iter().filter_map(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()).collect();
        bench.signal(signal);
        assert_eq!(bench.ended().status.code(), code, "{signal:?}");
        for child in &children {
            poll(&mut [PollFd::new(child, PollFlags::IN)], None).unwrap();
        }
        assert!(folder.is_empty(), "{signal:?}: {:?}", fs::read_dir(&folder.0).unwrap().collect::<Vec<_>>());
    }
}

/// From `/proc/PID/stat`: `PID (name) state parent ...`.
fn children_of(parent: u32) -> Vec<Pid> {
    let child = |entry: fs::DirEntry| {
        let stat = fs::read_to_string(Path::new(&entry.path()).join("stat")).ok()?;
        let mut words = stat.rsplit(')').next()?.split_whitespace().skip(1);
        let pid = entry.file_name().to_str()?.parse().ok()?;
        (words.next()? == parent.to_string()).then(|| Pid::from_raw(pid)).flatten()
    };
    fs::read_dir("/proc").unwrap().flatten().filter_map(child).collect()
}
