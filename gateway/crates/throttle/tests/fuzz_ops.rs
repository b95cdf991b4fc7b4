//! Arbitrary operations of two shards on one bucket: no panic, and never above the bound.
#![forbid(unsafe_code)]

#[allow(dead_code, reason = "the bound is all that this test asks of the oracle")]
#[path = "it/oracle.rs"]
mod oracle;

use std::sync::Arc;

use gateway_throttle::{Bucket, Instant, Leases, Limit, Settings, Taken, Throttle};
use oracle::{Era, RATE_PARTS, excess};

#[test]
fn operations() {
    bolero::check!().for_each(|input: &[u8]| judge(input));
    judge(&[0x33, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x01, 0x81, 0x02, 0x03, 0x04]);
}

fn judge(input: &[u8]) {
    let Some((&[rate, burst], operations)) = input.split_first_chunk() else { return };
    let rate_parts = ((RATE_PARTS as u64) << (rate % 36)) >> 4;
    let burst = 1 << (burst % 12);
    let rate_rps = rate_parts as f64 / RATE_PARTS as f64;
    let limit = Arc::new(Limit::new(Settings { rate_rps, burst }));
    let bucket = Arc::new(Bucket::full(&limit));
    let throttle = Throttle { limit, bucket };
    let buckets = [&throttle];
    let mut shards = [Leases::new(2), Leases::new(2)];
    let mut stamps = [1u64 << 33; 2];
    let mut pending: [Vec<(Taken, u64)>; 2] = [Vec::new(), Vec::new()];
    let mut admitted = Vec::new();
    for &operation in operations {
        let index = usize::from(operation >> 7);
        let (leases, pending) = (&mut shards[index], &mut pending[index]);
        let (code, size) = (operation & 7, (operation >> 3) & 15);
        let now = Instant(stamps[index]);
        match code {
            0 => stamps[index] += 1 << (2 * size),
            1 => leases.expire(now),
            2 if size == 0 => leases.release_all(now),
            3 => {
                if let Some((taken, _)) = pending.pop() {
                    leases.undo(&buckets, taken, now);
                }
            }
            4 => {
                for (taken, stamp) in pending.drain(..) {
                    leases.settle(&buckets, taken);
                    admitted.push(stamp);
                }
            }
            _ => {
                for _ in 0..=size {
                    if let Ok(taken) = leases.take(&buckets, now) {
                        pending.push((taken, now.0));
                    }
                }
            }
        }
    }
    for (leases, pending) in shards.iter_mut().zip(&mut pending) {
        for (taken, _) in pending.drain(..).rev() {
            leases.undo(&buckets, taken, Instant(stamps[0].max(stamps[1])));
        }
        leases.release_all(Instant(0));
    }
    let level = throttle.bucket.level(&throttle.limit, Instant(stamps[0].max(stamps[1])));
    assert_eq!(level.leased, 0, "all is handed back");
    assert!(level.tokens <= burst as f64);
    assert_eq!(excess(&[Era { from_ns: 0, rate_parts, burst }], 0, &mut admitted), None);
}
