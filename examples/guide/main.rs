//! The programs of the ZeroMQ Guide, each in the file of its name: `cargo run -p zeroxide-guide -- hwserver`.
//!
//! Endpoints and numbers may be given after the name, in the order in which the program asks for them; what is not given
//! is as in the Guide. Each file says at its top which examples (E) and claims (C) of the documents it shows.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "what programs print is what they show")]

mod zhelpers;

use std::{env, process::ExitCode};
use zhelpers::{Outcome, Words};

/// The modules, and a table of their names.
macro_rules! programs {
    ($($name:ident)+) => {
        $(mod $name;)+
        const PROGRAMS: &[(&str, fn(&Words) -> Outcome)] = &[$((stringify!($name), $name::run)),+];
    };
}

programs! {
    hwclient hwserver
    wuserver wuclient
    taskvent taskwork tasksink
    msreader mspoller
    rrclient rrworker rrbroker msgqueue
    wuproxy
    taskwork2 tasksink2
    version
    mtserver mtrelay
    syncpub syncsub syncpub2 syncsub2
    psenvpub psenvsub
    identity
    strings multipart multibind errors mousetrap zerocopy capture ownthread
    manyservers
    forwarder puber suber
    producer transformer collector
    rtdealer rtreq rtpapa rtrouter
    zmsg lruqueue lruqueue2 asyncsrv
    peering1 peering2 peering3
    lpserver lpclient spqueue spworker ppqueue ppworker
    mdbroker mdworker mdclient mmiecho
    titanic ticlient
    bstarsrv bstarcli
    flserver flclient
    suisnail
    clonesrv clonecli
    fileio3
}

fn main() -> ExitCode {
    let mut words = env::args().skip(1);
    let name = words.next().unwrap_or_default();
    let Some((_, run)) = PROGRAMS.iter().find(|(known, _)| *known == name) else {
        println!("usage: guide PROGRAM [ENDPOINT OR NUMBER]...\n\nprograms:");
        PROGRAMS.iter().for_each(|(known, _)| println!("  {known}"));
        return ExitCode::FAILURE;
    };
    match run(&Words::new(words)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("E: {error}");
            ExitCode::FAILURE
        }
    }
}
