//! Small policies over peer numbers: who is next, who has which name, who wants which topic.
//!
//! A policy here knows peers only by [`PeerId`]. It knows neither messages nor connections; the sockets in
//! [`socket`](crate::socket) combine policies into rules.

pub mod fair_queue;
pub mod load_balance;
pub mod names;
pub mod numbers;
pub mod peers;
pub mod subscriptions;

pub use fair_queue::FairQueue;
pub use load_balance::LoadBalance;
pub use names::Names;
pub use numbers::Numbers;
pub use peers::{PeerId, PeerTable, Peers, Ring};
pub use subscriptions::{Added, Copies, Removed, Subscriptions};
