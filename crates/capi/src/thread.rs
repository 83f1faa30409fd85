//! What each thread keeps from call to call, and how a call finds it.
//!
//! A library finds its `thread_local!`s by a call of the system's loader, each time: it may have been loaded while the program
//! ran. So one pointer of each thread lies, where we know how to say so, beside those of the program itself, at a distance from
//! the thread's register that is the same in all threads: two loads. Libraries that are loaded later share little room there,
//! some 1,600 octets with the GNU C library; ours takes 8 of them. The compiler has no stable option for it, hence the
//! assembler.

use crate::{message::Spare, socket::Recent};
use std::ptr::from_ref;

/// Nothing in here is dropped by itself: it stays where it is until the thread is gone, also for the calls of other libraries
/// whose own memory of the thread ends after ours.
pub(crate) struct Remembered {
    pub(crate) recent: Recent,
    pub(crate) spare: Spare,
}

thread_local! {
    static REMEMBERED: Remembered = const { Remembered { recent: Recent::new(), spare: Spare::new() } };
}

/// Runs `run` with what this thread keeps.
#[inline(always)]
pub(crate) fn with<R>(run: impl FnOnce(&Remembered) -> R) -> R {
    let kept = near::get();
    let kept = if kept.is_null() { look() } else { kept };
    // SAFETY: it is this thread's, has no destructor, and is not `Sync`: so it is there, and nobody else's, for this call.
    run(unsafe { &*kept })
}

/// The first time of a thread.
#[cold]
fn look() -> *const Remembered {
    let kept = REMEMBERED.with(from_ref);
    near::set(kept);
    kept
}

#[cfg(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu", not(miri)))]
mod near {
    use super::Remembered;
    use std::arch::{asm, global_asm};

    // A word of each thread, null at first.
    global_asm!(
        ".pushsection .tbss.zeroxide_capi_remembered, \"awT\", @nobits",
        ".p2align 3",
        ".hidden zeroxide_capi_remembered",
        ".globl zeroxide_capi_remembered",
        ".type zeroxide_capi_remembered, @object",
        ".size zeroxide_capi_remembered, 8",
        "zeroxide_capi_remembered:",
        ".zero 8",
        ".popsection",
    );

    #[inline(always)]
    pub(super) fn get() -> *const Remembered {
        let found;
        // SAFETY: reads the word above, of the calling thread: the linker knows how far it is from where `fs` points to.
        unsafe {
            asm!(
                "mov {found}, qword ptr [rip + zeroxide_capi_remembered@GOTTPOFF]",
                "mov {found}, qword ptr fs:[{found}]",
                found = out(reg) found,
                options(nostack, preserves_flags, readonly),
            );
        }
        found
    }

    pub(super) fn set(found: *const Remembered) {
        // SAFETY: writes the word above, of the calling thread.
        unsafe {
            asm!(
                "mov {place}, qword ptr [rip + zeroxide_capi_remembered@GOTTPOFF]",
                "mov qword ptr fs:[{place}], {found}",
                place = out(reg) _,
                found = in(reg) found,
                options(nostack, preserves_flags),
            );
        }
    }
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu", not(miri))))]
mod near {
    use super::{REMEMBERED, Remembered};
    use std::ptr::from_ref;

    #[inline(always)]
    pub(super) fn get() -> *const Remembered {
        REMEMBERED.with(from_ref)
    }

    pub(super) fn set(_: *const Remembered) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thread_finds_its_own_and_always_the_same() {
        let find = || (with(from_ref).addr(), with(from_ref).addr(), REMEMBERED.with(from_ref).addr());
        let here = find();
        let there = std::thread::spawn(find).join().unwrap();
        assert!(here.0 == here.1 && here.0 == here.2, "{here:x?}");
        assert!(there.0 == there.1 && there.0 == there.2, "{there:x?}");
        assert_ne!(here.0, there.0);
    }
}
