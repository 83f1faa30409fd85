//! The Guide's comparisons, as its programs do them: all threads of one process, over TCP.
//!
//! - `tripping`: DEALER, a proxy of two DEALERs, DEALER; one by one, and all sent before the first answer is read.
//! - `majordomo`: a REQ client, a broker and one worker of MDP 0.1, one request after the other. The broker is the
//!   smallest that follows the RFC among friends, the same program for every subject; that of Zeroxide itself is measured
//!   by `majordomo_speed` of `zeroxide-patterns`.

use crate::{
    roles::{cpu, done},
    subject::{Kind, Socket, Subject},
    workload::Workload,
};
use std::{collections::VecDeque, thread, time::Instant};

const HELLO: &[u8] = b"Hello world";

/// Requests before counting begins: until then all are connected.
const WARM_UP: u64 = 50;

fn spawn<S: Subject>(subject: &S, socket: impl FnOnce(&S) + Send + 'static) {
    let subject = subject.clone();
    thread::spawn(move || socket(&subject));
}

pub async fn tripping<S: Subject>(subject: &S, workload: &Workload, count: u64, at_once: bool) {
    let plan = workload.plan;
    let (mut front, mut back) = (subject.socket(Kind::Dealer, &plan), subject.socket(Kind::Dealer, &plan));
    let (asked, answered) = (front.bind("tcp://127.0.0.1:*").await, back.bind("tcp://127.0.0.1:*").await);
    spawn(subject, move |subject| {
        subject.run(async {
            let mut worker = subject.socket(Kind::Dealer, &plan);
            worker.connect(&answered).await;
            worker.echo(count + WARM_UP).await;
            loop {
                thread::park();
            }
        });
    });
    spawn(subject, move |subject| {
        subject.run(async {
            let mut client = subject.socket(Kind::Dealer, &plan);
            client.connect(&asked).await;
            for _ in 0..WARM_UP {
                client.send(HELLO).await;
                client.recv(|reply| assert_eq!(reply, HELLO)).await;
            }
            let (start, begin) = (Instant::now(), cpu());
            let (sent_first, then) = if at_once { (count, 0) } else { (0, count) };
            for _ in 0..sent_first {
                client.send(HELLO).await;
            }
            for _ in 0..sent_first {
                client.recv(|reply| assert_eq!(reply, HELLO)).await;
            }
            for _ in 0..then {
                client.send(HELLO).await;
                client.recv(|reply| assert_eq!(reply, HELLO)).await;
            }
            tell(count, start, begin);
        });
    });
    subject.proxy(front, back).await;
}

fn tell(count: u64, start: Instant, begin: f64) {
    let seconds = start.elapsed().as_secs_f64();
    done(&[("messages", count as f64), ("seconds", seconds), ("cpu", cpu() - begin)]);
}

pub async fn majordomo<S: Subject>(subject: &S, workload: &Workload, count: u64) {
    let plan = workload.plan;
    let mut router = subject.socket(Kind::Router, &plan);
    let endpoint = router.bind("tcp://127.0.0.1:*").await;
    let of_worker = endpoint.clone();
    spawn(subject, move |subject| {
        subject.run(async {
            let mut worker = subject.socket(Kind::Dealer, &plan);
            worker.connect(&of_worker).await;
            worker.send_frames(&[b"", b"MDPW01", b"\x01", b"echo"]).await;
            loop {
                let order = worker.recv_frames().await;
                let [_, _, command, client, _, body] = &order[..] else { panic!("no order: {order:?}") };
                assert_eq!(command[..], [2]);
                worker.send_frames(&[b"", b"MDPW01", b"\x03", client, b"", body]).await;
            }
        });
    });
    spawn(subject, move |subject| {
        subject.run(async {
            let mut client = subject.socket(Kind::Req, &plan);
            client.connect(&endpoint).await;
            let (mut start, mut begin) = (Instant::now(), cpu());
            for number in 0..count + WARM_UP {
                if number == WARM_UP {
                    (start, begin) = (Instant::now(), cpu());
                }
                client.send_frames(&[b"MDPC01", b"echo", HELLO]).await;
                client.recv(|reply| assert_eq!(reply, HELLO)).await;
            }
            tell(count, start, begin);
        });
    });
    broker(router).await;
}

/// Hands requests to workers, and answers to clients, for as long as the process lives.
async fn broker(mut router: impl Socket) {
    let (mut idle, mut waiting) = (VecDeque::new(), VecDeque::new());
    loop {
        let said = router.recv_frames().await;
        match &said[..] {
            [client, _, header, _, body] if header == b"MDPC01" => {
                waiting.push_back((client.clone(), body.clone()));
            }
            [worker, _, header, command, rest @ ..] if header == b"MDPW01" => {
                if let ([3], [client, _, body]) = (&command[..], rest) {
                    router.send_frames(&[client, b"", b"MDPC01", b"echo", body]).await;
                }
                idle.push_back(worker.clone());
            }
            _ => panic!("not a word of MDP: {said:?}"),
        }
        while let (Some(_), Some(_)) = (idle.front(), waiting.front()) {
            let Some((worker, (client, body))) = idle.pop_front().zip(waiting.pop_front()) else { break };
            router.send_frames(&[&worker, b"", b"MDPW01", b"\x02", &client, b"", &body]).await;
        }
    }
}
