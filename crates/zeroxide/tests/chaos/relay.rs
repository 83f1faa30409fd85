//! A fault proxy: a relay of octets between a client and a server that breaks as it is told.

use crate::common::*;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// Connections made to its endpoint go on to another one.
pub(crate) struct Relay {
    endpoint: String,
    /// Where it listens, over ipc.
    _path: IpcPath,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// So many octets more may pass, in both directions together; `None` is no limit.
    allowance: Option<usize>,
    /// Somebody waits for leave to pass.
    held: bool,
    /// Both ends of every connection.
    open: Vec<Stream>,
    over: bool,
}

impl Relay {
    /// To an endpoint of tcp or ipc, which need not be there yet; its own is of the same transport.
    pub(crate) fn to(target: &str) -> Self {
        let path = IpcPath::new();
        let (endpoint, mut accept) = listen(target, &path);
        let shared = Arc::new(Shared::default());
        let (inside, target) = (shared.clone(), target.to_owned());
        thread::spawn(move || {
            while let Some(near) = accept() {
                if inside.state.lock().unwrap().over {
                    return;
                }
                inside.join(near, &target);
            }
        });
        Self { endpoint, _path: path, shared }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Nothing passes any more; connections stay.
    pub(crate) fn freeze(&self) {
        self.hold_after(0);
    }

    /// Nothing passes after so many octets; connections stay.
    pub(crate) fn hold_after(&self, octets: usize) {
        let mut state = self.shared.state.lock().unwrap();
        (state.allowance, state.held) = (Some(octets), false);
    }

    /// Waits until something is held back.
    pub(crate) fn wait_held(&self) {
        let state = self.shared.state.lock().unwrap();
        let waited = self.shared.changed.wait_timeout_while(state, LONG, |state| !state.held).unwrap();
        assert!(!waited.1.timed_out(), "nothing came that could be held");
    }

    /// Everything passes again.
    pub(crate) fn heal(&self) {
        self.shared.state.lock().unwrap().allowance = None;
        self.shared.changed.notify_all();
    }

    /// Ends all connections there are.
    pub(crate) fn cut(&self) {
        for stream in self.shared.state.lock().unwrap().open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.shared.changed.notify_all();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.state.lock().unwrap().over = true;
        self.cut();
        self.heal();
        // Ends the accepting thread.
        let _ = Stream::connect(&self.endpoint);
    }
}

impl Shared {
    fn join(self: &Arc<Self>, near: Stream, target: &str) {
        let Some(far) = Stream::connect(target) else { return };
        let clones = |stream: &Stream| stream.try_clone().unwrap();
        self.state.lock().unwrap().open.extend([clones(&near), clones(&far)]);
        for (from, to) in [(clones(&near), clones(&far)), (far, near)] {
            let shared = self.clone();
            thread::spawn(move || shared.pass(from, to));
        }
    }

    /// Octet after octet from one to the other, as long as both are there.
    fn pass(&self, mut from: Stream, mut to: Stream) {
        let mut room = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut room) {
            let mut passed = 0;
            while passed < count {
                let allowed = self.leave_for(count - passed);
                if allowed == 0 || to.write_all(&room[passed..passed + allowed]).is_err() {
                    return end(&from, &to);
                }
                passed += allowed;
            }
        }
        end(&from, &to);
    }

    /// How many of these octets may pass, once some may; none if the relay is over.
    fn leave_for(&self, octets: usize) -> usize {
        let mut state = self.state.lock().unwrap();
        loop {
            if state.over {
                return 0;
            }
            match &mut state.allowance {
                None => return octets,
                Some(0) => {}
                Some(left) => {
                    let allowed = octets.min(*left);
                    *left -= allowed;
                    return allowed;
                }
            }
            state.held = true;
            self.changed.notify_all();
            state = self.changed.wait(state).unwrap();
        }
    }
}

fn end(one: &Stream, other: &Stream) {
    let _ = one.shutdown(Shutdown::Both);
    let _ = other.shutdown(Shutdown::Both);
}

/// Listens over the transport of this endpoint: where, and how the next connection is had.
fn listen(like: &str, path: &IpcPath) -> (String, Box<dyn FnMut() -> Option<Stream> + Send>) {
    if like.starts_with("tcp") {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
        return (
            endpoint,
            Box::new(move || {
                let (stream, _) = listener.accept().ok()?;
                stream.set_nodelay(true).ok()?;
                Some(Stream::Tcp(stream))
            }),
        );
    }
    let listener = UnixListener::bind(path.path()).unwrap();
    (path.endpoint(), Box::new(move || listener.accept().ok().map(|(stream, _)| Stream::Ipc(stream))))
}

/// A connection of either transport.
enum Stream {
    Tcp(TcpStream),
    Ipc(UnixStream),
}

impl Stream {
    fn connect(endpoint: &str) -> Option<Self> {
        match endpoint.split_once("://")? {
            ("tcp", address) => {
                let stream = TcpStream::connect(address).ok()?;
                stream.set_nodelay(true).ok()?;
                // So that who sends too much finds out before it has sent megabytes.
                rustix::net::sockopt::set_socket_recv_buffer_size(&stream, 64 * 1024).ok()?;
                Some(Self::Tcp(stream))
            }
            (_, path) => UnixStream::connect(path).ok().map(Self::Ipc),
        }
    }

    fn try_clone(&self) -> std::io::Result<Self> {
        match self {
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
            Self::Ipc(stream) => stream.try_clone().map(Self::Ipc),
        }
    }

    fn shutdown(&self, how: Shutdown) -> std::io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(how),
            Self::Ipc(stream) => stream.shutdown(how),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(room),
            Self::Ipc(stream) => stream.read(room),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(octets),
            Self::Ipc(stream) => stream.write(octets),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
