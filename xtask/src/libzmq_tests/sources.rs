//! libzmq's sources, as the crate `zeromq-src` brings them.

use crate::shell::{cargo, command, works};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The version of the crate; libzmq 4.3.5 is in it.
const VERSION: &str = "=0.3.6";

/// The folder of libzmq's sources in cargo's own store; fetched if need be.
pub(super) fn of_crate(place: &Path) -> Result<PathBuf, String> {
    let asking = place.join("asking");
    let manifest = format!(
        "[package]\nname = \"asking\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[lib]\npath = \"lib.rs\"\n\n\
         [dependencies]\nzeromq-src = \"{VERSION}\"\n\n[workspace]\n"
    );
    let file = |name: &str, text: &str| {
        fs::write(asking.join(name), text)
            .map_err(|error| format!("{}: {error}", asking.join(name).display()))
    };
    fs::create_dir_all(&asking).map_err(|error| format!("{}: {error}", asking.display()))?;
    file("Cargo.toml", &manifest)?;
    file("lib.rs", "")?;
    // Without the network where the store has it already.
    let store = |arguments: &[&str]| {
        let mut fetch = cargo(&["fetch", "--quiet"]);
        works(fetch.args(arguments).current_dir(&asking))
    };
    if !store(&["--offline"]) && !store(&[]) {
        return Err("cargo cannot fetch zeromq-src; name a tree of libzmq's sources".to_owned());
    }
    let mut metadata = cargo(&["metadata", "--offline", "--format-version", "1"]);
    let output =
        metadata.current_dir(&asking).output().map_err(|error| format!("cargo metadata: {error}"))?;
    let told = String::from_utf8_lossy(&output.stdout);
    let found = told.split('"').find(|word| word.contains("zeromq-src-") && word.ends_with("Cargo.toml"));
    let crate_root = found.and_then(|manifest| Path::new(manifest).parent());
    let tree = crate_root.ok_or("cargo does not say where zeromq-src is")?.join("vendor");
    if works(command("test", &["-d"]).arg(tree.join("tests"))) {
        Ok(tree)
    } else {
        Err(format!("no tests in {}", tree.display()))
    }
}
