//! The C programs of documents, as they are: taken out, compiled against our headers, run on our library in the company
//! that the document shows, and compared with what it says that they print.
//!
//! No document and nothing out of one is kept in the repository; of helper headers that a document uses and does not
//! show, `testing/seeds` has ones of our own with the same functions.

mod document;
mod plays;
mod program;
mod restore;
mod roles;
mod stage;

use crate::{
    install,
    shell::{command, must, root},
};
use document::{Language, Listing};
use plays::{PLAYS, Play};
use program::{Program, State};
use stage::{Actor, Network};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
};

/// How many plays run at a time; they mostly sleep.
const STAGES: usize = 4;

/// Does all of it for the documents in a folder; `built` is a folder with the library, or it is built in release mode.
pub(crate) fn run(documents: &str, built: Option<&str>) -> Result<(), String> {
    let place = root().join("target/seeds");
    let prefix = place.join("prefix");
    install::run(&prefix.to_string_lossy(), built)?;
    let listings = read(documents)?;
    let helpers = program::helpers(&listings);
    let folder = place.join("programs");
    let _ = fs::remove_dir_all(&folder);
    let prepare = |listing| program::prepare(listing, &helpers, &prefix, &folder);
    let programs = listings.iter().filter(|listing| program::is_c(listing)).map(prepare);
    let programs = programs.collect::<Result<Vec<_>, _>>()?;
    let listener = folder.join("listener");
    must(
        command("cc", &["-O1", "-o"])
            .arg(&listener)
            .arg("-I")
            .arg(prefix.join("include"))
            .arg(root().join("testing/seeds/listener.c"))
            .arg("-L")
            .arg(prefix.join("lib"))
            .arg("-lzmq"),
    )?;
    let shows = cast_all(&programs, &listener);
    let verdicts = perform_all(&shows, &addresses(&listings), &prefix.join("lib"), &place.join("plays"));
    report(&listings, &programs, &shows, &verdicts)
}

/// The listings of all documents.
fn read(documents: &str) -> Result<Vec<Listing>, String> {
    let entries = fs::read_dir(documents).map_err(|error| format!("{documents}: {error}"))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let mut listings = Vec::new();
    for file in files.iter().filter(|file| file.is_file()) {
        let octets = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        listings.extend(document::listings(&name, &String::from_utf8_lossy(&octets)));
    }
    Ok(listings)
}

/// A play with the programs of one document.
struct Show {
    play: &'static Play,
    cast: Vec<Actor>,
    /// Which programs of the list are in it.
    members: Vec<usize>,
}

/// Every program in every play that it has a part in: the first of its document with the first of each other part, the
/// second with the second. A part that the document has nobody for is lent by another.
fn cast_all(programs: &[Program], listener: &Path) -> Vec<Show> {
    let mut shows = Vec::new();
    for play in PLAYS {
        let Some(lead) = play.parts.iter().find(|part| part.role != "listener") else { continue };
        let leads = programs.iter().enumerate().filter(|(_, program)| program.role == lead.role);
        let mut seen: Vec<&str> = Vec::new();
        for (index, program) in leads {
            let document = program.listing.document.as_str();
            let turn = seen.iter().filter(|other| **other == document).count();
            seen.push(document);
            shows.extend(cast(play, programs, listener, (index, turn)));
        }
    }
    shows
}

fn cast(play: &'static Play, programs: &[Program], listener: &Path, lead: (usize, usize)) -> Option<Show> {
    let (lead, turn) = lead;
    let document = programs.get(lead)?.listing.document.as_str();
    let mut show = Show { play, cast: Vec::new(), members: Vec::new() };
    for part in play.parts {
        if part.role == "listener" {
            show.cast.push(Actor { part, program: listener.to_owned() });
            continue;
        }
        let compiled = |index: &usize| {
            programs
                .get(*index)
                .is_some_and(|one| one.role == part.role && matches!(one.state, State::Compiled(..)))
        };
        let of_the_document =
            |index: &usize| programs.get(*index).is_some_and(|one| one.listing.document == document);
        let able: Vec<usize> = (0..programs.len()).filter(compiled).collect();
        let own: Vec<usize> = able.iter().copied().filter(of_the_document).collect();
        let index = if programs.get(lead)?.role == part.role {
            able.contains(&lead).then_some(lead)?
        } else {
            *own.get(turn).or(own.last()).or(able.first())?
        };
        let State::Compiled(program, _) = &programs.get(index)?.state else { return None };
        show.cast.push(Actor { part, program: program.clone() });
        show.members.push(index);
    }
    Some(show)
}

/// The addresses that programs want to be at, and reach each other by.
fn addresses(listings: &[Listing]) -> Vec<String> {
    let mut found = Vec::new();
    for listing in listings {
        for piece in listing.text.split("tcp://").skip(1) {
            let address: String =
                piece.chars().take_while(|letter| letter.is_ascii_digit() || *letter == '.').collect();
            let parsed: Option<std::net::Ipv4Addr> = address.parse().ok();
            if parsed.is_some_and(|parsed| !parsed.is_loopback() && !parsed.is_unspecified())
                && !found.contains(&address)
            {
                found.push(address);
            }
        }
    }
    found
}

/// How each show went.
fn perform_all(
    shows: &[Show],
    addresses: &[String],
    library: &Path,
    folder: &Path,
) -> Vec<Result<(), String>> {
    let next = Mutex::new(0_usize);
    let verdicts = Mutex::new(vec![Err("not performed".to_owned()); shows.len()]);
    let take = || {
        let mut next = next.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *next += 1;
        *next - 1
    };
    thread::scope(|scope| {
        for _ in 0..STAGES {
            scope.spawn(|| {
                while let Some((index, show)) =
                    Some(take()).and_then(|index| Some((index, shows.get(index)?)))
                {
                    let verdict = Network::new(addresses).and_then(|network| {
                        stage::perform(&show.cast, &network, library, &folder.join(index.to_string()))
                    });
                    println!(
                        "{}: {}",
                        show.play.name,
                        verdict.as_ref().map_or_else(String::as_str, |()| "as documented")
                    );
                    let mut verdicts = verdicts.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                    if let Some(place) = verdicts.get_mut(index) {
                        *place = verdict;
                    }
                }
            });
        }
    });
    verdicts.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Prints the table.
///
/// # Errors
/// When a program that is whole does not compile, or does not what its document says.
fn report(
    listings: &[Listing],
    programs: &[Program],
    shows: &[Show],
    verdicts: &[Result<(), String>],
) -> Result<(), String> {
    println!();
    let mut counts = Counts::default();
    for (index, program) in programs.iter().enumerate() {
        let mine: Vec<(&Show, &Result<(), String>)> =
            shows.iter().zip(verdicts).filter(|(show, _)| show.members.contains(&index)).collect();
        let verdict = counts.judge(program, &mine);
        if let Some(verdict) = verdict {
            let Listing { document, line, mended, .. } = &program.listing;
            let role = if program.role.is_empty() { "(no part)" } else { program.role };
            println!("{document}:{line}: {role}: {verdict}");
            mended.iter().for_each(|what| println!("    {what}"));
        }
    }
    let python = listings.iter().filter(|listing| listing.language == Language::Python).count();
    let Counts { whole, compiled, behaved, excused, fragments, other } = counts;
    println!(
        "\n{whole} whole C programs: {compiled} compile, {behaved} do what the document says, of which {excused} but for \
         what is excused; {fragments} fragments, {other} in C++, {python} in Python"
    );
    if compiled == whole && behaved == whole { Ok(()) } else { Err("not all programs are well".to_owned()) }
}

#[derive(Default)]
struct Counts {
    whole: usize,
    compiled: usize,
    behaved: usize,
    excused: usize,
    fragments: usize,
    other: usize,
}

impl Counts {
    /// What is to be said of a program; nothing of fragments.
    fn judge(&mut self, program: &Program, shows: &[(&Show, &Result<(), String>)]) -> Option<String> {
        let with = match &program.state {
            State::Fragment(reason) => {
                let cpp = program.listing.language == Language::Cpp;
                *(if cpp { &mut self.other } else { &mut self.fragments }) += 1;
                return cpp.then(|| format!("excused: {reason}"));
            }
            State::Refused(reason) => {
                self.whole += 1;
                return Some(format!("DOES NOT COMPILE: {reason}"));
            }
            State::Compiled(_, with) => with,
        };
        self.whole += 1;
        self.compiled += 1;
        let failed =
            shows.iter().find_map(|(show, verdict)| Some((show.play.name, (*verdict).as_ref().err()?)));
        Some(match (failed, shows.first()) {
            (Some((play, reason)), _) => {
                format!("compiles ({with}); NOT AS DOCUMENTED in \"{play}\": {reason}")
            }
            (None, None) => format!("compiles ({with}); NOT RUN: no play has a part for it"),
            (None, Some(_)) => {
                self.behaved += 1;
                let excuse =
                    shows.iter().map(|(show, _)| show.play.excused).find(|excuse| !excuse.is_empty());
                self.excused += usize::from(excuse.is_some());
                let excuse = excuse.map_or_else(String::new, |excuse| format!("; excused: {excuse}"));
                format!("compiles ({with}), does what the document says{excuse}")
            }
        })
    }
}
