//! Those who work, and those who give them something to do.

use super::*;
use smol::future::ready;
use zeroxide::{Pull, Push};
use zeroxide_patterns::{
    credit::{Consumer, ConsumerOptions, Source, SourceOptions},
    kill::{Controller, Order, StopOptions, Worker},
    majordomo::{self, BrokerOptions, BrokerServer, WorkerOptions},
    titanic::{
        FileStore, RequestNumber, StoreLimits, TitanicClient, TitanicError, TitanicOptions, TitanicServer,
    },
};

#[test]
fn workers_of_a_pipeline_drain_and_one_that_is_gone_is_missed() {
    on_executors(|| async {
        let context = Context::new();
        let mut controller = Controller::new(&context).unwrap();
        let orders = controller.bind_orders(&ANY).unwrap();
        let answers = controller.bind_answers(&ANY).unwrap();
        let (source, tasks) = (Push::new(&context).unwrap(), Pull::new(&context).unwrap());
        tasks.connect(&source.bind(&ANY).unwrap()).unwrap();
        let [worker, gone] =
            ["works", "gone"].map(|name| Worker::new(&context, &orders, &answers, name).unwrap());
        let (nothing, mut done) = (Pull::new(&context).unwrap(), 0);
        let controlling = async {
            let never = gone.run_async(&nothing, PATIENCE, |_| ready(()));
            assert!(
                or(async { controller.wait_ready_async(2, PATIENCE).await.unwrap() }, async {
                    panic!("{:?}", never.await)
                })
                .await
            );
            for task in 0..100 {
                source.send_async(task.to_string()).await.unwrap();
            }
            let kill = Duration::from_millis(1);
            let options = StopOptions { drain: Duration::from_secs(5), kill, ..StopOptions::default() };
            controller.stop_async(options).await.unwrap()
        };
        let working = worker.run_async(&tasks, Duration::from_secs(1), |_| {
            done += 1;
            ready(())
        });
        let (order, report) = zip(working, controlling).await;
        assert_eq!(
            (order.unwrap(), report.drained, report.missing),
            (Order::Drain, vec!["works".into()], vec!["gone".into()])
        );
        assert_eq!(done, 100);
    });
}

#[test]
fn a_consumer_gives_back_what_was_dropped_at_work() {
    on_executors(|| async {
        let context = Context::new();
        let source = Source::new(&context, SourceOptions::default()).unwrap();
        let consumer =
            Consumer::new(&context, &source.bind(&ANY).unwrap(), ConsumerOptions::default()).unwrap();
        for task in 0..10 {
            source.send_async(task.to_string()).await.unwrap();
        }
        let (begins, begun) = smol::channel::bounded(1);
        let stuck = consumer.run_async(|_| async {
            let _ = begins.try_send(());
            smol::future::pending().await
        });
        or(async { begun.recv().await.unwrap() }, async { panic!("{:?}", stuck.await) }).await;
        let done = std::cell::RefCell::new(std::collections::BTreeSet::new());
        let working = consumer.run_async(|task| {
            done.borrow_mut().insert(task.to_string());
            ready(())
        });
        let (count, report) = zip(working, source.finish_async()).await;
        // What it had besides is given again with it, and may be done twice.
        assert!(count.unwrap() >= 10 && report.unwrap().is_done());
        assert_eq!(done.into_inner().len(), 10);
    });
}

#[test]
fn a_client_of_majordomo_asks_who_is_there() {
    on_executors(|| async {
        let context = Context::new();
        let broker = BrokerServer::new(&context, BrokerOptions::default()).unwrap();
        let endpoint = broker.bind(&ANY).unwrap();
        let (control, options) =
            (broker.control(), majordomo::ClientOptions { timeout: PATIENCE, ..Default::default() });
        let mut worker =
            majordomo::Worker::new(&context, &[&endpoint], "echo", WorkerOptions::default()).unwrap();
        let mut client = majordomo::Client::new(&context, &[&endpoint], options).unwrap();
        let leave = worker.control();
        let asking = async {
            assert_eq!(client.call_async("echo", "hi").await.unwrap(), "hi".into());
            assert!(client.is_served_async("echo").await.unwrap());
            assert!(!client.is_served_async("nothing").await.unwrap());
            assert_eq!(client.services_async().await.unwrap(), ["echo"]);
            leave.stop();
            control.stop();
        };
        let working = worker.serve_async(|request| async move { request });
        with_server(broker.run_async(), async { zip(working, asking).await.0.unwrap() }).await;
    });
}

#[test]
fn a_majordomo_broker_that_is_dropped_leaves_its_endpoint_free() {
    on_executors(|| async {
        let context = Context::new();
        let broker = BrokerServer::new(&context, BrokerOptions::default()).unwrap();
        let endpoint = broker.bind(&ANY).unwrap();
        let options = majordomo::ClientOptions { timeout: PATIENCE, ..Default::default() };
        let mut client = majordomo::Client::new(&context, &[&endpoint], options).unwrap();
        let served = with_server_dropped(broker.run_async(), client.is_served_async("echo")).await;
        assert!(!served.unwrap());
        let next = BrokerServer::new(&context, BrokerOptions::default()).unwrap();
        bind_again(|at| next.bind(at), &endpoint);
    });
}

#[test]
fn titanic_keeps_the_requests_of_a_task() {
    on_executors(|| async {
        let context = Context::new();
        let broker = BrokerServer::new(&context, BrokerOptions::default()).unwrap();
        let endpoint = broker.bind(&ANY).unwrap();
        let directory = std::env::temp_dir().join(format!("zeroxide-faces-{:?}", RequestNumber::random()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("store.redb");
        let store = FileStore::open(&path, StoreLimits::default()).unwrap();
        let titanic = TitanicServer::new(&context, &[&endpoint], store, TitanicOptions::default()).unwrap();
        let (control, sails) = (broker.control(), titanic.control());
        let options = majordomo::ClientOptions { timeout: PATIENCE, ..Default::default() };
        let [mut client, mut later] =
            [(); 2].map(|()| TitanicClient::new(&context, &[&endpoint], options.clone()).unwrap());
        let mut worker =
            majordomo::Worker::new(&context, &[&endpoint], "echo", WorkerOptions::default()).unwrap();
        let leave = worker.control();
        let asking = async {
            let number = client.request_async("echo", "hi").await.unwrap();
            assert_eq!(client.wait_async(number, PATIENCE).await.unwrap(), "hi".into());
            assert_eq!(client.reply_async(number).await.unwrap(), Some("hi".into()));
            assert_eq!(client.request_as_async(number, "echo", "hi").await.unwrap(), number, "the same one");
            client.close_async(number).await.unwrap();
            assert!(matches!(client.reply_async(number).await, Err(TitanicError::Unknown)));
            let other = client.request_by_rfc_async("nobody", "hi").await.unwrap();
            let none = client.wait_async(other, Duration::from_millis(1)).await;
            assert!(matches!(none, Err(TitanicError::NotYet)));
            leave.stop();
            sails.stop();
        };
        let working = worker.serve_async(|request| async move { request });
        let sailing = with_server(titanic.run_async(), async { zip(working, asking).await.0.unwrap() });
        let again = async {
            sailing.await;
            // Once more, and dropped: the store is free some time after.
            let store = FileStore::open(&path, StoreLimits::default()).unwrap();
            let titanic =
                TitanicServer::new(&context, &[&endpoint], store, TitanicOptions::default()).unwrap();
            let request = later.request_async("nobody", "hi");
            with_server_dropped(titanic.run_async(), request).await.unwrap();
            drop(eventually_some(|| FileStore::open(&path, StoreLimits::default()).ok()));
            control.stop();
        };
        with_server(broker.run_async(), again).await;
        std::fs::remove_dir_all(&directory).unwrap();
    });
}
