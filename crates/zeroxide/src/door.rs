//! For doors other than the native one: what the C ABI needs because C ends contexts and sockets by calls, not by
//! ownership. Hidden, and no part of the API that versions promise to keep.

use crate::{context::Context, socket::Handle};

impl Context {
    /// Does what dropping the last handle does, while handles are still held: waits as long as the sockets' linger says,
    /// then ends the I/O threads. What is left of the handles is inert.
    #[doc(hidden)]
    pub fn end(&self) {
        let _report = self.inner().shut_down(None);
        self.inner().stop_threads();
    }
}

impl Handle {
    /// Does what dropping does, while the handle is still held; the second time it does nothing.
    #[doc(hidden)]
    pub fn close(&self) {
        if self.core.close() {
            self.core.finish();
            self.core.context.socket_closed();
        }
    }
}

impl Handle {
    /// How many different topics there are: those of the subscribers (PUB, XPUB), or those subscribed to (SUB, XSUB). 0
    /// on other sockets.
    #[doc(hidden)]
    pub fn topics_count(&self) -> usize {
        self.core.with_machine(|machine, _| machine.topics_count())
    }
}
