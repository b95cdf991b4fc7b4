use proptest::prelude::*;

use super::*;

/// Every window from a sending to an answer, counted one by one.
fn brute_min(rate_rps: f64, admitted: &[Span]) -> f64 {
    let rate = rate_rps / 1e6 * (1.0 + CLOCK_PPM / 1e6);
    let mut best = 0.0_f64;
    for first in admitted {
        for last in admitted.iter().filter(|last| last.received_us >= first.sent_us) {
            let (from, to) = (first.sent_us, last.received_us);
            let is_in = |span: &&Span| span.sent_us >= from && span.received_us <= to;
            let count = admitted.iter().filter(is_in).count() as f64;
            best = best.max(count - rate * ((to - from) as f64 + CLOCK_GRAIN_US));
        }
    }
    best
}

/// Every window that ends with the refusal, counted one by one.
fn brute_bounds(rate_rps: f64, spans: &Spans) -> Vec<f64> {
    let rate = rate_rps / 1e6 * (1.0 - CLOCK_PPM / 1e6);
    let taken: Vec<Span> = spans.admitted.iter().chain(&spans.unknown).copied().collect();
    let bound = |refused: &Span| {
        let mut most = 0.0_f64;
        for from in taken.iter().map(|span| span.received_us).filter(|from| *from < refused.sent_us)
        {
            let is_in =
                |span: &&Span| span.received_us >= from && span.sent_us <= refused.received_us;
            let count = taken.iter().filter(is_in).count() as f64;
            most = most.max(count - rate * (refused.sent_us as f64 - CLOCK_GRAIN_US - from as f64));
        }
        let is_late = |span: &&Span| {
            span.received_us >= refused.sent_us && span.sent_us <= refused.received_us
        };
        1.0 + most.max(taken.iter().filter(is_late).count() as f64)
    };
    spans.refused.iter().map(bound).collect()
}

fn span() -> impl Strategy<Value = Span> {
    (0_u64..3_000, 0_u64..900)
        .prop_map(|(sent_us, took)| Span { sent_us, received_us: sent_us + took })
}

fn spans() -> impl Strategy<Value = Spans> {
    let some = || prop::collection::vec(span(), 0..24);
    (some(), some(), prop::collection::vec(span(), 0..4))
        .prop_map(|(admitted, refused, unknown)| Spans { admitted, refused, unknown })
}

proptest! {
    #[test]
    fn the_tree_finds_what_counting_finds(spans in spans(), rate_rps in 0.0..20_000.0) {
        let found = Evidence::of(rate_rps, &spans);
        let counted = brute_min(rate_rps, &spans.admitted);
        prop_assert!((found.burst_min - counted).abs() < 1e-6, "{} {counted}", found.burst_min);
        if found.burst_min > 0.0 {
            let Window { from_us, to_us, count } = found.window;
            let is_in = |span: &&Span| span.sent_us >= from_us && span.received_us <= to_us;
            prop_assert_eq!(spans.admitted.iter().filter(is_in).count() as u64, count);
        }
        let counted = brute_bounds(rate_rps, &spans);
        for (bound, counted) in bounds(rate_rps, &spans).into_iter().zip(counted) {
            prop_assert!((bound - counted).abs() < 1e-6, "{bound} {counted}");
        }
    }

    /// Whatever the moments of decision are, a right bucket contradicts neither bound.
    #[test]
    fn a_right_bucket_is_never_contradicted(
        spans in prop::collection::vec((span(), 0.0..1.0), 1..60),
        rate_rps in 1.0..20_000.0,
        burst in 1_u64..20,
    ) {
        let decided = |(span, share): &(Span, f64)| {
            span.sent_us + ((span.received_us - span.sent_us) as f64 * share) as u64
        };
        let mut order = spans;
        order.sort_by_key(decided);
        let times: Vec<u64> = order.iter().map(decided).collect();
        let run = crate::paper::run(&[crate::paper::Limit { rate_rps, burst }], &times);
        let mut spans = Spans::default();
        for ((span, _), is_admitted) in order.iter().zip(run.is_admitted) {
            if is_admitted { spans.admitted.push(*span) } else { spans.refused.push(*span) }
        }
        let found = Evidence::of(rate_rps, &spans);
        prop_assert!(found.burst_min <= burst as f64 + 1e-6, "{found:?}");
        prop_assert!(found.burst_below > burst as f64 - 1e-6, "{found:?}");
    }
}

#[test]
fn a_hundred_thousand_answers_take_no_time_to_speak_of() {
    let span = |at: u64| Span { sent_us: at * 10, received_us: at * 10 + at * 7 % 900 };
    let spans = Spans {
        admitted: (0..50_000).map(|at| span(2 * at)).collect(),
        refused: (0..50_000).map(|at| span(2 * at + 1)).collect(),
        unknown: Vec::new(),
    };
    let started = std::time::Instant::now();
    let found = Evidence::of(50_000.0, &spans);
    assert!(found.burst_min > 0.5 && found.burst_below < 1_000.0, "{found:?}");
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}
