//! The addresses of a network interface by its name.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

/// Which family of addresses is wanted.
///
/// ```
/// use zeroxide_net::{Family, resolve_blocking};
/// let addresses = resolve_blocking("127.0.0.1", 80, Family::V4)?;
/// assert!(addresses.iter().all(|address| Family::V4.includes(address.ip())));
/// assert!(!Family::V6.includes(addresses[0].ip()));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
    /// Both, in the order of preference of the system.
    Any,
}

impl Family {
    /// Whether `address` is of this family.
    pub fn includes(self, address: IpAddr) -> bool {
        match self {
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
            Self::Any => true,
        }
    }
}

/// The addresses of the interface `name` (`eth0`, `lo`) with `port`; IPv4 before IPv6, and among these the
/// link-local ones last, which carry their zone. Empty if there is no such interface or it has no such address.
///
/// ```
/// use zeroxide_net::interfaces::{Family, addresses};
///
/// assert!(addresses("no such interface", 0, Family::Any)?.is_empty());
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// What the system answers when the interfaces cannot be listed.
pub fn addresses(name: &str, port: u16, family: Family) -> io::Result<Vec<SocketAddr>> {
    let mut found: Vec<SocketAddr> = if_addrs::get_if_addrs()?
        .into_iter()
        .filter(|interface| interface.name == name && family.includes(interface.ip()))
        .map(|interface| match interface.ip() {
            IpAddr::V6(ip) if ip.is_unicast_link_local() => {
                SocketAddrV6::new(ip, port, 0, interface.index.unwrap_or(0)).into()
            }
            ip => SocketAddr::new(ip, port),
        })
        .collect();
    found.sort_by_key(|address| match address {
        SocketAddr::V4(_) => 0,
        SocketAddr::V6(address) => 1 + u8::from(address.ip().is_unicast_link_local()),
    });
    Ok(found)
}

/// The number of the interface that has this address; 0 for an unspecified address, which leaves it to the system.
///
/// ```
/// assert_ne!(zeroxide_net::interfaces::number_of([127, 0, 0, 1].into())?, 0);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// `ENODEV` as raw error if there is no such interface.
pub fn number_of(address: IpAddr) -> io::Result<u32> {
    if address.is_unspecified() {
        return Ok(0);
    }
    let found = if_addrs::get_if_addrs()?.into_iter().find(|interface| interface.ip() == address);
    Ok(found.and_then(|interface| interface.index).ok_or(rustix::io::Errno::NODEV)?)
}

/// The number of the interface `name`, which is the zone of a link-local address; a number stands for itself.
///
/// # Errors
///
/// `ENODEV` as raw error if there is no such interface.
pub fn zone(name: &str) -> io::Result<u32> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let socket = crate::ipc_file::new_socket()?;
    Ok(rustix::net::netdevice::name_to_index(&socket, name)?)
}
