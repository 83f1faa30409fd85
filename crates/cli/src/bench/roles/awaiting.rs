//! The same with futures, on the smallest executor there is: one future, parking its thread.

use super::{
    last,
    round_trip::{Journal, Link, WARM_UP},
    share,
    stream::{finish_receiver, prepare_receiver, prepare_senders},
};
use crate::{
    bench::{
        kit::order::stamp,
        stage::{Clock, Stage},
    },
    exit::Failure,
    line::Facts,
};
use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let (mut future, mut context) = (pin!(future), Context::from_waker(&waker));
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done,
            Poll::Pending => thread::park(),
        }
    }
}

pub(super) fn receive(stage: &Stage<'_>) -> Result<Facts, Failure> {
    let (socket, mut order) = prepare_receiver(stage)?;
    let total = share(stage);
    let clock = block_on(async {
        order.check(last(&socket.recv_async().await?))?;
        let clock = Clock::start();
        for _ in 1..total {
            order.check(last(&socket.recv_async().await?))?;
        }
        Ok::<_, Failure>(clock)
    })?;
    finish_receiver(&socket, total, &clock)
}

pub(super) fn send(stage: &Stage<'_>) -> Result<Facts, Failure> {
    let sockets = prepare_senders(stage)?;
    let clock = Clock::start();
    block_on(async {
        let mut body = vec![7; stage.workload.size];
        for socket in &sockets {
            for number in 0..share(stage) {
                stamp(&mut body, 0, number);
                socket.send_async(body.as_slice()).await?;
            }
        }
        Ok::<_, Failure>(())
    })?;
    Ok(Facts::default().with("cpu", clock.cpu()))
}

pub(super) fn echo(stage: &Stage<'_>) -> Result<Facts, Failure> {
    let Link { out, back } = Link::bound(stage)?;
    let clock = Clock::start();
    block_on(async {
        for _ in 0..stage.count + WARM_UP {
            out.send_async(back.recv_async().await?).await?;
        }
        Ok::<_, Failure>(())
    })?;
    Ok(Facts::default().with("cpu", clock.cpu()))
}

pub(super) fn ask(stage: &Stage<'_>) -> Result<Facts, Failure> {
    let Link { out, back } = Link::connected(stage)?;
    let mut journal = Journal::new(stage);
    block_on(async {
        for _ in 0..stage.count + WARM_UP {
            out.send_async(journal.ask()).await?;
            journal.answer(last(&back.recv_async().await?))?;
        }
        Ok::<_, Failure>(())
    })?;
    journal.close()
}
