//! How a request carries its number, so that a late reply is not taken for the one that is waited for.

use zeroxide::{Frame, Message};

/// Where the number of a request stands in its message.
///
/// ```text
/// plain      "" body..             no number: one request at a time, and a new connection for each try
/// tagged     number "" body..      four octets in the envelope, which REP, ROUTER and brokers give back
/// numbered   "" number body..      in digits, in the body: the server has to give it back (the Guide's Freelance 2)
/// ```
///
/// ```
/// use zeroxide_patterns::request::{Form, RequestOptions};
/// assert_eq!(RequestOptions::default().form, Form::Tagged);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[expect(clippy::exhaustive_enums, reason = "an envelope has an outside and an inside")]
pub enum Form {
    /// As a REQ without options sends it. For servers that take only that.
    Plain,
    /// As a REQ that correlates sends it: for whatever returns the whole envelope.
    #[default]
    Tagged,
    /// As the Guide's second Freelance client sends it.
    Numbered,
}

impl Form {
    pub(crate) fn wrap(self, number: u32, body: Vec<Frame>) -> Message {
        let mut frames = Vec::with_capacity(body.len() + 2);
        match self {
            Self::Plain => frames.push(Frame::EMPTY),
            Self::Tagged => frames.extend([Frame::from(&number.to_be_bytes()), Frame::EMPTY]),
            Self::Numbered => frames.extend([Frame::EMPTY, Frame::from(number.to_string())]),
        }
        frames.extend(body);
        Message::from(frames)
    }

    /// The number, where there is one, and the body; nothing of what has another form.
    pub(crate) fn unwrap(self, message: Message) -> Option<(Option<u32>, Message)> {
        let mut frames = message.into_frames().into_iter();
        let number = match self {
            Self::Plain => {
                frames.next().filter(|frame| frame.is_empty())?;
                None
            }
            Self::Tagged => {
                let number = frames.next()?;
                frames.next().filter(|frame| frame.is_empty())?;
                Some(u32::from_be_bytes(number[..].try_into().ok()?))
            }
            Self::Numbered => {
                frames.next().filter(|frame| frame.is_empty())?;
                Some(frames.next()?.as_str()?.parse().ok()?)
            }
        };
        Some((number, frames.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_frames_are_those_of_the_table() {
        let body = || vec![Frame::from("x")];
        assert_eq!(Form::Plain.wrap(7, body()), Message::from(["", "x"]));
        assert_eq!(Form::Tagged.wrap(7, body()), Message::from(["\0\0\0\x07", "", "x"]));
        assert_eq!(Form::Numbered.wrap(7, body()), Message::from(["", "7", "x"]));
    }

    proptest! {
        #[test]
        fn what_was_wrapped_unwraps_and_nothing_panics(number: u32, frames: Vec<Vec<u8>>) {
            for form in [Form::Plain, Form::Tagged, Form::Numbered] {
                let body: Vec<Frame> = frames.iter().map(Frame::from).collect();
                let (told, back) = form.unwrap(form.wrap(number, body.clone())).unwrap();
                prop_assert_eq!(back, Message::from(body.clone()));
                prop_assert!(told == (form != Form::Plain).then_some(number));
                let _ = form.unwrap(Message::from(body));
            }
        }
    }
}
