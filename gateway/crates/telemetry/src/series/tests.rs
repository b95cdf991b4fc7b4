use std::time::Duration;

use super::*;

const MS: Duration = Duration::from_millis(1);

#[test]
fn samples_add_up_to_what_was_counted() {
    let mut series = Series::new(2);
    let shards = [series.of_shard(0), series.of_shard(1)];
    assert_eq!(series.sample(0), None, "nothing was counted");
    let mut told = [0; STATUS_CLASSES.len()];
    let mut latencies = 0;
    for round in 1..=5_u64 {
        for _ in 0..round {
            shards[0].record(200, 3 * MS, Some(2 * MS));
            shards[1].record(404, MS, None);
        }
        shards[1].cache_hits.increment();
        let sample = series.sample(round).expect("something was counted");
        assert_eq!((sample.requests[1], sample.requests[3]), (round, round));
        assert_eq!((sample.cache_hits, sample.latency.count()), (1, 2 * round));
        assert_eq!(sample.latency.sum_micros(), 4_000 * round);
        assert_eq!(sample.integration_latency.count(), round);
        assert_eq!(series.sample(round), None, "all of it was told");
        told.iter_mut().zip(sample.requests).for_each(|(told, count)| *told += count);
        latencies += sample.latency.count();
    }
    assert_eq!((told, latencies), ([0, 15, 0, 15, 0], 30));
}

#[test]
fn a_series_ends_when_it_was_both_shown_and_sampled() {
    let mut series = Series::new(1);
    let shard = series.of_shard(0);
    shard.record(200, MS, None);
    series.note_end();
    assert!(!series.is_shown_last(false), "it is still counted in");
    drop(shard);
    series.note_end();
    assert!(series.is_shown_last(false) && !series.is_shown_last(true), "it was not sampled");
    assert!(!series.is_told(1));
    assert!(series.sample(1).is_some());
    assert!(series.is_shown_last(true) && series.is_told(1));
    // Who goes on with it undoes its end.
    let shard = series.of_shard(0);
    assert!(!series.is_shown_last(false) && !series.is_told(u64::MAX));
    drop(shard);
    assert_eq!(series.sample(2), None);
    assert!(!series.is_told(2), "nobody has seen it yet");
    assert!(series.is_told(2 + SERIES_ENDED_MS_MAX), "nobody looks");
}
