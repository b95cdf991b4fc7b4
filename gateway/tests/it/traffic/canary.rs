//! Canaries: an exact share, variables of their own, caches, promotion.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};

use super::api::{Api, Served, proxy, request};
use crate::support::{Answer, Backend};

/// `GET /a` at the host that a stage variable names; the stage's is `stage`, the canary's `canary`.
fn split(stage: &Backend, canary: &Backend, percent: f64, more: Value) -> Api {
    let mut setting = json!({
        "DeploymentId": {"Ref": "Next"}, "PercentTraffic": percent,
        "StageVariableOverrides": {"host": canary.addr().to_string()},
    });
    setting.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let variables = json!({"host": stage.addr().to_string(), "kept": "kept"});
    let mapped = [
        ("header.X-Kept", "stageVariables.kept"),
        ("header.X-Is-Canary", "context.isCanaryRequest"),
    ];
    Api::new()
        .method("GET /a", proxy("http://${stageVariables.host}/x", "GET", &mapped), json!({}))
        .stage(json!({"Variables": variables, "CanarySetting": setting}))
}

fn backends() -> (Backend, Backend) {
    let backend = |text: &[u8]| Backend::canned(Answer::ok("text/plain", text));
    (backend(b"stage"), backend(b"canary"))
}

/// Sends `count` requests over 20 connections; how many the canary answered.
fn canaries(served: &Served, count: usize) -> usize {
    const CONNECTIONS: usize = 20;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = served.client();
                    let is_canary = (0..count / CONNECTIONS).map(|_| {
                        client.send(&request("GET", "/s/a", ""));
                        let response = client.response();
                        assert_eq!(response.status, 200, "{response:?}");
                        usize::from(response.text() == "canary")
                    });
                    is_canary.sum::<usize>()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

#[test]
fn the_share_is_exact_over_a_thousand_requests() {
    let (stage, canary) = backends();
    let served = Served::on_shards(&split(&stage, &canary, 10.0, json!({})));
    assert_eq!(canaries(&served, 1_000), 100);
    assert_eq!(canaries(&served, 1_000), 100);
    // Other shares, live, each from the start of a thousand.
    for (percent, expected) in [(33.3, 333), (0.5, 5), (0.0, 0), (100.0, 1_000)] {
        served.reload(&split(&stage, &canary, percent, json!({})));
        assert_eq!(canaries(&served, 1_000), expected, "{percent}");
    }
    let last = canary.requests().pop().unwrap();
    assert_eq!(last.header("x-kept").as_deref(), Some("kept"), "not overridden");
    assert_eq!(last.header("x-is-canary").as_deref(), Some("true"));
    let last = stage.requests().pop().unwrap();
    assert_eq!(last.header("x-is-canary").as_deref(), Some("false"));
}

/// Texts of six requests, one after the other.
fn texts(served: &Served) -> Vec<String> {
    (0..6).map(|_| served.get("/s/a", "").text().to_owned()).collect()
}

/// A backend that numbers its answers, behind a word.
fn numbered(word: &'static str) -> Backend {
    let count = AtomicU64::new(0);
    Backend::start(move |_| {
        let count = count.fetch_add(1, Ordering::SeqCst) + 1;
        Answer::ok("text/plain", format!("{word} {count}").as_bytes())
    })
}

#[test]
fn canary_requests_are_cached_where_the_setting_says_so() {
    let (stage, canary) = (numbered("stage"), numbered("canary"));
    let cached =
        |percent, uses| split(&stage, &canary, percent, json!({"UseStageCache": uses})).cached(&[]);
    let served = Served::on_shards(&cached(100.0, false));
    let expected: Vec<String> = (1..=6).map(|count| format!("canary {count}")).collect();
    assert_eq!(texts(&served), expected, "not cached");
    served.reload(&cached(0.0, false));
    assert_eq!(texts(&served), ["stage 1"; 6], "the stage's own requests are");
    served.reload(&cached(100.0, true));
    assert_eq!(texts(&served), ["canary 7"; 6], "apart from the stage's");
    served.reload(&cached(0.0, true));
    assert_eq!(texts(&served), ["stage 1"; 6]);
    served.flush();
    assert_eq!(texts(&served), ["stage 2"; 6]);
    served.reload(&cached(100.0, true));
    assert_eq!(texts(&served), ["canary 8"; 6], "a flush is of the whole stage");
}

#[test]
fn the_same_deployment_shares_entries() {
    let (stage, canary) = (numbered("stage"), numbered("canary"));
    let same = |percent| {
        let more = json!({"UseStageCache": true, "DeploymentId": {"Ref": "Deployment"}});
        split(&stage, &canary, percent, more).cached(&[])
    };
    let served = Served::start(&same(0.0));
    assert_eq!(texts(&served), ["stage 1"; 6]);
    served.reload(&same(100.0));
    assert_eq!(texts(&served), ["stage 1"; 6]);
}

#[test]
fn the_log_tells_which_requests_were_the_canarys() {
    let (stage, canary) = backends();
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("access.log");
    let format = json!({"AccessLogSetting": {"Format": "$context.isCanaryRequest $context.stage"}});
    let api = |percent| split(&stage, &canary, percent, json!({})).stage(format.clone());
    let log = path.display().to_string();
    let served = Served::start_with(&api(100.0), "", &["--access-log", &log]);
    served.get("/s/a", "");
    served.reload(&api(0.0));
    served.get("/s/a", "");
    served.reload(&api(0.0).unset("CanarySetting"));
    served.get("/s/a", "");
    let stopped = served.gateway.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "true s\nfalse s\n- s\n");
}

#[test]
fn a_promotion_under_load_fails_no_request() {
    let (stage, canary) = backends();
    let before = split(&stage, &canary, 20.0, json!({})).cached(&[]);
    let served = Served::on_shards(&before.clone().stage(json!({"CacheClusterEnabled": false})));
    let is_over = AtomicBool::new(false);
    let answered = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut client = served.client();
                while !is_over.load(Ordering::SeqCst) {
                    client.send(&request("GET", "/s/a", ""));
                    let response = client.response();
                    if response.status != 200 {
                        is_over.store(true, Ordering::SeqCst);
                        panic!("{response:?}");
                    }
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let more = |what: &str| {
            let before = answered.load(Ordering::SeqCst);
            super::api::wait_until(what, || {
                is_over.load(Ordering::SeqCst) || answered.load(Ordering::SeqCst) > before + 200
            });
        };
        for _ in 0..3 {
            more("answers of both");
            served.reload(&split(&stage, &canary, 60.0, json!({})));
            more("answers of both, in another share");
            let promoted = split(&canary, &canary, 60.0, json!({})).deployment("Next");
            served.reload(&promoted.unset("CanarySetting"));
            let calls = stage.requests().len();
            more("answers of the promoted one");
            // One of each connection may have been under way.
            assert!(stage.requests().len() <= calls + 8);
            served.reload(&split(&stage, &canary, 20.0, json!({})));
        }
        is_over.store(true, Ordering::SeqCst);
    });
    assert!(answered.into_inner() > 1_500);
}
