//! The client's side of SOCKS5: RFC 1928, and RFC 1929 for user and password.
//!
//! ```text
//! client                                     proxy
//! 05 count methods                     ->
//!                                      <-    05 method              00 none, 02 user and password, ff no
//! 01 length user length password       ->                           only after method 02
//!                                      <-    01 status              00 is welcome
//! 05 01 00 type address port           ->                           type 01 IPv4, 03 name, 04 IPv6
//!                                      <-    05 code 00 type address port
//! ```

use std::fmt;
use std::net::IpAddr;

/// A handshake under way. It does no I/O: octets of the proxy go in, octets for it come out.
///
/// Once it has said [`Progress::Connected`] the stream is that of the target.
///
/// ```
/// use zeroxide_net::socks::{Progress, Socks, SocksTarget};
///
/// let mut out = Vec::new();
/// let target = SocksTarget::Name("example.org".into(), 5555);
/// let mut socks = Socks::new(&target, None, &mut out)?;
/// assert_eq!(out, [5, 1, 0]);
/// out.clear();
/// assert_eq!(socks.receive(&[5, 0], &mut out)?, Progress::More);
/// assert!(out.starts_with(&[5, 1, 0, 3, 11]));
/// let reply = [5, 0, 0, 1, 127, 0, 0, 1, 0, 9, 0xff];
/// assert_eq!(socks.receive(&reply, &mut out)?, Progress::Connected { consumed: 10 }); // ff is of the target
/// # Ok::<(), zeroxide_net::socks::SocksError>(())
/// ```
#[derive(Debug)]
pub struct Socks {
    state: State,
    /// The message that is being received.
    message: Vec<u8>,
    /// Encoded when the handshake begins, so that nothing can be wrong with it later.
    request: Vec<u8>,
    credentials: Option<Vec<u8>>,
}

/// What to connect to behind the proxy.
///
/// ```
/// use zeroxide_net::socks::{Socks, SocksError, SocksTarget};
/// let mut out = Vec::new();
/// Socks::new(&SocksTarget::Address([10, 0, 0, 7].into(), 5555), None, &mut out)?;
/// let hidden = SocksTarget::Name("inside.example".into(), 5555); // only the proxy can resolve it
/// Socks::new(&hidden, Some((b"user", b"password")), &mut out)?;
/// # Ok::<(), SocksError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SocksTarget {
    /// A name that the proxy resolves, and a port.
    Name(String, u16),
    /// An address and a port.
    Address(IpAddr, u16),
}

/// How far the handshake is.
///
/// ```
/// use zeroxide_net::socks::{Progress, Socks, SocksError, SocksTarget};
/// let mut out = Vec::new();
/// let mut socks = Socks::new(&SocksTarget::Name("example.org".into(), 80), None, &mut out)?;
/// match socks.receive(b"\x05", &mut out)? {
///     Progress::More => println!("send {} octets and read on", out.len()),
///     Progress::Connected { consumed } => println!("the target's octets begin at {consumed}"),
/// }
/// # Ok::<(), SocksError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// More octets of the proxy are needed.
    More,
    /// The connection stands. Of the last input, `consumed` octets were for the handshake; the rest is the target's.
    Connected {
        /// How many.
        consumed: usize,
    },
}

/// Why there will be no connection.
///
/// ```
/// use zeroxide_net::socks::{Socks, SocksError, SocksTarget};
/// let target = SocksTarget::Name("example.org".into(), 80);
/// let mut socks = Socks::new(&target, None, &mut Vec::new())?;
/// assert_eq!(socks.receive(b"HTTP/1.0 400", &mut Vec::new()), Err(SocksError::BadVersion(b'H')));
/// # Ok::<(), SocksError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SocksError {
    /// The name of the target is empty or longer than 255 octets.
    BadName,
    /// User is empty, or user or password is longer than 255 octets.
    BadCredentials,
    /// The proxy does not speak SOCKS5; this is its first octet.
    BadVersion(u8),
    /// The proxy wants to be logged in to in a way that was not offered.
    NoMethod,
    /// The proxy chose a method that was not offered.
    BadMethod(u8),
    /// The proxy does not know this user or password.
    LoginRefused,
    /// The proxy could not or would not connect to the target.
    Refused(Refusal),
    /// The proxy answered with an unknown type of address.
    BadAddressType(u8),
    /// The handshake was over already.
    Finished,
}

/// The reasons of RFC 1928 section 6.
///
/// ```
/// use zeroxide_net::socks::{Refusal, Socks, SocksError, SocksTarget};
/// let mut socks = Socks::new(&SocksTarget::Name("example.org".into(), 80), None, &mut Vec::new())?;
/// let answer = [5, 0, 5, 5, 0, 1, 0, 0, 0, 0, 0, 0];
/// let error = socks.receive(&answer, &mut Vec::new()).unwrap_err();
/// assert_eq!(error, SocksError::Refused(Refusal::ConnectionRefused));
/// # Ok::<(), SocksError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names of the RFC say it")]
#[non_exhaustive]
pub enum Refusal {
    GeneralFailure,
    NotAllowed,
    NetworkUnreachable,
    HostUnreachable,
    ConnectionRefused,
    TimeToLiveExpired,
    CommandNotSupported,
    AddressTypeNotSupported,
    Unknown(u8),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Method,
    Login,
    Reply,
    Finished,
}

impl Socks {
    /// Begins: the first octets for the proxy are appended to `out`. Exactly one method is offered: user and password
    /// if there are any, none otherwise.
    ///
    /// # Errors
    ///
    /// [`SocksError::BadName`], [`SocksError::BadCredentials`].
    pub fn new(
        target: &SocksTarget,
        credentials: Option<(&[u8], &[u8])>,
        out: &mut Vec<u8>,
    ) -> Result<Self, SocksError> {
        let request = target.encode()?;
        let credentials = credentials.map(encode_credentials).transpose()?;
        out.extend([VERSION, 1, if credentials.is_some() { METHOD_LOGIN } else { METHOD_NONE }]);
        Ok(Self { state: State::Method, message: Vec::new(), request, credentials })
    }

    /// Takes what the proxy has sent, in pieces of any size; the answers are appended to `out`.
    ///
    /// # Errors
    ///
    /// See [`SocksError`]; the connection is of no use then.
    pub fn receive(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Progress, SocksError> {
        let mut rest = input;
        loop {
            let missing = self.message_length()?.saturating_sub(self.message.len());
            let (taken, left) = rest.split_at_checked(missing).unwrap_or((rest, &[]));
            self.message.extend_from_slice(taken);
            rest = left;
            if taken.len() < missing {
                return Ok(Progress::More);
            }
            if missing > 0 {
                // What has come may say that the message is longer.
                continue;
            }
            let message = std::mem::take(&mut self.message);
            self.step(&message, out)?;
            if self.state == State::Finished {
                return Ok(Progress::Connected { consumed: input.len() - rest.len() });
            }
        }
    }

    /// How long the message is that is being received, as far as can be told by now.
    fn message_length(&self) -> Result<usize, SocksError> {
        let version = if self.state == State::Login { LOGIN_VERSION } else { VERSION };
        match (self.state, self.message.as_slice()) {
            (State::Finished, _) => Err(SocksError::Finished),
            (_, [other, ..]) if *other != version => Err(SocksError::BadVersion(*other)),
            (State::Method | State::Login, _) => Ok(2),
            (State::Reply, [VERSION, 0, _, TYPE_V4, ..]) => Ok(10),
            (State::Reply, [VERSION, 0, _, TYPE_NAME, length, ..]) => Ok(7 + usize::from(*length)),
            (State::Reply, [VERSION, 0, _, TYPE_V6, ..]) => Ok(22),
            (State::Reply, [VERSION, 0, _, TYPE_NAME]) => Ok(5),
            // A refusal is told by its code; some proxies send nothing more.
            (State::Reply, [_, code, ..]) if *code != 0 => Ok(2),
            (State::Reply, [_, _, _, unknown, ..]) => Err(SocksError::BadAddressType(*unknown)),
            (State::Reply, [_, _, ..]) => Ok(4),
            (State::Reply, _) => Ok(2),
        }
    }

    fn step(&mut self, message: &[u8], out: &mut Vec<u8>) -> Result<(), SocksError> {
        let Some(&code) = message.get(1) else {
            return Ok(());
        };
        self.state = match (self.state, code, &self.credentials) {
            (State::Method, METHOD_NONE, None) => {
                out.extend_from_slice(&self.request);
                State::Reply
            }
            (State::Method, METHOD_LOGIN, Some(credentials)) => {
                out.extend_from_slice(credentials);
                State::Login
            }
            (State::Method, NO_METHOD, _) => return Err(SocksError::NoMethod),
            (State::Method, method, _) => return Err(SocksError::BadMethod(method)),
            (State::Login, 0, _) => {
                out.extend_from_slice(&self.request);
                State::Reply
            }
            (State::Login, _, _) => return Err(SocksError::LoginRefused),
            (State::Reply, 0, _) => State::Finished,
            (State::Reply, code, _) => return Err(SocksError::Refused(Refusal::from(code))),
            (State::Finished, _, _) => return Err(SocksError::Finished),
        };
        Ok(())
    }
}

impl SocksTarget {
    fn encode(&self) -> Result<Vec<u8>, SocksError> {
        let mut request = vec![VERSION, CONNECT, 0];
        let port = match self {
            Self::Name(name, port) => {
                request.extend([
                    TYPE_NAME,
                    length(name.as_bytes()).filter(|length| *length > 0).ok_or(SocksError::BadName)?,
                ]);
                request.extend_from_slice(name.as_bytes());
                port
            }
            Self::Address(IpAddr::V4(address), port) => {
                request.push(TYPE_V4);
                request.extend(address.octets());
                port
            }
            Self::Address(IpAddr::V6(address), port) => {
                request.push(TYPE_V6);
                request.extend(address.octets());
                port
            }
        };
        request.extend(port.to_be_bytes());
        Ok(request)
    }
}

/// RFC 1929 section 2. An empty password is against its letter, but proxies and users have them.
fn encode_credentials((user, password): (&[u8], &[u8])) -> Result<Vec<u8>, SocksError> {
    let user_length = length(user).filter(|length| *length > 0).ok_or(SocksError::BadCredentials)?;
    let password_length = length(password).ok_or(SocksError::BadCredentials)?;
    let mut message = vec![LOGIN_VERSION, user_length];
    message.extend_from_slice(user);
    message.push(password_length);
    message.extend_from_slice(password);
    Ok(message)
}

fn length(text: &[u8]) -> Option<u8> {
    u8::try_from(text.len()).ok()
}

impl From<u8> for Refusal {
    fn from(code: u8) -> Self {
        match code {
            1 => Self::GeneralFailure,
            2 => Self::NotAllowed,
            3 => Self::NetworkUnreachable,
            4 => Self::HostUnreachable,
            5 => Self::ConnectionRefused,
            6 => Self::TimeToLiveExpired,
            7 => Self::CommandNotSupported,
            8 => Self::AddressTypeNotSupported,
            code => Self::Unknown(code),
        }
    }
}

impl fmt::Display for SocksError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadName => write!(out, "a name has 1 to 255 octets"),
            Self::BadCredentials => write!(out, "a user has 1 to 255 octets, a password at most 255"),
            Self::BadVersion(version) => write!(out, "the proxy does not speak SOCKS5 but {version:#04x}"),
            Self::NoMethod => write!(out, "the proxy wants another kind of login"),
            Self::BadMethod(method) => {
                write!(out, "the proxy chose login {method:#04x}, which was not offered")
            }
            Self::LoginRefused => write!(out, "the proxy refused user and password"),
            Self::Refused(refusal) => write!(out, "the proxy did not connect: {refusal:?}"),
            Self::BadAddressType(kind) => write!(out, "the proxy answered with type of address {kind:#04x}"),
            Self::Finished => write!(out, "the handshake was over"),
        }
    }
}

impl std::error::Error for SocksError {}

const VERSION: u8 = 5;
const LOGIN_VERSION: u8 = 1;
const CONNECT: u8 = 1;
const METHOD_NONE: u8 = 0;
const METHOD_LOGIN: u8 = 2;
const NO_METHOD: u8 = 0xff;
const TYPE_V4: u8 = 1;
const TYPE_NAME: u8 = 3;
const TYPE_V6: u8 = 4;
