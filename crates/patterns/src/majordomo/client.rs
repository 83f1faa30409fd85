//! The client: asks for a service, and asks again, of another broker if it knows one. One question at a time;
//! [`Pipeline`](super::Pipeline) has many.
//!
//! ```text
//!  ask --> wait --answer--> done
//!   ^        | no answer in time
//!   |        v
//!   '-- pause, new socket to the next broker         (tries used up, or a part was delivered: an error)
//! ```

use super::{
    Version,
    command::{self, Share},
    dial::Dial,
    once::Stamp,
};
use crate::{
    CallError, PatternError,
    clock::{sleep_until, within},
    delay::Delay,
};
use std::time::{Duration, Instant};
use zeroxide::{Context, Dealer, Frame, Message, block_on};

/// How a [`Client`] asks.
///
/// ```
/// use std::time::Duration;
/// use zeroxide_patterns::majordomo::ClientOptions;
/// let patient = ClientOptions { timeout: Duration::from_secs(60), tries: 1, ..ClientOptions::default() };
/// assert_eq!(ClientOptions::default().tries, 3);
/// # assert_eq!(patient.tries, 1);
/// ```
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// The version of MDP. 0.1; partial answers need 0.2.
    pub version: Version,
    /// How long an answer, or the next part of one, is waited for. 2.5 s.
    pub timeout: Duration,
    /// How often a request is sent at most. 3; 1 for services that must not do anything twice.
    pub tries: u32,
    /// The pause before the second try, doubled for each further one, a quarter more or less at random. 100 ms.
    pub pause: Duration,
    /// The longest pause. 5 s.
    pub longest_pause: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            version: Version::default(),
            timeout: Duration::from_millis(2500),
            tries: 3,
            pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(5),
        }
    }
}

/// Asks for services of a broker, or of several that stand in for each other.
///
/// - A request that is not answered in time is sent again, by a new socket, to the next of the endpoints. So a service
///   may be asked twice; where that does harm see [`Once`](super::Once), or ask once only.
/// - An answer that comes too late goes to the old socket, and nowhere.
/// - An endpoint that answered is kept.
///
/// For an example see [the module](super).
#[derive(Debug)]
pub struct Client {
    dial: Dial,
    options: ClientOptions,
    dealer: Option<Dealer>,
    delay: Delay,
    stamp: Stamp,
}

/// The parts of an answer as they come, the final one last; see [`Client::stream`].
///
/// The iterator ends after the final part, and after an error. Whatever is left when this is dropped is not received by
/// anybody.
///
/// ```
/// use zeroxide::{Context, Message};
/// use zeroxide_patterns::majordomo::{BrokerOptions, BrokerServer, Client, ClientOptions, Version, Worker, WorkerOptions};
/// let context = Context::new();
/// let broker = BrokerServer::new(&context, BrokerOptions::default())?;
/// let endpoint = broker.bind("inproc://parts")?;
/// std::thread::spawn(move || broker.run());
/// let version = Version::V2;
/// let options = WorkerOptions { version, ..WorkerOptions::default() };
/// let mut worker = Worker::new(&context, &[&endpoint], "count", options)?;
/// std::thread::spawn(move || worker.serve_in_parts(|_, parts| {
///     parts.send("one")?;
///     parts.send("two")?;
///     Ok(Message::from("three"))
/// }));
///
/// let mut client = Client::new(&context, &[&endpoint], ClientOptions { version, ..ClientOptions::default() })?;
/// let parts: Result<Vec<Message>, _> = client.stream("count", "to three").collect();
/// assert_eq!(parts?, ["one", "two", "three"].map(Message::from));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Parts<'a> {
    client: &'a mut Client,
    service: Frame,
    body: Message,
    tries: u32,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Asking,
    Began,
    Ended,
}

impl Client {
    /// A client of these brokers, of which it asks the first as long as that answers. Nothing is sent yet.
    ///
    /// # Errors
    /// [`PatternError::NoEndpoint`] if none is given, [`PatternError::Endpoint`] for what is no endpoint,
    /// [`PatternError::Socket`] if the context has no room for a socket.
    pub fn new(
        context: &Context,
        endpoints: &[impl AsRef<str>],
        options: ClientOptions,
    ) -> Result<Self, PatternError> {
        let mut dial = Dial::new(context, endpoints)?;
        let delay = Delay::new(options.pause, options.longest_pause);
        let dealer = Some(dial.dealer()?);
        Ok(Self { dial, options, dealer, delay, stamp: Stamp::new() })
    }

    /// Asks a service, and waits for its final answer. Parts that come before it (0.2) are passed over.
    ///
    /// # Errors
    /// [`CallError::NoAnswer`] if none came, however often it was asked; [`CallError::Broken`] if one began and did not go
    /// on; [`CallError::Pattern`] if the context was shut down, or has no room for a socket.
    pub fn call(
        &mut self,
        service: impl AsRef<[u8]>,
        body: impl Into<Message>,
    ) -> Result<Message, CallError> {
        block_on(self.call_async(service, body))
    }

    /// As [`Client::call`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`Client::call`].
    ///
    /// # Cancel safety
    /// If it is dropped its request may have been sent; its answer is not received by anybody.
    pub async fn call_async(
        &mut self,
        service: impl AsRef<[u8]>,
        body: impl Into<Message>,
    ) -> Result<Message, CallError> {
        let mut parts = self.stream(service, body);
        let mut last = Err(CallError::Broken);
        while let Some(part) = parts.next_async().await {
            last = Ok(part?);
        }
        last
    }

    /// As [`Client::call`], of a service behind [`Once`](super::Once): however often it is asked, it acts once.
    ///
    /// # Errors
    /// As [`Client::call`]; [`CallError::Unstamped`] if the service does not return the stamp.
    pub fn call_once(
        &mut self,
        service: impl AsRef<[u8]>,
        body: impl Into<Message>,
    ) -> Result<Message, CallError> {
        block_on(self.call_once_async(service, body))
    }

    /// As [`Client::call_once`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`Client::call_once`].
    pub async fn call_once_async(
        &mut self,
        service: impl AsRef<[u8]>,
        body: impl Into<Message>,
    ) -> Result<Message, CallError> {
        let number = self.stamp.take();
        let body = body.into().into_frames();
        let stamped = Message::from_frames(self.stamp.frames(number).into_iter().chain(body));
        let mut answer = self.call_async(service, stamped).await?.into_frames();
        if self.stamp.number_of(&answer) != Some(number) {
            return Err(CallError::Unstamped);
        }
        Ok(Message::from(answer.split_off(Stamp::FRAMES)))
    }

    /// Asks a service that answers in parts (0.2). Nothing is sent before the first part is asked for.
    pub fn stream(&mut self, service: impl AsRef<[u8]>, body: impl Into<Message>) -> Parts<'_> {
        let (service, body) = (Frame::from(service.as_ref()), body.into());
        Parts { client: self, service, body, tries: 0, state: State::Asking }
    }

    /// Whether a service has a worker now, by the broker's word (`mmi.service`).
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn is_served(&mut self, service: impl AsRef<[u8]>) -> Result<bool, CallError> {
        block_on(self.is_served_async(service))
    }

    /// As [`Client::is_served`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`Client::call`].
    ///
    /// # Cancel safety
    /// Dropping it changes nothing.
    pub async fn is_served_async(&mut self, service: impl AsRef<[u8]>) -> Result<bool, CallError> {
        Ok(self.call_async("mmi.service", service.as_ref()).await?.body() == b"200")
    }

    /// The names of all services that have a worker now, by the word of a broker of Zeroxide (`mmi.services`); none of
    /// another.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn services(&mut self) -> Result<Vec<Frame>, CallError> {
        block_on(self.services_async())
    }

    /// As [`Client::services`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`Client::call`].
    ///
    /// # Cancel safety
    /// Dropping it changes nothing.
    pub async fn services_async(&mut self) -> Result<Vec<Frame>, CallError> {
        let mut answer = self.call_async("mmi.services", "").await?.into_frames().into_iter();
        let known = answer.next().is_some_and(|code| *code == *b"200");
        Ok(if known { answer.collect() } else { Vec::new() })
    }

    /// The socket to ask by: the same one as long as all is well.
    fn dealer(&mut self) -> Result<&Dealer, PatternError> {
        let dealer = match self.dealer.take() {
            Some(dealer) => dealer,
            None => self.dial.dealer()?,
        };
        Ok(self.dealer.insert(dealer))
    }

    /// The next part of an answer by the socket at hand, or none in time.
    async fn part(&mut self, service: &Frame) -> Result<Option<(Share, Message)>, CallError> {
        let until = Instant::now().checked_add(self.options.timeout);
        let version = self.options.version;
        loop {
            let Some(message) = within(until, self.dealer()?.recv_async()).await else { return Ok(None) };
            // Whatever else comes is no answer, and answers nothing.
            if let Ok(answer) = command::answer(version, message?)
                && *answer.service == **service
            {
                return Ok(Some((answer.share, Message::from(answer.body))));
            }
        }
    }
}

impl Parts<'_> {
    /// The next part, without blocking a thread; none after the last.
    pub async fn next_async(&mut self) -> Option<Result<Message, CallError>> {
        if self.state == State::Ended {
            return None;
        }
        let part = self.ask_or_go_on().await;
        match &part {
            Ok((Share::Partial, _)) => self.state = State::Began,
            Ok((Share::Final, _)) => {
                self.state = State::Ended;
                self.client.delay.reset();
            }
            Err(_) => {
                self.state = State::Ended;
                self.give_up_socket();
            }
        }
        Some(part.map(|(_, body)| body))
    }

    async fn ask_or_go_on(&mut self) -> Result<(Share, Message), CallError> {
        if self.state == State::Began {
            return self.client.part(&self.service).await?.ok_or(CallError::Broken);
        }
        let ClientOptions { version, timeout, tries, .. } = self.client.options;
        loop {
            self.tries += 1;
            let request = command::request(version, None, &self.service, &[], &self.body);
            // Until it is answered the socket is not fit for another request.
            let until = Instant::now().checked_add(timeout);
            if let Some(sent) = within(until, self.client.dealer()?.send_async(request)).await {
                sent?;
            }
            if let Some(part) = self.client.part(&self.service).await? {
                return Ok(part);
            }
            if self.tries >= tries {
                return Err(CallError::NoAnswer { tries: self.tries, timeout });
            }
            self.give_up_socket();
            sleep_until(Instant::now() + self.client.delay.take()).await;
        }
    }

    fn give_up_socket(&mut self) {
        if self.client.dealer.take().is_some() {
            self.client.dial.next();
        }
    }
}

impl Iterator for Parts<'_> {
    type Item = Result<Message, CallError>;

    fn next(&mut self) -> Option<Self::Item> {
        block_on(self.next_async())
    }
}

impl Drop for Parts<'_> {
    fn drop(&mut self) {
        if self.state != State::Ended && self.tries > 0 {
            // An answer that is still to come answers nothing: the endpoint is kept, the socket is not.
            self.client.dealer = None;
        }
    }
}
