//! Weather updates: a publisher for many places, subscribers for a few of them each.

use super::{
    act::{Act, Size},
    cast::Cast,
    ledger::Ledger,
    role::{Awaited, LATE, Role, RoleArgs, awaited, late, number},
};
use crate::{
    exit::Failure,
    line::Facts,
    terminal::{counted, grouped},
};
use std::{collections::BTreeMap, time::Instant};
use zeroxide::{Context, Message, Pub, Sub};

/// The places: zip codes from 10000 on.
const PLACES: u64 = 100;

/// What each subscriber asks for.
const WANTED: [&[&str]; 3] = [&["10001"], &["10042"], &["10007", "10099"]];

/// Added to a temperature so that sums are no negative numbers.
const COLDEST: u64 = 80;

/// Plays the scene.
pub(crate) fn play(cast: &mut Cast<'_>, endpoint: &str, size: &Size) -> Result<Act, Failure> {
    let count = size.updates;
    let zips = |wanted: &[&str]| wanted.iter().map(|zip| (*zip).to_owned()).collect::<Vec<_>>();
    let publisher = RoleArgs::new(Role::WeatherPublisher, &[endpoint.to_owned()], count);
    let publisher = cast.start(RoleArgs { zip: zips(&WANTED.concat()), ..publisher })?;
    let endpoints = cast.ready(publisher)?;
    cast.expect(count, "updates");
    let mut subscribers = Vec::new();
    for (number, wanted) in (1..).zip(WANTED) {
        let args = RoleArgs::new(Role::WeatherSubscriber, &endpoints, count);
        subscribers.push(cast.start(RoleArgs { number, zip: zips(wanted), ..args })?);
    }
    let published = cast.done(publisher)?;
    let mut everybody = vec![published.clone()];
    let mut remarks = Vec::new();
    for (wanted, subscriber) in WANTED.iter().zip(subscribers) {
        let facts = cast.done(subscriber)?;
        let updates = facts.get("received").saturating_sub(wanted.len() as u64);
        let average = facts.get("warmth") as f64 / updates.max(1) as f64 - COLDEST as f64;
        let updates = counted(updates, "update");
        remarks.push(format!("zip codes {}: {updates}, average {average:.1} degrees", wanted.join(" and ")));
        everybody.push(facts);
    }
    let everybody: Vec<_> = everybody.iter().collect();
    let act = Act::new("PUB-SUB", "updates published", published.get("updates"), &everybody);
    let matched = format!("{} of them matched a subscription", grouped(published.get("matched")));
    Ok(remarks.into_iter().fold(act.remark(matched), Act::remark))
}

/// What a place has had so far.
#[derive(Default)]
struct Place {
    updates: u64,
    warmth: u64,
}

/// Publishes updates of random places, once every subscriber is there. The last message of a place that somebody wants
/// says how many there were, and what all temperatures add up to.
pub(crate) fn publisher(args: &RoleArgs, context: &Context) -> Result<Facts, Failure> {
    let socket = Pub::new(context)?;
    // Nothing shall be dropped here, however slow a subscriber is.
    socket.set_send_high_water_mark(None)?;
    args.ready(&[&socket.bind(args.place(0)?)?]);
    if !args.zip.iter().all(|zip| socket.wait_for_subscribers(zip, 1, LATE)) {
        return Ok(late(Facts::default()));
    }
    let mut places: Vec<Place> = (0..PLACES).map(|_| Place::default()).collect();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let began = Instant::now();
    for update in 0..args.count {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let (at, warmth, humidity) = (random % PLACES, (random >> 20) % 125, 10 + (random >> 40) % 50);
        let Some(place) = places.get_mut(at as usize) else { continue };
        let report = format!("{} {} {humidity}", 10000 + at, warmth as i64 - COLDEST as i64);
        socket.send([report, place.updates.to_string()])?;
        place.updates += 1;
        place.warmth += warmth;
        args.progress(update);
    }
    let elapsed = began.elapsed().as_nanos() as u64;
    let mut facts = Facts::default().with("updates", args.count).with("nanoseconds", elapsed);
    for zip in &args.zip {
        let at = zip.parse::<usize>().unwrap_or_default().saturating_sub(10000);
        if let Some(place) = places.get(at) {
            socket.send([format!("{zip} end"), place.updates.to_string(), place.warmth.to_string()])?;
            facts.add("matched", place.updates);
            facts.add("sent", place.updates + 1);
        }
    }
    // A subscriber that was too slow is told apart from a connection that lost something.
    Ok(facts.with("lost", socket.statistics().lost_to(zeroxide::Loss::HighWaterMark)))
}

/// Takes the updates of its places until each has ended.
pub(crate) fn subscriber(args: &RoleArgs, context: &Context) -> Result<Facts, Failure> {
    let socket = Sub::new(context)?;
    for zip in &args.zip {
        socket.subscribe(zip)?;
    }
    socket.connect(args.place(0)?)?;
    let mut open: BTreeMap<&str, (Ledger, u64)> =
        args.zip.iter().map(|zip| (zip.as_str(), (Ledger::new(args.count, 1), 0))).collect();
    let mut facts = Facts::default();
    let mut began = None;
    while !open.is_empty() {
        let Awaited::Message(update) = awaited(socket.recv_timeout(LATE))? else { return Ok(late(facts)) };
        began.get_or_insert_with(Instant::now);
        facts.add("received", 1);
        let text = String::from_utf8_lossy(update.body()).into_owned();
        let (zip, report) = text.split_once(' ').unwrap_or_default();
        let Some((ledger, warmth)) = open.get_mut(zip) else {
            facts.add("wrong", 1);
            continue;
        };
        if report == "end" {
            settle(&mut facts, &update, ledger, *warmth);
            open.remove(zip);
            continue;
        }
        let temperature = report.split(' ').next().and_then(|word| word.parse::<i64>().ok());
        match (number(&update, 1), temperature) {
            (Some(number), Some(temperature)) => {
                ledger.note(0, number);
                *warmth = warmth.wrapping_add_signed(temperature + COLDEST as i64);
            }
            _ => ledger.note_wrong(),
        }
        args.sample(facts.get("received") - 1, || format!("subscriber {}: {update}", args.number));
    }
    let elapsed = began.map_or(0, |began| began.elapsed().as_nanos() as u64);
    Ok(facts.with("nanoseconds", elapsed))
}

/// A place has ended: compares what came with what its last message says.
fn settle(facts: &mut Facts, end: &Message, ledger: &Ledger, warmth: u64) {
    let (updates, sum) = (number(end, 1).unwrap_or_default(), number(end, 2).unwrap_or_default());
    let found = ledger.facts();
    ["doubled", "disordered", "wrong"].iter().for_each(|fault| facts.add(fault, found.get(fault)));
    let distinct = found.get("received") - found.get("doubled") - found.get("wrong");
    facts.add("lost", updates.saturating_sub(distinct));
    facts.add("wrong", u64::from(distinct == updates && warmth != sum) + distinct.saturating_sub(updates));
    facts.add("warmth", warmth);
}
