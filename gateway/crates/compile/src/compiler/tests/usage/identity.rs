use gateway_throttle::{Instant, Leases, Settings};

use super::*;

/// Plan `gold` of rate 1 with an override of `GET` on dev.
fn limited() -> Definitions {
    with_plan(|plan| {
        plan.throttle = Some(rate_of(1.0));
        plan.api_stages =
            vec![api_stage("dev", &[("/pets/{id}/GET", 2.0)]), api_stage("prod", &[])];
    })
}

fn settings(rate_rps: f64) -> Settings {
    Settings { rate_rps, burst: 10 }
}

#[test]
fn changed_limits_keep_everything_until_they_are_activated() {
    let first = served(&limited(), now(&()), None);
    let mut changed = limited();
    changed.usage_plans[0].throttle = Some(rate_of(100.0));
    changed.usage_plans[0].api_stages[0] = api_stage("dev", &[("/pets/{id}/GET", 200.0)]);
    let second = served(&changed, now(&()), Some(&first));
    let [old, new] = [&first.usage, &second.usage];
    assert!(Arc::ptr_eq(&old.keys, &new.keys));
    assert!(Arc::ptr_eq(&old.memberships, &new.memberships), "a limit is no shape");
    assert!(Arc::ptr_eq(&old.dirty, &new.dirty));
    let [throttle, method] = {
        let member = member(new, "gold", "k1");
        [member.throttle.clone().expect("one"), member.methods[0].clone()]
    };
    assert!(Arc::ptr_eq(&throttle.limit, new.plans[0].throttle.as_ref().expect("a limit")));
    assert!(Arc::ptr_eq(&method.limit, &new.plans[0].methods[0]));
    assert_eq!(
        (throttle.limit.settings(), method.limit.settings()),
        (settings(1.0), settings(2.0))
    );

    let at = Instant(5_000_000_000);
    let mut leases = Leases::new(1);
    let mut take = |throttle| leases.take(&[throttle], at).is_ok();
    assert_eq!((0..20).filter(|_| take(&throttle)).count(), 10);
    second.activate(at);
    assert_eq!(
        (throttle.limit.settings(), method.limit.settings()),
        (settings(100.0), settings(200.0))
    );
    assert!(!take(&throttle), "no new tokens at that instant");
    // Sixteen more changes: each bucket is settled each time.
    let mut before = second;
    for rate in 1..=16 {
        changed.usage_plans[0].throttle = Some(rate_of(f64::from(rate)));
        before = served(&changed, now(&()), Some(&before));
        before.activate(at);
    }
    assert!(!take(&throttle), "nor after many changes");
    assert_eq!(throttle.limit.settings(), settings(16.0));
}

#[test]
fn other_plans_keys_and_stages_leave_a_member_alone() {
    let first = served(&limited(), now(&()), None);
    let mut definitions = limited();
    add_stage(&mut definitions.apis[0], "alpha");
    definitions.api_keys.insert(0, api_key("a0"));
    definitions.usage_plans.insert(0, usage_plan("bronze", &["alpha"]));
    definitions.usage_plan_keys.push(membership("a0", "bronze"));
    definitions.usage_plan_keys.push(membership("k2", "gold"));
    definitions.usage_plan_keys.push(membership("k1", "bronze"));
    let second = served(&definitions, now(&()), Some(&first));
    let [old, new] = [&first, &second].map(|snapshot| member(&snapshot.usage, "gold", "k1"));
    assert!(Arc::ptr_eq(old, new));
    let bronze = member(&second.usage, "bronze", "k1");
    assert!(!Arc::ptr_eq(&bronze.usage, &new.usage), "plans count apart");
    // The stages' new numbers are the plan's.
    let plan = second.usage.plan("gold").expect("the plan").1;
    let stages: Vec<_> = plan.stages.iter().map(|opened| opened.stage).collect();
    assert_eq!(stages, [StageIndex(1), StageIndex(2)]);
    let get = of(second.stage(StageIndex(1)), HttpMethod::Get).index;
    assert_eq!(plan.stages[0].method(get), Some(0));
}

#[test]
fn a_plan_of_another_shape_keeps_counts_and_the_buckets_that_stay() {
    let first = served(&limited(), now(&()), None);
    let mut definitions = limited();
    definitions.usage_plans[0].throttle = None;
    let overrides = [("/pets/{id}/GET", 2.0), ("/pets/{id}/POST", 3.0)];
    definitions.usage_plans[0].api_stages =
        vec![api_stage("prod", &overrides), api_stage("dev", &overrides[..1])];
    let second = served(&definitions, now(&()), Some(&first));
    let [old, new] = [&first, &second].map(|snapshot| member(&snapshot.usage, "gold", "k1"));
    assert!(!Arc::ptr_eq(old, new));
    assert!(Arc::ptr_eq(&old.usage, &new.usage));
    assert!(new.throttle.is_none());
    let kept = new.methods.iter().position(|new| Arc::ptr_eq(&new.bucket, &old.methods[0].bucket));
    let dev = second.usage.plans[0].stage(DEV).expect("the plan opens it");
    let get = of(second.stage(DEV), HttpMethod::Get).index;
    assert_eq!(kept, dev.method(get));
    assert_eq!(new.methods.len(), 3);
    for (throttle, limit) in new.methods.iter().zip(&second.usage.plans[0].methods) {
        assert!(Arc::ptr_eq(&throttle.limit, limit));
    }
    assert!(!Arc::ptr_eq(&first.usage.dirty, &second.usage.dirty));
    // And back: what is new begins full.
    let third = served(&limited(), now(&()), Some(&second));
    let back = member(&third.usage, "gold", "k1");
    assert!(back.throttle.is_some() && Arc::ptr_eq(&back.usage, &old.usage));
}

#[test]
fn a_key_that_was_deleted_comes_back_as_new() {
    let first = served(&limited(), now(&()), None);
    let mut without = limited();
    without.usage_plan_keys.clear();
    let second = served(&without, now(&()), Some(&first));
    assert!(matches!(second.usage.admit(value("k1").as_bytes(), DEV), Admission::Known(_)));
    let third = served(&limited(), now(&()), Some(&second));
    let [old, new] = [&first, &third].map(|snapshot| member(&snapshot.usage, "gold", "k1"));
    assert!(!Arc::ptr_eq(&old.usage, &new.usage));
}

#[test]
fn imported_keys_are_compiled_once() {
    let keys = imported(&[("i1", &["gold"]), ("i2", &["gold"])]);
    let with = |keys| Surroundings { imported: Some(keys), ..now(&()) };
    let first = served(&limited(), with(&keys), None);
    let mut variable = limited();
    dev(&mut variable).variables.insert("v".to_owned(), Spanned::nowhere("1"));
    let second = served(&variable, with(&keys), Some(&first));
    assert!(Arc::ptr_eq(&first.usage.keys, &second.usage.keys));
    assert!(Arc::ptr_eq(&first.usage.memberships, &second.usage.memberships));
    // Read again: other objects, the same members.
    let again = imported(&[("i2", &["gold"]), ("i1", &["gold"])]);
    let third = served(&variable, with(&again), Some(&second));
    assert!(!Arc::ptr_eq(&second.usage.keys, &third.usage.keys));
    for id in ["k1", "i1", "i2"] {
        let [old, new] = [&first, &third].map(|snapshot| member(&snapshot.usage, "gold", id));
        assert!(Arc::ptr_eq(old, new), "{id}");
    }
    assert_eq!(Arc::strong_count(&keys), 1, "snapshots hold no imported keys");
    let none = served(&variable, now(&()), Some(&third));
    assert!(matches!(none.usage.admit(value("i1").as_bytes(), DEV), Admission::Unknown));
}

#[test]
fn imported_keys_need_not_be_held_while_their_files_stay() {
    let keys = imported(&[("i1", &["gold"]), ("i2", &["gold"])]);
    let read = Surroundings { imported: Some(&keys), ..now(&()) };
    let first = served(&limited(), read, None);
    drop(keys);
    let unchanged = Surroundings { is_imported_unchanged: true, ..now(&()) };
    let mut variable = limited();
    dev(&mut variable).variables.insert("v".to_owned(), Spanned::nowhere("1"));
    variable.usage_plans[0].throttle = Some(rate_of(77.0));
    let second = served(&variable, unchanged, Some(&first));
    assert!(Arc::ptr_eq(&first.usage.memberships, &second.usage.memberships));
    let third = served(&variable, unchanged, Some(&second));
    assert!(matches!(third.usage.admit(value("i2").as_bytes(), DEV), Admission::Member { .. }));
    // What takes them anew asks for them, and changes nothing.
    let options = CompileOptions::default();
    let ask = |definitions, previous| {
        let compiled = compile_with(definitions, &options, unchanged, previous);
        (compiled.wants_imported, compiled.snapshot.is_some())
    };
    let mut fewer_keys = variable.clone();
    fewer_keys.api_keys.clear();
    let mut fewer_members = variable.clone();
    fewer_members.usage_plan_keys.clear();
    let mut other_shape = variable.clone();
    other_shape.usage_plans[0].throttle = None;
    for changed in [&fewer_keys, &fewer_members, &other_shape] {
        assert_eq!(ask(changed, Some(&third)), (true, false));
    }
    assert_eq!(ask(&variable, None), (true, false), "nobody has them");
    assert_eq!(ask(&variable, Some(&third)), (false, true));
    let again = imported(&[("i1", &["gold"]), ("i2", &["gold"])]);
    let read = Surroundings { imported: Some(&again), ..now(&()) };
    let fourth = served(&other_shape, read, Some(&third));
    let [old, new] = [&third, &fourth].map(|snapshot| member(&snapshot.usage, "gold", "i1"));
    assert!(Arc::ptr_eq(&old.usage, &new.usage));
}

#[test]
fn a_definition_that_does_not_compile_resets_and_changes_nothing() {
    let first = served(&limited(), now(&()), None);
    let mut broken = limited();
    broken.usage_plans[0].throttle = Some(rate_of(77.0));
    broken.usage_plans[0].quota = quota(5, 0, QuotaPeriod::Day);
    broken.usage_plan_keys.push(membership("nobody", "gold"));
    let options = CompileOptions::default();
    assert!(compile_with(&broken, &options, now(&()), Some(&first)).snapshot.is_none());
    let limit = first.usage.plans[0].throttle.as_ref().expect("a limit");
    assert_eq!(limit.settings(), settings(1.0));
}
