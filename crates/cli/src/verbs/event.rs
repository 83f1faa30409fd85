//! How an event of a monitor looks: as a line for people, or as JSON.

use serde_json::{Value, json};
use zeroxide::Event;

/// The name of an event and its details, in order.
pub(crate) struct Described {
    name: &'static str,
    details: Vec<(&'static str, Value)>,
}

/// Takes an event apart.
pub(crate) fn describe(event: &Event) -> Described {
    let (name, details) = match event {
        Event::Connected { endpoint, local } => {
            ("connected", vec![("endpoint", json!(endpoint)), ("local", json!(local))])
        }
        Event::ConnectDelayed { endpoint } => ("connect-delayed", vec![("endpoint", json!(endpoint))]),
        Event::ConnectRetried { endpoint, after } => (
            "connect-retried",
            vec![("endpoint", json!(endpoint)), ("after_ms", json!(after.as_millis() as u64))],
        ),
        Event::Listening { endpoint } => ("listening", vec![("endpoint", json!(endpoint))]),
        Event::BindFailed { endpoint, reason } => {
            ("bind-failed", vec![("endpoint", json!(endpoint)), ("reason", json!(reason))])
        }
        Event::Accepted { endpoint, peer } => {
            ("accepted", vec![("endpoint", json!(endpoint)), ("peer", json!(peer))])
        }
        Event::AcceptFailed { endpoint, reason, paused } => (
            "accept-failed",
            vec![("endpoint", json!(endpoint)), ("reason", json!(reason)), ("paused", json!(paused))],
        ),
        Event::Closed { endpoint } => ("closed", vec![("endpoint", json!(endpoint))]),
        Event::Disconnected { endpoint, peer, reason } => (
            "disconnected",
            vec![("endpoint", json!(endpoint)), ("peer", json!(peer)), ("reason", json!(reason))],
        ),
        Event::HandshakeSucceeded { endpoint, peer } => {
            ("handshake-succeeded", vec![("endpoint", json!(endpoint)), ("peer", json!(peer))])
        }
        Event::HandshakeFailed { endpoint, peer, reason, code, .. } => (
            "handshake-failed",
            vec![
                ("endpoint", json!(endpoint)),
                ("peer", json!(peer)),
                ("reason", json!(reason)),
                ("code", json!(code)),
            ],
        ),
        Event::LimitMet { endpoint, peer, limit } => (
            "limit-met",
            vec![("endpoint", json!(endpoint)), ("peer", json!(peer)), ("limit", json!(limit.to_string()))],
        ),
        Event::Missed(count) => ("missed", vec![("events", json!(count))]),
        other => ("other", vec![("event", json!(format!("{other:?}")))]),
    };
    Described { name, details }
}

impl Described {
    /// `name key=value ...`; texts with spaces are quoted.
    pub(crate) fn line(&self) -> String {
        let mut line = format!("{:<20}", self.name);
        for (key, value) in &self.details {
            let text = match value {
                Value::String(text) if !text.is_empty() && !text.contains([' ', '"']) => text.clone(),
                other => other.to_string(),
            };
            line.push_str(&format!(" {key}={text}"));
        }
        line
    }

    /// One JSON object.
    pub(crate) fn json(&self) -> String {
        // By hand, because the order of the details helps the eye.
        let mut text = format!("{{\"event\":{}", json!(self.name));
        for (key, value) in &self.details {
            text.push_str(&format!(",{}:{value}", json!(key)));
        }
        text.push('}');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_in_either_form() {
        let event = Event::Disconnected {
            endpoint: "tcp://127.0.0.1:5555".to_owned(),
            peer: String::new(),
            reason: "the peer left".to_owned(),
        };
        let described = describe(&event);
        assert_eq!(
            described.line(),
            "disconnected         endpoint=tcp://127.0.0.1:5555 peer=\"\" reason=\"the peer left\""
        );
        let value: Value = serde_json::from_str(&described.json()).unwrap();
        assert_eq!(value["event"], "disconnected");
        assert_eq!(value["reason"], "the peer left");
    }
}
