//! Where chaos takes place: over which transport, and under which mechanism.

use crate::common::*;
use zeroxide::*;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Transport {
    Tcp,
    Ipc,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mechanism {
    Null,
    Plain,
    Curve,
}

/// A transport and a mechanism.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ground(Transport, Mechanism);

impl Ground {
    pub(crate) const PLAINEST: Self = Self(Transport::Tcp, Mechanism::Null);

    /// From a name such as `curve_over_ipc`.
    pub(crate) fn named(name: &str) -> Self {
        let (mechanism, transport) = name.split_once("_over_").unwrap();
        let transport = if transport == "tcp" { Transport::Tcp } else { Transport::Ipc };
        match mechanism {
            "null" => Self(transport, Mechanism::Null),
            "plain" => Self(transport, Mechanism::Plain),
            _ => Self(transport, Mechanism::Curve),
        }
    }

    /// Something to bind that nobody else has.
    pub(crate) fn anywhere(self) -> &'static str {
        if self.0 == Transport::Tcp { "tcp://127.0.0.1:*" } else { "ipc://*" }
    }

    /// An endpoint for who connects before anybody binds, as long as the path is kept.
    pub(crate) fn not_yet_bound(self) -> (IpcPath, String) {
        let path = IpcPath::new();
        let endpoint = if self.0 == Transport::Tcp { free_tcp() } else { path.endpoint() };
        (path, endpoint)
    }

    /// Makes a server of a socket that is going to bind.
    pub(crate) fn guard(self, server: &Handle) {
        match self.1 {
            Mechanism::Null => {}
            Mechanism::Plain => {
                server.set_plain_server().unwrap();
                server.set_authenticator(Passwords::from_iter([("joe", "secret")])).unwrap();
            }
            Mechanism::Curve => server.secure_server(&servers(), AllowAny).unwrap(),
        }
    }

    /// Makes a client of a socket that is going to connect.
    pub(crate) fn admit(self, client: &Handle) {
        match self.1 {
            Mechanism::Null => {}
            Mechanism::Plain => client.set_plain_client("joe", "secret").unwrap(),
            Mechanism::Curve => {
                client.set_curve_client(servers().public, &curve_keypair().unwrap()).unwrap();
            }
        }
    }

    /// Octets of both sides after which something happens: between and within the parts of their greetings (64 each) and of
    /// their handshakes, as a REQ and a REP have them. Some of them if not `all` are wanted.
    pub(crate) fn states(self, all: bool) -> Vec<usize> {
        let greetings = [0, 1, 10, 11, 12, 63, 64, 66, 80, 127, 128, 129];
        let handshake: &[usize] = match self.1 {
            Mechanism::Null => &[140, 160, 180],
            // HELLO 20, WELCOME 10, INITIATE and READY some 40 each.
            Mechanism::Plain => &[140, 147, 148, 149, 157, 158, 159, 180, 200, 210],
            // HELLO 202, WELCOME 170, INITIATE some 300, READY some 70.
            Mechanism::Curve => &[200, 329, 330, 331, 400, 499, 500, 501, 600, 700, 780, 820],
        };
        let states = greetings.iter().chain(handshake).copied();
        states.step_by(if all || self == Self::PLAINEST { 1 } else { 3 }).collect()
    }

    /// As far as the first question.
    pub(crate) fn asking(self) -> [usize; 2] {
        match self.1 {
            Mechanism::Null => [190, 200],
            Mechanism::Plain => [250, 260],
            Mechanism::Curve => [900, 950],
        }
    }
}

/// Keys that every process knows.
fn servers() -> Keypair {
    Keypair {
        public: "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7".parse().unwrap(),
        secret: "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6".parse().unwrap(),
    }
}
