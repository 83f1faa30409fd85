//! `zmq_poller_*`: what is waited for is kept from call to call.

use crate::{
    border::{call, done, guard},
    errno::Errno,
    events::{POLLERR, POLLIN, POLLOUT, POLLPRI},
    handles::{self, Table},
    message::size_to_c,
    poll::{self, Wait, Wanted},
    socket::{self, Socket},
};
use std::{
    ffi::{c_int, c_long, c_short, c_void},
    os::fd::{AsFd, AsRawFd},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};
use zeroxide::door::Descriptor;

static POLLERS: Table<Poller> = Table::new();

/// `zmq_poller_event_t`
#[repr(C)]
pub struct Event {
    socket: *mut c_void,
    fd: c_int,
    user_data: *mut c_void,
    events: c_short,
}

impl Event {
    const NONE: Self =
        Self { socket: std::ptr::null_mut(), fd: -1, user_data: std::ptr::null_mut(), events: 0 };
}

/// What is waited for.
#[derive(Default)]
struct Poller {
    items: Mutex<Vec<Item>>,
    /// `zmq_poller_fd`, once it was asked for.
    descriptor: OnceLock<Descriptor>,
}

struct Item {
    /// The socket's handle; 0 for a descriptor.
    handle: usize,
    socket: Option<Arc<Socket>>,
    fd: c_int,
    /// A number of the application's, as C has it.
    user_data: usize,
    events: c_short,
    /// How the socket rings the poller's descriptor.
    line: Option<Descriptor>,
}

impl Item {
    /// Has the socket ring the poller's descriptor from now on.
    fn arm(&mut self, poller: &Poller) {
        if let (Some(socket), Some(descriptor)) = (&self.socket, poller.descriptor.get()) {
            self.line.get_or_insert_with(|| descriptor.share()).rearm(&socket.native);
        }
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        if let (Some(socket), Some(line)) = (&self.socket, &self.line) {
            line.disarm(&socket.native);
        }
    }
}

impl Poller {
    fn of(handle: *const c_void) -> Result<Arc<Self>, Errno> {
        POLLERS.get(handles::from_c(handle)).map_err(|_| Errno::EFAULT)
    }

    fn items(&self) -> MutexGuard<'_, Vec<Item>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, mut item: Item) -> Result<(), Errno> {
        let mut items = self.items();
        if items.iter().any(|known| known.handle == item.handle && known.fd == item.fd) {
            return Err(Errno::EINVAL);
        }
        item.arm(self);
        items.push(item);
        Ok(())
    }

    fn change(&self, handle: usize, fd: c_int, events: c_short) -> Result<(), Errno> {
        let mut items = self.items();
        let item = items.iter_mut().find(|item| item.handle == handle && item.fd == fd);
        item.ok_or(Errno::EINVAL)?.events = events;
        Ok(())
    }

    fn remove(&self, handle: usize, fd: c_int) -> Result<(), Errno> {
        let mut items = self.items();
        let at = items.iter().position(|item| item.handle == handle && item.fd == fd);
        items.remove(at.ok_or(Errno::EINVAL)?);
        Ok(())
    }

    fn wait(&self, events: &mut [Event], timeout: c_long) -> Result<usize, Errno> {
        let (wanted, names): (Vec<_>, Vec<_>) = self
            .items()
            .iter_mut()
            .map(|item| {
                item.arm(self);
                let wanted = Wanted { socket: item.socket.clone(), fd: item.fd, events: item.events };
                (wanted, (item.handle, item.user_data))
            })
            .unzip();
        if timeout < 0 && wanted.iter().all(|wanted| wanted.events == 0) {
            // Nothing could ever end the wait.
            return Err(Errno::EFAULT);
        }
        let mut found = vec![0; wanted.len()];
        // SAFETY: there is no mask.
        unsafe { poll::wait(&wanted, &mut found, Wait::from_c(timeout), std::ptr::null())? };
        let ready = wanted.iter().zip(names).zip(found).filter(|(_, found)| *found != 0);
        let mut count = 0;
        for (((one, (handle, user_data)), found), event) in ready.zip(events) {
            *event = Event {
                socket: handles::to_c(handle),
                fd: one.fd,
                user_data: std::ptr::without_provenance_mut(user_data),
                events: found,
            };
            count += 1;
        }
        if count == 0 { Err(Errno::EAGAIN) } else { Ok(count) }
    }
}

fn known_events(events: c_short) -> Result<(), Errno> {
    if events & !(POLLIN | POLLOUT | POLLERR | POLLPRI) == 0 { Ok(()) } else { Err(Errno::EINVAL) }
}

fn is_fd(fd: c_int) -> Result<(), Errno> {
    if fd == -1 { Err(Errno::EBADF) } else { Ok(()) }
}

fn live(socket: *mut c_void) -> Result<(usize, Arc<Socket>), Errno> {
    let handle = handles::from_c(socket);
    Ok((handle, socket::find(handle)?))
}

/// A new poller.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_poller_new() -> *mut c_void {
    guard(std::ptr::null_mut(), || POLLERS.insert(|_| Arc::default()).map(handles::to_c).ok_or(Errno::EMFILE))
}

/// Ends a poller, and makes the caller's pointer null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_poller_destroy(poller: *mut *mut c_void) -> c_int {
    done(|| {
        if poller.is_null() {
            return Err(Errno::EFAULT);
        }
        // SAFETY: not null, so it is the caller's pointer.
        let poller = unsafe { &mut *poller };
        POLLERS.remove(handles::from_c(*poller)).map_err(|_| Errno::EFAULT)?;
        *poller = std::ptr::null_mut();
        Ok(())
    })
}

/// How many sockets and descriptors it knows.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_poller_size(poller: *mut c_void) -> c_int {
    call(|| Ok(size_to_c(Poller::of(poller)?.items().len())))
}

/// Adds a socket.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_poller_add(
    poller: *mut c_void,
    socket: *mut c_void,
    user_data: *mut c_void,
    events: c_short,
) -> c_int {
    done(|| {
        let poller = Poller::of(poller)?;
        let (handle, socket) = live(socket)?;
        known_events(events)?;
        poller.add(Item {
            handle,
            socket: Some(socket),
            fd: -1,
            user_data: user_data.addr(),
            events,
            line: None,
        })
    })
}

/// Changes what is looked for at a socket.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_poller_modify(poller: *mut c_void, socket: *const c_void, events: c_short) -> c_int {
    done(|| {
        let poller = Poller::of(poller)?;
        let (handle, _) = live(socket.cast_mut())?;
        known_events(events)?;
        poller.change(handle, -1, events)
    })
}

/// Forgets a socket.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_poller_remove(poller: *mut c_void, socket: *mut c_void) -> c_int {
    done(|| {
        let poller = Poller::of(poller)?;
        let (handle, _) = live(socket)?;
        poller.remove(handle, -1)
    })
}

/// Adds a descriptor.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_poller_add_fd(
    poller: *mut c_void,
    fd: c_int,
    user_data: *mut c_void,
    events: c_short,
) -> c_int {
    done(|| {
        let poller = Poller::of(poller)?;
        is_fd(fd)?;
        known_events(events)?;
        poller.add(Item { handle: 0, socket: None, fd, user_data: user_data.addr(), events, line: None })
    })
}

/// Changes what is looked for at a descriptor.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_poller_modify_fd(poller: *mut c_void, fd: c_int, events: c_short) -> c_int {
    done(|| {
        let poller = Poller::of(poller)?;
        is_fd(fd)?;
        known_events(events)?;
        poller.change(0, fd, events)
    })
}

/// Forgets a descriptor.
#[unsafe(no_mangle)]
pub extern "C" fn zmq_poller_remove_fd(poller: *mut c_void, fd: c_int) -> c_int {
    done(|| {
        let poller = Poller::of(poller)?;
        is_fd(fd)?;
        poller.remove(0, fd)
    })
}

/// Waits until one is ready, and tells which; `EAGAIN` if the time was over first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_poller_wait(poller: *mut c_void, event: *mut Event, timeout: c_long) -> c_int {
    // SAFETY: the contract is the same, with one event.
    if unsafe { zmq_poller_wait_all(poller, event, 1, timeout) } < 0 { -1 } else { 0 }
}

/// Waits until at least one is ready, and tells which; says how many. `EAGAIN` if the time was over first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_poller_wait_all(
    poller: *mut c_void,
    events: *mut Event,
    count: c_int,
    timeout: c_long,
) -> c_int {
    call(|| {
        let poller = Poller::of(poller)?;
        if events.is_null() {
            return Err(Errno::EFAULT);
        }
        let count = usize::try_from(count).map_err(|_| Errno::EINVAL)?;
        // SAFETY: not null, so the caller has so many there, and for the time of this call they are ours. Whatever octets
        // they have make an event.
        let events = unsafe { std::slice::from_raw_parts_mut(events, count) };
        let ready = poller.wait(events, timeout);
        let found = ready.unwrap_or(0);
        events.iter_mut().skip(found).for_each(|event| *event = Event::NONE);
        ready.map(size_to_c)
    })
}

/// A descriptor that becomes readable when a socket of the poller may be ready. For pollers with a thread-safe socket.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zmq_poller_fd(poller: *mut c_void, fd: *mut c_int) -> c_int {
    done(|| {
        let poller = Poller::of(poller)?;
        if fd.is_null() {
            return Err(Errno::EFAULT);
        }
        let is_thread_safe = |item: &Item| item.socket.as_ref().is_some_and(|socket| socket.is_thread_safe());
        let mut items = poller.items();
        if !items.iter().any(is_thread_safe) {
            return Err(Errno::EINVAL);
        }
        if poller.descriptor.get().is_none() {
            let fresh = Descriptor::new().map_err(|error| Errno::of(&error, Errno::EMFILE))?;
            poller.descriptor.get_or_init(|| fresh).ring();
            items.iter_mut().for_each(|item| item.arm(&poller));
        }
        let descriptor = poller.descriptor.get().ok_or(Errno::EMFILE)?;
        // SAFETY: not null, so it is the caller's number.
        unsafe { *fd = descriptor.as_fd().as_raw_fd() };
        Ok(())
    })
}
