//! A coordinator's rules: who is there, and who came late. No sockets, no clock.

use super::{ADMITTED, AGAIN, FULL, GO, HERE, LATE, OK, OTHER};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use zeroxide::{Frame, Message};

/// What becomes of nodes that come after the GO.
///
/// ```
/// use zeroxide_patterns::coordination::Late;
/// assert_eq!(Late::default(), Late::Refused);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Late {
    /// They are told that they are too late.
    #[default]
    Refused,
    /// They are let in, and told that they have missed something.
    Admitted,
}

/// What a coordinator has heard.
///
/// ```
/// use zeroxide_patterns::coordination::GatheringStatistics;
/// assert_eq!(GatheringStatistics::default().late, 0);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct GatheringStatistics {
    /// Answers to calls of another epoch: to a coordinator before this one.
    pub other: u64,
    /// Words of nodes that came after the GO.
    pub late: u64,
    /// Words of nodes for which there was no room.
    pub refused: u64,
    /// Messages without a meaning.
    pub malformed: u64,
}

/// The rules of a coordinator; [the module](super) says what they promise.
///
/// ```
/// use std::time::{Duration, Instant};
/// use zeroxide::Message;
/// use zeroxide_patterns::coordination::{Gathering, Late};
///
/// let now = Instant::now();
/// let mut gathering = Gathering::new("join", "epoch", Duration::from_secs(1), 1_000, Late::Refused);
/// assert_eq!(gathering.call(), Message::from(["join", "epoch"]));
/// let answer = gathering.heard(Message::from(["address", "", "HERE", "epoch", "node 1"]), now);
/// assert_eq!(answer, Some(Message::from(["address", "", "OK", "epoch"])));
/// assert_eq!(gathering.present(now), 1);
/// assert_eq!(gathering.go(), Message::from(["join", "epoch", "GO"]));
/// ```
#[derive(Debug)]
pub struct Gathering {
    topic: Frame,
    epoch: Frame,
    silence: Duration,
    most: usize,
    late: Late,
    /// When each was heard last.
    nodes: BTreeMap<Vec<u8>, Instant>,
    gone: bool,
    counts: GatheringStatistics,
}

impl Gathering {
    /// A coordinator that calls on this topic. The epoch has to be another one each time. A node that is silent for so
    /// long is not there; there may be so many nodes.
    pub fn new(
        topic: impl Into<Frame>,
        epoch: impl Into<Frame>,
        silence: Duration,
        most: usize,
        late: Late,
    ) -> Self {
        let counts = GatheringStatistics::default();
        let (topic, epoch) = (topic.into(), epoch.into());
        Self { topic, epoch, silence, most, late, nodes: BTreeMap::new(), gone: false, counts }
    }

    /// What is to be published again and again, after the GO as well.
    pub fn call(&self) -> Message {
        let mut call = Message::from([self.topic.clone(), self.epoch.clone()]);
        if self.gone {
            call.push_back(GO);
            call.push_back(AGAIN);
        }
        call
    }

    /// What is to be published once: from now on nodes are late.
    pub fn go(&mut self) -> Message {
        self.gone = true;
        [self.topic.clone(), self.epoch.clone(), GO.into()].into_iter().collect()
    }

    /// A message as the ROUTER receives it, and the answer.
    pub fn heard(&mut self, message: Message, now: Instant) -> Option<Message> {
        let [address, delimiter, word, epoch, name] = message.frames() else {
            self.counts.malformed += 1;
            return None;
        };
        if !delimiter.is_empty() || word[..] != *HERE {
            self.counts.malformed += 1;
            return None;
        }
        let is_known = self.nodes.contains_key(&name[..]);
        let answer = if epoch[..] != self.epoch[..] {
            self.counts.other += 1;
            OTHER
        } else if is_known {
            self.nodes.insert(name.to_vec(), now);
            OK
        } else if self.gone {
            self.counts.late += 1;
            match self.late {
                Late::Refused => LATE,
                Late::Admitted => ADMITTED,
            }
        } else if self.nodes.len() >= self.most {
            self.counts.refused += 1;
            FULL
        } else {
            self.nodes.insert(name.to_vec(), now);
            OK
        };
        Some([address.clone(), Frame::EMPTY, answer.into(), self.epoch.clone()].into_iter().collect())
    }

    /// How many nodes are there: they have joined, and were heard lately.
    pub fn present(&self, now: Instant) -> usize {
        self.nodes.values().filter(|heard| **heard + self.silence > now).count()
    }

    /// Their names; those that have joined and are silent are not among them.
    pub fn names(&self, now: Instant) -> Vec<Frame> {
        let present = self.nodes.iter().filter(|(_, heard)| **heard + self.silence > now);
        present.map(|(name, _)| Frame::copy_from(name)).collect()
    }

    /// What it has heard.
    pub fn statistics(&self) -> GatheringStatistics {
        self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn gathering(late: Late) -> Gathering {
        Gathering::new("join", "e", SECOND, 2, late)
    }

    fn here(gathering: &mut Gathering, name: &str, epoch: &str, now: Instant) -> String {
        let answer = gathering.heard(Message::from(["a", "", "HERE", epoch, name]), now).unwrap();
        assert_eq!((&answer[0], &answer[1], &answer[3]), (&"a".into(), &Frame::EMPTY, &"e".into()));
        answer[2].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_node_counts_as_long_as_it_answers_and_once() {
        let (mut gathering, now) = (gathering(Late::Refused), Instant::now());
        assert_eq!(here(&mut gathering, "1", "e", now), "OK");
        assert_eq!(here(&mut gathering, "1", "e", now), "OK");
        assert_eq!(here(&mut gathering, "2", "e", now + SECOND / 2), "OK");
        assert_eq!(gathering.present(now + SECOND / 2), 2);
        assert_eq!(gathering.present(now + SECOND), 1, "the first is silent");
        assert_eq!(gathering.names(now + SECOND), ["2"]);
        assert_eq!(here(&mut gathering, "3", "e", now), "FULL");
        assert_eq!(here(&mut gathering, "1", "before", now), "OTHER");
        assert_eq!((gathering.statistics().refused, gathering.statistics().other), (1, 1));
    }

    #[test]
    fn whoever_comes_after_the_go_is_late() {
        for (late, word) in [(Late::Refused, "LATE"), (Late::Admitted, "ADMITTED")] {
            let (mut gathering, now) = (gathering(late), Instant::now());
            here(&mut gathering, "1", "e", now);
            assert_eq!(gathering.call(), Message::from(["join", "e"]));
            assert_eq!(gathering.go(), Message::from(["join", "e", "GO"]));
            assert_eq!(gathering.call(), Message::from(["join", "e", "GO", "AGAIN"]));
            assert_eq!(here(&mut gathering, "2", "e", now), word);
            assert_eq!(here(&mut gathering, "1", "e", now), "OK", "it was there");
            assert_eq!((gathering.present(now), gathering.statistics().late), (1, 1));
        }
    }

    #[test]
    fn what_has_no_meaning_is_counted() {
        let (mut gathering, now) = (gathering(Late::Refused), Instant::now());
        for wrong in [
            &["a"][..],
            &["a", "", "HERE", "e"],
            &["a", "", "THERE", "e", "1"],
            &["a", "x", "HERE", "e", "1"],
        ] {
            assert_eq!(gathering.heard(Message::from_frames(wrong.iter().copied()), now), None);
        }
        assert_eq!((gathering.statistics().malformed, gathering.present(now)), (4, 0));
    }
}
