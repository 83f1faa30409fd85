//! Why a message was not delivered: every loss has a reason and is counted under it.

/// The reason why a message was dropped.
///
/// ```
/// use zeroxide_proto::Loss;
/// let mut counts = [0; Loss::ALL.len()];
/// counts[Loss::HighWaterMark as usize] += 3;
/// let told: Vec<_> = Loss::ALL.into_iter().zip(counts).filter(|(_, count)| *count > 0).collect();
/// assert_eq!(told, [(Loss::HighWaterMark, 3)]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Loss {
    /// The queue of the peer was full and the socket type does not wait.
    HighWaterMark,
    /// No peer was there to take it, and the socket type does not wait.
    NoPeer,
    /// It was addressed to a peer that is not, or no longer, connected.
    Unroutable,
    /// Its time to linger after a close was over.
    Linger,
    /// A newer message took its place.
    Conflated,
    /// It was longer than allowed.
    Oversized,
    /// It did not have the envelope that the socket type asks for.
    BadEnvelope,
    /// It answered a request that nobody waits for any more, or came from a peer that was not asked.
    Stale,
    /// It matched no subscription.
    Unsubscribed,
    /// The connection broke while it was queued for it alone.
    Disconnected,
}

impl Loss {
    /// Every reason, in a fixed order.
    pub const ALL: [Self; 10] = [
        Self::HighWaterMark,
        Self::NoPeer,
        Self::Unroutable,
        Self::Linger,
        Self::Conflated,
        Self::Oversized,
        Self::BadEnvelope,
        Self::Stale,
        Self::Unsubscribed,
        Self::Disconnected,
    ];
}
