//! Binding and connecting: from the text of an endpoint to a listener, a dialer, or a name in the context.

use crate::{
    error::EndpointCause,
    inproc,
    io::{
        dialer::{Dialer, Target},
        listener::{IpcPeerFilter, Listener},
        shared::{Command, Gate, IoShared, SessionKey},
    },
    link::Wire,
    monitor::{Event, descriptor},
    peer::{Link, Peer},
    socket::core::Core,
};
use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr, SocketAddrV6},
    num::NonZeroU16,
    os::fd::OwnedFd,
    sync::{Arc, atomic::Ordering::*},
};
use zeroxide_net::{
    AcceptFilter, Family, Interest, IpcListener, IpcName, IpcSettings, Listener as Door, NetError,
    TcpListener, TcpSettings, interfaces, resolve_blocking,
};
use zeroxide_pipe::Lane;
use zeroxide_proto::{
    Options, RoutingId, SocketType,
    endpoint::{Endpoint, EndpointError, Host, IpcEndpoint, TcpAddress, TcpEndpoint},
    security::Mechanism,
    socket::Facts,
};

/// What a socket has bound and connected.
#[derive(Default)]
pub(crate) struct Endpoints {
    records: Vec<Record>,
    pub(crate) last: String,
    /// A listening descriptor of the application, for the next bind.
    pub(crate) adopted: Option<OwnedFd>,
}

impl Endpoints {
    /// What listens, apart from names within the process.
    pub(crate) fn listening(&self) -> Vec<String> {
        let listens = |record: &&Record| record.bound && !matches!(record.place, Place::Inproc(_));
        self.records.iter().filter(listens).map(|record| record.text.clone()).collect()
    }
}

struct Record {
    /// As bound (with the real port) or as connected.
    text: String,
    bound: bool,
    place: Place,
}

pub(super) enum Place {
    Io(Arc<IoShared>, SessionKey),
    Inproc(String),
}

impl Core {
    /// Binds, and returns the endpoint that others can connect to.
    pub(crate) fn bind(self: &Arc<Self>, text: &str) -> Result<String, EndpointCause> {
        self.refuse_if_ended()?;
        let endpoint: Endpoint = text.parse().map_err(EndpointCause::Malformed)?;
        self.refuse_transport(&endpoint)?;
        let bound = match endpoint {
            Endpoint::Inproc(name) => {
                self.context.registry.bind(&name, self)?;
                self.record(text.to_owned(), true, Place::Inproc(name));
                Ok(text.to_owned())
            }
            Endpoint::Tcp(tcp) => self.bind_freed(|| self.bind_tcp(&tcp)),
            Endpoint::Ipc(ipc) => self.bind_freed(|| self.bind_ipc(&ipc)),
            Endpoint::Udp(udp) => self.bind_udp(&udp),
        };
        if let Err(cause) = &bound {
            self.emit(|| Event::BindFailed { endpoint: text.to_owned(), reason: cause.to_string() });
        }
        bound
    }

    /// Binds; if the address is in use, perhaps by a socket that was closed a moment ago and whose listener the I/O thread
    /// has still to close, once more after that.
    fn bind_freed(&self, bind: impl Fn() -> Result<String, EndpointCause>) -> Result<String, EndpointCause> {
        match bind() {
            Err(EndpointCause::InUse) => {
                self.context.settle();
                bind()
            }
            answer => answer,
        }
    }

    fn bind_tcp(self: &Arc<Self>, endpoint: &TcpEndpoint) -> Result<String, EndpointCause> {
        let options = self.options.lock().clone();
        let filters = options.tcp_accept_filters.iter().map(|filter| filter.parse::<AcceptFilter>());
        let filters = filters
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| EndpointCause::Option("a TCP accept filter is not address[/bits]"))?;
        let door = match self.take_adopted() {
            Some(fd) => {
                let fd = std::net::TcpListener::from(fd);
                if let Ok(address) = fd.local_addr() {
                    refuse_open(&options, address)?;
                }
                TcpListener::adopt(fd.into()).map_err(net)?
            }
            None => {
                let address = bind_address(&endpoint.address, options.ipv6).map_err(system)?;
                refuse_open(&options, address)?;
                TcpListener::listen(address, &tcp_settings(&options), options.backlog).map_err(net)?
            }
        };
        self.listen(Door::Tcp(door), filters, &options)
    }

    fn bind_ipc(self: &Arc<Self>, endpoint: &IpcEndpoint) -> Result<String, EndpointCause> {
        let options = self.options.lock().clone();
        let door = match self.take_adopted() {
            Some(fd) => IpcListener::adopt(fd).map_err(net)?,
            None => IpcListener::listen(&ipc_name(endpoint), &ipc_settings(&options), options.backlog)
                .map_err(net)?,
        };
        self.listen(Door::Ipc(door), Vec::new(), &options)
    }

    fn listen(
        self: &Arc<Self>,
        door: Door,
        filters: Vec<AcceptFilter>,
        options: &Options,
    ) -> Result<String, EndpointCause> {
        let io = self.choose_io(options)?;
        let key = io.new_key();
        // The place in the poller is taken here, where its lack is an error that somebody sees.
        if let Err(error) = io.poller.add(&door, key.0, Interest::NONE) {
            io.load.fetch_sub(1, Relaxed);
            return Err(system(error));
        }
        let bound = door.local_address();
        let number = descriptor(&door);
        let peer_filter = IpcPeerFilter {
            process_ids: options.ipc_filter_process_ids.clone(),
            user_ids: options.ipc_filter_user_ids.clone(),
            group_ids: options.ipc_filter_group_ids.clone(),
        };
        let endpoint = bound.clone();
        let open_to_network = options.open_to_network;
        let listener =
            Box::new(Listener { endpoint, door, filters, peer_filter, open_to_network, paused_until: None });
        self.context.shutdown.session_begins();
        self.record(bound.clone(), true, Place::Io(io.clone(), key));
        let endpoint = bound.clone();
        self.emit_with(number, || Event::Listening { endpoint });
        io.command(Command::Listen { key, core: self.clone(), listener });
        Ok(bound)
    }

    /// Connects: returns at once, the connection is made and kept in the background.
    pub(crate) fn connect(self: &Arc<Self>, text: &str) -> Result<(), EndpointCause> {
        self.begin_connect(text).map(drop)
    }

    /// As [`Core::connect`], and says by which number the peer is known: for the types that make it at once.
    pub(crate) fn connect_peer(self: &Arc<Self>, text: &str) -> Result<RoutingId, EndpointCause> {
        if self.kind != SocketType::Peer {
            return Err(EndpointCause::NotForThisType);
        }
        if self.options.lock().immediate {
            return Err(EndpointCause::Option(
                "a peer that is not connected has no number with \"immediate\"",
            ));
        }
        let peer = self.begin_connect(text)?;
        let number = peer.and_then(|peer| self.with_machine(|machine, _| machine.number_of(peer.id)));
        number.ok_or(EndpointCause::Closed)
    }

    fn begin_connect(self: &Arc<Self>, text: &str) -> Result<Option<Arc<Peer>>, EndpointCause> {
        self.refuse_if_ended()?;
        let endpoint: Endpoint = text.parse().map_err(EndpointCause::Malformed)?;
        endpoint.check_connect().map_err(EndpointCause::Malformed)?;
        if self.connects_once()
            && self.endpoints.lock().records.iter().any(|known| !known.bound && known.text == text)
        {
            return Ok(None);
        }
        self.refuse_transport(&endpoint)?;
        if let Endpoint::Udp(udp) = &endpoint {
            return self.connect_udp(udp, text).map(|()| None);
        }
        if let Endpoint::Inproc(name) = endpoint {
            let peer = self.context.registry.connect(&name, self)?;
            self.record(text.to_owned(), false, Place::Inproc(name));
            return Ok(peer);
        }
        let options = self.take_connect_options();
        let target = match &endpoint {
            Endpoint::Ipc(ipc) => Target::Ipc(ipc_name(ipc), ipc_settings(&options)),
            Endpoint::Tcp(tcp) => tcp_target(tcp, &options)?,
            Endpoint::Inproc(_) | Endpoint::Udp(_) => return Ok(None),
        };
        let io = self.choose_io(&options)?;
        let key = io.new_key();
        let peer = if self.attaches_early(&options) {
            let link = Link::Wire(Box::new(Wire::new(io.clone(), key)));
            let facts = Facts {
                connect_routing_id: options.connect_routing_id.as_ref(),
                connected: false,
                initiated: true,
                raw: options.router_raw,
                ..Facts::default()
            };
            let outbox = Arc::new(Lane::new(options.send_high_water_mark));
            let inbox = Arc::new(Lane::new(options.receive_high_water_mark));
            match self.attach(link, &facts, outbox, inbox) {
                Ok((peer, booked)) => {
                    self.apply(booked);
                    self.writable.notify_fenced();
                    Some(peer)
                }
                Err(_) => {
                    io.load.fetch_sub(1, Relaxed);
                    return Err(EndpointCause::Option(
                        "the socket takes no further peer, or the name is taken",
                    ));
                }
            }
        } else {
            None
        };
        self.context.shutdown.session_begins();
        self.record(text.to_owned(), false, Place::Io(io.clone(), key));
        let dialer = Dialer {
            endpoint: text.to_owned(),
            target,
            options,
            addresses: VecDeque::new(),
            attempts: 0,
            deadline: None,
        };
        io.command(Command::Dial { key, core: self.clone(), dialer: Box::new(dialer), peer: peer.clone() });
        Ok(peer)
    }

    /// Ends an endpoint that was bound or connected; returns when the address is free.
    pub(crate) fn release(self: &Arc<Self>, text: &str, bound: bool) -> Result<(), EndpointCause> {
        self.refuse_if_ended()?;
        let record = {
            let mut endpoints = self.endpoints.lock();
            let matches = |record: &Record| record.bound == bound && record.text == text;
            let at = endpoints.records.iter().position(matches).ok_or(EndpointCause::NotFound)?;
            endpoints.records.remove(at)
        };
        match record.place {
            Place::Io(io, key) => {
                let done = Arc::new(Gate::default());
                io.command(Command::Release { key, done: done.clone() });
                self.context.wait_at(&done);
            }
            Place::Inproc(name) if bound => self.context.registry.unbind(&name, self),
            Place::Inproc(name) => {
                if !self.context.registry.stop_waiting(&name, self)
                    && let Some(peer) = self.peers().iter().find(|peer| peer.connected_to(&name))
                {
                    inproc::part(self, peer);
                }
            }
        }
        Ok(())
    }

    /// Ends everything this socket has: endpoints, connections, pairs. What was sent lingers.
    pub(crate) fn finish(self: &Arc<Self>) {
        // Monitors end first: what the I/O threads do from here on is of no interest to a closed socket.
        self.monitors.end();
        self.context.registry.remove(self);
        for peer in self.peers().iter().filter(|peer| peer.is_within()) {
            inproc::part(self, peer);
        }
        self.forget_arrived();
        self.endpoints.lock().records.clear();
        self.context.tell_all(|| Command::CloseSocket(self.clone()));
    }

    /// Whether each endpoint that was connected to is up, among these peers.
    pub(crate) fn is_connected_everywhere(&self, peers: &[Arc<Peer>]) -> bool {
        let endpoints = self.endpoints.lock();
        endpoints.records.iter().filter(|record| !record.bound).all(|record| {
            peers.iter().filter(|peer| peer.up.load(SeqCst)).any(|peer| match (&record.place, peer.wire()) {
                (Place::Io(io, key), Some(wire)) => wire.session() == *key && Arc::ptr_eq(wire.io(), io),
                (Place::Inproc(name), None) => peer.connected_to(name),
                _ => false,
            })
        })
    }

    /// Whether a peer is made at `connect` already, so that messages can wait for the connection.
    pub(crate) fn attaches_early(&self, options: &Options) -> bool {
        use SocketType::*;
        !options.immediate
            && match self.kind {
                Pair | Req | Dealer | Push => true,
                Client | Server | Scatter | Peer | Channel => true,
                Router | Stream => options.connect_routing_id.is_some(),
                Pub | Sub | Rep | Pull | Xpub | Xsub => false,
                Radio | Dish | Gather | Dgram => false,
            }
    }

    /// The options for a connect, with what is good for one connect only taken out.
    pub(crate) fn take_connect_options(&self) -> Options {
        let mut options = self.options.lock();
        let copy = options.clone();
        options.connect_routing_id = None;
        copy
    }

    fn take_adopted(&self) -> Option<OwnedFd> {
        self.endpoints.lock().adopted.take()
    }

    fn connects_once(&self) -> bool {
        matches!(self.kind, SocketType::Dealer | SocketType::Sub | SocketType::Pub | SocketType::Req)
    }

    pub(super) fn choose_io(&self, options: &Options) -> Result<Arc<IoShared>, EndpointCause> {
        self.context.choose_io(options.affinity).map_err(system)?.ok_or(EndpointCause::NoIoThread)
    }

    pub(super) fn record(&self, text: String, bound: bool, place: Place) {
        let mut endpoints = self.endpoints.lock();
        endpoints.last.clone_from(&text);
        endpoints.records.push(Record { text, bound, place });
    }

    /// DGRAM knows nothing but datagrams.
    fn refuse_transport(&self, endpoint: &Endpoint) -> Result<(), EndpointCause> {
        match (self.kind, endpoint) {
            (SocketType::Dgram, Endpoint::Udp(_)) => Ok(()),
            (SocketType::Dgram, _) => Err(EndpointCause::NotForThisType),
            _ => Ok(()),
        }
    }

    fn refuse_if_ended(&self) -> Result<(), EndpointCause> {
        match (self.is_open(), self.is_terminated()) {
            (true, _) => Ok(()),
            (false, true) => Err(EndpointCause::Terminated),
            (false, false) => Err(EndpointCause::Closed),
        }
    }
}

/// Nobody binds what the network can reach without a mechanism by accident.
pub(super) fn refuse_open(options: &Options, address: SocketAddr) -> Result<(), EndpointCause> {
    let own = address.ip().to_canonical().is_loopback();
    let open = !own && options.security.mechanism() == Mechanism::Null;
    if open && !options.open_to_network { Err(EndpointCause::OpenToNetwork) } else { Ok(()) }
}

pub(super) fn net(error: NetError) -> EndpointCause {
    if error.kind() == io::ErrorKind::AddrInUse {
        EndpointCause::InUse
    } else {
        EndpointCause::System(error.into())
    }
}

pub(super) fn system(error: io::Error) -> EndpointCause {
    if error.kind() == io::ErrorKind::AddrInUse { EndpointCause::InUse } else { EndpointCause::System(error) }
}

/// Looks up where to listen. Names are resolved here, in the calling thread, because `bind` answers at once.
pub(super) fn bind_address(endpoint: &TcpAddress, ipv6: bool) -> io::Result<SocketAddr> {
    let port = endpoint.port.map_or(0, NonZeroU16::get);
    let wildcard = || if ipv6 { IpAddr::from([0u16; 8]) } else { IpAddr::from([0u8; 4]) };
    match &endpoint.host {
        Host::Any => Ok(SocketAddr::new(wildcard(), port)),
        Host::V4(address) => Ok(SocketAddr::new((*address).into(), port)),
        Host::V6(address, zone) => {
            let zone = zone.as_deref().map_or(Ok(0), interfaces::zone)?;
            Ok(SocketAddrV6::new(*address, port, 0, zone).into())
        }
        Host::Name(name) => {
            let family = if ipv6 { Family::Any } else { Family::V4 };
            let mut found = interfaces::addresses(name, port, family)?;
            if found.is_empty() {
                found = resolve_blocking(name, port, family)?;
            }
            found
                .into_iter()
                .next()
                .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))
        }
    }
}

fn tcp_target(endpoint: &TcpEndpoint, options: &Options) -> Result<Target, EndpointCause> {
    let host = match &endpoint.address.host {
        Host::Any => return Err(EndpointCause::Malformed(EndpointError::NotConnectable)),
        Host::V4(address) => address.to_string(),
        Host::V6(address, None) => address.to_string(),
        Host::V6(address, Some(zone)) => format!("{address}%{zone}"),
        Host::Name(name) => name.clone(),
    };
    let port = endpoint.address.port.map_or(0, NonZeroU16::get);
    // A proxy may say from where it is to be reached, as an endpoint may: `source;host:port`.
    let of_proxy = options.socks_proxy.as_ref().and_then(|proxy| match format!("tcp://{proxy}").parse() {
        Ok(Endpoint::Tcp(proxy)) => proxy.source,
        _ => None,
    });
    let source = match of_proxy.as_ref().or(endpoint.source.as_ref()) {
        None => None,
        Some(source) => Some(bind_address(source, options.ipv6).map_err(system)?),
    };
    Ok(Target::Tcp { host, port, source, settings: tcp_settings(options) })
}

fn ipc_name(endpoint: &IpcEndpoint) -> IpcName {
    match endpoint {
        IpcEndpoint::Path(path) => IpcName::Path(path.into()),
        IpcEndpoint::Abstract(name) => IpcName::Abstract(name.clone().into()),
        IpcEndpoint::Wildcard => IpcName::Wildcard,
    }
}

fn ipc_settings(options: &Options) -> IpcSettings {
    IpcSettings { mode: None, send_buffer: options.send_buffer, receive_buffer: options.receive_buffer }
}

fn tcp_settings(options: &Options) -> TcpSettings {
    TcpSettings {
        keepalive: options.tcp_keepalive,
        keepalive_count: options.tcp_keepalive_count,
        keepalive_idle: options.tcp_keepalive_idle,
        keepalive_interval: options.tcp_keepalive_interval,
        user_timeout: options.tcp_max_retransmit,
        type_of_service: options.type_of_service,
        priority: options.priority,
        busy_poll: options.busy_poll,
        send_buffer: options.send_buffer,
        receive_buffer: options.receive_buffer,
        bind_to_device: options.bind_to_device.clone(),
    }
}
