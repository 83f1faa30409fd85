//! A peer that is only octets: what it costs is a system call, and nothing of it changes with the library.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

pub(crate) struct Peer(TcpStream);

fn said(error: std::io::Error) -> String {
    format!("the peer: {error}")
}

impl Peer {
    /// Shakes hands with whoever listens there.
    pub(crate) fn connect(endpoint: &str, kind: &str) -> Result<Self, String> {
        let address = endpoint.strip_prefix("tcp://").ok_or("no tcp endpoint")?;
        let mut peer = Self(TcpStream::connect(address).map_err(said)?);
        peer.0.set_nodelay(true).map_err(said)?;
        let mut greeting = b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL".to_vec();
        greeting.resize(64, 0);
        peer.write(&greeting)?;
        let property = [b"\x05READY\x0bSocket-Type\0\0\0".as_slice(), &[kind.len() as u8], kind.as_bytes()];
        let ready = property.concat();
        peer.write(&[4, ready.len() as u8])?;
        peer.write(&ready)?;
        peer.read(&mut [0; 64])?;
        let mut head = [0; 2];
        peer.read(&mut head)?;
        peer.read(&mut vec![0; usize::from(head[1])])?;
        Ok(peer)
    }

    pub(crate) fn write(&mut self, octets: &[u8]) -> Result<(), String> {
        self.0.write_all(octets).map_err(said)
    }

    pub(crate) fn read(&mut self, octets: &mut [u8]) -> Result<(), String> {
        self.0.read_exact(octets).map_err(said)
    }
}
