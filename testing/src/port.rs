//! Ports of loopback that no other process is given while this one lives.

use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// A tcp endpoint that nobody listens at, for those who connect before anybody binds, and for what is bound again and
/// again. Below the range from which the system picks, and no other process is given it as long as this one lives:
/// between two binds nobody else takes it, and whoever still tries to connect to it disturbs no test but its own.
///
/// # Panics
/// When the system gives out no name in the abstract namespace, by which processes tell each other.
pub fn free_tcp() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    static HELD: Mutex<Vec<UnixDatagram>> = Mutex::new(Vec::new());
    let start = std::process::id() as usize * 97;
    loop {
        let port = 10_000 + (start + NEXT.fetch_add(1, Relaxed)) % 20_000;
        let name =
            SocketAddr::from_abstract_name(format!("zeroxide test port {port}")).expect("a short name");
        let Ok(held) = UnixDatagram::bind_addr(&name) else { continue };
        if TcpListener::bind(("127.0.0.1", u16::try_from(port).expect("a port"))).is_ok() {
            HELD.lock().unwrap_or_else(PoisonError::into_inner).push(held);
            return format!("tcp://127.0.0.1:{port}");
        }
    }
}

/// `tcp://127.x.y.z:*`, where no other process binds or connects from. On 127.0.0.1 a port that was given up may be anybody's
/// before it is bound again, or be where another connection comes from; here it stays free.
///
/// ```
/// let at = zeroxide_testing::own_address();
/// assert!(at.starts_with("tcp://127.") && at.ends_with(":*"));
/// ```
pub fn own_address() -> String {
    // Numbers of processes have at most 22 bits on Linux.
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    format!("tcp://127.{}.{middle}.{low}:*", 64 | high)
}
