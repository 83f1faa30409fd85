//! The whole interop matrix with libzmq on both sides. It shows that each case demands what ZeroMQ does, so that a
//! failure with Zeroxide on one side is Zeroxide's.

use zeroxide_testing::interop::End;
use zeroxide_testing::{Kind, PythonPeer};

/// A libzmq socket in a process of its own.
struct Libzmq {
    socket: zeroxide_testing::RemoteSocket,
    _peer: PythonPeer,
}

fn open(kind: Kind) -> Box<dyn End> {
    let peer = PythonPeer::spawn();
    Box::new(Libzmq { socket: peer.socket(kind), _peer: peer })
}

impl End for Libzmq {
    fn set_routing_id(&mut self, id: &[u8]) {
        End::set_routing_id(&mut self.socket, id);
    }

    fn set_mandatory(&mut self) {
        End::set_mandatory(&mut self.socket);
    }

    fn subscribe(&mut self, topic: &[u8]) {
        End::subscribe(&mut self.socket, topic);
    }

    fn bind(&mut self, endpoint: &str) -> String {
        End::bind(&mut self.socket, endpoint)
    }

    fn connect(&mut self, endpoint: &str) {
        End::connect(&mut self.socket, endpoint);
    }

    fn send(&mut self, parts: Vec<Vec<u8>>) -> bool {
        End::send(&mut self.socket, parts)
    }

    fn recv(&mut self, limit: std::time::Duration) -> Option<Vec<Vec<u8>>> {
        End::recv(&mut self.socket, limit)
    }
}

zeroxide_testing::interop_matrix!(crate::open);
