//! Hello world: one process asks, one answers.

use super::{
    act::{Act, Size},
    cast::Cast,
    ledger::Ledger,
    role::{Awaited, LATE, Role, RoleArgs, awaited, late, number},
};
use crate::{exit::Failure, line::Facts};
use std::time::Instant;
use zeroxide::{Context, Message, Rep, Req};

/// Plays the scene.
pub(crate) fn play(cast: &mut Cast<'_>, endpoint: &str, size: &Size) -> Result<Act, Failure> {
    let count = size.round_trips;
    let server = cast.start(RoleArgs::new(Role::HelloServer, &[endpoint.to_owned()], count))?;
    let endpoints = cast.ready(server)?;
    cast.expect(count, "round trips");
    let client = cast.start(RoleArgs::new(Role::HelloClient, &endpoints, count))?;
    let asked = cast.done(client)?;
    let answered = cast.stop(server)?;
    let microseconds = |name| asked.get(name) as f64 / 1e3;
    let times = format!(
        "round trip: median {:.0} us, slowest {:.0} us",
        microseconds("median"),
        microseconds("slowest")
    );
    Ok(Act::new("REQ-REP", "round trips", asked.get("received"), &[&asked, &answered]).remark(times))
}

/// Answers "Hello" n with "World" n until told to stop.
pub(crate) fn server(args: &RoleArgs, context: &Context) -> Result<Facts, Failure> {
    let socket = Rep::new(context)?;
    args.ready(&[&socket.bind(args.place(0)?)?]);
    let mut ledger = Ledger::new(args.count, 1);
    let mut sent = 0;
    while let Awaited::Message(request) = awaited(socket.recv())? {
        match number(&request, 1) {
            Some(number) if request.body() == b"Hello" => {
                ledger.note(0, number);
                socket.send(["World".to_owned(), number.to_string()])?;
            }
            _ => {
                ledger.note_wrong();
                socket.send("what?")?;
            }
        }
        sent += 1;
    }
    Ok(ledger.facts().with("sent", sent))
}

/// Asks, and compares each answer with the question.
pub(crate) fn client(args: &RoleArgs, context: &Context) -> Result<Facts, Failure> {
    let socket = Req::new(context)?;
    socket.connect(args.place(0)?)?;
    let mut ledger = Ledger::new(args.count, 1);
    let mut times = Vec::with_capacity(args.count as usize);
    if !socket.wait_connected(1, LATE) {
        return Ok(late(ledger.facts()));
    }
    let began = Instant::now();
    for round in 0..args.count {
        let request = Message::from(["Hello".to_owned(), round.to_string()]);
        let asked = Instant::now();
        socket.send(request.clone())?;
        let Awaited::Message(reply) = awaited(socket.recv_timeout(LATE))? else {
            return Ok(late(ledger.facts().with("sent", round + 1)));
        };
        times.push(asked.elapsed().as_nanos() as u64);
        match number(&reply, 1) {
            Some(answered) if answered == round && reply.body() == b"World" => ledger.note(0, answered),
            _ => ledger.note_wrong(),
        }
        args.sample(round, || format!("{request}  ->  {reply}"));
        args.progress(round);
    }
    let elapsed = began.elapsed().as_nanos() as u64;
    times.sort_unstable();
    let facts = ledger.facts().with("sent", args.count).with("nanoseconds", elapsed);
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    Ok(facts.with("median", median).with("slowest", times.last().copied().unwrap_or_default()))
}
