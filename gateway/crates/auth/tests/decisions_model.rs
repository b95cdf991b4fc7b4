//! The cache of decisions against a plain model: a map, a clock, and a list of who waits for whom.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gateway_auth::decisions::{Decision, DecisionCache, Flight, Landing, Lead, Lookup, Refused};
use gateway_auth::policy::{Caller, ConditionKeys, KeyValue, Request, Verdict};
use proptest::prelude::*;

const TTL_US: u64 = 10;
const SHARD_COUNT: usize = 3;

struct NoKeys;

impl ConditionKeys for NoKeys {
    fn value(&self, _: &str) -> KeyValue<'_> {
        KeyValue::Absent
    }
}

/// A decision that allows only these methods, and that no other is equal to.
fn decision(number: u64, allowed: &[usize]) -> Arc<Decision> {
    let resources: Vec<String> = allowed.iter().map(|at| format!("\"{}\"", arn(*at))).collect();
    let resources = if resources.is_empty() { "\"none\"".to_owned() } else { resources.join(",") };
    let answer = format!(
        r#"{{"principalId":"{number}","policyDocument":{{"Version":"2012-10-17","Statement":[
            {{"Effect":"Allow","Action":"execute-api:Invoke","Resource":[{resources}]}}]}}}}"#
    );
    Arc::new(Decision::parse(answer.as_bytes()).expect("a decision"))
}

fn arn(method: usize) -> String {
    format!("arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/m{method}")
}

fn verdict(decision: &Decision, method: usize) -> Verdict {
    let resource: Cow<'_, str> = arn(method).into();
    decision.policy.evaluate(&Request {
        action: "execute-api:Invoke",
        resource: &resource,
        caller: Caller::Anonymous,
        keys: &NoKeys,
    })
}

#[derive(Debug, Clone)]
enum Step {
    /// A request of a shard with a key, on a method.
    Request {
        key: u8,
        shard: usize,
        method: usize,
    },
    /// One of the calls under way ends, with a decision that allows these methods.
    Decide {
        call: usize,
        allowed: Vec<usize>,
    },
    /// One of the calls under way fails.
    Fail {
        call: usize,
    },
    /// One of those who call is cut off.
    Vanish {
        call: usize,
    },
    Flush,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4_u8, 0..SHARD_COUNT, 0..3_usize)
            .prop_map(|(key, shard, method)| Step::Request { key, shard, method }),
        3 => (any::<usize>(), prop::collection::vec(0..3_usize, 0..3))
            .prop_map(|(call, allowed)| Step::Decide { call, allowed }),
        1 => any::<usize>().prop_map(|call| Step::Fail { call }),
        1 => any::<usize>().prop_map(|call| Step::Vanish { call }),
        1 => Just(Step::Flush),
        3 => (1..TTL_US).prop_map(Step::Pass),
    ]
}

/// A call under way, as the model knows it.
struct Call {
    lead: Lead,
    key: u8,
    /// Requests that wait for it, and the shards they are on.
    waiting: Vec<(Arc<Flight>, usize)>,
    /// No flush since it began: what it says may be kept.
    is_current: bool,
}

#[derive(Default)]
struct Model {
    kept: HashMap<u8, (Arc<Decision>, u64)>,
    calls: Vec<Call>,
}

impl Model {
    /// Ends a call; checks that exactly those who wait are to be woken, and what they are told.
    fn end(
        &mut self,
        at: usize,
        end: impl FnOnce(Lead) -> gateway_cache::Waiters,
        is_told: impl Fn(&Landing) -> bool,
    ) -> (u8, bool) {
        let call = self.calls.swap_remove(at);
        let flight_id = call.waiting.first().map(|(flight, _)| flight.id());
        let waiters = end(call.lead);
        let mut shards: Vec<usize> = call.waiting.iter().map(|(_, shard)| *shard).collect();
        shards.sort_unstable();
        shards.dedup();
        assert_eq!(waiters.shards().collect::<Vec<_>>(), shards);
        for (flight, _) in &call.waiting {
            assert_eq!(Some(flight.id()), flight_id);
            assert_eq!(flight.id(), waiters.flight_id());
            assert!(is_told(flight.landing().expect("it has ended")));
        }
        (call.key, call.is_current)
    }
}

fn run(steps: Vec<Step>) {
    let cache = Arc::new(DecisionCache::default());
    let mut model = Model::default();
    let mut now = 1_000;
    let mut number = 0;
    for step in steps {
        match step {
            Step::Request { key, shard, method } => {
                let kept = model.kept.get(&key).filter(|(_, expires)| now < *expires);
                let peeked = cache.peek(&[key], now);
                assert_eq!(peeked.map(|(d, left)| (d, now + left)), kept.cloned());
                let under_way =
                    model.calls.iter().position(|call| call.key == key && call.is_current);
                match cache.lookup(&[key], now, shard) {
                    Lookup::Hit(decision) => {
                        let (expected, _) = kept.expect("a hit is kept and has not expired");
                        assert!(Arc::ptr_eq(&decision, expected));
                        // The verdict is the method's own, whatever was asked before.
                        assert_eq!(verdict(&decision, method), verdict(expected, method));
                    }
                    Lookup::Wait(flight) => {
                        assert!(kept.is_none() && !flight.is_done());
                        let at = under_way.expect("who waits waits for a call");
                        model.calls[at].waiting.push((flight, shard));
                    }
                    Lookup::Lead(lead) => {
                        assert!(kept.is_none() && under_way.is_none(), "one call for a key");
                        model.calls.push(Call { lead, key, waiting: vec![], is_current: true });
                    }
                }
            }
            Step::Decide { call, allowed } if !model.calls.is_empty() => {
                number += 1;
                let said = decision(number, &allowed);
                for method in 0..3 {
                    let is_allowed = verdict(&said, method) == Verdict::Allow;
                    assert_eq!(is_allowed, allowed.contains(&method), "a policy names its methods");
                }
                let at = call % model.calls.len();
                let outcome = Ok(Arc::clone(&said));
                let (key, is_current) = model.end(
                    at,
                    |lead| lead.land(outcome, TTL_US, now),
                    |landing| matches!(landing, Landing::Decided(told) if Arc::ptr_eq(told, &said)),
                );
                if is_current {
                    model.kept.insert(key, (said, now + TTL_US));
                }
            }
            Step::Fail { call } if !model.calls.is_empty() => {
                let at = call % model.calls.len();
                model.end(
                    at,
                    |lead| lead.land(Err(Refused::Unauthorized), TTL_US, now),
                    |landing| matches!(landing, Landing::Refused(Refused::Unauthorized)),
                );
            }
            Step::Vanish { call } if !model.calls.is_empty() => {
                let at = call % model.calls.len();
                let is_told = |landing: &Landing| matches!(landing, Landing::LookAgain);
                model.end(at, Lead::abandon, is_told);
            }
            Step::Decide { .. } | Step::Fail { .. } | Step::Vanish { .. } => {}
            Step::Flush => {
                cache.flush();
                assert_eq!((cache.count(), cache.bytes()), (0, 0));
                model.kept.clear();
                model.calls.iter_mut().for_each(|call| call.is_current = false);
            }
            Step::Pass(us) => now += us,
        }
        let live = model.kept.values().filter(|(_, expires)| now < *expires).count();
        assert!(cache.count() >= live);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_cache_is_a_map_with_a_clock(steps in prop::collection::vec(step(), 0..60)) {
        run(steps);
    }
}

#[test]
fn a_cached_allow_for_one_method_never_allows_another() {
    let cache = Arc::new(DecisionCache::default());
    let Lookup::Lead(lead) = cache.lookup(b"token", 0, 0) else { panic!("nothing is kept") };
    assert!(lead.land(Ok(decision(1, &[1])), TTL_US, 0).is_empty());
    for (method, expected) in [
        (1, Verdict::Allow),
        (0, Verdict::ImplicitDeny),
        (2, Verdict::ImplicitDeny),
        (1, Verdict::Allow),
    ] {
        let Lookup::Hit(kept) = cache.lookup(b"token", 1, 0) else { panic!("it is kept") };
        assert_eq!(verdict(&kept, method), expected, "{method}");
    }
}

#[test]
fn keys_are_compared_whole() {
    let cache = Arc::new(DecisionCache::default());
    for number in 0..5_000_u32 {
        let Lookup::Lead(lead) = cache.lookup(&number.to_le_bytes(), 0, 0) else {
            panic!("{number} hits what another left");
        };
        let _ = lead.land(Ok(decision(number.into(), &[])), TTL_US, 0);
    }
    for number in 0..5_000_u32 {
        let Lookup::Hit(kept) = cache.lookup(&number.to_le_bytes(), 0, 0) else {
            panic!("{number} is gone");
        };
        assert_eq!(kept.principal_id, number.to_string());
    }
}

#[test]
fn what_is_kept_is_bounded_and_the_oldest_go() {
    use gateway_auth::limits::{DECISION_BYTES_MAX, DECISIONS_MAX};
    let cache = Arc::new(DecisionCache::default());
    let said = decision(1, &[]);
    let count = DECISIONS_MAX as u32 + 20_000;
    for number in 0..count {
        let Lookup::Lead(lead) = cache.lookup(&number.to_le_bytes(), 0, 0) else { panic!("new") };
        let _ = lead.land(Ok(Arc::clone(&said)), TTL_US, u64::from(number));
    }
    // All but the last have expired by then, and made room.
    assert!(cache.count() <= DECISIONS_MAX, "{}", cache.count());
    let cache = Arc::new(DecisionCache::default());
    let big = vec![b'x'; 16 * 1024];
    for number in 0..6_000_u32 {
        let key = [&number.to_le_bytes()[..], &big].concat();
        let Lookup::Lead(lead) = cache.lookup(&key, 0, 0) else { panic!("new") };
        let _ = lead.land(Ok(Arc::clone(&said)), TTL_US, 0);
    }
    assert!(cache.bytes() <= DECISION_BYTES_MAX && cache.bytes() > DECISION_BYTES_MAX / 2);
    let key = |number: u32| [&number.to_le_bytes()[..], &big].concat();
    assert!(cache.peek(&key(5_999), 0).is_some(), "the newest stays");
    assert!(cache.peek(&key(0), 0).is_none(), "the oldest goes");
}

#[test]
fn concurrent_misses_call_once_over_all_threads() {
    let cache = Arc::new(DecisionCache::default());
    let calls = AtomicU64::new(0);
    let shared = decision(1, &[0]);
    std::thread::scope(|scope| {
        for shard in 0..8 {
            let (cache, calls, shared) = (&cache, &calls, &shared);
            scope.spawn(move || {
                for round in 0..500_u64 {
                    let key = round.to_le_bytes();
                    match cache.lookup(&key, 0, shard) {
                        Lookup::Hit(_) => {}
                        Lookup::Lead(lead) => {
                            calls.fetch_add(1, Ordering::Relaxed);
                            let _ = lead.land(Ok(Arc::clone(shared)), 1, 0);
                        }
                        Lookup::Wait(flight) => {
                            while !flight.is_done() {
                                std::thread::yield_now();
                            }
                            let landing = flight.landing().expect("it has ended");
                            assert!(matches!(landing, Landing::Decided(_)));
                        }
                    }
                }
            });
        }
    });
    assert_eq!(calls.load(Ordering::Relaxed), 500);
}
