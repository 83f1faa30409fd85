//! `monocoque-rs` on its tokio backend, in its fastest mode for each workload: opt-in write coalescing with an explicit
//! flush for throughput, eager writes for latency. A socket of it has one connection.

use crate::subject::{Kind, Plan, Socket, Subject, Transport};
use monocoque::{
    Bytes, SocketOptions,
    rt::{LocalRuntime, TcpListener, UnixListener, UnixStream},
    zmq::{
        DealerSocket, PubSocket, PullFanIn, PullSocket, PushSocket, RepSocket, ReqSocket, RouterSocket,
        SubSocket,
    },
};
use std::{cell::Cell, future::Future, rc::Rc};

#[derive(Clone)]
pub struct Monocoque;

impl Subject for Monocoque {
    type Socket = Wrapped;

    fn new(plan: &Plan) -> Result<Self, String> {
        if plan.transport == Transport::Inproc {
            return Err("its inproc is not reached by its PUSH, PULL, REQ and REP".to_owned());
        }
        Ok(Self)
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        LocalRuntime::new().unwrap().block_on(future)
    }

    fn socket(&self, kind: Kind, plan: &Plan) -> Wrapped {
        // PUB gathers by itself, and has no flush.
        let gather = kind == Kind::Push && !plan.latency;
        let options = SocketOptions::default().with_write_coalescing(gather);
        Wrapped { kind, plan: *plan, options, half: Half::Fresh, received: vec![] }
    }
}

pub struct Wrapped {
    kind: Kind,
    plan: Plan,
    options: SocketOptions,
    half: Half,
    received: Vec<Bytes>,
}

enum Half {
    Fresh,
    Tcp(TcpListener),
    Unix(UnixListener),
    Push(PushSocket),
    PushUnix(PushSocket<UnixStream>),
    Pull(PullSocket),
    PullUnix(PullSocket<UnixStream>),
    FanIn(PullFanIn),
    Req(ReqSocket),
    ReqUnix(ReqSocket<UnixStream>),
    Rep(RepSocket),
    RepUnix(RepSocket<UnixStream>),
    Dealer(DealerSocket),
    Routers(Vec<RouterSocket>),
    Pub(PubSocket),
    Sub(SubSocket),
}

fn address(endpoint: &str) -> &str {
    endpoint.trim_start_matches("tcp://").trim_start_matches("ipc://")
}

impl Socket for Wrapped {
    async fn bind(&mut self, endpoint: &str) -> String {
        if self.plan.transport == Transport::Ipc {
            self.half = Half::Unix(UnixListener::bind(address(endpoint)).await.unwrap());
            return endpoint.to_owned();
        }
        let bound = if self.kind == Kind::Pub {
            let socket = PubSocket::bind_with_options("127.0.0.1:0", self.options.clone()).await.unwrap();
            let bound = socket.local_addr().unwrap();
            self.half = Half::Pub(socket);
            bound
        } else {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let bound = listener.local_addr().unwrap();
            self.half = Half::Tcp(listener);
            bound
        };
        format!("tcp://{bound}")
    }

    async fn connect(&mut self, endpoint: &str) {
        let (options, address) = (self.options.clone(), address(endpoint));
        self.half = if self.plan.transport == Transport::Ipc {
            let stream = UnixStream::connect(address).await.unwrap();
            match self.kind {
                Kind::Push => {
                    Half::PushUnix(PushSocket::from_unix_stream_with_options(stream, options).await.unwrap())
                }
                Kind::Req => {
                    Half::ReqUnix(ReqSocket::from_unix_stream_with_options(stream, options).await.unwrap())
                }
                _ => unreachable!("no workload"),
            }
        } else {
            match self.kind {
                Kind::Push => Half::Push(PushSocket::connect_with_options(address, options).await.unwrap()),
                Kind::Req => Half::Req(ReqSocket::connect_with_options(endpoint, options).await.unwrap()),
                Kind::Dealer => {
                    Half::Dealer(DealerSocket::connect_with_options(endpoint, options).await.unwrap())
                }
                Kind::Sub => Half::Sub(SubSocket::connect_with_options(address, options).await.unwrap()),
                _ => unreachable!("no workload"),
            }
        };
    }

    async fn expect_peers(&mut self) {
        let options = self.options.clone();
        self.half = match std::mem::replace(&mut self.half, Half::Fresh) {
            Half::Tcp(listener) if self.kind == Kind::Pull && self.plan.peers > 1 => {
                Half::FanIn(PullFanIn::accept_workers(&listener, self.plan.peers, options).await.unwrap())
            }
            Half::Tcp(listener) if self.kind == Kind::Router => {
                let mut routers = vec![];
                for _ in 0..self.plan.peers {
                    let stream = listener.accept().await.unwrap().0;
                    routers.push(RouterSocket::from_tcp_with_options(stream, options.clone()).await.unwrap());
                }
                Half::Routers(routers)
            }
            Half::Tcp(listener) => {
                let stream = listener.accept().await.unwrap().0;
                match self.kind {
                    Kind::Pull => {
                        Half::Pull(PullSocket::from_tcp_with_options(stream, options).await.unwrap())
                    }
                    Kind::Rep => Half::Rep(RepSocket::from_tcp_with_options(stream, options).await.unwrap()),
                    _ => unreachable!("no workload"),
                }
            }
            Half::Unix(listener) => {
                let stream = listener.accept().await.unwrap().0;
                match self.kind {
                    Kind::Pull => Half::PullUnix(
                        PullSocket::from_unix_stream_with_options(stream, options).await.unwrap(),
                    ),
                    Kind::Rep => Half::RepUnix(
                        RepSocket::from_unix_stream_with_options(stream, options).await.unwrap(),
                    ),
                    _ => unreachable!("no workload"),
                }
            }
            Half::Pub(mut publisher) => {
                for _ in 0..self.plan.peers {
                    publisher.accept_subscriber().await.unwrap();
                }
                Half::Pub(publisher)
            }
            other => other,
        };
    }

    async fn subscribe(&mut self, topic: &[u8]) {
        let Half::Sub(socket) = &mut self.half else { unreachable!("not connected") };
        socket.subscribe(topic).await.unwrap();
    }

    #[inline]
    async fn send(&mut self, body: &[u8]) {
        let body = Bytes::copy_from_slice(body);
        match &mut self.half {
            Half::Push(socket) => socket.send_one(body).await.unwrap(),
            Half::PushUnix(socket) => socket.send_one(body).await.unwrap(),
            Half::Req(socket) => socket.send_one(body).await.unwrap(),
            Half::ReqUnix(socket) => socket.send_one(body).await.unwrap(),
            Half::Dealer(socket) => {
                socket.send(vec![body]).await.unwrap();
                socket.flush().await.unwrap();
            }
            Half::Pub(socket) => socket.send_frames(&[body]).await.unwrap(),
            _ => unreachable!("cannot send"),
        }
    }

    #[inline]
    async fn recv<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> T {
        let frames = &mut self.received;
        let alive = match &mut self.half {
            Half::Pull(socket) => socket.recv_into(frames).await.unwrap(),
            Half::PullUnix(socket) => socket.recv_into(frames).await.unwrap(),
            Half::Req(socket) => socket.recv_into(frames).await.unwrap(),
            Half::ReqUnix(socket) => socket.recv_into(frames).await.unwrap(),
            Half::Dealer(socket) => socket.recv_into(frames).await.unwrap(),
            Half::Sub(socket) => socket.recv_into(frames).await.unwrap(),
            Half::FanIn(socket) => socket.recv().await.unwrap().map(|message| *frames = message).is_some(),
            _ => unreachable!("cannot receive"),
        };
        assert!(alive, "the peer is gone");
        read(frames.last().unwrap())
    }

    async fn echo(&mut self, count: u64) {
        let frames = &mut self.received;
        match &mut self.half {
            Half::Rep(socket) => {
                for _ in 0..count {
                    assert!(socket.recv_into(frames).await.unwrap());
                    socket.send(std::mem::take(frames)).await.unwrap();
                }
            }
            Half::RepUnix(socket) => {
                for _ in 0..count {
                    assert!(socket.recv_into(frames).await.unwrap());
                    socket.send(std::mem::take(frames)).await.unwrap();
                }
            }
            // A task for each connection: there is no ROUTER with several.
            Half::Routers(routers) => {
                let left = Rc::new(Cell::new(count));
                let done = Rc::new(tokio::sync::Notify::new());
                let local = tokio::task::LocalSet::new();
                for mut router in routers.drain(..) {
                    let (left, done) = (left.clone(), done.clone());
                    local.spawn_local(async move {
                        while let Ok(Some(message)) = router.recv().await {
                            router.send(message).await.unwrap();
                            router.flush().await.unwrap();
                            left.set(left.get() - 1);
                            if left.get() == 0 {
                                done.notify_one();
                            }
                        }
                    });
                }
                local.run_until(done.notified()).await;
            }
            _ => unreachable!("does not echo"),
        }
    }

    async fn flush(&mut self) {
        match &mut self.half {
            Half::Push(socket) => socket.flush().await.unwrap(),
            Half::PushUnix(socket) => socket.flush().await.unwrap(),
            _ => {}
        }
    }
}
