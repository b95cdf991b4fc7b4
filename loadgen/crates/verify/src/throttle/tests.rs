use super::*;
use crate::simulated::settings;
use crate::testing::api;

fn offer(rate_rps: f64, burst: u64) -> Result<Offer, String> {
    Offer::of(&Limit { rate_rps, burst }, &settings())
}

#[test]
fn twice_the_rate_and_the_burst_are_offered() {
    let Offer { rate_rps, lasts } = offer(100.0, 20).unwrap();
    assert_eq!(lasts, Duration::from_secs(3));
    assert!((rate_rps - 206.7).abs() < 0.1, "{rate_rps}");
}

#[test]
fn a_slow_rate_is_watched_for_longer() {
    let Offer { rate_rps, lasts } = offer(0.5, 2).unwrap();
    assert_eq!(lasts, Duration::from_secs(8), "until four tokens came");
    assert_eq!(rate_rps, OFFERED_RPS_MIN);
    assert!(offer(0.01, 2).unwrap_err().contains("--duration"));
}

#[test]
fn bounds_name_the_option_that_moves_them() {
    assert!(offer(10_000.0, 5_000).unwrap_err().contains("--rate-max"));
    assert!(offer(2_499.0, 50_000).unwrap_err().contains("--duration"));
    let few = Settings { count_max: 100, ..settings() };
    let refused = Offer::of(&Limit { rate_rps: 100.0, burst: 20 }, &few);
    assert!(refused.unwrap_err().contains("--count-max"));
}

#[test]
fn what_admits_nothing_is_tried_all_the_same() {
    assert_eq!(offer(0.0, 0).unwrap().rate_rps, OFFERED_RPS_MIN);
}

#[test]
fn limits_of_the_same_size_are_looked_at_together() {
    let plan = |rate: u32| {
        format!(
            "  Key: {{Type: AWS::ApiGateway::ApiKey, Properties: {{Name: k, Enabled: true, Value: \
             twenty-characters-key}}}}\n  Plan: {{Type: AWS::ApiGateway::UsagePlan, DependsOn: S, Properties: \
             {{UsagePlanName: P, ApiStages: [{{ApiId: !Ref Api, Stage: s}}], Throttle: {{RateLimit: {rate}, \
             BurstLimit: 10}}}}}}\n  Member: {{Type: AWS::ApiGateway::UsagePlanKey, Properties: {{KeyId: !Ref Key, \
             KeyType: API_KEY, UsagePlanId: !Ref Plan}}}}\n"
        )
    };
    let method = ("GET /a", "ApiKeyRequired: true,", "Type: MOCK");
    let stage = "MethodSettings: [{ResourcePath: /*, HttpMethod: \"*\", ThrottlingRateLimit: 20, \
                 ThrottlingBurstLimit: 10}]";
    let seen = |rate: u32| {
        let (definitions, settings) = (api(&[method], stage, &plan(rate)), settings());
        let session = Session::new(&definitions, &settings);
        let seen = |promise: &Promise<'_>| {
            let offer = Offer::of(&promise.layer.limit, session.settings);
            (promise.layer.scope, chosen(promise, &offer).is_ok())
        };
        promises(&session).iter().map(seen).collect::<Vec<_>>()
    };
    assert_eq!(seen(20), [(Scope::Plan, true), (Scope::Stage, true)]);
    assert_eq!(seen(21), [(Scope::Plan, true), (Scope::Stage, true)]);
    assert_eq!(seen(40), [(Scope::Plan, false), (Scope::Stage, true)]);
    assert_eq!(seen(10), [(Scope::Plan, true), (Scope::Stage, false)]);
}
