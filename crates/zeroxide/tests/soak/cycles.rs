//! A great many connections that come, lead to nothing, and go: what is left of them.

use crate::{alone, asked, common::*, ran_elsewhere, resident_octets};
use std::{io::Write, net::TcpStream, os::unix::net::UnixStream, time::Instant};
use zeroxide::*;

/// A socket at several addresses, so that the system does not run out of ports for those that were closed here first.
struct Idle {
    socket: Socket,
    tcp: Vec<String>,
    unix: String,
    _context: Context,
}

impl Idle {
    fn new(kind: SocketType, prepare: impl Fn(&Socket)) -> Self {
        let context = Context::new();
        let socket = Socket::new(&context, kind).unwrap();
        prepare(&socket);
        socket.bind("tcp://127.0.0.1:*").unwrap();
        let port = socket.last_endpoint().rsplit_once(':').unwrap().1.to_owned();
        let mut tcp = vec![format!("127.0.0.1:{port}")];
        for last in 2..=32 {
            if let Ok(at) = socket.bind(&format!("tcp://127.0.0.{last}:{port}")) {
                tcp.push(at["tcp://".len()..].to_owned());
            }
        }
        let unix = socket.bind("ipc://*").unwrap()["ipc://".len()..].to_owned();
        Self { socket, tcp, unix, _context: context }
    }

    /// Connections that have come to nothing. To a STREAM a connection is a peer, and ends when that has gone.
    fn done(&self) -> usize {
        let told = self.socket.statistics();
        let turned_away = told.met(Limit::Handshakes) + told.met(Limit::HandshakesPerAddress);
        let gone = match self.socket.socket_type() {
            // One that came since the statistics were read is up, and not counted in them: of those counted, fewer have
            // gone than this says, never more.
            SocketType::Stream => told.connections.saturating_sub(self.socket.connected() as u64),
            _ => 0,
        };
        (told.failed_handshakes + turned_away + gone) as usize
    }

    /// Somebody connects, says something that leads to nothing, and goes.
    fn cycle(&self, number: usize, sayings: &[Vec<u8>]) {
        let saying = &sayings[number % sayings.len()];
        // The other side may have closed before it took all of it.
        if (number / sayings.len()).is_multiple_of(2) {
            let _ = TcpStream::connect(&self.tcp[number % self.tcp.len()]).unwrap().write_all(saying);
        } else {
            let _ = UnixStream::connect(&self.unix).unwrap().write_all(saying);
        }
    }

    fn cycles(&self, count: usize, sayings: &[Vec<u8>]) {
        let mut wanted = self.done();
        for number in 0..count {
            self.cycle(number, sayings);
            if number % 100 == 99 || number + 1 == count {
                wanted += number % 100 + 1;
                eventually(|| {
                    // A STREAM passes on what comes: somebody looks at it, or it would have to be kept.
                    while self.socket.socket_type() == SocketType::Stream && self.socket.try_recv().is_ok() {}
                    self.done() >= wanted
                });
            }
        }
    }

    /// So many cycles leave memory as it was.
    #[track_caller]
    fn soak(&self, name: &str, count: usize, sayings: &[Vec<u8>]) {
        // The first ones pay for what there is once.
        self.cycles((count / 20).max(500), sayings);
        let (before, start) = (resident_octets(), Instant::now());
        self.cycles(count, sayings);
        let grown = resident_octets().saturating_sub(before);
        println!(
            "{name}: {count} came and went in {:.1} s, memory grew by {} KiB to {} KiB",
            start.elapsed().as_secs_f64(),
            grown >> 10,
            resident_octets() >> 10
        );
        assert!(grown <= 2 << 20, "{name}: memory grew by {grown} octets");
        // A connection is counted a moment before it is up, and may be gone in that count before it has come.
        eventually(|| self.socket.peers().is_empty() && self.socket.connected() == 0);
    }
}

fn is_wanted(name: &str) -> bool {
    std::env::var("ZEROXIDE_SOAK_TYPES").ok().is_none_or(|only| only.split(',').any(|one| one == name))
}

fn cycles_asked() -> Option<usize> {
    asked("ZEROXIDE_SOAK_HANDSHAKES")
}

/// Nothing, halves, noise, another mechanism, another type, too much.
fn sayings() -> Vec<Vec<u8>> {
    let greeting = octets::greeting_v31("NULL");
    let command = |name, data: &[u8]| [greeting.clone(), octets::command(name, data)].concat();
    vec![
        vec![],
        greeting[..10].to_vec(),
        greeting[..40].to_vec(),
        greeting.clone(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        octets::greeting_v31("CURVE"),
        command("READY", &octets::property("Socket-Type", b"NONSENSE")),
        command("READY", &octets::property("X-life-story", &[7; 3000])),
        command("READY", b"\x0bSocket-"),
        [greeting.clone(), vec![6, 0, 0, 0, 0, 0, 1, 0, 0, 7]].concat(),
    ]
}

#[test]
fn what_fails_leaves_nothing_behind_on_a_socket_of_any_type() {
    if ran_elsewhere("cycles::what_fails_leaves_nothing_behind_on_a_socket_of_any_type") {
        return;
    }
    let _turn = alone();
    let (count, sayings) = (cycles_asked().unwrap_or(1000), sayings());
    // DGRAM has no connections.
    for kind in SocketType::ALL.into_iter().filter(|kind| *kind != SocketType::Dgram) {
        if is_wanted(kind.name()) {
            Idle::new(kind, |_| ()).soak(kind.name(), count, &sayings);
        }
    }
}

/// What a client of this CURVE server says first, taken down from one. It is good for ever: all that a server makes of it
/// is new each time.
fn hello_to(server: PublicKey) -> Vec<u8> {
    let listener = RawListener::tcp();
    let context = Context::new();
    let client = Req::new(&context).unwrap();
    client.set_curve_client(server, &curve_keypair().unwrap()).unwrap();
    client.connect(listener.endpoint()).unwrap();
    let mut peer = listener.accept();
    peer.send(&octets::greeting_v31("CURVE"));
    peer.read(64 + 202)
}

#[test]
fn what_fails_under_a_mechanism_leaves_nothing_behind() {
    if ran_elsewhere("cycles::what_fails_under_a_mechanism_leaves_nothing_behind") {
        return;
    }
    let _turn = alone();
    let count = cycles_asked().unwrap_or(500);
    if is_wanted("CURVE") {
        let keys = curve_keypair().unwrap();
        let hello = hello_to(keys.public);
        let mut forged = hello.clone();
        forged[64 + 150] ^= 1;
        let nonsense = octets::command("INITIATE", &[7; 400]);
        let sayings =
            [hello.clone(), forged, [&hello[..], &nonsense].concat(), [&hello[..], &hello[64..]].concat()];
        Idle::new(SocketType::Rep, |rep| rep.secure_server(&keys, AllowKeys::new()).unwrap())
            .soak("CURVE", count, &sayings);
    }
    if is_wanted("PLAIN") {
        let greeting = octets::greeting_v31("PLAIN");
        let says = |data: &[u8]| [greeting.clone(), octets::command("HELLO", data)].concat();
        let sayings = [says(b"\x05admin\x05wrong"), says(b"\x05admin\xff"), says(b"\0\0"), says(&[255; 300])];
        let guard = |rep: &Socket| {
            rep.set_plain_server().unwrap();
            rep.set_authenticator(Passwords::from_iter([("admin", "secret")])).unwrap();
        };
        Idle::new(SocketType::Rep, guard).soak("PLAIN", count, &sayings);
    }
}
