//! The verbs, one a file.

mod answers;
mod broker;
mod call;
mod clone;
mod dealer;
mod duplex;
mod event;
mod freelance;
mod keygen;
mod load_balancer;
mod lvc;
mod monitor;
mod pair;
mod peering;
mod proxy;
mod publish;
mod pull;
mod push;
mod rep;
mod req;
mod router;
mod run_command;
mod stream;
mod subscribe;
mod titanic;
mod worker;
mod xpub;
mod xsub;

use crate::{bench, demo, exit::Failure};
use clap::Subcommand;

/// What zox can do.
#[derive(Subcommand)]
pub(crate) enum Verb {
    Req(req::Req),
    Rep(rep::Rep),
    Pub(publish::Pub),
    Sub(subscribe::Sub),
    Push(push::Push),
    Pull(pull::Pull),
    Pair(pair::Pair),
    Dealer(dealer::Dealer),
    Router(router::Router),
    Xpub(xpub::Xpub),
    Xsub(xsub::Xsub),
    Stream(stream::Stream),
    Proxy(proxy::Proxy),
    Broker(broker::Broker),
    Worker(worker::Worker),
    Call(call::Call),
    Titanic(titanic::Titanic),
    Lb(load_balancer::LoadBalancer),
    Freelance(freelance::Freelance),
    Peering(peering::Peering),
    Clone(clone::Clone),
    Lvc(lvc::Lvc),
    Monitor(monitor::Monitor),
    Keygen(keygen::Keygen),
    Demo(demo::Demo),
    Bench(bench::Bench),
    #[command(name = demo::ROLE_VERB, hide = true)]
    DemoRole(demo::RoleArgs),
    #[command(name = bench::ROLE_VERB, hide = true)]
    BenchRole(bench::RoleArgs),
}

impl Verb {
    /// Does it, until it is done or was stopped.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        match self {
            Self::Req(verb) => verb.run(),
            Self::Rep(verb) => verb.run(),
            Self::Pub(verb) => verb.run(),
            Self::Sub(verb) => verb.run(),
            Self::Push(verb) => verb.run(),
            Self::Pull(verb) => verb.run(),
            Self::Pair(verb) => verb.run(),
            Self::Dealer(verb) => verb.run(),
            Self::Router(verb) => verb.run(),
            Self::Xpub(verb) => verb.run(),
            Self::Xsub(verb) => verb.run(),
            Self::Stream(verb) => verb.run(),
            Self::Proxy(verb) => verb.run(),
            Self::Broker(verb) => verb.run(),
            Self::Worker(verb) => verb.run(),
            Self::Call(verb) => verb.run(),
            Self::Titanic(verb) => verb.run(),
            Self::Lb(verb) => verb.run(),
            Self::Freelance(verb) => verb.run(),
            Self::Peering(verb) => verb.run(),
            Self::Clone(verb) => verb.run(),
            Self::Lvc(verb) => verb.run(),
            Self::Monitor(verb) => verb.run(),
            Self::Keygen(verb) => verb.run(),
            Self::Demo(verb) => verb.run(),
            Self::DemoRole(verb) => verb.run(),
            Self::Bench(verb) => verb.run(),
            Self::BenchRole(verb) => verb.run(),
        }
    }
}
