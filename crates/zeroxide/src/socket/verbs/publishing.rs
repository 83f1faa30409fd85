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

            /// Sends only to the peer whose subscription or cancellation was received last, and to nobody if it is gone,
            /// until that is taken back: for a cache that has many messages for a new subscriber. All threads' sends are
            /// meant. Only in manual mode ([`set_xpub_manual`](Handle::set_xpub_manual)) it is known who was last; without it
            /// nobody is.
            ///
            /// ```
            /// # use zeroxide::{Context, Sub, Xpub};
            /// # let context = Context::new();
            /// let publisher = Xpub::new(&context)?;
            /// let [early, late] = [Sub::new(&context)?, Sub::new(&context)?];
            /// let endpoint = publisher.bind("inproc://cache")?;
            /// publisher.set_xpub_manual(true)?;
            /// for subscriber in [&early, &late] {
            ///     subscriber.connect(&endpoint)?;
            ///     subscriber.subscribe("")?;
            ///     assert_eq!(publisher.recv()?.body(), b"\x01");
            ///     publisher.manual_subscribe("")?;
            /// }
            /// publisher.send_only_to_last_subscriber(true);
            /// publisher.send("cached")?;
            /// publisher.send("cached, too")?;
            /// publisher.send_only_to_last_subscriber(false);
            /// publisher.send("new")?;
            /// assert_eq!(early.recv()?, "new".into());
            /// assert_eq!(late.recv()?, "cached".into());
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// libzmq: `ZMQ_XPUB_MANUAL_LAST_VALUE` does so for one message.
            pub fn send_only_to_last_subscriber(&self, only: bool) {
                self.change_options(|options| options.xpub_to_last_subscriber = only);
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
