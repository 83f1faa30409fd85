//! Programs: which listings are whole, what they are called, and how they are compiled.

use super::{
    document::{Language, Listing},
    roles,
};
use crate::shell::{command, root};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// A C program of a document.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) listing: Listing,
    /// What it is in the plays; nothing if it is in none.
    pub(super) role: &'static str,
    pub(super) state: State,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// Where it was compiled to, and what it was compiled with.
    Compiled(PathBuf, String),
    /// What the compiler said.
    Refused(String),
    /// Not a C program that is whole.
    Fragment(&'static str),
}

/// What the documents hold beside programs.
pub(super) struct Helpers {
    /// Their helper headers, by document and name.
    headers: BTreeMap<(String, String), String>,
    /// The documents that are about ZeroMQ 2.x.
    old: BTreeSet<String>,
}

/// The headers that documents show, and which documents are old. Headers are known by their include guards: `__ZMSG_H_INCLUDED__` is `zmsg.h`.
pub(super) fn helpers(listings: &[Listing]) -> Helpers {
    let helper = |listing: &Listing| {
        let guard = listing.text.lines().find_map(|line| line.strip_prefix("#ifndef "))?;
        let name = guard.trim().trim_matches('_').strip_suffix("_H_INCLUDED")?.to_ascii_lowercase();
        let whole = listing.language == Language::C && !has_main(&listing.text);
        whole.then(|| ((listing.document.clone(), name), listing.text.clone()))
    };
    let documents_with = |call: &str| -> BTreeSet<String> {
        let with = listings.iter().filter(|listing| listing.text.contains(call));
        with.map(|listing| listing.document.clone()).collect()
    };
    Helpers {
        headers: listings.iter().filter_map(helper).collect(),
        old: &documents_with("zmq_init (") - &documents_with("zmq_ctx_new"),
    }
}

/// Whether a listing has a `main`.
fn has_main(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("int main"))
}

/// Whether a listing is C, or something of C.
pub(super) fn is_c(listing: &Listing) -> bool {
    matches!(listing.language, Language::C | Language::Cpp)
}

/// Looks at a listing and compiles it, if it is a program.
pub(super) fn prepare(
    listing: &Listing,
    helpers: &Helpers,
    prefix: &Path,
    folder: &Path,
) -> Result<Program, String> {
    let role = if has_main(&listing.text) { roles::of(&listing.text) } else { "" };
    let state = if !has_main(&listing.text) {
        State::Fragment("no main")
    } else if listing.language == Language::Cpp {
        State::Fragment("C++, for the binding of that language")
    } else {
        compile(listing, helpers, prefix, folder)?
    };
    Ok(Program { listing: listing.clone(), role, state })
}

/// Compiles a program with the headers of its document; where it needs another edition of them, with ours.
fn compile(listing: &Listing, helpers: &Helpers, prefix: &Path, folder: &Path) -> Result<State, String> {
    let of = |name: &str| helpers.headers.get(&(listing.document.clone(), name.to_owned()));
    let mut said = String::new();
    let mut editions = vec![of("zmsg")];
    if listing.text.contains("zmsg") && of("zmsg").is_some() {
        editions.push(None);
    }
    for zmsg in editions {
        let work = folder.join(format!(
            "{}-{}",
            listing.document.split('_').next().unwrap_or_default(),
            listing.line
        ));
        fs::create_dir_all(&work).map_err(|error| format!("{}: {error}", work.display()))?;
        let ours = |name: &str| {
            let file = root().join("testing/seeds").join(name);
            fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))
        };
        let theirs = |text: &String| format!("{text}\n#include \"zhelpers_more.h\"\n");
        let put = |name: &str, text: &str| {
            fs::write(work.join(name), text).map_err(|error| format!("{name}: {error}"))
        };
        put("zhelpers_more.h", &ours("zhelpers_more.h")?)?;
        put("zhelpers.h", &of("zhelpers").map_or_else(|| ours("zhelpers.h"), |text| Ok(theirs(text)))?)?;
        let message = zmsg.map_or_else(|| ours("zmsg.h"), |text| Ok(text.clone()))?;
        // Some include the one, some the other; in documents they are one listing.
        put("zmsg.h", &message)?;
        put("zmsg.c", "#include \"zmsg.h\"\n")?;
        put("program.c", &listing.text)?;
        let program = work.join("program");
        let mut compiler = command("cc", &["-std=gnu11", "-w", "-O1", "-g", "-pthread", "-o"]);
        compiler.arg(&program).arg("-I").arg(prefix.join("include"));
        let old = helpers.old.contains(&listing.document);
        if old {
            compiler.args(["-include", "zmq2.h"]);
        }
        compiler.arg(work.join("program.c")).arg("-L").arg(prefix.join("lib")).arg("-lzmq");
        let output = compiler.output().map_err(|error| format!("cc: {error}"))?;
        if output.status.success() {
            let mut with = vec![if old { "zmq2.h" } else { "zmq.h" }];
            let wants = |name: &str| listing.text.contains(name);
            if wants("zhelpers.h") && of("zhelpers").is_none() {
                with.push("our zhelpers.h");
            }
            if wants("zmsg.") && zmsg.is_none() {
                with.push("our zmsg.h");
            }
            return Ok(State::Compiled(program, with.join(", ")));
        }
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        said = errors.lines().find(|line| line.contains("error")).unwrap_or_default().to_owned();
    }
    Ok(State::Refused(said))
}
