use super::*;
use crate::histogram::Histogram;
use crate::names;

#[test]
fn accept_decides_the_form() {
    let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
        application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,\
        text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    for (accept, expected) in [
        (None, Exposition::Text),
        (Some(""), Exposition::Text),
        (Some("*/*"), Exposition::Text),
        (Some("text/plain"), Exposition::Text),
        (Some("text/html, application/json"), Exposition::Text),
        (Some(prometheus), Exposition::OpenMetrics),
        (Some("application/openmetrics-text"), Exposition::OpenMetrics),
        (Some("Application/OpenMetrics-Text; Version=\"1.0.0\""), Exposition::OpenMetrics),
        (Some("application/openmetrics-text;q=0"), Exposition::Text),
        (Some("application/openmetrics-text;q=x"), Exposition::Text),
        (Some("application/openmetrics-text;version=2.0.0"), Exposition::Text),
        (Some("application/openmetrics-text;q=0.3,text/plain;q=0.9"), Exposition::Text),
    ] {
        assert_eq!(Exposition::negotiate(accept), expected, "{accept:?}");
    }
}

#[test]
fn text_keeps_the_suffix_in_the_family_name() {
    let mut encoder = Encoder::new(Exposition::Text);
    encoder.family(&names::DOWNSTREAM_SENT);
    encoder.sample(&names::DOWNSTREAM_SENT, &[], 7);
    encoder.family(&names::RING_INFO);
    encoder.sample(&names::RING_INFO, &["io_uring", "a|b"], 1);
    let expected = "\
# HELP gateway_downstream_sent_bytes_total Bytes sent to clients.
# TYPE gateway_downstream_sent_bytes_total counter
gateway_downstream_sent_bytes_total 7
# HELP gateway_ring_info The I/O driver of the shards and the ring flags that the kernel granted.
# TYPE gateway_ring_info gauge
gateway_ring_info{driver=\"io_uring\",flags=\"a|b\"} 1
";
    assert_eq!(encoder.finish(), expected);
}

#[test]
fn open_metrics_names_family_unit_and_end() {
    let mut encoder = Encoder::new(Exposition::OpenMetrics);
    encoder.family(&names::DOWNSTREAM_SENT);
    encoder.sample(&names::DOWNSTREAM_SENT, &[], 7);
    encoder.family(&names::RING_INFO);
    encoder.sample(&names::RING_INFO, &["io_uring", "a|b"], 1);
    let expected = "\
# HELP gateway_downstream_sent_bytes Bytes sent to clients.
# TYPE gateway_downstream_sent_bytes counter
# UNIT gateway_downstream_sent_bytes bytes
gateway_downstream_sent_bytes_total 7
# HELP gateway_ring The I/O driver of the shards and the ring flags that the kernel granted.
# TYPE gateway_ring info
gateway_ring_info{driver=\"io_uring\",flags=\"a|b\"} 1
# EOF
";
    assert_eq!(encoder.finish(), expected);
}

#[test]
fn label_values_are_escaped() {
    let mut encoder = Encoder::new(Exposition::Text);
    encoder.sample(&names::REQUESTS_REFUSED, &["a\"b\\c\nd"], 1);
    assert_eq!(encoder.finish(), "gateway_requests_refused_total{reason=\"a\\\"b\\\\c\\nd\"} 1\n");
}

#[test]
fn histogram_is_cumulative_in_seconds() {
    let histogram = Histogram::default();
    for micros in [1_000, 1_001, 40_000_000] {
        histogram.record_micros(micros);
    }
    let mut encoder = Encoder::new(Exposition::Text);
    let labels = ["a1", "pets", "prod", "GET", "/"];
    encoder.histogram(&names::REQUEST_DURATION, &labels, &histogram.snapshot());
    let text = encoder.finish();
    let labels = "api_id=\"a1\",api_name=\"pets\",stage=\"prod\",method=\"GET\",route=\"/\"";
    for line in [
        format!("_bucket{{{labels},le=\"0.001\"}} 1\n"),
        format!("_bucket{{{labels},le=\"0.0025\"}} 2\n"),
        format!("_bucket{{{labels},le=\"30.0\"}} 2\n"),
        format!("_bucket{{{labels},le=\"+Inf\"}} 3\n"),
        format!("_sum{{{labels}}} 40.002001\n"),
        format!("_count{{{labels}}} 3\n"),
    ] {
        let line = format!("gateway_request_duration_seconds{line}");
        assert!(text.contains(&line), "{line} in {text}");
    }
}
