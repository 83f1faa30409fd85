#![allow(missing_docs)]
use std::{fmt, net::IpAddr};
pub enum Endpoint { Tcp(TcpEndpoint), Ipc(IpcEndpoint), Inproc(String) }
pub enum Host { Any, Ip(IpAddr), Name(String) }
pub struct TcpEndpoint { pub host: Host, pub port: u16, pub source: Option<Box<TcpEndpoint>> }
pub enum IpcEndpoint { Path(String), Abstract(String), Wildcard }
#[derive(Debug)]
pub struct EndpointError;
impl fmt::Display for EndpointError { fn fmt(&self, o: &mut fmt::Formatter<'_>) -> fmt::Result { o.write_str("bad") } }
impl Endpoint { pub fn parse(t: &str) -> Result<Self, EndpointError> {
 if let Some(n) = t.strip_prefix("inproc://") { return Ok(Self::Inproc(n.into())); }
 if let Some(n) = t.strip_prefix("ipc://") { return Ok(Self::Ipc(if n == "*" { IpcEndpoint::Wildcard } else if let Some(a) = n.strip_prefix('@') { IpcEndpoint::Abstract(a.into()) } else { IpcEndpoint::Path(n.into()) })); }
 let n = t.strip_prefix("tcp://").ok_or(EndpointError)?; let (h, p) = n.rsplit_once(':').ok_or(EndpointError)?;
 let port = if p == "*" { 0 } else { p.parse().map_err(|_| EndpointError)? };
 let host = if h == "*" { Host::Any } else if let Ok(ip) = h.parse() { Host::Ip(ip) } else { Host::Name(h.into()) };
 Ok(Self::Tcp(TcpEndpoint { host, port, source: None })) } }
