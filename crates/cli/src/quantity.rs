//! Values as people type them: `250ms`, `64k`, `yes`, `none`.

use std::time::Duration;
use zeroxide::{Frame, MinimumVersion, ReconnectStop, RouterNotify};

/// A value that can be read from the command line.
pub(crate) trait Value: Sized {
    fn parse(text: &str) -> Result<Self, String>;
}

/// Reads whatever value is asked for.
pub(crate) fn value<V: Value>(text: &str) -> Result<V, String> {
    V::parse(text)
}

/// A duration: a number and its unit, or just 0.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let nanoseconds = match unit {
        "ns" => 1.0,
        "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" | "min" => 60e9,
        "h" => 3600e9,
        "" if number == "0" => 0.0,
        _ => return Err(format!("\"{text}\" is no duration: write 250ms, 1.5s, 2m or 0")),
    };
    let number: f64 = number.parse().map_err(|_| format!("\"{text}\" is no duration"))?;
    Duration::try_from_secs_f64(number * nanoseconds / 1e9).map_err(|error| format!("\"{text}\": {error}"))
}

impl Value for Duration {
    fn parse(text: &str) -> Result<Self, String> {
        duration(text)
    }
}

impl Value for bool {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(format!("\"{text}\" is neither true nor false")),
        }
    }
}

/// A whole number; k, M and G multiply by 1024.
fn whole(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.as_bytes().last() {
        Some(b'k') => (text.trim_end_matches('k'), 10),
        Some(b'M') => (text.trim_end_matches('M'), 20),
        Some(b'G') => (text.trim_end_matches('G'), 30),
        _ => (text, 0),
    };
    let number: u64 = digits.parse().map_err(|_| format!("\"{text}\" is no whole number"))?;
    number.checked_mul(1 << shift).ok_or_else(|| format!("\"{text}\" is too large"))
}

macro_rules! whole_numbers {
    ($($number:ty),*) => {$(
        impl Value for $number {
            fn parse(text: &str) -> Result<Self, String> {
                whole(text)?.try_into().map_err(|_| format!("\"{text}\" is too large"))
            }
        }
    )*};
}
whole_numbers!(u8, u16, u32, u64, usize);

impl Value for String {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl<V: Value> Value for Option<V> {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "none" { Ok(None) } else { V::parse(text).map(Some) }
    }
}

impl Value for Frame {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }
}

/// Values apart by commas.
impl<V: Value> Value for Vec<V> {
    fn parse(text: &str) -> Result<Self, String> {
        text.split(',').filter(|part| !part.is_empty()).map(V::parse).collect()
    }
}

/// Names and values: `name:value`.
pub(crate) struct Pairs(pub(crate) Vec<(String, String)>);

impl Value for Pairs {
    fn parse(text: &str) -> Result<Self, String> {
        let pair = |part: String| match part.split_once(':') {
            Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
            None => Err(format!("\"{part}\" is not name:value")),
        };
        Vec::parse(text)?.into_iter().map(pair).collect::<Result<_, _>>().map(Self)
    }
}

impl Value for RouterNotify {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::default()),
            "connect" => Ok(Self { connect: true, disconnect: false }),
            "disconnect" => Ok(Self { connect: false, disconnect: true }),
            "both" => Ok(Self { connect: true, disconnect: true }),
            _ => Err(format!("\"{text}\" is none of connect, disconnect, both, none")),
        }
    }
}

impl Value for ReconnectStop {
    fn parse(text: &str) -> Result<Self, String> {
        let mut stop = Self::default();
        for reason in text.split(',').filter(|reason| *reason != "none") {
            match reason {
                "refused" => stop.connection_refused = true,
                "handshake" => stop.handshake_failed = true,
                "disconnect" => stop.after_disconnect = true,
                _ => return Err(format!("\"{reason}\" is none of refused, handshake, disconnect, none")),
            }
        }
        Ok(stop)
    }
}

impl Value for MinimumVersion {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "1" => Ok(Self::V1),
            "2" => Ok(Self::V2),
            "3" => Ok(Self::V3),
            _ => Err(format!("\"{text}\" is none of 1, 2, 3")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        for wrong in ["", "5", "s", "-1s", "1.2.3s", "ten s", "99999999999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_take_a_unit_and_none_is_no_value() {
        assert_eq!(value::<usize>("64k"), Ok(65536));
        assert_eq!(value::<Option<usize>>("none"), Ok(None));
        assert_eq!(value::<Option<Duration>>("1s"), Ok(Some(Duration::from_secs(1))));
        assert!(value::<u8>("256").is_err());
        assert!(value::<u64>("99999999999G").is_err());
        assert_eq!(value::<bool>("yes"), Ok(true));
        assert!(value::<bool>("maybe").is_err());
    }
}
