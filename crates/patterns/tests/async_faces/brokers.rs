//! Brokers and servers that answer requests.

use super::*;
use smol::{channel::bounded, future::ready};
use zeroxide::{Message, Router};
use zeroxide_patterns::{
    balance::BalancerServer,
    binary_star::{Phase, Role, StarClient, StarClientOptions, StarOptions, StarServer},
    freelance::{FreelanceClient, FreelanceOptions, FreelanceServer},
    peering::{PeeringOptions, PeeringServer},
    pirate::{LazyPirate, PirateWorker},
    pool::{PoolOptions, PoolServer},
};

#[test]
fn a_balancer_its_worker_and_its_client_are_one_task() {
    on_executors(|| async {
        let context = Context::new();
        let broker = BalancerServer::new(&context, BalancerOptions::default()).unwrap();
        let (front, back) = (broker.bind_front(&ANY).unwrap(), broker.bind_back(&ANY).unwrap());
        let control = broker.control();
        let mut worker = PirateWorker::new(&context, &back, PirateOptions::default()).unwrap();
        let leave = worker.control();
        let mut client = LazyPirate::new(&context, &[&front], patient()).unwrap();
        let asking = async {
            for number in 0..100 {
                let body = Message::from(number.to_string());
                assert_eq!(client.call_async(body.clone()).await.unwrap(), body);
            }
            leave.stop();
            control.stop();
        };
        let working = worker.serve_async(|request| async move { request });
        with_server(broker.run_async(), async { zip(working, asking).await.0.unwrap() }).await;
        let statistics = control.statistics();
        assert_eq!((statistics.requests, statistics.replies, statistics.working), (100, 100, 0));
    });
}

#[test]
fn the_next_balancer_takes_the_place_of_one_that_was_dropped() {
    on_executors(|| async {
        let context = Context::new();
        let (queueing, beats) = beating();
        let broker = BalancerServer::new(&context, queueing.clone()).unwrap();
        let (front, back) = (broker.bind_front(&ANY).unwrap(), broker.bind_back(&ANY).unwrap());
        let mut worker = PirateWorker::new(&context, &back, beats).unwrap();
        let leave = worker.control();
        let mut client = LazyPirate::new(&context, &[&front], persistent()).unwrap();
        let asking = async {
            with_server_dropped(broker.run_async(), client.call_async("one")).await.unwrap();
            let next = BalancerServer::new(&context, queueing).unwrap();
            bind_again(|at| next.bind_front(at), &front);
            bind_again(|at| next.bind_back(at), &back);
            let control = next.control();
            with_server(next.run_async(), async {
                assert_eq!(client.call_async("two").await.unwrap(), "two".into());
                control.stop();
            })
            .await;
            leave.stop();
        };
        zip(worker.serve_async(ready), asking).await.0.unwrap();
    });
}

#[test]
fn a_call_that_was_dropped_disturbs_no_later_one() {
    on_executors(|| async {
        let context = Context::new();
        let server = Router::new(&context).unwrap();
        let endpoint = server.bind(&ANY).unwrap();
        let mut client = LazyPirate::new(&context, &[&endpoint], patient()).unwrap();
        let dropped = or(async { Err(client.call_async("dropped").await) }, async {
            Ok(server.recv_async().await.unwrap())
        });
        let dropped = dropped.await.unwrap();
        let answering = async {
            let next = server.recv_async().await.unwrap();
            // An answer to the first in front of the one that is waited for.
            server.send_async(dropped).await.unwrap();
            server.send_async(next).await.unwrap();
        };
        let (answer, ()) = zip(client.call_async("asked"), answering).await;
        assert_eq!(answer.unwrap(), "asked".into());
        assert_eq!(client.statistics().stray, 1);
    });
}

#[test]
fn a_peering_broker_gives_to_its_peer_what_it_cannot_do_itself() {
    on_executors(|| async {
        let context = Context::new();
        let [busy, idle] = ["busy", "idle"].map(|name| {
            let beat = Duration::from_millis(50);
            let options = PeeringOptions { beat, state_age: PATIENCE, ..PeeringOptions::default() };
            PeeringServer::new(&context, name, options).unwrap()
        });
        let clients = busy.bind_clients(&ANY).unwrap();
        let workers = idle.bind_workers(&ANY).unwrap();
        let (cloud, state) = (idle.bind_cloud(&ANY).unwrap(), idle.bind_state(&ANY).unwrap());
        let controls = [busy.control(), idle.control()];
        let mut worker = PirateWorker::new(&context, &workers, PirateOptions::default()).unwrap();
        let leave = worker.control();
        let client = dealer(&context, &clients);
        let asking = async {
            // While it runs.
            let peer = controls[0].peer("idle").unwrap();
            peer.connect(&cloud, &state).unwrap();
            controls[0].add(peer);
            for number in 0..10 {
                client.send_async(["".to_owned(), number.to_string()]).await.unwrap();
                assert_eq!(client.recv_async().await.unwrap(), ["", &number.to_string()].into());
            }
            leave.stop();
            controls.iter().for_each(|control| control.stop());
        };
        let playing = async { zip(worker.serve_async(ready), asking).await.0.unwrap() };
        with_server(busy.run_async(), with_server(idle.run_async(), playing)).await;
        let [busy, idle] = controls.each_ref().map(|control| control.statistics());
        assert_eq!((busy.requests, busy.replies, busy.exported, busy.working), (10, 10, 10, 0));
        assert_eq!((idle.imported, idle.returned, idle.workers), (10, 10, 1));
    });
}

#[test]
fn a_peering_broker_that_is_dropped_leaves_its_endpoints_free() {
    on_executors(|| async {
        let context = Context::new();
        let (broker, next) = (
            PeeringServer::new(&context, "one", PeeringOptions::default()).unwrap(),
            PeeringServer::new(&context, "one", PeeringOptions::default()).unwrap(),
        );
        let clients = broker.bind_clients(&ANY).unwrap();
        let others = [broker.bind_workers(&ANY), broker.bind_cloud(&ANY), broker.bind_state(&ANY)];
        let [workers, cloud, state] = others.map(Result::unwrap);
        let (control, client) = (broker.control(), dealer(&context, &clients));
        client.send_async(["", "hi"]).await.unwrap();
        with_server_dropped(broker.run_async(), async {
            while control.statistics().waiting == 0 {
                smol::future::yield_now().await;
            }
        })
        .await;
        bind_again(|at| next.bind_clients(at), &clients);
        bind_again(|at| next.bind_workers(at), &workers);
        bind_again(|at| next.bind_cloud(at), &cloud);
        bind_again(|at| next.bind_state(at), &state);
    });
}

#[test]
fn a_freelance_server_answers_what_it_is_able_to() {
    on_executors(|| async {
        let context = Context::new();
        let able = FreelanceServer::bind(&context, &ANY).unwrap();
        let unable = FreelanceServer::bind(&context, &ANY).unwrap();
        let endpoints = [unable.endpoint().to_owned(), able.endpoint().to_owned()];
        let controls = [able.control(), unable.control()];
        let options = FreelanceOptions { deadline: PATIENCE, ..FreelanceOptions::default() };
        let client = FreelanceClient::new(&context, &endpoints, options).unwrap();
        let asking = async {
            assert_eq!(client.request("hi").await.unwrap(), "hi".into());
            assert_eq!(client.request("and again").await.unwrap(), "and again".into());
            controls.iter().for_each(|control| control.stop());
        };
        let able = able.run_async(|request| async { request });
        let unable = unable.run_if_able_async(|_| async { None });
        with_server(able, with_server(unable, asking)).await;
        let [able, unable] = controls.map(|control| control.statistics());
        assert!(able.requests >= 2 && unable.requests == 0 && unable.unanswered >= 1, "{able:?}, {unable:?}");
    });
}

#[test]
fn a_freelance_server_that_is_dropped_at_its_work_leaves_its_endpoint_free() {
    on_executors(|| async {
        let context = Context::new();
        let server = FreelanceServer::bind(&context, &ANY).unwrap();
        let endpoint = server.endpoint().to_owned();
        let options = FreelanceOptions { deadline: 2 * PATIENCE, ..FreelanceOptions::default() };
        let client = FreelanceClient::new(&context, &[&endpoint], options).unwrap();
        let (begins, begun) = bounded(1);
        let reply = client.request("work without end");
        let stuck = server.run_async(|_| async {
            let _ = begins.try_send(());
            smol::future::pending().await
        });
        with_server_dropped(stuck, begun.recv()).await.unwrap();
        let next = eventually_some(|| FreelanceServer::bind(&context, &endpoint).ok());
        let control = next.control();
        with_server(next.run_async(ready), async {
            assert_eq!(reply.await.unwrap(), "work without end".into());
            control.stop();
        })
        .await;
    });
}

#[test]
fn the_backup_of_a_pair_answers_when_the_primary_has_stopped_or_was_dropped() {
    let options =
        StarOptions { heartbeat: Duration::from_millis(50), peer_timeout: Duration::from_millis(500) };
    let (timeout, settle) = (Duration::from_millis(250), Duration::from_millis(300));
    let stubborn = StarClientOptions { timeout, settle, tries: 100 };
    for is_dropped in [false, true] {
        on_executors(|| async {
            let context = Context::new();
            let [primary, backup] =
                [Role::Primary, Role::Backup].map(|role| StarServer::new(&context, role, options).unwrap());
            let (first, second) = (primary.bind(&ANY).unwrap(), backup.bind(&ANY).unwrap());
            primary.link().connect(&backup.link().bind(&ANY).unwrap()).unwrap();
            backup.link().connect(&primary.link().bind(&ANY).unwrap()).unwrap();
            let controls = [primary.control(), backup.control()];
            let mut client = StarClient::new(&context, [&first, &second], stubborn).unwrap();
            let echo = |request: Message, router: &Router| drop(router.try_send(request));
            let playing = async {
                let hello = async {
                    assert_eq!(client.call_async("Hello").await.unwrap(), "Hello".into());
                    // A backup that has never heard of its primary takes over from nobody.
                    until(|| controls[1].phase() == Phase::Passive).await;
                    if !is_dropped {
                        controls[0].stop();
                    }
                };
                if is_dropped {
                    with_server_dropped(primary.run_async(echo), hello).await;
                } else {
                    with_server(primary.run_async(echo), hello).await;
                }
                assert_eq!(client.call_async("still there?").await.unwrap(), "still there?".into());
                assert_eq!(controls[1].phase(), Phase::Active);
                let next = StarServer::new(&context, Role::Primary, options).unwrap();
                bind_again(|at| next.bind(at), &first);
                controls[1].stop();
            };
            with_server(backup.run_async(echo), playing).await;
        });
    }
}

#[test]
fn a_pool_works_at_several_requests_in_one_task() {
    on_executors(|| async {
        let context = Context::new();
        let options = PoolOptions { threads: 3, done: Some("done".into()), ..PoolOptions::default() };
        let server = PoolServer::new(&context, options).unwrap();
        let client = dealer(&context, &server.bind(&ANY).unwrap());
        let control = server.control();
        let (meets, meeting) = bounded::<()>(1);
        let serving = server.run_async(|request, answers| {
            let (meets, meeting) = (meets.clone(), meeting.clone());
            async move {
                match request.body() {
                    b"first" => meeting.recv().await.unwrap(),
                    b"second" => meets.send(()).await.unwrap(),
                    _ => {}
                }
                answers.send(request.clone());
                answers.send([request[0].clone(), "again".into()]);
            }
        });
        with_server(serving, async {
            for request in ["first", "second"] {
                client.send_async(request).await.unwrap();
            }
            let mut said = Vec::new();
            for _ in 0..6 {
                said.push(client.recv_async().await.unwrap().to_string());
            }
            said.sort();
            assert_eq!(said, ["done", "done", "first", "first | again", "second", "second | again"]);
            for number in 0..100 {
                client.send_async(number.to_string()).await.unwrap();
            }
            for _ in 0..300 {
                client.recv_async().await.unwrap();
            }
            control.stop();
        })
        .await;
        let statistics = control.statistics();
        assert_eq!((statistics.requests, statistics.answers, statistics.under_way), (102, 306, 0));
    });
}

#[test]
fn a_pool_that_is_told_to_stop_ends_what_it_began_and_one_that_is_dropped_does_not() {
    on_executors(|| async {
        let context = Context::new();
        for is_dropped in [false, true] {
            let server =
                PoolServer::new(&context, PoolOptions { threads: 1, ..PoolOptions::default() }).unwrap();
            let endpoint = server.bind(&ANY).unwrap();
            let (client, control) = (dealer(&context, &endpoint), server.control());
            let ((begins, begun), (goes, go)) = (bounded(1), bounded::<()>(1));
            let serving = server.run_async(|request, answers| {
                let (begins, go) = (begins.clone(), go.clone());
                async move {
                    begins.send(()).await.unwrap();
                    go.recv().await.unwrap();
                    answers.send(request);
                }
            });
            for request in ["begun", "waits"] {
                client.send_async(request).await.unwrap();
            }
            if is_dropped {
                with_server_dropped(serving, begun.recv()).await.unwrap();
                goes.send(()).await.unwrap();
            } else {
                with_server(serving, async {
                    begun.recv().await.unwrap();
                    while control.statistics().requests < 2 {
                        smol::future::yield_now().await;
                    }
                    control.stop();
                    goes.send(()).await.unwrap();
                    assert_eq!(client.recv_async().await.unwrap(), "begun".into());
                })
                .await;
            }
            let next = PoolServer::new(&context, PoolOptions::default()).unwrap();
            bind_again(|at| next.bind(at), &endpoint);
            assert!(client.try_recv().is_err(), "what waited was dropped");
        }
    });
}
