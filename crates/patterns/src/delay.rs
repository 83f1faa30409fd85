//! How long to wait before the next try: longer each time, and never the same for two.

use std::time::Duration;

/// A delay that doubles up to a limit, spread by a quarter either way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delay {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Delay {
    pub(crate) fn new(first: Duration, most: Duration) -> Self {
        Self { first, most: most.max(first), next: first }
    }

    /// What to wait now.
    pub(crate) fn take(&mut self) -> Duration {
        let now = self.next;
        self.next = now.saturating_mul(2).min(self.most);
        spread(now, random_octet())
    }

    /// It worked: the next failure begins anew.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}

/// Three quarters for 0 to five quarters for 255.
fn spread(delay: Duration, by: u8) -> Duration {
    delay.saturating_mul(3 * 255 + 2 * u32::from(by)) / (4 * 255)
}

fn random_octet() -> u8 {
    let mut octet = [0];
    // Without chance the delays are still right, only alike.
    let _ = getrandom::fill(&mut octet);
    let [octet] = octet;
    octet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_its_limit_and_begins_anew() {
        let second = Duration::from_secs(1);
        let mut delay = Delay::new(second, 4 * second);
        let series: Vec<_> = [1, 2, 4, 4].map(|factor| factor * second).into();
        for expected in series {
            let taken = delay.take();
            assert!(taken >= expected * 3 / 4 && taken <= expected * 5 / 4, "{taken:?} for {expected:?}");
        }
        delay.reset();
        assert!(delay.take() <= second * 5 / 4);
        assert_eq!((spread(second, 0), spread(second, 255)), (second * 3 / 4, second * 5 / 4));
    }
}
