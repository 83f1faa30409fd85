//! CVE-2021-20234: a server that began a multipart message and closed left it in the memory of its client, each time.

use super::{common::*, ward::*};
use zeroxide::*;

/// Times a server begins a message and goes.
const TIMES: usize = 150;

#[test]
fn a_message_whose_end_never_comes_is_forgotten_with_its_connection() {
    let _turn = alone();
    // 64 KiB a time would be ten mebioctets for each type in the end.
    let begun =
        [octets::frame(octets::MORE, &[7; 40_000]), octets::frame(octets::MORE, &[7; 24_000])].concat();
    for kind in kinds() {
        let context = Context::new();
        let client = Socket::new(&context, kind).unwrap();
        client.set_reconnect_interval(Some(std::time::Duration::from_millis(1))).unwrap();
        let events = client.monitor();
        let server = RawListener::tcp();
        client.connect(server.endpoint()).unwrap();
        let mut before = 0;
        for time in 0..TIMES {
            if time == TIMES / 10 {
                // Those before have paid for what there is once.
                before = resident_octets();
            }
            let mut peer = server.accept();
            peer.send(&octets::greeting_v31("NULL")).send(&ready_as(partner(kind)));
            peer.read(64);
            peer.read_frame();
            peer.send_until_closed(&begun);
            peer.close_sending();
            peer.read_to_close();
            let ended = |event: &Event| matches!(event, Event::Disconnected { .. });
            assert!(events.wait_for(LONG, ended).is_some(), "{kind}");
        }
        bounded(before, 6);
        let received = client.try_recv().map_err(|error| error.cause);
        assert!(received.is_err(), "{kind}: half a message is none: {received:?}");
        assert_eq!(client.statistics().connections, TIMES as u64, "{kind}");
    }
}
