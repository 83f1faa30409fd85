//! What networks and machines do to connections: cut, frozen, half open, killed, restarted, and all at once.
//!
//! Bounded here; `cargo xtask chaos` repeats it for as long as it is told, with `ZEROXIDE_CHAOS=long` for the large numbers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
#[path = "../common/mod.rs"]
mod common;
mod ground;
mod names;
mod process;
mod relay;
mod stories;

/// The large number in the long version.
fn many(few: usize, many: usize) -> usize {
    if std::env::var("ZEROXIDE_CHAOS").is_ok_and(|extent| extent == "long") { many } else { few }
}

/// Each story on each ground.
macro_rules! told {
    (on $ground:expr; $($story:ident)*) => {$(
        #[test]
        fn $story() {
            crate::stories::$story($ground);
        }
    )*};
    ($($ground:ident)*) => {$(
        mod $ground {
            told!(on stringify!($ground);
                a_server_killed_at_any_point_of_the_handshake_is_found_again
                a_client_killed_at_any_point_of_the_handshake_is_forgotten_and_others_are_served
                a_frozen_process_is_missed_and_welcome_when_it_goes_on
                half_open_connections_are_found_by_both_sides
                through_many_cuts_nothing_comes_twice_or_in_another_order
                after_a_cut_everybody_returns_at_once_and_is_served
                a_publisher_that_returns_is_told_all_subscriptions_of_before
                one_who_does_not_read_holds_up_nobody_else_and_costs_no_more_than_its_queue
            );
        }
    )*};
}

told!(null_over_tcp null_over_ipc plain_over_tcp plain_over_ipc curve_over_tcp curve_over_ipc);
