//! A ROUTER, and a pool of threads behind it.

use super::{PoolOptions, PoolStatistics, clients::Clients};
use crate::{PatternError, ServerControl, server_control::take_in};
use std::{
    collections::VecDeque,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};
use zeroxide::{Context, Frame, Interest, Message, Poller, Pull, Push, Router};

/// A server that answers each request never, once or often, in a pool of threads: a thread that is free takes what has
/// waited longest, so that a slow request delays no other while a thread is free.
///
/// See [the module](super) for a running example.
#[derive(Debug)]
pub struct PoolServer {
    context: Context,
    options: PoolOptions,
    router: Router,
    orders: Pull,
    control: ServerControl<PoolStatistics>,
}

/// Where the answers to one request go; see [the module](super).
#[derive(Debug)]
pub struct Answers<'a> {
    client: Frame,
    out: &'a Push,
}

/// What threads say to the loop, in front of the client's address.
const ANSWER: &[u8] = b"answer";
const DONE: &[u8] = b"done";
const EXPIRED: &[u8] = b"expired";

#[derive(Default)]
struct Work {
    queue: Mutex<Queue>,
    more: Condvar,
}

#[derive(Default)]
struct Queue {
    requests: VecDeque<(Frame, Message, Instant)>,
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
        Ok(Self { context: context.clone(), options, router, orders, control })
    }

    /// Binds an endpoint, and says where. Several may be bound.
    ///
    /// # Errors
    /// As [`Handle::bind`](zeroxide::Handle::bind).
    pub fn bind(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.router.bind(endpoint)?)
    }

    /// The socket that clients connect to: for options, and to make it secure.
    pub fn socket(&self) -> &Router {
        &self.router
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
    pub fn run(self, work: impl Fn(Message, &Answers<'_>) + Sync) -> Result<(), PatternError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("inproc://zeroxide-patterns-pool-{}", NUMBER.fetch_add(1, Relaxed));
        let answers = Pull::new(&self.context)?;
        answers.bind(&name)?;
        let mut outs = Vec::new();
        for _ in 0..self.options.threads.max(1) {
            let out = Push::new(&self.context)?;
            out.connect(&name)?;
            outs.push(out);
        }
        let shared = Work::default();
        std::thread::scope(|scope| {
            for out in &outs {
                scope.spawn(|| self.work(&shared, out, &work));
            }
            let served = self.serve(&shared, &answers);
            shared.lock().ended = true;
            shared.more.notify_all();
            // What is being worked on is waited for by nobody else: its answers find room.
            answers.set_receive_high_water_mark(None).map_err(PatternError::from).and(served)
        })?;
        while let Ok(message) = answers.try_recv() {
            self.pass(message, None);
        }
        Ok(())
    }

    fn serve(&self, shared: &Work, answers: &Pull) -> Result<(), PatternError> {
        let mut clients = Clients::new(self.options.clone(), Instant::now());
        let mut poller = Poller::new();
        poller.add(&self.router, 0, Interest::READABLE);
        poller.add(answers, 1, Interest::READABLE);
        poller.add(&self.orders, 2, Interest::READABLE);
        let mut ready = Vec::new();
        loop {
            let wait = clients.next_tick().saturating_duration_since(Instant::now());
            poller.wait_into(&mut ready, Some(wait))?;
            let now = Instant::now();
            let open = take_in(|| answers.try_recv(), |message| self.pass(message, Some(&mut clients)))
                && take_in(
                    || self.router.try_recv(),
                    |mut message| {
                        let Some(client) = message.pop_front() else { return };
                        if clients.accept(&client, now) {
                            shared.lock().requests.push_back((client, message, now));
                            shared.more.notify_one();
                        }
                    },
                );
            clients.tick(now);
            self.control.tell(clients.statistics());
            if !open || self.orders.try_recv().is_ok() {
                return Ok(());
            }
        }
    }

    /// Passes on what a thread says.
    fn pass(&self, mut message: Message, clients: Option<&mut Clients>) {
        let Some(what) = message.pop_front() else { return };
        if what[..] == *ANSWER {
            if let Some(clients) = clients {
                clients.counts.answers += 1;
            }
            // To nobody, or to somebody who does not read: the ROUTER counts it.
            let _ = self.router.try_send(message);
        } else if let Some(clients) = clients {
            clients.finish(&message.into_first());
            clients.counts.expired += u64::from(what[..] == *EXPIRED);
        }
    }

    fn work(&self, shared: &Work, out: &Push, work: &(impl Fn(Message, &Answers<'_>) + Sync)) {
        while let Some((client, request, came)) = shared.next() {
            if came.elapsed() > self.options.request_lifetime {
                let _ = out.send([Frame::from(EXPIRED), client]);
                continue;
            }
            let answers = Answers { client, out };
            work(request, &answers);
            if let Some(done) = &self.options.done {
                answers.send(done.clone());
            }
            let _ = out.send([Frame::from(DONE), answers.client]);
        }
    }
}

impl Answers<'_> {
    /// Sends one more answer. A client that is gone, or does not read, does not get it.
    pub fn send(&self, body: impl Into<Message>) {
        let mut message = body.into();
        message.push_front(self.client.clone());
        message.push_front(ANSWER);
        // It fails only when the context has ended.
        let _ = self.out.send(message);
    }
}

impl Work {
    fn next(&self) -> Option<(Frame, Message, Instant)> {
        let mut queue = self.lock();
        loop {
            if queue.ended {
                return None;
            }
            if let Some(request) = queue.requests.pop_front() {
                return Some(request);
            }
            queue = self.more.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
