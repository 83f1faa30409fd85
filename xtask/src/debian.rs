//! What is missing and Debian has.

use crate::shell::{command, to_stderr, works};

/// Installs packages, when we may.
///
/// # Errors
/// Says what to install by hand.
pub(crate) fn install(packages: &[&str]) -> Result<(), String> {
    if !works(&mut command("sh", &["-c", "command -v apt-get && test \"$(id -u)\" = 0"])) {
        return Err(format!("install {} and run this again", packages.join(" ")));
    }
    to_stderr(&mut command("apt-get", &["update", "-qq"]))?;
    let install = [&["install", "-y", "-qq"], packages].concat();
    to_stderr(command("apt-get", &install).env("DEBIAN_FRONTEND", "noninteractive"))
}
