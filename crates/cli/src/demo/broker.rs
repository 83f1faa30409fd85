//! A broker between clients and workers: each request goes to a worker in turn, each reply back to who asked.

use super::{
    act::{Act, Size},
    cast::Cast,
    ledger::Ledger,
    role::{Awaited, LATE, Role, RoleArgs, awaited, late, number},
};
use crate::{
    exit::Failure,
    line::Facts,
    terminal::{counted, grouped},
};
use std::time::Instant;
use zeroxide::{Context, Dealer, Message, Proxy, ProxyError, Rep, Req, Router};

const CLIENTS: u64 = 4;
const WORKERS: u64 = 3;

/// Plays the scene.
pub(crate) fn play(cast: &mut Cast<'_>, endpoint: &str, size: &Size) -> Result<Act, Failure> {
    let count = size.requests_per_client;
    let there = [endpoint.to_owned(), endpoint.to_owned()];
    let broker = cast.start(RoleArgs::new(Role::Broker, &there, count))?;
    let endpoints = cast.ready(broker)?;
    let [front, back] = endpoints.as_slice() else {
        return Err(Failure::Failed("the broker has not two endpoints".to_owned()));
    };
    let mut start = |role, at: &String, how_many| {
        let args = |number| RoleArgs { number, ..RoleArgs::new(role, std::slice::from_ref(at), count) };
        (1..=how_many).map(|number| cast.start(args(number))).collect::<Result<Vec<_>, _>>()
    };
    let workers = start(Role::BrokerWorker, back, WORKERS)?;
    // Clients before the workers are there would just wait; but then the first worker would get all they asked.
    for worker in &workers {
        cast.ready(*worker)?;
    }
    cast.expect(count, "requests of one client");
    let mut start = |number| {
        let args = RoleArgs::new(Role::BrokerClient, std::slice::from_ref(front), count);
        cast.start(RoleArgs { number, ..args })
    };
    let clients = (1..=CLIENTS).map(&mut start).collect::<Result<Vec<_>, _>>()?;
    let mut asked = clients.into_iter().map(|client| cast.done(client)).collect::<Result<Vec<_>, _>>()?;
    let answered = workers.into_iter().map(|worker| cast.stop(worker)).collect::<Result<Vec<_>, _>>()?;
    let passed = cast.stop(broker)?;
    let shares: Vec<_> = answered.iter().map(|worker| grouped(worker.get("received"))).collect();
    let requests = asked.iter().map(|client| client.get("received")).sum();
    let brokered = format!("the broker passed on {}", counted(passed.get("passed"), "message"));
    asked.extend(answered);
    asked.push(passed);
    let everybody: Vec<_> = asked.iter().collect();
    let act = Act::new("REQ-ROUTER, DEALER-REP", "round trips", requests, &everybody);
    Ok(act.remark(format!("{brokered}; shares of the workers: {}", shares.join(", "))))
}

/// Passes messages on until told to stop.
pub(crate) fn broker(args: &RoleArgs, context: &Context) -> Result<Facts, Failure> {
    let (front, back) = (Router::new(context)?, Dealer::new(context)?);
    args.ready(&[&front.bind(args.place(0)?)?, &back.bind(args.place(1)?)?]);
    let proxy = Proxy::new(&front, &back);
    match proxy.run() {
        Ok(()) | Err(ProxyError::Terminated) => {}
        Err(error) => return Err(Failure::Failed(error.to_string())),
    }
    let passed = proxy.controller().statistics();
    let lost = front.statistics().lost_in_all() + back.statistics().lost_in_all();
    let messages = passed.front_sent.messages + passed.back_sent.messages;
    Ok(Facts::default().with("passed", messages).with("lost", lost))
}

/// Answers n with its square until told to stop.
pub(crate) fn worker(args: &RoleArgs, context: &Context) -> Result<Facts, Failure> {
    let socket = Rep::new(context)?;
    socket.connect(args.place(0)?)?;
    if !socket.wait_connected(1, LATE) {
        return Ok(late(Facts::default()));
    }
    args.ready(&[]);
    let mut facts = Facts::default();
    while let Awaited::Message(request) = awaited(socket.recv())? {
        facts.add("received", 1);
        let square = number(&request, 1).map_or(0, |number| number * number);
        let mut reply = request;
        reply.push_back(square.to_string());
        reply.push_back(args.number.to_string());
        socket.send(reply)?;
        facts.add("sent", 1);
    }
    Ok(facts)
}

/// Asks for squares.
pub(crate) fn client(args: &RoleArgs, context: &Context) -> Result<Facts, Failure> {
    let socket = Req::new(context)?;
    socket.connect(args.place(0)?)?;
    let mut ledger = Ledger::new(args.count, 1);
    let began = Instant::now();
    for request in 0..args.count {
        socket.send(Message::from([args.number.to_string(), request.to_string()]))?;
        let Awaited::Message(reply) = awaited(socket.recv_timeout(LATE))? else {
            return Ok(late(ledger.facts().with("sent", request + 1)));
        };
        let expected = [Some(args.number), Some(request), Some(request * request)];
        if [0, 1, 2].map(|frame| number(&reply, frame)) == expected {
            ledger.note(0, request);
        } else {
            ledger.note_wrong();
        }
        if args.number <= 3 && request == 7 {
            let worker = number(&reply, 3).unwrap_or_default();
            args.sample(0, || {
                format!(
                    "client {}: {request} squared?  ->  worker {worker}: {}",
                    args.number,
                    request * request
                )
            });
        }
        if args.number == 1 {
            args.progress(request);
        }
    }
    let elapsed = began.elapsed().as_nanos() as u64;
    Ok(ledger.facts().with("sent", args.count).with("nanoseconds", elapsed))
}
