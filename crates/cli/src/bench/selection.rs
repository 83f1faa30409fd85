//! Which workloads were asked for.

use super::workload::{Family, Transport, Workload};
use crate::quantity::value;
use clap::ValueEnum;
use std::str::FromStr;

/// The beginning of a workload's name; what it leaves open is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selector {
    family: Family,
    variant: Option<String>,
    transport: Option<Transport>,
    size: Option<usize>,
}

impl FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split('/');
        let family = parts.next().unwrap_or_default();
        let family = Family::from_str(family, false).map_err(|_| {
            let known: Vec<_> = Family::ALL.iter().map(|family| family.name()).collect();
            format!("there is no workload {family}; there are {}", known.join(", "))
        })?;
        let variant = parts.next().map(str::to_owned);
        let transport = parts.next().map(transport).transpose()?;
        let size = parts.next().map(size).transpose()?;
        if parts.next().is_some() {
            return Err("a workload has at most four parts: thr/push/tcp/64".to_owned());
        }
        let selector = Self { family, variant, transport, size };
        // Whatever is wrong with the variant is told here, and not in the middle of the run.
        let (first, at) = (family.variants().first(), family.transports().first());
        if let (Some(first), Some(at)) = (first, at) {
            let variant = selector.variant.as_deref().unwrap_or(first);
            Workload::new(family, variant, *at, selector.size.unwrap_or(USUAL))?;
        }
        Ok(selector)
    }
}

fn transport(text: &str) -> Result<Transport, String> {
    Transport::from_str(text, false)
        .map_err(|_| format!("there is no transport {text}; there are tcp, ipc, inproc"))
}

/// A size as people type it: 64, 8k, 16M.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    match value(text)? {
        0 => Err("a message needs room for its number: 1 or more".to_owned()),
        size => Ok(size),
    }
}

/// The size of a message unless another is asked for.
const USUAL: usize = 64;
const THROUGHPUT_SIZES: [usize; 9] = [1, 16, 64, 256, 1 << 10, 8 << 10, 64 << 10, 1 << 20, 16 << 20];
const ROUND_TRIP_SIZES: [usize; 6] = [1, 64, 1 << 10, 64 << 10, 1 << 20, 16 << 20];

/// What the options of the command line ask for.
pub(crate) struct Wanted<'a> {
    pub(crate) selectors: &'a [Selector],
    pub(crate) transports: &'a [Transport],
    pub(crate) sizes: &'a [usize],
}

/// What is to be run, and what cannot be.
#[derive(Default)]
pub(crate) struct Selection {
    pub(crate) workloads: Vec<Workload>,
    pub(crate) impossible: Vec<String>,
}

impl Wanted<'_> {
    pub(crate) fn select(&self) -> Selection {
        let mut selection = Selection::default();
        let whole = |family| Selector { family, variant: None, transport: None, size: None };
        if self.selectors.is_empty() {
            Family::ALL.into_iter().for_each(|family| self.add(&whole(family), &mut selection));
        }
        self.selectors.iter().for_each(|selector| self.add(selector, &mut selection));
        selection
    }

    fn add(&self, selector: &Selector, selection: &mut Selection) {
        let family = selector.family;
        let variants = match &selector.variant {
            Some(variant) => vec![variant.as_str()],
            None => family.variants().to_vec(),
        };
        let transports = chosen(selector.transport.as_slice(), self.transports, family.transports());
        for variant in variants {
            let sizes = chosen(selector.size.as_slice(), self.sizes, usual_sizes(family, variant));
            for transport in transports {
                for size in sizes {
                    match Workload::new(family, variant, *transport, *size) {
                        Ok(workload) if selection.workloads.contains(&workload) => {}
                        Ok(workload) => selection.workloads.push(workload),
                        Err(why) => selection.impossible.push(why),
                    }
                }
            }
        }
    }
}

/// The first that says anything.
fn chosen<'a, T>(named: &'a [T], asked: &'a [T], usual: &'a [T]) -> &'a [T] {
    [named, asked, usual].into_iter().find(|values| !values.is_empty()).unwrap_or(usual)
}

fn usual_sizes(family: Family, variant: &str) -> &'static [usize] {
    match (family, variant) {
        (Family::Thr, "push") => &THROUGHPUT_SIZES,
        (Family::Rtt, "req") => &ROUND_TRIP_SIZES,
        _ => &[USUAL],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(selectors: &[&str], transports: &[Transport], sizes: &[usize]) -> (Vec<String>, usize) {
        let selectors: Vec<Selector> = selectors.iter().map(|text| text.parse().unwrap()).collect();
        let selection = Wanted { selectors: &selectors, transports, sizes }.select();
        (selection.workloads.iter().map(Workload::to_string).collect(), selection.impossible.len())
    }

    #[test]
    fn what_a_name_leaves_open_is_filled_in() {
        assert_eq!(names(&["thr/push/tcp/100"], &[], &[]).0, ["thr/push/tcp/100"]);
        assert_eq!(names(&["thr/pair"], &[Transport::Ipc], &[8]).0, ["thr/pair/ipc/8"]);
        assert_eq!(names(&["fanout/20", "fanout/20"], &[], &[]).0, ["fanout/20/tcp/64"]);
        assert_eq!(names(&["thr/push/inproc"], &[Transport::Tcp], &[]).0.len(), THROUGHPUT_SIZES.len());
        let (all, impossible) = names(&[], &[], &[]);
        assert!(all.len() > 60 && impossible == 0, "{} {impossible}", all.len());
    }

    #[test]
    fn what_a_size_cannot_carry_is_left_out_and_told() {
        let (names, impossible) = names(&[], &[Transport::Tcp], &[1]);
        assert!(names.contains(&"thr/push/tcp/1".to_owned()));
        assert!(!names.iter().any(|name| name.starts_with("fanin")));
        assert!(impossible > 0);
    }

    #[test]
    fn wrong_names_are_refused_at_once() {
        for wrong in
            ["", "thrr", "thr/req", "thr/push/udp", "thr/push/tcp/many", "thr/push/tcp/0", "a/b/c/d/e"]
        {
            assert!(wrong.parse::<Selector>().is_err(), "{wrong}");
        }
    }
}
