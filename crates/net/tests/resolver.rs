//! Names: resolved elsewhere, in order, with limits, and without holding anyone up.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use zeroxide_net::interfaces;
use zeroxide_net::{Family, Resolver, resolve_blocking};

const LONG: Duration = Duration::from_secs(600);

fn ask(resolver: &Resolver, host: &str, family: Family) -> Receiver<io::Result<Vec<SocketAddr>>> {
    let (answers, answer) = mpsc::channel();
    resolver.resolve(host, 5555, family, move |found| {
        let _ = answers.send(found);
    });
    answer
}

fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn both_families(_: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok(addresses(&["[2001:db8::1]:0", "192.0.2.1:0", "192.0.2.2:0"])
        .into_iter()
        .map(|mut address| {
            address.set_port(port);
            address
        })
        .collect())
}

#[test]
fn localhost_is_this_machine() {
    let found = ask(&Resolver::new(), "localhost", Family::V4).recv().unwrap().unwrap();
    assert_eq!(found, addresses(&["127.0.0.1:5555"]));
    assert_eq!(resolve_blocking("localhost", 5555, Family::V4).unwrap(), found);
}

#[test]
fn a_name_that_does_not_exist_is_an_error() {
    // Not a legal name, so that no server need be asked.
    assert!(ask(&Resolver::new(), "no..such..name", Family::Any).recv().unwrap().is_err());
    assert!(resolve_blocking("no..such..name", 1, Family::Any).is_err());
}

#[test]
fn literals_are_answered_at_once_and_without_a_thread() {
    let resolver = Resolver::with_lookup(|_, _| Err(io::ErrorKind::Other.into()), LONG);
    let table = [("127.0.0.1", "127.0.0.1:5555"), ("::1", "[::1]:5555"), ("fe80::1%1", "[fe80::1%1]:5555")];
    for (host, address) in table {
        // The family asked for is that of names.
        for family in [Family::V4, Family::V6, Family::Any] {
            assert_eq!(ask(&resolver, host, family).try_recv().unwrap().unwrap(), addresses(&[address]));
        }
    }
    assert!(ask(&resolver, "fe80::1%no-such-nic", Family::Any).try_recv().unwrap().is_err());
    assert_eq!(resolver.threads(), 0);
}

#[test]
fn families_are_sorted_out_and_the_order_kept() {
    let resolver = Resolver::with_lookup(both_families, LONG);
    let table = [
        (Family::Any, &["[2001:db8::1]:5555", "192.0.2.1:5555", "192.0.2.2:5555"] as &[&str]),
        (Family::V4, &["192.0.2.1:5555", "192.0.2.2:5555"]),
        (Family::V6, &["[2001:db8::1]:5555"]),
    ];
    for (family, expected) in table {
        assert_eq!(ask(&resolver, "name", family).recv().unwrap().unwrap(), addresses(expected));
    }
    let resolver = Resolver::with_lookup(|_, _| Ok(addresses(&["192.0.2.1:1"])), LONG);
    let error = ask(&resolver, "name", Family::V6).recv().unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
}

/// A lookup that hangs until the sender of the other half is dropped, and tells when it begins.
fn hanging() -> (Resolver, mpsc::Sender<()>, Receiver<()>) {
    let (release, hang) = mpsc::channel::<()>();
    let (begun, beginnings) = mpsc::channel();
    let (hang, begun) = (Arc::new(Mutex::new(hang)), Mutex::new(begun));
    let lookup = move |host: &str, port: u16| {
        if host == "hang" {
            begun.lock().unwrap().send(()).unwrap();
            let _ = hang.lock().unwrap().recv();
        }
        both_families(host, port)
    };
    (Resolver::with_lookup(lookup, LONG), release, beginnings)
}

#[test]
fn a_name_that_hangs_delays_no_other_and_no_shutdown() {
    let (resolver, release, beginnings) = hanging();
    let hung = ask(&resolver, "hang", Family::Any);
    beginnings.recv().unwrap();
    assert_eq!(ask(&resolver, "quick", Family::V4).recv().unwrap().unwrap().len(), 2);
    drop(resolver);
    assert!(hung.try_recv().is_err());
    // It is answered even now.
    drop(release);
    assert_eq!(hung.recv().unwrap().unwrap().len(), 3);
}

#[test]
fn threads_and_waiting_names_are_limited() {
    let (resolver, release, beginnings) = hanging();
    let hung: Vec<_> = (0..Resolver::THREADS).map(|_| ask(&resolver, "hang", Family::Any)).collect();
    hung.iter().for_each(|_| beginnings.recv().unwrap());
    let mut waiting: Vec<_> = (0..Resolver::WAITING).map(|_| ask(&resolver, "name", Family::Any)).collect();
    assert_eq!(resolver.threads(), Resolver::THREADS);
    let error = ask(&resolver, "name", Family::Any).try_recv().unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
    drop(release);
    waiting.extend(hung);
    assert!(waiting.iter().all(|answer| answer.recv().unwrap().is_ok()));
}

#[test]
fn names_that_wait_are_forgotten_with_the_resolver() {
    let (resolver, release, beginnings) = hanging();
    let hung: Vec<_> = (0..Resolver::THREADS).map(|_| ask(&resolver, "hang", Family::Any)).collect();
    hung.iter().for_each(|_| beginnings.recv().unwrap());
    let waiting = ask(&resolver, "name", Family::Any);
    drop(resolver);
    assert!(waiting.recv().is_err(), "dropped uncalled");
    drop(release);
}

#[test]
fn a_thread_serves_again_and_is_gone_when_idle() {
    let resolver = Resolver::with_lookup(both_families, Duration::from_millis(1));
    assert_eq!(resolver.threads(), 0);
    for _ in 0..3 {
        ask(&resolver, "name", Family::Any).recv().unwrap().unwrap();
    }
    while resolver.threads() > 0 {
        std::thread::yield_now();
    }
    ask(&resolver, "name", Family::Any).recv().unwrap().unwrap();
}

#[test]
fn a_panic_of_a_lookup_costs_that_name_only() {
    let lookup = |host: &str, port: u16| {
        assert_ne!(host, "bad", "on purpose");
        both_families(host, port)
    };
    let resolver = Resolver::with_lookup(lookup, LONG);
    for _ in 0..Resolver::THREADS + 1 {
        assert!(ask(&resolver, "bad", Family::Any).recv().is_err());
    }
    assert!(ask(&resolver, "good", Family::Any).recv().unwrap().is_ok());
}

#[test]
fn interfaces_have_addresses_and_numbers() {
    let loopback = interfaces::addresses("lo", 7, Family::Any).unwrap();
    assert_eq!(loopback.first(), Some(&([127, 0, 0, 1], 7).into()));
    assert!(interfaces::addresses("lo", 7, Family::V6).unwrap().iter().all(SocketAddr::is_ipv6));
    assert!(interfaces::addresses("no-such-nic", 7, Family::Any).unwrap().is_empty());
    assert_eq!(interfaces::zone("lo").unwrap(), 1);
    assert_eq!(interfaces::zone("7").unwrap(), 7);
    let missing = Some(rustix::io::Errno::NODEV.raw_os_error());
    assert_eq!(interfaces::zone("no-such-nic").unwrap_err().raw_os_error(), missing);
}
