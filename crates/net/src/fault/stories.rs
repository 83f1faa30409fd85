//! What this room does when system calls fail that do not fail on a healthy machine.

use super::{Call, Fault};
use crate::{
    Connecting, Interest, IpcListener, IpcName, IpcSettings, Poller, Ring, Stream, TcpListener, TcpSettings,
};
use crate::{Family, Operation, PollFd, PollFlags, ipc, resolve_blocking, wait_fds, wait_fds_interruptible};
use rustix::io::Errno;
use std::io::{self, IoSlice};
use std::path::PathBuf;
use std::time::Duration;

fn interrupted(call: Call) -> Fault {
    Fault::in_thread(call, 1, Errno::INTR)
}

#[test]
fn interrupted_reads_and_writes_are_made_again() {
    let (near, far) = Stream::pair().unwrap();
    for call in [Call::Write, Call::Read] {
        let fault = interrupted(call);
        assert_eq!(near.write(b"ab").unwrap(), 2);
        assert_eq!(near.write_vectored(&[IoSlice::new(b"c"), IoSlice::new(b"d")]).unwrap(), 2);
        let mut received = Vec::with_capacity(8);
        assert_eq!(far.read(&mut received).unwrap(), 4);
        assert!(fault.has_struck());
    }
    let fault = interrupted(Call::Write);
    assert_eq!(near.write_vectored(&[IoSlice::new(b"c"), IoSlice::new(b"d")]).unwrap(), 2);
    assert!(fault.has_struck());
    let fault = interrupted(Call::Read);
    assert_eq!(far.read_piece(&mut Vec::with_capacity(8), 8).unwrap(), 2);
    assert!(fault.has_struck());
}

#[test]
fn an_interrupted_wait_goes_on_with_what_remains() {
    let poller = Poller::new().unwrap();
    let (near, _far) = Stream::pair().unwrap();
    let timeout = Duration::from_millis(2);
    let start = std::time::Instant::now();
    let fault = interrupted(Call::Wait);
    poller.wait(&mut Vec::new(), Some(timeout)).unwrap();
    assert!(fault.has_struck() && start.elapsed() >= timeout);

    let start = std::time::Instant::now();
    let fault = interrupted(Call::Wait);
    let mut fds = [PollFd::new(&near, PollFlags::IN)];
    assert_eq!(wait_fds(&mut fds, Some(timeout)).unwrap(), 0);
    assert!(fault.has_struck() && start.elapsed() >= timeout);
}

#[test]
fn who_wants_to_know_of_signals_is_told() {
    let (near, _far) = Stream::pair().unwrap();
    let _fault = interrupted(Call::Wait);
    let answer = wait_fds_interruptible(&mut [PollFd::new(&near, PollFlags::IN)], None);
    assert_eq!(answer.unwrap_err().kind(), io::ErrorKind::Interrupted);
}

#[test]
fn a_lack_of_resources_is_an_error_everywhere() {
    let (near, _far) = Stream::pair().unwrap();
    let poller = Poller::new().unwrap();
    let settings = TcpSettings::default();
    let address = ([127, 0, 0, 1], 0).into();
    let failures: [(Call, &dyn Fn() -> Option<io::Error>); 9] = [
        (Call::Create, &|| Poller::new().err()),
        (Call::Create, &|| Ring::new().err()),
        (Call::Control, &|| poller.add(&near, 1, Interest::READ).err()),
        (Call::Wait, &|| poller.wait(&mut Vec::new(), None).err()),
        (Call::Socket, &|| Stream::pair().err()),
        (Call::Socket, &|| TcpListener::listen(address, &settings, 1).err().map(io::Error::from)),
        (Call::Listen, &|| TcpListener::listen(address, &settings, 1).err().map(io::Error::from)),
        (Call::Connect, &|| Connecting::start(address, None, &settings).err().map(io::Error::from)),
        (Call::Resolve, &|| resolve_blocking("localhost", 1, Family::Any).err()),
    ];
    for (call, run) in failures {
        let fault = Fault::in_thread(call, 1, Errno::NOMEM);
        assert_eq!(run().unwrap().raw_os_error(), Some(Errno::NOMEM.raw_os_error()), "{call:?}");
        assert!(fault.has_struck());
    }
}

#[test]
fn an_interrupted_tcp_connect_goes_on_by_itself() {
    let settings = TcpSettings::default();
    let listener = TcpListener::listen(([127, 0, 0, 1], 0).into(), &settings, 1).unwrap();
    let fault = interrupted(Call::Connect);
    // The injected interruption comes instead of the call, so nothing is under way here: only the answer counts.
    let connecting = Connecting::start(listener.socket_address(), None, &settings).unwrap();
    assert!(fault.has_struck());
    assert!(!connecting.connect_finished().unwrap());
}

#[test]
fn a_bind_that_fails_half_way_leaves_nothing_behind() {
    for (call, nth) in [(Call::Bind, 1), (Call::Listen, 1), (Call::Socket, 1), (Call::Socket, 2)] {
        let path =
            std::env::temp_dir().join(format!("zeroxide-net-fault-{}-{call:?}-{nth}", std::process::id()));
        let name = IpcName::Path(path.clone());
        let fault = Fault::in_thread(call, nth, Errno::NOMEM);
        let error = IpcListener::listen(&name, &IpcSettings::default(), 1).unwrap_err();
        assert!(fault.has_struck());
        assert_eq!(error.raw_os_error(), Some(Errno::NOMEM.raw_os_error()), "{call:?} {nth}");
        assert!(!path.exists());
        drop(fault);
        // Nor is the lock left behind.
        drop(IpcListener::listen(&name, &IpcSettings::default(), 1).unwrap());
    }
}

#[test]
fn a_wildcard_that_fails_removes_its_directory() {
    let _fault = Fault::in_thread(Call::Listen, 1, Errno::NOMEM);
    let error = IpcListener::listen(&IpcName::Wildcard, &IpcSettings::default(), 1).unwrap_err();
    assert_eq!(error.operation(), Operation::Listen);
    let path = PathBuf::from(error.address().strip_prefix("ipc://").unwrap());
    assert!(!path.parent().unwrap().exists());
}

#[test]
fn an_interrupted_ipc_connect_is_made_again() {
    let listener = IpcListener::listen(&IpcName::Wildcard, &IpcSettings::default(), 1).unwrap();
    let path = PathBuf::from(listener.local_address().strip_prefix("ipc://").unwrap());
    let fault = interrupted(Call::Connect);
    ipc::connect(&IpcName::Path(path), &IpcSettings::default()).unwrap();
    assert!(fault.has_struck());
}
