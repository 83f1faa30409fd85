//! The house rules, as checks that say why and what to do instead.

mod examples;
mod length;
mod licences;
mod manifests;
mod proof;
mod readme;
mod text;
mod tree;
mod unsafety;

use crate::tally::Tally;
use tree::Tree;

/// One rule.
struct Rule {
    name: &'static str,
    /// What to do instead.
    instead: &'static str,
    /// The places that break it, each as `path:line: what`.
    find: fn(&Tree) -> Vec<String>,
}

const RULES: [Rule; 14] = [
    Rule {
        name: "files stay short",
        instead: "split by noun; xtask/ratchet.txt lists the old sins, and its numbers may only fall",
        find: length::too_long,
    },
    Rule {
        name: "the README has the two commands",
        instead: "newcomers copy them: they stand there word for word",
        find: readme::commands,
    },
    Rule {
        name: "the README tells the Rust version of Cargo.toml",
        instead: "change both together",
        find: readme::rust_version,
    },
    Rule {
        name: "no registry host and no machine path",
        instead: "the tree must build anywhere: say package names and relative paths",
        find: text::hosts_and_machine_paths,
    },
    Rule {
        name: "nothing is left to do",
        instead: "finish it, or return an error that says it is not supported",
        find: text::unfinished,
    },
    Rule {
        name: "examples in comments show how to handle errors",
        instead: "use `?` in the example (locks and joins excepted)",
        find: text::careless_examples,
    },
    Rule {
        name: "public types are shown in use",
        instead: "a ``` example in the comment above it, of something that a reader wants; it runs as a doctest",
        find: examples::missing,
    },
    Rule { name: "no test is ignored", instead: "repair it or delete it", find: proof::ignored },
    Rule {
        name: "no test sleeps",
        instead: "wait for the event: `eventually`, a monitor, a read with a deadline",
        find: proof::sleeping,
    },
    Rule {
        name: "tests are named by behaviour",
        instead: "say what holds; cite the issue's number inside",
        find: proof::named_by_number,
    },
    Rule {
        name: "unsafe code argues",
        instead: "a `// SAFETY:` comment right above, about why it holds here",
        find: unsafety::unargued,
    },
    Rule {
        name: "every crate has the workspace's lints",
        instead: "[lints] workspace = true",
        find: manifests::without_lints,
    },
    Rule {
        name: "dependencies come from the registry",
        instead: "no git sources: a release can be audited and stays",
        find: manifests::git_sources,
    },
    Rule {
        name: "licences are on the list of deny.toml",
        instead: "choose another crate, or argue for the licence in deny.toml",
        find: licences::not_allowed,
    },
];

/// Checks all rules, as a verb.
pub(crate) fn run() -> Result<(), String> {
    let (tally, fault) = check()?;
    println!("{} passed, {} failed", tally.passed, tally.failed);
    fault.map_or(Ok(()), Err)
}

/// Checks all rules, as a step: each counts as a test.
pub(crate) fn check() -> Result<(Tally, Option<String>), String> {
    let tree = Tree::read()?;
    let mut tally = Tally::default();
    for rule in &RULES {
        let places = (rule.find)(&tree);
        if places.is_empty() {
            println!("ok      {}", rule.name);
            tally.passed += 1;
            continue;
        }
        println!("FAILED  {}\n        instead: {}", rule.name, rule.instead);
        places.iter().for_each(|place| println!("        {place}"));
        tally.failed += 1;
        tally.failures.insert(rule.name.to_owned());
    }
    let fault =
        (tally.failed > 0).then(|| format!("{} of {} house rules are broken", tally.failed, RULES.len()));
    Ok((tally, fault))
}
