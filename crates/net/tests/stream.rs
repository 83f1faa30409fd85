//! Streams: reading, writing, ends and errors, over both transports.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing helper is a failing test")]

use std::io::{self, IoSlice};
use zeroxide_net::{Connecting, Interest, Poller, Stream, TcpListener, TcpSettings};

fn wait_for(fd: &Stream, interest: Interest) {
    let poller = Poller::new().unwrap();
    poller.add(fd, 0, interest).unwrap();
    poller.wait(&mut Vec::new(), None).unwrap();
}

fn tcp_pair() -> (Stream, Stream) {
    let settings =
        TcpSettings { send_buffer: Some(20_000), receive_buffer: Some(20_000), ..TcpSettings::default() };
    let listener = TcpListener::listen(([127, 0, 0, 1], 0).into(), &settings, 1).unwrap();
    let near = Connecting::start(listener.socket_address(), None, &settings).unwrap();
    while !near.connect_finished().unwrap() {
        std::thread::yield_now();
    }
    let near = near.into_stream();
    wait_for(&near, Interest::WRITE);
    let far = loop {
        match listener.accept() {
            Ok(far) => break far,
            Err(_) => std::thread::yield_now(),
        }
    };
    (near, far)
}

/// Every story holds for both transports.
fn pairs() -> [(Stream, Stream); 2] {
    [tcp_pair(), Stream::pair().unwrap()]
}

fn read_exactly(stream: &Stream, length: usize) -> Vec<u8> {
    let mut received = Vec::with_capacity(length);
    while received.len() < length {
        wait_for(stream, Interest::READ);
        assert_ne!(stream.read(&mut received).unwrap(), 0, "ended after {}", received.len());
    }
    received
}

#[test]
fn a_read_fills_only_the_spare_capacity() {
    for (near, far) in pairs() {
        near.write(b"abcdef").unwrap();
        wait_for(&far, Interest::READ);
        let mut received = Vec::with_capacity(4);
        received.push(b'_');
        let spare = received.capacity() - 1;
        assert_eq!(far.read(&mut received).unwrap(), spare.min(6));
        assert_eq!(received, [b"_".as_slice(), &b"abcdef"[..spare.min(6)]].concat());
    }
}

#[test]
fn a_piece_is_no_longer_than_was_asked_for_and_leaves_what_was_there() {
    for (near, far) in pairs() {
        near.write(b"abcdef").unwrap();
        wait_for(&far, Interest::READ);
        let mut received = Vec::with_capacity(64);
        received.push(b'_');
        let memory = received.as_ptr();
        assert_eq!(far.read_piece(&mut received, 4).unwrap(), 4);
        assert_eq!(received, b"_abcd");
        assert_eq!(far.read_piece(&mut received, 32).unwrap(), 2);
        assert_eq!(received, b"_abcdef");
        assert_eq!(far.read_piece(&mut received, 32).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert_eq!(received, b"_abcdef");
        drop(near);
        wait_for(&far, Interest::READ);
        assert_eq!(far.read_piece(&mut received, usize::MAX).unwrap(), 0);
        assert_eq!((received.as_slice(), received.as_ptr()), (b"_abcdef".as_slice(), memory));
    }
}

#[test]
fn a_full_vector_is_not_taken_for_the_end() {
    for (near, far) in pairs() {
        near.write(b"x").unwrap();
        assert_eq!(far.read(&mut Vec::new()).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(far.read_piece(&mut Vec::new(), 8).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        let mut room = Vec::with_capacity(8);
        assert_eq!(far.read_piece(&mut room, 0).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}

#[test]
fn nothing_there_is_would_block() {
    for (near, _far) in pairs() {
        let mut received = Vec::with_capacity(4);
        assert_eq!(near.read(&mut received).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert!(received.is_empty());
    }
}

#[test]
fn the_end_comes_after_the_last_octet() {
    for (near, far) in pairs() {
        near.write(b"last").unwrap();
        near.shutdown_write().unwrap();
        assert_eq!(read_exactly(&far, 4), b"last");
        wait_for(&far, Interest::READ);
        assert_eq!(far.read(&mut Vec::with_capacity(4)).unwrap(), 0);
        // The other direction goes on.
        far.write(b"answer").unwrap();
        assert_eq!(read_exactly(&near, 6), b"answer");
    }
}

#[test]
fn a_full_kernel_buffer_takes_less_and_then_nothing() {
    for (near, far) in pairs() {
        let pattern: Vec<u8> = (0..4_000_000_u32).map(|number| (number % 251) as u8).collect();
        let mut written = 0;
        loop {
            match near.write_vectored(&[IoSlice::new(&pattern[written..]), IoSlice::new(b"")]) {
                Ok(count) => written += count,
                Err(error) => break assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
        assert!((1..pattern.len()).contains(&written), "{written}");
        assert_eq!(read_exactly(&far, written), pattern[..written]);
        wait_for(&near, Interest::WRITE);
        assert!(near.write(&pattern[written..]).unwrap() > 0);
    }
}

#[test]
fn many_segments_arrive_in_order_in_several_calls() {
    for (near, far) in pairs() {
        let texts: Vec<String> = (0..3000).map(|number| format!("{number},")).collect();
        let whole = texts.concat();
        let mut rest: Vec<IoSlice<'_>> = texts.iter().map(|text| IoSlice::new(text.as_bytes())).collect();
        let mut rest = rest.as_mut_slice();
        let (mut received, mut calls) = (Vec::new(), 0);
        while !rest.is_empty() {
            let count = near.write_vectored(rest).unwrap();
            IoSlice::advance_slices(&mut rest, count);
            received.extend(read_exactly(&far, count));
            calls += 1;
        }
        assert_eq!(received, whole.as_bytes());
        assert!(calls >= 3000_usize.div_ceil(Stream::MAX_SEGMENTS), "{calls}");
    }
}

#[test]
fn no_segments_are_no_octets() {
    for (near, _far) in pairs() {
        assert_eq!(near.write_vectored(&[]).unwrap(), 0);
    }
}

#[test]
fn writing_to_a_closed_peer_is_an_error_and_not_a_signal() {
    for (near, far) in pairs() {
        let address = near.peer_address();
        drop(far);
        let error = loop {
            match near.write_vectored(&[IoSlice::new(b"a"), IoSlice::new(b"b")]) {
                Ok(_) => std::thread::yield_now(),
                Err(error) => break error,
            }
        };
        assert!(
            [io::ErrorKind::BrokenPipe, io::ErrorKind::ConnectionReset].contains(&error.kind()),
            "{error}"
        );
        assert_eq!(near.peer_address(), address);
    }
}

#[test]
fn a_reset_waits_to_be_taken_once() {
    let (near, far) = tcp_pair();
    assert!(near.take_error().unwrap().is_none());
    // Closing with unread octets resets.
    near.write(b"unread").unwrap();
    wait_for(&far, Interest::READ);
    drop(far);
    wait_for(&near, Interest::READ);
    assert_eq!(near.take_error().unwrap().unwrap().kind(), io::ErrorKind::ConnectionReset);
    assert!(near.take_error().unwrap().is_none());
}

#[test]
fn a_shutdown_ends_it_for_a_thread_that_waits() {
    for (near, _far) in pairs() {
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                wait_for(&near, Interest::READ);
                near.read(&mut Vec::with_capacity(1))
            });
            near.shutdown().unwrap();
            assert_eq!(waiting.join().unwrap().unwrap(), 0);
        });
    }
}

#[test]
fn both_directions_at_once_from_many_threads() {
    let (near, far) = tcp_pair();
    let load = vec![7_u8; 300_000];
    let pump = |from: &Stream| {
        let mut rest = load.as_slice();
        while !rest.is_empty() {
            wait_for(from, Interest::WRITE);
            match from.write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| pump(&near));
        scope.spawn(|| pump(&far));
        scope.spawn(|| assert_eq!(read_exactly(&near, load.len()), load));
        scope.spawn(|| assert_eq!(read_exactly(&far, load.len()), load));
    });
}
