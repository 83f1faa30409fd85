//! `zox demo`: four classic conversations between real processes, over tcp and over ipc, checked message by message.
//!
//! ```text
//!   zox demo --spawns--> zox demo-role server ...   stdout: ready, sample, progress, done   (a line each, see `line`)
//!                        zox demo-role client ...   stdin:  stop; its end means that the demo is gone
//! ```
//! Every process says when it is ready, and waits for peers and subscribers by asking the library, so nothing sleeps.

mod act;
mod broker;
mod cast;
mod hello;
mod ledger;
mod role;
mod screen;
mod tasks;
mod weather;

pub(crate) use role::RoleArgs;

use crate::exit::Failure;
use act::{Act, Size};
use cast::Cast;
use clap::{Args, ValueEnum};
use screen::Screen;
use std::time::Instant;

/// The hidden verb that the demo starts its processes with.
pub(crate) const ROLE_VERB: &str = "demo-role";

/// See the library at work: real processes, over tcp and ipc, every message checked
///
/// Ends with code 1 if a message was lost, doubled, out of order, wrong, or later than 5 s.
#[derive(Args)]
pub(crate) struct Demo {
    /// A few hundred messages instead of many
    #[arg(long)]
    quick: bool,

    /// Let one process misbehave, to see that the demo notices
    #[arg(long, value_enum, hide = true)]
    sabotage: Option<Sabotage>,
}

/// What a worker of the third scene may do wrong.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sabotage {
    /// One result is never sent
    Lose,
    /// One result is sent twice
    Double,
    /// Two results are sent in the wrong order
    Swap,
    /// One result is false
    Lie,
    /// The process dies
    Die,
}

/// One scene: its name, what happens in it, and who plays it.
struct Scene {
    title: &'static str,
    play: fn(&mut Cast<'_>, &str, &Size) -> Result<Act, Failure>,
}

const SCENES: [Scene; 4] = [
    Scene { title: "Hello world: REQ asks, REP answers", play: hello::play },
    Scene { title: "Weather: PUB publishes, each SUB gets the zip codes it asked for", play: weather::play },
    Scene { title: "Tasks: a ventilator PUSHes, workers PULL and PUSH on, a sink PULLs", play: tasks::play },
    Scene { title: "Broker: REQ clients, ROUTER and DEALER between, REP workers", play: broker::play },
];

/// What every scene is played over: the name, and the endpoint to bind.
const TRANSPORTS: [(&str, &str); 2] = [("tcp", "tcp://127.0.0.1:*"), ("ipc", "ipc://*")];

impl Demo {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let size = if self.quick { Size::quick(self.sabotage) } else { Size::full(self.sabotage) };
        let began = Instant::now();
        let mut screen = Screen::new();
        screen.line(
            "Zeroxide demo: real processes on this machine, over tcp and ipc; every message is checked",
        )?;
        let mut acts = Vec::new();
        for (at, scene) in SCENES.iter().enumerate() {
            screen.line(&format!("\n{}. {}", at + 1, scene.title))?;
            screen.show_samples();
            for (transport, endpoint) in TRANSPORTS {
                let mut cast = Cast::new(&mut screen);
                let act = (scene.play)(&mut cast, endpoint, &size)?;
                drop(cast);
                screen.act(transport, &act)?;
                acts.push((transport, act));
            }
        }
        screen.summary(&acts, began.elapsed())?;
        match acts.iter().filter(|(_, act)| !act.faultless()).count() {
            0 => Ok(()),
            faulty => Err(Failure::Failed(format!("{faulty} of {} runs were not faultless", acts.len()))),
        }
    }
}
