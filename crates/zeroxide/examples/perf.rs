//! Throwaway figures while zox bench is not there: `perf thr|rtt ENDPOINT SIZE COUNT`, receiver spawned as a process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a failure here is the failure of the test"
)]
use std::{env, process::Command, time::Instant};
use zeroxide::*;

fn main() {
    let a: Vec<String> = env::args().collect();
    let (mode, ep, size, count) =
        (&a[1][..], &a[2], a[3].parse::<usize>().unwrap(), a[4].parse::<usize>().unwrap());
    let context = Context::new();
    match mode {
        "thr" => {
            let pull = Pull::new(&context).unwrap();
            let ep = pull.bind(ep).unwrap();
            let mut child = Command::new(&a[0]).args(["push", &ep, &a[3], &a[4]]).spawn().unwrap();
            pull.recv().unwrap();
            let start = Instant::now();
            for _ in 1..count {
                pull.recv().unwrap();
            }
            let t = start.elapsed().as_secs_f64();
            println!(
                "{size} B: {:.3} M msg/s, {:.3} GB/s",
                count as f64 / t / 1e6,
                (count * size) as f64 / t / 1e9
            );
            child.wait().unwrap();
        }
        "push" => {
            let push = Push::new(&context).unwrap();
            push.connect(ep).unwrap();
            let body = vec![7u8; size];
            for _ in 0..count {
                push.send(&body[..]).unwrap();
            }
        }
        "rtt" => {
            let req = Req::new(&context).unwrap();
            let ep = req.bind(ep).unwrap();
            let mut child = Command::new(&a[0]).args(["rep", &ep, &a[3], &a[4]]).spawn().unwrap();
            let body = vec![7u8; size];
            let mut all = Vec::with_capacity(count);
            for _ in 0..count {
                let start = Instant::now();
                req.send(&body[..]).unwrap();
                req.recv().unwrap();
                all.push(start.elapsed());
            }
            all.sort();
            println!("{size} B: median {:?} p99 {:?}", all[count / 2], all[count * 99 / 100]);
            child.wait().unwrap();
        }
        "rep" => {
            let rep = Rep::new(&context).unwrap();
            rep.connect(ep).unwrap();
            for _ in 0..count {
                let m = rep.recv().unwrap();
                rep.send(m).unwrap();
            }
        }
        "raw" => {
            use std::io::{Read, Write};
            let l = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let mut child = Command::new(&a[0])
                .args(["rawrep", &l.local_addr().unwrap().to_string(), &a[3], &a[4]])
                .spawn()
                .unwrap();
            let mut s = l.accept().unwrap().0;
            s.set_nodelay(true).unwrap();
            let mut body = vec![7u8; size];
            let mut all = Vec::with_capacity(count);
            for _ in 0..count {
                let start = Instant::now();
                s.write_all(&body).unwrap();
                s.read_exact(&mut body).unwrap();
                all.push(start.elapsed());
            }
            all.sort();
            println!("raw {size} B: median {:?} p99 {:?}", all[count / 2], all[count * 99 / 100]);
            child.wait().unwrap();
        }
        _ => {
            use std::io::{Read, Write};
            let mut s = std::net::TcpStream::connect(ep).unwrap();
            s.set_nodelay(true).unwrap();
            let mut body = vec![7u8; size];
            for _ in 0..count {
                s.read_exact(&mut body).unwrap();
                s.write_all(&body).unwrap();
            }
        }
    }
}
