//! The server of RFC 10: a ROUTER that calls itself by its endpoint.

use crate::{
    PatternError, ServerControl,
    lookout::Lookout,
    server_control::{BURST, is_over},
};
use std::future::{Future, ready};
use zeroxide::{Context, Frame, Message, Pull, Router, block_on};

/// What a [`FreelanceServer`] has done.
///
/// ```
/// use zeroxide_patterns::freelance::FreelanceStatistics;
/// assert_eq!(FreelanceStatistics::default().requests, 0);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct FreelanceStatistics {
    /// Requests that were answered.
    pub requests: u64,
    /// Requests that the program did not answer.
    pub unanswered: u64,
    /// Pings that were answered.
    pub pings: u64,
    /// Messages without a meaning.
    pub malformed: u64,
}

impl FreelanceStatistics {
    crate::figures::figures!(requests, unanswered, pings, malformed);
}

/// A server that clients address by its endpoint. It answers pings itself, but not while its program works at a request.
///
/// See [the module](super) for a running example.
#[derive(Debug)]
pub struct FreelanceServer {
    router: Router,
    endpoint: String,
    orders: Pull,
    control: ServerControl<FreelanceStatistics>,
}

impl FreelanceServer {
    /// A server at this endpoint, by which clients must know it. A port that is left to the system is found at
    /// [`FreelanceServer::endpoint`].
    ///
    /// # Errors
    /// [`PatternError::Endpoint`] if it cannot be bound, [`PatternError::Option`] if it is longer than a name may be,
    /// [`PatternError::Socket`] without room for its sockets.
    pub fn bind(context: &Context, endpoint: &str) -> Result<Self, PatternError> {
        Self::bind_as(context, endpoint, None)
    }

    /// As [`FreelanceServer::bind`], for a server that its clients reach at another endpoint than it binds.
    ///
    /// # Errors
    /// As [`FreelanceServer::bind`].
    pub fn bind_as(context: &Context, endpoint: &str, name: Option<&str>) -> Result<Self, PatternError> {
        Self::bind_prepared(context, endpoint, name, |_| Ok(()))
    }

    /// As [`FreelanceServer::bind_as`], with something to do to the socket before it is bound: options, security. Done
    /// twice, to two sockets, if a port is left to the system.
    ///
    /// # Errors
    /// As [`FreelanceServer::bind`], and what `prepare` fails with.
    pub fn bind_prepared<E: From<PatternError>>(
        context: &Context,
        endpoint: &str,
        name: Option<&str>,
        mut prepare: impl FnMut(&Router) -> Result<(), E>,
    ) -> Result<Self, E> {
        let (control, orders) = ServerControl::new(context)?;
        let endpoint = match (name, endpoint.strip_suffix('*')) {
            // The name is told in each handshake, so it must be known before the first.
            (None, Some(_)) => {
                let scout = Router::new(context).map_err(PatternError::from)?;
                prepare(&scout)?;
                let found = scout.bind(endpoint).map_err(PatternError::from)?;
                scout.unbind(&found).map_err(PatternError::from)?;
                found
            }
            _ => endpoint.to_owned(),
        };
        let router = Router::new(context).map_err(PatternError::from)?;
        prepare(&router)?;
        router.set_routing_id(name.unwrap_or(&endpoint)).map_err(PatternError::from)?;
        router.set_router_handover(true).map_err(PatternError::from)?;
        let endpoint = router.bind(&endpoint).map_err(PatternError::from)?;
        Ok(Self { router, endpoint, orders, control })
    }

    /// Where it is bound.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The socket that clients connect to: for options, and to make it secure.
    pub fn socket(&self) -> &Router {
        &self.router
    }

    /// What ends it, and tells of it, while it runs in another thread.
    pub fn control(&self) -> ServerControl<FreelanceStatistics> {
        self.control.clone()
    }

    /// Answers requests until it is told to stop or the context ends.
    ///
    /// # Errors
    /// [`PatternError::Poll`] if its sockets cannot be waited for.
    pub fn run(self, mut work: impl FnMut(Message) -> Message) -> Result<(), PatternError> {
        self.run_if_able(|request| Some(work(request)))
    }

    /// As [`FreelanceServer::run`]; a request without an answer is left alone, and its client asks another server.
    ///
    /// # Errors
    /// As [`FreelanceServer::run`].
    pub fn run_if_able(self, mut work: impl FnMut(Message) -> Option<Message>) -> Result<(), PatternError> {
        block_on(self.run_if_able_async(|request| ready(work(request))))
    }

    /// As [`FreelanceServer::run`], without blocking a thread, on any executor. One request is worked at after the other.
    ///
    /// # Errors
    /// As [`FreelanceServer::run`].
    ///
    /// # Cancel safety
    /// As [`FreelanceServer::run_if_able_async`].
    pub async fn run_async<F: Future<Output = Message>>(
        self,
        mut work: impl FnMut(Message) -> F,
    ) -> Result<(), PatternError> {
        self.run_if_able_async(move |request| {
            let answer = work(request);
            async { Some(answer.await) }
        })
        .await
    }

    /// As [`FreelanceServer::run_if_able`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`FreelanceServer::run`].
    ///
    /// # Cancel safety
    /// If it is dropped the server is gone as if it had been killed: its endpoint is free, the work it was at is dropped with
    /// it, and clients ask another server what it had not answered.
    pub async fn run_if_able_async<F: Future<Output = Option<Message>>>(
        self,
        mut work: impl FnMut(Message) -> F,
    ) -> Result<(), PatternError> {
        let mut lookout = Lookout::new([&*self.router, &self.orders]);
        let (mut counts, mut last) = (FreelanceStatistics::default(), false);
        while !last {
            lookout.wait(None).await?;
            last = self.orders.try_recv().is_ok();
            for _ in 0..BURST {
                let answer = match self.router.try_recv() {
                    Ok(message) => answer(message, &mut work, &mut counts).await,
                    Err(error) => {
                        last |= is_over(&error);
                        break;
                    }
                };
                if let Some(answer) = answer {
                    // To nobody, or to somebody who does not read: the ROUTER counts it.
                    let _ = self.router.try_send(answer);
                }
            }
            self.control.tell(counts);
        }
        Ok(())
    }
}

/// The answer to what a client said, its address in front.
async fn answer<F: Future<Output = Option<Message>>>(
    message: Message,
    work: &mut impl FnMut(Message) -> F,
    counts: &mut FreelanceStatistics,
) -> Option<Message> {
    let mut frames = message.into_frames();
    match &frames[..] {
        [client, ping] if ping[..] == *b"PING" => {
            counts.pings += 1;
            Some(Message::from([client.clone(), Frame::from("PONG")]))
        }
        [_, _, _, ..] => {
            let body = frames.split_off(2);
            let Some(answer) = work(Message::from(body)).await else {
                counts.unanswered += 1;
                return None;
            };
            counts.requests += 1;
            frames.extend(answer.into_frames());
            Some(Message::from(frames))
        }
        _ => {
            counts.malformed += 1;
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn echo(request: Message) -> impl Future<Output = Option<Message>> {
        ready(Some(request))
    }

    #[test]
    fn the_frames_are_those_of_the_rfc() {
        let mut counts = FreelanceStatistics::default();
        let mut say =
            |frames: Vec<&str>| block_on(answer(Message::from_frames(frames), &mut echo, &mut counts));
        assert_eq!(say(vec!["c", "PING"]), Some(Message::from(["c", "PONG"])));
        assert_eq!(say(vec!["c", "17", "a", "b"]), Some(Message::from(["c", "17", "a", "b"])));
        assert_eq!(
            say(vec!["c", "PING", "x"]),
            Some(Message::from(["c", "PING", "x"])),
            "a request of that number"
        );
        assert_eq!((say(vec!["c"]), say(vec!["c", "17"])), (None, None));
        let request = Message::from(["c", "17", "a"]);
        assert_eq!(
            block_on(answer(request, &mut |_| ready(None), &mut counts)),
            None,
            "the client asks another server"
        );
        assert_eq!(counts, FreelanceStatistics { requests: 2, unanswered: 1, pings: 1, malformed: 2 });
    }

    proptest! {
        #[test]
        fn whatever_comes_is_answered_to_whom_it_came_from_or_counted(frames: Vec<Vec<u8>>) {
            let mut counts = FreelanceStatistics::default();
            let message = Message::from_frames(frames);
            let from = message[0].clone();
            match block_on(answer(message, &mut echo, &mut counts)) {
                Some(answer) => prop_assert_eq!(&answer[0], &from),
                None => prop_assert_eq!(counts.malformed, 1),
            }
        }
    }
}
