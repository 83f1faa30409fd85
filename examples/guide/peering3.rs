//! Brokers that share their tasks by capacity: `peering3 ipc:///tmp DC1 3 10 DC2 DC3`, where 3 is the number of workers, and
//! 10 the seconds after which a client gives up.
//!
//! A request goes to the cloud only when no local worker is free and a peer has said that it has some. The broker is the
//! library's, which speaks as the Guide's does.
//!
//! Shows: E2.61; C198 C199 C200.

use crate::{
    peering2::worker,
    zhelpers::{Outcome, Words, below, work},
};
use std::{error::Error, thread, time::Duration};
use zeroxide::{Context, Pull, Push, RecvErrorCause, Req};
use zeroxide_patterns::{
    balance::{BalancerOptions, Dialect},
    peering::{PeeringOptions, PeeringServer},
};

pub(crate) fn run(words: &Words) -> Outcome {
    let (place, own) = (words.text(0, "ipc:///tmp"), words.text(1, "DC1"));
    let patience = Duration::from_secs(words.number(3, 10).into());
    let context = Context::new();
    let broker = broker(&context, place, own, words.from(4))?;
    let control = broker.control();
    thread::spawn(move || broker.run());
    let monitor = Pull::new(&context)?;
    monitor.bind("inproc://monitor")?;
    for _ in 0..words.number(2, 3) {
        let (context, own) = (context.clone(), own.to_owned());
        thread::spawn(move || worker(&context, &own));
    }
    for _ in 0..5 {
        let context = context.clone();
        thread::spawn(move || client(&context, patience));
    }
    let mut exported = 0;
    loop {
        match monitor.recv_timeout(Duration::from_millis(500)) {
            Ok(line) => println!("{line}"),
            Err(error) if error.cause == RecvErrorCause::TimedOut => {}
            Err(error) => return Err(error.into()),
        }
        let now = control.statistics().exported;
        (exported..now).for_each(|number| println!("I: route request to cloud: {}", number + 1));
        exported = now;
    }
}

/// A broker for threads of this process, and its ways to its peers.
pub(crate) fn broker<'a>(
    context: &Context,
    place: &str,
    own: &str,
    peers: impl Iterator<Item = &'a str>,
) -> Result<PeeringServer, Box<dyn Error + Send + Sync>> {
    // The Guide's workers are REQ sockets.
    let local = BalancerOptions { dialect: Dialect::Simple, ..BalancerOptions::default() };
    let broker = PeeringServer::new(context, own, PeeringOptions { local, ..PeeringOptions::default() })?;
    broker.bind_clients("inproc://localfe")?;
    broker.bind_workers("inproc://localbe")?;
    println!("bound {}", broker.bind_cloud(&format!("{place}/{own}-cloud.ipc"))?);
    println!("bound {}", broker.bind_state(&format!("{place}/{own}-state.ipc"))?);
    for name in peers {
        println!("I: connecting to '{name}'");
        let peer = broker.control().peer(name)?;
        peer.connect(&format!("{place}/{name}-cloud.ipc"), &format!("{place}/{name}-state.ipc"))?;
        broker.control().add(peer);
    }
    Ok(broker)
}

/// Asks in bursts, and gives up when a task is lost.
fn client(context: &Context, patience: Duration) -> Outcome {
    let (client, monitor) = (Req::new(context)?, Push::new(context)?);
    client.connect("inproc://localfe")?;
    monitor.connect("inproc://monitor")?;
    loop {
        for _ in 0..below(15) {
            let task = format!("{:04X}", below(0x10000));
            client.send(&task)?;
            match client.recv_timeout(patience) {
                Ok(reply) => monitor.send(format!("Client: task {task} {reply}"))?,
                Err(_) => return Ok(monitor.send(format!("E: CLIENT EXIT - lost task {task}"))?),
            }
        }
        work(below(50));
    }
}
