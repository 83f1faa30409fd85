//! The same with futures, on the executor of the library.

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
use zeroxide::block_on;

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
