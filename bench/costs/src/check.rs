//! Compares what was counted with what is on record.

use crate::{
    record::{Cost, Record},
    work::{Threads, Work},
};

/// What may still be the same: allocations are counted in hundredths, and instructions in whole ones. Where threads meet,
/// a queue that happens to run empty gives its memory back and takes new: less than an allocation for two messages.
fn slack(work: &Work) -> Cost {
    let allocations = if work.threads == Threads::All { 0.5 } else { 0.02 };
    Cost { instructions: 1.0, allocations }
}

/// A work, and what it costs more or less than it did.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) worse: Vec<String>,
    pub(crate) better: Vec<String>,
}

/// Compares one work. Instructions count only if they were counted with the same tools.
pub(crate) fn compare(work: &Work, now: &Cost, before: &Record, same_tools: bool) -> Verdict {
    let mut verdict = Verdict::default();
    let Some(then) = before.costs.get(work.name) else {
        verdict.worse.push(format!("{}: not on record", work.name));
        return verdict;
    };
    let mut judge = |what: &str, pick: fn(&Cost) -> f64| {
        let (now, then, slack) = (pick(now), pick(then), pick(&slack(work)));
        let text = format!("{}: {now:.2} {what}, {then:.2} on record", work.name);
        if now > then * (1.0 + work.tolerance) + slack {
            verdict.worse.push(text);
        } else if now < then * (1.0 - work.tolerance) - slack {
            verdict.better.push(text);
        }
    };
    judge("allocations", |cost| cost.allocations);
    if same_tools {
        judge("instructions", |cost| cost.instructions);
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work;

    #[test]
    fn more_is_worse_less_is_better_and_other_tools_count_other_instructions() {
        let work = work::ALL.iter().find(|work| work.name == "encode 64").unwrap();
        let cost = |instructions, allocations| Cost { instructions, allocations };
        let costs = [("encode 64".to_owned(), cost(100.0, 1.0))].into();
        let record = Record { toolchain: String::new(), costs };
        let judged = |now, same_tools| {
            let verdict = compare(work, &now, &record, same_tools);
            (verdict.worse.len(), verdict.better.len())
        };
        assert_eq!(judged(cost(102.0, 1.0), true), (0, 0));
        assert_eq!(judged(cost(120.0, 1.0), true), (1, 0));
        assert_eq!(judged(cost(80.0, 1.0), true), (0, 1));
        assert_eq!(judged(cost(120.0, 2.0), true), (2, 0));
        assert_eq!(judged(cost(120.0, 1.0), false), (0, 0));
        assert_eq!(judged(cost(120.0, 2.0), false), (1, 0));
        let unknown = Record::default();
        assert_eq!(compare(work, &cost(1.0, 1.0), &unknown, true).worse, ["encode 64: not on record"]);
    }
}
