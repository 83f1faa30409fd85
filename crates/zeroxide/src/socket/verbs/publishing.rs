//! Publishing: who would receive it, and subscriptions by the publisher's hand.

macro_rules! publishes {
    ($name:ident) => {
        impl $name {
            /// How many peers would receive a message that begins with `topic`.
            pub fn subscribers(&self, topic: impl AsRef<[u8]>) -> usize {
                self.core.with_machine(|machine, _| machine.subscribers(topic.as_ref()))
            }

            /// Waits until at least `count` peers would receive a message that begins with `topic`: what is published
            /// then reaches them. False if `timeout` was over first, or the socket ended.
            ///
            /// The other end of [`subscribe_confirmed`](crate::Sub::subscribe_confirmed), with which subscribers wait.
            pub fn wait_for_subscribers(
                &self,
                topic: impl AsRef<[u8]>,
                count: usize,
                timeout: Duration,
            ) -> bool {
                let topic = topic.as_ref();
                self.wait_until(timeout, || self.subscribers(topic) >= count)
            }

            /// Waits as [`wait_for_subscribers`](Self::wait_for_subscribers), without blocking a thread, however long that
            /// takes. False if the socket ended.
            ///
            /// # Cancel safety
            /// Dropping the future changes nothing.
            pub async fn wait_for_subscribers_async(&self, topic: impl AsRef<[u8]>, count: usize) -> bool {
                self.until(|| self.subscribers(topic.as_ref()) >= count).await
            }
        }
    };
}

macro_rules! publishes_by_hand {
    ($name:ident) => {
        impl $name {
            /// Subscribes the peer whose subscription or cancellation was received last to what begins with `topic`; it
            /// need not be what the peer asked for. Does nothing if that peer is gone.
            ///
            /// ```
            /// # use zeroxide::{Context, Sub, Xpub};
            /// # let context = Context::new();
            /// let publisher = Xpub::new(&context)?;
            /// publisher.set_xpub_manual(true)?;
            /// let subscriber = Sub::new(&context)?;
            /// subscriber.connect(&publisher.bind("inproc://weather")?)?;
            /// subscriber.subscribe("rain")?;
            /// assert_eq!(publisher.recv()?.body(), b"\x01rain");
            /// publisher.manual_subscribe("rain.north")?;
            /// publisher.send("rain.south: 1 mm")?;
            /// publisher.send("rain.north: 3 mm")?;
            /// assert_eq!(subscriber.recv()?, "rain.north: 3 mm".into());
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// libzmq: setting `ZMQ_SUBSCRIBE`.
            ///
            /// # Errors
            /// [`set_xpub_manual`](Handle::set_xpub_manual) has not been set, or all topics together exceed 1 GiB.
            pub fn manual_subscribe(&self, topic: impl AsRef<[u8]>) -> Result<(), OptionError> {
                self.change_subscription(true, topic.as_ref())
            }

            /// Takes all copies of such a subscription back, of the peer whose subscription or cancellation was received last.
            ///
            /// libzmq: setting `ZMQ_UNSUBSCRIBE`.
            ///
            /// # Errors
            /// [`set_xpub_manual`](Handle::set_xpub_manual) has not been set.
            pub fn manual_unsubscribe(&self, topic: impl AsRef<[u8]>) -> Result<(), OptionError> {
                self.change_subscription(false, topic.as_ref())
            }
        }
    };
}

pub(in crate::socket) use {publishes, publishes_by_hand};
