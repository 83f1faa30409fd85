//! A source's rules on a ROUTER, in a thread of its own.

use super::{Dealing, SourceOptions, SourceStatistics};
use crate::{PatternError, ServerControl, server_control::take_in};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use zeroxide::{
    Context, Frame, Interest, Message, Poller, Pull, Push, RecvErrorCause, Router, SendError, SendErrorCause,
};

/// In front of what the application sends to the thread.
const ITEM: &[u8] = b"item";
const FINISH: &[u8] = b"finish";

/// How many items are on their way to the thread: enough that it need not be woken for each.
const ON_THE_WAY: usize = 100;

/// Gives items to consumers. It may be shared between threads and tasks.
///
/// See [the module](super) for a running example.
#[derive(Debug)]
pub struct Source {
    router: Arc<Router>,
    items: Push,
    ended: Pull,
    control: ServerControl<SourceStatistics>,
    thread: Option<JoinHandle<Result<(), PatternError>>>,
}

impl Source {
    /// A source that is bound nowhere yet.
    ///
    /// # Errors
    /// [`PatternError::Socket`] or [`PatternError::Thread`] if there is no room for its sockets or its thread.
    pub fn new(context: &Context, options: SourceOptions) -> Result<Self, PatternError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("inproc://zeroxide-patterns-source-{}", NUMBER.fetch_add(1, Relaxed));
        let (control, orders) = ServerControl::new(context)?;
        let (items, offered) = (Push::new(context)?, Pull::new(context)?);
        items.set_send_high_water_mark(Some(1))?;
        offered.set_receive_high_water_mark(Some(ON_THE_WAY))?;
        offered.bind(&name)?;
        items.connect(&name)?;
        let (ends, ended) = (Push::new(context)?, Pull::new(context)?);
        ended.bind(&format!("{name}-end"))?;
        ends.connect(&format!("{name}-end"))?;
        let router = Router::new(context)?;
        // What is queued for a consumer is bounded by its window.
        router.set_send_high_water_mark(None)?;
        router.set_router_handover(true)?;
        let router = Arc::new(router);
        // Without chance sessions still differ within one life of the process.
        let rules = Dealing::new(options, getrandom::u64().unwrap_or_default());
        let agent =
            Agent { router: Arc::clone(&router), offered, ends, orders, rules, control: control.clone() };
        let thread =
            std::thread::Builder::new().name("zeroxide-source".to_owned()).spawn(move || agent.run());
        let thread = Some(thread.map_err(PatternError::Thread)?);
        Ok(Self { router, items, ended, control, thread })
    }

    /// Binds an endpoint, and says where. Several may be bound.
    ///
    /// # Errors
    /// As [`Handle::bind`](zeroxide::Handle::bind).
    pub fn bind(&self, endpoint: &str) -> Result<String, PatternError> {
        Ok(self.router.bind(endpoint)?)
    }

    /// The socket that consumers connect to: for options, and to make it secure.
    pub fn socket(&self) -> &Router {
        &self.router
    }

    /// Takes an item, which a consumer will be given; waits while too many wait for consumers.
    ///
    /// # Errors
    /// [`SendError`] with the item, if the context has ended.
    pub fn send(&self, item: impl Into<Message>) -> Result<(), SendError> {
        self.items.send(tagged(item.into()))
    }

    /// As [`send`](Self::send), without waiting.
    ///
    /// # Errors
    /// Would block, if too many wait; the item is in the error behind a frame of this type's own.
    pub fn try_send(&self, item: impl Into<Message>) -> Result<(), SendError> {
        self.items.try_send(tagged(item.into()))
    }

    /// As [`send`](Self::send), in a task. Cancelled, the item is taken or not.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_async(&self, item: impl Into<Message>) -> Result<(), SendError> {
        self.items.send_async(tagged(item.into())).await
    }

    /// Waits until all items are done, tells the consumers so, and ends. After this time it ends as well: what is not
    /// [`done`](SourceStatistics::is_done) then is lost, unless a consumer has it.
    ///
    /// # Errors
    /// [`PatternError`] if the context has ended.
    pub fn finish(mut self, timeout: Duration) -> Result<SourceStatistics, PatternError> {
        let deadline = Instant::now() + timeout;
        match self.items.send_timeout(FINISH, timeout) {
            Ok(()) => {}
            Err(SendError { cause: SendErrorCause::TimedOut, .. }) => return self.end(),
            Err(error) => return Err(error.into()),
        }
        match self.ended.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(_) => {}
            Err(error) if matches!(error.cause, RecvErrorCause::TimedOut | RecvErrorCause::WouldBlock) => {}
            Err(error) => return Err(error.into()),
        }
        self.end()
    }

    /// As [`finish`](Self::finish), in a task, for as long as it takes.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub async fn finish_async(mut self) -> Result<SourceStatistics, PatternError> {
        self.items.send_async(FINISH).await?;
        self.ended.recv_async().await?;
        self.end()
    }

    /// What it has done when it last waited.
    pub fn statistics(&self) -> SourceStatistics {
        self.control.statistics()
    }

    fn end(&mut self) -> Result<SourceStatistics, PatternError> {
        self.control.stop();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has told so by itself.
            thread.join().unwrap_or(Ok(()))?;
        }
        Ok(self.control.statistics())
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

fn tagged(mut item: Message) -> Message {
    item.push_front(ITEM);
    item
}

struct Agent {
    router: Arc<Router>,
    offered: Pull,
    ends: Push,
    orders: Pull,
    rules: Dealing,
    control: ServerControl<SourceStatistics>,
}

impl Agent {
    fn run(mut self) -> Result<(), PatternError> {
        let (mut ready, mut out, mut finishing) = (Vec::new(), Vec::new(), false);
        loop {
            let now = Instant::now();
            let (rules, router) = (&mut self.rules, &self.router);
            let mut open =
                take_in(|| router.try_recv(), |message| rules.from_consumer(message, now, &mut out));
            while rules.has_room() {
                match self.offered.try_recv() {
                    Ok(message) => match split(message) {
                        (tag, item) if tag[..] == *ITEM => rules.offer(item, now, &mut out),
                        _ => finishing = true,
                    },
                    Err(error) => {
                        open &= !matches!(error.cause, RecvErrorCause::Terminated | RecvErrorCause::Closed);
                        break;
                    }
                }
            }
            rules.tick(now, &mut out);
            let over = finishing && rules.is_done();
            if over {
                rules.end(&mut out);
            }
            // To somebody who is gone: it waits until that is known for sure.
            out.drain(..).for_each(|message| drop(router.try_send(message)));
            self.control.tell(rules.statistics());
            if over {
                self.ends.send("end")?;
            }
            if over || !open || self.orders.try_recv().is_ok() {
                return Ok(());
            }
            let mut poller = Poller::new();
            poller.add(&self.router, 0, Interest::READABLE);
            poller.add(&self.orders, 1, Interest::READABLE);
            if self.rules.has_room() {
                poller.add(&self.offered, 2, Interest::READABLE);
            }
            let wait = self.rules.next_tick().map(|at| at.saturating_duration_since(Instant::now()));
            poller.wait_into(&mut ready, wait)?;
        }
    }
}

fn split(mut message: Message) -> (Frame, Message) {
    let tag = message.pop_front().unwrap_or_default();
    (tag, message)
}
