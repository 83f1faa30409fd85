//! REQ and REP (RFC 28): one request, one reply, in lock-step.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
mod common;
use common::*;
use std::time::Duration;
use zeroxide::*;

fn illegal(cause: SendErrorCause) -> &'static str {
    match cause {
        SendErrorCause::IllegalState(advice) => advice,
        other => panic!("{other:?}"),
    }
}

#[test]
fn questions_and_answers_alternate_over_every_transport() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (req, rep) = (Req::new(&context).unwrap(), Rep::new(&context).unwrap());
        join(&rep, &req, &endpoint);
        for round in 0..50u32 {
            let request: Message = (0..=round % 4).map(|part| format!("{round} {part}")).collect();
            req.send(request.clone()).unwrap();
            assert_eq!(rep.get(), request);
            rep.send(["", "reply", "", &round.to_string()]).unwrap();
            assert_eq!(req.get(), Message::from(["", "reply", "", &round.to_string()]));
        }
    }
}

#[test]
fn an_error_of_order_says_what_to_do_first() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (req, rep) = (Req::new(&context).unwrap(), Rep::new(&context).unwrap());
        join(&rep, &req, &endpoint);
        let advice = "send a request before receiving";
        assert_eq!(req.try_recv().unwrap_err().cause, RecvErrorCause::IllegalState(advice));
        assert_eq!(req.recv().unwrap_err().to_string(), format!("REQ socket cannot receive: {advice}"));
        assert_eq!(illegal(rep.send("early").unwrap_err().cause), "receive a request before the reply");
        req.send("request").unwrap();
        let error = req.send("another").unwrap_err();
        assert_eq!(illegal(error.cause), "receive the reply before the next request");
        assert_eq!(error.into_message(), "another".into());
        assert_eq!(rep.text(), "request");
        let advice = "send the reply before the next request";
        assert_eq!(rep.recv().unwrap_err().cause, RecvErrorCause::IllegalState(advice));
        rep.send("reply").unwrap();
        assert_eq!(req.text(), "reply");
        req.send("the machine is as it was").unwrap();
        assert_eq!(rep.text(), "the machine is as it was");
    }
}

#[test]
fn requests_go_round_the_servers_and_a_reply_counts_only_from_the_one_asked() {
    for endpoint in everywhere() {
        let context = Context::new();
        let req = Req::new(&context).unwrap();
        let at = req.bind(&endpoint).unwrap();
        let servers = [(); 3].map(|()| {
            let rep = Router::new(&context).unwrap();
            join_at(&req, &rep, &at);
            rep
        });
        for round in 0..9 {
            req.send(number(round)).unwrap();
            let asked = &servers[round as usize % 3];
            let request = asked.get();
            let (envelope, body) = (request[0].clone(), request[2].clone());
            assert_eq!((request.len(), &request[1][..]), (3, &b""[..]));
            // The others answer as well, and louder. What they know of the asker is its name.
            for other in servers.iter().filter(|other| !std::ptr::eq(*other, asked)) {
                for peer in other.peers() {
                    other
                        .send([peer.routing_id.clone().unwrap().into(), Frame::EMPTY, "wrong".into()])
                        .unwrap();
                }
            }
            // Else what is under way from one of them could be taken for its answer to the next question.
            eventually(|| req.peers().iter().map(|peer| peer.queued_in).sum::<usize>() == 2);
            asked.send([envelope, Frame::EMPTY, body]).unwrap();
            assert_eq!(as_number(&req.get()), round);
        }
    }
}

#[test]
fn a_server_takes_requests_from_all_in_turn_and_answers_each_its_own() {
    for endpoint in everywhere() {
        let context = Context::new();
        let rep = Rep::new(&context).unwrap();
        let at = rep.bind(&endpoint).unwrap();
        let clients: Vec<Req> = (0..5).map(|_| Req::new(&context).unwrap()).collect();
        for client in &clients {
            join_at(&rep, client, &at);
        }
        for round in 0..20 {
            for (who, client) in clients.iter().enumerate() {
                client.send(format!("{who} {round}")).unwrap();
            }
            for _ in &clients {
                let request = rep.get();
                rep.send(request).unwrap();
            }
            for (who, client) in clients.iter().enumerate() {
                assert_eq!(client.text(), format!("{who} {round}"));
            }
        }
    }
}

#[test]
fn on_the_wire_a_request_is_an_empty_frame_and_the_body() {
    let context = Context::new();
    let req = Req::new(&context).unwrap();
    for (correlate, endpoint) in [(false, "tcp://127.0.0.1:*"), (true, "ipc://*")] {
        req.set_req_correlate(correlate).unwrap();
        let at = req.bind(endpoint).unwrap();
        let mut peer = raw(&at, Kind::Rep, b"");
        assert!(req.wait_connected(1, LONG));
        req.send(["a", "b"]).unwrap();
        let mut request = peer.read_message();
        if correlate {
            assert_eq!(request.remove(0).len(), 4);
        }
        assert_eq!(request, [&b""[..], b"a", b"b"]);
        peer.close();
        wait_for_connections(&req, 0);
        req.set_req_relaxed(true).unwrap();
    }
}

#[test]
fn malformed_replies_close_their_connection_and_the_right_one_is_still_taken() {
    let context = Context::new();
    let req = Req::new(&context).unwrap();
    req.set_req_relaxed(true).unwrap();
    let at = req.bind("tcp://127.0.0.1:*").unwrap();
    for wrong in [&[&b"no delimiter"[..]][..], &[b"not empty", b"body"], &[b""]] {
        let mut peer = raw(&at, Kind::Rep, b"");
        assert!(req.wait_connected(1, LONG));
        req.send("question").unwrap();
        peer.read_message();
        peer.send(&octets::message(wrong));
        assert_eq!(req.recv_timeout(Duration::from_millis(1)).unwrap_err().cause, RecvErrorCause::TimedOut);
        let closed = std::thread::spawn(move || peer.expect_close());
        eventually(|| req.try_recv().is_err() && closed.is_finished());
        closed.join().unwrap();
        wait_for_connections(&req, 0);
    }
}

#[test]
fn a_malformed_request_is_dropped_and_the_server_serves_on() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (dealer, rep) = (Dealer::new(&context).unwrap(), Rep::new(&context).unwrap());
        join(&rep, &dealer, &endpoint);
        dealer.send("no delimiter").unwrap();
        dealer.send(["no", "delimiter"]).unwrap();
        dealer.send(["nothing behind it", ""]).unwrap();
        dealer.send(["hop", "another", "", "good", ""]).unwrap();
        assert_eq!(rep.text(), "good | ");
        rep.send("reply").unwrap();
        assert_eq!(dealer.get(), Message::from(["hop", "another", "", "reply"]));
        assert_eq!(rep.statistics().lost_to(Loss::BadEnvelope), 3);
    }
}

#[test]
fn a_reply_to_a_client_that_is_gone_is_dropped_and_counted() {
    for endpoint in everywhere() {
        let context = Context::new();
        let rep = Rep::new(&context).unwrap();
        let at = rep.bind(&endpoint).unwrap();
        for round in 0..20 {
            let leaves = Req::new(&context).unwrap();
            join_at(&rep, &leaves, &at);
            leaves.send("question").unwrap();
            assert_eq!(rep.text(), "question");
            drop(leaves);
            wait_for_connections(&rep, 0);
            // A newcomer may be given the number of the one that left, but not its reply.
            let stays = Req::new(&context).unwrap();
            join_at(&rep, &stays, &at);
            stays.send("another").unwrap();
            rep.send("for nobody").unwrap();
            assert_eq!(rep.text(), "another");
            rep.send("for you").unwrap();
            assert_eq!(stays.text(), "for you");
            assert_eq!(rep.statistics().lost_to(Loss::Unroutable), round + 1);
            drop(stays);
            wait_for_connections(&rep, 0);
        }
    }
}

#[test]
fn a_request_asked_before_its_client_left_is_dropped_or_answered_into_the_void() {
    for endpoint in everywhere() {
        let context = Context::new();
        let rep = Rep::new(&context).unwrap();
        let at = rep.bind(&endpoint).unwrap();
        for _ in 0..50 {
            let req = Req::new(&context).unwrap();
            join_at(&rep, &req, &at);
            req.send("last words").unwrap();
            drop(req);
            assert_eq!(rep.text(), "last words");
            rep.send("too late, perhaps").unwrap();
            wait_for_connections(&rep, 0);
        }
    }
}

#[test]
fn a_relaxed_client_may_ask_again_and_gets_only_the_reply_to_its_last_question() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (req, rep) = (Req::new(&context).unwrap(), Router::new(&context).unwrap());
        req.set_req_relaxed(true).unwrap();
        req.set_req_correlate(true).unwrap();
        join(&rep, &req, &endpoint);
        for round in 0..50 {
            req.send("first").unwrap();
            req.send("second").unwrap();
            let (first, second) = (rep.get(), rep.get());
            assert_eq!((first[3].as_str(), second[3].as_str()), (Some("first"), Some("second")));
            rep.send([&first[0], &first[1], &first[2], &"old".into()].map(Frame::clone)).unwrap();
            rep.send([&second[0], &second[1], &second[2], &number(round)[0]].map(Frame::clone)).unwrap();
            assert_eq!(as_number(&req.get()), round);
        }
        assert_eq!(req.statistics().lost_to(Loss::Stale), 50);
    }
}

#[test]
fn a_late_reply_does_not_answer_the_next_request_even_without_numbers() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (req, rep) = (Req::new(&context).unwrap(), Rep::new(&context).unwrap());
        req.set_req_relaxed(true).unwrap();
        join(&rep, &req, &endpoint);
        for _ in 0..20 {
            req.send("first").unwrap();
            assert_eq!(rep.text(), "first");
            rep.send("late").unwrap();
            eventually(|| req.peers()[0].queued_in == 1);
            req.send("second").unwrap();
            assert_eq!(rep.text(), "second");
            rep.send("right").unwrap();
            assert_eq!(req.text(), "right");
        }
    }
}

#[test]
fn connecting_twice_to_the_same_server_makes_one_connection() {
    for endpoint in everywhere() {
        let context = Context::new();
        let (req, rep) = (Req::new(&context).unwrap(), Rep::new(&context).unwrap());
        let at = join(&rep, &req, &endpoint);
        req.connect(&at).unwrap();
        for _ in 0..4 {
            req.send("hello").unwrap();
            rep.get();
            rep.send("world").unwrap();
            req.get();
        }
        assert_eq!((req.peers().len(), rep.connected()), (1, 1));
        req.disconnect(&at).unwrap();
        assert!(req.disconnect(&at).is_err());
    }
}

#[test]
fn a_client_without_a_server_waits_for_one() {
    for endpoint in everywhere() {
        let context = Context::new();
        let req = Req::new(&context).unwrap();
        let at = req.bind(&endpoint).unwrap();
        assert_eq!(req.try_send("early").unwrap_err().cause, SendErrorCause::WouldBlock);
        let rep = Rep::new(&context).unwrap();
        let (sent, ()) = once_asleep(|| req.send_timeout("question", LONG), || rep.connect(&at).unwrap());
        sent.unwrap();
        assert_eq!(rep.text(), "question");
    }
}

#[test]
fn a_client_whose_server_died_with_its_request_waits_and_may_not_ask_again() {
    for endpoint in over_wires() {
        let context = Context::new();
        let (req, rep) = (Req::new(&context).unwrap(), Rep::new(&context).unwrap());
        join(&rep, &req, endpoint);
        req.send("question").unwrap();
        assert_eq!(rep.text(), "question");
        drop(rep);
        let waited = req.recv_timeout(Duration::from_millis(50));
        assert_eq!(waited.unwrap_err().cause, RecvErrorCause::TimedOut);
        illegal(req.try_send("another").unwrap_err().cause);
    }
}

#[test]
fn requests_pass_through_any_number_of_brokers_and_back() {
    for endpoint in everywhere() {
        let context = Context::new();
        let rep = Rep::new(&context).unwrap();
        let mut at = rep.bind(&endpoint).unwrap();
        for _ in 0..3 {
            let (front, back) = (Router::new(&context).unwrap(), Dealer::new(&context).unwrap());
            back.connect(&at).unwrap();
            at = front
                .bind(&if endpoint.starts_with("inproc") { inproc() } else { endpoint.clone() })
                .unwrap();
            std::thread::spawn(move || proxy(&front, &back));
        }
        std::thread::scope(|scope| {
            for who in 0..3 {
                let req = Req::new(&context).unwrap();
                req.connect(&at).unwrap();
                scope.spawn(move || {
                    for round in 0..100 {
                        let question = Message::from([format!("{who}"), format!("{round}")]);
                        req.send(question.clone()).unwrap();
                        assert_eq!(req.get(), question);
                    }
                });
            }
            for _ in 0..300 {
                let request = rep.get();
                rep.send(request).unwrap();
            }
        });
        context.terminate();
    }
}
