//! What answers prove about a token bucket, however late they came.
//!
//! The gateway decided on a request at some moment from its sending to its answer; when, nobody outside knows. What is
//! said here holds for every choice of those moments, so it needs no tolerance for noise.
//!
//! * **At least.** A bucket that refills at `rate` and admitted `n` requests that were all sent after `a` and answered
//!   before `b` holds at least `n - rate · (b - a)` tokens. [`Evidence::burst_min`] is the greatest such number over
//!   all windows, not just the whole run: a bucket that is too large shows in the window in which it was emptied.
//! * **At most.** The bucket on paper, full at the start, has `min over a of (burst + rate · (t - a) - n(a, t))` tokens
//!   at `t`, where `n` counts what was admitted from `a` to `t`. A request is refused only when that is less than 1. So
//!   a refusal says that the bucket holds less than `1 + max over a of (n(a, t) - rate · (t - a))`, where every request
//!   counts that can have been admitted from `a` to `t`, and `t` is chosen as it suits the gateway.
//!   [`Evidence::burst_below`] is the least such number.
//!
//! Cost: O(n log n) by a tree over the answers' times.

use crate::limits::{CLOCK_GRAIN_US, CLOCK_PPM};

/// A request's time between sending and answer, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    /// When it was sent.
    pub(crate) sent_us: u64,
    /// When its answer was there.
    pub(crate) received_us: u64,
}

/// Requests by what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spans {
    /// Let through.
    pub(crate) admitted: Vec<Span>,
    /// Refused for the rate.
    pub(crate) refused: Vec<Span>,
    /// Without an answer: they may have been either.
    pub(crate) unknown: Vec<Span>,
}

/// Some time, with what was admitted surely within it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Window {
    /// Its beginning, in microseconds.
    pub(crate) from_us: u64,
    /// Its end.
    pub(crate) to_us: u64,
    /// Admitted in it.
    pub(crate) count: u64,
}

/// What the answers prove about a bucket that refills at a known rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Evidence {
    /// The bucket holds at least this many tokens.
    pub(crate) burst_min: f64,
    /// The window that proves it.
    pub(crate) window: Window,
    /// The bucket holds less than this, as far as refusals show.
    pub(crate) burst_below: f64,
    /// The refusal that proves it.
    pub(crate) refusal: Option<Span>,
}

impl Evidence {
    /// Reads the answers to requests that all met a bucket of this rate.
    pub(crate) fn of(rate_rps: f64, spans: &Spans) -> Self {
        let (burst_min, window) = burst_min(rate_rps, &spans.admitted);
        let bounds = bounds(rate_rps, spans);
        let least = bounds.iter().zip(&spans.refused).min_by(|(a, _), (b, _)| a.total_cmp(b));
        Self {
            burst_min,
            window,
            burst_below: least.map_or(f64::INFINITY, |(bound, _)| *bound),
            refusal: least.map(|(_, refusal)| *refusal),
        }
    }
}

/// The least burst that explains what was admitted, and the window that says so.
fn burst_min(rate_rps: f64, admitted: &[Span]) -> (f64, Window) {
    // Clocks that run apart make the gateway's seconds longer than ours.
    let rate = rate_rps / 1e6 * (1.0 + CLOCK_PPM / 1e6);
    let mut ends: Vec<u64> = admitted.iter().map(|span| span.received_us).collect();
    ends.sort_unstable();
    let mut tree = Tree::new(ends.iter().map(|end| -rate * *end as f64).collect());
    let mut latest_first: Vec<Span> = admitted.to_vec();
    latest_first.sort_unstable_by_key(|span| std::cmp::Reverse(span.sent_us));
    let mut best = (0.0, Window::default());
    for (at, span) in latest_first.iter().enumerate() {
        let own = ends.partition_point(|end| *end < span.received_us);
        tree.add(own, ends.len(), 1.0);
        // All that were sent at the same time begin the same window: the last of them knows it whole.
        if latest_first.get(at + 1).is_some_and(|next| next.sent_us == span.sent_us) {
            continue;
        }
        let first = ends.partition_point(|end| *end < span.sent_us);
        let Some((value, end)) = tree.max(first, ends.len()) else { continue };
        let from = span.sent_us;
        let excess = value + rate * from as f64 - rate * CLOCK_GRAIN_US;
        if excess > best.0 {
            let to = ends[end];
            let length = rate * (to as f64 - from as f64);
            let count = (value + rate * from as f64 + length).round().max(0.0) as u64;
            best = (excess, Window { from_us: from, to_us: to, count });
        }
    }
    best
}

/// For each refusal, what the burst is below.
pub(crate) fn bounds(rate_rps: f64, spans: &Spans) -> Vec<f64> {
    let rate = rate_rps / 1e6 * (1.0 - CLOCK_PPM / 1e6);
    let mut taken: Vec<Span> = spans.admitted.iter().chain(&spans.unknown).copied().collect();
    taken.sort_unstable();
    let mut ends: Vec<u64> = taken.iter().map(|span| span.received_us).collect();
    ends.sort_unstable();
    let mut tree = Tree::new(ends.iter().map(|end| rate * *end as f64).collect());
    let mut order: Vec<usize> = (0..spans.refused.len()).collect();
    order.sort_unstable_by_key(|at| spans.refused[*at].received_us);
    let mut bounds = vec![f64::INFINITY; spans.refused.len()];
    let mut added = 0;
    for at in order {
        let refused = spans.refused[at];
        // Everything that was sent before the answer may have been decided on before the refusal.
        while let Some(span) = taken.get(added).filter(|span| span.sent_us <= refused.received_us) {
            // It counts for every window that begins before its answer.
            tree.add(0, ends.partition_point(|end| *end <= span.received_us), 1.0);
            added += 1;
        }
        let refill_until = rate * (refused.sent_us as f64 - CLOCK_GRAIN_US);
        let inside = ends.partition_point(|end| *end < refused.sent_us);
        let long = tree.max(0, inside).map_or(0.0, |(value, _)| value - refill_until);
        // A window that begins after the refusal was sent: nothing refilled.
        let short = tree.value(inside).map_or(0.0, |value| value - rate * ends[inside] as f64);
        bounds[at] = 1.0 + long.max(short).max(0.0);
    }
    bounds
}

/// Numbers in a row: adds to a range of them, and finds the greatest of a range.
struct Tree {
    /// The length, rounded up to a power of two.
    width: usize,
    /// Greatest of each node, without what was added to nodes above it.
    greatest: Vec<f64>,
    /// Added to all of a node.
    added: Vec<f64>,
}

impl Tree {
    fn new(values: Vec<f64>) -> Self {
        let width = values.len().next_power_of_two();
        let mut greatest = vec![f64::NEG_INFINITY; 2 * width];
        greatest[width..width + values.len()].copy_from_slice(&values);
        for node in (1..width).rev() {
            greatest[node] = greatest[2 * node].max(greatest[2 * node + 1]);
        }
        Self { width, greatest, added: vec![0.0; 2 * width] }
    }

    /// Adds to the values from `first` to before `end`.
    fn add(&mut self, first: usize, end: usize, amount: f64) {
        if first < end {
            self.add_below(1, (0, self.width), (first, end), amount);
        }
    }

    fn add_below(&mut self, node: usize, has: (usize, usize), range: (usize, usize), amount: f64) {
        if range.0 <= has.0 && has.1 <= range.1 {
            self.greatest[node] += amount;
            self.added[node] += amount;
            return;
        }
        let middle = has.0.midpoint(has.1);
        if range.0 < middle {
            self.add_below(2 * node, (has.0, middle), range, amount);
        }
        if range.1 > middle {
            self.add_below(2 * node + 1, (middle, has.1), range, amount);
        }
        self.greatest[node] =
            self.greatest[2 * node].max(self.greatest[2 * node + 1]) + self.added[node];
    }

    /// The greatest value from `first` to before `end`, and the first place that has it.
    fn max(&self, first: usize, end: usize) -> Option<(f64, usize)> {
        if first >= end {
            return None;
        }
        let (value, at) = self.max_below(1, (0, self.width), (first, end));
        value.is_finite().then_some((value, at))
    }

    fn max_below(&self, node: usize, has: (usize, usize), range: (usize, usize)) -> (f64, usize) {
        if range.0 >= has.1 || range.1 <= has.0 {
            return (f64::NEG_INFINITY, 0);
        }
        if has.1 - has.0 == 1 {
            return (self.greatest[node], has.0);
        }
        let is_whole = range.0 <= has.0 && has.1 <= range.1;
        let middle = has.0.midpoint(has.1);
        let (left, right) = (2 * node, 2 * node + 1);
        let (value, at) = if is_whole {
            match self.greatest[left] >= self.greatest[right] {
                true => self.max_below(left, (has.0, middle), range),
                false => self.max_below(right, (middle, has.1), range),
            }
        } else {
            let a = self.max_below(left, (has.0, middle), range);
            let b = self.max_below(right, (middle, has.1), range);
            if a.0 >= b.0 { a } else { b }
        };
        (value + self.added[node], at)
    }

    /// The value at a place.
    fn value(&self, at: usize) -> Option<f64> {
        if at >= self.width || self.greatest[self.width + at] == f64::NEG_INFINITY {
            return None;
        }
        let mut node = self.width + at;
        let mut value = self.greatest[node];
        while node > 1 {
            node /= 2;
            value += self.added[node];
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests;
