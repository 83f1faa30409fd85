//! What a broker answers itself (RFC 8): services whose names begin with `mmi.`.
//!
//! Every answer begins with a code, as text: 200 and 404 as the RFC has them, 400 for a question that cannot be
//! understood, 501 for one that is not known. The last three are ours.
//!
//! | service | question | behind 200 |
//! |---|---|---|
//! | `mmi.service` | a name | nothing: it has a worker; 404: it has none |
//! | `mmi.services` | anything | the names that have workers, a frame each |
//! | `mmi.stats` | anything | `name value` a frame, of all [`BrokerStatistics`](super::BrokerStatistics) |
//! | `mmi.version` | anything | the version of the broker |

use super::Broker;
use zeroxide::Frame;

/// Whether the broker answers for this name, and no worker may.
pub(super) fn is_internal(service: &[u8]) -> bool {
    service.starts_with(b"mmi.")
}

pub(super) fn answer(broker: &Broker, service: &[u8], question: &[Frame]) -> Vec<Frame> {
    let code = |code: &str| vec![Frame::from(code)];
    let with = |answer: Vec<Frame>| [code("200"), answer].concat();
    match (service, question) {
        (b"mmi.service", [name]) if !name.is_empty() => {
            code(if broker.workers_of(name) > 0 { "200" } else { "404" })
        }
        (b"mmi.service", _) => code("400"),
        (b"mmi.services", _) => with(broker.served()),
        (b"mmi.stats", _) => with(statistics(broker)),
        (b"mmi.version", _) => with(vec![Frame::from(env!("CARGO_PKG_VERSION"))]),
        _ => code("501"),
    }
}

fn statistics(broker: &Broker) -> Vec<Frame> {
    let lines = broker.statistics().lines();
    lines.map(|(name, value)| Frame::from(format!("{name} {value}"))).collect()
}
