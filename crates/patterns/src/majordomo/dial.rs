//! Which of several brokers, and a socket to it.

use crate::PatternError;
use std::time::Duration;
use zeroxide::{Context, Dealer};

/// The brokers that stand in for each other, and which of them is meant now.
#[derive(Debug)]
pub(super) struct Dial {
    context: Context,
    endpoints: Vec<String>,
    current: usize,
}

impl Dial {
    pub(super) fn new(context: &Context, endpoints: &[impl AsRef<str>]) -> Result<Self, PatternError> {
        let endpoints: Vec<String> = endpoints.iter().map(|endpoint| endpoint.as_ref().to_owned()).collect();
        if endpoints.is_empty() {
            return Err(PatternError::NoEndpoint);
        }
        Ok(Self { context: context.clone(), endpoints, current: 0 })
    }

    /// From now on the next one is meant.
    pub(super) fn next(&mut self) {
        self.current = (self.current + 1) % self.endpoints.len().max(1);
    }

    /// A new socket to the one that is meant. When it is dropped nothing lingers: what it has not sent by then is sent
    /// again by its successor, or not wanted any more.
    pub(super) fn dealer(&mut self) -> Result<Dealer, PatternError> {
        let dealer = Dealer::new(&self.context)?;
        dealer.set_linger(Some(Duration::ZERO));
        let endpoint = self.endpoints.get(self.current).ok_or(PatternError::NoEndpoint)?;
        dealer.connect(endpoint)?;
        Ok(dealer)
    }
}
