//! Sending: `send` and its forms, and the sink.

use crate::{
    blocking::Patience,
    error::{SendError, SendErrorCause},
    payload::Payload,
    socket::Handle,
};
use std::time::Duration;
use zeroxide_proto::Message;

macro_rules! sends {
    ($name:ident) => {
        impl $name {
            /// Sends a message: all its frames or none. Waits for room as long as
            /// [`set_send_timeout`](Handle::set_send_timeout) says.
            ///
            /// Done means queued, not received: the message goes out in the background, also after the socket was dropped,
            /// as long as [`set_linger`](Handle::set_linger) allows.
            ///
            /// # Errors
            /// [`SendError`] has the message, unchanged, and the [cause](crate::SendErrorCause): no room in time, the wrong
            /// moment or form for this type of socket, or a context that was shut down.
            #[inline]
            pub fn send<'a>(&self, message: impl Into<crate::Payload<'a>>) -> Result<(), SendError> {
                self.send_payload(message.into())
            }

            /// Sends a message if that needs no waiting.
            ///
            /// # Errors
            /// As [`send`](Self::send); [`WouldBlock`](crate::SendErrorCause::WouldBlock) if there is no peer with room.
            #[inline]
            pub fn try_send<'a>(&self, message: impl Into<crate::Payload<'a>>) -> Result<(), SendError> {
                self.core.try_send_payload(message.into(), false)
            }

            /// Sends messages as [`try_send`](Self::try_send) does, in their order, until one is refused or there are no
            /// more. Each connection is written once for what goes to it, which is cheaper than a call for each message
            /// where many short ones come together, as in a broker.
            ///
            /// ```
            /// use zeroxide::{Context, Message, Pull, Push};
            /// let context = Context::new();
            /// let (push, pull) = (Push::new(&context)?, Pull::new(&context)?);
            /// push.connect(&pull.bind("inproc://many")?)?;
            /// push.try_send_many(["one", "two", "three"].map(Message::from))?;
            /// assert_eq!([pull.recv()?, pull.recv()?], ["one".into(), "two".into()]);
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// # Errors
            /// As [`try_send`](Self::try_send), with the message that was refused. Those before it are sent; those behind
            /// it are still to be had from an iterator that was lent (`&mut messages`).
            pub fn try_send_many(
                &self,
                messages: impl IntoIterator<Item = Message>,
            ) -> Result<(), SendError> {
                self.core.try_send_many(&mut messages.into_iter())
            }

            /// Sends a message, waiting for room at most this long.
            ///
            /// # Errors
            /// As [`send`](Self::send); [`TimedOut`](crate::SendErrorCause::TimedOut) if there was no room in time.
            pub fn send_timeout<'a>(
                &self,
                message: impl Into<crate::Payload<'a>>,
                timeout: Duration,
            ) -> Result<(), SendError> {
                self.send_within(message.into().into_message(), timeout)
            }

            /// Sends a message without blocking a thread, however long that takes. Octets that are lent are
            /// looked at when the future is polled first, and copied then if they have to wait.
            ///
            /// # Errors
            /// As [`send`](Self::send), but never because the time was over.
            ///
            /// # Cancel safety
            /// Dropping the future before it is done sends nothing.
            #[inline]
            pub fn send_async<'a>(&'a self, message: impl Into<crate::Payload<'a>>) -> SendFuture<'a> {
                SendFuture::new(&self.core, message.into())
            }
        }
    };
}

macro_rules! sinks {
    ($name:ident) => {
        impl $name {
            /// What this socket is to send, as a `Sink`. Any number of sinks may be in use at once.
            pub fn sink(&self) -> MessageSink<'_> {
                MessageSink::new(&self.core)
            }
        }
    };
}

pub(in crate::socket) use {sends, sinks};

impl Handle {
    #[inline]
    pub(in crate::socket) fn send_payload(&self, payload: Payload<'_>) -> Result<(), SendError> {
        match self.core.try_send_payload(payload, true) {
            Err(SendError { cause: SendErrorCause::WouldBlock, message, .. })
                if self.core.may_wait_to_send() =>
            {
                let patience = Patience::from_timeout(self.core.options.lock().send_timeout);
                self.core.send(message, patience)
            }
            done => done,
        }
    }

    pub(in crate::socket) fn send_within(
        &self,
        message: Message,
        timeout: Duration,
    ) -> Result<(), SendError> {
        let sent = self.core.send(message, Patience::from_timeout(Some(timeout)));
        sent.map_err(|error| match error.cause {
            // A wait of no time at all has timed out as well.
            SendErrorCause::WouldBlock => SendError { cause: SendErrorCause::TimedOut, ..error },
            _ => error,
        })
    }
}
