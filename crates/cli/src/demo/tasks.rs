//! Ventilator, workers and sink: work is handed out, done in parallel, and gathered.

use super::{
    Sabotage,
    act::{Act, Size},
    cast::Cast,
    ledger::Ledger,
    role::{Awaited, LATE, Role, RoleArgs, awaited, late, number},
};
use crate::{exit::Failure, line::Facts, terminal::grouped};
use std::{process, time::Instant};
use zeroxide::{Context, Message, Pull, Push};

const WORKERS: u64 = 3;

/// The task of a worker at which it misbehaves, if it was told to.
const SABOTAGED: u64 = 10;

/// Plays the scene.
pub(crate) fn play(cast: &mut Cast<'_>, endpoint: &str, size: &Size) -> Result<Act, Failure> {
    let count = size.tasks;
    let there = [endpoint.to_owned()];
    let ventilator = RoleArgs { peers: WORKERS as usize, ..RoleArgs::new(Role::Ventilator, &there, count) };
    let (ventilator, sink) = (cast.start(ventilator)?, cast.start(RoleArgs::new(Role::Sink, &there, count))?);
    let endpoints = [cast.ready(ventilator)?, cast.ready(sink)?].concat();
    cast.expect(count, "tasks");
    let mut workers = Vec::new();
    for number in 1..=WORKERS {
        let sabotage = size.sabotage.filter(|_| number == 1);
        let args = RoleArgs { number, sabotage, ..RoleArgs::new(Role::TaskWorker, &endpoints, count) };
        workers.push(cast.start(args)?);
    }
    let gathered = cast.done(sink)?;
    let handed_out = cast.done(ventilator)?;
    let mut everybody = vec![gathered, handed_out];
    for worker in workers {
        everybody.push(cast.stop(worker)?);
    }
    let shares: Vec<_> = everybody.iter().skip(2).map(|worker| grouped(worker.get("received"))).collect();
    let done = everybody.first().map_or(0, |sink| sink.get("received"));
    let everybody: Vec<_> = everybody.iter().collect();
    Ok(Act::new("PUSH-PULL, PUSH-PULL", "tasks", done, &everybody)
        .remark(format!("shares: {}", shares.join(", "))))
}

/// Hands out tasks once all workers are there.
pub(crate) fn ventilator(args: &RoleArgs, context: &Context) -> Result<Facts, Failure> {
    let socket = Push::new(context)?;
    socket.set_linger(None);
    args.ready(&[&socket.bind(args.place(0)?)?]);
    if !socket.wait_connected(args.peers, LATE) {
        return Ok(late(Facts::default()));
    }
    for task in 0..args.count {
        if socket.send_timeout(task.to_string(), LATE).is_err() {
            return Ok(late(Facts::default().with("sent", task)));
        }
    }
    Ok(Facts::default().with("sent", args.count))
}

/// Takes tasks and passes the results on, until told to stop.
pub(crate) fn worker(args: &RoleArgs, context: &Context) -> Result<Facts, Failure> {
    let (tasks, results) = (Pull::new(context)?, Push::new(context)?);
    results.connect(args.place(1)?)?;
    tasks.connect(args.place(0)?)?;
    let (mut received, mut sent) = (0, 0);
    let mut held = None;
    while let Awaited::Message(task) = awaited(tasks.recv())? {
        received += 1;
        let Some(task) = number(&task, 0) else { continue };
        let result = |value: u64| Message::from([args.number, task, value].map(|number| number.to_string()));
        let mut out = vec![result(solve(task))];
        match args.sabotage.filter(|_| received == SABOTAGED) {
            None => {}
            Some(Sabotage::Lose) => out.clear(),
            Some(Sabotage::Double) => out.push(result(solve(task))),
            Some(Sabotage::Lie) => out = vec![result(0)],
            Some(Sabotage::Swap) => held = out.pop(),
            Some(Sabotage::Die) => process::exit(9),
        }
        if received > SABOTAGED {
            out.extend(held.take());
        }
        args.sample(received - 1, || format!("worker {}: task {task}  ->  {}", args.number, solve(task)));
        for result in out {
            results.send(result)?;
            sent += 1;
        }
    }
    Ok(Facts::default().with("received", received).with("sent", sent))
}

/// Gathers the results and checks each.
pub(crate) fn sink(args: &RoleArgs, context: &Context) -> Result<Facts, Failure> {
    let socket = Pull::new(context)?;
    args.ready(&[&socket.bind(args.place(0)?)?]);
    let mut ledger = Ledger::new(args.count, WORKERS as usize + 1);
    let mut began = None;
    while !ledger.is_complete() {
        let Awaited::Message(result) = awaited(socket.recv_timeout(LATE))? else {
            return Ok(late(ledger.facts()));
        };
        began.get_or_insert_with(Instant::now);
        match (number(&result, 0), number(&result, 1), number(&result, 2)) {
            (Some(worker), Some(task), Some(value)) if value == solve(task) => {
                ledger.note(worker as usize, task)
            }
            _ => ledger.note_wrong(),
        }
        args.progress(ledger.received());
    }
    let elapsed = began.map_or(0, |began| began.elapsed().as_nanos() as u64);
    Ok(ledger.facts().with("nanoseconds", elapsed))
}

/// The work: a few rounds of mixing that sink and worker do alike.
fn solve(task: u64) -> u64 {
    (0..16)
        .fold(task + 1, |value, _| (value ^ (value >> 7)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(9))
}
