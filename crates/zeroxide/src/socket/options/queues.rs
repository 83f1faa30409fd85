//! How many messages may wait, for how long, and which calls wait for them.

use super::{Allowed, options, valid, when};
use crate::{error::OptionError, socket::Handle};
use std::time::Duration;
use zeroxide_proto::SocketType::{
    Channel, Client, Dealer, Pair, Pub, Pull, Push, Req, Router, Scatter, Server, Sub,
};

options! {
    /// How many messages may wait for one peer on the way out; `None` is without bound. For sockets that send.
    ///
    /// Default: 1000. Acts at once. Between peers in the same process there is one queue, which holds the sender's number
    /// and the receiver's together. 0 is refused: it would let nothing through (in libzmq it is without bound).
    set_send_high_water_mark(send_high_water_mark: Option<usize>) "ZMQ_SNDHWM"
        if |socket| when(socket.core.kind.sends()).and(lets_something_through(send_high_water_mark));

    /// How many messages may wait from one peer on the way in; `None` is without bound. For sockets that receive.
    ///
    /// What the peer sends beyond it stays in the operating system's buffers, then in the peer's queue. Default: 1000.
    /// Acts at once. 0 is refused: it would let nothing through (in libzmq it is without bound).
    set_receive_high_water_mark(receive_high_water_mark: Option<usize>) "ZMQ_RCVHWM"
        if |socket| when(socket.core.kind.receives()).and(lets_something_through(receive_high_water_mark));

    /// Keeps only the newest message in each queue; what it replaces is counted as
    /// [`Loss::Conflated`](crate::Loss::Conflated). For DEALER, PUSH, PULL, PUB and SUB, and messages of one frame.
    ///
    /// Default: false. Acts at once; to be set before the first bind or connect, so that it holds for all messages.
    /// (libzmq accepts it on sockets of all types, and ignores it on the others.)
    set_conflate(conflate: bool) "ZMQ_CONFLATE" if |socket| socket.is_one_of(&[Dealer, Push, Pull, Pub, Sub]);

    /// How long messages that were sent may delay the end after the socket is dropped, or an endpoint disconnected;
    /// `None` is for ever, zero discards what the operating system does not have yet.
    ///
    /// Default: 5 seconds, and zero for SUB, XSUB and DISH, which send nothing worth waiting for. (libzmq: for ever, so that a
    /// program may hang at its end because a peer is not there.) Acts on what is dropped later.
    ///
    /// What was sent over inproc to a name that nobody has bound yet lingers, too: a bind within this time finds it. The end
    /// of the context does not wait for that, since nobody can bind then. (libzmq keeps it whatever the linger, and even
    /// after a disconnect.)
    set_linger(linger: Option<Duration>) "ZMQ_LINGER";

    /// How long [`send`](crate::Socket::send) may wait for room; `None` is for ever, zero not at all. For sockets that send.
    ///
    /// Default: `None`. Acts on calls that begin later. The other forms, `try_send`, `send_timeout` and `send_async`, do
    /// not look at it.
    set_send_timeout(send_timeout: Option<Duration>) "ZMQ_SNDTIMEO" if |socket| when(socket.core.kind.sends());

    /// How long [`recv`](crate::Socket::recv) may wait for a message; `None` is for ever, zero not at all. For sockets that
    /// receive.
    ///
    /// Default: `None`. Acts on calls that begin later. The other forms, `try_recv`, `recv_timeout` and `recv_async`, do
    /// not look at it.
    set_receive_timeout(receive_timeout: Option<Duration>) "ZMQ_RCVTIMEO"
        if |socket| when(socket.core.kind.receives());

    /// Queues messages only for connections that are up; otherwise an endpoint gets its queue when it is connected to,
    /// and work may wait there for a peer that never comes. For PAIR, REQ, DEALER, PUSH, CLIENT,
    /// SERVER, SCATTER, CHANNEL, and ROUTER with [`set_connect_routing_id`](Self::set_connect_routing_id): the others do
    /// so anyway, or cannot (PEER, where a connect answers with the number of its peer).
    ///
    /// Default: false. Acts on endpoints connected later.
    set_immediate(immediate: bool) "ZMQ_IMMEDIATE" if |socket| socket.is_one_of(&[
        Pair, Req, Dealer, Push, Router, Client, Server, Scatter, Channel,
    ]);
}

impl Handle {
    /// How long a thread that waits in a blocking send or receive polls before it sleeps: it reads and writes its
    /// connections itself, again and again, and is there the moment something comes. For whoever pays with a processor for
    /// round trips without a wake-up.
    ///
    /// - Zero, the default, sleeps at once. Acts on calls that begin later; each begins anew. Timeouts, shutdown and
    ///   other threads that send or close end the wait as ever.
    /// - It is of use only if the answer usually comes within this time and no other thread wants the processor.
    ///   [`Statistics::sleeps`](crate::Statistics::sleeps) says how often it was not enough.
    /// - With more than eight connections on a socket an I/O thread reads, which does sleep; then, and over inproc, the
    ///   waiting thread is spared its own wake-up only.
    /// - Calls that wait for several sockets ([`Poller`](crate::Poller), [`Proxy`](crate::Proxy)) do not poll; of tasks only
    ///   what [`block_on`](crate::block_on) runs does.
    ///
    /// This is of the library, and needs neither privileges nor a device; [`set_busy_poll`](Self::set_busy_poll)
    /// (`ZMQ_BUSY_POLL`) asks the kernel to poll the network device. Either works without the other. libzmq has nothing of
    /// the kind, so the C API has no option for it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use zeroxide::{Context, Rep, Req};
    /// let context = Context::new();
    /// let (req, rep) = (Req::new(&context)?, Rep::new(&context)?);
    /// req.set_busy_wait(Duration::from_micros(200));
    /// rep.set_busy_wait(Duration::from_micros(200));
    /// req.connect(&rep.bind("tcp://127.0.0.1:*")?)?;
    /// let answering = std::thread::spawn(move || {
    ///     rep.send(rep.recv()?)?;
    ///     Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// });
    /// req.send("soon?")?;
    /// assert_eq!(req.recv()?, "soon?".into());
    /// assert!(answering.join().is_ok_and(|answered| answered.is_ok()));
    /// println!("slept {} times", req.statistics().sleeps);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_busy_wait(&self, busy_wait: Duration) {
        self.change_options(|options| options.busy_wait = busy_wait);
    }

    /// What [`set_busy_wait`](Self::set_busy_wait) was given last, or zero.
    pub fn busy_wait(&self) -> Duration {
        self.get(|options| options.busy_wait)
    }
}

fn lets_something_through(limit: Option<usize>) -> Allowed {
    valid(limit != Some(0), "a limit of 0 lets nothing through; None is without bound")
}
