//! What the machine can do: the same octets through plain blocking sockets, without queues, options or strangers.
//!
//! Small messages are encoded into and decoded from buffers of 64 KiB, and copied out once; large ones are written and
//! read as they are; a round trip is a write and a read; inproc is the standard library's bounded channel.

use crate::{
    subject::{Kind, Plan, Socket, Subject, Transport, run_ready},
    subjects::crowd,
};
use std::{
    future::Future,
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    os::{
        fd::{AsRawFd, RawFd},
        unix::net::{UnixListener, UnixStream},
    },
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

const BUFFER: usize = 64 * 1024;
/// From this size on messages are not gathered.
const LARGE: usize = 8 * 1024;
/// As many messages as a ZeroMQ holds by default.
const CHANNEL: usize = 1000;

type Ends = (SyncSender<Vec<u8>>, Receiver<Vec<u8>>);

/// Holds the connector's ends of an inproc connection.
#[derive(Clone)]
pub struct Raw(Arc<Mutex<Option<Ends>>>);

impl Subject for Raw {
    type Socket = Wire;

    fn new(plan: &Plan) -> Result<Self, String> {
        let many = plan.peers > 4 && !is_crowd(plan);
        if many || plan.subscriptions > 0 || (BUSY.load(Ordering::Relaxed) && !plan.latency) {
            return Err("no raw counterpart".to_owned());
        }
        Ok(Self(Arc::default()))
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        run_ready(future)
    }

    fn socket(&self, kind: Kind, plan: &Plan) -> Wire {
        let gather = matches!(kind, Kind::Push | Kind::Pull) && plan.size < LARGE;
        Wire {
            shared: self.0.clone(),
            plan: *plan,
            gather,
            listener: Listener::None,
            channel: None,
            crowded: None,
            peers: vec![],
            current: 0,
            body: vec![0; plan.size],
        }
    }
}

/// Whether a thousand connect to one.
fn is_crowd(plan: &Plan) -> bool {
    plan.peers > 100 && plan.latency && plan.transport == Transport::Tcp && !BUSY.load(Ordering::Relaxed)
}

enum Listener {
    None,
    Tcp(TcpListener),
    Unix(UnixListener),
}

trait Octets: Read + Write + AsRawFd {
    fn never_block(&self);
}
impl Octets for TcpStream {
    fn never_block(&self) {
        self.set_nonblocking(true).unwrap();
    }
}
impl Octets for UnixStream {
    fn never_block(&self) {
        self.set_nonblocking(true).unwrap();
    }
}

/// Whether round trips read again and again instead of sleeping in a read.
static BUSY: AtomicBool = AtomicBool::new(false);

pub fn poll_instead_of_sleeping() {
    BUSY.store(true, Ordering::Relaxed);
}

/// Reads all of a body; a stream that does not block is asked again and again.
fn read_whole(stream: &mut Box<dyn Octets>, mut body: &mut [u8]) {
    while !body.is_empty() {
        match stream.read(body) {
            Ok(0) => panic!("the peer is gone"),
            Ok(count) => body = &mut body[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
    }
}

struct Peer {
    stream: Box<dyn Octets>,
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
}

impl Peer {
    fn new(stream: Box<dyn Octets>) -> Self {
        if BUSY.load(Ordering::Relaxed) {
            stream.never_block();
        }
        Self { stream, buffer: vec![0; BUFFER], begin: 0, end: 0 }
    }

    /// A whole message in the buffer, as (header, body).
    fn buffered(&self) -> Option<(usize, usize)> {
        let octets = &self.buffer[self.begin..self.end];
        let (header, body) = match *octets {
            [0, length, ..] => (2, length as usize),
            [2, ref rest @ ..] if rest.len() >= 8 => {
                (9, u64::from_be_bytes(rest[..8].try_into().unwrap()) as usize)
            }
            _ => return None,
        };
        (octets.len() >= header + body).then_some((header, body))
    }

    fn fill(&mut self) {
        self.buffer.copy_within(self.begin..self.end, 0);
        (self.begin, self.end) = (0, self.end - self.begin);
        let read = self.stream.read(&mut self.buffer[self.end..]).unwrap();
        assert!(read > 0, "the peer is gone");
        self.end += read;
    }
}

pub struct Wire {
    shared: Arc<Mutex<Option<Ends>>>,
    plan: Plan,
    gather: bool,
    listener: Listener,
    channel: Option<Ends>,
    /// One of a thousand.
    crowded: Option<crowd::Connection>,
    peers: Vec<Peer>,
    current: usize,
    body: Vec<u8>,
}

impl Wire {
    /// Makes a peer that has a whole message the current one.
    fn select(&mut self) -> (usize, usize) {
        if let Some(found) = self.peers[self.current].buffered() {
            return found;
        }
        loop {
            if self.peers.len() > 1 {
                let fds: Vec<RawFd> = self.peers.iter().map(|peer| peer.stream.as_raw_fd()).collect();
                self.current = readable(&fds, self.current);
            }
            self.peers[self.current].fill();
            if let Some(found) = self.peers[self.current].buffered() {
                return found;
            }
        }
    }
}

/// The next readable one after `current`.
fn readable(fds: &[RawFd], current: usize) -> usize {
    let mut polled: Vec<libc::pollfd> =
        fds.iter().map(|&fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 }).collect();
    // SAFETY: the array lives through the call and has the given length.
    let ready = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, -1) };
    assert!(ready > 0);
    let ready = |index: &usize| polled[*index].revents != 0;
    (1..=fds.len()).map(|step| (current + step) % fds.len()).find(ready).unwrap()
}

impl Socket for Wire {
    async fn bind(&mut self, endpoint: &str) -> String {
        match self.plan.transport {
            Transport::Tcp => {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
                self.listener = Listener::Tcp(listener);
                endpoint
            }
            Transport::Ipc => {
                self.listener = Listener::Unix(UnixListener::bind(&endpoint["ipc://".len()..]).unwrap());
                endpoint.to_owned()
            }
            Transport::Inproc => {
                let ((to_there, from_here), (to_here, from_there)) =
                    (sync_channel(CHANNEL), sync_channel(CHANNEL));
                self.channel = Some((to_there, from_there));
                *self.shared.lock().unwrap() = Some((to_here, from_here));
                endpoint.to_owned()
            }
        }
    }

    async fn connect(&mut self, endpoint: &str) {
        if is_crowd(&self.plan) {
            self.crowded = Some(crowd::Connection::connect(&endpoint["tcp://".len()..]));
            return;
        }
        let stream: Box<dyn Octets> = match self.plan.transport {
            Transport::Tcp => {
                let stream = TcpStream::connect(&endpoint["tcp://".len()..]).unwrap();
                stream.set_nodelay(true).unwrap();
                Box::new(stream)
            }
            Transport::Ipc => Box::new(UnixStream::connect(&endpoint["ipc://".len()..]).unwrap()),
            Transport::Inproc => {
                self.channel = self.shared.lock().unwrap().take();
                return;
            }
        };
        self.peers.push(Peer::new(stream));
    }

    async fn expect_peers(&mut self) {
        if is_crowd(&self.plan) {
            return;
        }
        for _ in 0..self.plan.peers {
            let stream: Box<dyn Octets> = match &self.listener {
                Listener::Tcp(listener) => {
                    let stream = listener.accept().unwrap().0;
                    stream.set_nodelay(true).unwrap();
                    Box::new(stream)
                }
                Listener::Unix(listener) => Box::new(listener.accept().unwrap().0),
                Listener::None => return,
            };
            self.peers.push(Peer::new(stream));
        }
    }

    #[inline]
    async fn send(&mut self, body: &[u8]) {
        if let Some((out, _)) = &self.channel {
            return out.send(body.to_vec()).unwrap();
        }
        if let Some(connection) = &mut self.crowded {
            return connection.send(body);
        }
        let peer = &mut self.peers[0];
        if !self.gather {
            return peer.stream.write_all(body).unwrap();
        }
        if peer.end + 9 + body.len() > BUFFER {
            peer.stream.write_all(&peer.buffer[..peer.end]).unwrap();
            peer.end = 0;
        }
        let mut put = |octets: &[u8]| {
            peer.buffer[peer.end..peer.end + octets.len()].copy_from_slice(octets);
            peer.end += octets.len();
        };
        if let Ok(short) = u8::try_from(body.len()) {
            put(&[0, short]);
        } else {
            put(&[2]);
            put(&(body.len() as u64).to_be_bytes());
        }
        put(body);
    }

    #[inline]
    async fn recv<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> T {
        if let Some((_, input)) = &self.channel {
            return read(&input.recv().unwrap());
        }
        if let Some(connection) = &mut self.crowded {
            connection.recv(&mut self.body);
            return read(&self.body);
        }
        if !self.gather {
            read_whole(&mut self.peers[0].stream, &mut self.body);
            return read(&self.body);
        }
        let (header, length) = self.select();
        let peer = &mut self.peers[self.current];
        let begin = peer.begin + header;
        peer.begin = begin + length;
        self.body[..length].copy_from_slice(&peer.buffer[begin..begin + length]);
        read(std::hint::black_box(&self.body[..length]))
    }

    async fn echo(&mut self, count: u64) {
        if let (Listener::Tcp(listener), true) = (&self.listener, is_crowd(&self.plan)) {
            return crowd::echo(listener, count, self.plan.size);
        }
        for _ in 0..count {
            if let Some((out, input)) = &self.channel {
                out.send(input.recv().unwrap()).unwrap();
                continue;
            }
            let stream = &mut self.peers[0].stream;
            read_whole(stream, &mut self.body);
            stream.write_all(&self.body).unwrap();
        }
    }

    async fn flush(&mut self) {
        if self.gather && self.channel.is_none() {
            let peer = &mut self.peers[0];
            peer.stream.write_all(&peer.buffer[..peer.end]).unwrap();
            peer.end = 0;
        }
    }
}
