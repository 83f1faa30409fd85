//! Options of contexts and sockets: numbers and octets from C, typed values inside.

pub mod context;
