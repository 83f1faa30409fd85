#![allow(missing_docs)]
use crate::{Stream, interfaces::Family};
use std::{io, net::{IpAddr, SocketAddr, ToSocketAddrs}};
pub struct AcceptFilter;
impl AcceptFilter { pub fn parse(_: &str) -> Result<Self, ()> { Ok(Self) } pub fn permits(&self, _: IpAddr) -> bool { true } }
#[derive(Default)]
pub struct IpcPeerFilter { pub process_ids: Vec<u32>, pub user_ids: Vec<u32>, pub group_ids: Vec<u32> }
impl IpcPeerFilter { pub fn permits(&self, _: &Stream) -> bool { true } }
pub struct Resolver;
impl Resolver { pub fn new() -> Self { Self } pub fn resolve(&self, host: &str, port: u16, _f: Family, done: impl FnOnce(io::Result<Vec<SocketAddr>>) + Send + 'static) { done((host, port).to_socket_addrs().map(|a| a.collect())) } }
pub struct SocksTarget;
impl SocksTarget { pub fn new(_: &str, _: u16) -> Self { Self } }
pub struct Socks;
pub enum Progress { More, Done { consumed: usize } }
impl Socks { pub fn new(_: SocksTarget, _: Option<(String, String)>, _: &mut Vec<u8>) -> Self { Self } pub fn receive(&mut self, _: &[u8], _: &mut Vec<u8>) -> Result<Progress, io::Error> { Ok(Progress::More) } }
pub mod resolve { use super::*; pub fn blocking(host: &str, port: u16, _f: Family) -> io::Result<Vec<SocketAddr>> { Ok((host, port).to_socket_addrs()?.collect()) } }
