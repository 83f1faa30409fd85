//! The file of a listening unix socket: taking a path without stealing it, and removing only one's own.
//!
//! The file is bound directly under its final name, so that `ss`, `lsof` and peers see the true one. Its mode is set
//! on the unbound socket: Linux creates the file with that mode less the umask, so at no moment may more people
//! connect than asked for; bits that the umask took are added afterwards.
//!
//! When the path is taken, its owner is probed with a connect. Only a refusal proves that it is dead. But a listener
//! that has bound and does not listen yet refuses too, so both sides look twice:
//!
//! ```text
//! newcomer:  bind fails | probe: refused | move the file away | probe again: refused? | delete it, bind
//! the other:     bind    .      .       listen        .       is the path still mine?
//! ```
//! If the other listens before the second probe, the newcomer puts the file back and gives up. If it listens later, it
//! looks after the file was moved, finds it gone and gives up. Exactly one is left, without lock files. A file is
//! known by device and inode; the newcomer holds the dead file open, so that its inode cannot be given to another.

use crate::error::Operation;
use crate::fault::{self, Call};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
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
        if rustix::fs::lstat(&self.path).is_ok_and(|found| Identity::from(&found) == self.identity) {
            let _ = rustix::fs::unlink(&self.path);
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
        rustix::fs::fchmod(fd, mode).map_err(in_bind)?;
    }
    match bind(fd, address) {
        Err(Errno::ADDRINUSE) => {
            remove_dead(path, address).map_err(in_bind)?;
            bind(fd, address).map_err(in_bind)?;
        }
        answer => answer.map_err(in_bind)?,
    }
    let identity = Identity::from(&rustix::fs::lstat(path).map_err(|_| in_bind(Errno::ADDRINUSE))?);
    let file = OwnedFile {
        // The working directory may be another one when the file is to be removed.
        path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
        identity,
        owner: rustix::process::getpid(),
        directory: Directory::Shared,
    };
    if let Some(mode) = mode {
        rustix::fs::chmod(path, mode).map_err(in_bind)?;
    }
    fault::check(Call::Listen)
        .and_then(|()| rustix::net::listen(fd, backlog))
        .map_err(|errno| (Operation::Listen, errno.into()))?;
    match rustix::fs::lstat(path) {
        Ok(found) if Identity::from(&found) == identity => Ok(file),
        _ => Err(in_bind(Errno::ADDRINUSE)),
    }
}

fn bind(fd: &OwnedFd, address: &SocketAddrUnix) -> rustix::io::Result<()> {
    fault::check(Call::Bind)?;
    rustix::net::bind(fd, address)
}

/// Removes the socket file at `path` if nobody listens behind it; `ADDRINUSE` otherwise.
fn remove_dead(path: &Path, address: &SocketAddrUnix) -> rustix::io::Result<()> {
    // Held open for its inode. PATH: a socket cannot be opened for more.
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let held = match rustix::fs::open(path, flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(()),
        held => held?,
    };
    let probed = rustix::fs::fstat(&held)?;
    if FileType::from_raw_mode(probed.st_mode) != FileType::Socket || !is_dead(address) {
        return Err(Errno::ADDRINUSE);
    }
    let aside = path.with_file_name(format!(".{:08x}.dead", random() as u32));
    match rustix::fs::rename(path, &aside) {
        Err(Errno::NOENT) => return Ok(()),
        answer => answer?,
    }
    let is_same = Identity::from(&rustix::fs::lstat(&aside)?) == Identity::from(&probed);
    if is_same && is_dead_at(&aside)? {
        return rustix::fs::unlink(&aside);
    }
    // Linked rather than renamed, so that nobody's newer file is overwritten.
    let _ = rustix::fs::link(&aside, path);
    let _ = rustix::fs::unlink(&aside);
    Err(Errno::ADDRINUSE)
}

/// As [`is_dead`] for a path that may be too long for a socket address: a short one leads through its directory.
fn is_dead_at(path: &Path) -> rustix::io::Result<bool> {
    use std::os::fd::AsRawFd;

    if let Ok(address) = SocketAddrUnix::new(path) {
        return Ok(is_dead(&address));
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = rustix::fs::open(directory, flags, Mode::empty())?;
    let mut short = PathBuf::from(format!("/proc/self/fd/{}", directory.as_fd().as_raw_fd()));
    short.push(path.file_name().unwrap_or_default());
    Ok(SocketAddrUnix::new(short).is_ok_and(|address| is_dead(&address)))
}

/// Whether a connect is refused, which means that no process has this socket any more. A full backlog, a missing
/// permission or a socket of another type are signs of life.
fn is_dead(address: &SocketAddrUnix) -> bool {
    new_socket().is_ok_and(|probe| {
        retry_on_intr(|| rustix::net::connect(&probe, address))
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
        match rustix::fs::mkdir(&directory, Mode::RWXU) {
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
        let _ = rustix::fs::unlinkat(rustix::fs::CWD, directory, AtFlags::REMOVEDIR);
    }
}

const MAX_PATH: usize = 107;
const PRIVATE_NAME_LENGTH: usize = "/zeroxide-0123456789abcdef/socket".len();
const ATTEMPTS: usize = 16;

/// A number that nobody can foresee: the seed of a hash map.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}
