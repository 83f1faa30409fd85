//! Binding and connecting by UDP: which address, which group, which interface.

use super::{
    core::Core,
    endpoints::{Place, bind_address, net, refuse_open, system},
};
use crate::{
    error::EndpointCause,
    io::{shared::Command, udp::UdpSession},
    link::Datagrams,
    monitor::Event,
    origin::Origin,
    peer::Link,
};
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::*},
};
use zeroxide_net::{Family, UdpSettings, UdpSocket, interfaces};
use zeroxide_proto::{
    Frame, Options, SocketType,
    connection::{PeerProperties, Version},
    endpoint::{Host, UdpEndpoint},
    security::{Admission, Mechanism},
    socket::Facts,
};

impl Core {
    /// DISH and DGRAM receive what comes to an address or a group.
    pub(super) fn bind_udp(self: &Arc<Self>, endpoint: &UdpEndpoint) -> Result<String, EndpointCause> {
        if !matches!(self.kind, SocketType::Dish | SocketType::Dgram) {
            return Err(EndpointCause::NotForThisType);
        }
        let options = self.options.lock().clone();
        self.refuse_secure(&options)?;
        let address = bind_address(&endpoint.address, options.ipv6).map_err(system)?;
        let settings = udp_settings(&options, endpoint, address)?;
        if !endpoint.interface.as_ref().is_some_and(is_loopback) {
            refuse_open(&options, address)?;
        }
        let socket = UdpSocket::bind(address, &settings).map_err(net)?;
        let bound = match &endpoint.interface {
            Some(interface) => socket.local_address().replacen("udp://", &format!("udp://{interface};"), 1),
            None => socket.local_address(),
        };
        self.open_udp(socket, None, bound.clone(), &options)?;
        let endpoint = bound.clone();
        self.emit(|| Event::Listening { endpoint });
        Ok(bound)
    }

    /// A RADIO sends to an address or a group. A name is looked up here and now.
    pub(super) fn connect_udp(
        self: &Arc<Self>,
        endpoint: &UdpEndpoint,
        text: &str,
    ) -> Result<(), EndpointCause> {
        if self.kind != SocketType::Radio {
            return Err(EndpointCause::NotForThisType);
        }
        let options = self.take_connect_options();
        self.refuse_secure(&options)?;
        let target = bind_address(&endpoint.address, options.ipv6).map_err(system)?;
        let settings = udp_settings(&options, endpoint, target)?;
        let socket = UdpSocket::open(target, &settings).map_err(net)?;
        self.open_udp(socket, Some(target), text.to_owned(), &options)
    }

    /// Datagrams are neither encrypted nor is anybody asked about who sends them: whoever configured that is told so, where
    /// libzmq says nothing.
    fn refuse_secure(&self, options: &Options) -> Result<(), EndpointCause> {
        let security = &options.security;
        let wanted = security.mechanism() != Mechanism::Null || self.asks(options);
        match wanted && security.admission != Admission::AsLibzmq {
            true => Err(EndpointCause::Option("udp knows no mechanism and no authenticator")),
            false => Ok(()),
        }
    }

    /// Gives a UDP socket its peer and its I/O thread.
    fn open_udp(
        self: &Arc<Self>,
        socket: UdpSocket,
        target: Option<SocketAddr>,
        endpoint: String,
        options: &Options,
    ) -> Result<(), EndpointCause> {
        let bound = target.is_none();
        let io = self.choose_io(options)?;
        let key = io.new_key();
        let link = Datagrams::new(io.clone(), key, socket, target, options.max_message_size);
        // Here, where its failure is an error that somebody sees. What comes before the I/O thread knows the link waits.
        let reading = if bound { link.begin_reading() } else { Ok(()) };
        if let Err(error) = reading {
            io.load.fetch_sub(1, Relaxed);
            return Err(system(error));
        }
        let link = Link::Udp(Box::new(link));
        let facts = Facts { datagrams: true, initiated: !bound, ..Facts::default() };
        let (outbox, inbox) = self.new_lanes();
        let Ok((peer, booked)) = self.attach(link, &facts, outbox, inbox) else {
            io.load.fetch_sub(1, Relaxed);
            return Err(EndpointCause::Option("the socket takes no further endpoint"));
        };
        let nobody = PeerProperties {
            version: Version::V3_1,
            socket_type: None,
            routing_id: Frame::EMPTY,
            metadata: Vec::new(),
        };
        *peer.origin.lock() = Origin::at(endpoint.clone(), String::new(), nobody, None);
        self.apply(booked);
        self.context.shutdown.session_begins();
        self.record(endpoint.clone(), bound, Place::Io(io.clone(), key));
        self.link_up(&peer);
        let session = UdpSession { core: self.clone(), peer, endpoint, bound, closing: false };
        io.command(Command::Udp { key, session: Box::new(session) });
        Ok(())
    }
}

fn udp_settings(
    options: &Options,
    endpoint: &UdpEndpoint,
    address: SocketAddr,
) -> Result<UdpSettings, EndpointCause> {
    let interface = endpoint.interface.as_ref().map_or(Ok(0), number_of).map_err(system)?;
    if endpoint.interface.is_some() && !address.ip().is_multicast() {
        return Err(EndpointCause::Option("an interface goes with a multicast group"));
    }
    Ok(UdpSettings {
        multicast_hops: options.multicast_hops,
        multicast_loop: options.multicast_loop,
        interface,
        type_of_service: options.type_of_service,
        priority: options.priority,
        send_buffer: options.send_buffer,
        receive_buffer: options.receive_buffer,
        bind_to_device: options.bind_to_device.clone(),
    })
}

/// Whether only this machine can reach a group that is joined here.
fn is_loopback(interface: &Host) -> bool {
    match interface {
        Host::Any => false,
        Host::V4(address) => address.is_loopback(),
        Host::V6(address, _) => address.is_loopback(),
        Host::Name(name) => interfaces::addresses(name, 0, Family::Any)
            .is_ok_and(|found| !found.is_empty() && found.iter().all(|address| address.ip().is_loopback())),
    }
}

/// The number of an interface; 0 leaves it to the system.
fn number_of(interface: &Host) -> io::Result<u32> {
    match interface {
        Host::Any => Ok(0),
        Host::V4(address) => interfaces::number_of((*address).into()),
        Host::V6(address, _) => interfaces::number_of((*address).into()),
        Host::Name(name) => interfaces::zone(name),
    }
}
