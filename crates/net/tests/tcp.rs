//! TCP over loopback: connecting, listening, settings, and what they say when they fail.

#![allow(clippy::unwrap_used, reason = "a failing helper is a failing test")]

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::sockopt;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener as StdListener, UdpSocket};
use std::time::Duration;
use zeroxide_net::{
    AcceptError, Connecting, Interest, Listener, NetError, Operation, Poller, Stream, TcpListener,
    TcpSettings,
};

fn v4() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// An address of loopback that is this process's alone: what was free there is not taken meanwhile.
fn own() -> SocketAddr {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    ([127, 64 | high, middle, low], 0).into()
}

fn v6() -> SocketAddr {
    "[::1]:0".parse().unwrap()
}

fn listen(address: SocketAddr) -> TcpListener {
    TcpListener::listen(address, &TcpSettings::default(), 10).unwrap()
}

fn wait_for(fd: &impl rustix::fd::AsFd, interest: Interest) {
    let poller = Poller::new().unwrap();
    poller.add(fd, 0, interest).unwrap();
    poller.wait(&mut Vec::new(), None).unwrap();
}

fn finish(connecting: Connecting) -> io::Result<Stream> {
    while !connecting.connect_finished()? {
        wait_for(&connecting, Interest::WRITE);
    }
    Ok(connecting.into_stream())
}

fn connect(address: SocketAddr, source: Option<SocketAddr>, settings: &TcpSettings) -> Stream {
    finish(Connecting::start(address, source, settings).unwrap()).unwrap()
}

fn accept(listener: &TcpListener) -> Stream {
    wait_for(listener, Interest::READ);
    listener.accept().unwrap()
}

#[test]
fn both_families_connect_and_know_each_other() {
    for address in [v4(), v6()] {
        let listener = listen(address);
        assert_ne!(listener.socket_address().port(), 0);
        let near = connect(listener.socket_address(), None, &TcpSettings::default());
        let far = accept(&listener);
        assert_eq!(near.peer_address(), listener.local_address());
        assert_eq!(near.peer_address(), format!("tcp://{}", listener.socket_address()));
        assert_eq!(near.local_address().unwrap(), far.peer_address());
        assert_eq!(far.peer_ip(), Some(address.ip()));
        assert_eq!(near.peer_credentials().unwrap(), None);
        near.write(b"hello").unwrap();
        wait_for(&far, Interest::READ);
        let mut received = Vec::with_capacity(9);
        assert_eq!(far.read(&mut received).unwrap(), 5);
        assert_eq!(received, b"hello");
    }
}

#[test]
fn the_ipv6_wildcard_welcomes_ipv4_peers_as_ipv4() {
    let listener = listen("[::]:0".parse().unwrap());
    let port = listener.socket_address().port();
    let _near = connect(([127, 0, 0, 1], port).into(), None, &TcpSettings::default());
    let far = accept(&listener);
    assert_eq!(far.peer_ip(), Some([127, 0, 0, 1].into()));
    assert!(far.peer_address().starts_with("tcp://127.0.0.1:"), "{}", far.peer_address());
    assert!(far.local_address().unwrap().starts_with("tcp://127.0.0.1:"));
}

/// How the system paces senders where nobody says otherwise.
fn usual_congestion_control() -> String {
    sockopt::tcp_congestion(StdListener::bind(v4()).unwrap()).unwrap()
}

fn is_unpaced(stream: &Stream) -> bool {
    let usual = usual_congestion_control();
    sockopt::tcp_congestion(stream).unwrap() == if usual.starts_with("bbr") { "reno" } else { &usual }
}

#[test]
fn nothing_paces_a_connection_within_the_machine() {
    for address in [v4(), v6(), ([0, 0, 0, 0], 0).into(), "[::]:0".parse().unwrap()] {
        let listener = listen(address);
        let port = listener.socket_address().port();
        let ip = if address.ip().is_loopback() { address.ip() } else { v4().ip() };
        let near = connect((ip, port).into(), None, &TcpSettings::default());
        assert!(is_unpaced(&near), "{address}");
        assert!(is_unpaced(&accept(&listener)), "{address}");
    }
}

#[test]
fn a_connection_from_elsewhere_is_paced_as_the_system_has_it() {
    // Where this machine has an address in no network but its own, nobody from elsewhere can come.
    let Some(ip) = outward_address() else { return };
    let listener = listen(([0, 0, 0, 0], 0).into());
    let near = connect((ip, listener.socket_address().port()).into(), None, &TcpSettings::default());
    let usual = usual_congestion_control();
    assert_eq!(sockopt::tcp_congestion(&near).unwrap(), usual);
    assert_eq!(sockopt::tcp_congestion(accept(&listener)).unwrap(), usual);
}

/// The address that others would see, if there is a way to them.
fn outward_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().unwrap().ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

#[test]
fn nobody_waiting_is_would_block() {
    assert!(matches!(listen(v4()).accept(), Err(AcceptError::WouldBlock)));
}

#[test]
fn a_refused_connection_is_noticed() {
    let gone = listen(own()).socket_address();
    let answer =
        Connecting::start(gone, None, &TcpSettings::default()).map_err(io::Error::from).and_then(finish);
    assert_eq!(answer.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_connection_to_itself_counts_as_refused() {
    let gone = listen(own()).socket_address();
    let answer = Connecting::start(gone, Some(gone), &TcpSettings::default())
        .map_err(io::Error::from)
        .and_then(finish);
    assert_eq!(answer.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_taken_address_is_an_error_with_advice() {
    let listener = listen(v4());
    let error = TcpListener::listen(listener.socket_address(), &TcpSettings::default(), 1).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert_eq!(error.address(), listener.local_address());
    assert!(error.to_string().contains("another socket holds this address"), "{error}");
}

#[test]
fn a_foreign_address_is_an_error() {
    let foreign = ([192, 0, 2, 1], 0).into();
    let error = TcpListener::listen(foreign, &TcpSettings::default(), 1).unwrap_err();
    assert_eq!((error.kind(), error.operation()), (io::ErrorKind::AddrNotAvailable, Operation::Bind));
    let error = Connecting::start(v4(), Some(foreign), &TcpSettings::default()).unwrap_err();
    assert_eq!((error.kind(), error.operation()), (io::ErrorKind::AddrNotAvailable, Operation::Bind));
}

#[test]
fn an_address_is_free_again_when_its_listener_is_gone() {
    let listener = listen(own());
    let address = listener.socket_address();
    let near = connect(address, None, &TcpSettings::default());
    // The listener's side closes first, so that the connection lingers there in TIME_WAIT.
    drop((accept(&listener), listener));
    wait_for(&near, Interest::READ);
    drop(near);
    assert_eq!(listen(address).socket_address(), address);
}

#[test]
fn a_connection_comes_from_the_source_asked_for() {
    let listener = listen(v4());
    let source = ([127, 0, 0, 2], 0).into();
    let near = connect(listener.socket_address(), Some(source), &TcpSettings::default());
    assert_eq!(accept(&listener).peer_ip(), Some(source.ip()));
    assert!(near.local_address().unwrap().starts_with("tcp://127.0.0.2:"));
}

fn all_settings() -> TcpSettings {
    TcpSettings {
        keepalive: Some(true),
        keepalive_count: Some(3),
        keepalive_idle: Some(Duration::from_secs(40)),
        keepalive_interval: Some(Duration::from_secs(7)),
        user_timeout: Some(Duration::from_millis(12_345)),
        type_of_service: 0x28,
        priority: Some(3),
        send_buffer: Some(50_000),
        receive_buffer: Some(60_000),
        ..TcpSettings::default()
    }
}

fn has_all_settings(stream: &Stream, ipv6: bool) {
    let socket = socket2::SockRef::from(stream);
    assert!(sockopt::tcp_nodelay(stream).unwrap());
    assert!(sockopt::socket_keepalive(stream).unwrap());
    assert_eq!(sockopt::tcp_keepcnt(stream).unwrap(), 3);
    assert_eq!(sockopt::tcp_keepidle(stream).unwrap(), Duration::from_secs(40));
    assert_eq!(sockopt::tcp_keepintvl(stream).unwrap(), Duration::from_secs(7));
    assert_eq!(sockopt::tcp_user_timeout(stream).unwrap(), 12_345);
    assert_eq!(sockopt::ip_tos(stream).unwrap(), 0x28);
    if ipv6 {
        assert_eq!(sockopt::ipv6_tclass(stream).unwrap(), 0x28);
    }
    assert_eq!(socket.priority().unwrap(), 3);
    // Linux doubles what is asked for, to have room for its own bookkeeping.
    assert_eq!(socket.send_buffer_size().unwrap(), 100_000);
    assert_eq!(socket.recv_buffer_size().unwrap(), 120_000);
}

fn is_nonblocking_and_closed_on_exec(fd: &impl rustix::fd::AsFd) {
    assert!(rustix::fs::fcntl_getfl(fd).unwrap().contains(rustix::fs::OFlags::NONBLOCK));
    assert!(rustix::io::fcntl_getfd(fd).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
}

#[test]
fn settings_reach_connections_made_and_accepted() {
    for address in [v4(), v6()] {
        let listener = TcpListener::listen(address, &all_settings(), 10).unwrap();
        let near = connect(listener.socket_address(), None, &all_settings());
        let far = accept(&listener);
        for stream in [&near, &far] {
            has_all_settings(stream, address.is_ipv6());
            is_nonblocking_and_closed_on_exec(stream);
        }
        is_nonblocking_and_closed_on_exec(&listener);
    }
}

#[test]
fn by_default_only_the_delay_is_off() {
    let listener = listen(v4());
    let near = connect(listener.socket_address(), None, &TcpSettings::default());
    for stream in [&near, &accept(&listener)] {
        assert!(sockopt::tcp_nodelay(stream).unwrap());
        assert!(!sockopt::socket_keepalive(stream).unwrap());
    }
}

fn refused_setting(settings: TcpSettings) -> NetError {
    TcpListener::listen(v4(), &settings, 1).unwrap_err()
}

#[test]
fn a_setting_that_the_system_refuses_is_an_error_that_names_it() {
    let none = Some("no-such-nic".to_owned());
    let error = refused_setting(TcpSettings { bind_to_device: none, ..TcpSettings::default() });
    assert_eq!(error.operation(), Operation::Configure("SO_BINDTODEVICE"));
    assert!(
        [Errno::NODEV, Errno::PERM].map(|e| Some(e.raw_os_error())).contains(&error.raw_os_error()),
        "{error}"
    );
    let zero = Some(Duration::ZERO);
    let error = refused_setting(TcpSettings {
        keepalive: Some(true),
        keepalive_idle: zero,
        ..TcpSettings::default()
    });
    assert_eq!(error.operation(), Operation::Configure("TCP_KEEPIDLE"));
}

#[test]
fn a_listener_can_be_handed_in() {
    let made_elsewhere = StdListener::bind(v4()).unwrap();
    let address = made_elsewhere.local_addr().unwrap();
    let listener = Listener::adopt(OwnedFd::from(made_elsewhere)).unwrap();
    assert_eq!(listener.local_address(), format!("tcp://{address}"));
    is_nonblocking_and_closed_on_exec(&listener);
    assert!(matches!(listener.accept(), Err(AcceptError::WouldBlock)));
    let _near = connect(address, None, &TcpSettings::default());
    wait_for(&listener, Interest::READ);
    assert!(sockopt::tcp_nodelay(listener.accept().unwrap()).unwrap());
}

#[test]
fn what_does_not_listen_cannot_be_handed_in() {
    let fds: [OwnedFd; 3] = [
        UdpSocket::bind(v4()).unwrap().into(),
        rustix::pipe::pipe().unwrap().0,
        rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::STREAM, None).unwrap(),
    ];
    for fd in fds {
        assert_eq!(Listener::adopt(fd).unwrap_err().operation(), Operation::Adopt);
    }
}

#[test]
fn running_out_of_descriptors_is_told_from_the_rest() {
    if std::env::var_os(CHILD).is_none() {
        // The limit is that of the process, so this runs alone in one of its own.
        let program = std::env::current_exe().unwrap();
        let test = ["--exact", "running_out_of_descriptors_is_told_from_the_rest"];
        let output = std::process::Command::new(program).args(test).env(CHILD, "1").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let listener = listen(v4());
    let near = connect(listener.socket_address(), None, &TcpSettings::default());
    wait_for(&listener, Interest::READ);
    let limits = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(0), maximum: limits.maximum }).unwrap();
    assert!(matches!(listener.accept(), Err(AcceptError::Exhausted(_))));
    let error = Connecting::start(listener.socket_address(), None, &TcpSettings::default()).unwrap_err();
    assert!(error.to_string().contains("ulimit -n"), "{error}");
    setrlimit(Resource::Nofile, limits).unwrap();
    assert_eq!(listener.accept().unwrap().peer_address(), near.local_address().unwrap());
}

const CHILD: &str = "ZEROXIDE_NET_TEST_CHILD";
