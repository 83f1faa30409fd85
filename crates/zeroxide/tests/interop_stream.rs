//! STREAM talks to whatever speaks TCP: as a server for plain clients, as a client of plain servers, and with libzmq on
//! the other end, be it another STREAM or a ZMTP socket that is answered by hand.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod scenario;

use scenario::*;
use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};
use zeroxide::*;

fn stream(context: &Context) -> Stream {
    let stream = Stream::new(context).unwrap();
    stream.set_linger(None);
    stream
}

fn client_of(endpoint: &str) -> TcpStream {
    let client = TcpStream::connect(endpoint.strip_prefix("tcp://").unwrap()).unwrap();
    client.set_read_timeout(Some(LONG)).unwrap();
    client
}

/// The next message: who it is from, and the octets.
#[track_caller]
fn next(stream: &Stream) -> (Frame, Frame) {
    let frames = stream.recv_timeout(LONG).unwrap().into_frames();
    let [name, data] = frames.try_into().expect("two frames");
    (name, data)
}

/// What comes from one connection until it has so many octets.
#[track_caller]
fn read(stream: &Stream, from: &Frame, size: usize) -> Vec<u8> {
    let mut octets = Vec::new();
    while octets.len() < size {
        let (name, data) = next(stream);
        assert_eq!(name, *from);
        assert!(!data.is_empty(), "the end after {} of {size} octets", octets.len());
        octets.extend_from_slice(&data);
    }
    octets
}

fn send(stream: &Stream, to: &Frame, data: impl Into<Frame>) {
    stream.send_timeout(Message::from([to.clone(), data.into()]), LONG).unwrap();
}

#[test]
fn a_web_server_on_a_stream_answers_plain_clients_and_closes() {
    const CLIENTS: usize = 5;
    let context = Context::new();
    let server = stream(&context);
    let endpoint = server.bind(TCP).unwrap();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let mut client = client_of(&endpoint);
            thread::spawn(move || {
                write!(client, "GET /{number} HTTP/1.0\r\n\r\n").unwrap();
                let mut answer = String::new();
                client.read_to_string(&mut answer).unwrap();
                assert_eq!(answer, format!("HTTP/1.0 200 OK\r\n\r\nthis is /{number}"));
            })
        })
        .collect();
    let mut requests: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
    let mut answered = 0;
    while answered < CLIENTS {
        let (name, data) = next(&server);
        assert_eq!((name.len(), name[0]), (5, 0), "a generated name");
        let request = requests.entry(name.to_vec()).or_default();
        request.extend_from_slice(&data);
        if request.ends_with(b"\r\n\r\n") {
            let path = String::from_utf8(request.clone()).unwrap().split(' ').nth(1).unwrap().to_owned();
            send(&server, &name, format!("HTTP/1.0 200 OK\r\n\r\nthis is {path}"));
            send(&server, &name, "");
            answered += 1;
        }
    }
    clients.into_iter().for_each(|client| client.join().unwrap());
    assert_eq!(requests.len(), CLIENTS);
    assert_eq!(server.statistics().lost_in_all(), 0);
}

#[test]
fn a_long_answer_is_complete_before_the_connection_closes() {
    const SIZE: usize = 20 << 20;
    let context = Context::new();
    let server = stream(&context);
    let mut client = client_of(&server.bind(TCP).unwrap());
    let (name, hello) = next(&server);
    assert!(hello.is_empty());
    let answer: Vec<u8> = (0..SIZE).map(|at| (at >> 8) as u8 ^ at as u8).collect();
    for chunk in answer.chunks(1 << 20) {
        send(&server, &name, chunk);
    }
    send(&server, &name, "");
    let refused = server.try_send(Message::from([name.clone(), "more".into()])).unwrap_err();
    assert_eq!(refused.cause, SendErrorCause::Unroutable);
    let mut came = Vec::new();
    client.read_to_end(&mut came).unwrap();
    assert!(came == answer, "{} of {SIZE} octets", came.len());
}

#[test]
fn octets_come_in_order_whatever_their_portions() {
    let context = Context::new();
    let server = stream(&context);
    let mut client = client_of(&server.bind(TCP).unwrap());
    let (name, _) = next(&server);
    let sent: Vec<u8> = (0..1_111_110usize).map(|at| (at % 251) as u8).collect();
    let mut rest = &sent[..];
    thread::scope(|scope| {
        scope.spawn(|| {
            for portion in [1, 10, 100, 1_000, 10_000, 100_000] {
                for _ in 0..10 {
                    let (now, later) = rest.split_at(portion);
                    client.write_all(now).unwrap();
                    rest = later;
                }
            }
        });
        assert!(read(&server, &name, sent.len()) == sent);
    });
}

#[test]
fn comings_and_goings_are_told_and_nothing_can_be_sent_to_who_is_gone() {
    let context = Context::new();
    let server = stream(&context);
    let monitor = server.monitor();
    let endpoint = server.bind(TCP).unwrap();
    let mut names = Vec::new();
    for _visit in 0..3 {
        let mut client = client_of(&endpoint);
        client.write_all(b"bye").unwrap();
        let (name, hello) = next(&server);
        assert!(hello.is_empty());
        assert_eq!(read(&server, &name, 3), b"bye");
        drop(client);
        assert_eq!(next(&server), (name.clone(), Frame::EMPTY));
        disconnected(&monitor);
        let refused = server.try_send(Message::from([name.clone(), "too late".into()])).unwrap_err();
        assert_eq!(refused.cause, SendErrorCause::Unroutable);
        names.push(name);
    }
    names.dedup();
    assert_eq!(names.len(), 3, "each visit has a name of its own");
}

#[test]
fn without_notices_only_octets_come() {
    let context = Context::new();
    let server = stream(&context);
    server.set_stream_notify(false).unwrap();
    let endpoint = server.bind(TCP).unwrap();
    for _visit in 0..2 {
        let mut client = client_of(&endpoint);
        client.write_all(b"x").unwrap();
        assert_eq!(next(&server).1, "x");
    }
}

#[test]
fn a_stream_is_a_client_of_a_plain_server_and_comes_back_when_it_was_closed() {
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let context = Context::new();
    let client = stream(&context);
    client.connect(&format!("tcp://{}", plain.local_addr().unwrap())).unwrap();
    for _life in 0..2 {
        let (mut served, _) = plain.accept().unwrap();
        let (name, hello) = next(&client);
        assert!(hello.is_empty());
        send(&client, &name, "HELO me");
        let mut heard = [0; 7];
        served.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"HELO me");
        served.write_all(b"250 you").unwrap();
        assert_eq!(read(&client, &name, 7), b"250 you");
        drop(served);
        assert_eq!(next(&client), (name, Frame::EMPTY));
    }
}

#[test]
fn a_server_can_be_named_before_it_is_connected_to() {
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let context = Context::new();
    let client = stream(&context);
    client.set_connect_routing_id("server").unwrap();
    client.connect(&format!("tcp://{}", plain.local_addr().unwrap())).unwrap();
    let (mut served, _) = plain.accept().unwrap();
    let server = Frame::from("server");
    assert_eq!(next(&client), (server.clone(), Frame::EMPTY));
    send(&client, &server, "hi");
    let mut heard = [0; 2];
    served.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"hi");
}

#[test]
fn two_streams_ours_and_libzmqs_talk_in_raw_octets() {
    for we_bind in [true, false] {
        let peer = PythonPeer::spawn();
        let theirs = peer.try_socket("STREAM").unwrap();
        let context = Context::new();
        let ours = stream(&context);
        if we_bind {
            theirs.connect(&ours.bind(TCP).unwrap()).unwrap();
        } else {
            ours.connect(&theirs.bind(TCP).unwrap()).unwrap();
        }
        let (name, hello) = next(&ours);
        assert!(hello.is_empty());
        let mut their_hello = theirs.recv().unwrap();
        assert_eq!(their_hello[1], b"");
        let their_name = their_hello.remove(0);
        theirs.send(&[&their_name[..], b"from them"]).unwrap();
        assert_eq!(read(&ours, &name, 9), b"from them");
        send(&ours, &name, "from us");
        assert_eq!(theirs.recv().unwrap(), [their_name.clone(), b"from us".to_vec()]);
        // They hang up; libzmq does when its application next calls in.
        theirs.send(&[&their_name[..], b""]).unwrap();
        let gone = eventually_some(|| {
            theirs.poll_in(Duration::from_millis(20)).unwrap();
            ours.try_recv().ok()
        });
        assert_eq!(gone, [name, Frame::EMPTY].into());
    }
}

#[test]
fn a_dealer_of_libzmq_is_answered_by_hand() {
    use octets::{greeting_v31, message, ready};
    for we_bind in [true, false] {
        let peer = PythonPeer::spawn();
        let dealer = peer.socket(Kind::Dealer);
        let context = Context::new();
        let ours = stream(&context);
        if we_bind {
            dealer.connect(&ours.bind(TCP).unwrap()).unwrap();
        } else {
            ours.connect(&dealer.bind(TCP).unwrap()).unwrap();
        }
        let (name, _) = next(&ours);
        send(&ours, &name, greeting_v31("NULL"));
        send(&ours, &name, ready(Kind::Dealer, b""));
        let opening = [greeting_v31("NULL"), ready(Kind::Dealer, b"")].concat();
        assert_eq!(read(&ours, &name, opening.len()), opening);
        dealer.send(&["Hello", "there"]).unwrap();
        let hello = message(&[b"Hello", b"there"]);
        assert_eq!(read(&ours, &name, hello.len()), hello);
        send(&ours, &name, message(&[b"General", b""]));
        assert_eq!(dealer.recv().unwrap(), [&b"General"[..], b""]);
    }
}

#[test]
fn a_stream_of_libzmq_speaks_zmtp_to_our_dealer_by_hand() {
    use octets::{greeting_v31, message, ready};
    let peer = PythonPeer::spawn();
    let theirs = peer.try_socket("STREAM").unwrap();
    let context = Context::new();
    let dealer = Dealer::new(&context).unwrap();
    theirs.connect(&dealer.bind(TCP).unwrap()).unwrap();
    let name = theirs.recv().unwrap().remove(0);
    theirs.send(&[&name[..], &greeting_v31("NULL")]).unwrap();
    theirs.send(&[&name[..], &ready(Kind::Dealer, b"")]).unwrap();
    theirs.send(&[&name[..], &message(&[b"a", b"b"])]).unwrap();
    assert_eq!(dealer.recv_timeout(LONG).unwrap(), ["a", "b"].into());
    dealer.send("c").unwrap();
    let wanted = [greeting_v31("NULL"), ready(Kind::Dealer, b""), message(&[b"c"])].concat();
    let mut heard = Vec::new();
    while heard.len() < wanted.len() {
        heard.extend(theirs.recv().unwrap().remove(1));
    }
    assert_eq!(heard, wanted);
}

#[test]
fn a_client_that_does_not_read_makes_the_stream_wait_and_loses_nothing() {
    let context = Context::new();
    let server = stream(&context);
    server.set_send_high_water_mark(Some(5)).unwrap();
    let mut client = client_of(&server.bind(TCP).unwrap());
    let (name, _) = next(&server);
    let chunk = vec![b'x'; 100_000];
    let mut sent = 0;
    while server.try_send(Message::from([name.clone(), Frame::from(&chunk)])).is_ok() {
        sent += chunk.len();
        thread::yield_now();
        assert!(sent < 1 << 30, "no end");
    }
    let reader = thread::spawn(move || {
        let mut came = Vec::new();
        client.read_to_end(&mut came).unwrap();
        came.len()
    });
    send(&server, &name, &chunk);
    send(&server, &name, "");
    assert_eq!(reader.join().unwrap(), sent + chunk.len());
}
