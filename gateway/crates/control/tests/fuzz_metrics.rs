//! Whatever is asked of CloudWatch, and whatever lies on the disk: an answer or an error, and never a panic.

use gateway_control::Call;
use gateway_control::cloudwatch::answer;
use gateway_control::metrics::Metrics;

const NOW_MS: u64 = 1_767_226_200_000;

fn call(headers: &[(&str, &str)], path: &[&str], body: Vec<u8>) -> Call {
    let own = |pair: &(&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
    Call {
        method: "POST".to_owned(),
        path: path.iter().map(|part| (*part).to_owned()).collect(),
        query: Vec::new(),
        headers: headers.iter().map(own).collect(),
        body,
        account_id: "000000000000".to_owned(),
        region: "us-east-1".to_owned(),
        request_id: "id".to_owned(),
        unix_ms: NOW_MS,
    }
}

#[test]
fn requests_are_answered_or_refused() {
    let metrics = Metrics::new(|| NOW_MS);
    bolero::check!().for_each(|input: &[u8]| {
        for operation in ["GetMetricData", "GetMetricStatistics", "ListMetrics", "PutMetricData"] {
            let path = ["service", "GraniteServiceVersion20100801", "operation", operation];
            let cbor = [("smithy-protocol", "rpc-v2-cbor")];
            let _ = answer(&metrics, &call(&cbor, &path, input.to_vec()));
            let packed = [("smithy-protocol", "rpc-v2-cbor"), ("content-encoding", "gzip")];
            let _ = answer(&metrics, &call(&packed, &path, input.to_vec()));
            let mut form = format!("Action={operation}&").into_bytes();
            form.extend_from_slice(input);
            let _ = answer(&metrics, &call(&[], &[], form));
        }
    });
}

#[test]
fn expressions_are_computed_or_refused() {
    let metrics = Metrics::new(|| NOW_MS);
    let put =
        serde_json::json!({"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 3}]});
    let json = |operation: &str, document: &serde_json::Value| {
        let target = format!("GraniteServiceVersion20100801.{operation}");
        call(&[("x-amz-target", &target)], &[], document.to_string().into_bytes())
    };
    assert!(answer(&metrics, &json("PutMetricData", &put)).is_ok());
    bolero::check!().for_each(|input: &[u8]| {
        let expression = String::from_utf8_lossy(input);
        let metric = serde_json::json!({"Namespace": "n", "MetricName": "m"});
        let query = serde_json::json!({
            "StartTime": NOW_MS / 1000 - 600,
            "EndTime": NOW_MS / 1000 + 60,
            "MetricDataQueries": [
                {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}},
                {"Id": "e", "Expression": expression},
            ],
        });
        if let Err(error) = answer(&metrics, &json("GetMetricData", &query)) {
            assert_eq!((error.status, error.code), (400, "ValidationError"), "{error}");
        }
    });
}

#[test]
fn records_are_restored_or_left_out() {
    bolero::check!().for_each(|input: &[u8]| {
        let metrics = Metrics::new(|| NOW_MS);
        metrics.restore(input);
        let mut versioned = vec![1];
        versioned.extend_from_slice(input);
        metrics.restore(&versioned);
        let list =
            call(&[("x-amz-target", "GraniteServiceVersion20100801.ListMetrics")], &[], Vec::new());
        assert!(answer(&metrics, &list).is_ok());
    });
}
