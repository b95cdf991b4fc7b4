//! When requests of an open load are due: the integral of the rate, solved for each request.

use std::time::Duration;

use crate::scenario::{Arrivals, RateStep};

/// Due times of an open load, in order. Request `k` of the rate is due when the integral of the rate reaches `k`.
#[derive(Clone, Debug)]
pub struct Schedule {
    steps: Vec<Part>,
    /// Requests of the rate.
    rated: u64,
    burst_count: u64,
    burst_every_s: f64,
    /// Requests of bursts.
    bursts: u64,
    next_rated: u64,
    next_burst: u64,
    at: usize,
}

#[derive(Clone, Copy, Debug)]
struct Part {
    /// When it starts, in seconds.
    start_s: f64,
    /// Requests due before it.
    before: f64,
    from_rps: f64,
    /// By how much the rate changes in a second.
    slope: f64,
    /// Requests due before its end.
    until: f64,
}

/// What the sum of a schedule's rates may be off by rounding, in requests.
const ROUNDING: f64 = 1e-6;

impl Schedule {
    /// The schedule of a load.
    #[must_use]
    pub fn new(arrivals: &Arrivals) -> Self {
        let (mut start_s, mut before) = (0.0, 0.0);
        let mut steps = Vec::new();
        for RateStep { from_rps, to_rps, lasts } in &arrivals.steps {
            let lasts_s = lasts.as_secs_f64();
            let until = before + (from_rps + to_rps) / 2.0 * lasts_s;
            let slope = if lasts_s > 0.0 { (to_rps - from_rps) / lasts_s } else { 0.0 };
            steps.push(Part { start_s, before, from_rps: *from_rps, slope, until });
            (start_s, before) = (start_s + lasts_s, until);
        }
        let burst_every_s = arrivals.burst.map_or(0.0, |burst| burst.every.as_secs_f64());
        let burst_count = arrivals.burst.map_or(0, |burst| burst.count);
        let rounds =
            if burst_every_s > 0.0 { (start_s / burst_every_s - 1e-9).max(0.0) as u64 } else { 0 };
        Self {
            steps,
            rated: (before - ROUNDING).ceil().max(0.0) as u64,
            burst_count,
            burst_every_s,
            bursts: rounds * burst_count,
            next_rated: 0,
            next_burst: 0,
            at: 0,
        }
    }

    /// How many requests it has in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.rated + self.bursts
    }

    fn rated_s(&mut self) -> Option<f64> {
        if self.next_rated == self.rated {
            return None;
        }
        let k = self.next_rated as f64;
        while self.at + 1 < self.steps.len() && k >= self.steps[self.at].until - ROUNDING {
            self.at += 1;
        }
        let part = &self.steps[self.at];
        let into = (k - part.before).max(0.0);
        // The root of rate·t + slope·t²/2 = into, in the form that cancels nothing.
        let root = (part.from_rps * part.from_rps + 2.0 * part.slope * into).max(0.0).sqrt();
        let divisor = part.from_rps + root;
        Some(part.start_s + if divisor > 0.0 { 2.0 * into / divisor } else { 0.0 })
    }

    fn burst_s(&self) -> Option<f64> {
        let round = self.next_burst.checked_div(self.burst_count)? + 1;
        (self.next_burst < self.bursts).then_some(round as f64 * self.burst_every_s)
    }
}

impl Iterator for Schedule {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let due_s = match (self.rated_s(), self.burst_s()) {
            (Some(rated), Some(burst)) if burst < rated => {
                self.next_burst += 1;
                burst
            }
            (None, Some(burst)) => {
                self.next_burst += 1;
                burst
            }
            (Some(rated), _) => {
                self.next_rated += 1;
                rated
            }
            (None, None) => return None,
        };
        Some(Duration::from_secs_f64(due_s))
    }
}
