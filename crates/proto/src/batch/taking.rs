//! Taking the next message where it lies: by its octets, or the memory itself.

use super::{Batch, COMMAND, Header, MORE, split_frame};
use bytes::Bytes;

/// What becomes of a message that is taken where it lies, and of what is known beside it.
///
/// ```
/// use bytes::Bytes;
/// use zeroxide_proto::{Batch, batch::Taking};
///
/// enum Letter {
///     Note(usize),
///     Book(Bytes),
/// }
///
/// struct Reader;
///
/// impl Taking<()> for Reader {
///     type Taken = Letter;
///     const SHARES: bool = true;
///
///     fn copy(self, first: &[u8], _others: &[u8], (): ()) -> Letter {
///         Letter::Note(first.len())
///     }
///
///     fn share(self, body: Bytes, (): ()) -> Letter {
///         Letter::Book(body)
///     }
/// }
///
/// let mut batch = Batch::new();
/// batch.push_frame(b"rain", false);
/// batch.push_frame(&[7; 1000], false);
/// assert!(matches!(batch.pop_to(Reader, ()), Some(Letter::Note(4))));
/// assert!(matches!(batch.pop_to(Reader, ()), Some(Letter::Book(body)) if body == [7; 1000][..]));
/// ```
pub trait Taking<Beside> {
    /// What the message becomes.
    type Taken;

    /// Whether long bodies are asked for in the memory that they lie in.
    const SHARES: bool;

    /// Takes a message that goes as soon as this is done: the body of its first frame, and its other frames as they are framed,
    /// for [`split_frame`].
    fn copy(self, first: &[u8], others: &[u8], beside: Beside) -> Self::Taken;

    /// Takes a message of one long frame, whose body stays. Nobody else looks at these octets, unless its sender shares them.
    fn share(self, body: Bytes, beside: Beside) -> Self::Taken;

    /// As [`Taking::share`], of a body that stood beside the run: it may be [lent](crate::Frame::lent), and should be sent on as
    /// that.
    fn share_apart(self, body: Bytes, beside: Beside) -> Self::Taken
    where
        Self: Sized,
    {
        self.share(body, beside)
    }
}

/// Takes all messages by their octets.
///
/// ```
/// use zeroxide_proto::{Batch, batch::Copying};
/// let mut batch = Batch::new();
/// batch.push_frame(b"rain", false);
/// let append = |first: &[u8], _: &[u8], day: &str| [day.as_bytes(), first].concat();
/// assert_eq!(batch.pop_to(Copying(append), "Monday: "), Some(b"Monday: rain".to_vec()));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Copying<F>(pub F);

impl<F, R, Beside> Taking<Beside> for Copying<F>
where
    F: FnOnce(&[u8], &[u8], Beside) -> R,
{
    type Taken = R;
    const SHARES: bool = false;

    #[inline(always)]
    fn copy(self, first: &[u8], others: &[u8], beside: Beside) -> R {
        (self.0)(first, others, beside)
    }

    #[inline(always)]
    fn share(self, body: Bytes, beside: Beside) -> R {
        (self.0)(&body, &[], beside)
    }
}

impl Batch {
    /// Takes the next message, if all of it lies in the run, by showing it to `take` in place: whoever copies it has no message
    /// in between. `take` gets the body of the first frame, and the other frames as they are framed, for [`split_frame`].
    /// Anything else is left for [`Batch::pop`].
    #[inline]
    pub fn pop_in_place<R>(&mut self, take: impl FnOnce(&[u8], &[u8]) -> R) -> Option<R> {
        self.pop_to(Copying(|first: &[u8], others: &[u8], ()| take(first, others)), ())
    }

    /// As [`Batch::pop_in_place`], with something beside it; and where that [shares](Taking::SHARES), a message of one frame with
    /// a head of the long form comes in its memory, if it may hold that.
    #[inline]
    pub fn pop_to<Beside, T: Taking<Beside>>(&mut self, taking: T, beside: Beside) -> Option<T::Taken> {
        if self.messages == 0 {
            return None;
        }
        let rest = match self.octets.get(self.read..) {
            Some(rest) => rest,
            None => self.run().behind(self.read)?,
        };
        let (head, body, others) = match rest {
            [0, size, behind @ ..] if !self.is_apart(self.read + 2) => {
                (2, behind.get(..usize::from(*size))?, &[][..])
            }
            _ if T::SHARES => {
                if let Some(body) = self.pop_apart() {
                    return Some(taking.share_apart(body, beside));
                }
                if let Some(body) = self.pop_shared() {
                    return Some(taking.share(body, beside));
                }
                self.parts_in_place(self.run().behind(self.read)?)?
            }
            _ => self.parts_in_place(rest)?,
        };
        let taken = taking.copy(body, others, beside);
        self.read += head + body.len() + others.len();
        self.messages -= 1;
        Some(taken)
    }

    /// Takes a message of one frame whose body stands beside the run.
    #[inline]
    fn pop_apart(&mut self) -> Option<Bytes> {
        let &(from, _) = self.bodies.front()?;
        let head = Header::parse(self.run().between(self.read, from)?)?;
        if head.flags & (MORE | COMMAND) != 0 || self.read + head.octets != from {
            return None;
        }
        let (_, body) = self.bodies.pop_front()?;
        self.apart -= body.len();
        self.read = from;
        self.messages -= 1;
        Some(body)
    }

    /// Takes a message of one long frame in the memory of the run.
    fn pop_shared(&mut self) -> Option<Bytes> {
        let head = Header::parse(self.run().behind(self.read)?)?;
        if head.flags & (MORE | COMMAND) != 0 {
            return None;
        }
        let from = self.read + head.octets;
        let to = from.checked_add(usize::try_from(head.size).ok()?)?;
        if head.size <= u64::from(u8::MAX) || to > self.run().end() {
            return None;
        }
        // What is left begins behind the body, whether all of the run goes with it or not.
        let before = std::mem::replace(&mut self.read, to);
        let Some(body) = self.share(from, to) else {
            self.read = before;
            return None;
        };
        self.messages -= 1;
        Some(body)
    }

    /// How long the head of the next message is, its first body, and its other frames, if none of it stands apart.
    fn parts_in_place<'a>(&self, rest: &'a [u8]) -> Option<(usize, &'a [u8], &'a [u8])> {
        let (body, mut more, behind) = split_frame(rest)?;
        let mut left = behind;
        while more {
            (_, more, left) = split_frame(left)?;
        }
        let end = self.read + rest.len() - left.len();
        if self.bodies.front().is_some_and(|(at, _)| *at <= end) {
            return None;
        }
        let others = behind.get(..behind.len() - left.len())?;
        Some((rest.len() - behind.len() - body.len(), body, others))
    }
}
