//! What the machine can do with a thousand connections: plain sockets that say as much as a handshake of ZMTP does, each
//! side in as few system calls as the protocol allows, and one thread a process.
//!
//! ```text
//!   connecting                         accepting, with epoll
//!     connect, greeting       ---->      accept, read
//!     read                    <----      greeting and READY in one write
//!     READY and first body    ---->      read
//!     read                    <----      body
//! ```

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd},
};

/// Octets of a greeting, and of a READY of DEALER or ROUTER with an empty name.
const GREETING: usize = 64;
const READY: usize = 43;

pub struct Connection {
    stream: TcpStream,
    ready: bool,
}

impl Connection {
    pub fn connect(address: &str) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(&[1; GREETING]).unwrap();
        Self { stream, ready: false }
    }

    pub fn send(&mut self, body: &[u8]) {
        if self.ready {
            return self.stream.write_all(body).unwrap();
        }
        self.stream.read_exact(&mut [0; GREETING + READY]).unwrap();
        self.ready = true;
        let mut out = vec![4; READY];
        out.extend_from_slice(body);
        self.stream.write_all(&out).unwrap();
    }

    pub fn recv(&mut self, body: &mut [u8]) {
        self.stream.read_exact(body).unwrap();
    }
}

/// Answers until `count` bodies of `size` were sent back.
pub fn echo(listener: &TcpListener, count: u64, size: usize) {
    // SAFETY: the call takes no memory, and its answer is checked to be a descriptor, which nobody else has.
    let epoll = unsafe {
        let epoll = libc::epoll_create1(libc::EPOLL_CLOEXEC);
        assert!(epoll >= 0);
        OwnedFd::from_raw_fd(epoll)
    };
    let watch = |fd: RawFd, token: usize| {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: token as u64 };
        // SAFETY: the event lives through the call, and both descriptors are open.
        let added = unsafe { libc::epoll_ctl(epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &raw mut event) };
        assert_eq!(added, 0);
    };
    const LISTENER: usize = usize::MAX;
    // SAFETY: the descriptor is open and listens already; a longer waiting room is all that this asks for.
    assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 4096) }, 0);
    listener.set_nonblocking(true).unwrap();
    watch(listener.as_raw_fd(), LISTENER);
    // Each with the octets of its handshake that are still to come.
    let mut streams: Vec<(TcpStream, usize)> = vec![];
    let (mut left, mut input) = (count, vec![0; GREETING + READY + size]);
    while left > 0 {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 256];
        // SAFETY: the array lives through the call and has the given length.
        let ready = unsafe { libc::epoll_wait(epoll.as_raw_fd(), events.as_mut_ptr(), 256, -1) };
        for event in &events[..ready.try_into().unwrap()] {
            let token = event.u64 as usize;
            if token == LISTENER {
                while let Ok((stream, _)) = listener.accept() {
                    stream.set_nodelay(true).unwrap();
                    watch(stream.as_raw_fd(), streams.len());
                    streams.push((stream, GREETING + READY));
                }
                continue;
            }
            let (stream, missing) = &mut streams[token];
            let count = stream.read(&mut input).unwrap();
            assert!(count > 0, "the peer is gone");
            if *missing > READY {
                assert_eq!(count, GREETING, "a greeting in pieces");
                *missing -= count;
                stream.write_all(&[2; GREETING + READY]).unwrap();
                continue;
            }
            let body = &input[std::mem::take(missing)..count];
            assert_eq!(body.len(), size, "a body in pieces");
            stream.write_all(body).unwrap();
            left -= 1;
        }
    }
}
