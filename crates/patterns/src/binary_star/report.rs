//! What the servers of a pair tell each other.
//!
//! ```text
//!   frame 1   '1' primary, waits   '2' backup, waits   '3' active   '4' passive      all that the Guide's servers send
//!   frame 2   version (1)  role (1 primary, 2 backup)  flags (1: has yielded)
//!   frame 3   16 octets that are another for each start of a server
//!   frame 4   the number of the last promotion, 8 octets, big endian
//!   frame 5   when it was sent, milliseconds since 1970, 8 octets, big endian; for people with a capture
//! ```

use std::{fmt, time::SystemTime};
use zeroxide::Message;

/// What tells one run of a server from all others.
pub type NodeId = [u8; 16];

/// What a server of a pair was started as.
///
/// ```
/// use zeroxide_patterns::binary_star::Role;
/// assert_eq!(Role::Primary.other(), Role::Backup);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// It serves if both are there.
    Primary,
    /// It serves if the primary does not.
    Backup,
}

impl Role {
    /// That of the peer.
    pub fn other(self) -> Self {
        match self {
            Self::Primary => Self::Backup,
            Self::Backup => Self::Primary,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Primary => "primary",
            Self::Backup => "backup",
        })
    }
}

/// What a server of a pair is at a time.
///
/// ```
/// use zeroxide_patterns::binary_star::Phase;
/// assert_eq!(Phase::Active.to_string(), "active");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// A primary that waits for its peer, or for the first client.
    Primary,
    /// A backup that waits for its peer.
    Backup,
    /// It serves.
    Active,
    /// The other one serves.
    Passive,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Primary => "waiting as primary",
            Self::Backup => "waiting as backup",
            Self::Active => "active",
            Self::Passive => "passive",
        })
    }
}

/// What one server tells the other.
///
/// ```
/// use zeroxide::Message;
/// use zeroxide_patterns::binary_star::{Phase, Report, Role};
/// let report = Report::new(Role::Backup, Phase::Active, [7; 16], 3);
/// assert_eq!(Report::parse(&report.encode()), Some(report));
/// // The Guide's servers send one digit. Whether they are primary or backup is known only while they wait.
/// let old = Report::parse(&Message::from("2")).map(|old| (old.phase, old.role, old.node));
/// assert_eq!(old, Some((Phase::Backup, Some(Role::Backup), None)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Report {
    /// What it is now.
    pub phase: Phase,
    /// What it was started as, if it says so.
    pub role: Option<Role>,
    /// Who it is, if it says so.
    pub node: Option<NodeId>,
    /// The number of the last promotion that it knows of, if it counts them.
    pub epoch: Option<u64>,
    /// It was active, and has handed over by order.
    pub yielded: bool,
}

impl Report {
    /// The report of a server that has not yielded.
    pub fn new(role: Role, phase: Phase, node: NodeId, epoch: u64) -> Self {
        Self { phase, role: Some(role), node: Some(node), epoch: Some(epoch), yielded: false }
    }

    /// As it is sent.
    pub fn encode(&self) -> Message {
        let digit: &[u8] = match self.phase {
            Phase::Primary => b"1",
            Phase::Backup => b"2",
            Phase::Active => b"3",
            Phase::Passive => b"4",
        };
        let mut message = Message::from(digit);
        if let (Some(role), Some(node)) = (self.role, self.node) {
            let role = match role {
                Role::Primary => 1,
                Role::Backup => 2,
            };
            message.push_back(&[VERSION, role, u8::from(self.yielded)]);
            message.push_back(&node);
            message.push_back(&self.epoch.unwrap_or_default().to_be_bytes());
            message.push_back(&now().to_be_bytes());
        }
        message
    }

    /// What was received; nothing if it is no report. Later versions may have more frames, and longer ones.
    pub fn parse(message: &Message) -> Option<Self> {
        let mut frames = message.iter().map(|frame| &frame[..]);
        let (phase, said) = match frames.next()? {
            b"1" => (Phase::Primary, Some(Role::Primary)),
            b"2" => (Phase::Backup, Some(Role::Backup)),
            b"3" => (Phase::Active, None),
            b"4" => (Phase::Passive, None),
            _ => return None,
        };
        let Some(head) = frames.next() else {
            return Some(Self { phase, role: said, node: None, epoch: None, yielded: false });
        };
        let (role, flags) = match *head {
            [0, ..] => return None,
            [_, 1, flags, ..] => (Role::Primary, flags),
            [_, 2, flags, ..] => (Role::Backup, flags),
            _ => return None,
        };
        let node = frames.next()?.try_into().ok()?;
        let epoch = u64::from_be_bytes(frames.next()?.try_into().ok()?);
        if said.is_some_and(|said| said != role) {
            return None;
        }
        Some(Self { phase, role: Some(role), node: Some(node), epoch: Some(epoch), yielded: flags & 1 != 0 })
    }
}

const VERSION: u8 = 1;

fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "read by people, compared with nothing")]
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_frame_is_what_the_guides_servers_send() {
        let digits =
            [(Phase::Primary, "1"), (Phase::Backup, "2"), (Phase::Active, "3"), (Phase::Passive, "4")];
        for (phase, digit) in digits {
            let role = if phase == Phase::Backup { Role::Backup } else { Role::Primary };
            let message = Report::new(role, phase, [9; 16], 0x0102).encode();
            let frames: Vec<&[u8]> = message.iter().map(|frame| &frame[..]).collect();
            assert_eq!(frames.len(), 5);
            assert_eq!(frames[0], digit.as_bytes());
            assert_eq!(frames[1], [1, if phase == Phase::Backup { 2 } else { 1 }, 0]);
            assert_eq!(frames[2], [9; 16]);
            assert_eq!(frames[3], [0, 0, 0, 0, 0, 0, 1, 2]);
            assert_eq!(Report::parse(&Message::from(digit)).unwrap().phase, phase);
        }
    }

    #[test]
    fn what_contradicts_itself_or_is_cut_off_is_no_report() {
        for nonsense in ["", "0", "5", "33", "x"] {
            assert_eq!(Report::parse(&Message::from(nonsense)), None);
        }
        let whole = Report::new(Role::Primary, Phase::Active, [9; 16], 1).encode();
        for frames in 2..4 {
            assert_eq!(Report::parse(&whole.iter().take(frames).cloned().collect()), None, "{frames} frames");
        }
        let liar = Message::from([&b"1"[..], &[1, 2, 0], &[9; 16], &[0; 8]]);
        assert_eq!(Report::parse(&liar), None);
    }

    proptest! {
        #[test]
        fn no_octets_do_harm(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..7)) {
            let _ = Report::parse(&frames.into_iter().collect());
        }

        #[test]
        fn what_is_sent_is_understood(node: [u8; 16], epoch: u64, yielded: bool, active: bool, primary: bool) {
            let role = if primary { Role::Primary } else { Role::Backup };
            let phase = if active { Phase::Active } else { Phase::Passive };
            let report = Report { yielded, ..Report::new(role, phase, node, epoch) };
            prop_assert_eq!(Report::parse(&report.encode()), Some(report));
        }
    }
}
