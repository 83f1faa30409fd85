//! Unix domain sockets: paths, abstract names and private ones.

use crate::error::{NetError, Operation, failed};
use crate::fault::{self, Call};
use crate::ipc_file::{self, OwnedFile};
use crate::listener::{self, AcceptError};
use crate::stream::{Peer, Stream, ipc_text, local_text};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::Mode;
use rustix::io::{Errno, retry_on_intr};
use rustix::net::SocketAddrUnix;
use socket2::SockRef;
use std::io;
use std::path::{Path, PathBuf};

/// Where an ipc socket is found.
///
/// ```
/// use zeroxide_net::{IpcListener, IpcName, IpcSettings, NetError, ipc};
/// let settings = IpcSettings::default();
/// let listener = IpcListener::listen(&IpcName::Wildcard, &settings, 10)?;
/// let path = listener.local_address().trim_start_matches("ipc://");
/// ipc::connect(&IpcName::Path(path.into()), &settings)?;
/// # Ok::<(), NetError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IpcName {
    /// A file; at most 107 octets.
    Path(PathBuf),
    /// A name in the abstract namespace of Linux, without the `@`; at most 107 octets. There is no file, and the
    /// name is free again as soon as the listener is gone.
    Abstract(Vec<u8>),
    /// A new file in a new private directory below `$TMPDIR` or `/tmp`. For listening only.
    Wildcard,
}

/// So much, twice on Linux, may lie in the kernel on its way to a peer, where nothing else is said. A writer that the kernel kept waiting is
/// told of room when three quarters are read. Of what the system gives, that leaves the reader with less than a sleeping
/// writer takes to wake up: both would sleep in turn.
const ROOM: usize = 208 * 1024;

/// What can be set on an ipc socket, also on those that a listener accepts. The default leaves all but the least size of the
/// send buffer to the system.
///
/// ```
/// use std::os::unix::fs::PermissionsExt;
/// use zeroxide_net::{IpcListener, IpcName, IpcSettings};
/// let private = IpcSettings { mode: Some(0o600), ..IpcSettings::default() };
/// let listener = IpcListener::listen(&IpcName::Wildcard, &private, 10)?;
/// let file = std::fs::metadata(listener.local_address().trim_start_matches("ipc://"))?;
/// assert_eq!(file.permissions().mode() & 0o777, 0o600);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct IpcSettings {
    /// Permissions of the socket file; whoever may write may connect. They hold from the first moment the file is
    /// visible. `None` is what the umask leaves of 0777.
    pub mode: Option<u32>,
    /// SO_SNDBUF. `None` is 208 KiB, or what the system gives if that is more.
    pub send_buffer: Option<usize>,
    /// SO_RCVBUF.
    pub receive_buffer: Option<usize>,
}

/// A socket that listens for ipc connections. When dropped it removes its file, if that is still its own.
///
/// ```
/// use std::io::ErrorKind;
/// use zeroxide_net::{IpcListener, IpcName, IpcSettings, NetError};
/// let settings = IpcSettings::default();
/// let listener = IpcListener::listen(&IpcName::Wildcard, &settings, 10)?;
/// let name = IpcName::Path(listener.local_address().trim_start_matches("ipc://").into());
/// let thief = IpcListener::listen(&name, &settings, 10).unwrap_err();
/// assert_eq!(thief.kind(), ErrorKind::AddrInUse);
/// # Ok::<(), NetError>(())
/// ```
#[derive(Debug)]
pub struct IpcListener {
    // The order matters: the file goes while the socket still lives, so nobody can find a file without a listener.
    file: Option<OwnedFile>,
    fd: OwnedFd,
    local: String,
    settings: IpcSettings,
}

impl IpcListener {
    /// Listens on `name`.
    ///
    /// A live listener is never robbed of its path: that is `AddrInUse`, as is anything that is not a socket. A socket
    /// file whose listener has died is replaced. Two processes that start at the same moment cannot both win; see
    /// `ipc_file` for how. (libzmq removes whatever is there.)
    ///
    /// # Errors
    ///
    /// `AddrInUse`; `ENAMETOOLONG` as raw error for more than 107 octets; `NotFound` without the directory.
    pub fn listen(name: &IpcName, settings: &IpcSettings, backlog: u32) -> Result<Self, NetError> {
        let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
        match name {
            IpcName::Path(path) => Self::listen_on_path(path, settings, backlog),
            IpcName::Abstract(_) => Self::listen_abstract(name, settings, backlog),
            IpcName::Wildcard => {
                let path = ipc_file::new_private_path().map_err(failed(Operation::Bind, "ipc://*"))?;
                let mut listener = Self::listen_on_path(&path, settings, backlog).inspect_err(|_| {
                    ipc_file::remove_private_directory(&path);
                })?;
                listener.file = listener.file.take().map(OwnedFile::in_private_directory);
                Ok(listener)
            }
        }
    }

    fn listen_on_path(path: &Path, settings: &IpcSettings, backlog: i32) -> Result<Self, NetError> {
        let text = format!("ipc://{}", path.display());
        let address = ipc_file::address_of(path).map_err(failed(Operation::Bind, &text))?;
        let fd = settings.open(&text)?;
        let mode = settings.mode.map(Mode::from_raw_mode);
        let file = ipc_file::bind_and_listen(&fd, path, &address, mode, backlog)
            .map_err(|(operation, source)| NetError::new(operation, text.as_str(), source))?;
        Ok(Self { file: Some(file), fd, local: text, settings: settings.clone() })
    }

    fn listen_abstract(name: &IpcName, settings: &IpcSettings, backlog: i32) -> Result<Self, NetError> {
        let (address, text) = name.address()?;
        let fd = settings.open(&text)?;
        fault::check(Call::Bind)
            .and_then(|()| rustix::net::bind(&fd, &address))
            .map_err(failed(Operation::Bind, &text))?;
        fault::check(Call::Listen)
            .and_then(|()| rustix::net::listen(&fd, backlog))
            .map_err(failed(Operation::Listen, &text))?;
        Ok(Self { file: None, fd, local: text, settings: settings.clone() })
    }

    /// Takes over a unix socket that already listens. Its file belongs to whoever made it and is not removed.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it does not listen.
    pub fn adopt(fd: OwnedFd) -> Result<Self, NetError> {
        listener::prepare_adopted(&fd)?;
        let local = local_text(fd.as_fd()).map_err(listener::not_adoptable)?;
        Ok(Self { file: None, fd, local, settings: IpcSettings::default() })
    }

    /// Takes the next waiting connection.
    ///
    /// # Errors
    ///
    /// See [`AcceptError`].
    pub fn accept(&self) -> Result<Stream, AcceptError> {
        let (fd, peer) = listener::accept(&self.fd)?;
        // Of a unix listener Linux hands on none of this.
        self.settings.set_buffers(&fd).map_err(|(_, source)| AcceptError::Retry(source))?;
        let peer = peer.and_then(|peer| SocketAddrUnix::try_from(peer).ok());
        let endpoint = peer.as_ref().map_or_else(|| "ipc://".to_owned(), ipc_text);
        Ok(Stream::new(fd, Peer::Ipc(endpoint)))
    }

    /// Where it listens: `ipc:///path`, `ipc://@name`. For a wildcard, the path that was made.
    pub fn local_address(&self) -> &str {
        &self.local
    }
}

impl AsFd for IpcListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Connects to `name`. Unlike TCP this is done at once.
///
/// # Errors
///
/// `ConnectionRefused` or `NotFound` if nobody listens; `WouldBlock` if the listener's backlog is full, for which
/// there is no readiness to wait for: try again later. [`IpcName::Wildcard`] is `InvalidInput`.
pub fn connect(name: &IpcName, settings: &IpcSettings) -> Result<Stream, NetError> {
    let (address, text) = name.address()?;
    let fd = settings.open(&text)?;
    retry_on_intr(|| {
        fault::check(Call::Connect)?;
        rustix::net::connect(&fd, &address)
    })
    .map_err(failed(Operation::Connect, &text))?;
    Ok(Stream::new(fd, Peer::Ipc(text)))
}

impl IpcName {
    /// The socket address and the endpoint. The wildcard has none before it is bound.
    fn address(&self) -> Result<(SocketAddrUnix, String), NetError> {
        let (text, address) = match self {
            Self::Path(path) => (format!("ipc://{}", path.display()), ipc_file::address_of(path)),
            Self::Abstract(name) => {
                let text = format!("ipc://@{}", String::from_utf8_lossy(name));
                // The empty name would ask the system to choose one, which nobody could find.
                let name = Some(name.as_slice()).filter(|name| !name.is_empty()).ok_or(Errno::INVAL);
                (text, name.and_then(SocketAddrUnix::new_abstract_name))
            }
            Self::Wildcard => ("ipc://*".to_owned(), Err(Errno::INVAL)),
        };
        match address {
            Ok(address) => Ok((address, text)),
            Err(errno) => Err(NetError::new(Operation::Open, text, io::Error::from(errno))),
        }
    }
}

impl IpcSettings {
    fn open(&self, text: &str) -> Result<OwnedFd, NetError> {
        let fd = ipc_file::new_socket().map_err(failed(Operation::Open, text))?;
        self.set_buffers(&fd)
            .map_err(|(option, source)| NetError::new(Operation::Configure(option), text, source))?;
        Ok(fd)
    }

    fn set_buffers(&self, fd: &OwnedFd) -> Result<(), (&'static str, io::Error)> {
        let socket = SockRef::from(fd);
        let set_send = |octets| socket.set_send_buffer_size(octets).map_err(|error| ("SO_SNDBUF", error));
        match (self.send_buffer, socket.send_buffer_size()) {
            (Some(octets), _) => set_send(octets)?,
            (None, Ok(given)) if given < 2 * ROOM => set_send(given.max(ROOM))?,
            (None, _) => {}
        }
        match self.receive_buffer {
            Some(octets) => socket.set_recv_buffer_size(octets).map_err(|error| ("SO_RCVBUF", error)),
            None => Ok(()),
        }
    }
}
