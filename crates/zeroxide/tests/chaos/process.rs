//! Processes that play a part, and those who talk to them.

use crate::{common::*, ground::Ground};
use std::{
    process::{Command, Stdio},
    time::Duration,
};
use zeroxide::*;
use zeroxide_testing::Process;

/// This very program as a child that plays a part: a REP that binds, or a REQ that connects and asks for ever.
pub(crate) fn child(ground: &str, part: &str, at: &str) -> Process {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let command = command.args(["--exact", "process::a_child_plays_its_part", "--nocapture"]);
    let command = command
        .env("CHAOS_PART", part)
        .env("CHAOS_AT", at)
        .env("CHAOS_GROUND", ground)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Process::start(command).unwrap()
}

#[test]
fn a_child_plays_its_part() {
    let told = ["CHAOS_PART", "CHAOS_AT", "CHAOS_GROUND"].map(std::env::var);
    let [Ok(part), Ok(at), Ok(ground)] = told else { return };
    let ground = Ground::named(&ground);
    let context = Context::new();
    if part == "server" {
        let server = Rep::new(&context).unwrap();
        ground.guard(&server);
        eventually(|| server.bind(&at).is_ok());
        loop {
            let question = server.recv().unwrap();
            let _ = server.send(question);
        }
    }
    let client = Req::new(&context).unwrap();
    ground.admit(&client);
    client.set_req_relaxed(true).unwrap();
    client.set_reconnect_interval(Some(Duration::from_millis(5))).unwrap();
    client.connect(&at).unwrap();
    loop {
        let _ = client.send_timeout("question", LONG);
        let _ = client.recv_timeout(Duration::from_millis(500));
    }
}

/// A client that asks until it is answered.
pub(crate) fn eager(ground: Ground, context: &Context, at: &str) -> Req {
    let client = Req::new(context).unwrap();
    ground.admit(&client);
    client.set_req_relaxed(true).unwrap();
    client.set_req_correlate(true).unwrap();
    client.set_reconnect_interval(Some(Duration::from_millis(5))).unwrap();
    client.connect(at).unwrap();
    client
}

pub(crate) fn is_answered(client: &Req) {
    eventually(|| {
        let _ = client.send_timeout("question", Duration::from_millis(100));
        client.recv_timeout(Duration::from_millis(100)).is_ok()
    });
}
