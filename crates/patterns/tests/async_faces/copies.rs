//! A map that many share.

use super::*;
use zeroxide_patterns::clone::{
    Changes, ClientOptions, CloneClient, CloneServer, Endpoints, ServerOptions, WatchEvent,
};

fn anywhere() -> Endpoints {
    Endpoints { snapshots: ANY.clone(), updates: ANY.clone(), changes: ANY.clone() }
}

#[test]
fn a_map_and_its_clients_are_one_task() {
    on_executors(|| async {
        let context = Context::new();
        let server = CloneServer::new(&context, Changes::Published, ServerOptions::default()).unwrap();
        let endpoints = [server.bind(&anywhere()).unwrap()];
        let control = server.control();
        let [one, other] =
            [(); 2].map(|()| CloneClient::new(&context, &endpoints, ClientOptions::default()).unwrap());
        with_server(server.run_async(), async {
            one.set_published_async("sky", "blue", None, PATIENCE).await.unwrap();
            assert!(other.wait_synced_async(PATIENCE).await);
            assert!(other.wait_until_async(PATIENCE, |get| get(b"sky").is_some()).await);
            let watch = other.watch();
            one.set("sky", "grey", None).unwrap();
            let Some(WatchEvent::Changed(change)) = watch.recv_async().await else { panic!("it ended") };
            assert_eq!((change.value, other.get("sky")), ("grey".into(), Some("grey".into())));
            let soon = Duration::from_millis(1);
            assert!(!other.wait_until_async(soon, |get| get(b"sea").is_some()).await);
            control.stop();
        })
        .await;
    });
}

#[test]
fn clients_go_on_with_the_next_server_when_one_was_dropped() {
    on_executors(|| async {
        let context = Context::new();
        let new = || CloneServer::new(&context, Changes::Published, ServerOptions::default()).unwrap();
        let server = new();
        let endpoints = server.bind(&anywhere()).unwrap();
        let options = ClientOptions {
            silence: Duration::from_secs(1),
            pause: Duration::from_millis(100),
            ..ClientOptions::default()
        };
        let client = CloneClient::new(&context, std::slice::from_ref(&endpoints), options).unwrap();
        let published = client.set_published_async("one", "1", None, PATIENCE);
        with_server_dropped(server.run_async(), published).await.unwrap();
        let bound = eventually_some(|| {
            // What was bound before an error stays; a server of its own for each try.
            let next = new();
            next.bind(&endpoints).ok().map(|_| next)
        });
        let control = bound.control();
        with_server(bound.run_async(), async {
            client.set_published_async("two", "2", None, PATIENCE).await.unwrap();
            assert!(client.wait_synced_async(PATIENCE).await);
            assert_eq!(client.get("two"), Some("2".into()));
            control.stop();
        })
        .await;
    });
}
