//! The way from a connecting host to a binding one: what a network does to octets, and what it does with them when it breaks.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::time::{Duration, Instant};

/// Octets remembered of what went through, in case a message lies across a cut.
const TAIL: usize = 64;

/// A listener that a host connects to, and the connections that go through it to another host.
pub(crate) struct Cable {
    front: UnixListener,
    back: SocketAddr,
    pub(crate) latency: Duration,
    /// Octets on the way in one direction, at most.
    pub(crate) window: usize,
    /// Nothing moves.
    pub(crate) frozen: bool,
    /// New connections are refused.
    pub(crate) down: bool,
    lines: Vec<Line>,
    /// What was written and never came out at the other end.
    pub(crate) discarded: Vec<Vec<u8>>,
}

/// One connection.
struct Line {
    near: UnixStream,
    far: UnixStream,
    forth: Flow,
    back: Flow,
    /// Broken after so many octets more.
    cut_after: Option<usize>,
}

#[derive(Default)]
struct Flow {
    queue: VecDeque<(Instant, Vec<u8>)>,
    octets: usize,
    tail: Vec<u8>,
    read_end: bool,
    told_end: bool,
}

impl Cable {
    /// From `front` to `back`, abstract names of unix sockets.
    pub(crate) fn new(front: &str, back: &str) -> Self {
        let address = |name: &str| SocketAddr::from_abstract_name(name).expect("a name");
        let front = UnixListener::bind_addr(&address(front)).expect("a free name");
        front.set_nonblocking(true).expect("a listener");
        Self {
            front,
            back: address(back),
            latency: Duration::ZERO,
            window: 1 << 16,
            frozen: false,
            down: false,
            lines: Vec::new(),
            discarded: Vec::new(),
        }
    }

    /// Connections that are up.
    pub(crate) fn lines(&self) -> usize {
        self.lines.len()
    }

    /// Breaks all connections now.
    pub(crate) fn cut(&mut self) {
        for line in self.lines.drain(..) {
            self.discarded.extend(line.cut());
        }
    }

    /// Breaks one connection when so many octets more have gone through it.
    pub(crate) fn cut_after(&mut self, which: usize, octets: usize) {
        if let Some(line) = self.lines.get_mut(which) {
            line.cut_after = Some(octets);
        }
    }

    /// When something arrives next.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        if self.frozen {
            return None;
        }
        let flows = self.lines.iter().flat_map(|line| [&line.forth, &line.back]);
        flows.filter_map(|flow| flow.queue.front().map(|(due, _)| *due)).min()
    }

    /// Moves what can be moved now; says how much there was to do.
    pub(crate) fn pump(&mut self, now: Instant) -> usize {
        let mut work = 0;
        while let Ok((near, _)) = self.front.accept() {
            work += 1;
            if self.down {
                continue;
            }
            let Ok(far) = UnixStream::connect_addr(&self.back) else { continue };
            near.set_nonblocking(true).and(far.set_nonblocking(true)).expect("streams");
            self.lines.push(Line {
                near,
                far,
                forth: Flow::default(),
                back: Flow::default(),
                cut_after: None,
            });
        }
        if self.frozen {
            return work;
        }
        let mut at = 0;
        while at < self.lines.len() {
            let line = &mut self.lines[at];
            let forth =
                line.forth.pump(&line.near, &line.far, now, self.latency, self.window, &mut line.cut_after);
            let back =
                line.back.pump(&line.far, &line.near, now, self.latency, self.window, &mut line.cut_after);
            work += forth.unwrap_or(1) + back.unwrap_or(1);
            let over = line.forth.told_end && line.back.told_end;
            if forth.is_none() || back.is_none() || line.cut_after == Some(0) {
                let line = self.lines.remove(at);
                self.discarded.extend(line.cut());
            } else if over {
                self.lines.remove(at);
            } else {
                at += 1;
            }
        }
        work
    }
}

impl Line {
    /// Ends both sides, and returns what was on the way.
    fn cut(mut self) -> [Vec<u8>; 2] {
        let lost = [self.forth.rest(&self.near), self.back.rest(&self.far)];
        let _ = self.near.shutdown(Shutdown::Both);
        let _ = self.far.shutdown(Shutdown::Both);
        lost
    }
}

impl Flow {
    /// `None` if the connection is broken.
    fn pump(
        &mut self,
        mut from: &UnixStream,
        mut to: &UnixStream,
        now: Instant,
        latency: Duration,
        window: usize,
        cut_after: &mut Option<usize>,
    ) -> Option<usize> {
        let mut work = 0;
        while !self.read_end && self.octets < window {
            let mut room = vec![0; (window - self.octets).min(4096)];
            match from.read(&mut room) {
                Ok(count) => {
                    self.read_end = count == 0;
                    room.truncate(count);
                    self.octets += count;
                    self.queue.push_back((now + latency, room));
                    work += 1;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // What came before is still delivered; then the end, as after an ordinary one.
                Err(_) => {
                    self.read_end = true;
                    self.queue.push_back((now + latency, Vec::new()));
                }
            }
        }
        while let Some((due, octets)) = self.queue.front_mut() {
            if *due > now || *cut_after == Some(0) {
                break;
            }
            if octets.is_empty() {
                let _ = to.shutdown(Shutdown::Write);
                self.told_end = true;
                self.queue.pop_front();
                work += 1;
                continue;
            }
            let allowed = cut_after.unwrap_or(usize::MAX).min(octets.len());
            match to.write(&octets[..allowed]) {
                Ok(count) => {
                    self.tail.extend(octets.drain(..count));
                    let excess = self.tail.len().saturating_sub(TAIL);
                    self.tail.drain(..excess);
                    self.octets -= count;
                    if let Some(left) = cut_after {
                        *left -= count;
                    }
                    if octets.is_empty() {
                        self.queue.pop_front();
                    }
                    work += 1;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => return None,
            }
        }
        Some(work)
    }

    /// The end of what went through, and all that did not.
    fn rest(&mut self, mut from: &UnixStream) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.tail);
        self.queue.drain(..).for_each(|(_, octets)| rest.extend(octets));
        let mut room = [0; 4096];
        while let Ok(count) = from.read(&mut room) {
            if count == 0 {
                break;
            }
            rest.extend(&room[..count]);
        }
        rest
    }
}
