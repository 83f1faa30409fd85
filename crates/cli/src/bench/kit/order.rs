//! Messages that carry their number, and who checks them.

use std::fmt;

/// From this size on a message has room for its whole number and its sender.
pub(crate) const WHOLE: usize = 8;

/// Numbers a message of a sender. What is smaller than [`WHOLE`] counts modulo 256 and knows no sender.
#[inline]
pub(crate) fn stamp(body: &mut [u8], sender: usize, number: u64) {
    match body.first_chunk_mut::<WHOLE>() {
        Some(first) => *first = ((sender as u64) << 48 | number).to_le_bytes(),
        None => {
            if let Some(first) = body.first_mut() {
                *first = number as u8;
            }
        }
    }
}

/// The sender and the number of a message.
#[inline]
pub(crate) fn read(body: &[u8]) -> Option<(usize, u64)> {
    let stamp = u64::from_le_bytes(*body.first_chunk::<WHOLE>()?);
    Some(((stamp >> 48) as usize, stamp & 0xffff_ffff_ffff))
}

/// Checks that every sender's messages come in order, that none is missing, and that none is cut.
pub(crate) struct Order {
    size: usize,
    next: Vec<u64>,
}

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Size { expected: usize, got: usize },
    Sender(usize),
    Number { expected: u64, got: u64 },
}

impl Order {
    pub(crate) fn new(senders: usize, size: usize) -> Self {
        Self { size, next: vec![0; senders] }
    }

    /// Takes the next message.
    #[inline]
    pub(crate) fn check(&mut self, body: &[u8]) -> Result<(), Fault> {
        if body.len() != self.size {
            return Err(Fault::Size { expected: self.size, got: body.len() });
        }
        let whole = read(body);
        let sender = whole.map_or(0, |(sender, _)| sender);
        let next = self.next.get_mut(sender).ok_or(Fault::Sender(sender))?;
        let (expected, got) = match whole {
            Some((_, number)) => (*next, number),
            None => (*next & 0xff, u64::from(body.first().copied().unwrap_or_default())),
        };
        if expected != got {
            return Err(Fault::Number { expected, got });
        }
        *next += 1;
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { expected, got } => {
                write!(out, "a message of {got} octets came where {expected} were sent")
            }
            Self::Sender(sender) => write!(out, "a message came from sender {sender}, whom nobody knows"),
            Self::Number { expected, got } => {
                write!(out, "message {got} came where {expected} was due: lost, doubled or out of order")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_a_doubled_a_cut_and_a_foreign_message_are_faults() {
        let message = |sender, number| {
            let mut body = [7; 16];
            stamp(&mut body, sender, number);
            body
        };
        let mut order = Order::new(2, 16);
        for (sender, number) in [(0, 0), (1, 0), (1, 1), (0, 1)] {
            assert_eq!(order.check(&message(sender, number)), Ok(()));
        }
        assert_eq!(order.check(&message(0, 3)), Err(Fault::Number { expected: 2, got: 3 }));
        assert_eq!(order.check(&message(1, 1)), Err(Fault::Number { expected: 2, got: 1 }));
        assert_eq!(order.check(&message(2, 0)), Err(Fault::Sender(2)));
        assert_eq!(order.check(&[0; 15]), Err(Fault::Size { expected: 16, got: 15 }));
    }

    #[test]
    fn one_octet_counts_modulo_256() {
        let mut order = Order::new(1, 1);
        for number in 0..300 {
            let mut body = [0];
            stamp(&mut body, 0, number);
            assert_eq!(order.check(&body), Ok(()));
        }
        assert!(order.check(&[0]).is_err());
    }
}
