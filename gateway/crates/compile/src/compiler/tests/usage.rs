mod identity;
mod naive;
mod problems;
mod quotas;

use std::cell::RefCell;

use gateway_model::{
    ApiKey, ApiKeyId, ApiStage, ImportedKey, ImportedKeys, QuotaPeriod, QuotaSettings,
    ThrottleSettings, UsagePlan, UsagePlanId, UsagePlanKey,
};
use gateway_throttle::{Period, UsageRecord};

use super::throttles::{of, two_methods};
use super::*;
use crate::surroundings::Records;
use crate::usage::{Admission, Member, UsagePlans};

const NOW_S: u64 = 1_700_000_000;

/// The value of the key of this id: 40 characters.
fn value(id: &str) -> String {
    format!("{id:v<40}")
}

fn api_key(id: &str) -> ApiKey {
    ApiKey {
        id: ApiKeyId::new(id),
        name: format!("name of {id}"),
        value: Some(value(id)),
        enabled: true,
        description: None,
        customer_id: None,
        generate_distinct_id: false,
        stage_keys: Vec::new(),
        tags: BTreeMap::new(),
        place: Place::nowhere(),
    }
}

fn usage_plan(id: &str, stages: &[&str]) -> UsagePlan {
    UsagePlan {
        id: UsagePlanId::new(id),
        name: format!("name of {id}"),
        description: None,
        api_stages: stages.iter().map(|stage| api_stage(stage, &[])).collect(),
        quota: None,
        throttle: None,
        tags: BTreeMap::new(),
        place: Place::nowhere(),
    }
}

fn api_stage(stage: &str, throttle: &[(&str, f64)]) -> ApiStage {
    ApiStage {
        rest_api_id: RestApiId::new("abc"),
        stage: StageName::parse(stage).expect("a stage name"),
        throttle: throttle.iter().map(|(key, rate)| ((*key).to_owned(), rate_of(*rate))).collect(),
        place: Place::nowhere(),
    }
}

fn rate_of(rate: f64) -> ThrottleSettings {
    ThrottleSettings { burst_limit: Some(10), rate_limit: Some(rate) }
}

fn quota(limit: i64, offset: i64, period: QuotaPeriod) -> Option<QuotaSettings> {
    Some(QuotaSettings { limit: Some(limit), offset: Some(offset), period: Some(period) })
}

fn membership(key: &str, plan: &str) -> UsagePlanKey {
    UsagePlanKey {
        key_id: ApiKeyId::new(key),
        usage_plan_id: UsagePlanId::new(plan),
        place: Place::nowhere(),
    }
}

/// API `abc` with stages `dev` and `prod`; key `k1` is in plan `gold` (dev), `k2` in no plan.
fn with_plan(change: impl FnOnce(&mut UsagePlan)) -> Definitions {
    let mut definitions = two_methods([]);
    add_stage(&mut definitions.apis[0], "prod");
    definitions.api_keys = vec![api_key("k1"), api_key("k2")];
    let mut plan = usage_plan("gold", &["dev"]);
    change(&mut plan);
    definitions.usage_plans = vec![plan];
    definitions.usage_plan_keys = vec![membership("k1", "gold")];
    definitions
}

/// Keys of a file `keys.csv`: id and plans of each, from line 2.
fn imported(rows: &[(&str, &[&str])]) -> Arc<ImportedKeys> {
    let mut keys = ImportedKeys::default();
    let file = keys.add_file("keys.csv").expect("it fits");
    for (at, (id, plans)) in rows.iter().enumerate() {
        let plans: Vec<u16> =
            plans.iter().map(|plan| keys.add_plan(plan).expect("it fits")).collect();
        let (value, line) = (value(id), at as u32 + 2);
        let row =
            ImportedKey { id, name: "", value: &value, enabled: true, plans: &plans, file, line };
        keys.push(row).expect("it fits");
    }
    Arc::new(keys)
}

#[track_caller]
fn served(
    definitions: &Definitions,
    surroundings: Surroundings<'_>,
    previous: Option<&Snapshot>,
) -> Snapshot {
    let compiled = compile_with(definitions, &CompileOptions::default(), surroundings, previous);
    compiled.snapshot.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

fn now(records: &dyn Records) -> Surroundings<'_> {
    Surroundings { unix_s: NOW_S, records, ..Surroundings::default() }
}

#[track_caller]
fn member<'u>(usage: &'u UsagePlans, plan: &str, key: &str) -> &'u Arc<Member> {
    usage.member(plan, key).expect("a member").2
}

const DEV: StageIndex = StageIndex(0);
const PROD: StageIndex = StageIndex(1);

#[test]
fn a_key_is_admitted_where_a_plan_of_its_own_opens_the_stage() {
    let snapshot = served(&with_plan(|_| {}), now(&()), None);
    let usage = &snapshot.usage;
    match usage.admit(value("k1").as_bytes(), DEV) {
        Admission::Member { key, plan, stage, member, index } => {
            assert_eq!((usage.keys.id(key), usage.keys.is_enabled(key)), ("k1", true));
            assert_eq!((&*plan.id, &*plan.name), ("gold", "name of gold"));
            assert_eq!((stage.stage, index), (DEV, 0));
            assert!(member.throttle.is_none() && member.methods.is_empty());
        }
        other => panic!("{other:?}"),
    }
    for (id, stage) in [("k1", PROD), ("k2", DEV)] {
        let admission = usage.admit(value(id).as_bytes(), stage);
        assert!(matches!(admission, Admission::Known(key) if usage.keys.id(key) == id));
    }
    for unknown in [&b""[..], b"k1", value("k3").as_bytes()] {
        assert!(matches!(usage.admit(unknown, DEV), Admission::Unknown));
    }
}

#[test]
fn a_disabled_key_is_known_and_its_plan_is_told() {
    let mut definitions = with_plan(|_| {});
    definitions.api_keys[0].enabled = false;
    let snapshot = served(&definitions, now(&()), None);
    let admission = snapshot.usage.admit(value("k1").as_bytes(), DEV);
    let Admission::Member { key, .. } = admission else { panic!("{admission:?}") };
    assert!(!snapshot.usage.keys.is_enabled(key));
}

#[test]
fn overrides_are_found_by_method() {
    let definitions = with_plan(|plan| {
        plan.throttle = Some(rate_of(100.0));
        plan.api_stages = vec![
            api_stage("prod", &[("/~1pets~1{id}/POST", 3.0)]),
            api_stage("dev", &[("/pets/{id}/GET", 1.0), ("/pets/{id}/POST", 2.0)]),
        ];
    });
    let snapshot = served(&definitions, now(&()), None);
    let plan = &snapshot.usage.plans[0];
    let member = member(&snapshot.usage, "gold", "k1");
    assert_eq!(member.methods.len(), 3);
    let rate = |stage: StageIndex, verb| {
        let method = of(snapshot.stage(stage), verb).index;
        let at = plan.stage(stage).expect("the plan opens it").method(method)?;
        assert!(Arc::ptr_eq(&plan.methods[at], &member.methods[at].limit));
        Some(plan.methods[at].settings().rate_rps)
    };
    assert_eq!(rate(DEV, HttpMethod::Get), Some(1.0));
    assert_eq!(rate(DEV, HttpMethod::Post), Some(2.0));
    assert_eq!(rate(PROD, HttpMethod::Get), None);
    assert_eq!(rate(PROD, HttpMethod::Post), Some(3.0));
    let throttle = member.throttle.as_ref().expect("a throttle");
    assert_eq!(throttle.limit.settings().rate_rps, 100.0);
}

#[test]
fn imported_keys_join_plans_by_id_or_by_name() {
    let mut definitions = with_plan(|_| {});
    definitions.usage_plan_keys.push(membership("i3", "gold"));
    let keys = imported(&[("i1", &["gold"]), ("i2", &["name of gold"]), ("i3", &[])]);
    let surroundings = Surroundings { imported: Some(&keys), ..now(&()) };
    let snapshot = served(&definitions, surroundings, None);
    for (at, id) in ["k1", "i1", "i2", "i3"].into_iter().enumerate() {
        let admission = snapshot.usage.admit(value(id).as_bytes(), DEV);
        let Admission::Member { key, index, .. } = admission else { panic!("{id}: {admission:?}") };
        assert_eq!((snapshot.usage.keys.id(key), index as usize), (id, at));
        let (named, plan, _) = snapshot.usage.membership(index).expect("it is there");
        assert_eq!((named, &*plan.id), (key, "gold"));
    }
    assert!(snapshot.usage.membership(4).is_none());
    assert_eq!(snapshot.usage.memberships.len(), 4);
}

#[test]
fn a_key_without_a_value_gets_one_and_keeps_it() {
    struct Makes(RefCell<u32>);
    impl Records for Makes {
        fn key_value(&self, key_id: &str) -> Option<String> {
            *self.0.borrow_mut() += 1;
            Some(format!("made-{key_id}-{:020}", self.0.borrow()))
        }
    }
    let mut definitions = with_plan(|_| {});
    definitions.api_keys[0].value = None;
    let compiled = compile(&definitions, &CompileOptions::default(), None);
    let said: Vec<_> = compiled.diagnostics.iter().map(|said| said.text.as_str()).collect();
    assert_eq!(said, ["API key k1 has no Value, and none is made here"]);
    assert!(compiled.snapshot.expect("a warning is no error").usage.memberships.is_empty());

    let makes = Makes(RefCell::new(0));
    let first = served(&definitions, now(&makes), None);
    let made = b"made-k1-00000000000000000001";
    assert!(matches!(first.usage.admit(made, DEV), Admission::Member { .. }));
    definitions.api_keys.push(api_key("k3"));
    let second = served(&definitions, now(&makes), Some(&first));
    let third = served(&definitions, now(&makes), Some(&second));
    assert!(matches!(third.usage.admit(made, DEV), Admission::Member { .. }));
    assert_eq!(*makes.0.borrow(), 1, "asked once");
    let generated: Vec<_> = third.usage.generated_keys().collect();
    assert_eq!(generated, [("k1", "made-k1-00000000000000000001")]);
    assert!(!format!("{:?}", third.usage).contains("made-"), "no debug text has a value");
}
