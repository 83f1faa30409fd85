//! Room for many descriptors, made while that is cheap.

use rustix::fd::AsFd;
use rustix::process::{Resource, getrlimit};

/// So many descriptors, if the process may have them: what the system keeps for each of them is eight octets.
const MANY: u64 = 4096;
/// Links of a directory of threads: itself, the one above, and one for each thread.
const LINKS_OF_ONE_THREAD: u64 = 3;

/// Has the system make room for many descriptors in the table of this process, if it has only one thread yet. The table grows
/// by itself, to twice its size, but where threads share it each step waits until none of them can be looking at the old one.
/// `sample` is any descriptor that is open. Whatever goes wrong changes nothing.
///
/// ```
/// let ring = zeroxide_net::Ring::new()?;
/// zeroxide_net::make_room_for_descriptors(&ring);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn make_room_for_descriptors(sample: impl AsFd) {
    if !rustix::fs::stat("/proc/self/task").is_ok_and(|threads| threads.st_nlink == LINKS_OF_ONE_THREAD) {
        return;
    }
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(MANY).min(MANY);
    if let Some(last) = limit.checked_sub(1).and_then(|last| last.try_into().ok()) {
        // A high number is what makes the table grow; it is given back at once.
        drop(rustix::io::fcntl_dupfd_cloexec(sample, last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ring, Stream};
    use std::os::fd::AsRawFd;

    #[test]
    fn the_room_that_is_made_takes_no_number_away() {
        let ring = Ring::new().unwrap();
        make_room_for_descriptors(&ring);
        let (one, other) = Stream::pair().unwrap();
        let most = i32::try_from(MANY - 1).unwrap();
        assert!(one.as_fd().as_raw_fd() < most && other.as_fd().as_raw_fd() < most);
    }
}
