//! A peer that is only octets: it sends what it is told, and fails the test when anything else comes back than it
//! was told to expect. The octets themselves are built in [`crate::octets`].

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use crate::{PATIENCE, difference, dump, octets};

/// One connection.
pub struct RawPeer {
    stream: Stream,
}

enum Stream {
    Tcp(TcpStream),
    Ipc(UnixStream),
}

/// A frame of 2.0 or 3.x, taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RawFrame {
    /// The flags octet as it came.
    pub flags: u8,
    /// The body.
    pub body: Vec<u8>,
}

impl RawPeer {
    /// Connects to `tcp://host:port` or `ipc://path`.
    ///
    /// # Panics
    /// When nobody listens, or it is another transport.
    #[track_caller]
    pub fn connect(endpoint: &str) -> Self {
        let opened = match endpoint.split_once("://") {
            Some(("tcp", address)) => TcpStream::connect(address).map(Stream::Tcp),
            Some(("ipc", path)) => UnixStream::connect(path).map(Stream::Ipc),
            _ => panic!("a raw peer speaks tcp and ipc, not {endpoint}"),
        };
        Self::on(opened.unwrap_or_else(|error| panic!("connect to {endpoint}: {error}")))
    }

    fn on(stream: Stream) -> Self {
        let limited = match &stream {
            Stream::Tcp(tcp) => tcp
                .set_nodelay(true)
                .and(tcp.set_read_timeout(Some(PATIENCE)))
                .and(tcp.set_write_timeout(Some(PATIENCE))),
            Stream::Ipc(ipc) => {
                ipc.set_read_timeout(Some(PATIENCE)).and(ipc.set_write_timeout(Some(PATIENCE)))
            }
        };
        limited.expect("deadlines on a socket");
        Self { stream }
    }

    /// Sends these octets.
    #[track_caller]
    pub fn send(&mut self, octets: &[u8]) -> &mut Self {
        if let Err(error) = self.stream.write_all(octets) {
            panic!("the other side took no more octets: {error}\nsending:\n{}", dump(octets));
        }
        self
    }

    /// Sends these octets to a side that may close before it has them all; whether it took them.
    #[track_caller]
    pub fn send_until_closed(&mut self, octets: &[u8]) -> bool {
        match self.stream.write_all(octets) {
            Ok(()) => true,
            Err(error) if gone(&error) => false,
            Err(error) => panic!("the other side took no more octets, and did not close: {error}"),
        }
    }

    /// Sends these octets one at a time, each in a segment of its own as far as the system lets us.
    #[track_caller]
    pub fn send_octet_by_octet(&mut self, octets: &[u8]) -> &mut Self {
        for octet in octets {
            self.send(std::slice::from_ref(octet));
        }
        self
    }

    /// Expects exactly these octets next. More may follow.
    #[track_caller]
    pub fn expect(&mut self, wanted: &[u8]) -> &mut Self {
        let came = self.read_up_to(wanted.len());
        assert!(came == wanted, "{}", difference(wanted, &came));
        self
    }

    /// Expects the other side to close now, with nothing left to read.
    #[track_caller]
    pub fn expect_close(&mut self) {
        let came = self.read_to_close();
        assert!(came.is_empty(), "wanted a close, came first:\n{}", dump(&came));
    }

    /// Reads until the other side closes; returns what came before. A reset counts as a close.
    #[track_caller]
    pub fn read_to_close(&mut self) -> Vec<u8> {
        let mut came = Vec::new();
        match self.stream.read_to_end(&mut came) {
            Ok(_) => came,
            Err(error) if gone(&error) => came,
            Err(error) => panic!("the other side did not close: {error}\nbut sent:\n{}", dump(&came)),
        }
    }

    /// The next so many octets, whatever they are.
    #[track_caller]
    pub fn read(&mut self, size: usize) -> Vec<u8> {
        let came = self.read_up_to(size);
        assert!(came.len() == size, "wanted {size} octets, came {}:\n{}", came.len(), dump(&came));
        came
    }

    /// The next frame of 2.0 or 3.x.
    #[track_caller]
    pub fn read_frame(&mut self) -> RawFrame {
        let flags = self.read(1)[0];
        let size = if flags & octets::LONG == 0 {
            u64::from(self.read(1)[0])
        } else {
            u64::from_be_bytes(self.read(8).try_into().expect("8 octets"))
        };
        RawFrame { flags, body: self.read(usize::try_from(size).expect("a frame that fits")) }
    }

    /// The frames of the next message of 2.0 or 3.x; commands between them are passed over.
    #[track_caller]
    pub fn read_message(&mut self) -> Vec<Vec<u8>> {
        let mut parts = Vec::new();
        loop {
            let frame = self.read_frame();
            if frame.flags & octets::COMMAND != 0 {
                continue;
            }
            parts.push(frame.body);
            if frame.flags & octets::MORE == 0 {
                return parts;
            }
        }
    }

    /// Greets as 3.1 with NULL, and expects the same and the READY of this type, without identity.
    #[track_caller]
    pub fn shake_hands_v31(&mut self, ours: crate::Kind, theirs: crate::Kind) -> &mut Self {
        self.send(&octets::greeting_v31("NULL")).expect(&octets::greeting_v31("NULL"));
        self.send(&octets::ready(ours, b"")).expect(&octets::ready(theirs, b""))
    }

    /// Says that nothing more will be sent; reading goes on.
    pub fn close_sending(&mut self) {
        let _ = match &self.stream {
            Stream::Tcp(tcp) => tcp.shutdown(Shutdown::Write),
            Stream::Ipc(ipc) => ipc.shutdown(Shutdown::Write),
        };
    }

    /// Closes both ways. Dropping the peer does the same.
    pub fn close(self) {}

    /// Stops early only when the other side closes.
    #[track_caller]
    fn read_up_to(&mut self, size: usize) -> Vec<u8> {
        let mut came = vec![0; size];
        let mut filled = 0;
        while filled < size {
            match self.stream.read(&mut came[filled..]) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if gone(&error) => break,
                Err(error) => {
                    panic!("wanted {size} octets: {error}\ncame {filled}:\n{}", dump(&came[..filled]))
                }
            }
        }
        came.truncate(filled);
        came
    }
}

/// A place where connections of octets arrive.
pub struct RawListener {
    listener: Listener,
    endpoint: String,
}

enum Listener {
    Tcp(TcpListener),
    Ipc(UnixListener),
}

impl RawListener {
    /// On a free port of loopback.
    pub fn tcp() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let endpoint = format!("tcp://{}", listener.local_addr().expect("a bound address"));
        Self { listener: Listener::Tcp(listener), endpoint }
    }

    /// As [`RawListener::tcp`], for connections whose system takes a few kibioctets ahead of them and no more.
    pub fn tcp_with_little_room() -> Self {
        let this = Self::tcp();
        if let Listener::Tcp(tcp) = &this.listener {
            rustix::net::sockopt::set_socket_recv_buffer_size(tcp, 4096).expect("a smaller buffer");
        }
        this
    }

    /// On this path.
    pub fn ipc(path: &Path) -> Self {
        let listener = UnixListener::bind(path).expect("a free path");
        Self { listener: Listener::Ipc(listener), endpoint: format!("ipc://{}", path.display()) }
    }

    /// Where to connect to.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The next connection.
    ///
    /// # Panics
    /// When none comes within [`PATIENCE`].
    #[track_caller]
    pub fn accept(&self) -> RawPeer {
        self.set_nonblocking();
        let stream = crate::eventually_some(|| match self.try_accept() {
            Ok(stream) => Some(stream),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(error) => panic!("accept on {}: {error}", self.endpoint),
        });
        match &stream {
            Stream::Tcp(tcp) => tcp.set_nonblocking(false).expect("a blocking stream"),
            Stream::Ipc(ipc) => ipc.set_nonblocking(false).expect("a blocking stream"),
        }
        RawPeer::on(stream)
    }

    fn set_nonblocking(&self) {
        let set = match &self.listener {
            Listener::Tcp(tcp) => tcp.set_nonblocking(true),
            Listener::Ipc(ipc) => ipc.set_nonblocking(true),
        };
        set.expect("a listener that does not block");
    }

    fn try_accept(&self) -> io::Result<Stream> {
        match &self.listener {
            Listener::Tcp(tcp) => tcp.accept().map(|(stream, _)| Stream::Tcp(stream)),
            Listener::Ipc(ipc) => ipc.accept().map(|(stream, _)| Stream::Ipc(stream)),
        }
    }
}

/// How an abrupt close shows to whoever reads.
fn gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(tcp) => tcp.read(into),
            Self::Ipc(ipc) => ipc.read(into),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(tcp) => tcp.write(from),
            Self::Ipc(ipc) => ipc.write(from),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
