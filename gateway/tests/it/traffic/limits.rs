//! Keys, plans, throttles and quotas: what clients, logs and metrics learn of them.

use serde_json::{Value, json};

use super::api::{Api, Served, key_header, key_value, mock, ok_response, setting};
use crate::support::Response;

/// `GET /open` and, with a key, `GET /a` and `GET /b`.
fn guarded() -> Api {
    let required = || {
        let mut more = ok_response();
        more["ApiKeyRequired"] = json!(true);
        more
    };
    Api::new()
        .method("GET /a", mock("a"), required())
        .method("GET /b", mock("b"), required())
        .method("GET /open", mock("open"), ok_response())
}

/// A throttle that never gets a token again while a test runs.
fn burst(burst: u64) -> Value {
    json!({"RateLimit": 0.001, "BurstLimit": burst})
}

fn number(response: &Response, name: &str) -> Option<u64> {
    Some(response.header(name)?.parse().unwrap())
}

/// Limit, what remains, the seconds until it is whole, and until to try again.
fn told(response: &Response) -> [Option<u64>; 4] {
    ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After"]
        .map(|name| number(response, name))
}

#[test]
fn clients_are_told_of_limits_where_the_operator_wants_it() {
    let quota = json!({"Quota": {"Limit": 2, "Period": "DAY"}, "Throttle": burst(9)});
    let api = guarded()
        .key("Burst", true, json!({"Throttle": burst(2)}))
        .key("Quota", true, quota)
        .key("Still", true, json!({"Throttle": {"RateLimit": 0, "BurstLimit": 0}}));
    let served = Served::start_with(&api, "[throttle]\nheaders = true\n", &[]);
    let get = |path: &str, key: &str| served.get(path, &key_header(key));
    assert_eq!(told(&served.get("/s/open", "")), [None; 4], "no limit holds for it");
    assert_eq!(told(&served.get("/s/a", "")), [None; 4], "403");
    // A token every 1,000 seconds; the test takes some of the first.
    let near = |value: Option<u64>, expected: u64| {
        assert!(value.is_some_and(|v| v <= expected && v + 30 > expected), "{value:?} {expected}");
    };
    for (remaining, reset) in [(1, 1_000), (0, 2_000)] {
        let response = get("/s/a", "Burst");
        let [limit, left, whole, retry] = told(&response);
        assert_eq!((response.status, limit, left, retry), (200, Some(2), Some(remaining), None));
        near(whole, reset);
    }
    let response = get("/s/b", "Burst");
    let [limit, left, whole, retry] = told(&response);
    assert_eq!((response.status, limit, left), (429, Some(2), Some(0)));
    near(whole, 2_000);
    near(retry, 1_000);
    // The quota is nearer to its end than the bucket.
    for remaining in [1, 0] {
        let [limit, left, whole, retry] = told(&get("/s/a", "Quota"));
        assert_eq!((limit, left, retry), (Some(2), Some(remaining), None));
        assert!(whole.is_some_and(|whole| whole <= 86_400), "{whole:?}");
    }
    let response = get("/s/a", "Quota");
    let [limit, left, whole, retry] = told(&response);
    assert_eq!((response.status, limit, left), (429, Some(2), Some(0)));
    assert!(retry.is_some_and(|retry| (1..=86_400).contains(&retry)), "{retry:?}");
    near(retry, whole.unwrap());
    let [limit, left, _, retry] = told(&get("/s/a", "Still"));
    assert_eq!((limit, left, retry), (Some(0), Some(0), None), "it never helps to try again");
}

#[test]
fn clients_are_not_told_by_default() {
    let served = Served::start(&guarded().key("Burst", true, json!({"Throttle": burst(1)})));
    for status in [200, 429] {
        let response = served.get("/s/a", &key_header("Burst"));
        assert_eq!((response.status, told(&response)), (status, [None; 4]));
    }
}

#[test]
fn a_refused_request_takes_nothing_of_any_limit() {
    let quota = json!({"Quota": {"Limit": 2, "Period": "MONTH"}, "Throttle": burst(4)});
    let settings =
        [setting("/b", "GET", json!({"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 1}))];
    let api = guarded().stage(json!({"MethodSettings": settings})).key("One", true, quota);
    let served = Served::start_with(&api, "[throttle]\nheaders = true\n", &[]);
    let get = |path: &str| served.get(path, &key_header("One"));
    assert_eq!(get("/s/b").status, 200);
    for _ in 0..10 {
        // The method's bucket refuses after the plan's has given a token.
        assert_eq!(get("/s/b").status, 429);
    }
    let response = get("/s/a");
    assert_eq!((response.status, number(&response, "RateLimit-Remaining")), (200, Some(0)));
    for _ in 0..10 {
        // The quota refuses after the plan's bucket has given a token.
        let response = get("/s/a");
        assert_eq!((response.status, response.text()), (429, r#"{"message":"Limit Exceeded"}"#));
    }
    // With the quota gone the two tokens that are left are there.
    served.reload(&api.key("One", true, json!({"Throttle": burst(4)})));
    let statuses: Vec<u16> = (0..3).map(|_| get("/s/a").status).collect();
    assert_eq!(statuses, [200, 200, 429]);
}

#[test]
fn the_account_has_a_limit_where_the_operator_sets_one() {
    let config = "[throttle]\naccount_rate_rps = 1\naccount_burst = 3\n";
    let served = Served::start_with(&guarded(), config, &[]);
    // At a token a second, ten at once outrun it on any machine.
    let mut client = served.client();
    client.send(&super::api::request("GET", "/s/open", "").repeat(10));
    let statuses: Vec<u16> = (0..10).map(|_| client.response().status).collect();
    assert_eq!(statuses[..3], [200; 3]);
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(served.get("/s/nothing", "").status, 403, "what is no request of a method");
}

#[test]
fn a_rate_or_a_burst_of_zero_admits_nothing() {
    for (rate, burst) in [(0.0, 5), (5.0, 0), (0.0, 0)] {
        let settings = [setting(
            "/open",
            "GET",
            json!({"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}),
        )];
        let served = Served::start(&guarded().stage(json!({"MethodSettings": settings})));
        assert_eq!(served.get("/s/open", "").status, 429, "{rate} {burst}");
        // And live, both ways.
        served.reload(&guarded());
        assert_eq!(served.get("/s/open", "").status, 200);
        served.reload(&guarded().stage(json!({"MethodSettings": settings})));
        assert_eq!(served.get("/s/open", "").status, 429, "{rate} {burst} again");
    }
}

#[test]
fn extreme_settings_do_no_harm() {
    let most = i64::MAX;
    // A token in less than a nanosecond, or one in more years than a bucket can count: none, then.
    for (rate, burst, expected) in [
        (1e300, most, 200),
        (1e300, 1, 200),
        (1e-300, most, 429),
        (f64::MIN_POSITIVE, 1, 429),
        (1e-300, 0, 429),
    ] {
        let settings = [setting(
            "/open",
            "GET",
            json!({"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}),
        )];
        let plan = json!({
            "Throttle": {"RateLimit": rate, "BurstLimit": burst},
            "Quota": {"Limit": most, "Offset": 1, "Period": "WEEK"},
        });
        let api = guarded().stage(json!({"MethodSettings": settings})).key("One", true, plan);
        let served = Served::start_with(&api, "[throttle]\nheaders = true\n", &[]);
        assert_eq!(served.get("/s/open", "").status, expected, "{rate} {burst}");
        assert_eq!(served.get("/s/a", &key_header("One")).status, expected, "{rate} {burst}");
        served.reload(&guarded().key(
            "One",
            true,
            json!({"Throttle": {"RateLimit": 1, "BurstLimit": 1}}),
        ));
        assert!(matches!(served.get("/s/a", &key_header("One")).status, 200 | 429));
        served.reload(&api);
        assert_eq!(served.ops("GET", "/livez").status, 200);
    }
}

#[test]
fn metrics_say_which_limit_refused() {
    let plan = json!({"Throttle": burst(1)});
    let by_method = json!({"ApiStages": [{
        "ApiId": {"Ref": "Api"}, "Stage": "s", "Throttle": {"/a/GET": burst(1)},
    }]});
    let quota = json!({"Quota": {"Limit": 1, "Period": "WEEK"}});
    let settings =
        [setting("/open", "GET", json!({"ThrottlingRateLimit": 0, "ThrottlingBurstLimit": 0}))];
    let api = guarded()
        .stage(json!({"MethodSettings": settings}))
        .key("Plan", true, plan)
        .key("Method", true, by_method)
        .key("Quota", true, quota);
    let served = Served::start(&api);
    for key in ["Plan", "Method", "Quota"] {
        assert_eq!(served.get("/s/a", &key_header(key)).status, 200);
        assert_eq!(served.get("/s/a", &key_header(key)).status, 429);
    }
    assert_eq!(served.get("/s/open", "").status, 429);
    for scope in ["usage_plan", "usage_plan_method", "quota", "method"] {
        let label = format!("scope=\"{scope}\"");
        assert_eq!(served.metric(&["gateway_throttled_requests_total", &label]), 1.0, "{scope}");
    }
}

#[test]
fn a_log_shows_the_end_of_a_key_and_its_id() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("access.log");
    let format = "$context.status $context.identity.apiKey $context.identity.apiKeyId \
                  $context.error.responseType";
    let api = guarded().stage(json!({"AccessLogSetting": {"Format": format}})).key(
        "Good",
        true,
        json!({"Throttle": burst(1)}),
    );
    let log = path.display().to_string();
    let served = Served::start_with(&api, "", &["--access-log", &log]);
    served.get("/s/a", &key_header("Good"));
    served.get("/s/a", &key_header("Good"));
    served.get("/s/a", "x-api-key: nobody-has-this-key-000\r\n");
    served.get("/s/a", "x-api-key: short\r\n");
    served.get("/s/a", "");
    served.get("/s/open", &key_header("Good"));
    let stopped = served.gateway.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains(&key_value("Good")), "{text}");
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
    let [_, _, id, _] = lines[0][..] else { panic!("{text}") };
    assert_eq!(id.len(), 10, "{text}");
    let end = &key_value("Good")[18..];
    let (good, unknown) = (format!("******{end}"), "******ey-000");
    let expected = [
        ["200", &good, id, "-"],
        ["429", &good, id, "THROTTLED"],
        ["403", unknown, "-", "INVALID_API_KEY"],
        ["403", "******", "-", "INVALID_API_KEY"],
        ["403", "-", "-", "INVALID_API_KEY"],
        ["429", &good, id, "THROTTLED"],
    ];
    assert_eq!(lines, expected, "{text}");
}
