//! The interop matrix as data: who exchanges what with whom, over what, and which side binds.
//!
//! "We" is the implementation under test, "they" is libzmq. [`for_each_exchange`](crate::for_each_exchange) is the
//! one list; the table [`EXCHANGES`] and the named tests of [`interop_matrix`](crate::interop_matrix) come from it.

use crate::Kind;

/// One legal pair of socket types and the way data goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exchange {
    /// The name its tests have.
    pub name: &'static str,
    /// Our socket.
    pub we: Kind,
    /// libzmq's socket.
    pub they: Kind,
    /// Who sends, and what comes back.
    pub flow: Flow,
}

/// Who sends first, and whether an answer belongs to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    /// We send all messages back to back; they see each exactly once, in order, octet for octet.
    WeSend,
    /// The other way round.
    TheySend,
    /// We ask, they see the question, answer, and we see the answer; then the next.
    WeAsk,
    /// The other way round.
    TheyAsk,
}

/// What carries it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// Loopback, port chosen by the binder.
    Tcp,
    /// A fresh path.
    Ipc,
}

/// Which side binds; the other connects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binder {
    /// We bind.
    We,
    /// They bind.
    They,
}

/// What a message of the case looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// One part.
    Single,
    /// Four parts: the size, nothing, one octet, the size again.
    Multipart,
}

/// One test: an exchange with everything that was left open decided. It goes through all of [`SIZES`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Case {
    /// The pair.
    pub exchange: Exchange,
    /// What carries it.
    pub transport: Transport,
    /// Who binds.
    pub binder: Binder,
    /// The look of the messages.
    pub shape: Shape,
}

/// Sizes at the edges: the short frame ends at 255, libzmq's batch at 8192.
pub const SIZES: [usize; 8] = [0, 1, 255, 256, 8191, 8192, 8193, 1 << 20];

/// `for_each_exchange!([callback], extra...)` calls `callback! { (extra...) name: we, they, flow; ... }` with every exchange there is.
#[macro_export]
macro_rules! for_each_exchange {
    ([$($callback:tt)+] $(, $extra:tt)*) => {
        $($callback)+! { ($($extra)*)
            pair_to_pair: Pair, Pair, WeSend;
            pair_from_pair: Pair, Pair, TheySend;
            pub_to_sub: Pub, Sub, WeSend;
            pub_to_xsub: Pub, Xsub, WeSend;
            xpub_to_sub: Xpub, Sub, WeSend;
            xpub_to_xsub: Xpub, Xsub, WeSend;
            xpub_from_xsub: Xpub, Xsub, TheySend;
            sub_from_pub: Sub, Pub, TheySend;
            sub_from_xpub: Sub, Xpub, TheySend;
            xsub_from_pub: Xsub, Pub, TheySend;
            xsub_from_xpub: Xsub, Xpub, TheySend;
            xsub_to_xpub: Xsub, Xpub, WeSend;
            req_asks_rep: Req, Rep, WeAsk;
            req_asks_router: Req, Router, WeAsk;
            rep_answers_req: Rep, Req, TheyAsk;
            rep_answers_dealer: Rep, Dealer, TheyAsk;
            dealer_asks_rep: Dealer, Rep, WeAsk;
            dealer_to_dealer: Dealer, Dealer, WeSend;
            dealer_from_dealer: Dealer, Dealer, TheySend;
            dealer_to_router: Dealer, Router, WeSend;
            dealer_from_router: Dealer, Router, TheySend;
            router_answers_req: Router, Req, TheyAsk;
            router_to_dealer: Router, Dealer, WeSend;
            router_from_dealer: Router, Dealer, TheySend;
            router_to_router: Router, Router, WeSend;
            router_from_router: Router, Router, TheySend;
            push_to_pull: Push, Pull, WeSend;
            pull_from_push: Pull, Push, TheySend;
        }
    };
}

macro_rules! table {
    (() $($name:ident: $we:ident, $they:ident, $flow:ident;)*) => {
        &[$(Exchange { name: stringify!($name), we: Kind::$we, they: Kind::$they, flow: Flow::$flow }),*]
    };
}

/// Every exchange there is.
pub const EXCHANGES: &[Exchange] = for_each_exchange!([table]);

/// Makes a `#[test]` of every case, in modules of the transport, the binder and the shape, such as
/// `tcp::we_bind::multipart::push_to_pull`. `$open` is the absolute path of a `fn(Kind) -> Box<dyn End>` that opens
/// a socket of the implementation under test.
#[macro_export]
macro_rules! interop_matrix {
    ($open:path) => {
        mod tcp {
            $crate::interop_binders!(Tcp, $open);
        }
        mod ipc {
            $crate::interop_binders!(Ipc, $open);
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! interop_binders {
    ($transport:ident, $open:path) => {
        mod we_bind {
            $crate::interop_shapes!($transport, We, $open);
        }
        mod we_connect {
            $crate::interop_shapes!($transport, They, $open);
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! interop_shapes {
    ($transport:ident, $binder:ident, $open:path) => {
        mod single {
            $crate::for_each_exchange!([$crate::interop_tests], $transport, $binder, Single, ($open));
        }
        mod multipart {
            $crate::for_each_exchange!([$crate::interop_tests], $transport, $binder, Multipart, ($open));
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! interop_tests {
    (($transport:ident $binder:ident $shape:ident ($open:path))
     $($name:ident: $we:ident, $they:ident, $flow:ident;)*) => {
        $(
            #[test]
            fn $name() {
                use $crate::{Kind, interop, matrix::*};
                let exchange =
                    Exchange { name: stringify!($name), we: Kind::$we, they: Kind::$they, flow: Flow::$flow };
                interop::run(
                    Case {
                        exchange,
                        transport: Transport::$transport,
                        binder: Binder::$binder,
                        shape: Shape::$shape,
                    },
                    $open,
                );
            }
        )*
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_legal_pair_is_in_the_table_and_no_other() {
        for we in Kind::ALL {
            for they in Kind::ALL {
                let listed = EXCHANGES.iter().any(|exchange| (exchange.we, exchange.they) == (we, they));
                assert_eq!(listed, we.peers().contains(&they), "{we} and {they}");
            }
        }
    }

    #[test]
    fn every_exchange_has_its_mirror_image() {
        for exchange in EXCHANGES {
            let flow = match exchange.flow {
                Flow::WeSend => Flow::TheySend,
                Flow::TheySend => Flow::WeSend,
                Flow::WeAsk => Flow::TheyAsk,
                Flow::TheyAsk => Flow::WeAsk,
            };
            let mirrored =
                |other: &&Exchange| (other.we, other.they, other.flow) == (exchange.they, exchange.we, flow);
            assert!(EXCHANGES.iter().any(|other| mirrored(&other)), "{}", exchange.name);
        }
    }

    #[test]
    fn the_matrix_has_more_than_200_cases() {
        let (transports, binders, shapes) = (2, 2, 2);
        assert!(EXCHANGES.len() * transports * binders * shapes > 200);
    }
}
