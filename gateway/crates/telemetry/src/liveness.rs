//! Whether every shard's loop still turns.

use std::time::Duration;

use crate::limits::SHARD_STALL_SECONDS;

/// Remembers when each shard's tick last advanced. The caller samples it about once a second, and
/// gives the time as a span since any fixed moment.
#[derive(Debug)]
pub struct Liveness {
    shards: Vec<Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    ticks: u64,
    advanced_at: Duration,
}

impl Liveness {
    /// Every shard counts as alive at `now`.
    pub fn new(shard_count: usize, now: Duration) -> Self {
        let seen = Seen { ticks: 0, advanced_at: now };
        Self { shards: vec![seen; shard_count] }
    }

    /// Looks at the ticks of all shards, in their order.
    pub fn sample(&mut self, now: Duration, ticks: impl IntoIterator<Item = u64>) {
        for (seen, ticks) in self.shards.iter_mut().zip(ticks) {
            if seen.ticks != ticks {
                *seen = Seen { ticks, advanced_at: now };
            }
        }
    }

    /// The shards that did not advance within [`SHARD_STALL_SECONDS`] before `now`, by index.
    pub fn stalled(&self, now: Duration) -> impl Iterator<Item = usize> + '_ {
        let limit = Duration::from_secs(SHARD_STALL_SECONDS);
        let is_stalled = move |seen: &Seen| now.saturating_sub(seen.advanced_at) > limit;
        let shards = self.shards.iter().enumerate();
        shards.filter_map(move |(index, seen)| is_stalled(seen).then_some(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stalled(liveness: &Liveness, seconds: u64) -> Vec<usize> {
        liveness.stalled(Duration::from_secs(seconds)).collect()
    }

    #[test]
    fn shard_that_stands_still_is_named_and_comes_back() {
        let mut liveness = Liveness::new(3, Duration::ZERO);
        for second in 1..=10 {
            liveness.sample(Duration::from_secs(second), [second, 1, second]);
        }
        assert_eq!(stalled(&liveness, 10), [1]);
        liveness.sample(Duration::from_secs(11), [11, 2, 11]);
        assert_eq!(stalled(&liveness, 11), Vec::<usize>::new());
    }

    #[test]
    fn shard_is_alive_for_the_whole_limit() {
        let liveness = Liveness::new(1, Duration::from_secs(2));
        assert_eq!(stalled(&liveness, 2 + SHARD_STALL_SECONDS), Vec::<usize>::new());
        assert_eq!(stalled(&liveness, 3 + SHARD_STALL_SECONDS), [0]);
    }
}
