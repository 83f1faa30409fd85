//! An address of the loopback network for this process alone.

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
