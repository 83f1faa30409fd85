//! How messages of clients and peers are read. No sockets, no clock.

use crate::Envelope;
use zeroxide::{Frame, Message};

/// The envelope and the body, if there are as many addresses at least.
pub(super) fn split(message: Message, addresses: usize) -> Option<(Envelope, Vec<Frame>)> {
    Envelope::split(message).filter(|(envelope, _)| envelope.addresses().len() >= addresses)
}

/// A number as the Guide writes it.
pub(super) fn decimal(frame: &Frame) -> Option<u64> {
    frame
        .as_str()
        .filter(|text| text.len() <= 10 && text.bytes().all(|octet| octet.is_ascii_digit()))?
        .parse()
        .ok()
}
