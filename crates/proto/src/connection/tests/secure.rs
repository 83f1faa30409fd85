//! PLAIN and CURVE as octets: the vectors of the digest, two sides that talk, and the questions of a server.

use super::*;
use crate::security::{
    Credentials, CurveClient, CurveServer, Denial, Entropy, Keypair, Mechanism, NoEntropy, PlainClient,
    Question, SecretKey, Security, SecurityOptions, Verdict, zap::ZapError,
};
use std::sync::{Arc, Mutex};

/// Random numbers from a script: each draw takes the next of these, repeated as often as it takes.
#[derive(Debug)]
pub(super) struct Script(Mutex<std::vec::IntoIter<u8>>);

impl Script {
    pub(super) fn of(octets: impl IntoIterator<Item = u8>) -> Arc<dyn Entropy> {
        Arc::new(Self(Mutex::new(octets.into_iter().collect::<Vec<_>>().into_iter())))
    }
}

impl Entropy for Script {
    fn fill(&self, octets: &mut [u8]) -> Result<(), NoEntropy> {
        octets.fill(self.0.lock().unwrap().next().ok_or(NoEntropy)?);
        Ok(())
    }
}

pub(super) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

pub(super) fn client_keys() -> Keypair {
    Keypair::from("D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs".parse::<SecretKey>().unwrap())
}

pub(super) fn server_keys() -> Keypair {
    Keypair::from("JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6".parse::<SecretKey>().unwrap())
}

/// A client and a server that draw what the vectors were made with.
pub(super) fn curve_pair() -> (Security, Security) {
    let client =
        CurveClient { keys: client_keys(), server: server_keys().public, entropy: Script::of([0x11, 0x66]) };
    let server = CurveServer { keys: server_keys(), entropy: Script::of([0x22, 0x33, 0x44, 0x55]) };
    (Security::CurveClient(Arc::new(client)), Security::CurveServer(Arc::new(server)))
}

pub(super) fn plain_pair() -> (Security, Security) {
    let client = PlainClient { username: b"admin".to_vec(), password: "secret".into() };
    (Security::PlainClient(Arc::new(client)), Security::PlainServer)
}

pub(super) fn with(security: Security, kind: SocketType) -> Settings {
    Settings { security, ..settings(kind) }
}

/// One side of a conversation, and what it has said so far.
pub(super) struct Side {
    pub(super) handshake: Handshake,
    pub(super) up: Option<Established>,
    pub(super) question: Option<Box<Question>>,
    pub(super) said: Vec<u8>,
    /// Octets of `said` that the other side has taken.
    pub(super) heard: usize,
}

impl Side {
    pub(super) fn new(settings: Settings) -> Self {
        let mut said = vec![];
        let handshake = Handshake::new(settings, &mut said);
        Self { handshake, up: None, question: None, said, heard: 0 }
    }

    /// Takes up to `portion` octets of what the other side said; false if there is nothing to take or to do.
    pub(super) fn listen(&mut self, other: &mut Self, portion: usize) -> Result<bool, HandshakeError> {
        let news = &other.said[other.heard..];
        if news.is_empty() || self.up.is_some() || self.question.is_some() {
            return Ok(false);
        }
        let progress = self.handshake.receive(&news[..portion.min(news.len())], &mut self.said)?;
        other.heard += progress.consumed;
        self.up = progress.established;
        self.question = progress.question;
        Ok(progress.consumed > 0 || self.up.is_some() || self.question.is_some())
    }

    pub(super) fn answer(&mut self, verdict: Verdict) -> Result<(), HandshakeError> {
        assert!(self.question.take().is_some(), "something was asked");
        self.up = self.handshake.answer(verdict, &mut self.said)?;
        Ok(())
    }

    /// The commands it said, without the greeting and the heads of frames.
    fn commands(&self) -> Vec<Vec<u8>> {
        let mut rest = &self.said[64..];
        let mut commands = vec![];
        while let Some(header) = crate::batch::Header::parse(rest) {
            let (command, behind) = rest[header.octets..].split_at(header.size as usize);
            commands.push(command.to_vec());
            rest = behind;
        }
        commands
    }
}

/// Lets two sides talk as long as there is something to say.
pub(super) fn talk(one: &mut Side, other: &mut Side, portion: usize) -> Result<(), HandshakeError> {
    while one.listen(other, portion)? | other.listen(one, portion)? {}
    Ok(())
}

/// Two sides that agree.
pub(super) fn agreed(pair: (Security, Security), kinds: [SocketType; 2], portion: usize) -> [Side; 2] {
    let mut sides = [Side::new(with(pair.0, kinds[0])), Side::new(with(pair.1, kinds[1]))];
    let [one, other] = &mut sides;
    talk(one, other, portion).unwrap();
    assert!(one.up.is_some() && other.up.is_some());
    sides
}

fn sample() -> Vec<Message> {
    let envelope = Message::from_frames([b"\0abcd".to_vec(), vec![], vec![1; 300]]);
    vec![
        "hello".into(),
        envelope,
        Message::new(),
        vec![2; 100_000].into(),
        vec![3; 9_000].into(),
        "end".into(),
    ]
}

fn say(from: &mut Established, to: &mut Established, portion: usize) {
    let octets = wire(&from.encoder.encode(batch(&sample())));
    let (received, result) = feed(&mut to.decoder, &octets, portion);
    assert_eq!(result, Ok(()));
    assert!(received.messages == sample());
}

#[test]
fn what_is_sealed_from_where_it_is_is_what_a_batch_of_it_would_be() {
    let message = Message::from([vec![1; 3], vec![], vec![2; 40_000]]);
    let [one, other] = agreed(curve_pair(), [SocketType::Dealer, SocketType::Router], 64);
    let (mut one, mut other) = (one.up.unwrap(), other.up.unwrap());
    let [twin, _] = agreed(curve_pair(), [SocketType::Dealer, SocketType::Router], 64);
    let expected = wire(&twin.up.unwrap().encoder.encode(batch(std::slice::from_ref(&message))));
    let [envelope @ .., body] = message.frames() else { unreachable!() };
    let mut lent = one.encoder.seal_lent(envelope, body).unwrap();
    assert_eq!(wire(&lent), expected);
    assert_eq!(feed(&mut other.decoder, &expected, usize::MAX).0.messages, std::slice::from_ref(&message));
    lent.keep(batch(std::slice::from_ref(&message)));
    let (mut left, passed) = lent.into_unwritten(expected.len() - 1);
    assert_eq!((left.pop(), passed), (Some(message), 0));
    assert!(Encoder::raw().seal_lent(&[], b"x").is_none());
}

#[test]
fn t8_curve_says_octet_for_octet_what_the_vectors_say() {
    let [mut client, mut server] = agreed(curve_pair(), [SocketType::Dealer, SocketType::Router], usize::MAX);
    let cookie = hex(
        "55555555555555555555555555555555c9cf15bd3c2839be70d869ecdf9a6a1c1c0b498ab2a345ac7d9f750807a1b2c9\
        097bf0a3300566c813c1e15e468b86554e4d57f15863a2cb3ebd0fe64f8d361be1ed144ed4742a2ec17f00885e4c4db3",
    );
    let hello = [
        hex("0548454c4c4f0100"),
        vec![0; 72],
        hex("7b4e909bbe7ffe44c465a220037d608ee35897d31ef972f07f74892cb0f73f13 0000000000000001"),
        hex(
            "4421bee1b6bcfdff97d7ff0fbb19b8498d7c639897ae554a2bc26a32f47752b33a6969a446f85cb346cd5a19216cc199\
            1c7b926bbecbd5cb4fd2793c0c010324677919f0c2caf410afaf707e7ecab73a",
        ),
    ]
    .concat();
    let welcome = hex(
        "0757454c434f4d4544444444444444444444444444444444a980eaf3e82182b92ae5a50d32e67633548b97762565d7f7\
        c46c2c748d52ce0a7811054f36c2b8a219e64022ab9d44d4257b09b463774104ff635c3bbaa556d15a5bb1b3e26eaa85\
        c68eabb8035624eb8e5263738f8400eb7fbc397dd2e7cc3211a32eef2ae7b912e2f17004e25d2d700975994a882e8fc5\
        3425a40986d3851ffd58c067626057c5fd652694a32cd746",
    );
    let initiate = [
        hex("08494e495449415445"),
        cookie,
        hex("0000000000000002"),
        hex(
            "2437c488058d5911888870b7f613ea4af9c45b5a6f52238ade8a4edcf43befcbc22ffeb1e334c2e2e686cc59a61d956e\
            edca88d776ea40c6cac11144b69dbec0cd74f4c5424d38bc2374ada0d9555e698ade4c520d9749b7511cda8407aaed86\
            b075b5254263cff7c15152467363f2a25eb79a800e216d086c3d5745f9626c43763b550dbf62721a29e1eac4e5009a13\
            6c21dddbb5580ef353d5d8dd0a10ddb1283422ca664325950382ccc215cb33c5b1625c",
        ),
    ]
    .concat();
    let ready = hex(
        "055245414459000000000000000120585e2fd504d3016b4f9f0cb53a170c054044f2e2b20ab4e9e1d3084fdac0c485ac\
        4d1a11713205e20bd15405e874cb36de63",
    );
    assert_eq!(client.commands(), [hello, initiate]);
    assert_eq!(server.commands(), [welcome, ready]);

    let (client, server) = (client.up.as_mut().unwrap(), server.up.as_mut().unwrap());
    let hello = wire(&client.encoder.encode(batch(&["Hello".into()])));
    assert_eq!(hello[..2], [0, 38], "an ordinary message frame (X8)");
    assert_eq!(
        hello[2..],
        hex("074d4553534147450000000000000003238f0bd9e8b958b6002a68fca058a15eb2961f68e4f8")
    );
    let world = wire(&server.encoder.encode(batch(&[Message::from(["World", ""])])));
    assert_eq!(
        world[2..40],
        hex("074d4553534147450000000000000002d29b85deaeb5de84051509deecd95fdd2cb30f815add")
    );
    let mut subscribe = vec![];
    client.encoder.subscription(b"A", true, &mut subscribe);
    let expected = "074d45535341474500000000000000046956dc2cc63a4f58fe89f56f3b155d0791b8cd35af8222c9bf0fde10";
    assert_eq!(subscribe[2..], hex(expected));
}

#[test]
fn plain_says_octet_for_octet_what_the_digest_says() {
    let [client, server] = agreed(plain_pair(), [SocketType::Push, SocketType::Pull], usize::MAX);
    let metadata = |name: &str| [&b"\x0bSocket-Type\0\0\0\x04"[..], name.as_bytes()].concat();
    let initiate = [&b"\x08INITIATE"[..], &metadata("PUSH")].concat();
    assert_eq!(client.commands(), [b"\x05HELLO\x05admin\x06secret".to_vec(), initiate]);
    assert_eq!(client.said[64..66], [4, 0x13]);
    assert_eq!(server.commands(), [b"\x07WELCOME".to_vec(), [&b"\x05READY"[..], &metadata("PULL")].concat()]);
}

#[test]
fn all_pairs_of_types_meet_in_secret_and_talk_in_any_portions() {
    for one in SocketType::ALL {
        for other in SocketType::ALL.into_iter().filter(|other| one.may_talk_to(*other)) {
            for (pair, encrypted) in [(curve_pair(), true), (plain_pair(), false)] {
                let [left, right] = agreed(pair, [one, other], 64);
                let (mut left, mut right) = (left.up.unwrap(), right.up.unwrap());
                assert_eq!((left.peer.socket_type, right.peer.socket_type), (Some(other), Some(one)));
                assert_eq!(left.encoder.is_passthrough(), !encrypted);
                say(&mut left, &mut right, 4_096);
                say(&mut right, &mut left, usize::MAX);
                say(&mut right, &mut left, 1_021);
            }
        }
    }
}

#[test]
fn a_handshake_may_be_split_anywhere() {
    for pair in [curve_pair, plain_pair] {
        for portion in 1..80 {
            agreed(pair(), [SocketType::Req, SocketType::Rep], portion);
        }
    }
}

#[test]
fn large_messages_survive_any_portions_of_reading() {
    for portion in [1_000, 16_384, 65_536, 70_000, usize::MAX] {
        let [left, right] = agreed(curve_pair(), [SocketType::Push, SocketType::Pull], 64);
        let (mut left, mut right) = (left.up.unwrap(), right.up.unwrap());
        let messages: Vec<Message> =
            [8_158, 8_159, 8_192, 40_000, 65_536, 1_000_000].map(|size| vec![size as u8; size].into()).into();
        let octets = wire(&left.encoder.encode(batch(&messages)));
        let (received, result) = feed(&mut right.decoder, &octets, portion);
        assert_eq!(result, Ok(()));
        assert!(received.messages == messages, "{portion}");
    }
}

#[test]
fn the_server_names_the_client_by_key_or_by_user() {
    let asking = |security, kind| Settings { asks: true, ..with(security, kind) };
    let (client, server) = curve_pair();
    let named = Settings { routing_id: Frame::from("joe"), ..with(client, SocketType::Dealer) };
    let (mut client, mut server) = (Side::new(named), Side::new(asking(server, SocketType::Router)));
    talk(&mut client, &mut server, 64).unwrap();
    let question = *server.question.clone().unwrap();
    let credentials = Credentials::Curve(client_keys().public);
    assert_eq!(question, Question { credentials, routing_id: Frame::from("joe") });
    assert!(client.up.is_none() && server.up.is_none(), "nobody enters before the answer");
    server.answer(Verdict::Allow).unwrap();
    assert!(server.up.is_some());
    talk(&mut client, &mut server, 64).unwrap();
    assert!(client.up.is_some());

    let (client, server) = plain_pair();
    let (mut client, mut server) =
        (Side::new(with(client, SocketType::Req)), Side::new(asking(server, SocketType::Rep)));
    talk(&mut client, &mut server, 64).unwrap();
    let question = *server.question.clone().unwrap();
    assert_eq!(question.credentials.mechanism(), Mechanism::Plain);
    assert_eq!(
        question.credentials,
        Credentials::Plain { username: b"admin".to_vec(), password: "secret".into() }
    );
    server.answer(Verdict::Allow).unwrap();
    talk(&mut client, &mut server, 64).unwrap();
    assert!(client.up.is_some() && server.up.is_some());
}

#[test]
fn null_asks_before_it_says_ready_and_both_sides_may() {
    let asking = || Settings { asks: true, ..settings(SocketType::Pair) };
    let (mut one, mut other) = (Side::new(asking()), Side::new(asking()));
    talk(&mut one, &mut other, 7).unwrap();
    assert_eq!(one.question.as_ref().unwrap().credentials, Credentials::Null);
    assert_eq!((one.said.len(), other.said.len()), (64, 64), "no READY yet");
    one.answer(Verdict::Allow).unwrap();
    talk(&mut one, &mut other, 7).unwrap();
    assert!(one.up.is_none() && other.question.is_some());
    assert_eq!(other.handshake.receive(b"more", &mut vec![]).unwrap().consumed, 0, "it waits");
    other.answer(Verdict::Allow).unwrap();
    talk(&mut one, &mut other, 7).unwrap();
    assert!(one.up.is_some() && other.up.is_some());
}

#[test]
fn a_peer_that_may_not_enter_is_told_400_or_500_and_nothing_for_300() {
    let null = || (Security::Null, Security::Null);
    for pair in [curve_pair, plain_pair, null] {
        for (denial, told) in
            [(Denial::TryLater, None), (Denial::Refused, Some(400)), (Denial::Fault, Some(500))]
        {
            let (client, server) = pair();
            let mut client = Side::new(with(client, SocketType::Req));
            let mut server = Side::new(Settings { asks: true, ..with(server, SocketType::Rep) });
            talk(&mut client, &mut server, 64).unwrap();
            let error = server.answer(Verdict::Deny(denial)).unwrap_err();
            assert_eq!(error, HandshakeError::Denied(denial));
            assert_eq!(error.failure(), HandshakeFailure::Authentication(denial.status()));
            assert_eq!(error.is_passing(), told.is_none());
            let heard = talk(&mut client, &mut server, 64);
            match told {
                None => assert_eq!(heard, Ok(()), "nothing was said"),
                Some(status) => {
                    let error = heard.unwrap_err();
                    assert_eq!(error.failure(), HandshakeFailure::Authentication(status));
                    assert!(!error.is_passing());
                }
            }
            assert!(client.up.is_none() && server.up.is_none());
        }
    }
}

#[test]
fn without_an_answer_that_makes_sense_nobody_enters() {
    for (verdict, failure) in [
        (Verdict::NoAuthenticator, HandshakeFailure::NoAuthenticator),
        (Verdict::Deserted, HandshakeFailure::Connection),
        (Verdict::Nonsense(ZapError::Version), HandshakeFailure::Protocol(0x2000_0003)),
    ] {
        let (client, server) = curve_pair();
        let mut client = Side::new(with(client, SocketType::Req));
        let mut server = Side::new(Settings { asks: true, ..with(server, SocketType::Rep) });
        talk(&mut client, &mut server, 64).unwrap();
        let said = server.said.len();
        let error = server.answer(verdict).unwrap_err();
        assert_eq!((error.failure(), server.said.len()), (failure, said));
        assert!(server.handshake.receive(b"x", &mut vec![]).unwrap().established.is_none());
    }
}

#[test]
fn r3_where_somebody_is_asked_no_old_peer_enters() {
    for version in [Version::V1, Version::V2] {
        let script = peer_script(version, SocketType::Push);
        let asking = Settings { asks: true, ..settings(SocketType::Pull) };
        assert_eq!(refused(asking, &script), HandshakeError::Downgrade(version));
        for security in [curve_pair().0, curve_pair().1, plain_pair().0, plain_pair().1] {
            assert_eq!(
                refused(with(security, SocketType::Pull), &script),
                HandshakeError::Downgrade(version)
            );
        }
    }
}

#[test]
fn r2_mechanisms_that_differ_never_meet() {
    let greeting_of = |security: Security| Side::new(with(security, SocketType::Pair));
    let all = || [curve_pair().0, curve_pair().1, plain_pair().0, plain_pair().1, Security::Null];
    for one in all() {
        for other in all().into_iter().filter(|other| other.name() != one.name()) {
            let (mut one, mut other) = (greeting_of(one.clone()), greeting_of(other));
            let error = talk(&mut one, &mut other, 64).unwrap_err();
            assert_eq!(error.failure(), HandshakeFailure::Protocol(0x1100_0002));
        }
    }
}

#[test]
fn two_clients_and_two_servers_come_to_nothing() {
    for pair in [curve_pair, plain_pair] {
        let (mut one, mut other) =
            (Side::new(with(pair().0, SocketType::Pair)), Side::new(with(pair().0, SocketType::Pair)));
        assert_eq!(talk(&mut one, &mut other, 64), Err(HandshakeError::UnexpectedCommand));
        let (mut one, mut other) =
            (Side::new(with(pair().1, SocketType::Pair)), Side::new(with(pair().1, SocketType::Pair)));
        talk(&mut one, &mut other, 64).unwrap();
        assert!(one.up.is_none() && other.up.is_none(), "both wait until their time is over");
    }
}

#[test]
fn without_random_numbers_there_is_no_connection() {
    let client = CurveClient { keys: client_keys(), server: server_keys().public, entropy: Script::of([]) };
    let mut one = Side::new(with(Security::CurveClient(client.into()), SocketType::Req));
    let mut other = Side::new(with(curve_pair().1, SocketType::Rep));
    assert_eq!(talk(&mut one, &mut other, 64), Err(HandshakeError::Entropy));
    for draws in 0..4 {
        let server = CurveServer { keys: server_keys(), entropy: Script::of([7; 4][..draws].to_vec()) };
        let mut other = Side::new(with(Security::CurveServer(server.into()), SocketType::Rep));
        let mut one = Side::new(with(curve_pair().0, SocketType::Req));
        assert_eq!(talk(&mut one, &mut other, 64), Err(HandshakeError::Entropy));
    }
}

#[test]
fn options_come_to_the_mechanism_they_say() {
    let entropy = Script::of([1; 8]);
    let mut options = SecurityOptions::default();
    assert_eq!(Security::new(&options, &entropy).name(), "NULL");
    options.set_plain_username("admin");
    options.set_plain_password("secret");
    let client = Security::new(&options, &entropy);
    let mut one = Side::new(with(client, SocketType::Req));
    let mut other = Side::new(with(Security::PlainServer, SocketType::Rep));
    talk(&mut one, &mut other, 64).unwrap();
    assert_eq!(one.commands()[0], b"\x05HELLO\x05admin\x06secret");
    let mut server = SecurityOptions::default();
    server.set_curve_server(true);
    server.set_curve_secret_key(server_keys().secret);
    options.set_curve_public_key(client_keys().public);
    options.set_curve_secret_key(client_keys().secret);
    options.set_curve_server_key(server_keys().public);
    let (client, server) = (Security::new(&options, &entropy), Security::new(&server, &entropy));
    assert!(server.is_server() && !client.is_server());
    agreed((client, server), [SocketType::Req, SocketType::Rep], 64);
}

#[test]
fn a_plain_client_understands_the_error_that_libzmq_misspells() {
    let mut client = Side::new(with(plain_pair().0, SocketType::Req));
    let mut server = Side::new(with(plain_pair().1, SocketType::Rep));
    while server.said.len() < 64 {
        client.listen(&mut server, 64).unwrap();
        server.listen(&mut client, 64).unwrap();
    }
    server.said.extend_from_slice(b"\x04\x09\x5eRROR\x03400");
    let error = talk(&mut client, &mut server, 64).unwrap_err();
    assert_eq!(error.failure(), HandshakeFailure::Authentication(400));
}
