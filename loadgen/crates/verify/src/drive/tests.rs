use std::collections::BTreeMap;
use std::time::Duration;

use gateway_model::{GatewayResponse, Place, ResourceId, RestApiId, StatusCode};
use hdrhistogram::Histogram;

use super::*;

fn api(customised: &[(GatewayResponseType, Option<u16>)]) -> RestApi {
    let mut api = RestApi::new(RestApiId::new("a"), "A", ResourceId::new("root"), Place::nowhere());
    for (response_type, status) in customised {
        let response = GatewayResponse {
            response_type: *response_type,
            status_code: status.map(|status| StatusCode::new(status).unwrap()),
            response_parameters: Vec::new(),
            response_templates: Vec::new(),
            place: Place::nowhere(),
        };
        api.gateway_responses.insert(*response_type, response);
    }
    api
}

#[test]
fn a_refusals_status_is_its_own_or_its_familys_or_429() {
    use GatewayResponseType::{Default4xx, QuotaExceeded, Throttled};
    let status = |customised: &[_]| promised_status(&api(customised), Throttled);
    assert_eq!(status(&[]), 429);
    assert_eq!(status(&[(Throttled, Some(420))]), 420);
    assert_eq!(status(&[(Default4xx, Some(418))]), 418);
    assert_eq!(status(&[(Default4xx, Some(418)), (Throttled, Some(420))]), 420);
    assert_eq!(
        status(&[(Default4xx, Some(418)), (Throttled, None)]),
        429,
        "a customised type ignores its family"
    );
    assert_eq!(status(&[(QuotaExceeded, Some(402))]), 429);
}

/// What came back of requests with these statuses and marks.
fn seen(answers: &[(u16, Option<u8>)]) -> Seen {
    let none = || Histogram::new(3).unwrap();
    let mut errors = BTreeMap::new();
    let lost = answers.iter().filter(|(status, _)| *status == 0).count() as u64;
    if lost > 0 {
        errors.insert(Failure::Timeout, lost);
    }
    let sample = |(at, (status, mark)): (usize, &(u16, Option<u8>))| Sample {
        sent_us: at as u64 * 10,
        received_us: at as u64 * 10 + 5,
        status: *status,
        mark: *mark,
        ..Sample::default()
    };
    Seen::of(Outcome {
        started_unix_us: 0,
        took: Duration::from_secs(1),
        sent: answers.len() as u64,
        unsent: 0,
        statuses: BTreeMap::new(),
        errors,
        latency_us: none(),
        service_us: none(),
        by_request_us: Vec::new(),
        seconds: Vec::new(),
        late_us: none(),
        cpu_us: (0, 0),
        received_bytes: 0,
        samples: answers.iter().enumerate().map(sample).collect(),
        samples_lost: 0,
    })
}

#[test]
fn answers_are_told_apart_by_their_marks() {
    let seen = seen(&[
        (200, None),
        (404, None),
        (429, Some(0)),
        (429, Some(1)),
        (0, None),
        (403, None),
        (502, None),
        (429, None),
    ]);
    assert_eq!(
        seen.spans.admitted.len(),
        3,
        "an answer of the backend, also a bad one, passed the limits"
    );
    assert_eq!((seen.spans.refused.len(), seen.exceeded.len()), (1, 1));
    assert_eq!(seen.spans.unknown.len(), 3, "lost, forbidden, and a 429 that is not the gateway's");
    assert_eq!(seen.troubles, BTreeMap::from([(403, 1), (429, 1), (502, 1)]));
}

#[test]
fn a_refusal_with_another_status_is_told() {
    let seen = seen(&[(429, Some(0)), (200, None)]);
    assert_eq!(seen.wrong_status(&api(&[])), None);
    let wrong = seen.wrong_status(&api(&[(GatewayResponseType::Throttled, Some(420))])).unwrap();
    assert!(wrong.contains("429") && wrong.contains("420"), "{wrong}");
}

#[test]
fn a_burst_takes_a_millisecond() {
    let Arrivals::Steps(steps) = burst_then(30, 50.0, Duration::from_secs(1)) else { panic!() };
    assert_eq!(steps.len(), 2);
    assert_eq!((steps[0].from_rps, steps[0].lasts), (30_000.0, Duration::from_millis(1)));
    assert_eq!(steps[1].to_rps, 50.0);
}

#[test]
fn a_burst_of_any_size_is_one_that_the_engine_sends() {
    for (count, within_us) in [(10, 1_000), (1_000, 1_000), (2_510, 2_510), (40_000, 40_000)] {
        let Arrivals::Steps(steps) = burst_then(count, 20.0, Duration::from_secs(1)) else {
            panic!("a burst has steps");
        };
        assert_eq!(steps[0].lasts, Duration::from_micros(within_us), "{count}");
        assert!(steps[0].to_rps <= loadgen_engine::limits::RATE_RPS_MAX, "{steps:?}");
        assert!((steps[0].to_rps * steps[0].lasts.as_secs_f64() - count as f64).abs() < 1e-6);
    }
}
