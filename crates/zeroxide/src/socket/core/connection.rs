//! What connections of a socket are told, and who decides about their peers.

use super::*;
use std::time::Duration;
use zeroxide_proto::{
    connection::Settings,
    security::{Admission, Mechanism, Security},
};

/// Settings, and how long a handshake may take.
pub(super) type Accepting = (Arc<Settings>, Option<Duration>);

impl Core {
    /// What a connection with these options is told.
    pub(crate) fn connection_settings(&self, options: &Options) -> Arc<Settings> {
        let security = Security::new(&options.security, &self.context.entropy);
        let asks = self.asks(options);
        Arc::new(Settings { security, asks, ..Settings::new(self.kind, options) })
    }

    /// What an accepted connection is told. It is kept for the next one: a server's keys take some computing.
    pub(crate) fn accept_settings(&self) -> Accepting {
        // The options first: whoever changes them forgets what was kept while it holds them.
        let options = self.options.lock();
        self.accepting
            .lock()
            .get_or_insert_with(|| (self.connection_settings(&options), options.handshake_interval))
            .clone()
    }

    pub(super) fn forget_settings(&self) {
        *self.accepting.lock() = None;
    }

    /// Whether somebody has to decide about each peer.
    fn asks(&self, options: &Options) -> bool {
        let security = &options.security;
        match security.mechanism() {
            Mechanism::Null => !security.zap_domain.is_empty() || self.authenticator.lock().is_some(),
            Mechanism::Curve
                if security.admission == Admission::AsLibzmq
                    && security.zap_enforce_domain
                    && security.zap_domain.is_empty() =>
            {
                false
            }
            _ => security.is_server(),
        }
    }

    pub(crate) fn authenticator(&self) -> Option<Arc<dyn Authenticator>> {
        self.authenticator.lock().clone()
    }

    pub(crate) fn set_authenticator(&self, authenticator: Option<Arc<dyn Authenticator>>) {
        let options = self.options.lock();
        *self.authenticator.lock() = authenticator;
        self.forget_settings();
        drop(options);
    }
}
