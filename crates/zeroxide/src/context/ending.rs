//! How a context ends: who waits for it, and who cannot.

use super::*;

/// Counts what is still open, for whoever waits for the end.
#[derive(Default)]
pub(crate) struct Shutdown {
    pub(super) live: AtomicUsize,
    pub(super) changed: Waiters,
}

impl Shutdown {
    pub(crate) fn session_begins(&self) {
        self.live.fetch_add(1, SeqCst);
    }

    pub(crate) fn session_over(&self) {
        self.live.fetch_sub(1, SeqCst);
        self.changed.notify_fenced();
    }

    /// Whether nothing is open.
    pub(crate) fn is_over(&self) -> bool {
        self.live.load(SeqCst) == 0
    }

    /// Waits until nothing is open; says whether that came true in time.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> bool {
        self.changed.wait(deadline, || self.is_over().then_some(())).is_some()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.inner.is_own_thread() {
            return self.inner.end();
        }
        // A task that owned the last handle ended within a wake. Its thread has to go on, for it brings the rest to its end;
        // if no other thread can be had, the two are left to the end of the process.
        let inner = self.inner.clone();
        let name = format!("{}/end", inner.thread_name());
        let _detached = std::thread::Builder::new().name(name).spawn(move || inner.end());
    }
}

impl ContextInner {
    pub(crate) fn shut_down(&self, deadline: Option<Instant>) -> ShutdownReport {
        self.terminate();
        let sockets = self.live_sockets();
        let before: u64 = sockets.iter().map(|core| core.counters.losses(Loss::Linger)).sum();
        let unread: u64 = sockets.iter().map(|core| core.unread_within()).sum();
        for core in &sockets {
            core.finish();
        }
        let unclaimed = self.registry.abandon();
        let complete = self.wait_for_end(deadline);
        let open = self.shutdown.live.load(SeqCst);
        if !complete {
            self.tell_all(|| Command::Abandon);
            self.wait_for_end(None);
        }
        let after: u64 = sockets.iter().map(|core| core.counters.losses(Loss::Linger)).sum();
        ShutdownReport {
            complete,
            open: if complete { 0 } else { open },
            discarded: after - before + unread + unclaimed,
        }
    }

    fn end(&self) {
        // Every socket handle is gone, so each socket's own linger bounds the wait.
        let _report = self.shut_down(None);
        self.desk.stop();
        self.stop_threads();
    }

    /// Whether this is one of the I/O threads, which never wait for anybody, least of all for themselves.
    pub(crate) fn is_own_thread(&self) -> bool {
        let here = std::thread::current().id();
        let threads = self.threads.lock();
        threads.io.iter().filter_map(|(_, handle)| handle.as_ref()).any(|handle| handle.thread().id() == here)
    }

    /// Ends the I/O threads; nothing may be left for them to do.
    pub(crate) fn stop_threads(&self) {
        let threads = std::mem::take(&mut self.threads.lock().io);
        for (io, _) in &threads {
            io.command(Command::Stop);
        }
        for handle in threads.into_iter().filter_map(|(_, handle)| handle) {
            // A panic of the thread has been printed already; there is nobody to tell here.
            let _ = handle.join();
        }
        #[cfg(feature = "simulation")]
        if let Some(simulation) = &self.simulation {
            let loops = std::mem::take(&mut *simulation.loops.lock());
            drop(loops);
        }
    }
}
