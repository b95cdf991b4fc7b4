//! Which rate is offered next: up by a factor until one fails, then the middle, until both ends are near.
//!
//! ```text
//! Rise ──held──▶ Rise (rate × growth)        Rise ──failed──▶ Halve, or Fall if none held yet
//! Fall ──failed──▶ Fall (rate ÷ fall)     Fall ──held──▶ Halve
//! Halve ──any──▶ Halve (geometric middle) … until fails ÷ held ≤ 1 + resolution
//! ```
//!
//! A measurement near its limit, and any failure that a hiccup could explain, asks for a second opinion; two that
//! agree decide. No sequence of judgements makes this endless: each decision moves an end by a fixed factor, and
//! steps are counted.

use crate::limits;

/// Between which rates the knee is looked for, and how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Where to start, in requests per second.
    pub start_rps: f64,
    /// The lowest rate that is tried.
    pub min_rps: f64,
    /// The highest rate that is tried.
    pub max_rps: f64,
    /// Measurements at most.
    pub steps_max: usize,
}

/// How a measurement at a rate went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The service level was held, with room.
    Held,
    /// It was held, and might not be the next time.
    HeldBarely,
    /// It was not held, and might be the next time.
    Failed,
    /// It was not held by far.
    Hopeless,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// Measure at this rate, in requests per second.
    Offer(f64),
    /// Nothing: this was found.
    Done(End),
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct End {
    /// The highest rate that held.
    pub holds_rps: Option<f64>,
    /// The lowest rate above it that did not.
    pub fails_rps: Option<f64>,
    /// Why the search ended.
    pub why: Ended,
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The two rates are near enough.
    Resolved,
    /// The highest rate that may be offered held.
    AtMost,
    /// The lowest rate that is tried did not hold.
    AtLeast,
    /// All steps were used.
    Steps,
    /// The time was used.
    Time,
}

/// The search itself. Feed it one [`Judgement`] for each [`Next::Offer`].
#[derive(Clone, Debug)]
pub struct Search {
    range: Range,
    rate_rps: f64,
    held_rps: Option<f64>,
    failed_rps: Option<f64>,
    /// Opinions on the current rate: that it held, that it did not.
    opinions: (usize, usize),
    steps: usize,
    ended: Option<Ended>,
}

impl Search {
    /// A search at its start. Ends that cannot be are replaced by the nearest that can; the highest rate is never
    /// exceeded, not by the lowest either.
    #[must_use]
    pub fn new(range: Range) -> Self {
        let is_rate = |rps: f64| rps.is_finite() && rps > 0.0;
        let most_rps = loadgen_engine::limits::RATE_RPS_MAX;
        let max_rps = if is_rate(range.max_rps) { range.max_rps.min(most_rps) } else { most_rps };
        let min_rps = range.min_rps.max(limits::RATE_RPS_MIN).min(max_rps);
        let start_rps = if is_rate(range.start_rps) { range.start_rps } else { min_rps };
        let start_rps = start_rps.clamp(min_rps, max_rps);
        let steps_max = range.steps_max.min(limits::STEPS_MAX);
        Self {
            range: Range { start_rps, min_rps, max_rps, steps_max },
            rate_rps: start_rps,
            held_rps: None,
            failed_rps: None,
            opinions: (0, 0),
            steps: 0,
            ended: None,
        }
    }

    /// What to do next.
    #[must_use]
    pub fn next(&self) -> Next {
        match self.ended {
            Some(why) => Next::Done(self.end(why)),
            None if self.steps >= self.range.steps_max => Next::Done(self.end(Ended::Steps)),
            None => Next::Offer(self.rate_rps),
        }
    }

    /// Ends the search, for its time is used.
    pub fn out_of_time(&mut self) {
        self.ended.get_or_insert(Ended::Time);
    }

    /// Takes the judgement on the rate that [`Self::next`] gave.
    pub fn judge(&mut self, judgement: Judgement) {
        if self.ended.is_some() {
            return;
        }
        self.steps += 1;
        let (held, failed) = &mut self.opinions;
        match judgement {
            Judgement::Held | Judgement::HeldBarely => *held += 1,
            Judgement::Failed | Judgement::Hopeless => *failed += 1,
        }
        let (held, failed) = self.opinions;
        let most = limits::OPINIONS_MAX / 2 + 1;
        let is_clear = matches!(judgement, Judgement::Held | Judgement::Hopeless);
        let is_first = held + failed == 1;
        if (is_first && is_clear) || held >= most || failed >= most {
            self.opinions = (0, 0);
            self.decide(held > failed);
        }
    }

    fn decide(&mut self, held: bool) {
        let Range { min_rps, max_rps, .. } = self.range;
        if held {
            self.held_rps = Some(self.rate_rps);
            if self.rate_rps >= max_rps {
                self.ended = Some(Ended::AtMost);
                return;
            }
        } else {
            self.failed_rps = Some(self.rate_rps);
            if self.rate_rps <= min_rps {
                self.ended = Some(Ended::AtLeast);
                return;
            }
        }
        self.rate_rps = match (self.held_rps, self.failed_rps) {
            (Some(held), Some(failed)) if failed <= held * (1.0 + limits::RESOLUTION) => {
                self.ended = Some(Ended::Resolved);
                return;
            }
            (Some(held), Some(failed)) => (held * failed).sqrt(),
            (Some(held), None) => (held * limits::GROWTH).min(max_rps),
            (None, _) => (self.rate_rps / limits::FALL).max(min_rps),
        };
    }

    fn end(&self, why: Ended) -> End {
        End { holds_rps: self.held_rps, fails_rps: self.failed_rps, why }
    }
}

#[cfg(test)]
mod tests;
