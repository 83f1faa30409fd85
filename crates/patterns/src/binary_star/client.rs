//! A client of a pair: asks one server, then the other.

use crate::{
    CallError, PatternError,
    clock::{sleep_until, within},
    delay::Delay,
};
use std::time::{Duration, Instant};
use zeroxide::{Context, Message, Req, block_on};

/// How long a [`StarClient`] is patient.
///
/// ```
/// use zeroxide_patterns::binary_star::StarClientOptions;
/// let options = StarClientOptions { tries: 4, ..StarClientOptions::default() };
/// assert_eq!(options.timeout.as_secs(), 1);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StarClientOptions {
    /// How long a server is given to answer. 1 s.
    pub timeout: Duration,
    /// How long to wait before the other server is asked, a quarter more or less at random: it needs the time to notice
    /// that its peer is gone. 2 s; at least the servers' `peer_timeout`.
    pub settle: Duration,
    /// How often a request is sent at most. 10.
    pub tries: u32,
}

impl Default for StarClientOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(1), settle: Duration::from_secs(2), tries: 10 }
    }
}

/// Calls whichever server of a pair serves.
///
/// A call that got no answer is repeated at the other server: a server that died after its work was done has done it for
/// nothing, so services are asked **at least once**. Each try has a connection of its own, so a late answer to an earlier
/// one is never taken for a later one's. The next call begins where the last one was answered.
///
/// See [the module](super) for a running example.
#[derive(Debug)]
pub struct StarClient {
    context: Context,
    endpoints: [String; 2],
    options: StarClientOptions,
    at: usize,
    socket: Option<Req>,
}

impl StarClient {
    /// A client of a primary and its backup.
    ///
    /// # Errors
    /// [`PatternError::Socket`] and [`PatternError::Endpoint`] if one of the endpoints cannot be connected to at all.
    pub fn new(
        context: &Context,
        endpoints: [&str; 2],
        options: StarClientOptions,
    ) -> Result<Self, PatternError> {
        let endpoints = endpoints.map(str::to_owned);
        let mut client = Self { context: context.clone(), endpoints, options, at: 1, socket: None };
        client.open()?;
        client.at = 0;
        client.open()?;
        Ok(client)
    }

    /// The endpoint that is asked first.
    pub fn endpoint(&self) -> &str {
        let [primary, backup] = &self.endpoints;
        if self.at == 0 { primary } else { backup }
    }

    /// Asks, and asks the other server, until there is an answer.
    ///
    /// # Errors
    /// [`CallError::NoAnswer`] after all tries; [`CallError::Pattern`] if the context has ended.
    pub fn call(&mut self, request: impl Into<Message>) -> Result<Message, CallError> {
        block_on(self.call_async(request))
    }

    /// As [`StarClient::call`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`StarClient::call`].
    ///
    /// # Cancel safety
    /// If it is dropped its request may have been sent; its answer is not received by anybody, and the next call has a
    /// connection of its own.
    pub async fn call_async(&mut self, request: impl Into<Message>) -> Result<Message, CallError> {
        let request = request.into();
        let mut settle = Delay::new(self.options.settle, self.options.settle);
        for again in 0..self.options.tries {
            if again > 0 {
                sleep_until(Instant::now() + settle.take()).await;
            }
            let socket = match self.socket.take() {
                Some(socket) => socket,
                None => self.open()?,
            };
            match attempt(&socket, request.clone(), self.options.timeout).await? {
                Some(reply) => {
                    self.socket = Some(socket);
                    return Ok(reply);
                }
                None => self.at = 1 - self.at,
            }
        }
        Err(CallError::NoAnswer { tries: self.options.tries, timeout: self.options.timeout })
    }

    fn open(&self) -> Result<Req, PatternError> {
        let socket = Req::new(&self.context)?;
        socket.set_linger(Some(Duration::ZERO));
        socket.connect(self.endpoint())?;
        Ok(socket)
    }
}

async fn attempt(socket: &Req, request: Message, timeout: Duration) -> Result<Option<Message>, PatternError> {
    socket.send_async(request).await?;
    Ok(within(Instant::now().checked_add(timeout), socket.recv_async()).await.transpose()?)
}
