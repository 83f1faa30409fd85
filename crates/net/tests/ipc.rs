//! Unix sockets: paths and their files, abstract and private names.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use rustix::fd::OwnedFd;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener as StdListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use zeroxide_net::{IpcListener, IpcName, IpcSettings, Listener, NetError, ipc};

/// A directory that is removed with all that is in it.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("zeroxide-net-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> PathBuf {
        self.0.join("socket")
    }

    fn files(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name());
        names.map(|name| name.to_string_lossy().into_owned()).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn listen(path: &Path) -> Result<IpcListener, NetError> {
    IpcListener::listen(&IpcName::Path(path.to_owned()), &IpcSettings::default(), 10)
}

fn connect(path: &Path) -> Result<zeroxide_net::Stream, NetError> {
    ipc::connect(&IpcName::Path(path.to_owned()), &IpcSettings::default())
}

#[test]
fn a_path_connects_and_its_file_goes_with_the_listener() {
    let scratch = Scratch::new();
    let listener = listen(&scratch.path()).unwrap();
    let near = connect(&scratch.path()).unwrap();
    let far = listener.accept().unwrap();
    let endpoint = format!("ipc://{}", scratch.path().display());
    assert_eq!(listener.local_address(), endpoint);
    assert_eq!(near.peer_address(), endpoint);
    assert_eq!(far.local_address().unwrap(), endpoint);
    assert_eq!(far.peer_address(), "ipc://");
    assert_eq!(far.peer_ip(), None);
    near.write(b"hello").unwrap();
    let mut received = Vec::with_capacity(8);
    assert_eq!(far.read(&mut received).unwrap(), 5);
    drop(listener);
    assert!(scratch.files().is_empty());
}

#[test]
fn the_peer_is_known_by_its_process() {
    let scratch = Scratch::new();
    let listener = listen(&scratch.path()).unwrap();
    let near = connect(&scratch.path()).unwrap();
    for stream in [near, listener.accept().unwrap()] {
        let peer = stream.peer_credentials().unwrap().unwrap();
        assert_eq!(peer.process_id, std::process::id());
        assert_eq!(peer.user_id, rustix::process::geteuid().as_raw());
        assert_eq!(peer.group_id, rustix::process::getegid().as_raw());
    }
}

#[test]
fn an_abstract_name_leaves_no_file_and_is_free_at_once() {
    let name = IpcName::Abstract(format!("zeroxide-test-{}", std::process::id()).into_bytes());
    let settings = IpcSettings::default();
    for _ in 0..2 {
        let listener = IpcListener::listen(&name, &settings, 10).unwrap();
        assert_eq!(listener.local_address(), format!("ipc://@zeroxide-test-{}", std::process::id()));
        let near = ipc::connect(&name, &settings).unwrap();
        assert_eq!(near.peer_address(), listener.local_address());
        assert_eq!(listener.accept().unwrap().local_address().unwrap(), listener.local_address());
        let second = IpcListener::listen(&name, &settings, 10).unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::AddrInUse);
    }
    assert_eq!(ipc::connect(&name, &settings).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_wildcard_makes_a_private_place_and_cleans_it_up() {
    let listener = IpcListener::listen(&IpcName::Wildcard, &IpcSettings::default(), 10).unwrap();
    let path = PathBuf::from(listener.local_address().strip_prefix("ipc://").unwrap());
    let directory = path.parent().unwrap();
    assert_eq!(fs::metadata(directory).unwrap().permissions().mode() & 0o777, 0o700);
    connect(&path).unwrap();
    drop(listener);
    assert!(!directory.exists());
}

#[test]
fn a_wildcard_is_nowhere_to_connect_to() {
    let error = ipc::connect(&IpcName::Wildcard, &IpcSettings::default()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn a_dead_socket_file_is_replaced() {
    let scratch = Scratch::new();
    drop(StdListener::bind(scratch.path()).unwrap());
    assert_eq!(scratch.files(), ["socket"]);
    assert_eq!(connect(&scratch.path()).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    let listener = listen(&scratch.path()).unwrap();
    connect(&scratch.path()).unwrap();
    drop(listener);
    assert!(scratch.files().is_empty());
}

#[test]
fn a_live_listener_is_not_robbed() {
    let scratch = Scratch::new();
    let first = listen(&scratch.path()).unwrap();
    let error = listen(&scratch.path()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains("another socket holds this address"), "{error}");
    first.accept().unwrap(); // the probe
    connect(&scratch.path()).unwrap();
    first.accept().unwrap();
}

#[test]
fn a_listener_with_a_full_backlog_is_not_robbed() {
    let scratch = Scratch::new();
    let first = IpcListener::listen(&IpcName::Path(scratch.path()), &IpcSettings::default(), 0).unwrap();
    let mut waiting = Vec::new();
    let error = loop {
        match connect(&scratch.path()) {
            Ok(stream) => waiting.push(stream),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    assert_eq!(listen(&scratch.path()).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    assert!(scratch.path().exists());
    drop(first);
}

#[test]
fn what_is_not_a_socket_stays() {
    let scratch = Scratch::new();
    fs::write(scratch.path(), "precious").unwrap();
    assert_eq!(listen(&scratch.path()).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    assert_eq!(fs::read(scratch.path()).unwrap(), b"precious");
    fs::remove_file(scratch.path()).unwrap();
    std::os::unix::fs::symlink("nowhere", scratch.path()).unwrap();
    assert_eq!(listen(&scratch.path()).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    assert!(scratch.path().is_symlink());
}

#[test]
fn a_file_that_took_our_place_stays() {
    let scratch = Scratch::new();
    let listener = listen(&scratch.path()).unwrap();
    // libzmq would do this.
    fs::remove_file(scratch.path()).unwrap();
    let thief = StdListener::bind(scratch.path()).unwrap();
    let inode = fs::metadata(scratch.path()).unwrap().ino();
    drop(listener);
    assert_eq!(fs::metadata(scratch.path()).unwrap().ino(), inode);
    drop(thief);
}

#[test]
fn many_who_want_a_dead_path_get_one_listener() {
    const RIVALS: usize = 4;
    let scratch = Scratch::new();
    for _ in 0..200 {
        drop(StdListener::bind(scratch.path()).unwrap());
        let start = Barrier::new(RIVALS);
        let listeners: Vec<IpcListener> = std::thread::scope(|scope| {
            let rival = || {
                start.wait();
                listen(&scratch.path())
                    .map_err(|error| assert_eq!(error.kind(), io::ErrorKind::AddrInUse))
                    .ok()
            };
            let rivals: Vec<_> = (0..RIVALS).map(|_| scope.spawn(rival)).collect();
            rivals.into_iter().filter_map(|rival| rival.join().unwrap()).collect()
        });
        assert_eq!(listeners.len(), 1);
        connect(&scratch.path()).unwrap();
        drop(listeners);
        assert!(scratch.files().is_empty(), "{:?}", scratch.files());
    }
}

#[test]
fn the_file_has_the_mode_asked_for() {
    let scratch = Scratch::new();
    for mode in [0o600, 0o660, 0o666, 0o777] {
        let settings = IpcSettings { mode: Some(mode), ..IpcSettings::default() };
        let _listener = IpcListener::listen(&IpcName::Path(scratch.path()), &settings, 1).unwrap();
        assert_eq!(fs::metadata(scratch.path()).unwrap().permissions().mode() & 0o777, mode);
        connect(&scratch.path()).unwrap();
    }
}

#[test]
fn without_a_mode_the_file_follows_the_umask() {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let umask = status.lines().find_map(|line| line.strip_prefix("Umask:")).unwrap().trim();
    let umask = u32::from_str_radix(umask, 8).unwrap();
    let scratch = Scratch::new();
    let _listener = listen(&scratch.path()).unwrap();
    assert_eq!(fs::metadata(scratch.path()).unwrap().permissions().mode() & 0o777, 0o777 & !umask);
}

#[test]
fn buffers_are_set_on_both_sides() {
    let scratch = Scratch::new();
    let name = IpcName::Path(scratch.path());
    let settings = IpcSettings { send_buffer: Some(30_000), receive_buffer: Some(40_000), mode: None };
    let listener = IpcListener::listen(&name, &settings, 10).unwrap();
    let near = ipc::connect(&name, &settings).unwrap();
    for stream in [near, listener.accept().unwrap()] {
        let socket = socket2::SockRef::from(&stream);
        let sizes = (socket.send_buffer_size().unwrap(), socket.recv_buffer_size().unwrap());
        assert_eq!(sizes, (60_000, 80_000));
    }
}

#[test]
fn where_nothing_is_said_there_is_more_room_than_the_system_gives() {
    let scratch = Scratch::new();
    let listener = listen(&scratch.path()).unwrap();
    let given = socket2::SockRef::from(&UnixStream::pair().unwrap().0).send_buffer_size().unwrap();
    let most = fs::read_to_string("/proc/sys/net/core/wmem_max").unwrap().trim().parse::<usize>().unwrap();
    for stream in [connect(&scratch.path()).unwrap(), listener.accept().unwrap()] {
        let size = socket2::SockRef::from(&stream).send_buffer_size().unwrap();
        assert!(size >= given.max(2 * most.min(208 * 1024)), "{size} of {given}, {most}");
    }
}

#[test]
fn paths_that_cannot_be() {
    let scratch = Scratch::new();
    assert_eq!(listen(&scratch.0.join("none/socket")).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(connect(&scratch.path()).unwrap_err().kind(), io::ErrorKind::NotFound);
    let longest = scratch.0.join("n".repeat(107 - scratch.0.as_os_str().len() - 1));
    assert_eq!(longest.as_os_str().len(), 107);
    drop(StdListener::bind(&longest).unwrap());
    connect(listen(&longest).map(|_| &longest).unwrap()).unwrap_err();
    let too_long = scratch.0.join("n".repeat(107 - scratch.0.as_os_str().len()));
    let name_too_long = Some(rustix::io::Errno::NAMETOOLONG.raw_os_error());
    assert_eq!(listen(&too_long).unwrap_err().raw_os_error(), name_too_long);
    assert_eq!(connect(&too_long).unwrap_err().raw_os_error(), name_too_long);
    let empty = IpcName::Abstract(Vec::new());
    let error = IpcListener::listen(&empty, &IpcSettings::default(), 1).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn a_listener_that_was_handed_in_keeps_its_file() {
    let scratch = Scratch::new();
    let listener = Listener::adopt(OwnedFd::from(StdListener::bind(scratch.path()).unwrap())).unwrap();
    assert_eq!(listener.local_address(), format!("ipc://{}", scratch.path().display()));
    connect(&scratch.path()).unwrap();
    listener.accept().unwrap();
    drop(listener);
    assert_eq!(scratch.files(), ["socket"]);
}
