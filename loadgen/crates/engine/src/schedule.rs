//! When each request of an open model is due: exact, from the integral of the rate.
//!
//! The requests due by time `t` are the whole numbers below N(t), the integral of the rate; so request `k` is due
//! when N(t) = k, and the first at the start. Each time comes from its own index, never from the one before, so
//! nothing drifts however long the schedule is.

use crate::limits::SCHEDULE_COUNT_MAX;
use crate::{Arrivals, Step};

/// A schedule of requests, by index.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pieces: Vec<Piece>,
    count: u64,
    lasts_s: f64,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Requests due before it.
    before: f64,
    /// When it starts, in seconds.
    start_s: f64,
    from_rps: f64,
    /// Change of the rate, in requests per second and second.
    slope: f64,
    lasts_s: f64,
}

impl Schedule {
    /// The schedule of `arrivals`; none for the closed model.
    pub(crate) fn new(arrivals: &Arrivals) -> Option<Self> {
        match arrivals {
            Arrivals::Closed => None,
            Arrivals::AtOnce { count } => {
                Some(Self { pieces: Vec::new(), count: *count, lasts_s: 0.0 })
            }
            Arrivals::Steps(steps) => Some(Self::of(steps)),
        }
    }

    fn of(steps: &[Step]) -> Self {
        let (mut before, mut start_s) = (0.0, 0.0);
        let mut pieces = Vec::with_capacity(steps.len());
        for step in steps {
            let lasts_s = step.lasts.as_secs_f64();
            if lasts_s > 0.0 {
                let slope = (step.to_rps - step.from_rps) / lasts_s;
                pieces.push(Piece { before, start_s, from_rps: step.from_rps, slope, lasts_s });
            }
            before += (step.from_rps + step.to_rps) / 2.0 * lasts_s;
            start_s += lasts_s;
        }
        // A total that should be whole may miss it by the last bits.
        let whole = before.round();
        let count =
            if (before - whole).abs() < 1e-9 * whole.max(1.0) { whole } else { before.ceil() };
        Self { pieces, count: (count as u64).min(SCHEDULE_COUNT_MAX), lasts_s: start_s }
    }

    /// How many requests there are.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// How long it lasts, in microseconds.
    pub(crate) fn lasts_us(&self) -> u64 {
        (self.lasts_s * 1e6).ceil() as u64
    }

    /// When request `index` is due, in microseconds since the start.
    pub(crate) fn due_us(&self, index: u64) -> u64 {
        (self.due_s(index) * 1e6) as u64
    }

    fn due_s(&self, index: u64) -> f64 {
        let n = index as f64;
        // The last piece that starts at or before it, and has requests of its own.
        let after = self.pieces.partition_point(|piece| piece.before <= n);
        let Some(piece) = after.checked_sub(1).map(|at| &self.pieces[at]) else { return 0.0 };
        piece.start_s + piece.reached_s(n - piece.before)
    }
}

impl Piece {
    /// When `n` requests were due since its start: from·t + slope·t²/2 = n, in the form that loses no digits.
    fn reached_s(&self, n: f64) -> f64 {
        let root = (self.from_rps * self.from_rps + 2.0 * self.slope * n).max(0.0).sqrt();
        let divisor = self.from_rps + root;
        if divisor > 0.0 { (2.0 * n / divisor).min(self.lasts_s) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests;
