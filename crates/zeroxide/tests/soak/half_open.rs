//! What a connection costs before it is known whose it is.

use crate::{again, alone, asked, common::*, resident_octets};
use std::{
    io::{Read, Write},
    net::TcpStream,
};
use zeroxide::*;

/// Connections that stop at some point before it is known who they are, and what each of them may cost at most.
fn half_open(mechanism: &str, prepare: impl Fn(&Rep), says: impl Fn(usize) -> Vec<u8>) -> usize {
    const EACH: usize = 1000;
    let context = Context::new();
    let rep = Rep::new(&context).unwrap();
    rep.set_max_handshakes(None).unwrap();
    rep.set_max_handshakes_per_address(None).unwrap();
    prepare(&rep);
    let at = rep.bind("tcp://127.0.0.1:*").unwrap();
    let come = |count: usize| -> Vec<TcpStream> {
        let connect = |number: usize| {
            let mut stream = TcpStream::connect(&at["tcp://".len()..]).unwrap();
            stream.set_read_timeout(Some(LONG)).unwrap();
            stream.write_all(&says(number)).unwrap();
            stream
        };
        let mut streams: Vec<_> = (0..count).map(connect).collect();
        // All of them have been heard out as far as the first ten octets, which are answered by the eleventh.
        for (number, stream) in streams.iter_mut().enumerate() {
            let answers = if says(number).len() >= 64 { 64 } else { 10 };
            stream.read_exact(&mut vec![0; answers]).unwrap();
        }
        streams
    };
    let first = come(EACH);
    let before = resident_octets();
    let more = come(2 * EACH);
    // What lies in the kernel still has to be taken: another connection, behind all of these, is served when it is.
    let each = resident_octets().saturating_sub(before) / more.len();
    println!("{mechanism}: {each} octets for each connection that is not let in yet");
    drop((first, more));
    each
}

#[test]
fn a_connection_that_is_not_let_in_yet_costs_less_than_four_kibioctets() {
    let _turn = alone();
    // What one measurement frees would be found by the next: each has a process of its own.
    let Some(which) = asked("ZEROXIDE_HALF_OPEN") else {
        for which in 0..5 {
            let story = "half_open::a_connection_that_is_not_let_in_yet_costs_less_than_four_kibioctets";
            let measured = again(story, ("ZEROXIDE_HALF_OPEN", which.to_string())).output().unwrap();
            let told = String::from_utf8_lossy(&measured.stdout);
            told.lines().filter(|line| line.contains("octets for")).for_each(|line| println!("{line}"));
            assert!(measured.status.success(), "{told}{}", String::from_utf8_lossy(&measured.stderr));
        }
        return;
    };
    let each = half_open_connection(which);
    assert!(each < 4096, "{each} octets");
}

/// One way to stay outside: how many octets it costs.
fn half_open_connection(which: usize) -> usize {
    // All but the last octet of the longest command that is accepted, in the mechanism that holds it before it knows the peer.
    let long = |mechanism: &'static str, name: &'static str, size: usize| {
        move |_: usize| {
            let command = octets::command(name, &vec![7; size]);
            [octets::greeting_v31(mechanism), command[..command.len() - 1].to_vec()].concat()
        }
    };
    match which {
        0 => half_open("silent", |_| {}, |_| vec![]),
        1 => half_open("NULL, greeted", |_| {}, |_| octets::greeting_v31("NULL")),
        2 => half_open("NULL, all of a READY but an octet", |_| {}, long("NULL", "READY", 2048)),
        3 => {
            let keys = curve_keypair().unwrap();
            let secure = |rep: &Rep| rep.secure_server(&keys, AllowAny).unwrap();
            half_open("CURVE, all of a HELLO but an octet", secure, long("CURVE", "HELLO", 194))
        }
        _ => {
            let guard = |rep: &Rep| {
                rep.set_plain_server().unwrap();
                rep.set_authenticator(AllowAny).unwrap();
            };
            half_open("PLAIN, all of a HELLO but an octet", guard, long("PLAIN", "HELLO", 512))
        }
    }
}
