//! Set-ups that break one promise each: a gateway with another definition, or a faulty proxy before a right one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::support::{Gateway, Proxy, Step, Verify, answer_json, limits_with};

#[test]
fn a_doubled_rate_is_found() {
    let gateway =
        Gateway::serving("limits.yaml", &limits_with("RateLimit: 20\n", "RateLimit: 40\n"));
    let verified = Verify::limits(gateway.address())
        .origin(gateway.origin())
        .args(&["--only", "throttle", "--duration", "2s"])
        .run();
    verified.assert_failed(&["throttle/plan/Demo"], &["throttle/"]);
}

#[test]
fn a_burst_off_by_one_is_found() {
    for burst in ["9", "11"] {
        let changed = limits_with("BurstLimit: 10\n", &format!("BurstLimit: {burst}\n"));
        let gateway = Gateway::serving("limits.yaml", &changed);
        let verified = Verify::limits(gateway.address())
            .origin(gateway.origin())
            .args(&["--only", "burst"])
            .run();
        verified.assert_failed(&["burst/plan/Demo"], &["burst/"]);
    }
}

#[test]
fn a_limit_for_each_shard_instead_of_all_is_found() {
    // Each of two gateways holds the whole limit, and connections go to them in turn.
    let gateways = [Gateway::limits(), Gateway::limits()];
    let addresses = [gateways[0].address(), gateways[1].address()];
    let balancer = Proxy::start(move |_, _, connection| {
        Step::To(addresses[connection as usize % addresses.len()])
    });
    let verified = Verify::limits(balancer.address())
        .args(&["--only", "throttle/plan/Demo", "--only", "errors", "--duration", "2s"])
        .run();
    verified.assert_failed(&["throttle/plan/Demo"], &["errors/"]);
}

#[test]
fn a_cache_key_that_misses_a_parameter_is_found() {
    let key = "          - method.request.path.day\n          - method.request.querystring.lang\n";
    let gateway =
        Gateway::serving("limits.yaml", &limits_with(key, "          - method.request.path.day\n"));
    let verified = Verify::limits(gateway.address())
        .origin(gateway.origin())
        .ops(gateway.ops())
        .args(&["--only", "cache"])
        .run();
    verified.assert_failed(
        &["cache/key/limits/prod/GET /menu/{day}/querystring.lang"],
        &[
            "cache/hit/",
            "cache/key/limits/prod/GET /menu/{day}/path.day",
            "cache/ttl/",
            "cache/flush/",
        ],
    );
}

#[test]
fn a_cache_without_any_key_is_found() {
    let key = "        CacheKeyParameters:\n          - method.request.path.day\n          - \
               method.request.querystring.lang\n";
    let gateway = Gateway::serving("limits.yaml", &limits_with(key, ""));
    let verified = Verify::limits(gateway.address())
        .origin(gateway.origin())
        .ops(gateway.ops())
        .args(&["--only", "cache"])
        .run();
    verified.assert_failed(
        &[
            "cache/key/limits/prod/GET /menu/{day}/path.day",
            "cache/key/limits/prod/GET /menu/{day}/querystring.lang",
        ],
        &["cache/hit/", "cache/flush/"],
    );
}

#[test]
fn a_quota_that_begins_anew_is_found() {
    // Half way through the quota a fresh gateway takes over, as after a restart that forgot the counts.
    let gateways = [Gateway::limits(), Gateway::limits()];
    let [before, after] = [gateways[0].address(), gateways[1].address()];
    let proxy =
        Proxy::start(move |_, number, _| Step::To(if number < 25 { before } else { after }));
    let verified = Verify::limits(proxy.address()).args(&["--only", "quota"]).run();
    verified.assert_failed(&["quota/"], &[]);
}

#[test]
fn stale_answers_after_a_flush_are_found() {
    let gateway = Gateway::limits();
    let ops = gateway.ops();
    let flushed = Arc::new(AtomicU64::new(0));
    let count = flushed.clone();
    // Says that it flushed, and does not.
    let proxy = Proxy::start(move |head, _, _| match head.starts_with("DELETE ") {
        true => {
            count.fetch_add(1, Ordering::SeqCst);
            Step::Answer(answer_json(202, "", ""))
        }
        false => Step::To(ops),
    });
    let verified = Verify::limits(gateway.address())
        .origin(gateway.origin())
        .ops(proxy.address())
        .args(&["--only", "cache"])
        .run();
    verified.assert_failed(
        &["cache/flush/"],
        &["cache/hit/", "cache/key/", "cache/ttl/", "cache/invalidation/"],
    );
    assert!(flushed.load(Ordering::SeqCst) > 0);
}

#[test]
fn a_slow_p99_is_found() {
    let gateway = Gateway::limits();
    let address = gateway.address();
    // One request in 33 takes a second and a half longer.
    let proxy = Proxy::start(move |_, number, _| match number % 33 {
        32 => Step::Late(Duration::from_millis(1_500), address),
        _ => Step::To(address),
    });
    let verify = || {
        Verify::limits(proxy.address())
            .origin(gateway.origin())
            .expect(
                "slo: [p50<100ms for GET /release, p99<250ms for GET /release]\nslo_rate: 250\n",
            )
            .args(&["--only", "slo", "--duration", "2s", "--connections", "64"])
            .run()
    };
    let mut verified = verify();
    // Where this machine itself was too late, nothing is said; it is not always.
    for _ in 0..3 {
        if verified.ids("not_checked").is_empty() {
            break;
        }
        verified = verify();
    }
    verified.assert_failed(&["slo/p99"], &["slo/p50"]);
}

#[test]
fn a_wrong_canary_split_is_found() {
    // Twice the share, and half of it.
    let twice = limits_with("PercentTraffic: 10\n", "PercentTraffic: 20\n");
    let gateway = Gateway::serving("limits.yaml", &twice);
    let only = ["--only", "canary", "--only", "errors"];
    Verify::limits(gateway.address())
        .args(&only)
        .run()
        .assert_failed(&["canary/limits/preview"], &["errors/"]);
    let gateway = Gateway::limits();
    let verified = Verify::text(&twice, gateway.address()).args(&only).run();
    verified.assert_failed(&["canary/limits/preview"], &["errors/"]);
}
