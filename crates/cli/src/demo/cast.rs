//! The processes of one run: started, listened to, and killed whatever happens.

use super::{
    ROLE_VERB,
    role::{LATE, RoleArgs},
    screen::Screen,
};
use crate::{
    exit::Failure,
    line::{Facts, Line},
};
use clap::ValueEnum;
use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::{Duration, Instant},
};

/// How long one run may take in all.
const TOO_LONG: Duration = Duration::from_secs(60);

/// How long a process may be silent: it tells a late message itself, and needs some time to do so.
const SILENT: Duration = Duration::from_secs(2 * LATE.as_secs() + 20);

/// A process, by its place in the cast.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member(usize);

/// What a member said, or none when it ended.
type Told = (usize, Option<Line>);

/// The processes of one run. Dropping it ends them.
pub(crate) struct Cast<'a> {
    screen: &'a mut Screen,
    players: Vec<Player>,
    sender: Sender<Told>,
    told: Receiver<Told>,
    end: Instant,
}

struct Player {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    endpoints: Option<Vec<String>>,
    facts: Option<Facts>,
}

impl<'a> Cast<'a> {
    pub(crate) fn new(screen: &'a mut Screen) -> Self {
        let (sender, told) = channel();
        Self { screen, players: Vec::new(), sender, told, end: Instant::now() + TOO_LONG }
    }

    /// Starts a process.
    pub(crate) fn start(&mut self, args: RoleArgs) -> Result<Member, Failure> {
        let name = format!("{} {}", value_name(&args.role), args.number);
        let failed = |error| Failure::Failed(format!("{name} does not start: {error}"));
        let mut command = Command::new(env::current_exe().map_err(failed)?);
        command.arg(ROLE_VERB).args(self.arguments(&args)).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let member = Member(self.players.len());
        let sender = self.sender.clone();
        let player = Player { name: name.clone(), child, stdin, endpoints: None, facts: None };
        self.players.push(player);
        let listen = move || {
            let lines = stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines());
            // Anything else than lines of ours is the end, too.
            let lines = lines.map_while(|text| Line::parse(&text.ok()?)).map(Some);
            for line in lines.chain([None]) {
                // A demo that does not listen any more has ended.
                let _ = sender.send((member.0, line));
            }
        };
        thread::Builder::new().spawn(listen).map_err(failed)?;
        Ok(member)
    }

    fn arguments(&self, args: &RoleArgs) -> Vec<String> {
        let mut words = vec![value_name(&args.role)];
        words.extend(args.endpoint.iter().map(|endpoint| format!("--endpoint={endpoint}")));
        words.extend(args.zip.iter().map(|zip| format!("--zip={zip}")));
        words.push(format!("--count={}", args.count));
        words.push(format!("--number={}", args.number));
        words.push(format!("--peers={}", args.peers));
        words.extend(args.sabotage.map(|sabotage| format!("--sabotage={}", value_name(&sabotage))));
        if self.screen.shows_progress() {
            words.push("--progress".to_owned());
        }
        words
    }

    /// Waits until a process is ready; gives the endpoints it told.
    pub(crate) fn ready(&mut self, member: Member) -> Result<Vec<String>, Failure> {
        self.listen_until(member, |player| player.endpoints.clone())
    }

    /// Waits until a process is done; gives what came of it.
    pub(crate) fn done(&mut self, member: Member) -> Result<Facts, Failure> {
        self.listen_until(member, |player| player.facts.clone())
    }

    /// Tells a process to stop, and waits until it is done.
    pub(crate) fn stop(&mut self, member: Member) -> Result<Facts, Failure> {
        if let Some(stdin) = self.players.get_mut(member.0).and_then(|player| player.stdin.as_mut()) {
            // If it cannot hear, it has ended, and that is noticed next.
            let _ = stdin.write_all(b"stop\n");
        }
        self.done(member)
    }

    /// Shows how far things are, where somebody sees it.
    pub(crate) fn expect(&mut self, total: u64, unit: &'static str) {
        self.screen.expect(total, unit);
    }

    fn listen_until<T>(
        &mut self,
        member: Member,
        wanted: impl Fn(&Player) -> Option<T>,
    ) -> Result<T, Failure> {
        loop {
            let Some(player) = self.players.get(member.0) else {
                return Err(Failure::Failed("no such process".to_owned()));
            };
            if let Some(found) = wanted(player) {
                return Ok(found);
            }
            let patience = SILENT.min(self.end.saturating_duration_since(Instant::now()));
            let Ok((at, line)) = self.told.recv_timeout(patience) else {
                return Err(Failure::Failed(format!("{} is late: nothing heard for too long", player.name)));
            };
            self.hear(at, line)?;
        }
    }

    fn hear(&mut self, at: usize, line: Option<Line>) -> Result<(), Failure> {
        let Some(player) = self.players.get_mut(at) else { return Ok(()) };
        match line {
            Some(Line::Ready(endpoints)) => player.endpoints = Some(endpoints),
            Some(Line::Done(facts)) => player.facts = Some(facts),
            Some(Line::Sample(text)) => self.screen.sample(&text)?,
            Some(Line::Progress(count)) => self.screen.progress(count),
            Some(Line::Failed(why)) => return Err(Failure::Failed(format!("{}: {why}", player.name))),
            None if player.facts.is_some() => {}
            None => {
                let status =
                    player.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
                return Err(Failure::Failed(format!("{} ended before it was done: {status}", player.name)));
            }
        }
        Ok(())
    }
}

impl Drop for Cast<'_> {
    fn drop(&mut self) {
        for player in &mut self.players {
            if player.facts.is_none() {
                let _ = player.child.kill();
            }
            player.stdin = None;
        }
        for player in &mut self.players {
            let _ = player.child.wait();
        }
    }
}

fn value_name(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
