//! The frames of RFC 9: what is asked of Titanic, and what it answers.

use super::{Operation, Outcome, RequestNumber, StoreErrorKind};
use zeroxide::{Frame, Message};

pub(super) const REQUEST: &str = "titanic.request";
pub(super) const REQUEST_ONCE: &str = "titanic.request.once";
pub(super) const REPLY: &str = "titanic.reply";
pub(super) const CLOSE: &str = "titanic.close";

/// Which of the services was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asked {
    Request,
    RequestOnce,
    Reply,
    Close,
}

impl Asked {
    pub(super) fn service(self) -> &'static str {
        match self {
            Self::Request => REQUEST,
            Self::RequestOnce => REQUEST_ONCE,
            Self::Reply => REPLY,
            Self::Close => CLOSE,
        }
    }

    /// What is to be done, or the answer at once to what makes no sense. Services that are named in `once` must not do
    /// anything twice.
    pub(super) fn read(self, message: Message, once: &[String]) -> Result<Operation, Message> {
        let mut frames = message.into_frames().into_iter();
        let known = match self {
            Self::Request => Some(RequestNumber::random()),
            _ => frames.next().and_then(|frame| RequestNumber::read(&frame)),
        };
        let operation = match (self, known) {
            (Self::Reply, None) => return Err(Message::from("400")),
            // What is not known is closed already.
            (Self::Close, None) => return Err(Message::from("200")),
            (_, None) => return Err(refused()),
            (Self::Reply, Some(number)) => Operation::Look { number },
            (Self::Close, Some(number)) => Operation::Close { number },
            (Self::Request | Self::RequestOnce, Some(number)) => {
                let service = frames.next().filter(|service| (1..256).contains(&service.len()));
                let body: Vec<Frame> = frames.collect();
                // Titanic's own services would wait for themselves.
                let own = |service: &Frame| service.starts_with(b"titanic.");
                let Some(service) = service.filter(|service| !own(service) && !body.is_empty()) else {
                    return Err(refused());
                };
                let once = once.iter().any(|name| service == *name);
                Operation::Accept { number, service, body, once }
            }
        };
        Ok(operation)
    }
}

/// The answer; a request's has its number.
pub(super) fn answer(number: Option<RequestNumber>, outcome: Result<Outcome, StoreErrorKind>) -> Message {
    match (outcome, number) {
        (Ok(Outcome::Done), Some(number)) => {
            Message::from([Frame::from("200"), Frame::from(number.to_string())])
        }
        (Ok(Outcome::Done), None) => Message::from("200"),
        (Ok(Outcome::Pending), _) => Message::from("300"),
        (Ok(Outcome::Unknown), _) => Message::from("400"),
        (Ok(Outcome::Answer(frames)), _) => std::iter::once(Frame::from("200")).chain(frames).collect(),
        (Ok(Outcome::Full), _) => Message::from("500 full"),
        (Ok(Outcome::Failed), _) => Message::from("500 failed"),
        (Err(StoreErrorKind::Away), _) => Message::from("500 store away"),
        _ => Message::from("500"),
    }
}

fn refused() -> Message {
    Message::from("500 makes no sense")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NUMBER: &str = "0123456789ABCDEF0123456789ABCDEF";

    fn read<const N: usize>(asked: Asked, frames: [&str; N]) -> Result<Operation, Message> {
        asked.read(Message::from(frames), &["debit".to_owned()])
    }

    #[test]
    fn the_frames_are_those_of_the_rfc() {
        let number: RequestNumber = NUMBER.parse().unwrap();
        assert!(matches!(read(Asked::Request, ["echo", "a", "b"]),
            Ok(Operation::Accept { service, body, once: false, .. }) if service == "echo" && body == ["a", "b"]));
        assert!(matches!(read(Asked::RequestOnce, [NUMBER, "debit", "a"]),
            Ok(Operation::Accept { number: told, once: true, .. }) if told == number));
        assert_eq!(read(Asked::Reply, [NUMBER]), Ok(Operation::Look { number }));
        assert_eq!(read(Asked::Close, [&NUMBER.to_lowercase()]), Ok(Operation::Close { number }));
        assert_eq!(answer(Some(number), Ok(Outcome::Done)), Message::from(["200", NUMBER]));
        assert_eq!(
            answer(None, Ok(Outcome::Answer(vec!["x".into(), "y".into()]))),
            Message::from(["200", "x", "y"])
        );
        assert_eq!(answer(None, Ok(Outcome::Pending)), Message::from("300"));
        assert_eq!(answer(None, Ok(Outcome::Unknown)), Message::from("400"));
        assert_eq!(answer(None, Ok(Outcome::Done)), Message::from("200"));
        assert_eq!(answer(None, Err(StoreErrorKind::Broken)), Message::from("500"));
        assert_eq!(answer(None, Err(StoreErrorKind::Away)), Message::from("500 store away"));
    }

    #[test]
    fn what_is_no_number_is_unknown_and_closed() {
        for text in ["../../etc/passwd", "", "0123", "+123456789ABCDEF0123456789ABCDEF"] {
            assert_eq!(read(Asked::Reply, [text]), Err(Message::from("400")));
            assert_eq!(read(Asked::Close, [text]), Err(Message::from("200")));
        }
        for nonsense in [vec![""], vec!["echo"], vec!["titanic.request", "x"]] {
            let answer = Asked::Request.read(Message::from_frames(nonsense), &[]).unwrap_err();
            assert!(answer.body().starts_with(b"500"), "{answer}");
        }
    }

    proptest! {
        #[test]
        fn random_frames_get_an_operation_or_an_answer(frames: Vec<Vec<u8>>) {
            for asked in [Asked::Request, Asked::RequestOnce, Asked::Reply, Asked::Close] {
                let _ = asked.read(Message::from_frames(frames.clone()), &[]);
            }
        }
    }
}
