//! A transaction: waves of operations, and what came of them.

use super::{
    plan::{Accept, LARGEST, Number, Wave, key},
    session::{Ask, Session, Trouble},
};
use crate::titanic::{Job, Outcome, RequestNumber, StoreLimits, StoreUse, row::read_frames};
use futures_util::future::{join_all, join4, join5};
use std::collections::{HashMap, HashSet, VecDeque};
use tokio_postgres::{Row, types::ToSql};
use zeroxide::Frame;

/// A transaction under way.
pub(super) struct Batch<'a> {
    pub(super) session: &'a Session,
    pub(super) daemon: Number,
    pub(super) limits: StoreLimits,
    /// Whose turn it was last: services take turns, and one with many requests holds up no other.
    pub(super) last: &'a mut Vec<u8>,
    pub(super) tally: Tally,
    pub(super) outcomes: Vec<Option<Outcome>>,
    /// What comes into the hands of this Titanic (true) and what leaves them, in this order.
    pub(super) hands: Vec<(Number, bool)>,
}

/// How much there is, and what this transaction has added to it.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Tally {
    pub(super) before: [i64; 3],
    /// Waiting, finished, octets.
    pub(super) added: [i64; 3],
    pub(super) changed: bool,
}

impl Batch<'_> {
    pub(super) async fn wave(&mut self, wave: &Wave) -> Result<(), Trouble> {
        let (fitting, others) = self.room(&wave.accepts);
        // All of these go to the database at once, and are done there in this order.
        let changes = join5(
            self.sweep(wave),
            self.on(Ask::Close, &wave.closes),
            self.own(Ask::Start, &wave.starts),
            self.release(wave),
            self.finish(wave),
        );
        let rest = join4(
            self.own(Ask::Fail, &wave.fails),
            self.accept(&fitting),
            self.known(&others),
            self.on(Ask::Look, &wave.looks),
        );
        let (changes, rest) = futures_util::future::join(changes, rest).await;
        let (swept, closed, started, released, finished) = changes;
        let (failed, accepted, known, looked) = rest;

        for (&(nth, _), rows) in wave.sweeps.iter().zip(swept?) {
            self.count(&rows)?;
            self.tell(nth, Outcome::Done);
        }
        self.count(&closed?)?;
        for &(nth, number) in &wave.closes {
            self.hands.push((number, false));
            self.tell(nth, Outcome::Done);
        }
        let started = self.count(&started?)?;
        for &(nth, number) in &wave.starts {
            if started.contains(&number) {
                self.hands.push((number, true));
            }
            self.tell(nth, done(started.contains(&number)));
        }
        let ended = [
            (released?, wave.releases.iter().map(|told| (told.0, told.1)).collect::<Vec<_>>()),
            (finished?, wave.finishes.iter().map(|told| (told.0, told.1)).collect()),
            (failed?, wave.fails.clone()),
        ];
        for (rows, told) in ended {
            let known = self.count(&rows)?;
            for (nth, number) in told {
                self.hands.push((number, false));
                self.tell(nth, done(known.contains(&number)));
            }
        }
        self.count(&accepted?)?;
        fitting.iter().for_each(|accept| self.tell(accept.nth, Outcome::Done));
        let known = numbers(&known?)?;
        for accept in others {
            let outcome = if known.contains(&accept.number) { Outcome::Done } else { Outcome::Full };
            self.tell(accept.nth, outcome);
        }
        self.tell_looks(wave, &looked?)?;
        for (without, claims) in &wave.claims {
            self.claim(without, claims).await?;
        }
        Ok(())
    }

    /// What is claimed by this Titanic, and not in hand, is let go.
    pub(super) async fn let_go(&mut self, held: &HashSet<Number>) -> Result<(), Trouble> {
        let held: Vec<&[u8]> = held.iter().map(|number| &number[..]).collect();
        let rows = self.session.query(Ask::LetGo, &[&&self.daemon[..], &held]).await?;
        self.count(&rows).map(drop)
    }

    /// What others have claimed whose lease is over.
    pub(super) async fn take_over(&mut self) -> Result<(), Trouble> {
        let rows = self.session.query(Ask::TakeOver, &[&&self.daemon[..]]).await?;
        self.count(&rows).map(drop)
    }

    /// What fits, and what does not.
    fn room<'w>(&self, accepts: &'w [Accept]) -> (Vec<&'w Accept>, Vec<&'w Accept>) {
        let held = self.tally.held();
        let (mut requests, mut octets) = (held.waiting + held.finished, held.octets);
        accepts.iter().partition(|accept| {
            let size = (accept.body.len() + accept.service.len()) as u64;
            let fits = requests < self.limits.requests
                && octets + size <= self.limits.octets
                && accept.body.len() <= LARGEST;
            requests += usize::from(fits);
            octets += if fits { size } else { 0 };
            fits
        })
    }

    async fn ask(
        &self,
        needed: bool,
        ask: Ask,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Trouble> {
        if needed { self.session.query(ask, parameters).await } else { Ok(Vec::new()) }
    }

    /// A statement about numbers.
    async fn on(&self, ask: Ask, told: &[(usize, Number)]) -> Result<Vec<Row>, Trouble> {
        let numbers: Vec<&[u8]> = told.iter().map(|told| &told.1[..]).collect();
        self.ask(!told.is_empty(), ask, &[&numbers]).await
    }

    /// A statement about numbers that this Titanic has.
    async fn own(&self, ask: Ask, told: &[(usize, Number)]) -> Result<Vec<Row>, Trouble> {
        let numbers: Vec<&[u8]> = told.iter().map(|told| &told.1[..]).collect();
        self.ask(!told.is_empty(), ask, &[&numbers, &&self.daemon[..]]).await
    }

    async fn release(&self, wave: &Wave) -> Result<Vec<Row>, Trouble> {
        let told = &wave.releases;
        let numbers: Vec<&[u8]> = told.iter().map(|told| &told.1[..]).collect();
        let after: Vec<i64> = told.iter().map(|told| told.2).collect();
        self.ask(!told.is_empty(), Ask::Release, &[&numbers, &&self.daemon[..], &after]).await
    }

    async fn finish(&self, wave: &Wave) -> Result<Vec<Row>, Trouble> {
        let told = &wave.finishes;
        let numbers: Vec<&[u8]> = told.iter().map(|told| &told.1[..]).collect();
        let answers: Vec<&[u8]> = told.iter().map(|told| &told.2[..]).collect();
        self.ask(!told.is_empty(), Ask::Finish, &[&numbers, &answers]).await
    }

    async fn accept(&self, told: &[&Accept]) -> Result<Vec<Row>, Trouble> {
        let numbers: Vec<&[u8]> = told.iter().map(|told| &told.number[..]).collect();
        let services: Vec<&[u8]> = told.iter().map(|told| &told.service[..]).collect();
        let once: Vec<bool> = told.iter().map(|told| told.once).collect();
        let bodies: Vec<&[u8]> = told.iter().map(|told| &told.body[..]).collect();
        self.ask(!told.is_empty(), Ask::Accept, &[&numbers, &services, &once, &bodies]).await
    }

    async fn known(&self, told: &[&Accept]) -> Result<Vec<Row>, Trouble> {
        let numbers: Vec<&[u8]> = told.iter().map(|told| &told.number[..]).collect();
        self.ask(!told.is_empty(), Ask::Known, &[&numbers]).await
    }

    async fn sweep(&self, wave: &Wave) -> Result<Vec<Vec<Row>>, Trouble> {
        let swept = wave.sweeps.iter().map(|(_, lifetime)| async move {
            let asked: [&(dyn ToSql + Sync); 1] = [lifetime];
            self.session.query(Ask::Sweep, &asked).await
        });
        join_all(swept).await.into_iter().collect()
    }

    fn tell_looks(&mut self, wave: &Wave, rows: &[Row]) -> Result<(), Trouble> {
        let mut found = HashMap::new();
        for row in rows {
            let outcome = match row.try_get(1)? {
                3_i16 => {
                    let answer: Option<&[u8]> = row.try_get(2)?;
                    Outcome::Answer(answer.and_then(read_frames).ok_or_else(damaged)?)
                }
                4 => Outcome::Failed,
                _ => Outcome::Pending,
            };
            found.insert(number_in(row)?, outcome);
        }
        for (nth, number) in &wave.looks {
            self.tell(*nth, found.remove(number).unwrap_or(Outcome::Unknown));
        }
        Ok(())
    }

    /// Requests that are due, of the services in turn, of each the oldest.
    async fn claim(&mut self, without: &[Frame], claims: &[usize]) -> Result<(), Trouble> {
        let mut open: VecDeque<usize> = claims.iter().copied().collect();
        let mut lines = self.lines(without).await?;
        while !open.is_empty() && !lines.is_empty() {
            let each = open.len().div_ceil(lines.len());
            // Not more than are wanted: each of the first gets its part.
            let asked: Vec<(Vec<u8>, i64)> = lines
                .iter()
                .enumerate()
                .map(|(place, line)| (line.clone(), open.len().saturating_sub(place * each).min(each)))
                .filter(|(_, most)| *most > 0)
                .map(|(line, most)| (line, most as i64))
                .collect();
            let got = self.claim_of(&asked).await?;
            // Who gave less than was asked has no more.
            for (line, most) in &asked {
                let gave = got.iter().filter(|job| job.service == **line).count();
                if (gave as i64) < *most {
                    lines.retain(|other| other != line);
                }
            }
            for job in got {
                self.last.clear();
                self.last.extend_from_slice(&job.service);
                self.hands.push((key(job.number), true));
                if let Some(nth) = open.pop_front() {
                    self.tell(nth, Outcome::Claimed(job));
                }
            }
        }
        open.into_iter().for_each(|nth| self.tell(nth, Outcome::Nothing));
        Ok(())
    }

    /// The services that something is due for, beginning with the one whose turn it is.
    async fn lines(&self, without: &[Frame]) -> Result<Vec<Vec<u8>>, Trouble> {
        let without: Vec<&[u8]> = without.iter().map(|service| &service[..]).collect();
        let (behind, nobody): (&[u8], &[u8]) = (self.last, &[]);
        let mut lines = Vec::new();
        for after in if behind.is_empty() { vec![nobody] } else { vec![behind, nobody] } {
            for row in self.session.query(Ask::Lines, &[&without, &after]).await? {
                let line = row.try_get(0)?;
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
        Ok(lines)
    }

    async fn claim_of(&mut self, asked: &[(Vec<u8>, i64)]) -> Result<Vec<Job>, Trouble> {
        let services: Vec<&[u8]> = asked.iter().map(|(service, _)| &service[..]).collect();
        let most: Vec<i64> = asked.iter().map(|(_, most)| *most).collect();
        let rows = self.session.query(Ask::Claim, &[&services, &most, &&self.daemon[..]]).await?;
        let mut jobs = Vec::new();
        for row in rows {
            let (service, body): (&[u8], &[u8]) = (row.try_get(1)?, row.try_get(4)?);
            let attempts: i32 = row.try_get(3)?;
            let job = Job {
                number: RequestNumber(u128::from_be_bytes(number_in(&row)?)),
                service: Frame::from(service),
                body: read_frames(body).ok_or_else(damaged)?,
                once: row.try_get(2)?,
                attempts: attempts.unsigned_abs(),
            };
            let turn = services.iter().position(|asked| *asked == service);
            jobs.push((turn, row.try_get::<_, i64>(5)?, job));
        }
        self.tally.changed |= !jobs.is_empty();
        jobs.sort_by_key(|(turn, place, _)| (*turn, *place));
        Ok(jobs.into_iter().map(|(_, _, job)| job).collect())
    }

    /// Books what has changed, and tells whom it was about.
    fn count(&mut self, rows: &[Row]) -> Result<HashSet<Number>, Trouble> {
        for row in rows {
            let was: (Option<i16>, Option<i64>) = (row.try_get(1)?, row.try_get(2)?);
            let is: (Option<i16>, Option<i64>) = (row.try_get(3)?, row.try_get(4)?);
            self.tally.add(was, -1);
            self.tally.add(is, 1);
            self.tally.changed = true;
        }
        numbers(rows)
    }

    fn tell(&mut self, nth: usize, outcome: Outcome) {
        if let Some(place) = self.outcomes.get_mut(nth) {
            *place = Some(outcome);
        }
    }
}

impl Tally {
    /// What there is now.
    pub(super) fn held(&self) -> StoreUse {
        let [waiting, finished, octets] = [0, 1, 2].map(|which: usize| {
            let part = |parts: &[i64; 3]| parts.get(which).copied().unwrap_or_default();
            part(&self.before).saturating_add(part(&self.added)).max(0).unsigned_abs()
        });
        let many = |count| usize::try_from(count).unwrap_or(usize::MAX);
        StoreUse { waiting: many(waiting), finished: many(finished), octets }
    }

    fn add(&mut self, (stage, octets): (Option<i16>, Option<i64>), sign: i64) {
        let [waiting, finished, all] = &mut self.added;
        match stage {
            None => return,
            Some(0..=2) => *waiting += sign,
            Some(_) => *finished += sign,
        }
        *all += sign * octets.unwrap_or_default();
    }
}

fn done(known: bool) -> Outcome {
    if known { Outcome::Done } else { Outcome::Unknown }
}

fn number_in(row: &Row) -> Result<Number, Trouble> {
    let octets: &[u8] = row.try_get(0)?;
    octets.try_into().map_err(|_| damaged())
}

fn numbers(rows: &[Row]) -> Result<HashSet<Number>, Trouble> {
    rows.iter().map(number_in).collect()
}

fn damaged() -> Trouble {
    Trouble::broken("a row makes no sense")
}
