//! `zox keygen`.

use crate::exit::Failure;
use clap::Args;
use std::{
    ffi::OsString,
    fs::OpenOptions,
    io::{self, Write, stdout},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};
use zeroxide::curve_keypair;

/// Make a new pair of CURVE keys
///
/// Without FILE, prints both: two lines, `public` and `secret`, each with 40 characters of Z85. With FILE, the secret key
/// is in FILE, which only its owner can read, and the public one in FILE.pub, where a server's directory of authorized
/// keys can have it from. Files that are there already are left alone.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Keygen {
    /// Where to put the secret key; the public one goes beside it
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  zox keygen                 show a new pair
  zox keygen worker-7        make worker-7 and worker-7.pub, and show the public key";

impl Keygen {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let keys = curve_keypair().map_err(|error| Failure::Failed(error.to_string()))?;
        let (public, secret) = (keys.public.to_z85(), keys.secret.to_z85());
        let Some(file) = &self.file else {
            return print(&format!("public {public}\nsecret {secret}\n"));
        };
        let mut beside = OsString::from(file);
        beside.push(".pub");
        let beside = PathBuf::from(beside);
        if beside.exists() {
            return Err(failed(&beside, &io::ErrorKind::AlreadyExists.into()));
        }
        write(file, 0o600, &secret)?;
        write(&beside, 0o644, &public)?;
        print(&format!("public {public}\n"))
    }
}

fn write(file: &Path, mode: u32, key: &str) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(file);
    opened
        .and_then(|mut opened| opened.write_all(format!("{key}\n").as_bytes()))
        .map_err(|error| failed(file, &error))
}

fn failed(file: &Path, error: &io::Error) -> Failure {
    Failure::Failed(format!("{}: {error}", file.display()))
}

fn print(text: &str) -> Result<(), Failure> {
    stdout().write_all(text.as_bytes()).map_err(|error| Failure::from_output(&error))
}
