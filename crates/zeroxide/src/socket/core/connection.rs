//! What connections of a socket are told, and who decides about their peers.

use super::*;
use crate::io::waiting_room::Bounds;
use std::time::Duration;
use zeroxide_proto::{
    connection::Settings,
    security::{Admission, Mechanism, Security},
};

/// What holds for connections that come in.
#[derive(Clone)]
pub(crate) struct Accepting {
    pub(crate) settings: Arc<Settings>,
    /// How long a handshake may take.
    pub(crate) handshake_interval: Option<Duration>,
    /// How many may be in one.
    pub(crate) bounds: Bounds,
    /// How many may be through it.
    pub(crate) max_peers: usize,
}

impl Core {
    /// What a connection with these options is told.
    pub(crate) fn connection_settings(&self, options: &Options) -> Arc<Settings> {
        let security = Security::new(&options.security, &self.context.entropy);
        let asks = self.asks(options);
        Arc::new(Settings { security, asks, ..Settings::new(self.kind, options) })
    }

    /// What an accepted connection is told. It is kept for the next one: a server's keys take some computing.
    pub(crate) fn accepting(&self) -> Accepting {
        // The options first: whoever changes them forgets what was kept while it holds them.
        let options = self.options.lock();
        self.accepting
            .lock()
            .get_or_insert_with(|| Accepting {
                settings: self.connection_settings(&options),
                handshake_interval: options.handshake_interval,
                bounds: Bounds {
                    most: options.max_handshakes,
                    most_per_address: options.max_handshakes_per_address,
                    patience: options.handshake_interval.map(|interval| interval / 10),
                },
                max_peers: options.max_peers.unwrap_or(usize::MAX),
            })
            .clone()
    }

    pub(super) fn forget_settings(&self) {
        *self.accepting.lock() = None;
    }

    /// A peer met a limit. Counted at once; the event names the connection.
    pub(crate) fn limit_met(&self, limit: Limit, endpoint: &str, peer: &str) {
        self.counters.met(limit);
        self.emit(|| Event::LimitMet { endpoint: endpoint.to_owned(), peer: peer.to_owned(), limit });
    }

    /// A peer that connected to this socket is through its handshake. False: there are as many as may be.
    pub(crate) fn add_guest(&self) -> bool {
        let most = self.accepting().max_peers;
        let added =
            self.guests.fetch_update(Relaxed, Relaxed, |guests| (guests < most).then_some(guests + 1));
        added.is_ok()
    }

    pub(crate) fn remove_guest(&self) {
        self.guests.fetch_sub(1, Relaxed);
    }

    /// Whether somebody has to decide about each peer.
    pub(in crate::socket) fn asks(&self, options: &Options) -> bool {
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
