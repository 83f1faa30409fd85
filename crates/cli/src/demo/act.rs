//! What came of one scene over one transport.

use super::Sabotage;
use crate::line::Facts;

/// How many messages each scene moves.
pub(crate) struct Size {
    pub(crate) round_trips: u64,
    pub(crate) updates: u64,
    pub(crate) tasks: u64,
    pub(crate) requests_per_client: u64,
    pub(crate) sabotage: Option<Sabotage>,
}

/// The result of one run.
pub(crate) struct Act {
    /// The socket types, for the summary.
    pub(crate) sockets: &'static str,
    pub(crate) processes: usize,
    /// What the rate counts.
    pub(crate) unit: &'static str,
    pub(crate) units: u64,
    pub(crate) nanoseconds: u64,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) disordered: u64,
    pub(crate) wrong: u64,
    pub(crate) late: u64,
    /// What else is worth saying.
    pub(crate) remarks: Vec<String>,
}

impl Size {
    pub(crate) fn full(sabotage: Option<Sabotage>) -> Self {
        Self { round_trips: 10_000, updates: 1_000_000, tasks: 200_000, requests_per_client: 2_500, sabotage }
    }

    pub(crate) fn quick(sabotage: Option<Sabotage>) -> Self {
        Self { round_trips: 200, updates: 10_000, tasks: 2_000, requests_per_client: 50, sabotage }
    }
}

impl Act {
    /// Adds up what the processes say. A message that was sent and received by nobody is lost, whatever the receivers
    /// know of it.
    pub(crate) fn new(sockets: &'static str, unit: &'static str, units: u64, everybody: &[&Facts]) -> Self {
        let sum = |name: &str| everybody.iter().map(|facts| facts.get(name)).sum::<u64>();
        let (sent, received) = (sum("sent"), sum("received"));
        Self {
            sockets,
            unit,
            units,
            processes: everybody.len(),
            nanoseconds: everybody.iter().map(|facts| facts.get("nanoseconds")).max().unwrap_or_default(),
            sent,
            received,
            lost: sum("lost").max(sent.saturating_sub(received)),
            doubled: sum("doubled"),
            disordered: sum("disordered"),
            wrong: sum("wrong"),
            late: sum("late"),
            remarks: Vec::new(),
        }
    }

    pub(crate) fn remark(mut self, text: String) -> Self {
        self.remarks.push(text);
        self
    }

    pub(crate) fn faultless(&self) -> bool {
        self.faults().iter().all(|(count, _)| *count == 0) && self.sent == self.received && self.units > 0
    }

    /// Every kind of fault, with its name.
    pub(crate) fn faults(&self) -> [(u64, &'static str); 5] {
        [
            (self.lost, "lost"),
            (self.doubled, "doubled"),
            (self.disordered, "out of order"),
            (self.wrong, "wrong"),
            (self.late, "late"),
        ]
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.nanoseconds as f64 / 1e9
    }

    /// Units per second.
    pub(crate) fn rate(&self) -> u64 {
        if self.nanoseconds == 0 { 0 } else { (self.units as f64 / self.seconds()) as u64 }
    }
}
