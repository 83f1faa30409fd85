//! What the processes of the demo and of the benchmark tell it, one line each on their stdout.

use std::collections::BTreeMap;

/// A line from a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// It is bound to these endpoints, or connected.
    Ready(Vec<String>),
    /// Something worth showing.
    Sample(String),
    /// So much is done.
    Progress(u64),
    /// Everything is done; this came of it.
    Done(Facts),
    /// It cannot go on.
    Failed(String),
}

/// Counts by name: `sent`, `received`, the faults of an act of the demo, `nanoseconds`, and what a scene adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts(BTreeMap<String, u64>);

impl Facts {
    pub(crate) fn find(&self, name: &str) -> Option<u64> {
        self.0.get(name).copied()
    }

    pub(crate) fn get(&self, name: &str) -> u64 {
        self.find(name).unwrap_or_default()
    }

    pub(crate) fn add(&mut self, name: &str, count: u64) {
        *self.0.entry(name.to_owned()).or_default() += count;
    }

    /// All of both.
    pub(crate) fn joined(mut self, other: Self) -> Self {
        for (name, count) in other.0 {
            self.add(&name, count);
        }
        self
    }

    /// This count in place of what was there.
    pub(crate) fn with_only(mut self, name: &str, count: u64) -> Self {
        self.0.insert(name.to_owned(), count);
        self
    }

    pub(crate) fn with(mut self, name: &str, count: u64) -> Self {
        self.add(name, count);
        self
    }
}

impl Line {
    /// As it is written.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Ready(endpoints) => format!("ready {}", endpoints.join(" ")),
            Self::Sample(text) => format!("sample {text}"),
            Self::Progress(count) => format!("progress {count}"),
            Self::Done(Facts(facts)) => {
                let facts: Vec<_> = facts.iter().map(|(name, count)| format!("{name}={count}")).collect();
                format!("done {}", facts.join(" "))
            }
            Self::Failed(text) => format!("failed {}", text.replace('\n', " ")),
        }
    }

    /// From what was written; none if it is no such line.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(' ')?;
        let words = || rest.split(' ').filter(|word| !word.is_empty());
        match kind {
            "ready" => Some(Self::Ready(words().map(str::to_owned).collect())),
            "sample" => Some(Self::Sample(rest.to_owned())),
            "progress" => rest.parse().ok().map(Self::Progress),
            "done" => {
                let fact = |word: &str| {
                    let (name, count) = word.split_once('=')?;
                    Some((name.to_owned(), count.parse().ok()?))
                };
                words().map(fact).collect::<Option<_>>().map(|facts| Self::Done(Facts(facts)))
            }
            "failed" => Some(Self::Failed(rest.to_owned())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_says_is_understood() {
        let lines = [
            Line::Ready(vec![]),
            Line::Ready(vec!["tcp://127.0.0.1:1".to_owned(), "ipc:///tmp/a".to_owned()]),
            Line::Sample("Hello -> World".to_owned()),
            Line::Progress(17),
            Line::Done(Facts::default().with("sent", 3).with("received", 4)),
            Line::Failed("no file left".to_owned()),
        ];
        for line in lines {
            assert_eq!(Line::parse(&line.text()), Some(line));
        }
        for other in ["", "ready", "dance 1", "done sent", "progress fast"] {
            assert_eq!(Line::parse(other), None, "{other}");
        }
    }
}
