//! A client's thread: reads what the server at hand says, and sends changes to all.

use super::{
    client::Shared,
    message::Format,
    source::{Endpoints, Source},
    sync::{Happening, Need},
};
use crate::{PatternError, delay::Delay};
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};
use zeroxide::{Context, Interest, Poller, Pub, Pull};

/// Messages of each kind that are read while the state is locked.
const BURST: usize = 1_000;
/// How soon to look again at what tells of itself in no other way: whether a subscription acts, ours or the server's.
const SOON: Duration = Duration::from_millis(5);

pub(super) struct Agent {
    context: Context,
    servers: Vec<Endpoints>,
    at: usize,
    source: Option<Source>,
    /// When to connect again after a failure.
    resume: Instant,
    pause: Delay,
    changes: Pub,
    orders: Pull,
    shared: Arc<Shared>,
}

impl Agent {
    pub(super) fn new(
        context: &Context,
        servers: &[Endpoints],
        orders: Pull,
        shared: Arc<Shared>,
    ) -> Result<Self, PatternError> {
        let first = servers.first().ok_or(PatternError::NoEndpoint)?;
        let changes = Pub::new(context)?;
        changes.set_linger(Some(Duration::ZERO));
        changes.set_send_high_water_mark(Some(100_000))?;
        for server in servers {
            changes.connect(&server.changes)?;
            // Refused now rather than when it is needed.
            drop(Source::connect(context, server, &shared.options.subtree)?);
        }
        let source = Source::connect(context, first, &shared.options.subtree)?;
        let pause = Delay::new(Duration::from_millis(100), shared.options.pause);
        Ok(Self {
            context: context.clone(),
            servers: servers.to_vec(),
            at: 0,
            source: Some(source),
            resume: Instant::now(),
            pause,
            changes,
            orders,
            shared,
        })
    }

    pub(super) fn run(mut self) {
        // The context has ended, or has no room: the copy stays as it is, and nobody waits for more.
        let _ = self.follow();
        self.shared.lock().end();
        self.shared.tell_change();
    }

    fn follow(&mut self) -> Result<(), PatternError> {
        let (mut poller, mut ready, mut happenings) = (Poller::new(), Vec::new(), Vec::new());
        poller.add(&self.orders, 0, Interest::READABLE);
        if let Some(source) = &self.source {
            source.watch(&mut poller, [1, 2]);
        }
        loop {
            poller.wait_into(&mut ready, Some(self.wait()))?;
            while self.orders.try_recv().is_ok() {}
            if self.shared.stops.load(Relaxed) {
                return Ok(());
            }
            self.hear(&mut happenings)?;
            self.reconnect(&mut poller)?;
            self.send();
        }
    }

    fn wait(&self) -> Duration {
        let now = Instant::now();
        let state = self.shared.lock();
        let tick = match &self.source {
            Some(source) if source.is_connecting() => SOON,
            Some(_) => state.sync.next_tick().saturating_duration_since(now),
            None => self.resume.saturating_duration_since(now),
        };
        match state.outbox.waiting() {
            0 => tick,
            _ if self.changes.subscribers("") == 0 => tick.min(SOON),
            _ => tick.min(self.shared.options.again / 4),
        }
    }

    fn hear(&mut self, happenings: &mut Vec<Happening>) -> Result<(), PatternError> {
        let Some(source) = &mut self.source else { return Ok(()) };
        let now = Instant::now();
        let mut state = self.shared.lock();
        if source.is_subscribed_now(now) {
            state.sync.subscribed(now);
            source.ask(state.sync.subtree());
        }
        for _ in 0..BURST {
            let Some(update) = source.update()? else { break };
            state.sync.update(&update, now, happenings);
        }
        for _ in 0..BURST {
            let Some(message) = source.snapshot()? else { break };
            state.sync.snapshot(&message, now, happenings);
        }
        let need = state.sync.tick(now);
        let happened = !happenings.is_empty();
        if happened {
            self.pause.reset();
        }
        state.tell(happenings, now);
        state.outbox.forget(now);
        if need == Need::Ask {
            source.ask(state.sync.subtree());
        }
        drop(state);
        if happened {
            self.shared.tell_change();
        }
        if need == Need::NextServer {
            self.source = None;
            self.resume = now + self.pause.take();
            self.at = (self.at + 1) % self.servers.len();
        }
        Ok(())
    }

    /// After a failure, and a pause that is not the same for two: a thousand clients do not ask at once.
    fn reconnect(&mut self, poller: &mut Poller<'_>) -> Result<(), PatternError> {
        let now = Instant::now();
        if self.source.is_some() || now < self.resume {
            return Ok(());
        }
        let Some(server) = self.servers.get(self.at) else { return Ok(()) };
        let source = Source::connect(&self.context, server, &self.shared.options.subtree)?;
        source.watch(poller, [1, 2]);
        self.source = Some(source);
        self.shared.lock().sync.connecting(now);
        Ok(())
    }

    fn send(&self) {
        // What is published while nobody subscribes is lost; it would only be later.
        if self.changes.subscribers("") == 0 {
            return;
        }
        let due = self.shared.lock().outbox.due(Instant::now(), self.shared.options.again);
        for change in due {
            // No room: it is sent again.
            let _ = self.changes.try_send(change.encode(Format::Full));
        }
    }
}
