//! A fault proxy: a relay of octets between a client and a server that breaks as it is told.

use crate::common::*;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// Connections made to its endpoint go on to another one.
pub(crate) struct Relay {
    endpoint: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// So many octets more may pass, in both directions together; `None` is no limit.
    allowance: Option<usize>,
    /// Somebody waits for leave to pass.
    held: bool,
    /// Both ends of every connection.
    open: Vec<TcpStream>,
    over: bool,
}

impl Relay {
    /// To a tcp endpoint, which need not be there yet.
    pub(crate) fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        let (inside, target) = (shared.clone(), target.trim_start_matches("tcp://").to_owned());
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if inside.state.lock().unwrap().over {
                    return;
                }
                inside.join(near, &target);
            }
        });
        Self { endpoint, shared }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Nothing passes any more; connections stay.
    pub(crate) fn freeze(&self) {
        self.hold_after(0);
    }

    /// Nothing passes after so many octets; connections stay.
    pub(crate) fn hold_after(&self, octets: usize) {
        let mut state = self.shared.state.lock().unwrap();
        (state.allowance, state.held) = (Some(octets), false);
    }

    /// Waits until something is held back.
    pub(crate) fn wait_held(&self) {
        let state = self.shared.state.lock().unwrap();
        let waited = self.shared.changed.wait_timeout_while(state, LONG, |state| !state.held).unwrap();
        assert!(!waited.1.timed_out(), "nothing came that could be held");
    }

    /// Everything passes again.
    pub(crate) fn heal(&self) {
        self.shared.state.lock().unwrap().allowance = None;
        self.shared.changed.notify_all();
    }

    /// Ends all connections there are.
    pub(crate) fn cut(&self) {
        for stream in self.shared.state.lock().unwrap().open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.shared.changed.notify_all();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.state.lock().unwrap().over = true;
        self.cut();
        self.heal();
        // Ends the accepting thread.
        let _ = TcpStream::connect(self.endpoint.trim_start_matches("tcp://"));
    }
}

impl Shared {
    fn join(self: &Arc<Self>, near: TcpStream, target: &str) {
        let Ok(far) = TcpStream::connect(target) else { return };
        let _ = near.set_nodelay(true).and(far.set_nodelay(true));
        let clones = |stream: &TcpStream| stream.try_clone().unwrap();
        self.state.lock().unwrap().open.extend([clones(&near), clones(&far)]);
        for (from, to) in [(clones(&near), clones(&far)), (far, near)] {
            let shared = self.clone();
            thread::spawn(move || shared.pass(from, to));
        }
    }

    /// Octet after octet from one to the other, as long as both are there.
    fn pass(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut room = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut room) {
            let mut passed = 0;
            while passed < count {
                let allowed = self.leave_for(count - passed);
                if allowed == 0 || to.write_all(&room[passed..passed + allowed]).is_err() {
                    return end(&from, &to);
                }
                passed += allowed;
            }
        }
        end(&from, &to);
    }

    /// How many of these octets may pass, once some may; none if the relay is over.
    fn leave_for(&self, octets: usize) -> usize {
        let mut state = self.state.lock().unwrap();
        loop {
            if state.over {
                return 0;
            }
            match &mut state.allowance {
                None => return octets,
                Some(0) => {}
                Some(left) => {
                    let allowed = octets.min(*left);
                    *left -= allowed;
                    return allowed;
                }
            }
            state.held = true;
            self.changed.notify_all();
            state = self.changed.wait(state).unwrap();
        }
    }
}

fn end(one: &TcpStream, other: &TcpStream) {
    let _ = one.shutdown(Shutdown::Both);
    let _ = other.shutdown(Shutdown::Both);
}
