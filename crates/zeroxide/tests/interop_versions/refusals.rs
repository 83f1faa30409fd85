//! What is refused (zmtp.md 21), while whoever behaves is served undisturbed.

use super::*;

/// A PULL of ours that a libzmq PUSH is connected to, and strangers come along.
struct Door {
    _peer: PythonPeer,
    push: RemoteSocket,
    pull: Pull,
    endpoint: String,
    monitor: Monitor,
    refused: u64,
    broken: u64,
    served: u64,
}

impl Door {
    fn open(prepare: impl FnOnce(&Pull)) -> Self {
        let context = Context::new();
        let pull = Pull::new(&context).unwrap();
        prepare(&pull);
        let monitor = pull.monitor();
        let endpoint = pull.bind(TCP).unwrap();
        let (peer, push) = libzmq_connected(Kind::Push, &endpoint);
        connected(&monitor);
        Self { _peer: peer, push, pull, endpoint, monitor, refused: 0, broken: 0, served: 0 }
    }

    /// Somebody who says this is turned away in the handshake; returns what we said to it behind the greeting.
    #[track_caller]
    fn refuses(&mut self, what: &str, octets: &[u8]) -> Vec<u8> {
        let mut stranger = RawPeer::connect(&self.endpoint);
        stranger.send(octets);
        let heard = stranger.read_to_close();
        let (reason, _) = handshake_failed(&self.monitor);
        self.refused += 1;
        self.still_serves(&format!("{what}: {reason}"));
        heard
    }

    /// Somebody who says this after a proper handshake is cut off.
    #[track_caller]
    fn drops(&mut self, what: &str, octets: &[u8]) {
        let mut stranger = RawPeer::connect(&self.endpoint);
        stranger.shake_hands_v31(Kind::Push, Kind::Pull);
        self.drops_established(what, stranger, octets);
    }

    #[track_caller]
    fn drops_established(&mut self, what: &str, mut stranger: RawPeer, octets: &[u8]) {
        stranger.send(octets);
        stranger.read_to_close();
        let reason = disconnected(&self.monitor);
        self.broken += 1;
        self.still_serves(&format!("{what}: {reason}"));
    }

    #[track_caller]
    fn still_serves(&mut self, what: &str) {
        let seen = self.pull.statistics();
        assert_eq!((seen.failed_handshakes, seen.protocol_errors), (self.refused, self.broken), "{what}");
        self.push.send(&[self.served.to_be_bytes()]).unwrap();
        assert_eq!(number_of(&self.pull.recv_timeout(LONG).unwrap()), self.served, "{what}");
        self.served += 1;
    }
}

#[test]
fn r1_peers_that_are_too_old_are_refused() {
    let mut door = Door::open(|_| {});
    door.refuses("1.0, nameless", &greeting_v10(b""));
    door.refuses("1.0, named", &greeting_v10(b"name"));
    door.refuses("revision 0", &[signature(0), vec![0, 8, 1, 0]].concat());
    door.refuses("a browser", b"GET / HTTP/1.1\r\nHost: zero\r\n\r\n");
    let mut door = Door::open(|pull| pull.set_minimum_version(MinimumVersion::V3).unwrap());
    door.refuses("2.0", &greeting_v20(Kind::Push, b""));
}

#[test]
fn r2_peers_of_another_mechanism_are_refused() {
    let mut door = Door::open(|_| {});
    for mechanism in ["PLAIN", "CURVE", "", "null", "NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0X"] {
        let heard = door.refuses(mechanism, &greeting_v31(mechanism));
        assert_eq!(heard, greeting_v31("NULL"), "no command for {mechanism:?}");
    }
}

#[test]
fn r4_reserved_flags_cut_the_connection() {
    let mut door = Door::open(|_| {});
    for flags in [0x08, 0x10, 0x20, 0x40, 0x80, 0xFF, MORE | COMMAND, MORE | octets::LONG | COMMAND] {
        door.drops(&format!("flags {flags:#04x}"), &[flags, 5, 1, 2, 3, 4, 5, 0, 0, 0]);
    }
}

#[test]
fn r5_a_command_cuts_a_connection_of_2_0() {
    let mut door = Door::open(|_| {});
    let mut stranger = RawPeer::connect(&door.endpoint);
    stranger.send(&greeting_v20(Kind::Push, b"")).read(14);
    door.drops_established("PING", stranger, &ping(0, b""));
}

#[test]
fn r6_frames_beyond_the_limit_cut_the_connection_before_they_come() {
    let mut door = Door::open(|pull| pull.set_max_message_size(Some(1000)).unwrap());
    let header = |flags: u8, size: u64| [&[flags | octets::LONG][..], &size.to_be_bytes()].concat();
    door.drops("1001 octets", &header(0, 1001));
    door.drops("2^63 - 1 octets", &header(0, i64::MAX as u64));
    door.drops("2^63 octets", &header(0, 1 << 63));
    door.drops("2^64 - 1 octets", &header(MORE, u64::MAX));
    let mut inside = RawPeer::connect(&door.endpoint);
    inside.shake_hands_v31(Kind::Push, Kind::Pull).send(&message(&[&[7; 1000]]));
    assert_eq!(door.pull.recv_timeout(LONG).unwrap(), vec![7; 1000].into());

    let mut door = Door::open(|_| {});
    door.drops("2^63 octets without a limit", &header(0, 1 << 63));
}

#[test]
fn r7_a_handshake_out_of_turn_or_out_of_form_is_refused() {
    let mut door = Door::open(|_| {});
    let long_handshake = |size: u64| [&[COMMAND | octets::LONG][..], &size.to_be_bytes()].concat();
    for (what, octets) in [
        ("a message before READY", message(&[b"early"])),
        ("an unknown command", command("HOWDY", b"")),
        ("PING before READY", ping(0, b"")),
        ("HELLO", command("HELLO", b"")),
        ("a command without a name", frame(COMMAND, b"\0")),
        ("an empty command", frame(COMMAND, b"")),
        ("a name over the end", frame(COMMAND, b"\x09READY")),
        ("an endless handshake", long_handshake(1 << 40)),
        ("flags out of line", frame(0x44, b"\x05READY")),
    ] {
        door.refuses(what, &greeted(&octets));
    }
}

#[test]
fn an_error_command_ends_the_handshake_and_its_reason_is_told() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let monitor = pull.monitor();
    let mut peer = RawPeer::connect(&pull.bind(TCP).unwrap());
    peer.send(&greeted(&error("go away")));
    peer.read_to_close();
    let (reason, _) = handshake_failed(&monitor);
    assert!(reason.contains("go away"), "{reason}");
}

#[test]
fn r8_properties_that_cannot_be_read_are_refused() {
    let mut door = Door::open(|_| {});
    let kind = || property("Socket-Type", b"PUSH");
    let metadata = |octets: &[&[u8]]| greeted(&command("READY", &octets.concat()));
    for cut in 1..kind().len() {
        door.refuses(&format!("cut at {cut}"), &metadata(&[&kind()[..cut]]));
    }
    for (what, octets) in [
        ("a name of no letters", metadata(&[&kind(), &property("", b"x")])),
        ("two types", metadata(&[&kind(), &kind()])),
        ("two names", metadata(&[&kind(), &property("Identity", b"a"), &property("identity", b"a")])),
        ("a name of other octets", metadata(&[&kind(), &property("X Y", b"")])),
        ("a value of 2^31", metadata(&[&kind(), b"\x01X\x80\0\0\0"])),
        ("an octet left over", metadata(&[&kind(), b"\x01"])),
    ] {
        door.refuses(what, &octets);
    }
    let mut fine = RawPeer::connect(&door.endpoint);
    let properties =
        [property("SOCKET-TYPE", b"PUSH"), property("X-any", b"\0\xFF"), property("Resource", b"a/b")];
    fine.send(&greeted(&command("READY", &properties.concat()))).send(&message(&[b"fine"]));
    assert_eq!(door.pull.recv_timeout(LONG).unwrap(), "fine".into());
}

#[test]
fn r10_heartbeats_out_of_form_cut_the_connection() {
    let mut door = Door::open(|_| {});
    door.drops("PING without a time to live", &command("PING", b""));
    door.drops("PING with half of one", &command("PING", b"\0"));
    door.drops("PONG of 17 octets of context", &pong(&[7; 17]));
}

#[test]
fn r11_a_wrong_type_is_told_so_and_refused() {
    let mut door = Door::open(|_| {});
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Push) {
        let heard = door.refuses(kind.name(), &greeted(&ready(kind, b"")));
        let wanted = [greeting_v31("NULL"), ready(Kind::Pull, b""), error("Invalid socket type")].concat();
        assert_eq!(heard, wanted, "{kind}");
    }
    let unknown = command("READY", &property("Socket-Type", b"SPLICE"));
    door.refuses("an unknown type", &greeted(&unknown));
    // 2.0 has no way to say it.
    let heard = door.refuses("2.0 REP", &greeting_v20(Kind::Rep, b""));
    assert_eq!(heard[..11], greeting_v31("NULL")[..11]);
    door.refuses("2.0 type 99", &[signature(0), vec![1, 99, 0, 0]].concat());
}

#[test]
fn a_peer_that_does_not_say_its_type_is_let_in_as_libzmq_does() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let mut peer = RawPeer::connect(&pull.bind(TCP).unwrap());
    peer.send(&greeted(&command("READY", b""))).send(&message(&[b"hello"]));
    assert_eq!(pull.recv_timeout(LONG).unwrap(), "hello".into());
}

#[test]
fn r12_names_that_are_reserved_or_too_long_are_refused() {
    let mut door = Door::open(|pull| pull.set_minimum_version(MinimumVersion::V1).unwrap());
    let identity = |name: &[u8]| {
        greeted(&command("READY", &[property("Socket-Type", b"PUSH"), property("Identity", name)].concat()))
    };
    door.refuses("3.1, a generated name", &identity(b"\0abcd"));
    door.refuses("3.1, 256 octets", &identity(&[b'x'; 256]));
    door.refuses("2.0, a generated name", &greeting_v20(Kind::Push, b"\0abcd"));
    let long = [&signature(0)[..], &[1, 8, octets::LONG, 0, 0, 0, 0, 0, 0, 1, 0]].concat();
    door.refuses("2.0, 256 octets", &long);
    door.refuses("1.0, a generated name", &greeting_v10(b"\0abcd"));
    door.refuses("1.0, 256 octets", b"\xFF\0\0\0\0\0\0\x01\x01\0");
}

#[test]
fn r14_a_length_of_0_cuts_a_connection_of_1_0() {
    let mut door = Door::open(|pull| pull.set_minimum_version(MinimumVersion::V1).unwrap());
    door.refuses("as identity", &[0, 0]);
    let mut stranger = RawPeer::connect(&door.endpoint);
    stranger.send(&[1, 0]).expect(&signature(0));
    door.drops_established("as message", stranger, &[0, 0]);
}

#[test]
fn r15_whoever_does_not_get_done_in_time_is_turned_away() {
    let in_time = Duration::from_millis(200);
    let mut door = Door::open(|pull| pull.set_handshake_interval(Some(Duration::from_secs(20))).unwrap());
    door.pull.set_handshake_interval(Some(in_time)).unwrap();
    door.refuses("silent", b"");
    door.refuses("half a greeting", &greeting_v31("NULL")[..32]);
    door.refuses("no READY", &greeting_v31("NULL"));
    door.refuses("half a READY", &greeted(&ready(Kind::Push, b"")[..20]));
    // Trickling does not help: the limit is for all of it.
    let mut trickler = RawPeer::connect(&door.endpoint);
    trickler.send(&greeting_v31("NULL")[..11]);
    handshake_failed(&door.monitor);
    trickler.read_to_close();
}

#[test]
fn a_fault_that_a_waiting_thread_reads_cuts_the_connection_at_once() {
    let context = Context::new();
    let pull = Pull::new(&context).unwrap();
    let monitor = pull.monitor();
    let endpoint = pull.bind(TCP).unwrap();
    let mut good = RawPeer::connect(&endpoint);
    good.shake_hands_v31(Kind::Push, Kind::Pull);
    for _ in 0..20 {
        let mut stranger = RawPeer::connect(&endpoint);
        stranger.shake_hands_v31(Kind::Push, Kind::Pull);
        // The application is used to wait for messages itself, so it reads the fault as well.
        good.send(&message(&[b"before"]));
        assert_eq!(pull.recv_timeout(LONG).unwrap(), "before".into());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| pull.recv_timeout(LONG));
            stranger.send(&[0xFF, 0xFF]);
            disconnected(&monitor);
            good.send(&message(&[b"after"]));
            assert_eq!(waiting.join().unwrap().unwrap(), "after".into());
        });
        stranger.read_to_close();
    }
}
