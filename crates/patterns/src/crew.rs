//! A number of futures that one task runs, under any executor: each is polled only when it was woken itself, so that a
//! thousand that wait cost nothing.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

/// Ready when all its members are.
#[derive(Debug)]
pub(crate) struct Crew<F> {
    members: Vec<Member<F>>,
    working: usize,
    called: Arc<Called>,
}

#[derive(Debug)]
struct Member<F> {
    /// Nothing when it is done.
    work: Option<Pin<Box<F>>>,
    bell: Arc<Bell>,
}

/// Who is to be polled, and by whom.
#[derive(Debug, Default)]
struct Called(Mutex<(Vec<usize>, Option<Waker>)>);

/// Calls one member.
#[derive(Debug)]
struct Bell {
    place: usize,
    rung: AtomicBool,
    called: Arc<Called>,
}

impl<F: Future<Output = ()>> Crew<F> {
    pub(crate) fn new(futures: impl IntoIterator<Item = F>) -> Self {
        let called = Arc::<Called>::default();
        let member = |(place, future)| {
            let bell = Arc::new(Bell { place, rung: AtomicBool::new(false), called: Arc::clone(&called) });
            bell.wake_by_ref();
            Member { work: Some(Box::pin(future)), bell }
        };
        let members: Vec<_> = futures.into_iter().enumerate().map(member).collect();
        Self { working: members.len(), members, called }
    }
}

impl<F: Future<Output = ()>> Future for Crew<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Those that are called meanwhile come next time: others of this task have their turn before.
        for place in self.called.take(context.waker()) {
            let Some(member) = self.members.get_mut(place) else { continue };
            // From now on it may be called again.
            member.bell.rung.store(false, SeqCst);
            let waker = Waker::from(Arc::clone(&member.bell));
            let polled =
                member.work.as_mut().map(|work| work.as_mut().poll(&mut Context::from_waker(&waker)));
            if polled.is_some_and(|polled| polled.is_ready()) {
                member.work = None;
                self.working -= 1;
            }
        }
        if self.working == 0 { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Called {
    fn take(&self, waker: &Waker) -> Vec<usize> {
        let mut called = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        called.1 = Some(waker.clone());
        std::mem::take(&mut called.0)
    }

    fn add(&self, place: usize) {
        let mut called = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        called.0.push(place);
        let waker = called.1.take();
        drop(called);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rung.swap(true, SeqCst) {
            self.called.add(self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::sleep_until;
    use std::{
        cell::Cell,
        future::{pending, poll_fn},
        time::{Duration, Instant},
    };
    use zeroxide::block_on;

    #[test]
    fn each_is_polled_only_when_it_is_woken() {
        let polls: Vec<Cell<u32>> = (0..100).map(|_| Cell::new(0)).collect();
        let late = Instant::now() + Duration::from_millis(20);
        let member = |place: usize| {
            let (polls, mut rounds) = (&polls, 0);
            async move {
                sleep_until(if place == 7 { Instant::now() } else { late }).await;
                poll_fn(|context| {
                    polls[place].set(polls[place].get() + 1);
                    rounds += 1;
                    if place == 7 && rounds < 1_000 {
                        context.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    Poll::Ready(())
                })
                .await;
            }
        };
        block_on(Crew::new((0..100).map(member)));
        for (place, polls) in polls.iter().enumerate() {
            assert_eq!(polls.get(), if place == 7 { 1_000 } else { 1 });
        }
    }

    #[test]
    fn nobody_is_ready_at_once_and_a_member_that_never_ends_keeps_it() {
        assert_eq!(
            Pin::new(&mut Crew::new([] as [std::future::Ready<()>; 0])).poll(&mut nobody()),
            Poll::Ready(())
        );
        let mut crew = Crew::new([pending()]);
        assert!(Pin::new(&mut crew).poll(&mut nobody()).is_pending());
    }

    fn nobody() -> Context<'static> {
        Context::from_waker(Waker::noop())
    }
}
