//! Clone server of the Guide's models: `clonesrv 1 SNAPSHOTS UPDATES CHANGES`. 1 and 2 make the changes themselves, 3 to 5 take
//! them by PUSH, 6 by PUB; up to 4 in the Guide's short format, then with lifetimes.
//! The pair of servers of model 6 is played by the tests of `zeroxide-patterns`.
//!
//! Shows: clonesrv1 clonesrv2 clonesrv3 clonesrv4 clonesrv5 clonesrv6 kvsimple kvmsg; C195.

use crate::zhelpers::{Outcome, Words};
use std::thread;
use zeroxide::Context;
use zeroxide_patterns::clone::{Changes, CloneServer, Endpoints, Format, KeyValue, ServerOptions};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let model = words.number(0, 6);
    let changes = if (3..=5).contains(&model) { Changes::Pushed } else { Changes::Published };
    let format = if model <= 4 { Format::Simple } else { Format::Full };
    let server = CloneServer::new(&context, changes, ServerOptions { format, ..ServerOptions::default() })?;
    let at = [(1, "tcp://*:5556"), (2, "tcp://*:5557"), (3, "tcp://*:5558")];
    let [snapshots, updates, changes] = at.map(|(place, otherwise)| words.text(place, otherwise).to_owned());
    let bound = server.bind(&Endpoints { snapshots, updates, changes })?;
    println!("bound {}\nbound {}\nbound {}", bound.snapshots, bound.updates, bound.changes);
    let control = server.control();
    if model <= 2 {
        for number in 0..100 {
            control.set(KeyValue::new(format!("/key/{number}"), number.to_string()));
        }
    }
    let serving = thread::spawn(move || server.run());
    serving.join().map_err(|_| "the server broke")?.map_err(Into::into)
}
