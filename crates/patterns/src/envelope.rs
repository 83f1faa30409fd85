//! The return path of a request, carried inside the message: addresses, an empty frame, then the body.
//!
//! ```text
//! REQ    "Hello"           on the wire   "" "Hello"
//! ROUTER hands on          ABC "" "Hello"
//! next ROUTER              XYZ ABC "" "Hello"      each hop adds the address of who it got it from
//! ```

use zeroxide::{Frame, Message};

/// The addresses that a reply goes back along, the next hop first.
///
/// ```
/// use zeroxide::Message;
/// use zeroxide_patterns::Envelope;
/// let message = Message::from(["broker", "client", "", "Hello"]);
/// let (envelope, body) = Envelope::split(message).ok_or("no delimiter")?;
/// assert_eq!(envelope.addresses(), ["broker", "client"]);
/// assert_eq!(body, ["Hello"]);
/// assert_eq!(envelope.seal(["World"]), Message::from(["broker", "client", "", "World"]));
/// assert!(Envelope::split(Message::from(["no", "delimiter"])).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Envelope(Vec<Frame>);

impl Envelope {
    /// The frames up to the first empty one, and those behind it; `None` if none is empty. Either may be none at all.
    pub fn split(message: Message) -> Option<(Self, Vec<Frame>)> {
        let mut addresses = message.into_frames();
        let delimiter = addresses.iter().position(|frame| frame.is_empty())?;
        let mut body = addresses.split_off(delimiter);
        drop(body.drain(..1));
        Some((Self(addresses), body))
    }

    /// The addresses, the next hop first.
    pub fn addresses(&self) -> &[Frame] {
        &self.0
    }

    /// A message that goes back along it.
    pub fn seal<B>(self, body: B) -> Message
    where
        B: IntoIterator,
        B::Item: Into<Frame>,
    {
        let mut frames = self.0;
        frames.push(Frame::EMPTY);
        frames.extend(body.into_iter().map(Into::into));
        Message::from(frames)
    }
}

impl From<Vec<Frame>> for Envelope {
    fn from(addresses: Vec<Frame>) -> Self {
        Self(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_body_may_be_empty_and_hold_empty_frames() {
        let (envelope, body) = Envelope::split(Message::from([""])).unwrap();
        assert!(envelope.addresses().is_empty() && body.is_empty());
        let (envelope, body) = Envelope::split(Message::from(["a", "", "", "b", ""])).unwrap();
        assert_eq!(envelope.addresses(), ["a"]);
        assert_eq!(body, ["", "b", ""]);
    }

    proptest! {
        #[test]
        fn what_was_split_seals_to_what_it_was(frames: Vec<Vec<u8>>) {
            let message = Message::from_frames(frames.clone());
            match Envelope::split(message.clone()) {
                Some((envelope, body)) => prop_assert_eq!(envelope.seal(body), message),
                None => prop_assert!(frames.iter().all(|frame| !frame.is_empty())),
            }
        }
    }
}
