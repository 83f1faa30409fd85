//! Who takes part, and under which name.

mod crowd;
mod libzmq;
#[cfg(feature = "monocoque")]
mod monocoque;
#[cfg(feature = "omq")]
mod omq;
mod raw;
#[cfg(feature = "rzmq")]
mod rzmq;
mod zeroxide;
#[cfg(feature = "zmqrs")]
mod zmqrs;

use crate::{roles, workload::Workload};

/// Names in the order of the table; `--subjects` picks some. The first is whose ratios are shown.
pub const ALL: &[&str] = &[
    "zeroxide",
    "libzmq",
    "raw",
    "raw-busy",
    #[cfg(feature = "omq")]
    "omq",
    #[cfg(feature = "omq")]
    "omq-async",
    #[cfg(feature = "rzmq")]
    "rzmq",
    #[cfg(feature = "zmqrs")]
    "zeromq",
    #[cfg(feature = "monocoque")]
    "monocoque",
    "zeroxide-busy",
    "zeroxide-async",
    "zeroxide-messages",
    "zeroxide-buffers",
    "zeroxide-c",
    "zeroxide-c-buffers",
    "zeroxide-c-messages",
    "zeroxide-block_on",
    "zeroxide-smol",
    "zeroxide-smol-reactor",
    #[cfg(feature = "tokio")]
    "zeroxide-tokio",
    #[cfg(feature = "tokio")]
    "zeroxide-tokio-reactor",
    #[cfg(feature = "tokio")]
    "zeroxide-tokio-many",
];

/// Plays one side of a workload in this process.
pub fn play(name: &str, role: roles::Role, workload: &Workload) -> Result<(), String> {
    if workload.plan.curve && !(name == "libzmq" || name.starts_with("zeroxide")) {
        return Err("not measured with CURVE".to_owned());
    }
    match name {
        "zeroxide" => roles::play::<zeroxide::Zeroxide<zeroxide::Blocking>>(role, workload),
        "zeroxide-messages" => roles::play::<zeroxide::Zeroxide<zeroxide::Messages>>(role, workload),
        "zeroxide-buffers" => roles::play::<zeroxide::Zeroxide<zeroxide::Buffers>>(role, workload),
        "zeroxide-block_on" => roles::play::<zeroxide::Zeroxide<zeroxide::BlockOn>>(role, workload),
        "zeroxide-async" => roles::play::<zeroxide::Zeroxide<zeroxide::Own>>(role, workload),
        "zeroxide-busy" => roles::play::<zeroxide::Zeroxide<zeroxide::Busy>>(role, workload),
        #[cfg(feature = "tokio")]
        "zeroxide-tokio-many" => roles::play::<zeroxide::Zeroxide<zeroxide::TokioMany>>(role, workload),
        "zeroxide-smol" => roles::play::<zeroxide::Zeroxide<zeroxide::Smol>>(role, workload),
        "zeroxide-smol-reactor" => roles::play::<zeroxide::Zeroxide<zeroxide::SmolReactor>>(role, workload),
        #[cfg(feature = "tokio")]
        "zeroxide-tokio-reactor" => roles::play::<zeroxide::Zeroxide<zeroxide::TokioReactor>>(role, workload),
        #[cfg(feature = "tokio")]
        "zeroxide-tokio" => roles::play::<zeroxide::Zeroxide<zeroxide::Tokio>>(role, workload),
        "libzmq" => roles::play::<libzmq::Libzmq<libzmq::System>>(role, workload),
        "zeroxide-c" => roles::play::<libzmq::Libzmq<libzmq::Own>>(role, workload),
        "zeroxide-c-buffers" => roles::play::<libzmq::Libzmq<libzmq::OwnBuffers>>(role, workload),
        "zeroxide-c-messages" => roles::play::<libzmq::Libzmq<libzmq::OwnMessages>>(role, workload),
        "raw" => roles::play::<raw::Raw>(role, workload),
        "raw-busy" => {
            raw::poll_instead_of_sleeping();
            roles::play::<raw::Raw>(role, workload)
        }
        #[cfg(feature = "omq")]
        "omq" => roles::play::<omq::Omq>(role, workload),
        #[cfg(feature = "omq")]
        "omq-async" => roles::play::<omq::OmqAsync>(role, workload),
        #[cfg(feature = "rzmq")]
        "rzmq" => roles::play::<rzmq::Rzmq>(role, workload),
        #[cfg(feature = "zmqrs")]
        "zeromq" => roles::play::<zmqrs::Zmqrs>(role, workload),
        #[cfg(feature = "monocoque")]
        "monocoque" => roles::play::<monocoque::Monocoque>(role, workload),
        _ => Err(format!("no subject {name}")),
    }
}
