//! Options: what each socket type takes and what it refuses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

use std::time::Duration;
use zeroxide::{
    Context, Frame, MinimumVersion, OptionError, OptionErrorCause, ReconnectStop, RouterNotify, Socket,
    SocketType::{self, *},
};

const SECOND: Option<Duration> = Some(Duration::from_secs(1));

/// Sets one option on every type of socket: exactly `takers` take it, the others say that it is not for them.
fn only(takers: &[SocketType], set: impl Fn(&Socket) -> Result<(), OptionError>) {
    let context = Context::new();
    for kind in SocketType::ALL {
        let answer = set(&Socket::new(&context, kind).unwrap());
        match takers.contains(&kind) {
            true => assert_eq!(answer, Ok(()), "{kind}"),
            false => assert_eq!(answer.unwrap_err().cause, OptionErrorCause::NotForThisType, "{kind}"),
        }
    }
}

/// A value that no socket can honour: refused as such, and nothing has changed.
fn never(kind: SocketType, set: impl Fn(&Socket) -> Result<(), OptionError>) {
    let context = Context::new();
    let socket = Socket::new(&context, kind).unwrap();
    let before = format!("{:?}", socket.options());
    let error = set(&socket).unwrap_err();
    assert!(matches!(error.cause, OptionErrorCause::Invalid(_)), "{error}");
    assert_eq!(format!("{:?}", socket.options()), before);
}

fn all_but(left_out: &[SocketType]) -> Vec<SocketType> {
    SocketType::ALL.into_iter().filter(|kind| !left_out.contains(kind)).collect()
}

#[test]
fn queue_options_are_for_the_direction_that_a_type_has() {
    let senders = all_but(&[Sub, Pull, Dish, Gather]);
    only(&senders, |socket| socket.set_send_high_water_mark(Some(5)));
    only(&senders, |socket| socket.set_send_timeout(SECOND));
    let receivers = all_but(&[Pub, Push, Radio, Scatter]);
    only(&receivers, |socket| socket.set_receive_high_water_mark(None));
    only(&receivers, |socket| socket.set_receive_timeout(SECOND));
    only(&[Dealer, Push, Pull, Pub, Sub], |socket| socket.set_conflate(true));
    only(&[Pair, Req, Dealer, Push, Router, Client, Server, Scatter, Channel], |socket| {
        socket.set_immediate(true)
    });
    never(Push, |socket| socket.set_send_high_water_mark(Some(0)));
    never(Pull, |socket| socket.set_receive_high_water_mark(Some(0)));
}

#[test]
fn pattern_options_are_for_the_types_of_their_pattern() {
    let text = || Some(Frame::from("text"));
    only(&[Req, Dealer, Router], |socket| socket.set_routing_id("me"));
    only(&[Router, Stream], |socket| socket.set_connect_routing_id("you"));
    only(&[Router], |socket| socket.set_router_mandatory(true));
    only(&[Router], |socket| socket.set_router_handover(true));
    only(&[Router], |socket| socket.set_router_raw(true));
    only(&[Router], |socket| socket.set_router_notify(RouterNotify { connect: true, disconnect: true }));
    only(&[Req, Dealer, Router], |socket| socket.set_probe_router(true));
    only(&[Req], |socket| socket.set_req_correlate(true));
    only(&[Req], |socket| socket.set_req_relaxed(true));
    only(&[Xpub], |socket| socket.set_xpub_verbose(true));
    only(&[Xpub], |socket| socket.set_xpub_verboser(true));
    only(&[Xpub], |socket| socket.set_xpub_manual(true));
    only(&[Xpub], |socket| socket.set_xpub_manual_last_value(true));
    only(&[Pub, Xpub, Radio], |socket| socket.set_xpub_nodrop(true));
    only(&[Xpub], |socket| socket.set_xpub_welcome_message(text()));
    only(&[Xsub], |socket| socket.set_xsub_verbose_unsubscribe(true));
    only(&[Pub, Xpub, Sub], |socket| socket.set_invert_matching(true));
    only(&[Pub, Xpub, Xsub], |socket| socket.set_only_first_subscribe(true));
    only(&[Stream], |socket| socket.set_stream_notify(false));
    only(&[Dealer, Router, Rep, Client, Server, Peer], |socket| socket.set_hello_message(text()));
    only(&[Router, Server, Peer], |socket| socket.set_disconnect_message(text()));
    only(&[Dealer, Client, Peer], |socket| socket.set_hiccup_message(text()));
}

#[test]
fn multicast_is_for_who_sends_datagrams() {
    only(&[Radio, Dgram], |socket| socket.set_multicast_hops(4));
    only(&[Radio, Dgram], |socket| socket.set_multicast_loop(false));
    never(Radio, |socket| socket.set_multicast_hops(0));
}

#[test]
fn what_belongs_to_zmtp_is_not_for_stream_and_dgram() {
    let zmtp = all_but(&[Stream, Dgram]);
    only(&zmtp, |socket| socket.set_metadata([("X-key", "value")]));
    only(&zmtp, |socket| socket.set_heartbeat_interval(SECOND));
    only(&zmtp, |socket| socket.set_heartbeat_timeout(SECOND));
    only(&zmtp, |socket| socket.set_heartbeat_ttl(SECOND));
    only(&zmtp, |socket| socket.set_handshake_interval(SECOND));
    only(&zmtp, |socket| socket.set_max_message_size(Some(1)));
    only(&zmtp, |socket| socket.set_minimum_version(MinimumVersion::V3));
}

#[test]
fn the_rest_is_for_everyone() {
    only(&SocketType::ALL, |socket| {
        socket.set_linger(SECOND);
        socket.set_reconnect_interval(None)?;
        socket.set_reconnect_interval_max(SECOND)?;
        socket.set_reconnect_stop(ReconnectStop { after_disconnect: true, ..ReconnectStop::default() });
        socket.set_connect_timeout(SECOND)?;
        socket.set_affinity(1);
        socket.set_backlog(7)?;
        socket.set_ipv6(true);
        socket.set_send_buffer(Some(1 << 20))?;
        socket.set_receive_buffer(Some(1 << 20))?;
        socket.set_tcp_keepalive(Some(true));
        socket.set_tcp_keepalive_count(Some(3))?;
        socket.set_tcp_keepalive_idle(SECOND)?;
        socket.set_tcp_keepalive_interval(SECOND)?;
        socket.set_tcp_max_retransmit(SECOND)?;
        socket.set_tcp_accept_filters(["10.0.0.0/8"])?;
        socket.set_ipc_filter_process_ids(vec![1]);
        socket.set_ipc_filter_user_ids(vec![2]);
        socket.set_ipc_filter_group_ids(vec![3]);
        socket.set_type_of_service(0x10);
        socket.set_priority(Some(6))?;
        socket.set_busy_poll(Some(Duration::from_micros(50)))?;
        socket.set_bind_to_device(Some("lo"))?;
        socket.set_socks_proxy(Some("proxy.example:1080"))?;
        socket.set_socks_credentials(Some(("user", "secret")))?;

        assert_eq!(socket.linger(), SECOND);
        assert_eq!(socket.reconnect_interval(), None);
        assert!(socket.reconnect_stop().after_disconnect);
        assert_eq!(socket.backlog(), 7);
        assert_eq!(socket.tcp_accept_filters(), ["10.0.0.0/8"]);
        assert_eq!(socket.bind_to_device().as_deref(), Some("lo"));
        assert_eq!(socket.socks_proxy().as_deref(), Some("proxy.example:1080"));
        assert_eq!(socket.ipc_filter_group_ids(), [3]);
        Ok(())
    });
}

#[test]
fn names_have_1_to_255_octets_and_do_not_begin_with_zero() {
    for bad in [&b"\0name"[..], &[1; 256]] {
        never(Dealer, |socket| socket.set_routing_id(bad));
        never(Router, |socket| socket.set_connect_routing_id(bad));
    }
    never(Router, |socket| socket.set_connect_routing_id(""));
    only(&[Req, Dealer, Router], |socket| socket.set_routing_id(vec![1; 255]));
    only(&[Req, Dealer, Router], |socket| socket.set_routing_id(""));
}

#[test]
fn properties_have_names_of_their_own() {
    for bad in ["key", "X-a b", "X-ä", "", "Socket-Type"] {
        never(Req, |socket| socket.set_metadata([(bad, "value")]));
    }
    never(Req, |socket| socket.set_metadata([(format!("X-{}", "n".repeat(254)), "value")]));
    never(Req, |socket| socket.set_metadata([("X-long", vec![0; 61 * 1024])]));
    never(Req, |socket| socket.set_metadata((0..61).map(|number| (format!("X-{number}"), "value"))));
    only(&all_but(&[Stream, Dgram]), |socket| {
        socket.set_metadata((0..60).map(|number| (format!("X-{number}"), "value")))
    });
}

#[test]
fn times_and_sizes_that_cannot_be_are_refused() {
    let zero = Some(Duration::ZERO);
    never(Req, |socket| socket.set_heartbeat_interval(zero));
    never(Req, |socket| socket.set_heartbeat_timeout(zero));
    never(Req, |socket| socket.set_handshake_interval(zero));
    never(Req, |socket| socket.set_reconnect_interval(zero));
    never(Req, |socket| socket.set_reconnect_interval_max(zero));
    never(Req, |socket| socket.set_connect_timeout(zero));
    never(Req, |socket| socket.set_heartbeat_ttl(zero));
    never(Req, |socket| socket.set_heartbeat_ttl(Some(Duration::from_millis(6_553_600))));
    only(&all_but(&[Stream, Dgram]), |socket| {
        socket.set_heartbeat_ttl(Some(Duration::from_millis(6_553_599)))
    });
    never(Req, |socket| socket.set_backlog(u32::MAX));
    never(Req, |socket| socket.set_send_buffer(Some(1 << 31)));
    never(Req, |socket| socket.set_receive_buffer(Some(usize::MAX)));
    never(Req, |socket| socket.set_tcp_keepalive_count(Some(0)));
    never(Req, |socket| socket.set_tcp_keepalive_count(Some(128)));
    never(Req, |socket| socket.set_tcp_keepalive_idle(Some(Duration::from_millis(1500))));
    never(Req, |socket| socket.set_tcp_keepalive_interval(Some(Duration::from_secs(32_768))));
    never(Req, |socket| socket.set_tcp_max_retransmit(Some(Duration::from_micros(1))));
    never(Req, |socket| socket.set_priority(Some(u32::MAX)));
    never(Req, |socket| socket.set_busy_poll(zero));
}

#[test]
fn texts_that_mean_nothing_are_refused() {
    for bad in ["", "10.0.0.0/33", "::/129", "localhost", "10.0.0", "1.2.3.4/"] {
        never(Rep, |socket| socket.set_tcp_accept_filters(["127.0.0.1", bad]));
    }
    for bad in ["", "proxy", ":1080", "proxy:0", "proxy:99999", "proxy:port"] {
        never(Req, |socket| socket.set_socks_proxy(Some(bad)));
    }
    for bad in ["", "sixteen-letters-", "a/b"] {
        never(Req, |socket| socket.set_bind_to_device(Some(bad)));
    }
    never(Req, |socket| socket.set_socks_credentials(Some(("user", ""))));
    never(Req, |socket| socket.set_socks_credentials(Some((&"u".repeat(256), "secret"))));
}
