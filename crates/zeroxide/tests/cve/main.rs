//! What broke libzmq, tried on every socket type: one module for each CVE and each bug without a number that has to do
//! with hostile peers. Each drives raw octets at a socket that serves a legitimate peer, and asks afterwards: is the process
//! alive, is the peer still served, was memory bounded, was it told (event) and counted? docs/reliability.md has the table.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]

#[path = "../common/mod.rs"]
mod common;
mod ward;

mod cve_2014_7202_and_9721;
mod cve_2014_7203;
mod cve_2019_13132;
mod cve_2019_6250;
mod cve_2020_15166;
mod cve_2020_36400;
mod cve_2021_20234;
mod cve_2021_20235;
mod cve_2021_20236;
mod cve_2021_20237;
mod unnumbered;
mod unnumbered_udp;
