//! How octets travel: I/O threads, addresses, buffers, keepalive, who may connect, proxies.

use super::{Allowed, options, valid};
use crate::{error::OptionError, socket::Handle};
use std::{os::fd::OwnedFd, time::Duration};
use zeroxide_net::AcceptFilter;
use zeroxide_proto::SocketType::{Dgram, Radio};

impl Handle {
    /// The *next* `bind` listens with this descriptor, which is bound and listens already, instead of opening its own: for
    /// socket activation. Its transport must be that of the endpoint; the address in the endpoint is not looked at.
    ///
    /// libzmq: `ZMQ_USE_FD`, which leaves the descriptor to the caller; here the socket owns and closes it.
    ///
    /// # Errors
    /// None here: the bind that uses it up fails if it is no listening socket of that transport.
    ///
    /// ```
    /// # let context = zeroxide::Context::new();
    /// let ours = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let address = ours.local_addr()?;
    /// let socket = zeroxide::Rep::new(&context)?;
    /// socket.set_listener(ours.into());
    /// assert_eq!(socket.bind("tcp://127.0.0.1:*")?, format!("tcp://{address}"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_listener(&self, listener: OwnedFd) {
        self.core.endpoints.lock().adopted = Some(listener);
    }

    /// Only these addresses may connect over TCP, each `address` or `address/bits`; none lets everyone in. Replaces what
    /// was set before.
    ///
    /// Default: none. Acts on endpoints bound later. A refusal is an event
    /// ([`AcceptFailed`](crate::Event::AcceptFailed)).
    ///
    /// libzmq: `ZMQ_TCP_ACCEPT_FILTER`, one filter a call.
    ///
    /// # Errors
    /// For what is no address.
    ///
    /// ```
    /// # let context = zeroxide::Context::new();
    /// let socket = zeroxide::Rep::new(&context)?;
    /// socket.set_tcp_accept_filters(["127.0.0.1", "10.0.0.0/8", "fd00::/8"])?;
    /// assert!(socket.set_tcp_accept_filters(["10.0.0.0/33"]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_tcp_accept_filters<F: Into<String>>(
        &self,
        filters: impl IntoIterator<Item = F>,
    ) -> Result<(), OptionError> {
        let filters: Vec<String> = filters.into_iter().map(Into::into).collect();
        let parsed = filters.iter().all(|filter| filter.parse::<AcceptFilter>().is_ok());
        let allowed = valid(parsed, "a filter is an address, or address/bits");
        self.set("ZMQ_TCP_ACCEPT_FILTER", allowed, |options| options.tcp_accept_filters = filters)
    }

    /// What [`set_tcp_accept_filters`](Self::set_tcp_accept_filters) was given last.
    pub fn tcp_accept_filters(&self) -> Vec<String> {
        self.get(|options| options.tcp_accept_filters.clone())
    }

    /// The network interface that TCP connections go through, by name; `None` leaves it to the system.
    ///
    /// Default: `None`. Acts on endpoints bound or connected later, which fail if there is no such interface.
    ///
    /// libzmq: `ZMQ_BINDTODEVICE`.
    ///
    /// # Errors
    /// For what cannot be the name of an interface.
    pub fn set_bind_to_device<N: Into<String>>(&self, name: Option<N>) -> Result<(), OptionError> {
        let name = name.map(Into::into);
        let fits =
            name.as_ref().is_none_or(|name| (1..=15).contains(&name.len()) && !name.contains(['\0', '/']));
        let allowed = valid(fits, "the name of an interface has 1 to 15 octets, and no slash");
        self.set("ZMQ_BINDTODEVICE", allowed, |options| options.bind_to_device = name)
    }

    /// What [`set_bind_to_device`](Self::set_bind_to_device) was given last.
    pub fn bind_to_device(&self) -> Option<String> {
        self.get(|options| options.bind_to_device.clone())
    }

    /// A SOCKS5 proxy, `host:port`, that TCP connections go through; it also resolves the names. `None` connects directly.
    ///
    /// Default: `None`. Acts on endpoints connected later.
    ///
    /// libzmq: `ZMQ_SOCKS_PROXY`.
    ///
    /// # Errors
    /// For what is not `host:port`.
    pub fn set_socks_proxy<P: Into<String>>(&self, proxy: Option<P>) -> Result<(), OptionError> {
        let proxy = proxy.map(Into::into);
        let fits = proxy.as_ref().is_none_or(|proxy| is_host_and_port(proxy));
        let allowed = valid(fits, "a proxy is host:port, the port not 0");
        self.set("ZMQ_SOCKS_PROXY", allowed, |options| options.socks_proxy = proxy)
    }

    /// What [`set_socks_proxy`](Self::set_socks_proxy) was given last.
    pub fn socks_proxy(&self) -> Option<String> {
        self.get(|options| options.socks_proxy.clone())
    }

    /// User and password for the SOCKS5 proxy; `None` goes in without.
    ///
    /// Default: `None`. Acts on endpoints connected later.
    ///
    /// libzmq: `ZMQ_SOCKS_USERNAME` and `ZMQ_SOCKS_PASSWORD`.
    ///
    /// # Errors
    /// For a user or password that is empty or longer than 255 octets: the protocol has no place for it.
    pub fn set_socks_credentials(&self, credentials: Option<(&str, &str)>) -> Result<(), OptionError> {
        let fits = |text: &str| (1..=usize::from(u8::MAX)).contains(&text.len());
        let both = credentials.is_none_or(|(user, password)| fits(user) && fits(password));
        let allowed = valid(both, "user and password have 1 to 255 octets each");
        let credentials = credentials.map(|(user, password)| (user.into(), password.into()));
        self.set("ZMQ_SOCKS_USERNAME", allowed, |options| options.socks_credentials = credentials)
    }

    /// What [`set_socks_credentials`](Self::set_socks_credentials) was given last.
    pub fn socks_credentials(&self) -> Option<(String, String)> {
        let text = |octets: Vec<u8>| String::from_utf8_lossy(&octets).into_owned();
        let both = self.get(|options| options.socks_credentials.clone());
        both.map(|(user, password)| (text(user), text(password)))
    }
}

options! {
    /// Which I/O threads of the context may serve new connections and listeners: bit 0 is the first thread. 0 is any.
    ///
    /// Default: 0. Acts on endpoints bound or connected later, which fail if the context has none of these threads.
    set_affinity(affinity: u64) "ZMQ_AFFINITY";

    /// How many connections may wait in the system until they are accepted.
    ///
    /// Default: 4096 (100 in libzmq, whose 101st connection at once may wait a second). Acts on endpoints bound later; the
    /// system may have a lower bound of its own.
    set_backlog(backlog: u32) "ZMQ_BACKLOG" if |_socket| fits_int(Some(backlog));

    /// Whether names are resolved to IPv6 addresses too, and `*` listens to both families.
    ///
    /// Default: as the context says, which is false. Acts on endpoints bound or connected later. Literal IPv6 addresses
    /// need no permission.
    set_ipv6(ipv6: bool) "ZMQ_IPV6";

    /// The size of the kernel's send buffer in octets; `None` leaves it to the system, which adapts it (over ipc: to the
    /// system, but 208 KiB at least, which Linux doubles).
    ///
    /// Default: `None`. Acts on connections made later; over ipc on endpoints bound or connected later.
    set_send_buffer(send_buffer: Option<usize>) "ZMQ_SNDBUF" if |_socket| fits_int(send_buffer);

    /// The size of the kernel's receive buffer in octets; `None` leaves it to the system, which adapts it.
    ///
    /// Default: `None`. Acts on connections made later; over ipc on endpoints bound or connected later.
    set_receive_buffer(receive_buffer: Option<usize>) "ZMQ_RCVBUF" if |_socket| fits_int(receive_buffer);

    /// Whether TCP probes silent connections; `None` leaves it to the system.
    ///
    /// Default: `None`. Acts on connections made later. Heartbeats find a dead peer sooner, see
    /// [`set_heartbeat_interval`](Self::set_heartbeat_interval).
    set_tcp_keepalive(tcp_keepalive: Option<bool>) "ZMQ_TCP_KEEPALIVE";

    /// How many TCP probes may go unanswered, 1 to 127; `None` leaves it to the system. Used where
    /// [`tcp_keepalive`](Self::set_tcp_keepalive) is not `None`.
    ///
    /// Default: `None`. Acts on connections made later.
    set_tcp_keepalive_count(tcp_keepalive_count: Option<u32>) "ZMQ_TCP_KEEPALIVE_CNT"
        if |_socket| valid(tcp_keepalive_count.is_none_or(|count| (1..=127).contains(&count)), "1 to 127 probes");

    /// How long a connection is silent before TCP probes it, in whole seconds up to 32767; `None` leaves it to the system.
    /// Used where [`tcp_keepalive`](Self::set_tcp_keepalive) is not `None`.
    ///
    /// Default: `None`. Acts on connections made later.
    set_tcp_keepalive_idle(tcp_keepalive_idle: Option<Duration>) "ZMQ_TCP_KEEPALIVE_IDLE"
        if |_socket| whole_seconds(tcp_keepalive_idle);

    /// The time between two TCP probes, in whole seconds up to 32767; `None` leaves it to the system. Used where
    /// [`tcp_keepalive`](Self::set_tcp_keepalive) is not `None`.
    ///
    /// Default: `None`. Acts on connections made later.
    set_tcp_keepalive_interval(tcp_keepalive_interval: Option<Duration>) "ZMQ_TCP_KEEPALIVE_INTVL"
        if |_socket| whole_seconds(tcp_keepalive_interval);

    /// How long octets may go unacknowledged before TCP gives the connection up (TCP_USER_TIMEOUT), in milliseconds;
    /// `None` leaves it to the system.
    ///
    /// Default: `None`. Acts on connections made later.
    set_tcp_max_retransmit(tcp_max_retransmit: Option<Duration>) "ZMQ_TCP_MAXRT"
        if |_socket| counted(tcp_max_retransmit.map(|time| time.as_millis()));

    /// Processes that may connect over ipc, by number. With the two other ipc filters empty as well, everyone may.
    ///
    /// Default: none. Acts on endpoints bound later. A connection that satisfies one of the three filters may enter.
    set_ipc_filter_process_ids(ipc_filter_process_ids: Vec<u32>) "ZMQ_IPC_FILTER_PID";

    /// Users that may connect over ipc, by number; see
    /// [`set_ipc_filter_process_ids`](Self::set_ipc_filter_process_ids).
    set_ipc_filter_user_ids(ipc_filter_user_ids: Vec<u32>) "ZMQ_IPC_FILTER_UID";

    /// Groups that may connect over ipc, by number; see
    /// [`set_ipc_filter_process_ids`](Self::set_ipc_filter_process_ids). A peer belongs to the group it runs under, and to
    /// those that list its user in `/etc/group`.
    set_ipc_filter_group_ids(ipc_filter_group_ids: Vec<u32>) "ZMQ_IPC_FILTER_GID";

    /// The type of service (IPv4) or traffic class (IPv6) octet of packets.
    ///
    /// Default: 0. Acts on connections made later.
    set_type_of_service(type_of_service: u8) "ZMQ_TOS";

    /// How many networks a multicast datagram may cross on its way; 1 does not leave this network. For RADIO and DGRAM.
    ///
    /// Default: 1. Acts on `udp://` endpoints bound or connected later.
    ///
    /// # Errors
    /// On sockets of the other types, and for 0: it would say "not beyond this machine", which Linux does not keep to.
    set_multicast_hops(multicast_hops: u8) "ZMQ_MULTICAST_HOPS"
        if |socket| socket.is_one_of(&[Dgram, Radio]).and(valid(multicast_hops > 0, "at least 1"));

    /// Whether multicast datagrams that this socket sends reach listeners on this machine too. For RADIO and DGRAM.
    ///
    /// Default: true. Acts on `udp://` endpoints bound or connected later.
    set_multicast_loop(multicast_loop: bool) "ZMQ_MULTICAST_LOOP" if |socket| socket.is_one_of(&[Dgram, Radio]);

    /// The priority of packets within the system (SO_PRIORITY); `None` leaves it to the system. More than 6 needs
    /// privileges, without which connecting fails.
    ///
    /// Default: `None`. Acts on connections made later.
    set_priority(priority: Option<u32>) "ZMQ_PRIORITY" if |_socket| fits_int(priority);

    /// How long the system polls the device before it sleeps (SO_BUSY_POLL), in microseconds; `None` leaves it to the
    /// system. More than the system's default needs privileges, without which connecting fails.
    ///
    /// Default: `None`. Acts on connections made later. To poll without privileges, in the waiting thread, and on
    /// connections of this machine too, see [`set_busy_wait`](Self::set_busy_wait).
    set_busy_poll(busy_poll: Option<Duration>) "ZMQ_BUSY_POLL"
        if |_socket| counted(busy_poll.map(|time| time.as_micros()));
}

/// The system takes an int.
fn fits_int<N: TryInto<i32>>(value: Option<N>) -> Allowed {
    valid(value.is_none_or(|value| value.try_into().is_ok()), "at most 2147483647")
}

fn counted(units: Option<u128>) -> Allowed {
    let fits = units.is_none_or(|units| (1..=i32::MAX.unsigned_abs().into()).contains(&units));
    valid(fits, "between 1 and 2147483647 of its units; None leaves it to the system")
}

fn whole_seconds(time: Option<Duration>) -> Allowed {
    let fits = time.is_none_or(|time| time.subsec_nanos() == 0 && (1..=32_767).contains(&time.as_secs()));
    valid(fits, "1 to 32767 whole seconds")
}

fn is_host_and_port(text: &str) -> bool {
    text.rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse().is_ok_and(|port: u16| port > 0))
}
