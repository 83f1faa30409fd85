//! A client of Titanic.

use super::{RequestNumber, words};
use crate::{
    CallError, PatternError,
    clock::sleep_until,
    majordomo::{Client, ClientOptions},
};
use std::{
    error::Error,
    fmt,
    time::{Duration, Instant},
};
use zeroxide::{Context, Frame, Message, block_on};

/// Between two looks for an answer: this at first, then twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Gives requests to Titanic, and fetches their answers.
///
/// See [the module](super) for a running example.
#[derive(Debug)]
pub struct TitanicClient(Client);

/// Titanic did not do what it was asked.
///
/// ```
/// use std::time::Duration;
/// use zeroxide::Context;
/// use zeroxide_patterns::{majordomo::ClientOptions, titanic::{TitanicClient, TitanicError}};
/// let options = ClientOptions { timeout: Duration::from_millis(10), tries: 1, ..ClientOptions::default() };
/// let mut client = TitanicClient::new(&Context::new(), &["inproc://nobody"], options)?;
/// assert!(matches!(client.request("echo", "hi"), Err(TitanicError::Call(_))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum TitanicError {
    /// It could not be asked.
    Call(CallError),
    /// It knows no such request: it was closed, or never accepted.
    Unknown,
    /// The request could not be done, or was not accepted; Titanic's words for it.
    Refused(String),
    /// There was no answer in time; there may be one later.
    NotYet,
}

impl TitanicClient {
    /// A client of Titanic behind these brokers.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn new(
        context: &Context,
        brokers: &[impl AsRef<str>],
        options: ClientOptions,
    ) -> Result<Self, PatternError> {
        Ok(Self(Client::new(context, brokers, options)?))
    }

    /// Gives it a request for a service. When this returns the request is on the disk. Asked more than once because an
    /// answer was lost, it is one request all the same.
    ///
    /// # Errors
    /// [`TitanicError::Refused`] if there is no room for it; [`TitanicError::Call`] if there was no answer: then nobody
    /// knows, and [`TitanicClient::request_as`] with the same number finds out.
    pub fn request(
        &mut self,
        service: impl AsRef<[u8]>,
        body: impl Into<Message>,
    ) -> Result<RequestNumber, TitanicError> {
        block_on(self.request_async(service, body))
    }

    /// As [`TitanicClient::request`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`TitanicClient::request`].
    ///
    /// # Cancel safety
    /// If it is dropped the request may have been accepted: nobody knows its number.
    pub async fn request_async(
        &mut self,
        service: impl AsRef<[u8]>,
        body: impl Into<Message>,
    ) -> Result<RequestNumber, TitanicError> {
        self.request_as_async(RequestNumber::random(), service, body).await
    }

    /// As [`TitanicClient::request`], with a number of one's own; with one that is known it changes nothing.
    ///
    /// # Errors
    /// As [`TitanicClient::request`].
    pub fn request_as(
        &mut self,
        number: RequestNumber,
        service: impl AsRef<[u8]>,
        body: impl Into<Message>,
    ) -> Result<RequestNumber, TitanicError> {
        block_on(self.request_as_async(number, service, body))
    }

    /// As [`TitanicClient::request_as`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`TitanicClient::request_as`].
    ///
    /// # Cancel safety
    /// If it is dropped the request may have been accepted; asked again with its number it is the same.
    pub async fn request_as_async(
        &mut self,
        number: RequestNumber,
        service: impl AsRef<[u8]>,
        body: impl Into<Message>,
    ) -> Result<RequestNumber, TitanicError> {
        let mut message = body.into();
        message.push_front(service.as_ref());
        message.push_front(number.to_string());
        self.ask(words::REQUEST_ONCE, message).await?;
        Ok(number)
    }

    /// As [`TitanicClient::request`], in the words of RFC 9 alone, for other Titanics: asked more than once, it may be
    /// several requests.
    ///
    /// # Errors
    /// As [`TitanicClient::request`].
    pub fn request_by_rfc(
        &mut self,
        service: impl AsRef<[u8]>,
        body: impl Into<Message>,
    ) -> Result<RequestNumber, TitanicError> {
        block_on(self.request_by_rfc_async(service, body))
    }

    /// As [`TitanicClient::request_by_rfc`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`TitanicClient::request_by_rfc`].
    ///
    /// # Cancel safety
    /// If it is dropped the request may have been accepted: nobody knows its number.
    pub async fn request_by_rfc_async(
        &mut self,
        service: impl AsRef<[u8]>,
        body: impl Into<Message>,
    ) -> Result<RequestNumber, TitanicError> {
        let mut message = body.into();
        message.push_front(service.as_ref());
        let answer = self.ask(words::REQUEST, message).await?;
        answer.first().and_then(|number| RequestNumber::read(number)).ok_or(TitanicError::Unknown)
    }

    /// The answer, if there is one. It can be fetched again until the request is closed.
    ///
    /// # Errors
    /// [`TitanicError::Unknown`], [`TitanicError::Refused`] if it could not be done, [`TitanicError::Call`].
    pub fn reply(&mut self, number: RequestNumber) -> Result<Option<Message>, TitanicError> {
        block_on(self.reply_async(number))
    }

    /// As [`TitanicClient::reply`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`TitanicClient::reply`].
    ///
    /// # Cancel safety
    /// Dropping it changes nothing.
    pub async fn reply_async(&mut self, number: RequestNumber) -> Result<Option<Message>, TitanicError> {
        match self.ask(words::REPLY, Message::from(number.to_string())).await {
            Ok(frames) => Ok(Some(Message::from(frames))),
            Err(TitanicError::NotYet) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits for the answer, and looks for it less and less often.
    ///
    /// # Errors
    /// As [`TitanicClient::reply`], and [`TitanicError::NotYet`].
    pub fn wait(&mut self, number: RequestNumber, timeout: Duration) -> Result<Message, TitanicError> {
        block_on(self.wait_async(number, timeout))
    }

    /// As [`TitanicClient::wait`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`TitanicClient::wait`].
    ///
    /// # Cancel safety
    /// Dropping it changes nothing.
    pub async fn wait_async(
        &mut self,
        number: RequestNumber,
        timeout: Duration,
    ) -> Result<Message, TitanicError> {
        let (begin, mut pause) = (Instant::now(), FIRST_PAUSE);
        loop {
            if let Some(answer) = self.reply_async(number).await? {
                return Ok(answer);
            }
            let left = timeout.saturating_sub(begin.elapsed());
            if left.is_zero() {
                return Err(TitanicError::NotYet);
            }
            sleep_until(Instant::now() + pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Forgets a request and its answer, whether it is known or not.
    ///
    /// # Errors
    /// [`TitanicError::Call`], or [`TitanicError::Refused`] if the disk fails.
    pub fn close(&mut self, number: RequestNumber) -> Result<(), TitanicError> {
        block_on(self.close_async(number))
    }

    /// As [`TitanicClient::close`], without blocking a thread, on any executor.
    ///
    /// # Errors
    /// As [`TitanicClient::close`].
    ///
    /// # Cancel safety
    /// If it is dropped the request may be closed or not; it can be closed again.
    pub async fn close_async(&mut self, number: RequestNumber) -> Result<(), TitanicError> {
        self.ask(words::CLOSE, Message::from(number.to_string())).await.map(drop)
    }

    /// What comes behind `200`.
    async fn ask(&mut self, service: &str, message: Message) -> Result<Vec<Frame>, TitanicError> {
        let mut frames = self.0.call_async(service, message).await.map_err(TitanicError::Call)?.into_frames();
        let status = frames.drain(..1).next().unwrap_or_default();
        match status.get(..3) {
            Some(b"200") => Ok(frames),
            Some(b"300") => Err(TitanicError::NotYet),
            Some(b"400") => Err(TitanicError::Unknown),
            _ => Err(TitanicError::Refused(String::from_utf8_lossy(&status).into_owned())),
        }
    }
}

impl fmt::Display for TitanicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::Unknown => f.write_str("Titanic knows no such request"),
            Self::Refused(status) => write!(f, "Titanic says {status}"),
            Self::NotYet => f.write_str("there is no answer yet"),
        }
    }
}

impl Error for TitanicError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Call(error) => Some(error),
            _ => None,
        }
    }
}
