//! How long a million imported keys take to compile, and what they leave in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway_compile::{
    Admission, CompileOptions, Compiled, Snapshot, StageIndex, Surroundings, compile_with,
};
use gateway_model::{
    ApiStage, Definitions, DeploymentId, ImportedKey, ImportedKeys, Place, QuotaPeriod,
    QuotaSettings, ResourceId, RestApi, RestApiId, Stage, StageName, ThrottleSettings, UsagePlan,
    UsagePlanId,
};

const KEYS: usize = if cfg!(debug_assertions) { 50_000 } else { 1_000_000 };

/// Of one key with a throttle and a quota, all in all. Source: the product's own promise.
const BYTES_A_KEY_MAX: u64 = 300;

fn definitions(rate_rps: f64) -> Definitions {
    let place = Place::nowhere();
    let id = RestApiId::new("abc");
    let mut api = RestApi::new(id.clone(), "Keys", ResourceId::new("root"), place.clone());
    let stage = StageName::parse("prod").expect("a stage name");
    let of_stage = Stage::new(stage.clone(), DeploymentId::new("d"), place.clone());
    api.stages.insert(stage.clone(), of_stage);
    let opened =
        ApiStage { rest_api_id: id, stage, throttle: Default::default(), place: place.clone() };
    let plan = UsagePlan {
        id: UsagePlanId::new("plan01"),
        name: "gold".to_owned(),
        description: None,
        api_stages: vec![opened],
        quota: Some(QuotaSettings {
            limit: Some(1_000_000),
            offset: None,
            period: Some(QuotaPeriod::Month),
        }),
        throttle: Some(ThrottleSettings { burst_limit: Some(200), rate_limit: Some(rate_rps) }),
        tags: Default::default(),
        place,
    };
    Definitions { apis: vec![api.into()], usage_plans: vec![plan], ..Definitions::default() }
}

fn value(at: usize) -> String {
    format!("{at:040x}")
}

/// Values of 40, ids of 10 and names of 12 bytes.
fn imported() -> Arc<ImportedKeys> {
    let mut keys = ImportedKeys::default();
    let file = keys.add_file("keys.csv").expect("it fits");
    let plan = keys.add_plan("gold").expect("it fits");
    for at in 0..KEYS {
        let (value, id, name) = (value(at), format!("{at:010}"), format!("customer{at:04x}"));
        let row = ImportedKey {
            id: &id,
            name: &name[..12],
            value: &value,
            enabled: true,
            plans: &[plan],
            file,
            line: at as u32 + 2,
        };
        keys.push(row).expect("it fits");
    }
    Arc::new(keys)
}

fn compiled(keys: &Arc<ImportedKeys>, rate_rps: f64, previous: Option<&Snapshot>) -> Snapshot {
    let surroundings = Surroundings { imported: Some(keys), ..Surroundings::default() };
    let options = CompileOptions::default();
    let Compiled { snapshot, diagnostics, .. } =
        compile_with(&definitions(rate_rps), &options, surroundings, previous);
    assert_eq!(diagnostics, []);
    snapshot.expect("it compiles")
}

/// What work costs this thread in processor time, so that a busy machine does not count; in time where
/// the system does not tell.
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let (start, busy) = (Instant::now(), thread_time());
    let done = work();
    let spent = thread_time().zip(busy).map(|(after, before)| after - before);
    (done, spent.unwrap_or_else(|| start.elapsed()))
}

fn thread_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

#[test]
fn a_million_keys_in_one_plan() {
    let keys = imported();
    let mut made = None;
    let memory = allocation_counter::measure(|| made = Some(timed(|| compiled(&keys, 1.0, None))));
    let (snapshot, whole) = made.expect("it was made");
    let bytes_a_key = memory.bytes_current as u64 / KEYS as u64;
    let peak = memory.bytes_max / KEYS as u64;
    assert_eq!(snapshot.usage.memberships.len(), KEYS);
    for at in [0, KEYS / 2, KEYS - 1] {
        let admission = snapshot.usage.admit(value(at).as_bytes(), StageIndex(0));
        assert!(matches!(admission, Admission::Member { index, .. } if index as usize == at));
    }

    let (same, unchanged) = timed(|| compiled(&keys, 2.0, Some(&snapshot)));
    assert!(Arc::ptr_eq(&snapshot.usage.memberships, &same.usage.memberships));
    let ((), activate) = timed(|| same.activate(gateway_throttle::Instant(1_000_000_000)));
    let again = Arc::new((*keys).clone());
    let (other, anew) = timed(|| compiled(&again, 2.0, Some(&same)));
    let last = |snapshot: &Snapshot| {
        let (_, _, member) = snapshot.usage.membership(KEYS as u32 - 1).expect("it is there");
        Arc::clone(member)
    };
    assert!(Arc::ptr_eq(&last(&same), &last(&other)));

    println!(
        "{KEYS} keys: {whole:?}, {bytes_a_key} bytes each (peak {peak}); other limits: {unchanged:?}, \
         to activate {activate:?}; read anew: {anew:?}"
    );
    assert!(bytes_a_key <= BYTES_A_KEY_MAX, "{bytes_a_key}");
    for took in [whole, unchanged, activate, anew] {
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}
