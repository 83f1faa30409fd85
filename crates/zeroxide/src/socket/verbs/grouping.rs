//! Groups: who speaks to them, who joins them, and knowing that the speakers know.

use crate::{error::GroupError, socket::Handle};

macro_rules! broadcasts {
    ($name:ident) => {
        impl $name {
            /// Sends a message of one frame to the members of a group: 0 to 255 octets, none of them zero.
            ///
            /// As `send` of [`Message::grouped`](crate::Message::grouped), and as that it never waits.
            ///
            /// # Errors
            /// As [`send`](Self::send).
            pub fn send_to(&self, group: impl Into<Frame>, body: impl Into<Frame>) -> Result<(), SendError> {
                self.send_payload(Message::grouped(group, body).into())
            }

            /// How many peers a message of this group would go to. A UDP address counts as one: who listens there is not
            /// known.
            pub fn members(&self, group: impl AsRef<[u8]>) -> usize {
                self.core.with_machine(|machine, _| machine.subscribers(group.as_ref()))
            }

            /// Waits until a message of this group would go to at least `count` peers. False if `timeout` was over first,
            /// or the socket ended.
            pub fn wait_for_members(&self, group: impl AsRef<[u8]>, count: usize, timeout: Duration) -> bool {
                let group = group.as_ref();
                self.wait_until(timeout, || self.members(group) >= count)
            }

            /// Waits as [`wait_for_members`](Self::wait_for_members) without blocking a thread, however long that takes.
            /// False if the socket ended.
            ///
            /// # Cancel safety
            /// Dropping it changes nothing.
            pub async fn wait_for_members_async(&self, group: impl AsRef<[u8]>, count: usize) -> bool {
                let group = group.as_ref();
                self.until(|| self.members(group) >= count).await
            }
        }
    };
}

macro_rules! joins {
    ($name:ident) => {
        impl $name {
            /// Receives the messages of this group from now on: 0 to 255 octets, none of them zero. Groups match exactly.
            ///
            /// RADIOs are told in the background, and again whenever a connection comes back.
            ///
            /// # Errors
            /// The group was joined before, or cannot be one, or sockets of this type have none.
            pub fn join(&self, group: impl AsRef<[u8]>) -> Result<(), GroupError> {
                self.change_group(true, group.as_ref())
            }

            /// Receives the messages of this group no more.
            ///
            /// # Errors
            /// The group was not joined, or sockets of this type have none.
            pub fn leave(&self, group: impl AsRef<[u8]>) -> Result<(), GroupError> {
                self.change_group(false, group.as_ref())
            }
        }
    };
}

macro_rules! joins_for_sure {
    ($name:ident) => {
        impl $name {
            /// Joins as [`join`](Self::join), and waits until every RADIO it is connected to knows: what they send after
            /// this call is true is received. UDP addresses, which nobody can ask, are not waited for.
            ///
            /// False if that was not so in time, or the socket ended; the group is joined all the same.
            ///
            /// ```
            /// use std::time::Duration;
            /// # use zeroxide::{Context, Dish, Radio};
            /// # let context = Context::new();
            /// let (radio, dish) = (Radio::new(&context)?, Dish::new(&context)?);
            /// dish.connect(&radio.bind("tcp://127.0.0.1:*")?)?;
            /// assert!(dish.join_confirmed("weather", Duration::from_secs(5))?);
            /// radio.send_to("weather", "rain")?;
            /// let message = dish.recv()?;
            /// assert_eq!(message.group(), Some(&b"weather"[..]));
            /// assert_eq!(message.body(), b"rain");
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            ///
            /// # Errors
            /// As [`join`](Self::join); then nothing was joined.
            pub fn join_confirmed(
                &self,
                group: impl AsRef<[u8]>,
                timeout: Duration,
            ) -> Result<bool, GroupError> {
                self.join(group)?;
                Ok(self.wait_until(timeout, self.core.confirmation()))
            }

            /// Joins as [`join_confirmed`](Self::join_confirmed), and waits without blocking a thread, however long that
            /// takes. False if the socket ended.
            ///
            /// # Errors
            /// As [`join`](Self::join); then nothing was joined.
            ///
            /// # Cancel safety
            /// It joins when it is first polled. Dropping it after that leaves the group joined, unconfirmed.
            pub async fn join_confirmed_async(&self, group: impl AsRef<[u8]>) -> Result<bool, GroupError> {
                self.join(group)?;
                Ok(self.until(self.core.confirmation()).await)
            }
        }
    };
}

pub(in crate::socket) use {broadcasts, joins, joins_for_sure};

impl Handle {
    /// Joins or leaves a group, if the type of the socket has any.
    pub(in crate::socket) fn change_group(&self, join: bool, group: &[u8]) -> Result<(), GroupError> {
        let changed = self.core.with_machine(|machine, effects| match join {
            true => machine.join(group, effects),
            false => machine.leave(group, effects),
        });
        changed.map_err(|cause| GroupError { socket: self.core.kind, cause })
    }
}
