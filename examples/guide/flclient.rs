//! Freelance clients of the Guide's three models, of several servers of which some may be dead: 1 asks one after the other, 2
//! asks all at once, 3 knows which of them live.
//!
//! Shows: flclient1 flclient2 flclient3 flcliapi; C190.

use crate::zhelpers::{Outcome, PATIENCE, Words};
use std::time::Duration;
use zeroxide::Context;
use zeroxide_patterns::{
    freelance::{FreelanceClient, FreelanceOptions},
    pirate::LazyPirate,
    request::{Form, RequestOptions},
};

pub(crate) fn run(words: &Words) -> Outcome {
    let context = Context::new();
    let servers: Vec<&str> = words.from(1).collect();
    let model = words.number(0, 1);
    let mut options = RequestOptions { tries: 10, ..RequestOptions::default() };
    if model == 2 {
        options.form = Form::Numbered;
        options.hedge = Some(Duration::ZERO);
        options.hedges = servers.len().saturating_sub(1) as u32;
    }
    if model == 3 {
        let options = FreelanceOptions { deadline: PATIENCE, ..FreelanceOptions::default() };
        let client = FreelanceClient::new(&context, &servers, options)?;
        for _ in 0..100 {
            client.call("random name")?;
        }
    } else {
        let mut client = LazyPirate::new(&context, &servers, options)?;
        for _ in 0..100 {
            client.call("random name")?;
        }
    }
    println!("I: service is running OK: 100 answers");
    Ok(())
}
