//! The licence of every dependency, on every platform, is one that deny.toml allows.

use super::tree::Tree;
use crate::shell::cargo;

pub(super) fn not_allowed(tree: &Tree) -> Vec<String> {
    let allowed = tree.file("deny.toml").map(|file| allow_list(&file.text)).unwrap_or_default();
    let output = match cargo(&["metadata", "--format-version", "1", "--locked"]).output() {
        Ok(output) if output.status.success() => output,
        Ok(output) => return vec![String::from_utf8_lossy(&output.stderr).into_owned()],
        Err(error) => return vec![format!("cargo metadata: {error}")],
    };
    let packages = packages(&String::from_utf8_lossy(&output.stdout));
    if packages.is_empty() {
        return vec!["cargo metadata told of no package".to_owned()];
    }
    let bad = |(_, licence): &&(String, String)| !satisfied(licence, &allowed);
    packages.iter().filter(bad).map(|(name, licence)| format!("{name}: {licence}")).collect()
}

/// The texts between the brackets after `allow =`.
fn allow_list(deny: &str) -> Vec<String> {
    let list = deny
        .split_once("\nallow = [")
        .and_then(|(_, rest)| rest.split_once(']'))
        .map_or("", |(list, _)| list);
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Name and licence of each package. Only packages have a `license` key; dependencies, which look alike, have none.
fn packages(metadata: &str) -> Vec<(String, String)> {
    let package = |text: &str| {
        let name = text.split('"').next()?.to_owned();
        let (_, licence) = text.split_once("\"license\":")?;
        let licence =
            licence.strip_prefix('"').and_then(|text| text.split('"').next()).unwrap_or("none told");
        Some((name, licence.to_owned()))
    };
    metadata.split("{\"name\":\"").skip(1).filter_map(package).collect()
}

/// Whether an SPDX expression (also the old form with a slash) can be satisfied by allowed licences.
fn satisfied(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    either(&mut words.as_slice(), allowed)
}

fn either(words: &mut &[&str], allowed: &[String]) -> bool {
    let mut good = both(words, allowed);
    while let ["OR", rest @ ..] = words {
        *words = rest;
        good |= both(words, allowed);
    }
    good
}

fn both(words: &mut &[&str], allowed: &[String]) -> bool {
    let mut good = one(words, allowed);
    while let ["AND", rest @ ..] = words {
        *words = rest;
        good &= one(words, allowed);
    }
    good
}

fn one(words: &mut &[&str], allowed: &[String]) -> bool {
    let listed = |name: &str| allowed.iter().any(|licence| licence == name);
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let good = either(words, allowed);
            *words = words.strip_prefix(&[")"]).unwrap_or(words);
            good
        }
        [name, "WITH", exception, rest @ ..] => {
            *words = rest;
            // An exception only permits more.
            listed(&format!("{name} WITH {exception}")) || listed(name)
        }
        [name, rest @ ..] => {
            *words = rest;
            listed(name)
        }
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_weighed() {
        let allowed =
            allow_list("[licenses]\nallow = [\n  \"MIT\",\n  \"Apache-2.0\",\n  \"Unicode-3.0\",\n]\n");
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(satisfied(good, &allowed), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND GPL-3.0", "(GPL-3.0 OR LGPL-3.0) AND MIT", "none told", ""] {
            assert!(!satisfied(bad, &allowed), "{bad}");
        }
    }

    #[test]
    fn packages_are_told_from_their_dependencies() {
        let metadata = r#"{"packages":[{"name":"a","version":"1","license":"MIT","license_file":null,
            "dependencies":[{"name":"b","source":null}]},{"name":"b","version":"1","license":null}]}"#;
        let told = packages(metadata);
        assert_eq!(told, [("a".to_owned(), "MIT".to_owned()), ("b".to_owned(), "none told".to_owned())]);
    }
}
