//! Work that goes on in the peer process by itself, while the test does something else.

use std::sync::Arc;

use crate::channel::{Channel, Telegram, number};
use crate::remote_socket::millis;
use crate::{PATIENCE, ZmqError};

/// What a count saw.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Counted {
    /// Messages.
    pub messages: u64,
    /// Octets in all their parts.
    pub octets: u64,
    /// Numbers that were jumped over: messages lost (of one sender).
    pub missing: u64,
    /// Messages whose number was not higher than all before: doubled or out of order.
    pub backwards: u64,
    /// Microseconds between the first and the last.
    pub microseconds: u64,
}

/// An echo, a blast or a count. Its socket must not be used until the job is finished.
pub struct RemoteJob {
    channel: Arc<Channel>,
    id: Vec<u8>,
}

#[expect(
    clippy::missing_errors_doc,
    reason = "said once: libzmq's refusal; EAGAIN when the job did not end in time"
)]
impl RemoteJob {
    pub(crate) fn new(channel: Arc<Channel>, id: Vec<u8>) -> Self {
        Self { channel, id }
    }

    /// Tells it to stop; it does so within a tenth of a second.
    pub fn stop(&self) -> Result<(), ZmqError> {
        self.channel.ask(PATIENCE, &[b"stop", &self.id]).map(drop)
    }

    /// Waits for the end of an echo or a blast, and returns how many messages it sent.
    pub fn sent(self) -> Result<u64, ZmqError> {
        self.finish().map(|values| number(&values[0]))
    }

    /// Waits for the end of a count.
    pub fn counted(self) -> Result<Counted, ZmqError> {
        let values = self.finish()?;
        let [messages, octets, missing, backwards, microseconds] =
            [0, 1, 2, 3, 4].map(|index| number(&values[index]));
        Ok(Counted { messages, octets, missing, backwards, microseconds })
    }

    fn finish(self) -> Result<Telegram, ZmqError> {
        self.channel.ask(PATIENCE, &[b"finish", &self.id, millis(PATIENCE).as_bytes()])
    }
}
