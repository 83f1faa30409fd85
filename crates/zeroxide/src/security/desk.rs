//! Where handshakes ask about peers: one thread a context, which never does anything else.
//!
//! ```text
//!   I/O thread          desk                                  whoever knows
//!     ask ------------> queue --> authenticator.authenticate      (a native one: at once)
//!                             --> DEALER of its own ------------> ZAP handler, inproc
//!     Verdict <---------          <------------------------------ its answer, whenever
//! ```
//! Each question to a handler has a socket of its own: whatever comes out of it is the answer to that question, and when
//! the handler goes away each question knows.

use super::{Applicant, Authenticator};
use crate::{
    context::ContextInner,
    io::shared::{Command, IoShared, SessionKey},
    rest,
    socket::core::Core,
    sync::{Mutex, Waiters},
};
use std::{
    collections::VecDeque,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering::*},
    },
    thread::JoinHandle,
};
use zeroxide_net::fault;
use zeroxide_pipe::ThreadParker;
use zeroxide_proto::{
    Frame, Options, SocketType,
    security::{
        Admission, Denial, Mechanism, Verdict,
        zap::{self, Grant, Request},
    },
};

/// The name of the handler, without `inproc://`.
const HANDLER: &str = "zeromq.zap.01";

/// Where handshakes of a context ask.
#[derive(Default)]
pub(crate) struct Desk {
    queue: Mutex<VecDeque<Inquiry>>,
    arrived: Waiters,
    stopped: AtomicBool,
    thread: Mutex<Option<JoinHandle<()>>>,
    next_id: AtomicU64,
}

/// A question of a handshake, and where the answer goes.
pub(crate) struct Inquiry {
    pub(crate) io: Arc<IoShared>,
    pub(crate) session: SessionKey,
    /// The number of the connection within its session.
    pub(crate) number: u64,
    /// Gone when the connection is.
    pub(crate) wanted: Weak<()>,
    pub(crate) applicant: Applicant,
    /// The domain as it was set, whether or not it is text.
    pub(crate) domain: Vec<u8>,
    /// The name of the server's own socket, which libzmq sends in place of the peer's (X11).
    pub(crate) own_routing_id: Frame,
    pub(crate) admission: Admission,
    pub(crate) enforce_domain: bool,
    pub(crate) authenticator: Option<Arc<dyn Authenticator>>,
}

/// A question that a handler has not answered yet.
struct Asked {
    inquiry: Inquiry,
    id: String,
    core: Arc<Core>,
}

impl Desk {
    /// Asks. The answer is a [`Command::Verdict`].
    pub(crate) fn ask(&self, context: &Arc<ContextInner>, inquiry: Inquiry) {
        let somebody = inquiry.authenticator.is_some() || context.registry.is_bound(HANDLER);
        if !somebody || !self.is_staffed(context) {
            let verdict = inquiry.unasked();
            return inquiry.tell(verdict, None);
        }
        self.queue.lock().push_back(inquiry);
        self.arrived.notify_fenced();
    }

    /// Sees to it that the thread runs; false if there can be none.
    fn is_staffed(&self, context: &Arc<ContextInner>) -> bool {
        let mut thread = self.thread.lock();
        if thread.is_none() && !self.stopped.load(SeqCst) {
            let inside = context.clone();
            let name = format!("{}/zap", context.thread_name());
            let startable = fault::check(fault::Call::Thread).map_err(io::Error::from);
            let start = std::thread::Builder::new().name(name);
            *thread = startable.and_then(|()| start.spawn(move || inside.desk.run(&inside))).ok();
        }
        thread.is_some()
    }

    /// Ends the thread, and waits for it.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, SeqCst);
        self.arrived.notify_fenced();
        let thread = self.thread.lock().take();
        // An authenticator that held the last handle of the context ends it from within.
        if let Some(thread) = thread
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }

    fn run(&self, context: &Arc<ContextInner>) {
        let parker = ThreadParker::current();
        let mut open: Vec<Asked> = Vec::new();
        while !self.stopped.load(SeqCst) {
            rest::rest();
            let ticket = self.arrived.register(parker.waker());
            let tickets: Vec<_> =
                open.iter().map(|asked| asked.core.readable.register(parker.waker())).collect();
            let inquiry = self.queue.lock().pop_front();
            let answered = open.iter().any(Asked::has_news);
            if inquiry.is_none() && !answered && !self.stopped.load(SeqCst) {
                parker.park();
            }
            drop((ticket, tickets));
            open.retain(|asked| !asked.settle());
            if let Some(inquiry) = inquiry {
                open.extend(self.take_up(context, inquiry));
            }
        }
        for asked in open {
            asked.close();
        }
        rest::rest();
    }

    /// Answers a question, or passes it on.
    fn take_up(&self, context: &Arc<ContextInner>, inquiry: Inquiry) -> Option<Asked> {
        if inquiry.wanted.strong_count() == 0 {
            return None;
        }
        if let Some(authenticator) = &inquiry.authenticator {
            let decide = AssertUnwindSafe(|| authenticator.authenticate(&inquiry.applicant));
            match catch_unwind(decide).unwrap_or(Err(Denial::Fault)) {
                Ok(grant) => inquiry.tell(Verdict::Allow, Some(grant)),
                Err(denial) => inquiry.tell(Verdict::Deny(denial), None),
            }
            return None;
        }
        let id = self.next_id.fetch_add(1, Relaxed).wrapping_add(1).to_string();
        match inquiry.pass_on(context, &id) {
            Some(core) => Some(Asked { inquiry, id, core }),
            None => {
                let verdict = inquiry.unasked();
                inquiry.tell(verdict, None);
                None
            }
        }
    }
}

impl Inquiry {
    /// What becomes of a peer when nobody is there who could be asked.
    fn unasked(&self) -> Verdict {
        let refused_by_libzmq = self.applicant.mechanism() == Mechanism::Plain
            || (self.enforce_domain && !self.domain.is_empty());
        match self.admission {
            Admission::AsLibzmq if !refused_by_libzmq => Verdict::Allow,
            _ => Verdict::NoAuthenticator,
        }
    }

    fn tell(&self, verdict: Verdict, grant: Option<Grant>) {
        let Self { session, number, .. } = *self;
        self.io.command(Command::Verdict { session, number, verdict, grant: grant.map(Box::new) });
    }

    /// Sends the question to the handler; `None` if there is none that could take it.
    fn pass_on(&self, context: &Arc<ContextInner>, id: &str) -> Option<Arc<Core>> {
        let options = Options { send_high_water_mark: None, ..Options::default() };
        let core = Arc::new(Core::new(SocketType::Dealer, context.clone(), options, 0));
        let identity = match self.admission {
            Admission::AsLibzmq => self.own_routing_id.clone(),
            Admission::OnlyAuthenticated => self.applicant.routing_id.clone(),
        };
        let request = Request {
            id: id.as_bytes(),
            domain: &self.domain,
            address: &self.applicant.address,
            identity,
            credentials: &self.applicant.credentials,
        };
        let joined = context.registry.connect(HANDLER, &core).is_ok() && core.connected.load(SeqCst) > 0;
        if joined && core.try_send(request.to_message()).is_ok() {
            return Some(core);
        }
        close(&core);
        None
    }
}

impl Asked {
    /// Whether [`Asked::settle`] would end it.
    fn has_news(&self) -> bool {
        self.inquiry.wanted.strong_count() == 0
            || self.core.can_receive()
            || self.core.connected.load(SeqCst) == 0
    }

    /// Takes the answer if it is there; says whether the question is done with.
    fn settle(&self) -> bool {
        let wanted = self.inquiry.wanted.strong_count() > 0;
        let gone = self.core.connected.load(SeqCst) == 0;
        match self.core.try_recv() {
            Ok(reply) => match zap::read_reply(&reply, self.id.as_bytes()) {
                Ok(Ok(grant)) => self.inquiry.tell(Verdict::Allow, Some(grant)),
                Ok(Err(denial)) => self.inquiry.tell(Verdict::Deny(denial), None),
                Err(error) => self.inquiry.tell(Verdict::Nonsense(error), None),
            },
            // The handler left without an answer.
            Err(_) if gone => self.inquiry.tell(Verdict::Deserted, None),
            Err(_) if wanted => return false,
            Err(_) => {}
        }
        close(&self.core);
        true
    }

    fn close(&self) {
        close(&self.core);
    }
}

fn close(core: &Arc<Core>) {
    if core.close() {
        core.finish();
    }
}
