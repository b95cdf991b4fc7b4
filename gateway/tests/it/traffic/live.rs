//! Keys, plans and limits changed while they are in use.

use serde_json::{Value, json};

use super::api::{Api, Served, key_header, key_value, mock, ok_response, setting};

fn guarded() -> Api {
    let mut required = ok_response();
    required["ApiKeyRequired"] = json!(true);
    Api::new().method("GET /a", mock("a"), required).method(
        "GET /open",
        mock("open"),
        ok_response(),
    )
}

fn burst(burst: u64) -> Value {
    json!({"Throttle": {"RateLimit": 0.001, "BurstLimit": burst}})
}

fn quota(limit: u64) -> Value {
    json!({"Quota": {"Limit": limit, "Period": "MONTH"}})
}

/// How many requests with this key are admitted before the first that is not.
fn admitted(served: &Served, path: &str, key: &str) -> usize {
    (0..100).take_while(|_| served.get(path, &key_header(key)).status == 200).count()
}

#[track_caller]
fn take(served: &Served, path: &str, key: &str, count: usize) {
    for _ in 0..count {
        assert_eq!(served.get(path, &key_header(key)).status, 200);
    }
}

#[test]
fn a_changed_burst_keeps_the_tokens() {
    let api = |count| guarded().key("One", true, burst(count));
    let served = Served::on_shards(&api(5));
    take(&served, "/s/a", "One", 2);
    served.reload(&api(10));
    assert_eq!(admitted(&served, "/s/a", "One"), 3, "those that were left");
    served.reload(&api(2));
    assert_eq!(admitted(&served, "/s/a", "One"), 0, "nothing comes of a change");
    let other = guarded().key("One", true, burst(2)).key("Two", true, burst(6));
    served.reload(&other);
    assert_eq!(admitted(&served, "/s/a", "One"), 0);
    take(&served, "/s/a", "Two", 1);
    served.reload(&guarded().key("One", true, burst(2)).key("Two", true, burst(3)));
    assert_eq!(admitted(&served, "/s/a", "Two"), 3, "capped by the new burst");
}

#[test]
fn a_changed_rate_holds_at_once() {
    let api = |rate: f64| {
        let settings = [setting(
            "/open",
            "GET",
            json!({"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": 3}),
        )];
        guarded().stage(json!({"MethodSettings": settings}))
    };
    let served = Served::on_shards(&api(0.001));
    assert_eq!(admitted(&served, "/s/open", "x"), 3);
    served.reload(&api(1_000_000.0));
    // At a token a microsecond the next one is there.
    take(&served, "/s/open", "x", 50);
    served.reload(&api(0.001));
    assert!(admitted(&served, "/s/open", "x") <= 3);
    // Often enough to come round in the versions that a limit keeps.
    for round in 1..=40 {
        served.reload(&api(f64::from(round) / 1e6));
    }
    assert_eq!(admitted(&served, "/s/open", "x"), 0);
}

#[test]
fn keys_and_plans_come_and_go() {
    let served = Served::on_shards(&guarded());
    let status = |key: &str| served.get("/s/a", &key_header(key)).status;
    assert_eq!(status("One"), 403);
    let one = |is_enabled| guarded().key("One", is_enabled, json!({}));
    for (api, expected) in [
        (one(true), 200),
        (one(false), 403),
        (one(true), 200),
        (one(true).without("OneLink"), 403),
        (one(true), 200),
        (one(true).without("OneLink").without("OnePlan"), 403),
        (guarded().key("Two", true, json!({})), 403),
        (one(true).key("Two", true, json!({})), 200),
    ] {
        served.reload(&api);
        assert_eq!(status("One"), expected, "{}", api.text());
    }
    assert_eq!(status("Two"), 200);
}

#[test]
fn limits_stay_with_their_stage_and_method_when_others_come_before_them() {
    let of_method = |stage: &str, verb: &str| {
        json!({"ApiStages": [{"ApiId": {"Ref": "Api"}, "Stage": stage, "Throttle": {
            verb: {"RateLimit": 0.001, "BurstLimit": 2},
        }}]})
    };
    let settings =
        [setting("/open", "GET", json!({"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 2}))];
    let api = guarded().stage(json!({"MethodSettings": settings})).key(
        "One",
        true,
        of_method("s", "/a/GET"),
    );
    let served = Served::on_shards(&api);
    let get = |stage: &str, path: &str, key: &str| {
        let path = format!("/restapis/api/{stage}/_user_request_/{path}");
        served.get(&path, &key_header(key)).status
    };
    assert_eq!((get("s", "a", "One"), get("s", "open", "x")), (200, 200));
    // Another stage and other methods take the first places; the plan itself is the same.
    let first = json!({
        "RestApiId": {"Ref": "Api"}, "DeploymentId": {"Ref": "Deployment"}, "StageName": "a",
    });
    let more = api
        .resource("FirstStage", "AWS::ApiGateway::Stage", first)
        .method("GET /Before", mock("before"), ok_response())
        .method("DELETE /a", mock("a"), ok_response());
    served.reload(&more);
    assert_eq!(get("a", "a", "One"), 403, "a stage that no plan opens");
    assert_eq!((get("s", "a", "One"), get("s", "open", "x")), (200, 200), "the second token");
    for _ in 0..3 {
        assert_eq!((get("s", "a", "One"), get("s", "open", "x")), (429, 429));
        assert_eq!((get("s", "Before", "One"), get("a", "open", "x")), (200, 200));
    }
    served.reload(&more.key("Two", true, of_method("a", "/a/GET")));
    assert_eq!((get("a", "a", "Two"), get("s", "a", "Two")), (200, 403));
    assert_eq!((get("a", "a", "One"), get("s", "a", "One")), (403, 429));
}

#[test]
fn quotas_count_on_over_reloads() {
    let api = |plan: Value| guarded().key("One", true, plan);
    let served = Served::on_shards(&api(quota(5)));
    take(&served, "/s/a", "One", 3);
    served.reload(&api(quota(5)).method("GET /more", mock("x"), ok_response()));
    assert_eq!(admitted(&served, "/s/a", "One"), 2);
    served.reload(&api(quota(9)));
    assert_eq!(admitted(&served, "/s/a", "One"), 4, "a raised limit");
    served.reload(&api(quota(4)));
    assert_eq!(admitted(&served, "/s/a", "One"), 0);
    served.reload(&api(json!({})));
    take(&served, "/s/a", "One", 20);
    served.reload(&api(quota(4)));
    assert_eq!(admitted(&served, "/s/a", "One"), 4, "what was used before it was set is free");
    served.reload(&guarded().key("One", false, quota(6)));
    assert_eq!(served.get("/s/a", &key_header("One")).status, 403);
    served.reload(&api(quota(6)));
    assert_eq!(admitted(&served, "/s/a", "One"), 2, "disabled for a while, and not forgotten");
}

#[test]
fn a_definition_with_an_error_changes_no_limit() {
    let plan = |count, limit| {
        let mut plan = burst(count);
        plan["Quota"] = quota(limit)["Quota"].clone();
        plan
    };
    let served = Served::on_shards(&guarded().key("One", true, plan(4, 100)));
    take(&served, "/s/a", "One", 1);
    let wrong = guarded()
        .key("One", false, plan(50, 1))
        .stage(json!({"CacheClusterEnabled": true, "CacheClusterSize": "7"}));
    for _ in 0..3 {
        served.reload_as(&wrong, "Not reloaded");
    }
    assert_eq!(admitted(&served, "/s/a", "One"), 3);
    assert!(served.gateway.stderr().contains("CacheClusterSize"));
}

#[test]
fn a_changed_key_file_is_taken_up() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("keys.csv");
    let write = |rows: &[&str]| {
        let head = ["name,key,description,enabled,usageplanIds"];
        let beside = path.with_extension("next");
        std::fs::write(&beside, [&head[..], rows].concat().join("\n")).unwrap();
        std::fs::rename(&beside, &path).unwrap();
    };
    let row = |name: &str, enabled: &str, plan: &str| {
        format!("{name},{},,{enabled},{plan}", key_value(name))
    };
    write(&[&row("One", "TRUE", "files"), &row("Off", "false", "files"), &row("Free", "true", "")]);
    let plan = json!({
        "UsagePlanName": "files", "Throttle": burst(4)["Throttle"],
        "ApiStages": [{"ApiId": {"Ref": "Api"}, "Stage": "s"}],
    });
    let api = guarded().resource("Plan", "AWS::ApiGateway::UsagePlan", plan);
    let file = path.display().to_string();
    let served = Served::start_with(&api, "", &["--api-keys", &file, "--shards", "4"]);
    let status = |key: &str| served.get("/s/a", &key_header(key)).status;
    assert_eq!(["One", "Off", "Free", "New"].map(status), [200, 403, 403, 403]);
    write(&[
        &row("One", "TRUE", "files"),
        &row("Off", "", "files"),
        &row("New", "TRUE", "'files'"),
    ]);
    served.hang_up("Reloaded");
    assert_eq!(["One", "Off", "Free", "New"].map(status), [200, 200, 403, 200]);
    // A wrong row: nothing changes, and the secret is not in the log.
    write(&[&row("Off", "perhaps", "files")]);
    served.hang_up("Not reloaded");
    assert_eq!(["One", "Off", "New"].map(status), [200; 3]);
    let log = served.gateway.stderr();
    assert!(log.contains("keys.csv:2") && log.contains("neither TRUE nor FALSE"), "{log}");
    assert!(!log.contains(&key_value("Off")), "{log}");
    write(&[&row("One", "TRUE", "files")]);
    served.hang_up("Reloaded");
    assert_eq!(["Off", "New"].map(status), [403; 2]);
    assert_eq!(admitted(&served, "/s/a", "One"), 1, "its bucket was kept");
}

#[test]
fn a_watched_key_file_is_taken_up_by_itself() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("keys.csv");
    let row = |name: &str| format!("name,key,usageplanIds\n{name},{},files\n", key_value(name));
    std::fs::write(&path, row("One")).unwrap();
    let plan = json!({
        "UsagePlanName": "files", "ApiStages": [{"ApiId": {"Ref": "Api"}, "Stage": "s"}],
    });
    let api = guarded().resource("Plan", "AWS::ApiGateway::UsagePlan", plan);
    let file = path.display().to_string();
    let gateway = crate::support::Gateway::start(&api.text(), &["--api-keys", &file]);
    let status = |key: &str| {
        let mut client = crate::support::Client::connect(gateway.addr());
        client.send(&super::api::request("GET", "/s/a", &key_header(key)));
        client.response().status
    };
    assert_eq!((status("One"), status("Two")), (200, 403));
    std::fs::write(&path, row("Two")).unwrap();
    super::api::wait_until("the new key", || status("Two") == 200);
    assert_eq!(status("One"), 403);
}
