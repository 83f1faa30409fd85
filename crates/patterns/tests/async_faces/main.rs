//! The asynchronous faces: each pattern as tasks of one thread, under three executors that have nothing in common. Whatever
//! blocks the thread holds up the rest of its own story.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails has done its work"
)]

mod brokers;
mod copies;
mod feeds;
mod turns;
mod workers;

use smol::future::{or, zip};
use std::{future::Future, sync::LazyLock, time::Duration};
use zeroxide::{Context, Dealer};
use zeroxide_patterns::{
    PatternError, balance::BalancerOptions, pirate::PirateOptions, request::RequestOptions,
};
use zeroxide_testing::{PATIENCE, eventually, eventually_some, own_address};

/// Where an endpoint that was given up is free for whoever comes next.
static ANY: LazyLock<String> = LazyLock::new(own_address);

/// The same story under an executor on a card, smol's, and tokio's of one thread.
fn on_executors<F: Future<Output = ()>>(story: impl Fn() -> F) {
    zeroxide_testing::block_on(in_time(story()));
    smol::block_on(in_time(story()));
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(in_time(story()));
}

async fn in_time(story: impl Future<Output = ()>) {
    let hangs = async {
        smol::Timer::after(2 * PATIENCE).await;
        panic!("it hangs");
    };
    or(story, hangs).await;
}

/// Asks until the answer is yes, and lets all else that is under way go on between two questions.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        smol::future::yield_now().await;
    }
}

/// A server and what is done with it, at once. The server can be spawned: its future is sent between threads.
async fn with_server<T>(
    server: impl Future<Output = Result<(), PatternError>> + Send,
    play: impl Future<Output = T>,
) -> T {
    let (served, played) = zip(server, play).await;
    served.unwrap();
    played
}

/// A server that is dropped when what is done with it is done.
async fn with_server_dropped<T>(
    server: impl Future<Output = Result<(), PatternError>>,
    play: impl Future<Output = T>,
) -> T {
    let ends = async { panic!("it ended by itself: {:?}", server.await) };
    or(play, ends).await
}

/// Binds what was bound before: it is free as soon as the system has closed it.
fn bind_again(bind: impl Fn(&str) -> Result<String, PatternError>, endpoint: &str) {
    assert_eq!(eventually_some(|| bind(endpoint).ok()), endpoint);
}

fn dealer(context: &Context, endpoint: &str) -> Dealer {
    let dealer = Dealer::new(context).unwrap();
    dealer.connect(endpoint).unwrap();
    dealer
}

/// Asks once, and waits as long as a test may take.
fn patient() -> RequestOptions {
    RequestOptions { timeout: PATIENCE, tries: 1, ..RequestOptions::default() }
}

/// Asks again and again.
fn persistent() -> RequestOptions {
    RequestOptions { timeout: Duration::from_millis(250), tries: 200, ..RequestOptions::default() }
}

/// Workers that notice soon that their broker is gone, and a broker that does not take a loaded machine for that.
fn beating() -> (BalancerOptions, PirateOptions) {
    let heartbeat = Duration::from_millis(50);
    let broker = BalancerOptions { heartbeat, liveness: 100, ..BalancerOptions::default() };
    let worker = PirateOptions {
        heartbeat,
        liveness: 20,
        reconnect_first: Duration::from_millis(10),
        reconnect_most: Duration::from_millis(100),
        ..PirateOptions::default()
    };
    (broker, worker)
}
