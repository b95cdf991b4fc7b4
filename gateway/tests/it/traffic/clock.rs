//! The test clock: what it moves, what it leaves alone, and who may move it.

use std::sync::Mutex;
use std::sync::mpsc::channel;

use serde_json::{Value, json};

use super::api::{Api, Served, key_header, mock, ok_response, proxy, request, setting};
use super::cache::counting;
use crate::support::{Answer, Backend, PATIENCE};

const CLOCK: &[&str] = &["--test-clock"];
const DAY_S: u64 = 86_400;

fn with_quota(period: &str) -> Api {
    let quota = json!({"Quota": {"Limit": 3, "Period": period}});
    let needed = json!({"ApiKeyRequired": true, "MethodResponses": [{"StatusCode": "200"}]});
    Api::new().method("GET /a", mock("x"), needed).key("k", true, quota)
}

/// Moves the clock; the time after that.
#[track_caller]
fn advance(served: &Served, seconds: u64) -> u64 {
    let response = served.ops("POST", &format!("/clock?advance_seconds={seconds}"));
    assert_eq!(response.status, 200, "{response:?}");
    unix_ms(response.text())
}

fn unix_ms(text: &str) -> u64 {
    let read: Value = serde_json::from_str(text).unwrap();
    read["unix_ms"].as_u64().unwrap()
}

/// How many of `count` requests with the key are admitted; those are the first.
#[track_caller]
fn admitted(served: &Served, count: usize) -> usize {
    let statuses: Vec<_> =
        (0..count).map(|_| served.get("/s/a", &key_header("k")).status).collect();
    let admitted = statuses.iter().take_while(|status| **status == 200).count();
    assert!(statuses[admitted..].iter().all(|status| *status == 429), "{statuses:?}");
    admitted
}

#[test]
fn a_quota_is_whole_again_when_its_period_is_over() {
    for (period, days) in [("DAY", 1), ("WEEK", 7), ("MONTH", 31)] {
        let served =
            Served::start_with(&with_quota(period), "", &["--test-clock", "--shards", "2"]);
        // Not on the last seconds of a day, where time itself would do it.
        let to_morning = DAY_S - unix_ms(served.ops("GET", "/clock").text()) / 1_000 % DAY_S;
        let morning = advance(&served, to_morning + 3_600);
        assert_eq!(admitted(&served, 5), 3, "{period}");
        advance(&served, 60);
        assert_eq!(admitted(&served, 2), 0, "{period} is not over");
        let later = advance(&served, days * DAY_S);
        assert!(later >= morning + days * DAY_S * 1_000);
        assert_eq!(admitted(&served, 5), 3, "{period} is over");
    }
}

#[test]
fn usage_is_reported_for_the_day_that_the_clock_shows() {
    let api = with_quota("DAY").resource(
        "kPlan",
        "AWS::ApiGateway::UsagePlan",
        json!({"UsagePlanName": "gold", "ApiStages": [{"ApiId": {"Ref": "Api"}, "Stage": "s"}]}),
    );
    let served = Served::start_with(&api, "", CLOCK);
    let today = unix_ms(served.ops("GET", "/clock").text()) / 1_000 / DAY_S;
    assert_eq!(served.get("/s/a", &key_header("k")).status, 200);
    let later = advance(&served, 365 * DAY_S) / 1_000 / DAY_S;
    assert_eq!(later, today + 365);
    let response = served.get("/s/a", &key_header("k"));
    assert_eq!(response.status, 200);
    let date = day_of(response.header("date").unwrap());
    let report =
        served.ops("GET", &format!("/usageplans/gold/usage?startDate={date}&endDate={date}"));
    assert!(report.text().contains(":[[1,-1]]"), "{date}: {report:?}");
}

/// `2025-11-06` of `Thu, 06 Nov 2025 …`.
fn day_of(date: &str) -> String {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let parts: Vec<_> = date.split(' ').collect();
    format!("{}-{:02}-{}", parts[3], MONTHS.find(parts[2]).unwrap() / 3 + 1, parts[1])
}

#[test]
fn a_cached_answer_grows_old() {
    let backend = counting();
    let integration = proxy(&format!("{}/x", backend.url()), "GET", &[]);
    let ttl = setting("/a", "GET", json!({"CachingEnabled": true, "CacheTtlInSeconds": 3600}));
    let api = Api::new().method("GET /a", integration, json!({})).cached(&[ttl]);
    let served = Served::start_with(&api, "", &["--test-clock", "--shards", "2"]);
    // Enough connections that both shards have it.
    let is = |wanted: &str| {
        for _ in 0..20 {
            assert_eq!(served.get("/s/a", "").text(), wanted);
        }
    };
    is("1");
    advance(&served, 3_500);
    is("1");
    advance(&served, 101);
    is("2");
}

#[test]
fn what_is_in_flight_or_idle_is_not_disturbed() {
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let backend = Backend::start(move |_| {
        let _ = wait.lock().unwrap().recv_timeout(PATIENCE);
        Answer::ok("text/plain", b"late")
    });
    let integration = proxy(&format!("{}/x", backend.url()), "GET", &[]);
    let rate =
        setting("/m", "GET", json!({"ThrottlingRateLimit": 0.01, "ThrottlingBurstLimit": 1}));
    let api = Api::new()
        .method("GET /a", integration, json!({}))
        .method("GET /m", mock("x"), ok_response())
        .stage(json!({"MethodSettings": [rate]}));
    let served = Served::start_with(&api, "", CLOCK);
    let (mut flying, mut idle) = (served.client(), served.client());
    flying.send(&request("GET", "/s/a", ""));
    backend.wait_requests(1);
    idle.send(&request("GET", "/s/m", ""));
    assert_eq!(idle.response().status, 200);
    advance(&served, 400 * DAY_S);
    // A rate goes by its own clock: its token would take 100 seconds.
    idle.send(&request("GET", "/s/m", ""));
    assert_eq!(idle.response().status, 429);
    go.send(()).unwrap();
    assert_eq!(flying.response().text(), "late");
}

#[test]
fn the_clock_is_moved_only_where_that_was_asked_for() {
    let api = Api::new().method("GET /clock", mock("x"), ok_response());
    let refused = Served::start(&api);
    for verb in ["GET", "POST"] {
        let response = refused.ops(verb, "/clock?advance_seconds=1");
        assert_eq!(response.status, 404);
        assert!(response.text().contains("--test-clock"), "{response:?}");
    }
    let served = Served::start_with(&api, "[ops]\ntest_clock = true\n", &[]);
    served.gateway.wait_for_stderr("Test clock", 1);
    // The data plane has no such path; this one is the API's own.
    assert_eq!(served.ask("POST", "/clock?advance_seconds=9", "").status, 403);
    assert_eq!(served.ask("POST", "/s/clock?advance_seconds=9", "").status, 403);
    assert!(served.ops("GET", "/clock").text().contains("\"advanced_ms\":0"));
    for (verb, query, status, text) in [
        ("POST", "", 400, "whole number"),
        ("POST", "?advance_seconds=-1", 400, "whole number"),
        ("POST", "?advance_seconds=1.5", 400, "whole number"),
        ("POST", "?advance_seconds=34560001", 400, "34560000"),
        ("DELETE", "", 405, "use GET or POST"),
    ] {
        let response = served.ops(verb, &format!("/clock{query}"));
        assert_eq!(response.status, status, "{verb} {query}");
        assert!(response.text().contains(text), "{response:?}");
    }
    for _ in 0..91 {
        advance(&served, 400 * DAY_S);
    }
    let response = served.ops("POST", "/clock?advance_seconds=34560000");
    assert_eq!((response.status, response.text().contains("restart")), (409, true), "{response:?}");
    assert_eq!(served.get("/s/clock", "").status, 200);
}
