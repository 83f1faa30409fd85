//! The options of a socket, as typed setters.

use crate::socket::Handle;
use std::time::Duration;

impl Handle {
    /// Messages that may wait for one peer on the way out; `None` is without bound. 1000 by default. Acts at once.
    pub fn set_send_high_water_mark(&self, messages: Option<usize>) {
        self.change(|options| options.send_high_water_mark = messages);
    }

    /// Messages that may wait from one peer on the way in; `None` is without bound. 1000 by default. Acts at once.
    pub fn set_receive_high_water_mark(&self, messages: Option<usize>) {
        self.change(|options| options.receive_high_water_mark = messages);
    }

    /// How long unsent messages may delay the close; `None` is for ever. 5 seconds by default (libzmq: for ever).
    pub fn set_linger(&self, linger: Option<Duration>) {
        self.change(|options| options.linger = linger);
    }

    /// How long `send` may wait; `None`, the default, is for ever.
    pub fn set_send_timeout(&self, timeout: Option<Duration>) {
        self.change(|options| options.send_timeout = timeout);
    }

    /// How long `recv` may wait; `None`, the default, is for ever.
    pub fn set_receive_timeout(&self, timeout: Option<Duration>) {
        self.change(|options| options.receive_timeout = timeout);
    }

    /// ROUTER: sending to an unknown or full peer is an error.
    pub fn set_router_mandatory(&self, mandatory: bool) -> Result<(), crate::OptionError> {
        self.change(|options| options.router_mandatory = mandatory);
        Ok(())
    }

    /// Stand-in until the options have their own room.
    pub fn set_routing_id(&self, id: impl Into<zeroxide_proto::Frame>) -> Result<(), crate::OptionError> {
        let id = id.into();
        self.change(|options| options.routing_id = id);
        Ok(())
    }

    /// REQ: a second request may be sent before the reply to the first.
    pub fn set_req_relaxed(&self, relaxed: bool) {
        self.change(|options| options.req_relaxed = relaxed);
    }

    /// Changes options and lets those that act at once act.
    fn change(&self, change: impl FnOnce(&mut zeroxide_proto::Options)) {
        let mut options = self.core.options.lock();
        change(&mut options);
        let options = options.clone();
        self.core.configure(&options);
    }
}
