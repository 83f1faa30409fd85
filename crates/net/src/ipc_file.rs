//! The file of a listening unix socket: taking a path without stealing it, and removing only one's own.
//!
//! The file is bound directly under its final name, so that `ss`, `lsof` and peers see the true one. Its mode is set
//! on the unbound socket: Linux creates the file with that mode less the umask, so at no moment may more people
//! connect than asked for; bits that the umask took are added afterwards.
//!
//! When the path is taken, its owner is probed with a connect, and only a refusal proves that it is dead. But a listener
//! that has bound and does not listen yet refuses too. So whoever binds a path holds a lock meanwhile:
//!
//! ```text
//! lock | bind, if taken: probe, refused? unlink, bind | listen | is the path still mine? | unlock
//! ```
//! The lock is an abstract socket named after the directory and the file: it leaves no file behind and the system frees
//! it when its holder dies. Whoever finds it taken is told `AddrInUse`, which is about to be true. The last look is for
//! programs that do not know the lock: libzmq unlinks whatever it finds.

use crate::error::Operation;
use crate::fault::{self, Call};
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, Mode, Stat};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use rustix::process::Pid;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io;
use std::path::{Path, PathBuf};

/// The file of a listener, removed when this is dropped: unless it is another file by then, or this is a forked
/// child, whose parent still listens.
#[derive(Debug)]
pub(crate) struct OwnedFile {
    path: PathBuf,
    identity: Identity,
    owner: Pid,
    directory: Directory,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Directory {
    /// Someone else's; stays.
    Shared,
    /// Made for this file alone; goes with it.
    Private,
}

/// Which file this is, whatever it is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Identity {
    device: u64,
    inode: u64,
}

impl OwnedFile {
    pub(crate) fn in_private_directory(mut self) -> Self {
        self.directory = Directory::Private;
        self
    }
}

impl Drop for OwnedFile {
    fn drop(&mut self) {
        if rustix::process::getpid() != self.owner {
            return;
        }
        if look_at(&self.path).is_ok_and(|found| Identity::from(&found) == self.identity) {
            let _ = remove(&self.path);
        }
        if self.directory == Directory::Private {
            remove_private_directory(&self.path);
        }
    }
}

impl From<&Stat> for Identity {
    fn from(stat: &Stat) -> Self {
        Self { device: stat.st_dev, inode: stat.st_ino }
    }
}

/// The address of a socket at `path`. Linux would take one octet more, without a zero at its end; libzmq, and most
/// programs that look at addresses, would not.
pub(crate) fn address_of(path: &Path) -> rustix::io::Result<SocketAddrUnix> {
    if path.as_os_str().len() > MAX_PATH {
        return Err(Errno::NAMETOOLONG);
    }
    SocketAddrUnix::new(path)
}

/// Makes `fd` listen on `path`.
pub(crate) fn bind_and_listen(
    fd: &OwnedFd,
    path: &Path,
    address: &SocketAddrUnix,
    mode: Option<Mode>,
    backlog: i32,
) -> Result<OwnedFile, (Operation, io::Error)> {
    let in_bind = |errno: Errno| (Operation::Bind, errno.into());
    if let Some(mode) = mode {
        fault::check(Call::File).and_then(|()| rustix::fs::fchmod(fd, mode)).map_err(in_bind)?;
    }
    let _lock = lock(path).map_err(in_bind)?;
    match bind(fd, address) {
        Err(Errno::ADDRINUSE) => {
            remove_dead(path, address).map_err(in_bind)?;
            bind(fd, address).map_err(in_bind)?;
        }
        answer => answer.map_err(in_bind)?,
    }
    let found = look_at(path).map_err(|_| in_bind(Errno::ADDRINUSE))?;
    let identity = Identity::from(&found);
    let file = OwnedFile {
        // The working directory may be another one when the file is to be removed.
        path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
        identity,
        owner: rustix::process::getpid(),
        directory: Directory::Shared,
    };
    if let Some(mode) = mode.filter(|mode| *mode != Mode::from_raw_mode(found.st_mode & 0o7777)) {
        fault::check(Call::File).and_then(|()| rustix::fs::chmod(path, mode)).map_err(in_bind)?;
    }
    fault::check(Call::Listen)
        .and_then(|()| rustix::net::listen(fd, backlog))
        .map_err(|errno| (Operation::Listen, errno.into()))?;
    match look_at(path) {
        Ok(found) if Identity::from(&found) == identity => Ok(file),
        _ => Err(in_bind(Errno::ADDRINUSE)),
    }
}

fn look_at(path: &Path) -> rustix::io::Result<Stat> {
    fault::check(Call::File)?;
    rustix::fs::lstat(path)
}

fn remove(path: &Path) -> rustix::io::Result<()> {
    fault::check(Call::File)?;
    rustix::fs::unlink(path)
}

fn bind(fd: &OwnedFd, address: &SocketAddrUnix) -> rustix::io::Result<()> {
    fault::check(Call::Bind)?;
    rustix::net::bind(fd, address)
}

/// Keeps other processes from binding `path` for as long as the result lives; `ADDRINUSE` if one is doing so.
fn lock(path: &Path) -> rustix::io::Result<OwnedFd> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fault::check(Call::File)?;
    let directory = rustix::fs::stat(parent)?;
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let name = format!("zeroxide-bind-{:x}-{:x}-{:x}", directory.st_dev, directory.st_ino, fnv1a(name));
    let lock = new_socket()?;
    fault::check(Call::Bind)?;
    rustix::net::bind(&lock, &SocketAddrUnix::new_abstract_name(name.as_bytes())?)?;
    Ok(lock)
}

/// FNV-1a. The name of a lock must be the same in all programs and releases, so the hasher of the standard library,
/// which may change, is not used.
fn fnv1a(octets: &[u8]) -> u64 {
    octets
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, octet| (hash ^ u64::from(*octet)).wrapping_mul(0x100_0000_01b3))
}

/// Removes the socket file at `path` if nobody listens behind it; `ADDRINUSE` otherwise. To be called under the lock.
fn remove_dead(path: &Path, address: &SocketAddrUnix) -> rustix::io::Result<()> {
    let found = match look_at(path) {
        Err(Errno::NOENT) => return Ok(()),
        found => found?,
    };
    if FileType::from_raw_mode(found.st_mode) != FileType::Socket || !is_dead(address) {
        return Err(Errno::ADDRINUSE);
    }
    match remove(path) {
        Err(Errno::NOENT) => Ok(()),
        answer => answer,
    }
}

/// Whether a connect is refused, which means that no process has this socket any more. A full backlog, a missing
/// permission or a socket of another type are signs of life.
fn is_dead(address: &SocketAddrUnix) -> bool {
    new_socket().is_ok_and(|probe| {
        retry_on_intr(|| {
            fault::check(Call::Connect)?;
            rustix::net::connect(&probe, address)
        })
        .is_err_and(|errno| errno == Errno::CONNREFUSED)
    })
}

/// A new unix socket with the flags that all of ours have.
pub(crate) fn new_socket() -> rustix::io::Result<OwnedFd> {
    fault::check(Call::Socket)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}

/// A path in a new directory that only this user can enter, below `$TMPDIR`, or `/tmp` if that is unset or too long.
pub(crate) fn new_private_path() -> rustix::io::Result<PathBuf> {
    let preferred = std::env::temp_dir();
    let roomy = preferred.as_os_str().len() + PRIVATE_NAME_LENGTH <= MAX_PATH;
    let root = if roomy { preferred } else { PathBuf::from("/tmp") };
    for _ in 0..ATTEMPTS {
        let directory = root.join(format!("zeroxide-{:016x}", random()));
        match fault::check(Call::File).and_then(|()| rustix::fs::mkdir(&directory, Mode::RWXU)) {
            Ok(()) => return Ok(directory.join("socket")),
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
    }
    Err(Errno::EXIST)
}

/// Removes the directory that [`new_private_path`] made, if nothing is left in it.
pub(crate) fn remove_private_directory(path: &Path) {
    if let Some(directory) = path.parent() {
        let _ = fault::check(Call::File)
            .and_then(|()| rustix::fs::unlinkat(rustix::fs::CWD, directory, AtFlags::REMOVEDIR));
    }
}

const MAX_PATH: usize = 107;
const PRIVATE_NAME_LENGTH: usize = "/zeroxide-0123456789abcdef/socket".len();
const ATTEMPTS: usize = 16;

/// A number that nobody can foresee: the seed of a hash map.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}
