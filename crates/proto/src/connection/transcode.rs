//! Frames that do not arrive in the form of a batch: those of ZMTP 1.0, and those a mechanism has encrypted.

use super::{
    ProtocolError, Sink,
    large::Large,
    walk::{Rules, Stop},
};
use crate::{
    Batch,
    batch::{COMMAND, Header, MORE, SHARED_FROM},
    reuse,
    security::Opener,
    wire::{Command, legacy},
};
use bytes::Bytes;

#[derive(Debug)]
pub(super) struct Transcoder(Coding);

#[derive(Debug)]
enum Coding {
    Legacy,
    Sealed(Box<dyn Opener>),
}

impl Transcoder {
    pub(super) fn legacy() -> Self {
        Self(Coding::Legacy)
    }

    pub(super) fn sealed(opener: Box<dyn Opener>) -> Self {
        Self(Coding::Sealed(opener))
    }

    /// Takes whole frames off `octets` from `from` on: finished messages go to `whole`, frames of an unfinished one to
    /// `pending`, commands to `sink`. Returns where it stopped, and why. What is encrypted is decrypted where it lies. A
    /// frame whose body fills at least half of its memory is large even if it is whole: it can keep the memory it lies in.
    pub(super) fn walk(
        &mut self,
        rules: &mut Rules,
        octets: &mut Vec<u8>,
        from: usize,
        pending: &mut Batch,
        whole: &mut Batch,
        sink: &mut impl Sink,
    ) -> (usize, Stop) {
        let (mut at, capacity) = (from, octets.capacity());
        loop {
            let rest = octets.get_mut(at..).unwrap_or_default();
            let (flags, size, header) = match self.header(rules, rest) {
                Ok(Some(head)) => head,
                Ok(None) => return (at, Stop::Short),
                Err(error) => return (at, Stop::Error(error)),
            };
            let body = header.checked_add(size).and_then(|end| rest.get_mut(header..end));
            let body = match body {
                Some(body) if size < SHARED_FROM || size < capacity / 2 => body,
                None if size < SHARED_FROM => return (at, Stop::Short),
                _ => return (at, Stop::Large { header, size, flags }),
            };
            if let Err(error) = self.deliver(rules, flags, body, pending, whole, sink) {
                return (at, Stop::Error(error));
            }
            at += header + size;
        }
    }

    /// As [`Transcoder::walk`], for one frame that was received apart.
    pub(super) fn deliver_large(
        &mut self,
        rules: &mut Rules,
        large: Large,
        pending: &mut Batch,
        whole: &mut Batch,
        sink: &mut impl Sink,
    ) -> Result<(), ProtocolError> {
        match &mut self.0 {
            Coding::Legacy => {
                let flags = large.flags();
                deliver(rules, flags, Body::Owned(large.into_body()), pending, whole, sink)
            }
            Coding::Sealed(opener) => {
                let (mut octets, start) = large.into_memory();
                let flags = opener.open(octets.get_mut(start..).unwrap_or_default())?;
                let inside = (start + opener.overhead()).min(octets.len());
                let body = Body::Owned(reuse::share(octets).slice(inside..));
                deliver_opened(rules, flags, body, pending, whole, sink)
            }
        }
    }

    /// Flags, size of the body and size of the header, if all of the header is there and legal.
    fn header(&self, rules: &Rules, octets: &[u8]) -> Result<Option<(u8, usize, usize)>, ProtocolError> {
        let (flags, size, header, allowance) = match &self.0 {
            Coding::Legacy => match legacy::Header::parse(octets).map_err(|_| ProtocolError::ZeroLength)? {
                Some(head) => (u8::from(head.more) * MORE, head.size, head.octets, 0),
                None => return Ok(None),
            },
            Coding::Sealed(opener) => {
                let Some(&flags) = octets.first() else { return Ok(None) };
                rules.check_flags(flags)?;
                let Some(head) = Header::parse(octets) else { return Ok(None) };
                // Flags count inside only; outside both kinds of frames may carry a message (X8).
                (0, head.size, head.octets, opener.overhead() as u64)
            }
        };
        rules.check_size(flags, size.saturating_sub(allowance))?;
        let size = usize::try_from(size).map_err(|_| ProtocolError::FrameTooLong { size })?;
        Ok(Some((flags, size, header)))
    }

    fn deliver(
        &mut self,
        rules: &mut Rules,
        flags: u8,
        body: &mut [u8],
        pending: &mut Batch,
        whole: &mut Batch,
        sink: &mut impl Sink,
    ) -> Result<(), ProtocolError> {
        match &mut self.0 {
            Coding::Legacy => deliver(rules, flags, Body::Borrowed(body), pending, whole, sink),
            Coding::Sealed(opener) => {
                let flags = opener.open(body)?;
                let inside = body.get(opener.overhead()..).unwrap_or_default();
                deliver_opened(rules, flags, Body::Borrowed(inside), pending, whole, sink)
            }
        }
    }
}

/// As [`deliver`], for what was inside an encrypted frame.
fn deliver_opened(
    rules: &mut Rules,
    flags: u8,
    body: Body<'_>,
    pending: &mut Batch,
    whole: &mut Batch,
    sink: &mut impl Sink,
) -> Result<(), ProtocolError> {
    rules.check_flags(flags)?;
    rules.check_size(flags, body.as_slice().len() as u64)?;
    deliver(rules, flags, body, pending, whole, sink)
}

fn deliver(
    rules: &mut Rules,
    flags: u8,
    body: Body<'_>,
    pending: &mut Batch,
    whole: &mut Batch,
    sink: &mut impl Sink,
) -> Result<(), ProtocolError> {
    if flags & COMMAND != 0 {
        let command = Command::parse(body.as_slice()).map_err(ProtocolError::Command)?;
        if command.is_wish() && !whole.is_empty() {
            sink.messages(std::mem::take(whole));
        }
        sink.command(command);
        return Ok(());
    }
    let more = flags & MORE != 0;
    let was_open = rules.is_open();
    let last = rules.pass(body.as_slice().len() as u64, more);
    let place = if was_open || more { &mut *pending } else { &mut *whole };
    match body {
        Body::Borrowed(octets) => place.push_frame(octets, more),
        Body::Owned(octets) => place.push_shared(octets, more),
    }
    if last && was_open {
        whole.append(std::mem::take(pending));
    }
    Ok(())
}

enum Body<'a> {
    Borrowed(&'a [u8]),
    Owned(Bytes),
}

impl Body<'_> {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Borrowed(octets) => octets,
            Self::Owned(octets) => octets,
        }
    }
}
