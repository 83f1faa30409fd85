//! What each thread keeps from call to call, and how a call finds it.
//!
//! A library finds its `thread_local!`s by a call of the system's loader, each time: it may have been loaded while the program
//! ran. So what calls look at lies, where we know how to say so, beside the memory of the program itself, at a distance from
//! the thread's register that is the same in all threads: two loads that wait for nothing, and an addition. Libraries that are
//! loaded later share little room there, some 1,600 octets with the GNU C library; ours takes 184 of them. The compiler has no
//! stable option for it, hence the assembler.

use crate::{message::Spare, socket::Recent};
use std::cell::Cell;

/// Nothing in here is dropped by itself: it stays where it is until the thread is gone, also for the calls of other libraries
/// whose own memory of the thread ends after ours.
pub(crate) struct Remembered {
    pub(crate) recent: Recent,
    pub(crate) spare: Spare,
    /// Not 0: memory of the application [is to be given back](crate::message::lent).
    pub(crate) owes: Cell<usize>,
}

impl Remembered {
    /// What a thread begins with.
    const fn new() -> Self {
        Self { recent: Recent::new(), spare: Spare::new(), owes: Cell::new(0) }
    }
}

/// Runs `run` with what this thread keeps.
#[inline(always)]
pub(crate) fn with<R>(run: impl FnOnce(&Remembered) -> R) -> R {
    // SAFETY: it is this thread's, has no destructor, and is not `Sync`: so it is there, and nobody else's, for this call.
    run(unsafe { &*near::get() })
}

#[cfg(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu", not(miri)))]
mod near {
    use super::Remembered;
    use std::arch::{asm, global_asm};

    // What a thread begins with is zeros, without an octet that means nothing.
    const _: () = {
        // SAFETY: words and null pointers, as many as there are; with padding between them this would not compile.
        let words: [usize; size_of::<Remembered>() / size_of::<usize>()] =
            unsafe { std::mem::transmute(Remembered::new()) };
        let mut rest: &[usize] = &words;
        while let [first, others @ ..] = rest {
            assert!(*first == 0);
            rest = others;
        }
    };

    global_asm!(
        ".pushsection .tbss.zeroxide_capi_remembered, \"awT\", @nobits",
        ".balign {align}",
        ".hidden zeroxide_capi_remembered",
        ".globl zeroxide_capi_remembered",
        ".type zeroxide_capi_remembered, @object",
        ".size zeroxide_capi_remembered, {size}",
        "zeroxide_capi_remembered:",
        ".zero {size}",
        ".popsection",
        size = const size_of::<Remembered>(),
        align = const align_of::<Remembered>(),
    );

    #[inline(always)]
    pub(super) fn get() -> *const Remembered {
        let found;
        // SAFETY: adds to where the thread's register points, which is also written there, how far from it the octets above
        // are, which the linker or the loader wrote down. Both are the same for as long as the thread is there.
        unsafe {
            asm!(
                "mov {found}, qword ptr fs:[0]",
                "add {found}, qword ptr [rip + zeroxide_capi_remembered@GOTTPOFF]",
                found = out(reg) found,
                options(pure, nomem, nostack),
            );
        }
        found
    }
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu", not(miri))))]
mod near {
    use super::Remembered;
    use std::ptr::from_ref;

    thread_local! {
        static REMEMBERED: Remembered = const { Remembered::new() };
    }

    pub(super) fn get() -> *const Remembered {
        REMEMBERED.with(from_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr::from_ref;

    #[test]
    fn each_thread_finds_its_own_and_always_the_same() {
        let find = || (with(from_ref).addr(), with(from_ref).addr());
        let here = find();
        let there = std::thread::spawn(find).join().unwrap();
        assert!(here.0 == here.1 && there.0 == there.1, "{here:x?} {there:x?}");
        assert_ne!(here.0, there.0);
    }
}
