//! Subscribing, and knowing that the publishers know.

use crate::{
    error::{OptionError, OptionErrorCause},
    socket::Handle,
};
use zeroxide_proto::{SocketType, socket::Refusal};

macro_rules! subscribes {
    ($name:ident) => {
        impl $name {
            /// Receives from now on what begins with `topic`; the empty topic is everything. Subscribing twice needs
            /// unsubscribing twice.
            ///
            /// Publishers are told in the background, and again whenever a connection comes back; see
            /// [`subscribe_confirmed`](Self::subscribe_confirmed) to know when they know.
            ///
            /// # Errors
            /// All topics together exceed 1 GiB.
            pub fn subscribe(&self, topic: impl AsRef<[u8]>) -> Result<(), OptionError> {
                self.change_subscription(true, topic.as_ref())
            }

            /// Takes one subscription back; what was never subscribed to is no error.
            ///
            /// # Errors
            /// None today; they are those of [`subscribe`](Self::subscribe) so that both are used alike.
            pub fn unsubscribe(&self, topic: impl AsRef<[u8]>) -> Result<(), OptionError> {
                self.change_subscription(false, topic.as_ref())
            }
        }
    };
}

macro_rules! subscribes_for_sure {
    ($name:ident) => {
        impl $name {
            /// Subscribes as [`subscribe`](Self::subscribe), and waits until every publisher knows: what they publish
            /// after this call is true is received.
            ///
            /// True when every endpoint that was connected to is up, there is at least one publisher, and all of them
            /// have read the subscription. They are asked by a PING behind it; for publishers of ZMTP 3.0 or older, which
            /// have none, it must do that the subscription was written. An XPUB in manual mode has been told, no more.
            /// libzmq answers from its I/O thread, and its socket looks at new subscriptions at most once a millisecond: of
            /// what it publishes in that time something may be missed.
            ///
            /// False if that was not so in time, or the socket ended; the subscription holds all the same. It may also
            /// come of a queue that is full because nobody receives: the answers come behind the messages.
            ///
            /// ```
            /// use std::time::Duration;
            /// # use zeroxide::{Context, Pub, Sub};
            /// # let context = Context::new();
            /// let (publisher, subscriber) = (Pub::new(&context)?, Sub::new(&context)?);
            /// subscriber.connect(&publisher.bind("tcp://127.0.0.1:*")?)?;
            /// assert!(subscriber.subscribe_confirmed("news", Duration::from_secs(30))?);
            /// publisher.send("news: no sleep was needed")?;
            /// assert_eq!(subscriber.recv()?, "news: no sleep was needed".into());
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// # Errors
            /// As [`subscribe`](Self::subscribe); then nothing was subscribed to.
            pub fn subscribe_confirmed(
                &self,
                topic: impl AsRef<[u8]>,
                timeout: Duration,
            ) -> Result<bool, OptionError> {
                self.subscribe(topic)?;
                Ok(self.wait_until(timeout, self.core.confirmation()))
            }

            /// Subscribes as [`subscribe_confirmed`](Self::subscribe_confirmed), and waits without blocking a thread,
            /// however long that takes. False if the socket ended.
            ///
            /// # Errors
            /// As [`subscribe`](Self::subscribe); then nothing was subscribed to.
            ///
            /// # Cancel safety
            /// It subscribes when it is first polled. Dropping it after that leaves the subscription in place, unconfirmed.
            pub async fn subscribe_confirmed_async(
                &self,
                topic: impl AsRef<[u8]>,
            ) -> Result<bool, OptionError> {
                self.subscribe(topic)?;
                Ok(self.until(self.core.confirmation()).await)
            }
        }
    };
}

pub(in crate::socket) use {subscribes, subscribes_for_sure};

impl Handle {
    /// Subscribes to a topic, or takes that back, if the type and the options of the socket allow it.
    pub(in crate::socket) fn change_subscription(
        &self,
        subscribe: bool,
        topic: &[u8],
    ) -> Result<(), OptionError> {
        let changed = self.core.with_machine(|machine, effects| match subscribe {
            true => machine.subscribe(topic, effects),
            false => machine.unsubscribe(topic, effects),
        });
        // A publisher's own hand changes who would receive what.
        self.core.changed.notify();
        changed.map_err(|refusal| {
            let cause = match (self.core.kind, refusal) {
                (SocketType::Xpub, Refusal::NotSupported) => {
                    OptionErrorCause::IllegalState("set_xpub_manual first")
                }
                (_, Refusal::NotSupported) => OptionErrorCause::NotForThisType,
                _ => OptionErrorCause::Invalid("all topics together have at most 1 GiB"),
            };
            let option = if subscribe { "ZMQ_SUBSCRIBE" } else { "ZMQ_UNSUBSCRIBE" };
            OptionError { socket: self.core.kind, option, cause }
        })
    }
}
