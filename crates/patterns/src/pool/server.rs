//! A ROUTER, and a pool behind it: of threads, or of futures in a task.

use super::{PoolOptions, PoolStatistics, clients::Clients};
use crate::{PatternError, ServerControl, crew::Crew, lookout::Lookout, server_control::take_in};
use std::{
    collections::{BTreeMap, VecDeque},
    future::{Future, poll_fn, ready},
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Poll, Waker},
    time::Instant,
};
use zeroxide::{Context, Frame, Message, Pull, Router, block_on};

/// A server that answers each request never, once or often, in a pool of threads: a thread that is free takes what has
/// waited longest, so that a slow request delays no other while a thread is free.
///
/// See [the module](super) for a running example.
#[derive(Debug)]
pub struct PoolServer {
    options: PoolOptions,
    out: Arc<Out>,
    orders: Pull,
    control: ServerControl<PoolStatistics>,
}

/// Where the answers to one request go; see [the module](super). Once the server has ended they go nowhere.
#[derive(Clone, Debug)]
pub struct Answers {
    client: Frame,
    out: Weak<Out>,
}

#[derive(Debug)]
struct Out {
    router: Router,
    /// How many answers were passed on.
    answers: AtomicU64,
}

/// What those who work share with the loop that receives.
struct Shared {
    server: PoolServer,
    clients: Mutex<Clients>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    requests: VecDeque<(Frame, Message, Instant)>,
    /// Who waits for one.
    idle: BTreeMap<usize, Waker>,
    ended: bool,
}

impl PoolServer {
    /// A server that is bound nowhere yet.
    ///
    /// # Errors
    /// [`PatternError::Socket`] if the context has no room for its sockets.
    pub fn new(context: &Context, options: PoolOptions) -> Result<Self, PatternError> {
        let (control, orders) = ServerControl::new(context)?;
        let router = Router::new(context)?;
        router.set_router_handover(true)?;
        let out = Arc::new(Out { router, answers: AtomicU64::new(0) });
        Ok(Self { options, out, orders, control })
    }

    /// Binds an endpoint, and says where. Several may be bound.
    ///
    /// # Errors
    /// As [`Handle::bind`](zeroxide::Handle::bind).
    pub fn bind(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.out.router.bind(endpoint)?)
    }

    /// The socket that clients connect to: for options, and to make it secure.
    pub fn socket(&self) -> &Router {
        &self.out.router
    }

    /// What ends it, and tells of it, while it runs in another thread.
    pub fn control(&self) -> ServerControl<PoolStatistics> {
        self.control.clone()
    }

    /// Serves until it is told to stop or the context ends; requests that are being worked on are finished first, but what
    /// waits is dropped.
    ///
    /// # Errors
    /// [`PatternError::Poll`] if the sockets cannot be waited for.
    pub fn run(self, work: impl Fn(Message, &Answers) + Sync) -> Result<(), PatternError> {
        let shared = &Shared::new(self);
        let work = &|request, answers: Answers| {
            work(request, &answers);
            ready(())
        };
        std::thread::scope(|scope| {
            for place in 0..shared.places() {
                scope.spawn(move || block_on(shared.work(place, work)));
            }
            block_on(shared.serve())
        })
    }

    /// As [`PoolServer::run`], without blocking a thread, on any executor: as many requests as there would be threads are
    /// worked at at once, in this one task. What needs more than that hands its work to tasks of the executor.
    ///
    /// # Errors
    /// As [`PoolServer::run`].
    ///
    /// # Cancel safety
    /// If it is dropped the server is gone as if it had been killed: its endpoints are free, and what it was working at is
    /// dropped with it.
    pub async fn run_async<F: Future<Output = ()>>(
        self,
        work: impl Fn(Message, Answers) -> F,
    ) -> Result<(), PatternError> {
        let shared = &Shared::new(self);
        let work = &work;
        let mut working = pin!(Crew::new((0..shared.places()).map(|place| shared.work(place, work))));
        let (mut serving, mut served) = (pin!(shared.serve()), None);
        poll_fn(|context| {
            if served.is_none()
                && let Poll::Ready(ended) = serving.as_mut().poll(context)
            {
                served = Some(ended);
            }
            // It ends when the loop has.
            working.as_mut().poll(context).map(|()| served.take().unwrap_or(Ok(())))
        })
        .await
    }
}

impl Shared {
    fn new(server: PoolServer) -> Self {
        let clients = Mutex::new(Clients::new(server.options.clone(), Instant::now()));
        Self { server, clients, queue: Mutex::default() }
    }

    /// How many requests are worked at at once.
    fn places(&self) -> usize {
        self.server.options.threads.max(1)
    }

    /// Receives until it is told to stop; then nobody begins anything more.
    async fn serve(&self) -> Result<(), PatternError> {
        let served = self.receive().await;
        let mut queue = lock(&self.queue);
        queue.ended = true;
        let idle = std::mem::take(&mut queue.idle);
        drop(queue);
        idle.into_values().for_each(Waker::wake);
        served
    }

    async fn receive(&self) -> Result<(), PatternError> {
        let PoolServer { out, orders, .. } = &self.server;
        let mut lookout = Lookout::new([&*out.router, orders]);
        loop {
            let tick = lock(&self.clients).next_tick();
            lookout.wait(Some(tick)).await?;
            let now = Instant::now();
            let open = take_in(|| out.router.try_recv(), |message| self.accept(message, now));
            lock(&self.clients).tick(now);
            self.tell();
            if !open || orders.try_recv().is_ok() {
                return Ok(());
            }
        }
    }

    fn accept(&self, mut message: Message, now: Instant) {
        let Some(client) = message.pop_front() else { return };
        if lock(&self.clients).accept(&client, now) {
            let mut queue = lock(&self.queue);
            queue.requests.push_back((client, message, now));
            let idle = queue.idle.pop_first();
            drop(queue);
            if let Some((_, waker)) = idle {
                waker.wake();
            }
        }
    }

    /// Works at one request after the other until the loop has ended.
    async fn work<F: Future<Output = ()>>(&self, place: usize, work: impl Fn(Message, Answers) -> F) {
        let PoolServer { options, out, .. } = &self.server;
        while let Some((client, request, came)) = self.next(place).await {
            let in_time = came.elapsed() <= options.request_lifetime;
            if in_time {
                let answers = Answers { client: client.clone(), out: Arc::downgrade(out) };
                work(request, answers.clone()).await;
                if let Some(done) = &options.done {
                    answers.send(done.clone());
                }
            }
            let mut clients = lock(&self.clients);
            clients.finish(&client);
            clients.counts.expired += u64::from(!in_time);
            drop(clients);
            self.tell();
        }
    }

    /// The request that has waited longest; none if the loop has ended.
    async fn next(&self, place: usize) -> Option<(Frame, Message, Instant)> {
        poll_fn(|context| {
            let mut queue = lock(&self.queue);
            if queue.ended {
                return Poll::Ready(None);
            }
            if let Some(request) = queue.requests.pop_front() {
                return Poll::Ready(Some(request));
            }
            queue.idle.insert(place, context.waker().clone());
            Poll::Pending
        })
        .await
    }

    fn tell(&self) {
        let clients = lock(&self.clients);
        // Told in the order in which they came about, with the answers to all that is over.
        let answers = self.server.out.answers.load(Relaxed);
        self.server.control.tell(PoolStatistics { answers, ..clients.statistics() });
    }
}

impl Answers {
    /// Sends one more answer. A client that is gone, or does not read, does not get it.
    pub fn send(&self, body: impl Into<Message>) {
        let Some(out) = self.out.upgrade() else { return };
        let mut message = body.into();
        message.push_front(self.client.clone());
        out.answers.fetch_add(1, Relaxed);
        // To nobody, or to somebody who does not read: the ROUTER counts it.
        let _ = out.router.try_send(message);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
