//! One conversation again and again, each time with another system call that fails.

use crate::common::*;
use crate::conversation::{Pattern, converse};
use rustix::io::Errno;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, Once, PoisonError};
use zeroxide::*;
use zeroxide_net::fault::{Call, Fault, Harm, Times};

/// Faults strike the whole process: one sweep at a time.
static ALONE: Mutex<()> = Mutex::new(());
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// More of these in one conversation is a thread that spins.
const MOST_WAITS: usize = 200_000;

/// Calls of one kind that the whole version takes at most.
const MOST_CALLS: usize = 2000;

/// The bounded version takes one call out of so many; which, differs from pattern to pattern.
const STEP: usize = 2;

/// Tries every call of the conversation, and tells how many faults were injected.
pub(crate) fn sweep(name: &str, pattern: &Pattern) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    count_panics();
    let whole = std::env::var("ZEROXIDE_FAULTS").is_ok_and(|extent| extent == "whole");
    let (mut turn, mut injected, mut failures) = (0, 0, Vec::new());
    for call in Call::ALL {
        let calls = Fault::none(call);
        run(pattern, None);
        let seen = calls.seen();
        drop(calls);
        // Waits and reads of a conversation may go on for as long as there is time: the sum has to be bounded.
        let (step, most) = if whole { (1, MOST_CALLS) } else { (STEP, 60) };
        if whole {
            println!(
                "{name}: {seen} calls of {call:?}{}",
                if seen > most { ", not all of them taken" } else { "" }
            );
        }
        turn += name.len();
        for nth in (1 + turn % step..=seen.min(most)).step_by(step) {
            let harms = harms(call, pattern);
            let chosen: Vec<Harm> = if whole { harms } else { vec![harms[turn % harms.len()]] };
            turn += 1;
            for harm in chosen {
                let planned = Some((call, nth, harm));
                match catch_unwind(AssertUnwindSafe(|| run(pattern, planned))) {
                    Ok(struck) => injected += usize::from(struck),
                    Err(_) => failures.push(planned),
                }
            }
        }
    }
    println!("{name}: {injected} faults injected");
    assert!(failures.is_empty(), "{name}: {failures:?}");
}

/// In which ways calls of this kind can fail.
fn harms(call: Call, pattern: &Pattern) -> Vec<Harm> {
    let everywhere = [Errno::NOMEM, Errno::NOBUFS, Errno::MFILE, Errno::NFILE];
    let network = [
        Errno::CONNRESET,
        Errno::CONNABORTED,
        Errno::PIPE,
        Errno::NETDOWN,
        Errno::HOSTUNREACH,
        Errno::TIMEDOUT,
        Errno::AGAIN,
    ];
    let mut errors = match call {
        Call::Read | Call::Write | Call::Accept => [&network[..], &everywhere, &[Errno::INTR]].concat(),
        // Interrupted, a connect over tcp goes on in the background, which a call that is not made cannot.
        Call::Connect => [&network[..], &everywhere].concat(),
        Call::Wait => [&everywhere[..2], &[Errno::INTR]].concat(),
        Call::Control => [&everywhere[..], &[Errno::NOSPC]].concat(),
        Call::File => [&everywhere[..], &[Errno::ACCESS, Errno::IO, Errno::NOENT]].concat(),
        Call::Bind => [&everywhere[..], &[Errno::ADDRINUSE, Errno::ACCESS]].concat(),
        Call::Shutdown => vec![Errno::NOTCONN, Errno::NOMEM],
        _ => [&everywhere[..], &[Errno::AGAIN]].concat(),
    }
    .into_iter()
    .map(Harm::Error)
    .collect::<Vec<_>>();
    if matches!(call, Call::Read | Call::Write) && !pattern.is_datagrams() {
        errors.insert(0, Harm::Short(1));
        errors.insert(3, Harm::Short(7));
    }
    errors
}

/// Has the conversation while this call fails, and one more of other sockets when it does not any more. Says whether it did.
fn run(pattern: &Pattern, planned: Option<(Call, usize, Harm)>) -> bool {
    let descriptors = open_descriptors();
    let before = PANICS.load(SeqCst);
    let pattern = pattern.clone();
    let told = format!("the conversation with {planned:?}");
    let struck = must_end(&told, move || {
        let waits = Fault::none(Call::Wait);
        let context = Context::new();
        let fault = planned.map(|(call, nth, harm)| Fault::plan(call, nth, harm, Times::Once, None));
        converse(&context, &pattern);
        let struck = fault.is_some_and(|fault| fault.has_struck());
        let (one, other) = (Pair::new(&context).unwrap(), Pair::new(&context).unwrap());
        join(&one, &other, "tcp://127.0.0.1:*");
        one.send("as good").unwrap();
        assert_eq!(other.text(), "as good", "{planned:?}");
        other.send("as before").unwrap();
        assert_eq!(one.text(), "as before", "{planned:?}");
        drop((one, other));
        let report = context.shutdown(LONG);
        assert!(report.complete, "{planned:?}: {report:?}");
        assert!(waits.seen() < MOST_WAITS, "{planned:?}: a thread spins");
        struck
    });
    assert_eq!(PANICS.load(SeqCst), before, "{planned:?}: a thread panicked");
    eventually(|| open_descriptors() <= descriptors);
    struck
}

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Panics of the library's own threads show nowhere else.
fn count_panics() {
    static SET: Once = Once::new();
    SET.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.fetch_add(1, SeqCst);
            usual(panic);
        }));
    });
}
