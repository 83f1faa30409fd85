//! CURVE for sockets of the command line: keys are in files, as `zox keygen` writes them.

use std::fs;
use zeroxide::{AuthorizedKeys, Handle, Keypair, PublicKey, SecretKey};

/// `FILE,DIRECTORY`: listens in secret with the secret key in FILE, and lets in whose public key is in DIRECTORY.
pub(crate) fn serve(socket: &Handle, text: &str) -> Result<(), String> {
    let (file, directory) = text.split_once(',').ok_or("write FILE,DIRECTORY")?;
    let keys = AuthorizedKeys::open(directory).map_err(|error| format!("{directory}: {error}"))?;
    socket.secure_server(&read(file)?, keys).map_err(|error| error.to_string())
}

/// `KEY,FILE`: talks in secret with the server of that public key and no other, with the secret key in FILE.
pub(crate) fn ask(socket: &Handle, text: &str) -> Result<(), String> {
    let (server, file) = text.split_once(',').ok_or("write KEY,FILE")?;
    let server: PublicKey = server.parse().map_err(|error| format!("{server}: {error}"))?;
    socket.set_curve_client(server, &read(file)?).map_err(|error| error.to_string())
}

fn read(file: &str) -> Result<Keypair, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    // What is in the file is not shown.
    let secret: SecretKey = text.trim().parse().map_err(|error| format!("{file}: {error}"))?;
    Ok(Keypair::from(secret))
}
