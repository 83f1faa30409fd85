//! Figures: their units, what stands for many of them, and how they are written.

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    PerSecond,
    Microseconds,
    Milliseconds,
    SecondsPerMillion,
    KibPerConnection,
}

impl Unit {
    pub(crate) fn more_is_better(self) -> bool {
        self == Self::PerSecond
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::PerSecond => "1/s",
            Self::Microseconds => "us",
            Self::Milliseconds => "ms",
            Self::SecondsPerMillion => "CPU s/M",
            Self::KibPerConnection => "KiB",
        }
    }
}

/// The middle one; of an even number, the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let high = values.get(values.len() / 2)?;
    let low = values.get((values.len() - 1) / 2)?;
    Some((low + high) / 2.0)
}

/// The value below which this part of the sorted values lies.
pub(crate) fn percentile<T: Copy>(sorted: &[T], part: f64) -> Option<T> {
    sorted.get((sorted.len().saturating_sub(1) as f64 * part) as usize).copied()
}

/// Three digits and a letter.
pub(crate) fn short(value: f64) -> String {
    let (value, letter) = match value.abs() {
        size if size >= 999_500_000.0 => (value / 1e9, " G"),
        size if size >= 999_500.0 => (value / 1e6, " M"),
        size if size >= 999.5 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    let digits = match value.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        _ => 3,
    };
    format!("{value:.digits$}{letter}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(percentile(&[1, 2, 3, 4, 5], 0.5), Some(3));
        assert_eq!(percentile::<u8>(&[], 0.5), None);
    }

    #[test]
    fn three_digits_are_enough() {
        for (value, text) in [
            (0.1234, "0.123"),
            (1.0, "1.00"),
            (12.34, "12.3"),
            (999.4, "999"),
            (999.6, "1.00 k"),
            (4.56e6, "4.56 M"),
            (21.9e9, "21.9 G"),
        ] {
            assert_eq!(short(value), text);
        }
    }
}
