//! A request as it lies on the disk.
//!
//! ```text
//! request   form 1 | state 1 | once 1 | accepted at, seconds 8 | place in the line 8 | frames: service, body..
//! answer    frames
//! frames    for each: length 4, octets
//! ```

use zeroxide::Frame;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Waiting,
    /// Handed out, and must not be again.
    Started,
    Answered,
    Failed,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Row {
    pub(super) state: State,
    pub(super) once: bool,
    /// Seconds since 1970: when it was accepted, or came to its end.
    pub(super) since: u64,
    pub(super) place: u64,
    pub(super) service: Frame,
    pub(super) body: Vec<Frame>,
}

const FORM: u8 = 1;

impl Row {
    pub(super) fn write(&self) -> Vec<u8> {
        let state = match self.state {
            State::Waiting => 0,
            State::Started => 1,
            State::Answered => 2,
            State::Failed => 3,
        };
        let mut octets = vec![FORM, state, u8::from(self.once)];
        octets.extend(self.since.to_le_bytes());
        octets.extend(self.place.to_le_bytes());
        write_frames(std::iter::once(&self.service).chain(&self.body), &mut octets);
        octets
    }

    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let (&[form, state, once], rest) = octets.split_first_chunk()?;
        let (&since, rest) = rest.split_first_chunk()?;
        let (&place, rest) = rest.split_first_chunk()?;
        let mut frames = read_frames(rest)?.into_iter();
        let state = match (form, state) {
            (FORM, 0) => State::Waiting,
            (FORM, 1) => State::Started,
            (FORM, 2) => State::Answered,
            (FORM, 3) => State::Failed,
            _ => return None,
        };
        let (since, place) = (u64::from_le_bytes(since), u64::from_le_bytes(place));
        Some(Self { state, once: once != 0, since, place, service: frames.next()?, body: frames.collect() })
    }
}

pub(super) fn write_frames<'a>(frames: impl IntoIterator<Item = &'a Frame>, octets: &mut Vec<u8>) {
    for frame in frames {
        // A message has no frame of 4 GiB: limits hold long before.
        octets.extend(u32::try_from(frame.len()).unwrap_or(u32::MAX).to_le_bytes());
        octets.extend_from_slice(frame);
    }
}

pub(super) fn read_frames(mut octets: &[u8]) -> Option<Vec<Frame>> {
    let mut frames = Vec::new();
    while !octets.is_empty() {
        let (&length, rest) = octets.split_first_chunk()?;
        let (frame, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(length)).ok()?)?;
        frames.push(Frame::from(frame));
        octets = rest;
    }
    Some(frames)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(frames in prop::collection::vec(any::<Vec<u8>>(), 1..5), once: bool, since: u64, place: u64) {
            let mut frames = frames.into_iter().map(Frame::from);
            let service = frames.next().unwrap();
            let body = frames.collect();
            for state in [State::Waiting, State::Started, State::Answered, State::Failed] {
                let row = Row { state, once, since, place, service: service.clone(), body: Vec::clone(&body) };
                prop_assert_eq!(Row::read(&row.write()), Some(row));
            }
        }

        #[test]
        fn anything_else_is_refused_and_never_panics(octets: Vec<u8>) {
            let _ = Row::read(&octets);
            let _ = read_frames(&octets);
        }
    }
}
