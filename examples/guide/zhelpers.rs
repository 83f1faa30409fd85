//! What the programs share: words of the command line, chance, and a look into messages.
//!
//! Shows: E2.5.

use std::{error::Error, thread, time::Duration};
use zeroxide::{EndpointFailure, Handle, Message};

/// What a program ends with.
pub(crate) type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Longer than anything takes that goes well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// What stands behind the program's name.
pub(crate) struct Words(Vec<String>);

impl Words {
    pub(crate) fn new(words: impl Iterator<Item = String>) -> Self {
        Self(words.collect())
    }

    /// The word at this place, or what the Guide has there.
    pub(crate) fn text<'a>(&'a self, place: usize, otherwise: &'a str) -> &'a str {
        self.0.get(place).map_or(otherwise, String::as_str)
    }

    /// The words from this place on.
    pub(crate) fn from(&self, place: usize) -> impl Iterator<Item = &str> {
        self.0.iter().skip(place).map(String::as_str)
    }

    /// The number at this place, or what the Guide has there.
    pub(crate) fn number(&self, place: usize, otherwise: u32) -> u32 {
        self.0.get(place).and_then(|word| word.parse().ok()).unwrap_or(otherwise)
    }
}

/// Binds, and tells where: `*` as the port takes a free one.
pub(crate) fn bind(socket: &Handle, endpoint: &str) -> Result<String, EndpointFailure> {
    let bound = socket.bind(endpoint)?;
    println!("bound {bound}");
    Ok(bound)
}

/// A number below this one, by chance.
pub(crate) fn below(limit: u32) -> u32 {
    getrandom::u32().map_or(0, |number| number % limit.max(1))
}

/// Work, which only takes its time.
pub(crate) fn work(milliseconds: u32) {
    thread::sleep(Duration::from_millis(milliseconds.into()));
}

/// Each frame with its length: as text if it is text, otherwise in hexadecimal.
pub(crate) fn dump(message: &Message) {
    println!("----------------------------------------");
    for frame in message.frames() {
        match frame.as_str().filter(|text| !text.contains(char::is_control)) {
            Some(text) => println!("[{:03}] {text}", frame.len()),
            None => {
                let octets: String = frame.iter().map(|octet| format!("{octet:02X}")).collect();
                println!("[{:03}] {octets}", frame.len());
            }
        }
    }
}
