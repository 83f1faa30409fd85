//! Receiving: `recv` and its forms, `recv_from` and its forms, and the stream.

use crate::{
    blocking::{Attempt, Patience},
    error::{RecvError, RecvErrorCause},
    socket::Handle,
};
use std::time::Duration;
use zeroxide_proto::Message;

macro_rules! receives {
    ($name:ident) => {
        impl $name {
            /// Receives a message, with all its frames. Waits as long as
            /// [`set_receive_timeout`](Handle::set_receive_timeout) says.
            ///
            /// # Errors
            /// [`RecvError`] has the [cause](crate::RecvErrorCause): nothing in time, the wrong moment for this type of
            /// socket, or a context that was shut down.
            #[inline]
            pub fn recv(&self) -> Result<Message, RecvError> {
                self.recv_message()
            }

            /// Receives a message if one is there.
            ///
            /// # Errors
            /// As [`recv`](Self::recv); [`WouldBlock`](crate::RecvErrorCause::WouldBlock) if none is there.
            pub fn try_recv(&self) -> Result<Message, RecvError> {
                self.core.try_recv()
            }

            /// Receives a message, waiting at most this long.
            ///
            /// # Errors
            /// As [`recv`](Self::recv); [`TimedOut`](crate::RecvErrorCause::TimedOut) if none came in time.
            pub fn recv_timeout(&self, timeout: Duration) -> Result<Message, RecvError> {
                self.recv_within(timeout, Core::try_recv)
            }

            /// Receives a message without blocking a thread, however long that takes.
            ///
            /// # Errors
            /// As [`recv`](Self::recv), but never because the time was over.
            ///
            /// # Cancel safety
            /// Dropping the future loses no message.
            #[inline]
            pub fn recv_async(&self) -> RecvFuture<'_> {
                RecvFuture::new(&self.core)
            }

            /// Receives a message as [`recv`](Self::recv), and says where it came from.
            ///
            /// # Errors
            /// As [`recv`](Self::recv).
            pub fn recv_from(&self) -> Result<(Message, Origin), RecvError> {
                let patience = Patience::from_timeout(self.core.options.lock().receive_timeout);
                self.core.recv_by(patience, Core::try_recv_from)
            }

            /// Receives a message if one is there, and says where it came from.
            ///
            /// # Errors
            /// As [`try_recv`](Self::try_recv).
            pub fn try_recv_from(&self) -> Result<(Message, Origin), RecvError> {
                self.core.try_recv_from()
            }

            /// Receives a message, waiting at most this long, and says where it came from.
            ///
            /// # Errors
            /// As [`recv_timeout`](Self::recv_timeout).
            pub fn recv_from_timeout(&self, timeout: Duration) -> Result<(Message, Origin), RecvError> {
                self.recv_within(timeout, Core::try_recv_from)
            }

            /// Receives a message without blocking a thread, however long that takes, and says where it came from.
            ///
            /// # Errors
            /// As [`recv_async`](Self::recv_async).
            ///
            /// # Cancel safety
            /// Dropping the future loses no message.
            pub fn recv_from_async(&self) -> RecvFromFuture<'_> {
                RecvFromFuture::new(&self.core)
            }
        }
    };
}

macro_rules! streams {
    ($name:ident) => {
        impl $name {
            /// What this socket receives, as a `Stream`. Any number of streams may be in use at once: each message comes
            /// out of one of them.
            pub fn stream(&self) -> MessageStream<'_> {
                MessageStream::new(&self.core)
            }
        }
    };
}

pub(in crate::socket) use {receives, streams};

impl Handle {
    #[inline]
    pub(in crate::socket) fn recv_message(&self) -> Result<Message, RecvError> {
        // Nothing comes back here from the cold ways, so that this one needs no frame.
        if self.core.is_looked_at() {
            return self.recv_looked_at();
        }
        match self.core.take_arrived() {
            Some(message) => Ok(message),
            None => self.wait_for_message(),
        }
    }

    #[cold]
    fn recv_looked_at(&self) -> Result<Message, RecvError> {
        self.core.note_visit();
        match self.core.take_arrived() {
            Some(message) => Ok(message),
            None => self.wait_for_message(),
        }
    }

    #[cold]
    fn wait_for_message(&self) -> Result<Message, RecvError> {
        let patience = Patience::from_timeout(self.core.options.lock().receive_timeout);
        self.core.recv(patience)
    }

    pub(in crate::socket) fn recv_within<R>(
        &self,
        timeout: Duration,
        attempt: impl Attempt<R>,
    ) -> Result<R, RecvError> {
        let received = self.core.recv_by(Patience::from_timeout(Some(timeout)), attempt);
        received.map_err(|error| match error.cause {
            // A wait of no time at all has timed out as well.
            RecvErrorCause::WouldBlock => RecvError { cause: RecvErrorCause::TimedOut, ..error },
            _ => error,
        })
    }
}
