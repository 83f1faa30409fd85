//! CVE-2014-7203: the nonces of CURVE messages were not checked to increase, so that whoever sits in between could send
//! what it had recorded once more.

use super::{common::*, ward::*};
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};
use zeroxide::*;

/// Sits between a client and a server, and remembers what the client said on its newest connection.
struct Between {
    at: String,
    shared: Arc<Mutex<Heard>>,
}

#[derive(Default)]
struct Heard {
    octets: Vec<u8>,
    server: Option<TcpStream>,
}

impl Between {
    fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = format!("tcp://{}", listener.local_addr().unwrap());
        let (address, shared) = (server.strip_prefix("tcp://").unwrap().to_owned(), Arc::default());
        let heard: Arc<Mutex<Heard>> = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&address) else { return };
                *heard.lock().unwrap() = Heard { octets: vec![], server: Some(server.try_clone().unwrap()) };
                pass(server.try_clone().unwrap(), client.try_clone().unwrap(), |_| {});
                let heard = heard.clone();
                pass(client, server, move |octets| heard.lock().unwrap().octets.extend_from_slice(octets));
            }
        });
        Self { at, shared }
    }

    /// All that the client said so far.
    fn heard(&self) -> Vec<u8> {
        self.shared.lock().unwrap().octets.clone()
    }

    /// Says once more what the client said.
    fn says_again(&self, octets: &[u8]) {
        self.shared.lock().unwrap().server.as_ref().unwrap().write_all(octets).unwrap();
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, note: impl Fn(&[u8]) + Send + 'static) {
    thread::spawn(move || {
        let mut octets = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut octets) {
            note(&octets[..count]);
            if to.write_all(&octets[..count]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    });
}

/// The frames behind a greeting.
fn frames(octets: &[u8]) -> Vec<&[u8]> {
    let mut frames = vec![];
    let mut rest = &octets[64..];
    while !rest.is_empty() {
        let size = match rest[0] & octets::LONG {
            0 => 2 + usize::from(rest[1]),
            _ => 9 + u64::from_be_bytes(rest[1..9].try_into().unwrap()) as usize,
        };
        let (frame, behind) = rest.split_at(size);
        frames.push(frame);
        rest = behind;
    }
    frames
}

#[test]
fn what_was_said_once_in_secret_is_not_taken_twice() {
    let (server, client) = (curve_keypair().unwrap(), curve_keypair().unwrap());
    for kind in kinds() {
        let ward = Ward::new(kind, "tcp://127.0.0.1:*", |socket, friend| {
            socket.secure_server(&server, AllowAny).unwrap();
            friend.set_curve_client(server.public, &client).unwrap();
        });
        let between = Between::before(&ward.at);
        ward.join(&between.at);
        ward.is_well();
        // The last frame, be it a message, a subscription or the INITIATE.
        let heard = between.heard();
        between.says_again(frames(&heard).last().unwrap());
        ward.hears_of_an_end();
        assert_eq!(ward.socket.statistics().protocol_errors, 1, "{kind}");
        if kind.receives() && kind != SocketType::Xpub {
            let nothing = ward.socket.try_recv().unwrap_err().cause;
            assert!(
                matches!(nothing, RecvErrorCause::WouldBlock | RecvErrorCause::IllegalState(_)),
                "{kind}"
            );
        }
        // The client comes again by itself and is served.
        ward.is_joined_again();
        ward.is_well();
    }
}

#[test]
fn no_recorded_command_of_a_handshake_opens_the_door() {
    let (server, client) = (curve_keypair().unwrap(), curve_keypair().unwrap());
    for kind in kinds() {
        let ward = Ward::new(kind, "tcp://127.0.0.1:*", |socket, friend| {
            socket.secure_server(&server, AllowAny).unwrap();
            friend.set_curve_client(server.public, &client).unwrap();
        });
        let between = Between::before(&ward.at);
        ward.join(&between.at);
        let heard = between.heard();
        let said = frames(&heard);
        let (greeting, hello, initiate) = (&heard[..64], said[0], said[1]);
        let attempts: [&[&[u8]]; 5] = [
            &[hello, initiate],
            &[hello, hello],
            &[initiate],
            &[hello, initiate, initiate],
            &[initiate, hello],
        ];
        for attempt in attempts {
            let mut thief = RawPeer::connect(&ward.at);
            thief.send(greeting);
            thief.read(64);
            thief.send(&attempt.concat());
            thief.read_to_close();
            ward.hears_of_a_failed_handshake();
        }
        assert_eq!(ward.socket.statistics().failed_handshakes, attempts.len() as u64, "{kind}");
        assert_eq!(ward.socket.connected(), 1, "{kind}");
        ward.is_well();
    }
}
