//! Memory that C lends to a message stays where it is, however short it is, until nobody needs it; then its function is called,
//! once, and may do whatever it likes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
#![allow(unsafe_code, reason = "the functions of C are called as C does")]

#[allow(dead_code, reason = "not every test uses all of it")]
mod c_calls;

use c_calls::{
    message::Message,
    world::{Socket, World},
    zmq_msg_init_data,
};
use std::{
    ffi::{CString, c_int, c_void},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering::*},
    },
    thread,
};
use zmq::{errno::Errno, keys::zmq_curve_keypair};

const SUB: c_int = 2;
const REQ: c_int = 3;
const REP: c_int = 4;
const DEALER: c_int = 5;
const ROUTER: c_int = 6;
const PULL: c_int = 7;
const PUSH: c_int = 8;
const XPUB: c_int = 9;

const SUBSCRIBE: c_int = 6;
const UNSUBSCRIBE: c_int = 7;
const EVENTS: c_int = 15;
const LINGER: c_int = 17;
const XPUB_VERBOSE: c_int = 40;
const CURVE_SERVER: c_int = 47;
const CURVE_PUBLIC: c_int = 48;
const CURVE_SECRET: c_int = 49;
const CURVE_SERVERS: c_int = 50;
const REQ_RELAXED: c_int = 53;
const CONFLATE: c_int = 54;

const DONTWAIT: c_int = 1;
const SNDMORE: c_int = 2;

const SIZES: [usize; 8] = [5, 0, 41, 64, 65, 300, 8191, 9000];

/// Memory that is lent to one message.
struct Loan {
    memory: Vec<u8>,
    calls: Mutex<usize>,
    called: Condvar,
    /// What its function does first.
    then: Option<Box<dyn Fn() + Send + Sync>>,
}

impl Loan {
    fn of(size: usize) -> Arc<Self> {
        Self::new(vec![size as u8; size], None)
    }

    fn new(memory: Vec<u8>, then: Option<Box<dyn Fn() + Send + Sync>>) -> Arc<Self> {
        Arc::new(Self { memory, calls: Mutex::new(0), called: Condvar::new(), then })
    }

    /// The message. It holds a count of this, which its function takes: a second call of it would be seen.
    fn message(self: &Arc<Self>) -> Message {
        let hint = Arc::into_raw(self.clone()).cast_mut().cast();
        let (data, size) = (self.memory.as_ptr().cast_mut().cast(), self.memory.len());
        // SAFETY: the memory is there as long as the hint is.
        Message::made(|place| unsafe { zmq_msg_init_data(place, data, size, Some(give_back), hint) })
    }

    fn send(self: &Arc<Self>, socket: &Socket) {
        assert_eq!(self.message().send(socket, 0), Ok(self.memory.len()));
    }

    fn is_back(&self) -> bool {
        *self.calls.lock().unwrap() > 0
    }

    fn wait(&self) {
        drop(self.called.wait_while(self.calls.lock().unwrap(), |calls| *calls == 0).unwrap());
    }

    /// After all has ended.
    fn came_back_once(self: &Arc<Self>) {
        assert_eq!(*self.calls.lock().unwrap(), 1);
        assert_eq!(Arc::strong_count(self), 1);
    }
}

unsafe extern "C" fn give_back(data: *mut c_void, hint: *mut c_void) {
    // SAFETY: the hint is a count, which is this call's.
    let loan = unsafe { Arc::from_raw(hint.cast_const().cast::<Loan>()) };
    assert_eq!(data.cast_const().cast(), loan.memory.as_ptr());
    if let Some(then) = &loan.then {
        then();
    }
    let told = loan.clone();
    drop(loan);
    let (calls, called) = (&told.calls, &told.called);
    *calls.lock().unwrap() += 1;
    called.notify_all();
}

/// A name of the file system where nobody listens yet.
fn nowhere() -> CString {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("zeroxide-lent-{}-{}", std::process::id(), COUNT.fetch_add(1, Relaxed));
    CString::new(format!("ipc://{}", std::env::temp_dir().join(name).display())).unwrap()
}

/// Two sockets of these kinds that are connected; the second listens.
fn pair(world: &World, kinds: (c_int, c_int), endpoint: &str) -> (Socket, Socket) {
    let (near, far) = (world.socket(kinds.0), world.socket(kinds.1));
    near.connect(&far.bind(endpoint).unwrap());
    (near, far)
}

#[test]
fn it_is_held_while_nobody_is_connected_and_until_it_is_written() {
    for size in SIZES {
        let (world, endpoint, loan) = (World::new(), nowhere(), Loan::of(size));
        let push = world.socket(PUSH);
        push.connect(&endpoint);
        loan.send(&push);
        assert!(!loan.is_back(), "{size}");
        let pull = world.socket(PULL);
        pull.bind(endpoint.to_str().unwrap()).unwrap();
        assert_eq!(pull.recv().unwrap(), loan.memory);
        loan.wait();
        drop((push, pull, world));
        loan.came_back_once();
    }
}

#[test]
fn over_a_connection_that_is_there_it_comes_back_by_itself() {
    for endpoint in ["tcp://127.0.0.1:*", nowhere().to_str().unwrap()] {
        let world = World::new();
        let (push, pull) = pair(&world, (PUSH, PULL), endpoint);
        let mut loans = vec![];
        for round in 0..5 {
            for size in SIZES {
                let (first, second) = (Loan::of(size), Loan::of(size + round));
                first.send(&push);
                assert_eq!(second.message().send(&push, SNDMORE), Ok(size + round));
                first.clone().message().send(&push, SNDMORE).unwrap();
                push.send(b"copied");
                loans.extend([first, second]);
            }
        }
        for loans in loans.chunks(2) {
            let parts = [&loans[0].memory[..], &loans[1].memory, &loans[0].memory, b"copied"];
            parts.into_iter().for_each(|part| assert_eq!(pull.recv().unwrap(), part));
            loans.iter().for_each(|loan| loan.wait());
        }
        drop((push, pull, world));
        loans.iter().for_each(|loan| assert_eq!(Arc::strong_count(loan), 1));
    }
}

#[test]
fn within_a_process_the_receiver_has_the_very_memory_and_gives_it_back() {
    for size in SIZES {
        let world = World::new();
        let (push, pull) = pair(&world, (PUSH, PULL), "inproc://very");
        let loans = [0; 4].map(|_| Loan::of(size));
        loans[0].send(&push);
        let mut message = Message::new();
        assert_eq!(message.receive(&pull, 0), Ok(size));
        if size > 0 {
            assert_eq!(message.octets().as_ptr(), loans[0].memory.as_ptr());
        }
        let copy = message.copy();
        drop(message);
        assert!(!loans[0].is_back());
        drop(copy);
        assert!(loans[0].is_back());
        // Into memory of the receiver's own: it is not needed any more when the call returns.
        loans[1].send(&push);
        assert!(!loans[1].is_back());
        assert_eq!(pull.recv().unwrap(), loans[1].memory);
        assert!(loans[1].is_back());
        // Part by part.
        loans[2].message().send(&push, SNDMORE).unwrap();
        loans[3].send(&push);
        assert_eq!(pull.recv().unwrap(), loans[2].memory);
        assert!(loans[2].is_back() && !loans[3].is_back());
        assert_eq!(pull.recv().unwrap(), loans[3].memory);
        drop((push, pull, world));
        loans.iter().for_each(Loan::came_back_once);
    }
}

#[test]
fn what_is_sent_on_is_still_held_and_so_is_what_a_second_message_has() {
    for size in SIZES {
        let (world, loan) = (World::new(), Loan::of(size));
        let (push, pull) = pair(&world, (PUSH, PULL), "inproc://on");
        let (onward, end, endpoint) = (world.socket(PUSH), world.socket(PULL), nowhere());
        onward.connect(&endpoint);
        loan.send(&push);
        let mut message = Message::new();
        message.receive(&pull, 0).unwrap();
        let mut second = message.copy();
        message.send(&onward, 0).unwrap();
        assert!(!loan.is_back());
        end.bind(endpoint.to_str().unwrap()).unwrap();
        assert_eq!(end.recv().unwrap(), loan.memory);
        assert!(!loan.is_back(), "the second message has it");
        second.send(&push, 0).unwrap();
        assert!(!loan.is_back());
        assert_eq!(pull.recv().unwrap(), loan.memory);
        loan.wait();
        drop((push, pull, onward, end, world));
        loan.came_back_once();
    }
}

#[test]
fn what_cannot_be_sent_stays_in_its_message() {
    let (world, loan) = (World::new(), Loan::of(5));
    let push = world.socket(PUSH);
    let mut message = loan.message();
    assert_eq!(message.send(&push, DONTWAIT), Err(Errno::EAGAIN));
    assert_eq!(message.send(&push, DONTWAIT | SNDMORE), Err(Errno::EAGAIN));
    assert_eq!(message.octets().as_ptr(), loan.memory.as_ptr());
    assert!(!loan.is_back());
    drop(message);
    loan.came_back_once();
}

#[test]
fn what_is_never_read_comes_back_with_the_end_of_the_socket() {
    for size in SIZES {
        let loans = [0; 6].map(|_| Loan::of(size));
        let world = World::new();
        let (unread, pull) = pair(&world, (PUSH, PULL), "inproc://unread");
        let (to_nobody, lingering) = (world.socket(PUSH), world.socket(PUSH));
        lingering.set_int(LINGER, -1);
        to_nobody.connect(&nowhere());
        lingering.connect(c"inproc://nobody");
        [&unread, &unread, &to_nobody, &lingering]
            .into_iter()
            .zip(&loans)
            .for_each(|(socket, loan)| loan.send(socket));
        // And what was begun to be sent, or to be received.
        loans[4].message().send(&unread, SNDMORE).unwrap();
        let (dealer, router) = pair(&world, (DEALER, ROUTER), "inproc://half");
        loans[5].send(&dealer);
        router.recv().unwrap();
        assert!(loans.iter().all(|loan| !loan.is_back()), "{size}");
        drop((unread, pull, to_nobody, lingering, dealer, router));
        drop(world);
        loans.iter().for_each(Loan::came_back_once);
    }
}

#[test]
fn whoever_answers_keeps_a_copy_of_the_address_only() {
    let world = World::new();
    let (dealer, answering) = pair(&world, (DEALER, REP), "inproc://address");
    let [address, delimiter, question] = [5, 0, 9].map(Loan::of);
    address.message().send(&dealer, SNDMORE).unwrap();
    delimiter.message().send(&dealer, SNDMORE).unwrap();
    question.send(&dealer);
    assert_eq!(answering.recv().unwrap(), question.memory);
    [address, delimiter, question].iter().for_each(Loan::came_back_once);
    answering.send(b"answer");
    assert_eq!(dealer.recv().unwrap(), [5; 5]);
}

/// A publisher, and so many subscribers that it does not write to each of them itself.
fn published(world: &World) -> (Socket, [Socket; 5]) {
    let publisher = world.socket(XPUB);
    publisher.set_int(XPUB_VERBOSE, 1);
    let endpoint = publisher.bind("tcp://127.0.0.1:*").unwrap();
    let subscribers = [0; 5].map(|_| {
        let subscriber = world.socket(SUB);
        subscriber.set(SUBSCRIBE, b"").unwrap();
        subscriber.connect(&endpoint);
        subscriber
    });
    subscribers.iter().for_each(|_| assert_eq!(publisher.recv().unwrap(), [1]));
    (publisher, subscribers)
}

#[test]
fn what_is_published_comes_back_when_the_last_has_it() {
    let world = World::new();
    let (publisher, subscribers) = published(&world);
    let loans: Vec<_> = (0..100).map(|at| Loan::of(SIZES[at % SIZES.len()].max(2))).collect();
    loans.iter().for_each(|loan| loan.send(&publisher));
    publisher.send(b"!");
    for subscriber in &subscribers {
        loans.iter().for_each(|loan| assert!(subscriber.recv().unwrap() == loan.memory));
        assert_eq!(subscriber.recv().unwrap(), b"!");
    }
    loans.iter().for_each(|loan| loan.wait());
    drop((publisher, subscribers, world));
    loans.iter().for_each(Loan::came_back_once);
}

#[test]
fn encrypted_it_is_held_as_well_until_it_is_written() {
    let keys = || {
        let (mut public, mut secret) = ([0_u8; 41], [0_u8; 41]);
        // SAFETY: there is so much room.
        assert_eq!(unsafe { zmq_curve_keypair(public.as_mut_ptr().cast(), secret.as_mut_ptr().cast()) }, 0);
        (public, secret)
    };
    let (world, (server, server_secret), (client, client_secret)) = (World::new(), keys(), keys());
    let (push, pull, endpoint) = (world.socket(PUSH), world.socket(PULL), nowhere());
    pull.set_int(CURVE_SERVER, 1);
    pull.set(CURVE_SECRET, &server_secret).unwrap();
    for (option, key) in [(CURVE_SERVERS, server), (CURVE_PUBLIC, client), (CURVE_SECRET, client_secret)] {
        push.set(option, &key).unwrap();
    }
    push.connect(&endpoint);
    let loans = SIZES.map(Loan::of);
    loans.iter().for_each(|loan| loan.send(&push));
    assert!(loans.iter().all(|loan| !loan.is_back()));
    pull.bind(endpoint.to_str().unwrap()).unwrap();
    loans.iter().for_each(|loan| assert!(pull.recv().unwrap() == loan.memory));
    loans.iter().for_each(|loan| loan.wait());
    drop((push, pull, world));
    loans.iter().for_each(Loan::came_back_once);
}

/// A short body, and one that is never copied whoever made it.
const TWO: [usize; 2] = [16, 9000];

/// Memory whose function has another thread use this socket, and waits for that: nothing of ours may be locked then.
fn that_uses(socket: &Socket, first: &[u8], size: usize) -> Arc<Loan> {
    let mut memory = first.to_vec();
    memory.resize(size, 0);
    let address = socket.0.expose_provenance();
    let uses = move || {
        let other = thread::spawn(move || {
            // It is ended by whoever made it.
            let socket = std::mem::ManuallyDrop::new(Socket(std::ptr::with_exposed_provenance_mut(address)));
            let _sent = socket.send_with(b"from there", DONTWAIT);
            let _received = socket.recv_with(DONTWAIT);
            assert!(!socket.get(EVENTS).is_empty());
        });
        other.join().unwrap();
    };
    Loan::new(memory, Some(Box::new(uses)))
}

#[test]
fn its_function_may_use_the_socket_that_dropped_it() {
    for size in TWO {
        // What a connection took.
        let world = World::new();
        let (dealer, other) = pair(&world, (DEALER, DEALER), "tcp://127.0.0.1:*");
        let loan = that_uses(&dealer, b"a", size);
        loan.send(&dealer);
        other.recv().unwrap();
        loan.wait();
        // A message for nobody.
        let router = world.socket(ROUTER);
        let loans = [that_uses(&router, b"nobody", size), that_uses(&router, b"b", size)];
        loans[0].message().send(&router, SNDMORE).unwrap();
        loans[1].send(&router);
        loans.iter().for_each(|loan| assert!(loan.is_back()));
        // One that another took the place of.
        let newest = world.socket(PUSH);
        newest.set_int(CONFLATE, 1);
        newest.connect(&nowhere());
        let loan = that_uses(&newest, b"c", size);
        loan.send(&newest);
        assert!(!loan.is_back());
        newest.send(b"newer");
        assert!(loan.is_back());
    }
}

#[test]
fn its_function_may_use_the_socket_that_did_not_want_it() {
    for size in TWO {
        let world = World::new();
        // One that is not subscribed to any more.
        let (subscriber, publisher) = pair(&world, (SUB, XPUB), "inproc://unwanted");
        subscriber.set(SUBSCRIBE, b"a").unwrap();
        assert_eq!(publisher.recv().unwrap(), b"\x01a");
        let loan = that_uses(&subscriber, b"a", size);
        loan.send(&publisher);
        subscriber.set(UNSUBSCRIBE, b"a").unwrap();
        assert_eq!(subscriber.recv_with(DONTWAIT), Err(Errno::EAGAIN));
        assert!(loan.is_back());
        // A reply that nobody waits for any more.
        let (asking, answering) = pair(&world, (REQ, REP), "inproc://late");
        asking.set_int(REQ_RELAXED, 1);
        asking.send(b"first");
        answering.recv().unwrap();
        let loan = that_uses(&asking, b"late", size);
        loan.send(&answering);
        asking.send(b"second");
        assert!(loan.is_back());
        // What is no request.
        let (dealer, answering) = pair(&world, (DEALER, REP), "inproc://bad");
        let loan = that_uses(&answering, b"no envelope", size);
        loan.send(&dealer);
        assert_eq!(answering.recv_with(DONTWAIT), Err(Errno::EAGAIN));
        assert!(loan.is_back());
    }
}

#[test]
fn its_function_may_use_a_publisher_that_is_at_it() {
    for size in TWO {
        let world = World::new();
        let (publisher, subscribers) = published(&world);
        let loans: Vec<_> = (0..300).map(|_| that_uses(&publisher, b"lent", size)).collect();
        loans.iter().for_each(|loan| loan.send(&publisher));
        loans.iter().for_each(|loan| loan.wait());
        drop((publisher, subscribers, world));
        loans.iter().for_each(Loan::came_back_once);
    }
}

#[test]
fn whoever_sleeps_has_given_back_before() {
    let world = World::new();
    let (subscriber, publisher) = pair(&world, (SUB, XPUB), "inproc://asleep");
    let topic = |option, topic: &[u8]| {
        subscriber.set(option, topic).unwrap();
        publisher.recv().unwrap()
    };
    topic(SUBSCRIBE, b"b");
    let poll = |socket: &Socket| {
        let mut item = zmq::poll::PollItem { socket: socket.0, fd: 0, events: 1, revents: 0 };
        // SAFETY: it is one item.
        assert_eq!(unsafe { zmq::poll::zmq_poll(&raw mut item, 1, -1) }, 1);
    };
    let receive = |_: &Socket| ();
    let waits: [&(dyn Fn(&Socket) + Sync); 2] = [&poll, &receive];
    for wait in waits {
        topic(SUBSCRIBE, b"a");
        let loan = Loan::new(b"a".to_vec(), None);
        loan.send(&publisher);
        topic(UNSUBSCRIBE, b"a");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                wait(&subscriber);
                subscriber.recv().unwrap()
            });
            loan.wait();
            publisher.send(b"b");
            assert_eq!(waiting.join().unwrap(), b"b");
        });
        loan.came_back_once();
    }
}
