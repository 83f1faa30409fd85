//! What stands between publishers and subscribers.

use super::*;
use zeroxide::{Message, Pub, Sub};
use zeroxide_patterns::{
    black_box::{BlackBox, BlackBoxOptions, Overflow},
    lvc::{CacheOptions, LastValueCache},
    tap::{Direction, Tap, TapOptions},
};

fn subscriber(context: &Context, endpoint: &str, topic: &str) -> Sub {
    let subscriber = Sub::new(context).unwrap();
    subscriber.subscribe(topic).unwrap();
    subscriber.connect(endpoint).unwrap();
    subscriber
}

#[test]
fn a_cache_gives_late_subscribers_the_last_values() {
    on_executors(|| async {
        let context = Context::new();
        let cache = LastValueCache::new(&context, CacheOptions::default()).unwrap();
        let (front, back) = (cache.bind_front(&ANY).unwrap(), cache.bind_back(&ANY).unwrap());
        let (control, publisher) = (cache.control(), Pub::new(&context).unwrap());
        publisher.connect(&front).unwrap();
        with_server(cache.run_async(), async {
            assert!(publisher.wait_for_subscribers_async("", 1).await);
            for (topic, value) in [("rain", "much"), ("wind", "none"), ("rain", "little")] {
                publisher.send_async([topic, value]).await.unwrap();
            }
            while control.statistics().published < 3 {
                smol::future::yield_now().await;
            }
            let late = subscriber(&context, &back, "rain");
            assert_eq!(late.recv_async().await.unwrap(), ["rain", "little"].into());
            publisher.send_async(["rain", "again"]).await.unwrap();
            assert_eq!(late.recv_async().await.unwrap(), ["rain", "again"].into());
            control.stop();
        })
        .await;
        assert_eq!((control.statistics().topics, control.statistics().replayed), (2, 1));
    });
}

#[test]
fn a_cache_that_is_dropped_leaves_its_endpoints_free() {
    on_executors(|| async {
        let context = Context::new();
        let [cache, next] = [(); 2].map(|()| LastValueCache::new(&context, CacheOptions::default()).unwrap());
        let (front, back) = (cache.bind_front(&ANY).unwrap(), cache.bind_back(&ANY).unwrap());
        let publisher = Pub::new(&context).unwrap();
        publisher.connect(&front).unwrap();
        let control = cache.control();
        with_server_dropped(cache.run_async(), async {
            assert!(publisher.wait_for_subscribers_async("", 1).await);
            publisher.send_async(["rain", "much"]).await.unwrap();
            while control.statistics().topics == 0 {
                smol::future::yield_now().await;
            }
        })
        .await;
        bind_again(|at| next.bind_front(at), &front);
        bind_again(|at| next.bind_back(at), &back);
    });
}

#[test]
fn a_tap_shows_what_passes() {
    on_executors(|| async {
        let context = Context::new();
        let (tap, listener) = Tap::new(&context, TapOptions::default()).unwrap();
        let (front, back) = (tap.bind_front(&ANY).unwrap(), tap.bind_back(&ANY).unwrap());
        let (control, publisher) = (tap.control(), Pub::new(&context).unwrap());
        publisher.connect(&front).unwrap();
        with_server(tap.run_async(), async {
            let subscriber = subscriber(&context, &back, "news");
            assert!(publisher.wait_for_subscribers_async("news", 1).await);
            for number in 0..100 {
                let news = Message::from(["news", &number.to_string()]);
                publisher.send_async(news.clone()).await.unwrap();
                assert_eq!(subscriber.recv_async().await.unwrap(), news);
            }
            assert_eq!(listener.recv_async().await.unwrap().to_string(), "> [005] 016E657773");
            assert_eq!(listener.recv_async().await.unwrap().to_string(), "< [004] news\n< [001] 0");
            assert_eq!((control.passed(Direction::Down), control.passed(Direction::Up)), (100, 1));
            control.stop();
        })
        .await;
    });
}

#[test]
fn a_tap_that_is_dropped_leaves_its_endpoints_free() {
    on_executors(|| async {
        let context = Context::new();
        let [(tap, _seen), (next, _later)] =
            [(); 2].map(|()| Tap::new(&context, TapOptions::default()).unwrap());
        let (front, back) = (tap.bind_front(&ANY).unwrap(), tap.bind_back(&ANY).unwrap());
        let control = tap.control();
        with_server_dropped(tap.run_async(), async {
            let _subscriber = subscriber(&context, &back, "");
            while control.passed(Direction::Up) == 0 {
                smol::future::yield_now().await;
            }
        })
        .await;
        bind_again(|at| next.bind_front(at), &front);
        bind_again(|at| next.bind_back(at), &back);
    });
}

/// A feed of 1,000 messages of ten keys, and a reader that waits for its workers.
fn feed(context: &Context) -> (Pub, BlackBox, Vec<zeroxide::Pull>, zeroxide_patterns::black_box::Reader) {
    let options =
        BlackBoxOptions { shards: 2, queue: 10, overflow: Overflow::Wait, ..BlackBoxOptions::default() };
    let (black_box, workers) = BlackBox::new(context, options).unwrap();
    let (publisher, reader) = (Pub::new(context).unwrap(), black_box.reader(context).unwrap());
    publisher.set_send_high_water_mark(None).unwrap();
    reader.socket().set_receive_high_water_mark(None).unwrap();
    reader.socket().subscribe("").unwrap();
    reader.socket().connect(&publisher.bind(&ANY).unwrap()).unwrap();
    (publisher, black_box, workers, reader)
}

async fn publish(publisher: &Pub) {
    assert!(publisher.wait_for_subscribers_async("", 1).await);
    for number in 0..1_000 {
        publisher.send_async([format!("key{}", number % 10), number.to_string()]).await.unwrap();
    }
}

#[test]
fn a_reader_waits_for_its_workers_without_holding_them_up() {
    on_executors(|| async {
        let context = Context::new();
        let (publisher, _black_box, workers, reader) = feed(&context);
        let control = reader.control();
        with_server(reader.run_async(), async {
            publish(&publisher).await;
            for _ in 0..1_000 {
                or(workers[0].recv_async(), workers[1].recv_async()).await.unwrap();
            }
            control.stop();
        })
        .await;
        assert_eq!((control.passed(), control.dropped()), (1_000, 0));
    });
}

#[test]
fn a_reader_that_waits_for_room_can_be_stopped_and_dropped() {
    for is_dropped in [false, true] {
        on_executors(|| async {
            let context = Context::new();
            let (publisher, black_box, workers, reader) = feed(&context);
            let control = reader.control();
            let stuck = async {
                publish(&publisher).await;
                // Nobody reads: two queues are full some time.
                while control.passed() < 10 {
                    smol::future::yield_now().await;
                }
            };
            if is_dropped {
                with_server_dropped(reader.run_async(), stuck).await;
                let next = black_box.reader(&context).unwrap();
                next.control().stop();
                next.run_async().await.unwrap();
            } else {
                with_server(reader.run_async(), async {
                    stuck.await;
                    control.stop();
                })
                .await;
            }
            assert_eq!(control.dropped(), 0);
            let given: usize =
                workers.iter().map(|worker| std::iter::from_fn(|| worker.try_recv().ok()).count()).sum();
            assert_eq!(given as u64, control.passed(), "what was handed over is kept");
        });
    }
}
