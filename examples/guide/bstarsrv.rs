//! Binary Star server: `bstarsrv primary FRONT LINK PEER`, and the same as `backup`. Dies after so many requests if it is
//! given a number; a second number is the seconds after which a silent peer is taken for dead.
//!
//! Shows: bstarsrv bstar bstarsrv2; C188 C189.

use crate::zhelpers::{Outcome, Words};
use std::time::Duration;
use zeroxide::{Context, Message, Router};
use zeroxide_patterns::binary_star::{Role, Service, StarControl, StarOptions, StarServer};

struct Echo {
    left: u32,
    control: StarControl,
}

impl Service for Echo {
    fn request(&mut self, request: Message, router: &Router) {
        self.left -= 1;
        if self.left == 0 {
            println!("I: simulating a crash");
            return self.control.stop();
        }
        let _ = router.try_send(request);
    }

    fn active(&mut self) {
        println!("I: ready as active");
    }

    fn passive(&mut self) {
        println!("I: ready as passive");
    }
}

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let role = if words.text(0, "primary") == "backup" { Role::Backup } else { Role::Primary };
    let peer_timeout = Duration::from_secs(words.number(5, 2).into());
    let options = StarOptions { peer_timeout, ..StarOptions::default() };
    let server = StarServer::new(&context, role, options)?;
    println!("bound {}", server.bind(words.text(1, "tcp://*:5001"))?);
    server.link().bind(words.text(2, "tcp://*:5003"))?;
    server.link().connect(words.text(3, "tcp://localhost:5004"))?;
    let echo = Echo { left: words.number(4, u32::MAX), control: server.control() };
    Ok(server.run(echo)?)
}
