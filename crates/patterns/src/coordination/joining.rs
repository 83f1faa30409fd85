//! A node's rules: when it says that it is there, and when it has joined. No sockets, no clock.
//!
//! ```text
//! waits --call--> says HERE --OK--> accepted --GO--> joined in time
//!   ^                |                  |
//!   '- another epoch-'------------------'    GO AGAIN, or GO without OK: says HERE; LATE, or let in and late
//! ```

use super::{ADMITTED, AGAIN, FULL, GO, HERE, LATE, OK, OTHER};
use zeroxide::{Frame, Message};

/// How a node has joined.
///
/// ```
/// use zeroxide_patterns::coordination::Joined;
/// let joined = Joined { epoch: "e".into(), in_time: true };
/// assert!(joined.in_time);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing else to tell")]
pub struct Joined {
    /// The epoch of the coordinator.
    pub epoch: Frame,
    /// Whether it gets all that is published from now on, and nothing was published before; otherwise it was late.
    pub in_time: bool,
}

/// What follows from a message.
#[derive(Clone, PartialEq, Eq, Debug)]
#[expect(clippy::exhaustive_enums, reason = "these are all outcomes of joining")]
pub enum Step {
    /// Nothing.
    Wait,
    /// This is to be sent to the coordinator.
    Say(Message),
    /// That was it.
    Joined(Joined),
    /// It came too late, and is not let in.
    Late,
    /// There is no room for it.
    Full,
}

/// The rules of a node; [the module](super) says what they promise.
///
/// ```
/// use zeroxide::Message;
/// use zeroxide_patterns::coordination::{Joining, Step};
/// let mut joining = Joining::new("join", "node 1");
/// let said = joining.from_publisher(&Message::from(["join", "epoch"]));
/// assert_eq!(said, Step::Say(Message::from(["", "HERE", "epoch", "node 1"])));
/// assert_eq!(joining.from_coordinator(&Message::from(["", "OK", "epoch"])), Step::Wait);
/// let Step::Joined(joined) = joining.from_publisher(&Message::from(["join", "epoch", "GO"])) else {
///     return Err("not joined");
/// };
/// assert!(joined.in_time);
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug)]
pub struct Joining {
    topic: Frame,
    name: Frame,
    /// The epoch in which it was told OK.
    accepted: Option<Frame>,
    /// The epoch whose GO it heard, and whether that was the first.
    gone: Option<(Frame, bool)>,
    heard: bool,
}

impl Joining {
    /// A node of that name, which should be no other's.
    pub fn new(topic: impl Into<Frame>, name: impl Into<Frame>) -> Self {
        Self { topic: topic.into(), name: name.into(), accepted: None, gone: None, heard: false }
    }

    /// Whether it has heard a call, and whether that was answered.
    pub fn progress(&self) -> (bool, bool) {
        (self.heard, self.accepted.is_some())
    }

    /// A message as the SUB receives it.
    pub fn from_publisher(&mut self, message: &Message) -> Step {
        let (epoch, go) = match message.frames() {
            [topic, epoch] if *topic == self.topic => (epoch, None),
            [topic, epoch, go] if *topic == self.topic && go[..] == *GO => (epoch, Some(true)),
            [topic, epoch, go, again] if *topic == self.topic && go[..] == *GO && again[..] == *AGAIN => {
                (epoch, Some(false))
            }
            _ => return Step::Wait,
        };
        self.heard = true;
        if let Some(first) = go {
            // What was heard first counts: after it nothing was missed.
            if self.gone.as_ref().is_none_or(|(before, _)| before != epoch) {
                self.gone = Some((epoch.clone(), first));
            }
            if let Some(joined) = self.joined() {
                return Step::Joined(joined);
            }
        }
        Step::Say(self.here(epoch))
    }

    /// What the coordinator is to be asked until it answers, after the GO. Nothing is to be read from the SUB meanwhile:
    /// what stands behind the GO is for the application.
    pub fn asks(&self) -> Option<Message> {
        self.gone.as_ref().map(|(epoch, _)| self.here(epoch))
    }

    fn here(&self, epoch: &Frame) -> Message {
        [Frame::EMPTY, HERE.into(), epoch.clone(), self.name.clone()].into_iter().collect()
    }

    /// A message as the DEALER receives it.
    pub fn from_coordinator(&mut self, message: &Message) -> Step {
        let [delimiter, word, epoch] = message.frames() else { return Step::Wait };
        if !delimiter.is_empty() {
            return Step::Wait;
        }
        let is_gone = self.gone.as_ref().is_some_and(|(gone, _)| gone == epoch);
        if word[..] == *OK {
            self.accepted = Some(epoch.clone());
            self.joined().map_or(Step::Wait, Step::Joined)
        } else if word[..] == *ADMITTED && is_gone {
            Step::Joined(Joined { epoch: epoch.clone(), in_time: false })
        } else if word[..] == *LATE && is_gone {
            Step::Late
        } else if word[..] == *FULL {
            Step::Full
        } else {
            // Of a coordinator that came after the one that went: it will call.
            if word[..] == *OTHER && !is_gone {
                self.gone = None;
            }
            Step::Wait
        }
    }

    /// It was told OK in the epoch that went.
    fn joined(&self) -> Option<Joined> {
        let (gone, first) = self.gone.as_ref()?;
        (self.accepted.as_ref() == Some(gone)).then(|| Joined { epoch: gone.clone(), in_time: *first })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published<const N: usize>(joining: &mut Joining, frames: [&str; N]) -> Step {
        joining.from_publisher(&Message::from(frames))
    }

    fn told(joining: &mut Joining, word: &str, epoch: &str) -> Step {
        joining.from_coordinator(&Message::from(["", word, epoch]))
    }

    fn here(epoch: &str) -> Step {
        Step::Say(Message::from(["", "HERE", epoch, "n"]))
    }

    fn joined(epoch: &str, in_time: bool) -> Step {
        Step::Joined(Joined { epoch: epoch.into(), in_time })
    }

    #[test]
    fn it_answers_each_call_and_has_joined_at_the_go() {
        let mut node = Joining::new("join", "n");
        assert_eq!(published(&mut node, ["data"]), Step::Wait);
        assert_eq!(published(&mut node, ["joint", "e"]), Step::Wait, "another topic with this beginning");
        assert_eq!(node.progress(), (false, false));
        assert_eq!(published(&mut node, ["join", "e"]), here("e"));
        assert_eq!(published(&mut node, ["join", "e"]), here("e"), "it is still there");
        assert_eq!(told(&mut node, "OK", "e"), Step::Wait);
        assert_eq!(node.progress(), (true, true));
        assert_eq!(published(&mut node, ["join", "e", "GO"]), joined("e", true));
    }

    #[test]
    fn the_go_may_overtake_the_ok() {
        let mut node = Joining::new("join", "n");
        published(&mut node, ["join", "e"]);
        assert_eq!(
            published(&mut node, ["join", "e", "GO"]),
            here("e"),
            "nobody has said yet that it counts"
        );
        assert_eq!(published(&mut node, ["join", "e", "GO", "AGAIN"]), here("e"));
        assert_eq!(told(&mut node, "OK", "e"), joined("e", true), "it heard the first");
    }

    #[test]
    fn whoever_missed_the_go_is_late_though_it_had_joined() {
        let mut node = Joining::new("join", "n");
        published(&mut node, ["join", "e"]);
        told(&mut node, "OK", "e");
        assert_eq!(published(&mut node, ["join", "e", "GO", "AGAIN"]), joined("e", false));
    }

    #[test]
    fn whoever_comes_after_the_go_is_told() {
        let mut node = Joining::new("join", "n");
        assert_eq!(published(&mut node, ["join", "e", "GO", "AGAIN"]), here("e"));
        assert_eq!(told(&mut node.clone(), "LATE", "e"), Step::Late);
        assert_eq!(told(&mut node.clone(), "FULL", "e"), Step::Full);
        assert_eq!(told(&mut node, "ADMITTED", "e"), joined("e", false));
    }

    #[test]
    fn another_coordinator_means_to_join_again() {
        let mut node = Joining::new("join", "n");
        published(&mut node, ["join", "e"]);
        told(&mut node, "OK", "e");
        assert_eq!(published(&mut node, ["join", "f"]), here("f"));
        assert_eq!(told(&mut node, "OTHER", "f"), Step::Wait);
        assert_eq!(published(&mut node, ["join", "f", "GO"]), here("f"), "it counts for the one before only");
        assert_eq!(told(&mut node, "LATE", "e"), Step::Wait, "of the one before");
        assert_eq!(told(&mut node, "OK", "f"), joined("f", true));
    }

    #[test]
    fn a_coordinator_that_went_and_died_is_waited_for_no_longer_when_there_is_another() {
        let mut node = Joining::new("join", "n");
        published(&mut node, ["join", "e"]);
        published(&mut node, ["join", "e", "GO"]);
        assert!(node.asks().is_some());
        assert_eq!(told(&mut node, "OTHER", "f"), Step::Wait);
        assert_eq!(node.asks(), None, "it listens again");
        assert_eq!(published(&mut node, ["join", "f"]), here("f"));
    }

    #[test]
    fn what_has_no_meaning_means_nothing() {
        let mut node = Joining::new("join", "n");
        for wrong in [
            &[][..],
            &["join"],
            &["join", "e", "STOP"],
            &["join", "e", "GO", "x"],
            &["join", "e", "GO", "AGAIN", ""],
        ] {
            assert_eq!(node.from_publisher(&Message::from_frames(wrong.iter().copied())), Step::Wait);
        }
        for wrong in [&["OK", "e"][..], &["x", "OK", "e"], &["", "WHAT", "e"], &["", "OK"]] {
            assert_eq!(node.from_coordinator(&Message::from_frames(wrong.iter().copied())), Step::Wait);
        }
        assert_eq!(node.progress(), (false, false));
    }
}
