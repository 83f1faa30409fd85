//! How the system calls and schedules the I/O threads of a context: name, policy, priority, processors.

use std::{
    collections::BTreeSet,
    ffi::{CString, c_int},
};

/// Names the calling thread, for debuggers and `top`; nothing depends on it.
pub fn call_this_thread(name: &[u8]) {
    #[cfg(target_os = "linux")]
    if let Ok(name) = CString::new(name) {
        // SAFETY: the text ends with a zero, and the system copies it.
        unsafe {
            libc::prctl(libc::PR_SET_NAME, name.as_ptr());
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (name, None::<CString>);
}

/// What the options of a context ask for. What the system refuses (most of it, to most users) stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Scheduling {
    /// `ZMQ_THREAD_SCHED_POLICY`: `SCHED_OTHER`, `SCHED_FIFO` and so on.
    pub policy: Option<c_int>,
    /// `ZMQ_THREAD_PRIORITY`: for the policies that have priorities; for the others how nice a thread is.
    pub priority: Option<c_int>,
    /// `ZMQ_THREAD_AFFINITY_CPU_ADD`: where a thread may run; none for everywhere.
    pub processors: BTreeSet<usize>,
}

impl Scheduling {
    /// Makes it so for the calling thread.
    pub fn apply(&self) {
        if self.policy.is_some() || self.priority.is_some() {
            self.apply_priority();
        }
        #[cfg(target_os = "linux")]
        if !self.processors.is_empty() {
            self.apply_processors();
        }
    }

    fn apply_priority(&self) {
        // SAFETY: all arguments are ours and initialised; the calls concern the calling thread only.
        unsafe {
            let this = libc::pthread_self();
            let (mut policy, mut parameters) = (0, std::mem::zeroed::<libc::sched_param>());
            if libc::pthread_getschedparam(this, &raw mut policy, &raw mut parameters) != 0 {
                return;
            }
            let policy = self.policy.unwrap_or(policy);
            let has_priorities = policy == libc::SCHED_FIFO || policy == libc::SCHED_RR;
            match self.priority {
                Some(priority) if has_priorities => parameters.sched_priority = priority,
                Some(priority) => {
                    // On Linux a thread has its own.
                    libc::setpriority(libc::PRIO_PROCESS, 0, priority);
                }
                None => {}
            }
            libc::pthread_setschedparam(this, policy, &raw const parameters);
        }
    }

    #[cfg(target_os = "linux")]
    fn apply_processors(&self) {
        // SAFETY: an all-zero set is an empty one, and CPU_SET is kept within it; 0 is the calling thread.
        unsafe {
            let mut set = std::mem::zeroed::<libc::cpu_set_t>();
            let most = usize::try_from(libc::CPU_SETSIZE).unwrap_or(0);
            for processor in self.processors.iter().filter(|processor| **processor < most) {
                libc::CPU_SET(*processor, &mut set);
            }
            libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set);
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_called_by_its_name() {
        std::thread::spawn(|| {
            call_this_thread(b"ZMQbg/IO/0");
            assert_eq!(std::fs::read_to_string("/proc/thread-self/comm").unwrap(), "ZMQbg/IO/0\n");
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_thread_runs_where_it_is_told_to() {
        let allowed = || std::thread::available_parallelism().unwrap().get();
        std::thread::spawn(move || {
            Scheduling { processors: BTreeSet::from([0]), ..Scheduling::default() }.apply();
            assert_eq!(allowed(), 1);
            Scheduling { processors: BTreeSet::from([99_999]), ..Scheduling::default() }.apply();
            assert_eq!(allowed(), 1, "what the system refuses changes nothing");
        })
        .join()
        .unwrap();
    }
}
