use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::limits::METRIC_MINUTES_MAX;

fn series(stage: &str) -> ApiSeries {
    ApiSeries {
        api_id: "a1".to_owned(),
        api_name: "shop".to_owned(),
        stage: stage.to_owned(),
        method: None,
    }
}

fn requests(requests: u64) -> ApiCounts {
    let latency = Durations::new(1_000 * requests, [(1_023, requests)].into_iter());
    ApiCounts { requests, latency, ..ApiCounts::default() }
}

/// Requests by minute.
fn told(metrics: &Metrics) -> Vec<(u32, u64)> {
    let mut found = BTreeMap::<u32, u64>::new();
    let is_api = |series: &Series| matches!(series, Series::Api(_));
    metrics.visit(0..u32::MAX, is_api, |minute, _, counts| {
        let Counts::Api(counts) = counts else { panic!("an API's series has an API's counts") };
        assert_eq!(counts.latency.count(), counts.requests);
        *found.entry(minute).or_default() += counts.requests;
    });
    found.into_iter().collect()
}

thread_local! {
    /// Each test has its own.
    static NOW_MS: Cell<u64> = const { Cell::new(600_000) };
}

fn counting(counted: &'static AtomicU64) -> Metrics {
    let metrics = Metrics::new(|| NOW_MS.get());
    metrics.collect_with(Box::new(|_, tell| {
        let requests_now = counted.swap(0, Ordering::Relaxed);
        if requests_now > 0 {
            tell(series("prod"), requests(requests_now));
        }
    }));
    metrics
}

#[test]
fn requests_belong_to_the_minute_that_ends_with_the_sample() {
    static COUNTED: AtomicU64 = AtomicU64::new(0);
    let metrics = counting(&COUNTED);
    COUNTED.store(3, Ordering::Relaxed);
    assert_eq!(told(&metrics), [(10, 3)], "the minute that runs is seen");
    COUNTED.store(2, Ordering::Relaxed);
    NOW_MS.set(600_000 + 60_000);
    assert_eq!(metrics.sample(), 60_000);
    assert_eq!(told(&metrics), [(10, 5)]);
    COUNTED.store(1, Ordering::Relaxed);
    NOW_MS.set(600_000 + 119_999);
    assert_eq!(metrics.sample(), 1);
    assert_eq!(told(&metrics), [(10, 5), (11, 1)]);
    // A clock that is set back takes nothing away.
    NOW_MS.set(600_000);
    COUNTED.store(4, Ordering::Relaxed);
    metrics.sample();
    COUNTED.store(1, Ordering::Relaxed);
    assert_eq!(told(&metrics), [(10, 6), (11, 5)]);
}

#[test]
fn what_is_kept_is_restored_by_another_process() {
    static COUNTED: AtomicU64 = AtomicU64::new(0);
    let kept = Arc::new(Mutex::new(Vec::new()));
    let metrics = counting(&COUNTED);
    let disk = kept.clone();
    metrics.keep_with(Box::new(move |record| {
        disk.lock().expect("no panic").push(record.to_vec());
        Ok(())
    }));
    for minute in 10..20_u32 {
        NOW_MS.set(u64::from(minute) * 60_000);
        metrics.sample();
        COUNTED.store(minute.into(), Ordering::Relaxed);
    }
    assert_eq!(kept.lock().expect("no panic").len(), 9, "the minute that runs is not kept yet");
    metrics.put(7, put("m"), series::put_values(&[(1.5, 2.0), (2.5, 1.0)]));
    metrics.finish();
    let after = Metrics::new(|| NOW_MS.get());
    for record in &*kept.lock().expect("no panic") {
        assert!(after.restore(record));
    }
    assert_eq!(told(&after), told(&metrics));
    let mut values = Values::default();
    after.visit(
        0..100,
        |name| *name == Series::Put(put("m")),
        |minute, _, counts| {
            let Counts::Put(found) = counts else { panic!("it was put") };
            assert_eq!(minute, 7);
            values.merge(found);
        },
    );
    assert_eq!((values.count, values.sum, values.min, values.max), (3.0, 5.5, 1.5, 2.5));
    assert!(!after.restore(b"\x02"), "another version is not understood");
    NOW_MS.set(u64::from(METRIC_MINUTES_MAX + 15) * 60_000);
    assert_eq!(told(&after).first().map(|(minute, _)| *minute), Some(15), "too old to be kept");
}

fn put(metric: &str) -> PutSeries {
    PutSeries {
        namespace: "Shop".to_owned(),
        metric: metric.to_owned(),
        dimensions: vec![("Till".to_owned(), "1".to_owned())],
        unit: "None".to_owned(),
    }
}

#[test]
fn a_minute_of_many_rows_is_several_records() {
    let records = Arc::new(AtomicU64::new(0));
    let metrics = Metrics::new(|| NOW_MS.get());
    let counted = records.clone();
    metrics.keep_with(Box::new(move |record| {
        assert!(record::read(record).is_some_and(|(_, rows)| rows.len() <= METRIC_RECORD_ROWS_MAX));
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }));
    for row in 0..METRIC_OPEN_ROWS_MAX + 1 {
        metrics.put(3, put(&row.to_string()), series::put_values(&[(1.0, 1.0)]));
    }
    let full = METRIC_OPEN_ROWS_MAX.div_ceil(METRIC_RECORD_ROWS_MAX) as u64;
    assert_eq!(records.load(Ordering::Relaxed), full, "they are kept before they are too many");
    metrics.finish();
    let mut found = 0;
    metrics.visit(0..10, |_| true, |_, _, _| found += 1);
    assert_eq!((found, records.load(Ordering::Relaxed)), (METRIC_OPEN_ROWS_MAX + 1, full + 1));
}
