//! Octets for human eyes.

use std::fmt::Write;

const ROW: usize = 16;

/// Sixteen octets a row, with offsets and letters.
pub fn dump(octets: &[u8]) -> String {
    let mut text = String::new();
    for (row, chunk) in octets.chunks(ROW).enumerate() {
        let hex: Vec<String> = chunk.iter().map(|octet| format!("{octet:02X}")).collect();
        let letters: String = chunk.iter().map(|&octet| letter(octet)).collect();
        let _ = writeln!(text, "  {:06x}  {:<47}  {letters}", row * ROW, hex.join(" "));
    }
    if octets.is_empty() { "  (nothing)\n".to_owned() } else { text }
}

/// What was wanted, what came, and where they part.
pub fn difference(wanted: &[u8], came: &[u8]) -> String {
    let same = wanted.iter().zip(came).take_while(|(one, other)| one == other).count();
    format!(
        "octets differ at offset {same}\nwanted {}:\n{}came {}:\n{}",
        wanted.len(),
        around(wanted, same),
        came.len(),
        around(came, same)
    )
}

/// All of a short text; of a long one the rows about the place that matters.
fn around(octets: &[u8], place: usize) -> String {
    if octets.len() <= 32 * ROW {
        return dump(octets);
    }
    let from = (place.min(octets.len()) / ROW).saturating_sub(4) * ROW;
    let to = (from + 12 * ROW).min(octets.len());
    format!("  (from offset {from})\n{}", dump(&octets[from..to]))
}

fn letter(octet: u8) -> char {
    if octet.is_ascii_graphic() || octet == b' ' { char::from(octet) } else { '.' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_its_offset_and_shows_both_sides() {
        let text = difference(b"\x04\x26READY", b"\x04\x25READY");
        assert!(text.starts_with("octets differ at offset 1\n"), "{text}");
        assert!(text.contains("04 26 52") && text.contains("04 25 52") && text.contains(".&READY"), "{text}");
    }

    #[test]
    fn nothing_is_shown_as_nothing() {
        assert!(difference(b"\x01", b"").ends_with("came 0:\n  (nothing)\n"));
    }
}
