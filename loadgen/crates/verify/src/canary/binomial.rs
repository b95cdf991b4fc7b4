//! The binomial distribution, exactly as far as `f64` goes.

/// The counts of `n` draws with probability `p` that are accepted: outside of them lies no more than `alarm`, half of
/// it on either side.
pub(super) fn accepted(n: u64, p: f64, alarm: f64) -> (u64, u64) {
    let mut low = 0;
    let mut below = 0.0;
    while low < n {
        below += probability(n, p, low);
        if below > alarm / 2.0 {
            break;
        }
        low += 1;
    }
    let mut high = n;
    let mut above = 0.0;
    while high > 0 {
        above += probability(n, p, high);
        if above > alarm / 2.0 {
            break;
        }
        high -= 1;
    }
    (low, high)
}

/// The fewest draws, in hundreds, with which a share that is `off` from `p` is accepted once in a hundred runs or less;
/// at most `max`.
pub(super) fn enough(p: f64, off: f64, alarm: f64, max: u64) -> u64 {
    const MISSED: f64 = 0.01;
    let misses = |n: u64, q: f64| {
        let (low, high) = accepted(n, p, alarm);
        (low..=high).map(|count| probability(n, q, count)).sum::<f64>()
    };
    let is_enough = |n: u64| {
        let others = [p - off, p + off];
        others.iter().filter(|q| (0.0..=1.0).contains(*q)).all(|q| misses(n, *q) <= MISSED)
    };
    // More draws tell better, but for rounding: bisect.
    let (mut low, mut high) = (1, max / 100);
    while low < high {
        let middle = (low + high) / 2;
        if is_enough(middle * 100) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low * 100
}

/// The probability of `count` hits.
fn probability(n: u64, p: f64, count: u64) -> f64 {
    if p <= 0.0 || p >= 1.0 {
        let certain = if p <= 0.0 { 0 } else { n };
        return f64::from(u8::from(count == certain));
    }
    let (n, k) = (n as f64, count as f64);
    let ways = ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k);
    (ways + k * p.ln() + (n - k) * (-p).ln_1p()).exp()
}

/// The logarithm of `n!`. Source: Stirling's series, whose error is below 1e-10 from 10 on.
fn ln_factorial(n: f64) -> f64 {
    if n < 10.0 {
        return (1..=n as u64).map(|k| (k as f64).ln()).sum();
    }
    let series = 1.0 / (12.0 * n) - 1.0 / (360.0 * n.powi(3)) + 1.0 / (1260.0 * n.powi(5))
        - 1.0 / (1680.0 * n.powi(7));
    n * n.ln() - n + 0.5 * (2.0 * std::f64::consts::PI * n).ln() + series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_those_of_counting() {
        // 10 draws of a fair coin: Pascal's triangle.
        for (count, ways) in [1, 10, 45, 120, 210, 252, 210, 120, 45, 10, 1].into_iter().enumerate()
        {
            let expected = f64::from(ways) / 1024.0;
            assert!((probability(10, 0.5, count as u64) - expected).abs() < 1e-12, "{count}");
        }
        for (n, p) in [(2_000, 0.1), (10_000, 0.5), (7, 0.999)] {
            let sum: f64 = (0..=n).map(|count| probability(n, p, count)).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{n} {p}: {sum}");
        }
    }

    #[test]
    fn what_is_accepted_leaves_out_no_more_than_the_alarm() {
        for (n, p) in [(100, 0.1), (2_100, 0.1), (5_000, 0.5), (500, 0.01), (10, 0.3)] {
            let (low, high) = accepted(n, p, 1e-6);
            let sum: f64 = (low..=high).map(|count| probability(n, p, count)).sum();
            assert!(1.0 - sum <= 1e-6 + 1e-9, "{n} {p}: {low} to {high} has {sum}");
            let mean = n as f64 * p;
            assert!((low as f64) < mean && mean < high as f64);
            // One count less on either side would be too strict, or there is none.
            let narrower: f64 = (low + 1..high).map(|count| probability(n, p, count)).sum();
            assert!(1.0 - narrower > 1e-6 || low == 0 || high == n, "{n} {p}");
        }
        assert_eq!(accepted(1_000, 0.0, 1e-6), (0, 0));
        assert_eq!(accepted(1_000, 1.0, 1e-6), (1_000, 1_000));
    }

    #[test]
    fn enough_draws_see_five_points() {
        for (p, at_most) in [(0.1, 3_000), (0.5, 6_000), (0.01, 1_500), (0.0, 200)] {
            let n = enough(p, 0.05, 1e-6, 10_000);
            assert!(n <= at_most, "{p}: {n}");
            let (low, high) = accepted(n, p, 1e-6);
            let missed: f64 = (low..=high).map(|count| probability(n, p + 0.05, count)).sum();
            assert!(missed <= 0.01, "{p}: {n} misses {missed}");
        }
    }
}
