//! On which cores the two processes of a run are.
//!
//! The scheduler puts them on one or on two as it likes, and what a wake-up or a cold cache costs depends on that more than on
//! any library. A run that says where they are compares like with like.

use crate::{subject::Transport, workload::Workload};
use clap::ValueEnum;
use std::{io, mem};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Cores {
    /// Wherever the scheduler puts them, as a program has it.
    #[default]
    Free,
    /// Each of two processes has a core to itself, with all its threads; a proxy goes where it likes.
    Apart,
    /// All share one core.
    Together,
}

impl Cores {
    /// The word for the command line.
    pub fn name(self) -> &'static str {
        match self {
            Cores::Free => "free",
            Cores::Apart => "apart",
            Cores::Together => "together",
        }
    }

    /// Binds this process, before it has threads, as the side that it plays.
    pub fn enter(self, side: &str, workload: &Workload) -> io::Result<()> {
        let is_alone = workload.plan.transport == Transport::Inproc || workload.pattern.is_alone();
        match (self, side) {
            (Cores::Free, _) | (Cores::Apart, "proxy") => Ok(()),
            (Cores::Apart, _) if is_alone => Ok(()),
            (Cores::Apart, "client") => bind_to(1),
            (Cores::Apart | Cores::Together, _) => bind_to(0),
        }
    }
}

/// Binds this thread to the one of its cores with this number.
fn bind_to(number: usize) -> io::Result<()> {
    // SAFETY: the sets are valid, and as long as is said; no number beyond them is asked for.
    unsafe {
        let (mut ours, mut one): (libc::cpu_set_t, libc::cpu_set_t) = (mem::zeroed(), mem::zeroed());
        let size = size_of::<libc::cpu_set_t>();
        if libc::sched_getaffinity(0, size, &raw mut ours) != 0 {
            return Err(io::Error::last_os_error());
        }
        let mut cores = (0..libc::CPU_SETSIZE as usize).filter(|core| libc::CPU_ISSET(*core, &ours));
        let core = cores.nth(number).ok_or_else(|| io::Error::other("there are too few cores for that"))?;
        libc::CPU_SET(core, &mut one);
        if libc::sched_setaffinity(0, size, &raw const one) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}
