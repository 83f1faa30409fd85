//! The options of a socket: one typed setter and one getter each, on every socket. What users are told of them in general
//! stands at [`Handle`].

mod life;
mod limits;
mod patterns;
mod queues;
mod security;
mod transport;

use crate::{
    error::{OptionError, OptionErrorCause},
    inproc,
    socket::Handle,
};
use std::time::Duration;
use zeroxide_proto::{Options, SocketType};

impl Handle {
    /// A copy of all that this socket has been told.
    pub fn options(&self) -> Options {
        self.core.options.lock().clone()
    }

    /// Changes options without asking whether they mean anything to a socket of this type: for the doors whose users
    /// expect the rules of another library. Values must be such that the checked setters would take them.
    #[doc(hidden)]
    pub fn change_options(&self, change: impl FnOnce(&mut Options)) {
        let mut options = self.core.options.lock();
        change(&mut options);
        let configured = self.core.configure(&options);
        drop(options);
        configured.tell(&self.core);
        inproc::limit(&self.core);
    }

    /// Changes options if `allowed`, and lets those that act at once act.
    fn set(
        &self,
        option: &'static str,
        allowed: Allowed,
        change: impl FnOnce(&mut Options),
    ) -> Result<(), OptionError> {
        allowed.map_err(|cause| OptionError { socket: self.core.kind, option, cause })?;
        self.change_options(change);
        Ok(())
    }

    fn get<R>(&self, read: impl FnOnce(&Options) -> R) -> R {
        read(&self.core.options.lock())
    }

    fn is_one_of(&self, kinds: &[SocketType]) -> Allowed {
        when(kinds.contains(&self.core.kind))
    }

    fn speaks_zmtp(&self) -> Allowed {
        when(!matches!(self.core.kind, SocketType::Stream | SocketType::Dgram))
    }
}

type Allowed = Result<(), OptionErrorCause>;

/// The type of the socket gives the option a meaning.
fn when(meaningful: bool) -> Allowed {
    if meaningful { Ok(()) } else { Err(OptionErrorCause::NotForThisType) }
}

fn valid(value: bool, reason: &'static str) -> Allowed {
    if value { Ok(()) } else { Err(OptionErrorCause::Invalid(reason)) }
}

/// Zero would mean "always" where libzmq's users mean "never".
fn not_zero(time: Option<Duration>) -> Allowed {
    valid(time != Some(Duration::ZERO), "a time of 0 is of no use; None switches it off")
}

/// Several options of the same shape: the documentation of the setter, its name, the field, the option's libzmq name,
/// and what it must satisfy (none: it cannot fail).
macro_rules! options {
    ($($(#[$doc:meta])* $set:ident($field:ident: $type:ty) $zmq:literal $(if |$socket:ident| $allowed:expr)?;)*) => {
        impl Handle {$(
            options!(@set $(#[$doc])* $set $field $type, $zmq $(, $socket, $allowed)?);

            #[doc = concat!("What [`", stringify!($set), "`](Self::", stringify!($set), ") was given last, or the default.")]
            pub fn $field(&self) -> $type {
                self.get(|options| options.$field.clone())
            }
        )*}
    };
    (@set $(#[$doc:meta])* $set:ident $field:ident $type:ty, $zmq:literal) => {
        $(#[$doc])*
        #[doc = concat!("\n\nlibzmq: `", $zmq, "`.")]
        pub fn $set(&self, $field: $type) {
            self.change_options(|options| options.$field = $field);
        }
    };
    (@set $(#[$doc:meta])* $set:ident $field:ident $type:ty, $zmq:literal, $socket:ident, $allowed:expr) => {
        $(#[$doc])*
        #[doc = concat!("\n\nlibzmq: `", $zmq, "`.")]
        ///
        /// # Errors
        /// [`OptionError`]: sockets of this type have no use for it, or none could honour the value. Nothing was changed
        /// then.
        pub fn $set(&self, $field: $type) -> Result<(), OptionError> {
            let $socket = self;
            self.set($zmq, $allowed, |options| options.$field = $field)
        }
    };
}
pub(crate) use limits::begin_with_limits;
use options;
