//! One run of zox: its sockets, the threads that work on them, and the ways it can end.
//!
//! Nothing that blocks runs in the main thread: workers read stdin and use sockets, one thread waits for signals, one
//! watches stdout, and all of them tell the main thread what happened. So a signal always ends the run in order, also
//! while stdin is silent.

use crate::{endpoint_args::SocketArgs, exit::Failure, service::bind_all, terminal, terminal::note};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::retry_on_intr,
};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    iterator::Signals,
    low_level::exit,
};
use std::{
    io::stdout,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};
use zeroxide::{Context, Loss, Socket, SocketType};

/// How long the workers have to put out what they hold, when the run is over.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What a worker does for the run as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// Sends beside a printer what stdin says: the run goes on when it is done, and does not wait for it; its failure
    /// ends it all the same.
    Feeder,
    /// As a feeder, but what it sends is given and has an end: the run waits for it.
    Courier,
    /// The run is over when this worker is.
    Whole,
    /// As whole, and holds what was received: the end waits until it has put that out.
    Printer,
}

enum News {
    Worker(Part, Result<(), Failure>),
    Signal(i32),
    StdoutClosed,
}

/// One run.
pub(crate) struct Session {
    pub(crate) context: Context,
    sockets: Vec<Arc<Socket>>,
    /// Whether something is promised: then a signal that comes before is a failure.
    promised: bool,
    lingering: Arc<AtomicBool>,
    sender: Sender<News>,
    news: Receiver<News>,
    printers: usize,
    couriers: usize,
}

impl Session {
    /// A run that a signal may end at any time, as a failure if `promised`.
    pub(crate) fn new(promised: bool) -> Result<Self, Failure> {
        let (sender, news) = channel();
        let context = Context::new();
        let lingering = Arc::new(AtomicBool::new(false));
        watch_signals(context.clone(), sender.clone(), lingering.clone())?;
        Ok(Self { context, sockets: Vec::new(), promised, lingering, sender, news, printers: 0, couriers: 0 })
    }

    /// Opens a socket where the arguments say, and tells on stderr where it is bound.
    pub(crate) fn open(&mut self, kind: SocketType, args: &SocketArgs) -> Result<Arc<Socket>, Failure> {
        self.open_prepared(kind, args, |_| Ok(()))
    }

    /// As [`Session::open`], with something to do before the first endpoint.
    pub(crate) fn open_prepared(
        &mut self,
        kind: SocketType,
        args: &SocketArgs,
        prepare: impl FnOnce(&Socket) -> Result<(), Failure>,
    ) -> Result<Arc<Socket>, Failure> {
        let socket = self.add(Socket::new(&self.context, kind)?);
        args.configure(&socket)?;
        prepare(&socket)?;
        bind_all(&socket, &args.bind, |endpoint| Ok(socket.bind(endpoint)?))?;
        for endpoint in &args.connect {
            socket.connect(endpoint)?;
        }
        Ok(socket)
    }

    /// Takes a socket in, to be closed at the end.
    pub(crate) fn add(&mut self, socket: Socket) -> Arc<Socket> {
        let socket = Arc::new(socket);
        self.sockets.push(socket.clone());
        socket
    }

    /// Starts a worker.
    pub(crate) fn work<W>(&mut self, part: Part, work: W) -> Result<(), Failure>
    where
        W: FnOnce() -> Result<(), Failure> + Send + 'static,
    {
        let sender = self.sender.clone();
        let run = move || {
            let _ = sender.send(News::Worker(part, work()));
        };
        thread::Builder::new().spawn(run).map_err(|error| Failure::Failed(format!("no thread: {error}")))?;
        self.printers += usize::from(part == Part::Printer);
        self.couriers += usize::from(part == Part::Courier);
        Ok(())
    }

    /// Ends the run when nobody reads stdout any more, also while there is nothing to write.
    pub(crate) fn watch_stdout(&self) {
        let sender = self.sender.clone();
        let watch = move || {
            let stdout = stdout();
            let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
            // A signal may be handled by this thread as well as by any other; that says nothing about stdout.
            if retry_on_intr(|| poll(&mut fds, None)).is_ok() {
                let _ = sender.send(News::StdoutClosed);
            }
        };
        // Without this thread the next write notices.
        let _ = thread::Builder::new().spawn(watch);
    }

    /// Waits for the end, lets what was sent go out, and says how it went.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        let outcome = self.wait();
        self.lingering.store(true, Relaxed);
        let report = self.context.shutdown(Duration::MAX);
        // Other workers may wait for stdin and never hear of the end; they hold nothing back either.
        while self.printers > 0
            && let Ok(news) = self.news.recv_timeout(LAST_WORDS)
        {
            self.printers -= usize::from(matches!(news, News::Worker(Part::Printer, _)));
        }
        self.tell_losses();
        outcome?;
        match report.discarded {
            0 => Ok(()),
            lost => {
                let messages = terminal::counted(lost, "message");
                Err(Failure::Failed(format!("{messages} could not be delivered before linger was over")))
            }
        }
    }

    fn wait(&mut self) -> Result<(), Failure> {
        let mut done = false;
        loop {
            match self.news.recv() {
                Ok(News::Worker(part, result)) => {
                    self.printers -= usize::from(part == Part::Printer);
                    self.couriers -= usize::from(part == Part::Courier);
                    match result {
                        // Whoever ended the context tells why.
                        Err(Failure::Terminated) => continue,
                        Err(Failure::StdoutClosed) => return Ok(()),
                        Err(failure) => return Err(failure),
                        Ok(()) => done |= matches!(part, Part::Whole | Part::Printer),
                    }
                    if done && self.couriers == 0 {
                        return Ok(());
                    }
                }
                Ok(News::Signal(signal)) if self.promised => return Err(Failure::Interrupted(signal)),
                Ok(News::Signal(_) | News::StdoutClosed) | Err(_) => return Ok(()),
            }
        }
    }

    fn tell_losses(&self) {
        for socket in &self.sockets {
            for (reason, count) in socket.statistics().lost {
                // What nobody subscribed to is not lost, and what lingered too long is told apart.
                if !matches!(reason, Loss::Unsubscribed | Loss::Linger) {
                    let messages = terminal::counted(count, "message");
                    note(format_args!("{} socket dropped {messages}: {reason:?}", socket.socket_type()));
                }
            }
        }
    }
}

/// The first signal ends the run in order; one that comes while it lingers ends it at once.
fn watch_signals(context: Context, sender: Sender<News>, lingering: Arc<AtomicBool>) -> Result<(), Failure> {
    let failed = |error| Failure::Failed(format!("signals: {error}"));
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(failed)?;
    let watch = move || {
        for signal in signals.forever() {
            if lingering.swap(true, Relaxed) {
                exit(128 + signal);
            }
            let _ = sender.send(News::Signal(signal));
            context.terminate();
        }
    };
    thread::Builder::new().spawn(watch).map_err(failed)?;
    Ok(())
}
