//! A gateway in memory: the real buckets and leases, behind a network and shards that stall.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gateway_throttle::{Bucket, Instant, Leases, Limit as Settings, Throttle};

use crate::evidence::{Span, Spans};
use crate::paper::Limit;
use crate::settings::{Expectations, Settings as Chosen};

/// Numbers that look random, from a seed.
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound.max(1)
    }

    /// Mostly short, now and then very long.
    fn delay_us(&mut self, usual: u64, stall: u64) -> u64 {
        let usual = self.below(usual);
        if self.below(200) == 0 { usual + self.below(stall) } else { usual }
    }
}

/// The gateway and what lies before it.
pub(crate) struct World {
    /// The buckets that each request meets.
    pub(crate) limits: Vec<Limit>,
    /// Shards.
    pub(crate) shards: usize,
    /// Whether each shard has buckets of its own: a mistake.
    pub(crate) is_per_shard: bool,
    /// Usual delay each way, in microseconds.
    pub(crate) delay_us: u64,
    /// The longest of the delays that come now and then.
    pub(crate) stall_us: u64,
    /// One in this many requests has no answer; 0 is none.
    pub(crate) lost: u64,
}

struct Shard {
    leases: Leases,
    throttles: Vec<Throttle>,
    /// Where its time is: it serves one request after the other.
    now_us: u64,
    expired_us: u64,
}

fn throttles(limits: &[Limit]) -> Vec<Throttle> {
    let throttle = |limit: &Limit| {
        let settings = gateway_throttle::Settings { rate_rps: limit.rate_rps, burst: limit.burst };
        let limit = Arc::new(Settings::new(settings));
        let bucket = Arc::new(Bucket::full(&limit));
        Throttle { limit, bucket }
    };
    limits.iter().map(throttle).collect()
}

impl World {
    /// Sends requests when they are due, each as soon as a connection is free, `pipeline` at a time.
    pub(crate) fn run(
        &self,
        due_us: &[u64],
        connections: usize,
        pipeline: usize,
        seed: u64,
    ) -> Spans {
        let mut noise = Noise::new(seed);
        let shared = throttles(&self.limits);
        let of_shard = || if self.is_per_shard { throttles(&self.limits) } else { shared.clone() };
        let mut shards: Vec<Shard> = (0..self.shards)
            .map(|_| Shard {
                leases: Leases::new(self.shards),
                throttles: of_shard(),
                now_us: 0,
                expired_us: 0,
            })
            .collect();
        let mut free_us = vec![0; connections];
        let homes: Vec<u64> = (0..connections).map(|_| noise.below(self.shards as u64)).collect();
        let mut spans = Spans::default();
        let mut next = 0;
        // One batch after the other: a batch goes to the connection that is free first.
        while next < due_us.len() {
            let connection = (0..connections).min_by_key(|at| (free_us[*at], *at)).unwrap();
            let sent_us = due_us[next].max(free_us[connection]) + noise.below(20);
            let end =
                due_us[next..].partition_point(|due| *due <= sent_us).clamp(1, pipeline) + next;
            let shard = &mut shards[homes[connection] as usize];
            let arrived_us = sent_us + 5 + noise.delay_us(self.delay_us, self.stall_us);
            let mut last_us = 0;
            for _ in next..end {
                let mut decided_us = arrived_us.max(shard.now_us) + 3 + noise.below(10);
                if noise.below(500) == 0 {
                    decided_us += noise.below(self.stall_us);
                }
                shard.now_us = decided_us;
                let is_admitted = shard.take(decided_us);
                let received_us =
                    (decided_us + 5 + noise.delay_us(self.delay_us, self.stall_us)).max(last_us);
                last_us = received_us;
                let span = Span { sent_us, received_us };
                if self.lost > 0 && noise.below(self.lost) == 0 {
                    spans.unknown.push(span);
                } else if is_admitted {
                    spans.admitted.push(span);
                } else {
                    spans.refused.push(span);
                }
            }
            free_us[connection] = last_us;
            next = end;
        }
        spans
    }
}

impl Shard {
    fn take(&mut self, now_us: u64) -> bool {
        let now = Instant(1_000_000_000 + now_us * 1_000);
        // The gateway looks every 5 ms, a stalled one later.
        if now_us >= self.expired_us + 5_000 {
            self.leases.expire(now);
            self.expired_us = now_us;
        }
        let buckets: Vec<&Throttle> = self.throttles.iter().collect();
        match self.leases.take(&buckets, now) {
            Ok(taken) => {
                self.leases.settle(&buckets, taken);
                true
            }
            Err(_) => false,
        }
    }
}

/// Evenly spaced times.
pub(crate) fn evenly(rate_rps: f64, lasts_s: f64) -> Vec<u64> {
    (0..(rate_rps * lasts_s) as u64).map(|at| (at as f64 * 1e6 / rate_rps) as u64).collect()
}

/// Settings as the command line has them by default, for a gateway that nobody reaches.
pub(crate) fn settings() -> Chosen {
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
    Chosen {
        target: loadgen_engine::Target { address, tls: None },
        target_text: address.to_string(),
        host: None,
        base_path: String::new(),
        stage: None,
        keys: BTreeMap::new(),
        expectations: Expectations::default(),
        lasts: Duration::from_secs(3),
        rate_max_rps: 5_000.0,
        count_max: 50_000,
        connections: 16,
        threads: 1,
        timeout: Duration::from_secs(10),
        ops: None,
        fast_forward: false,
        origin: None,
        only: Vec::new(),
        skip: Vec::new(),
    }
}
