//! The token bucket on paper, as the manual defines it.
//!
//! Source: API Gateway Developer Guide, "Throttle requests to your REST APIs": the bucket holds `burst` tokens, `rate`
//! come in each second, a request takes one from every bucket that it meets, a refused request takes none.

/// A limit as it is promised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limit {
    /// Tokens in a second.
    pub(crate) rate_rps: f64,
    /// Tokens that the bucket holds.
    pub(crate) burst: u64,
}

impl Limit {
    /// The most that `lasts_us` microseconds admit, beginning with a full bucket.
    pub(crate) fn most(&self, lasts_us: f64) -> f64 {
        if self.is_shut() {
            return 0.0;
        }
        self.burst as f64 + self.rate_rps * lasts_us / 1e6
    }

    /// Whether nothing ever passes.
    pub(crate) fn is_shut(&self) -> bool {
        self.rate_rps <= 0.0 || self.burst == 0
    }

    /// Seconds in which an empty bucket fills.
    pub(crate) fn refill_s(&self) -> f64 {
        if self.is_shut() { 0.0 } else { self.burst as f64 / self.rate_rps }
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} requests/s with a burst of {}", self.rate_rps, self.burst)
    }
}

/// What the buckets on paper made of requests.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    /// Whether each request was admitted.
    pub(crate) is_admitted: Vec<bool>,
    /// The fewest tokens that each bucket held.
    pub(crate) lowest: Vec<f64>,
}

impl Run {
    /// How many were admitted.
    pub(crate) fn count(&self) -> u64 {
        self.is_admitted.iter().filter(|is_admitted| **is_admitted).count() as u64
    }
}

/// Sends requests to all of the limits, whose buckets are full before the first; `arrivals_us` are in order.
pub(crate) fn run(limits: &[Limit], arrivals_us: &[u64]) -> Run {
    let mut tokens: Vec<f64> = limits.iter().map(|limit| limit.burst as f64).collect();
    let mut lowest = tokens.clone();
    let mut last_us = arrivals_us.first().copied().unwrap_or(0);
    let admit = |arrival_us: &u64| {
        let seconds = arrival_us.saturating_sub(last_us) as f64 / 1e6;
        last_us = *arrival_us;
        for (tokens, limit) in tokens.iter_mut().zip(limits) {
            *tokens = (*tokens + seconds * limit.rate_rps).min(limit.burst as f64);
        }
        // A sum of many small refills may be a little less than the token that it makes.
        let is_admitted = limits.iter().all(|limit| !limit.is_shut())
            && tokens.iter().all(|tokens| *tokens >= 1.0 - ROUNDING);
        if is_admitted {
            for (tokens, lowest) in tokens.iter_mut().zip(&mut lowest) {
                *tokens -= 1.0;
                *lowest = lowest.min(*tokens);
            }
        }
        is_admitted
    };
    let is_admitted = arrivals_us.iter().map(admit).collect();
    Run { is_admitted, lowest }
}

/// What the sum of a run's refills may be off by, in tokens.
const ROUNDING: f64 = 1e-9;

#[cfg(test)]
mod tests;
