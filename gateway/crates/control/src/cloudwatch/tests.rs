use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::metrics::{ApiCounts, ApiSeries, Durations};

/// 2026-01-01T00:10:00Z
const NOW_MS: u64 = 1_767_226_200_000;
const START: u64 = 1_767_225_600;
const END: u64 = START + 3_600;

fn series(stage: &str, method: Option<(&str, &str)>) -> ApiSeries {
    ApiSeries {
        api_id: "a1".to_owned(),
        api_name: "Café".to_owned(),
        stage: stage.to_owned(),
        method: method.map(|(verb, path)| (verb.to_owned(), path.to_owned())),
    }
}

fn counts(requests: u64, client_errors: u64, server_errors: u64) -> ApiCounts {
    ApiCounts {
        requests,
        client_errors,
        server_errors,
        latency: Durations::new(2_000 * requests, [(2_047, requests)].into_iter()),
        ..ApiCounts::default()
    }
}

/// 7 requests on `prod`, 5 of them on a method of its own; 3 on `dev`, which has a cache.
fn served() -> Metrics {
    let metrics = Metrics::new(|| NOW_MS);
    let mut is_told = false;
    metrics.collect_with(Box::new(move |_, tell| {
        if std::mem::replace(&mut is_told, true) {
            return;
        }
        tell(series("prod", None), counts(2, 1, 1));
        tell(series("prod", Some(("GET", "/pets/{id}"))), counts(5, 2, 0));
        let cached =
            ApiCounts { cached_requests: 3, cache_hits: 2, cache_misses: 1, ..counts(3, 0, 0) };
        tell(series("dev", None), cached);
    }));
    metrics
}

fn call(operation: &str, input: &Json) -> Call {
    Call {
        method: "POST".to_owned(),
        path: Vec::new(),
        query: Vec::new(),
        headers: vec![("x-amz-target".to_owned(), format!("{TARGET}.{operation}"))],
        body: input.to_string().into_bytes(),
        account_id: "000000000000".to_owned(),
        region: "us-east-1".to_owned(),
        request_id: "id".to_owned(),
        unix_ms: NOW_MS,
    }
}

#[track_caller]
fn ask(metrics: &Metrics, operation: &str, input: &Json) -> Json {
    let answer = answer(metrics, &call(operation, input)).expect("an answer");
    serde_json::from_slice(&answer.body).expect("JSON")
}

fn refused(metrics: &Metrics, operation: &str, input: &Json) -> (&'static str, String) {
    let error = answer(metrics, &call(operation, input)).expect_err("an error");
    (error.code, error.message)
}

fn of(metric: &str, dimensions: &[(&str, &str)]) -> Json {
    let dimensions = dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value}));
    json!({
        "Namespace": "AWS/ApiGateway", "MetricName": metric, "Dimensions": dimensions.collect::<Json>(),
    })
}

fn statistics(metric: &str, dimensions: &[(&str, &str)]) -> Json {
    let mut input = of(metric, dimensions);
    input["StartTime"] = START.into();
    input["EndTime"] = END.into();
    input["Period"] = 60.into();
    input["Statistics"] = json!(["Sum", "SampleCount"]);
    input
}

/// Sum and number, of the one minute that there is.
#[track_caller]
fn sum(metric: &str, dimensions: &[(&str, &str)]) -> Option<(f64, f64)> {
    let found = ask(&served(), "GetMetricStatistics", &statistics(metric, dimensions));
    let points = found["Datapoints"].as_array().expect("a list");
    assert!(points.len() <= 1, "{points:?}");
    let point = points.first()?;
    assert_eq!(point["Timestamp"], START + 600);
    Some((point["Sum"].as_f64()?, point["SampleCount"].as_f64()?))
}

const API: (&str, &str) = ("ApiName", "Caf");
const PROD: (&str, &str) = ("Stage", "prod");
const DEV: (&str, &str) = ("Stage", "dev");

#[test]
fn sums_hold_for_each_set_of_dimensions() {
    let method = [PROD, ("Method", "GET"), API, ("Resource", "/pets/{id}")];
    assert_eq!(sum("Count", &[API]), Some((10.0, 10.0)));
    assert_eq!(sum("Count", &[API, PROD]), Some((7.0, 7.0)));
    assert_eq!(sum("Count", &method), Some((5.0, 5.0)));
    assert_eq!(sum("4XXError", &[PROD, API]), Some((3.0, 7.0)));
    assert_eq!(sum("4XXError", &method), Some((2.0, 5.0)));
    assert_eq!(sum("5XXError", &[API]), Some((1.0, 10.0)));
    assert_eq!(sum("5XXError", &method), Some((0.0, 5.0)));
    assert_eq!(sum("Latency", &[API, DEV]), Some((6.0, 3.0)));
    assert_eq!(sum("CacheHitCount", &[API]), Some((2.0, 3.0)));
    assert_eq!(sum("CacheMissCount", &[API, DEV]), Some((1.0, 3.0)));
    assert_eq!(sum("CacheHitCount", &[API, PROD]), None, "it has no cache");
    assert_eq!(sum("IntegrationLatency", &[API]), None, "no integration was called");
    for dimensions in [
        &[][..],
        &[PROD],
        &[("ApiName", "Café")],
        &[API, ("Stage", "test")],
        &[API, PROD, ("Method", "GET")],
        &[API, DEV, ("Method", "GET"), ("Resource", "/pets/{id}")],
    ] {
        assert_eq!(sum("Count", dimensions), None, "{dimensions:?}");
    }
    let mut other = statistics("Count", &[API]);
    other["Namespace"] = "AWS/Lambda".into();
    assert_eq!(ask(&served(), "GetMetricStatistics", &other)["Datapoints"], json!([]));
    let mut other = statistics("Count", &[API]);
    other["Unit"] = "Seconds".into();
    assert_eq!(ask(&served(), "GetMetricStatistics", &other)["Datapoints"], json!([]));
}

#[test]
fn statistics_of_a_period_are_those_of_all_its_minutes() {
    let metrics = Metrics::new(|| NOW_MS);
    let data: Vec<_> = (0..10)
        .map(|minute| json!({"MetricName": "m", "Value": minute + 1, "Timestamp": START + 60 * minute}))
        .collect();
    ask(&metrics, "PutMetricData", &json!({"Namespace": "Shop", "MetricData": data}));
    let mut input = statistics("m", &[]);
    input["Namespace"] = "Shop".into();
    input["StartTime"] = (START + 130).into();
    input["Period"] = 300.into();
    input["Statistics"] = json!(["Sum", "Average", "Minimum", "Maximum", "SampleCount"]);
    input["ExtendedStatistics"] = json!(["p50", "p99.9"]);
    let found = ask(&metrics, "GetMetricStatistics", &input);
    let expect = |timestamp: u64, sum: f64, min: f64, median: f64| {
        json!({
            "Timestamp": timestamp, "Sum": sum, "Average": sum / 5.0, "Minimum": min, "Maximum": min + 4.0,
            "SampleCount": 5.0, "Unit": "None", "ExtendedStatistics": {"p50": median, "p99.9": min + 4.0},
        })
    };
    let points = json!([expect(START, 15.0, 1.0, 3.0), expect(START + 300, 40.0, 6.0, 8.0)]);
    assert_eq!(
        found,
        json!({"Label": "m", "Datapoints": points}),
        "the start is rounded down to a period"
    );
}

#[test]
fn what_cannot_be_asked_is_said_as_on_aws() {
    let metrics = served();
    let check = |change: (&str, Json), code: &str, text: &str| {
        let mut input = statistics("Count", &[API]);
        input[change.0] = change.1;
        let (found, message) = refused(&metrics, "GetMetricStatistics", &input);
        assert_eq!((found, &*message), (code, text));
    };
    let value = "InvalidParameterValue";
    check(("StartTime", Json::Null), "MissingParameter", "The parameter StartTime is required.");
    check(("MetricName", Json::Null), "MissingParameter", "The parameter MetricName is required.");
    check(("Period", Json::Null), "MissingParameter", "The parameter Period is required.");
    let order = "The parameter StartTime must be less than the parameter EndTime.";
    check(("StartTime", END.into()), value, order);
    let period = "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.";
    check(("Period", 90.into()), value, period);
    check(("Period", 0.into()), value, "The value 0 for parameter Period is invalid.");
    let one = "Must specify either Statistics or ExtendedStatistics";
    check(("Statistics", json!([])), "InvalidParameterCombination", one);
    let unknown = "The value p50 for parameter Statistics.member.1 is invalid.";
    check(("Statistics", json!(["p50"])), value, unknown);
    let many = "You have requested up to 2,880 datapoints, which exceeds the limit of 1,440. You may reduce the \
                datapoints requested by increasing Period, or decreasing the time range.";
    let days = START + 2 * 86_400;
    check(("EndTime", days.into()), "InvalidParameterCombination", many);
    let (code, _) = refused(&metrics, "PutMetricAlarm", &json!({}));
    assert_eq!(code, "NotImplementedException");
}

fn metric(id: &str, metric: &str, dimensions: &[(&str, &str)], stat: &str) -> Json {
    json!({"Id": id, "MetricStat": {"Metric": of(metric, dimensions), "Period": 60, "Stat": stat}})
}

fn query(queries: &[Json]) -> Json {
    json!({"MetricDataQueries": queries, "StartTime": START, "EndTime": END})
}

#[test]
fn expressions_are_computed_from_other_queries() {
    let metrics = served();
    let hidden = |mut query: Json| {
        query["ReturnData"] = false.into();
        query
    };
    let expression =
        |id: &str, text: &str| json!({"Id": id, "Expression": text, "Label": "a rate"});
    let queries = |text: &str| {
        query(&[
            hidden(metric("e4", "4XXError", &[API, PROD], "Sum")),
            hidden(metric("e5", "5XXError", &[API, PROD], "Sum")),
            hidden(metric("n", "Count", &[API, PROD], "Sum")),
            hidden(metric("none", "Count", &[API, ("Stage", "x")], "Sum")),
            hidden(expression("all", "e4 + e5")),
            expression("x", text),
        ])
    };
    for (text, expect) in [
        ("100 * (e4 + e5) / n", 400.0 / 7.0),
        ("100 * all / n", 400.0 / 7.0),
        ("SUM(METRICS())", 11.0),
        ("SUM(METRICS(\"e\")) - 1", 3.0),
        ("MAX([e4, e5])", 3.0),
        ("AVG([e4,e5,n])", 11.0 / 3.0),
        ("e4 / SUM(n) + MIN(n) * 0", 3.0 / 7.0),
        ("-e4 ^ 2", -9.0),
        ("2 - 3 - e5", -2.0),
        ("CEIL(e4 / 2) + FLOOR(e4 / 2) + ABS(-e5)", 4.0),
        ("n / PERIOD(n)", 7.0 / 60.0),
    ] {
        let found = ask(&metrics, "GetMetricData", &queries(text));
        let expect = json!([{
            "Id": "x", "Label": "a rate", "Timestamps": [START + 600], "Values": [expect], "StatusCode": "Complete",
        }]);
        assert_eq!(found["MetricDataResults"], expect, "{text}");
    }
    let values = |text: &str| {
        let found = ask(&metrics, "GetMetricData", &queries(text));
        let values = found["MetricDataResults"][0]["Values"].as_array().expect("a list").len();
        (found["MetricDataResults"].as_array().expect("a list").len(), values)
    };
    assert_eq!(values("n / none"), (1, 0), "there is a point where both have one");
    assert_eq!(values("n / (e5 - 1)"), (1, 0), "what is divided by nothing is no point");
    assert_eq!(values("METRICS() * 2"), (4, 1), "an array is several results");
    assert_eq!(values("FILL(none, 0)"), (1, 60));
    assert_eq!(values("FILL(n, REPEAT)"), (1, 50));
    assert_eq!(values("FILL(n, LINEAR)"), (1, 1));
    for (text, what) in [
        ("1 + 1", "Its result is a number, not a time series"),
        ("SUM(n)", "Its result is a number, not a time series"),
        ("nobody", "There is no query with the id nobody"),
        ("x + 1", "x depends on itself"),
        ("n +", "Invalid syntax: it ends too early"),
        ("n ? 1", "Invalid syntax: '?' at character 3 is not supported there"),
        ("SEARCH('x')", "The function SEARCH is not supported by this gateway"),
        ("METRICS() / METRICS()", "An operator takes one array of time series, not two"),
    ] {
        let (code, message) = refused(&metrics, "GetMetricData", &queries(text));
        assert_eq!(code, "ValidationError");
        assert_eq!(message, format!("Error in expression 'x' [{what}]"));
    }
}

#[test]
fn pages_together_are_the_whole() {
    let metrics = Metrics::new(|| NOW_MS);
    for name in ["a", "b", "c"] {
        let data: Vec<_> = (0..7)
            .map(|minute| json!({"MetricName": name, "Value": minute, "Timestamp": START + 60 * minute}))
            .collect();
        ask(&metrics, "PutMetricData", &json!({"Namespace": "Shop", "MetricData": data}));
    }
    let shop = |id: &str, name: &str| {
        let mut query = metric(id, name, &[], "Sum");
        query["MetricStat"]["Metric"]["Namespace"] = "Shop".into();
        query
    };
    let mut input = query(&[shop("a", "a"), shop("none", "x"), shop("b", "b"), shop("c", "c")]);
    let whole = ask(&metrics, "GetMetricData", &input);
    assert_eq!(whole["NextToken"], Json::Null);
    let ids = |page: &Json| {
        let results = page["MetricDataResults"].as_array().expect("a list").clone();
        results.iter().map(|result| result["Id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&whole), ["a", "none", "b", "c"]);
    let values = |page: &Json| {
        let results = page["MetricDataResults"].as_array().expect("a list").clone();
        let pairs = results.into_iter().flat_map(|result| {
            let values = result["Values"].as_array().expect("a list").clone();
            values.into_iter().map(move |value| (result["Id"].clone(), value))
        });
        pairs.collect::<Vec<_>>()
    };
    assert_eq!(values(&whole)[0].1, 6.0, "the newest come first");
    for size in 1..=22 {
        input["MaxDatapoints"] = size.into();
        input["NextToken"] = Json::Null;
        let mut seen = Vec::new();
        for _ in 0..22 {
            let page = ask(&metrics, "GetMetricData", &input);
            let found = values(&page);
            assert!(found.len() <= size, "{size}: {page}");
            seen.extend(found);
            input["NextToken"] = page["NextToken"].clone();
            if input["NextToken"].is_null() {
                break;
            }
        }
        assert_eq!(seen, values(&whole), "{size}");
    }
    input["NextToken"] = "x".into();
    assert_eq!(refused(&metrics, "GetMetricData", &input).0, "InvalidNextToken");
    input["NextToken"] = Json::Null;
    input["ScanBy"] = "TimestampAscending".into();
    assert_eq!(values(&ask(&metrics, "GetMetricData", &input))[0].1, 0.0);
}

#[test]
fn what_is_put_is_there_at_once_and_all_or_nothing() {
    let metrics = Metrics::new(|| NOW_MS);
    let put = |data: Json| json!({"Namespace": "Shop", "MetricData": data});
    let good = json!({"MetricName": "m", "Value": 3.5, "Unit": "Count"});
    for (bad, text) in [
        (json!({"Value": 1}), "The parameter MetricData.member.2.MetricName is required."),
        (json!({"MetricName": "m"}), "The parameter MetricData.member.2.Value is required."),
        (
            json!({"MetricName": "m", "Value": 1, "Values": [1]}),
            "The parameters MetricData.member.2.Value and MetricData.member.2.Values are mutually exclusive and you \
             have specified both.",
        ),
        (
            json!({"MetricName": "m", "Values": [1, 2], "Counts": [1]}),
            "The parameters MetricData.member.2.Values and MetricData.member.2.Counts must be of the same size.",
        ),
        (
            json!({"MetricName": "m", "Value": 1, "Timestamp": END + 9_000}),
            "The parameter MetricData.member.2.Timestamp must specify a time no more than two hours in the future.",
        ),
        (
            json!({"MetricName": "m", "Value": 1, "Timestamp": START - 15 * 86_400}),
            "The parameter MetricData.member.2.Timestamp must specify a time no more than two weeks in the past.",
        ),
        (json!({"MetricName": "m", "Value": 1e300}), ""),
        (json!({"MetricName": "m", "Value": 1, "Unit": "Pounds"}), ""),
        (json!({"MetricName": "m", "Value": 1, "Dimensions": [{"Name": "a"}]}), ""),
    ] {
        let (_, message) = refused(&metrics, "PutMetricData", &put(json!([good, bad])));
        assert!(text.is_empty() || message == text, "{message}");
    }
    let (_, message) =
        refused(&metrics, "PutMetricData", &json!({"Namespace": "AWS/X", "MetricData": [good]}));
    assert_eq!(message, "The value AWS/ for parameter Namespace is invalid.");
    assert_eq!(ask(&metrics, "ListMetrics", &json!({}))["Metrics"], json!([]), "nothing was done");
    let set = json!({"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 4});
    ask(
        &metrics,
        "PutMetricData",
        &put(json!([
            good,
            {"MetricName": "m", "Values": [1, 2.5], "Counts": [2, 1], "Unit": "Count"},
            {"MetricName": "set", "StatisticValues": set, "Dimensions": [{"Name": "b", "Value": "1"}, {"Name": "a", "Value": "2"}]},
        ])),
    );
    let mut input = statistics("m", &[]);
    input["Namespace"] = "Shop".into();
    input["ExtendedStatistics"] = json!(["p50", "TM(:2.5)"]);
    let point = json!({
        "Timestamp": START + 600, "SampleCount": 4.0, "Sum": 8.0, "Unit": "Count",
        "ExtendedStatistics": {"p50": 1.0, "TM(:2.5)": 1.5},
    });
    assert_eq!(ask(&metrics, "GetMetricStatistics", &input)["Datapoints"], json!([point]));
    let mut input = statistics("set", &[("a", "2"), ("b", "1")]);
    input["Namespace"] = "Shop".into();
    input["ExtendedStatistics"] = json!(["p50"]);
    let point = json!({"Timestamp": START + 600, "SampleCount": 4.0, "Sum": 10.0, "Unit": "None"});
    let found = ask(&metrics, "GetMetricStatistics", &input);
    assert_eq!(found["Datapoints"], json!([point]), "a set of statistics has no percentiles");
}

#[test]
fn metrics_are_listed_by_their_dimensions() {
    let metrics = served();
    let count = |input: Json| {
        let found = ask(&metrics, "ListMetrics", &input);
        found["Metrics"].as_array().expect("a list").len()
    };
    // Count, both errors and latency for an API, two stages and a method; both of caches for an API and a stage.
    assert_eq!(count(json!({})), 4 * 4 + 2 * 2);
    assert_eq!(count(json!({"MetricName": "Count"})), 4);
    assert_eq!(count(json!({"MetricName": "Count", "Dimensions": [{"Name": "Stage"}]})), 3);
    let prod = json!([{"Name": "Stage", "Value": "prod"}]);
    assert_eq!(count(json!({"MetricName": "Count", "Dimensions": prod})), 2);
    assert_eq!(count(json!({"Namespace": "AWS/ApiGateway", "RecentlyActive": "PT3H"})), 20);
    assert_eq!(count(json!({"Namespace": "AWS/Lambda"})), 0);
    assert_eq!(count(json!({"OwningAccount": "111111111111"})), 0);
    let found = ask(
        &metrics,
        "ListMetrics",
        &json!({"MetricName": "Count", "Dimensions": [{"Name": "Method"}]}),
    );
    let pair = |name: &str, value: &str| json!({"Name": name, "Value": value});
    let dimensions = [
        pair("ApiName", "Caf"),
        pair("Method", "GET"),
        pair("Resource", "/pets/{id}"),
        pair("Stage", "prod"),
    ];
    assert_eq!(found["Metrics"][0]["Dimensions"], json!(dimensions));
    assert_eq!(
        refused(&metrics, "ListMetrics", &json!({"RecentlyActive": "PT1H"})).0,
        "InvalidParameterValue"
    );
}

#[test]
fn long_lists_come_in_pages() {
    let metrics = Metrics::new(|| NOW_MS);
    for part in 0..3 {
        let data: Vec<_> =
            (0..400).map(|n| json!({"MetricName": format!("m{part}-{n}"), "Value": 1})).collect();
        ask(&metrics, "PutMetricData", &json!({"Namespace": "Shop", "MetricData": data}));
    }
    let (mut seen, mut input) = (Vec::new(), json!({}));
    loop {
        let page = ask(&metrics, "ListMetrics", &input);
        let found = page["Metrics"].as_array().expect("a list").clone();
        assert!(found.len() <= 500);
        seen.extend(found.iter().map(|metric| metric["MetricName"].to_string()));
        if page["NextToken"].is_null() {
            break;
        }
        input = json!({"NextToken": page["NextToken"]});
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 1_200);
}

#[test]
fn the_query_protocol_has_its_own_forms() {
    let metrics = served();
    let form = "Action=GetMetricStatistics&Version=2010-08-01&Namespace=AWS%2FApiGateway&MetricName=Latency&\
                Dimensions.member.1.Name=ApiName&Dimensions.member.1.Value=Caf&StartTime=2026-01-01T00%3A00%3A00Z&\
                EndTime=2026-01-01T01%3A00%3A00Z&Period=60&Statistics.member.1=Sum&ExtendedStatistics.member.1=p99";
    let call = Call { headers: Vec::new(), body: form.into(), ..call("", &json!({})) };
    let answer = answer(&metrics, &call).expect("an answer");
    let text = String::from_utf8(answer.body).expect("text");
    assert_eq!(
        text,
        "<GetMetricStatisticsResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\">\
         <GetMetricStatisticsResult><Label>Latency</Label><Datapoints><member><Timestamp>2026-01-01T00:10:00Z\
         </Timestamp><Sum>20.0</Sum><Unit>Milliseconds</Unit><ExtendedStatistics><entry><key>p99</key><value>2.0\
         </value></entry></ExtendedStatistics></member></Datapoints></GetMetricStatisticsResult><ResponseMetadata>\
         <RequestId>id</RequestId></ResponseMetadata></GetMetricStatisticsResponse>"
    );
}

/// Arithmetic as text, and what it is.
fn arithmetic() -> impl Strategy<Value = (String, f64)> {
    let number = (1..100_u32).prop_map(|number| (number.to_string(), f64::from(number)));
    number.prop_recursive(6, 40, 2, |inner| {
        let sides = (inner.clone(), inner.clone(), 0..4_usize, prop::bool::ANY);
        let both = sides.prop_map(|((left, a), (right, b), operator, is_spaced)| {
            let sign = ["+", "-", "*", "/"][operator];
            let value = [a + b, a - b, a * b, a / b][operator];
            let space = if is_spaced { " " } else { "" };
            (format!("({left}){space}{sign}{space}({right})"), value)
        });
        let negated = inner.prop_map(|(text, value)| (format!("-({text})"), -value));
        prop_oneof![4 => both, 1 => negated]
    })
}

proptest! {
    #[test]
    fn arithmetic_is_that_of_numbers((text, expect) in arithmetic()) {
        prop_assume!(expect.is_finite());
        let metrics = served();
        let input = query(&[
            metric("n", "Count", &[API, PROD], "Sum"),
            json!({"Id": "x", "Expression": format!("{text} + 0 * n")}),
        ]);
        // Only what is nested too deep, which a strategy of six levels is not, would be refused.
        let found = ask(&metrics, "GetMetricData", &input);
        prop_assert_eq!(found["MetricDataResults"][1]["Values"][0].as_f64(), Some(expect), "{}", text);
    }

    #[test]
    fn precedence_is_the_usual(a in 1..50_u32, b in 1..50_u32, c in 1..50_u32, d in 1..4_u32) {
        let [a, b, c, power] = [a, b, c, d].map(f64::from);
        let metrics = served();
        for (text, expect) in [
            (format!("{a}-{b}-{c}+n*0"), a - b - c),
            (format!("{a}/{b}/{c}+n*0"), a / b / c),
            (format!("{a}+{b}*{c}+n*0"), a + b * c),
            (format!("{a}*-{b}+n*0"), -(a * b)),
            (format!("{a}*{b}^{power}+n*0"), a * b.powf(power)),
            (format!("{a}^{power}^2+n*0"), a.powf(power.powf(2.0))),
        ] {
            let input = query(&[
                metric("n", "Count", &[API, PROD], "Sum"),
                json!({"Id": "x", "Expression": text}),
            ]);
            let found = ask(&metrics, "GetMetricData", &input);
            prop_assert_eq!(found["MetricDataResults"][1]["Values"][0].as_f64(), Some(expect), "{}", text);
        }
    }
}
