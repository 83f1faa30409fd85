//! Socket options by name: `--option linger=1s`. The names are those of the setters of the library.

use crate::{
    curve,
    quantity::{Pairs, value},
};
use std::str::FromStr;
use zeroxide::{Handle, OptionError};

/// One `--option`, checked as far as possible without a socket.
#[derive(Clone)]
pub(crate) struct SocketOption {
    known: &'static Known,
    text: String,
}

struct Known {
    name: &'static str,
    values: &'static str,
    apply: fn(&Handle, &str) -> Result<(), String>,
}

/// Setters answer with nothing, or with an error.
trait Applied {
    fn applied(self) -> Result<(), String>;
}

impl Applied for () {
    fn applied(self) -> Result<(), String> {
        Ok(())
    }
}

impl Applied for Result<(), String> {
    fn applied(self) -> Result<(), String> {
        self
    }
}

impl Applied for Result<(), OptionError> {
    fn applied(self) -> Result<(), String> {
        self.map_err(|error| error.to_string())
    }
}

macro_rules! known {
    ($($name:literal $values:literal $set:expr;)*) => {
        &[$(Known {
            name: $name,
            values: $values,
            apply: |socket, text| {
                let set: fn(&Handle, _) -> _ = $set;
                let value = value(text).map_err(|error| format!("option {}: {error}", $name))?;
                set(socket, value).applied()
            },
        }),*]
    };
}

const KNOWN: &[Known] = known! {
    "send-high-water-mark" "messages or none" |socket, value| socket.set_send_high_water_mark(value);
    "receive-high-water-mark" "messages or none" |socket, value| socket.set_receive_high_water_mark(value);
    "conflate" "true or false" |socket, value| socket.set_conflate(value);
    "linger" "duration or none" |socket, value| socket.set_linger(value);
    "send-timeout" "duration or none" |socket, value| socket.set_send_timeout(value);
    "receive-timeout" "duration or none" |socket, value| socket.set_receive_timeout(value);
    "immediate" "true or false" |socket, value| socket.set_immediate(value);
    "routing-id" "text" |socket,text:String|socket.set_routing_id(text);
    "connect-routing-id" "text" |socket,text:String|socket.set_connect_routing_id(text);
    "router-mandatory" "true or false" |socket, value| socket.set_router_mandatory(value);
    "router-handover" "true or false" |socket, value| socket.set_router_handover(value);
    "router-raw" "true or false" |socket, value| socket.set_router_raw(value);
    "router-notify" "connect, disconnect, both or none" |socket, value| socket.set_router_notify(value);
    "probe-router" "true or false" |socket, value| socket.set_probe_router(value);
    "req-correlate" "true or false" |socket, value| socket.set_req_correlate(value);
    "req-relaxed" "true or false" |socket, value| socket.set_req_relaxed(value);
    "xpub-verbose" "true or false" |socket, value| socket.set_xpub_verbose(value);
    "xpub-verboser" "true or false" |socket, value| socket.set_xpub_verboser(value);
    "xpub-manual" "true or false" |socket, value| socket.set_xpub_manual(value);
    "xpub-manual-last-value" "true or false" |socket, value| socket.set_xpub_manual_last_value(value);
    "xpub-nodrop" "true or false" |socket, value| socket.set_xpub_nodrop(value);
    "xpub-welcome-message" "text or none" |socket, value| socket.set_xpub_welcome_message(value);
    "xsub-verbose-unsubscribe" "true or false" |socket, value| socket.set_xsub_verbose_unsubscribe(value);
    "invert-matching" "true or false" |socket, value| socket.set_invert_matching(value);
    "only-first-subscribe" "true or false" |socket, value| socket.set_only_first_subscribe(value);
    "stream-notify" "true or false" |socket, value| socket.set_stream_notify(value);
    "hello-message" "text or none" |socket, value| socket.set_hello_message(value);
    "disconnect-message" "text or none" |socket, value| socket.set_disconnect_message(value);
    "hiccup-message" "text or none" |socket, value| socket.set_hiccup_message(value);
    "metadata" "X-name:text, several apart by commas" |socket,Pairs(pairs)|socket.set_metadata(pairs);
    "heartbeat-interval" "duration or none" |socket, value| socket.set_heartbeat_interval(value);
    "heartbeat-timeout" "duration or none" |socket, value| socket.set_heartbeat_timeout(value);
    "heartbeat-ttl" "duration or none" |socket, value| socket.set_heartbeat_ttl(value);
    "handshake-interval" "duration or none" |socket, value| socket.set_handshake_interval(value);
    "max-message-size" "size or none" |socket, value| socket.set_max_message_size(value);
    "max-multipart-size" "size or none" |socket, value| socket.set_max_multipart_size(value);
    "max-frames" "number or none" |socket, value| socket.set_max_frames(value);
    "max-metadata-size" "size or none" |socket, value| socket.set_max_metadata_size(value);
    "max-metadata-properties" "number or none" |socket, value| socket.set_max_metadata_properties(value);
    "max-topic-length" "size or none" |socket, value| socket.set_max_topic_length(value);
    "max-subscriptions" "number or none" |socket, value| socket.set_max_subscriptions(value);
    "max-peers" "number or none" |socket, value| socket.set_max_peers(value);
    "max-handshakes" "number or none" |socket, value| socket.set_max_handshakes(value);
    "max-handshakes-per-address" "number or none" |socket, value| socket.set_max_handshakes_per_address(value);
    "open-to-network" "true or false" |socket, value| socket.set_open_to_network(value);
    "minimum-version" "1, 2 or 3" |socket, value| socket.set_minimum_version(value);
    "reconnect-interval" "duration or none" |socket, value| socket.set_reconnect_interval(value);
    "reconnect-interval-max" "duration or none" |socket, value| socket.set_reconnect_interval_max(value);
    "reconnect-stop" "refused, handshake, disconnect, apart by commas, or none" |socket, value| socket.set_reconnect_stop(value);
    "connect-timeout" "duration or none" |socket, value| socket.set_connect_timeout(value);
    "affinity" "number" |socket, value| socket.set_affinity(value);
    "backlog" "number" |socket, value| socket.set_backlog(value);
    "ipv6" "true or false" |socket, value| socket.set_ipv6(value);
    "send-buffer" "size or none" |socket, value| socket.set_send_buffer(value);
    "receive-buffer" "size or none" |socket, value| socket.set_receive_buffer(value);
    "tcp-keepalive" "true, false or none" |socket, value| socket.set_tcp_keepalive(value);
    "tcp-keepalive-count" "number or none" |socket, value| socket.set_tcp_keepalive_count(value);
    "tcp-keepalive-idle" "duration or none" |socket, value| socket.set_tcp_keepalive_idle(value);
    "tcp-keepalive-interval" "duration or none" |socket, value| socket.set_tcp_keepalive_interval(value);
    "tcp-max-retransmit" "duration or none" |socket, value| socket.set_tcp_max_retransmit(value);
    "tcp-accept-filters" "list, apart by commas" |socket,filters:Vec<String>|socket.set_tcp_accept_filters(filters);
    "ipc-filter-process-ids" "numbers, apart by commas" |socket, value| socket.set_ipc_filter_process_ids(value);
    "ipc-filter-user-ids" "numbers, apart by commas" |socket, value| socket.set_ipc_filter_user_ids(value);
    "ipc-filter-group-ids" "numbers, apart by commas" |socket, value| socket.set_ipc_filter_group_ids(value);
    "type-of-service" "number" |socket, value| socket.set_type_of_service(value);
    "priority" "number or none" |socket, value| socket.set_priority(value);
    "busy-poll" "duration or none" |socket, value| socket.set_busy_poll(value);
    "busy-wait" "duration" |socket, value| socket.set_busy_wait(value);
    "bind-to-device" "text or none" |socket,name:Option<String>|socket.set_bind_to_device(name);
    "socks-proxy" "text or none" |socket,proxy:Option<String>|socket.set_socks_proxy(proxy);
    "curve-server" "file of the secret key, directory of public keys that may enter" |socket,text:String|curve::serve(socket, &text);
    "curve-client" "public key of the server, file of the own secret key" |socket,text:String|curve::ask(socket, &text);
};

/// The help text of `--option`.
pub(crate) fn help() -> String {
    let mut text =
        "Set a socket option, NAME=VALUE; may be given several times. The names are those of the Rust \
                    setters:\n"
            .to_owned();
    for known in KNOWN {
        text.push_str(&format!("  {:<26} {}\n", known.name, known.values));
    }
    text.push_str("Durations: 250ms, 1.5s, 2m. Sizes: 4096, 64k, 1M.");
    text
}

/// Sets options on a socket, in order.
pub(crate) fn apply(options: &[SocketOption], socket: &Handle) -> Result<(), String> {
    options.iter().try_for_each(|option| option.apply(socket))
}

impl SocketOption {
    fn apply(&self, socket: &Handle) -> Result<(), String> {
        (self.known.apply)(socket, &self.text)
    }
}

impl FromStr for SocketOption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
        let wanted = name.replace('_', "-");
        let known = KNOWN.iter().find(|known| known.name == wanted).ok_or_else(|| {
            let names: Vec<_> = KNOWN.iter().map(|known| known.name).collect();
            format!("there is no option {name}; there are {}", names.join(", "))
        })?;
        Ok(Self { known, text: value.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroxide::{Context, Socket, SocketType};

    #[test]
    fn a_known_name_with_a_sound_value_is_set_and_others_are_refused() {
        let socket = Socket::new(&Context::new(), SocketType::Router).unwrap();
        for sound in ["linger=1s", "linger=none", "send_high_water_mark=10", "router-mandatory=yes"] {
            sound.parse::<SocketOption>().unwrap().apply(&socket).unwrap();
        }
        for wrong in ["linger", "lingr=1s"] {
            assert!(wrong.parse::<SocketOption>().is_err(), "{wrong}");
        }
        assert!("linger=often".parse::<SocketOption>().unwrap().apply(&socket).is_err());
    }
}
