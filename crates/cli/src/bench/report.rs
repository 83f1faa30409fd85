//! What came of the rounds: as a table, as JSON, as a chart.

use super::{
    kit::{
        chart::{self, Bar, Panel},
        figure::{Unit, median, short},
        machine::machine,
        table::Flush,
    },
    workload::{Family, Play, Workload},
};
use crate::line::Facts;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// One workload in all its rounds.
pub(super) struct Row {
    pub(super) workload: Workload,
    rounds: Vec<Facts>,
    /// The rounds with blocking calls that took turns with those of futures.
    twins: Vec<Facts>,
    pub(super) failure: Option<String>,
}

/// A figure of one round.
type Pick = fn(&Row, &Facts) -> Option<f64>;

pub(super) const HEADING: [&str; 7] =
    ["workload", "median", "unit", "lowest", "highest", Unit::SecondsPerMillion.name(), "note"];
pub(super) const COLUMNS: [Flush; 7] =
    [Flush::Left, Flush::Right, Flush::Left, Flush::Right, Flush::Right, Flush::Right, Flush::Left];

impl Row {
    pub(super) fn new(workload: Workload) -> Self {
        Self { workload, rounds: Vec::new(), twins: Vec::new(), failure: None }
    }

    pub(super) fn add(&mut self, facts: Facts, is_twin: bool) {
        if is_twin { self.twins.push(facts) } else { self.rounds.push(facts) }
    }

    fn figures(&self, rounds: &[Facts], pick: Pick) -> Vec<f64> {
        rounds.iter().filter_map(|facts| pick(self, facts)).collect()
    }

    fn median(&self, pick: Pick) -> Option<f64> {
        median(&self.figures(&self.rounds, pick))
    }

    /// What the workload is about.
    fn figure(&self, facts: &Facts) -> Option<f64> {
        let workload = &self.workload;
        match (workload.family, workload.play()) {
            (Family::Storm, _) => Some(facts.get("storm") as f64 / 1e6),
            (Family::Memory, _) => {
                let octets = facts.find("resident")?;
                Some(octets as f64 / 1024.0 / workload.peers() as f64)
            }
            (_, Play::RoundTrip) => Some(facts.get("median") as f64 / 1e3),
            _ => rate(facts),
        }
    }

    fn cpu(&self, facts: &Facts) -> Option<f64> {
        let received = facts.get("received");
        (received > 0).then(|| facts.get("cpu") as f64 / 1e9 / received as f64 * 1e6)
    }

    fn p99(&self, facts: &Facts) -> Option<f64> {
        Some(facts.find("p99")? as f64 / 1e3)
    }

    /// The part of what was sent.
    fn dropped(&self, facts: &Facts) -> Option<f64> {
        let all = facts.find("sent")? * self.workload.peers() as u64;
        Some(facts.get("lost") as f64 / all.max(1) as f64)
    }

    fn sent(&self, facts: &Facts) -> Option<f64> {
        Some(facts.find("sent")? as f64 / facts.find("sending")?.max(1) as f64 * 1e9)
    }

    fn blocking(&self) -> Option<f64> {
        median(&self.figures(&self.twins, Self::figure))
    }

    /// How fast futures are, compared with blocking calls.
    fn of_blocking(&self) -> Option<f64> {
        let (own, blocking) = (self.median(Self::figure)?, self.blocking()?);
        Some(if self.workload.unit().more_is_better() { own / blocking } else { blocking / own })
    }

    pub(super) fn cells(&self) -> Vec<String> {
        let name = self.workload.to_string();
        if let Some(why) = &self.failure {
            let mut cells = vec![name];
            cells.resize(HEADING.len() - 1, "-".to_owned());
            cells.push(why.clone());
            return cells;
        }
        let values = self.figures(&self.rounds, Self::figure);
        let text = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), short);
        vec![
            name,
            text(median(&values)),
            unit_name(&self.workload).to_owned(),
            text(values.iter().copied().min_by(f64::total_cmp)),
            text(values.iter().copied().max_by(f64::total_cmp)),
            text(self.median(Self::cpu)),
            self.note(),
        ]
    }

    fn note(&self) -> String {
        if let Some((part, blocking)) = self.of_blocking().zip(self.blocking()) {
            return format!("{:.0} % of blocking ({})", part * 100.0, short(blocking));
        }
        if let Some(p99) = self.median(Self::p99) {
            return format!("p99 {} us", short(p99));
        }
        if let Some((part, sent)) = self.median(Self::dropped).zip(self.median(Self::sent)) {
            return format!("sent {}/s, {:.0} % dropped", short(sent), part * 100.0);
        }
        match (self.workload.play(), self.median(Self::figure)) {
            (Play::Stream, Some(rate)) => format!("{}B/s", short(rate * self.workload.size as f64)),
            _ => String::new(),
        }
    }

    fn json(&self) -> Value {
        let workload = &self.workload;
        let mut value = json!({
            "workload": workload.to_string(),
            "family": workload.family.name(),
            "transport": workload.transport.to_string(),
            "size": workload.size,
            "unit": unit_name(workload),
            "more_is_better": workload.unit().more_is_better(),
            "values": self.figures(&self.rounds, Self::figure),
        });
        let more = [
            ("median", self.median(Self::figure)),
            ("cpu_seconds_per_million", self.median(Self::cpu)),
            ("p99_us", self.median(Self::p99)),
            ("sent_per_second", self.median(Self::sent)),
            ("dropped", self.median(Self::dropped)),
            ("blocking_median", self.blocking()),
            ("of_blocking", self.of_blocking()),
        ];
        if let Some(object) = value.as_object_mut() {
            for (name, figure) in more {
                object.extend(figure.map(|figure| (name.to_owned(), json!(figure))));
            }
            object.extend(self.failure.as_ref().map(|why| ("failure".to_owned(), json!(why))));
        }
        value
    }
}

/// Messages that arrived, or came back, a second.
fn rate(facts: &Facts) -> Option<f64> {
    let time = facts.find("nanoseconds").filter(|time| *time > 0)?;
    Some(facts.get("received") as f64 / time as f64 * 1e9)
}

fn unit_name(workload: &Workload) -> &'static str {
    match (workload.unit(), workload.play()) {
        (Unit::PerSecond, Play::Lossy) => "deliveries/s",
        (Unit::PerSecond, Play::Dealers) => "round trips/s",
        (Unit::PerSecond, _) => "messages/s",
        (unit, _) => unit.name(),
    }
}

/// How many messages take this long, as a round of `count` tells.
pub(super) fn scaled(count: u64, facts: &Facts, time: Duration) -> u64 {
    let took = facts.get("nanoseconds").max(facts.get("sending")).max(1);
    (count as f64 / took as f64 * time.as_nanos() as f64) as u64
}

/// What a sender that never waits cannot account for.
pub(super) fn unaccounted(workload: &Workload, facts: &Facts) -> Option<String> {
    let sent = facts.find("sent")? * workload.peers() as u64;
    let (received, lost) = (facts.get("received"), facts.get("lost"));
    (received + lost != sent).then(|| {
        format!("{sent} messages were sent, {received} received and {lost} counted as dropped: some are lost")
    })
}

pub(super) fn json(rows: &[Row]) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "machine": machine(),
        "command": std::env::args().collect::<Vec<_>>().join(" "),
        "rows": rows.iter().map(Row::json).collect::<Vec<_>>(),
    })
}

/// A panel for each unit, on a scale of powers of ten.
pub(super) fn svg(rows: &[Row]) -> String {
    let mut units: BTreeMap<(Unit, &str), Vec<(&Row, f64)>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.failure.is_none()) {
        let figure = row.median(Row::figure).filter(|figure| *figure > 0.0);
        let unit = units.entry((row.workload.unit(), unit_name(&row.workload))).or_default();
        unit.extend(figure.map(|figure| (row, figure)));
    }
    let panels: Vec<Panel> = units.iter().map(|((_, unit), figures)| panel(unit, figures)).collect();
    chart::svg(&[], &panels)
}

fn panel(unit: &str, figures: &[(&Row, f64)]) -> Panel {
    let powers = figures.iter().map(|(_, figure)| figure.log10());
    let low = powers.clone().map(f64::floor).min_by(f64::total_cmp).unwrap_or_default() as i32;
    let high = powers.map(f64::ceil).max_by(f64::total_cmp).unwrap_or_default() as i32;
    let high = high.max(low + 1);
    let power = |power: i32| 10f64.powi(power);
    let bar = |(row, value): &(&Row, f64)| {
        (row.workload.to_string(), vec![Some(Bar { value: *value, label: short(*value) })])
    };
    Panel {
        title: unit.to_owned(),
        base: power(low),
        low: power(low),
        high: power(high),
        ticks: (low..=high).map(|at| (power(at), short(power(at)))).collect(),
        rows: figures.iter().map(bar).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, rounds: &[Facts]) -> Row {
        let mut row = Row::new(name.parse().unwrap());
        rounds.iter().for_each(|facts| row.add(facts.clone(), false));
        row
    }

    #[test]
    fn figures_are_medians_of_the_rounds() {
        let round = |nanoseconds| {
            Facts::default().with("received", 1000).with("nanoseconds", nanoseconds).with("cpu", 500_000)
        };
        let cells = row("thr/push/tcp/64", &[round(1_000_000), round(500_000), round(2_000_000)]).cells();
        let expected = ["thr/push/tcp/64", "1.00 M", "messages/s", "500 k", "2.00 M", "0.500", "64.0 MB/s"];
        assert_eq!(cells, expected);
    }

    #[test]
    fn what_a_publisher_cannot_account_for_is_lost() {
        let workload = "fanout/8/tcp/64".parse().unwrap();
        let facts = |received| Facts::default().with("sent", 10).with("lost", 30).with("received", received);
        assert_eq!(unaccounted(&workload, &facts(50)), None);
        assert!(unaccounted(&workload, &facts(49)).is_some());
        assert!(unaccounted(&workload, &facts(51)).is_some());
    }

    #[test]
    fn futures_are_compared_with_blocking_calls() {
        let trip = |median| Facts::default().with("received", 9).with("median", median).with("p99", 99);
        let mut row = row("async/rtt/tcp/64", &[trip(20_000)]);
        row.add(trip(10_000), true);
        assert_eq!(row.cells().last().unwrap(), "50 % of blocking (10.0)");
    }
}
