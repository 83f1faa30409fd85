//! What measuring programs share: numbered messages, medians, tables, charts.
//!
//! It knows neither sockets nor workloads. `bench/versus` includes this folder by its path, so that there is one of each.

pub(crate) mod chart;
pub(crate) mod figure;
pub(crate) mod machine;
pub(crate) mod order;
pub(crate) mod table;
