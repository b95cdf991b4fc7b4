//! What the tests judge by: a generator that a seed repeats, exact sums, and a bucket as it is on paper.

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// Below 2^`bits`, small ones as often as large ones.
    pub(crate) fn skewed(&mut self, bits: u64) -> u64 {
        let bits = self.below(bits + 1);
        self.below(1 << bits)
    }

    pub(crate) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// Rates are whole numbers of this part of a token a second, so that they are exact as floats.
pub(crate) const RATE_PARTS: i128 = 1 << 20;
/// A token, in parts of a rate times nanoseconds.
pub(crate) const TOKEN: i128 = RATE_PARTS * 1_000_000_000;

/// Settings in force from an instant on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Era {
    pub(crate) from_ns: i128,
    pub(crate) rate_parts: u64,
    pub(crate) burst: u64,
}

/// Refills up to `ns`, each era being as long as a shard whose clock is off by `skew` can meet it.
fn refilled(eras: &[Era], ns: i128, skew: i128) -> i128 {
    let mut sum = 0;
    for (index, era) in eras.iter().enumerate() {
        let from = era.from_ns - skew;
        let end = eras.get(index + 1).map_or(ns, |next| ns.min(next.from_ns + skew));
        sum += (end - from).max(0) * i128::from(era.rate_parts);
    }
    sum
}

/// Greatest burst in force between two instants.
fn burst_between(eras: &[Era], from_ns: i128, to_ns: i128) -> i128 {
    let mut burst = 0;
    for (index, era) in eras.iter().enumerate() {
        let begins = index == 0 || era.from_ns <= to_ns;
        let lasts = eras.get(index + 1).is_none_or(|next| next.from_ns >= from_ns);
        if begins && lasts {
            burst = burst.max(i128::from(era.burst));
        }
    }
    burst
}

/// The bound, over every interval there is. Between any two of these events, s and e, both included,
/// there are at most `burst + ∫ rate` of them. With clocks that are off by up to `skew`, the
/// integral goes from `s - skew` to `e + skew` with each era longer by `skew` at both ends, and the burst is
/// the greatest in force between `s - skew` and `s`; settings that never change need no such allowance.
///
/// Exact, in whole numbers, and one pass: the worst start before an event is a running minimum.
pub(crate) fn excess(eras: &[Era], skew_ns: u64, stamps: &mut [u64]) -> Option<String> {
    stamps.sort_unstable();
    let skew = i128::from(skew_ns);
    let mut least = i128::MAX;
    for (index, &stamp) in stamps.iter().enumerate() {
        let (stamp, count) = (i128::from(stamp), index as i128);
        let burst = burst_between(eras, stamp - skew, stamp);
        least = least.min((count + burst) * TOKEN - refilled(eras, stamp - skew, skew));
        let most = (count + 1) * TOKEN - refilled(eras, stamp + skew, skew);
        if most > least {
            return Some(format!(
                "event {index} of {} at {stamp} ns: {} tokens too many",
                stamps.len(),
                (most - least) as f64 / TOKEN as f64
            ));
        }
    }
    None
}

/// A token bucket on paper: whole numbers of quarter nanoseconds, one user, no leases.
pub(crate) struct Ideal {
    pub(crate) interval: i128,
    pub(crate) burst: i128,
    /// What is missing, in units, at `last`.
    missing: i128,
    last: i128,
}

impl Ideal {
    /// `rate_parts` of [`RATE_PARTS`].
    pub(crate) fn full(rate_parts: u64, burst: u64) -> Self {
        let (units, rate) = (4_000_000_000 * RATE_PARTS, i128::from(rate_parts));
        Self { interval: (units + rate - 1) / rate, burst: i128::from(burst), missing: 0, last: 0 }
    }

    pub(crate) fn has_token(&mut self, ns: u64) -> bool {
        let now = i128::from(ns) * 4;
        self.missing = (self.missing - (now - self.last)).max(0);
        self.last = now;
        self.missing + self.interval <= self.burst * self.interval
    }

    pub(crate) fn take(&mut self) {
        self.missing += self.interval;
    }

    pub(crate) fn missing(&self) -> i128 {
        self.missing
    }
}
