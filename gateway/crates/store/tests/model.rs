//! Any series of writes and reopenings against maps in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use gateway_store::limits::HISTORY_DAYS_MAX;
use gateway_store::{FILE_NAME, Period, PlanRow, UsageRecord, UsageRow, UsageStore};
use proptest::collection::vec;
use proptest::prelude::*;

const DAYS: u32 = 130;

#[derive(Clone, Debug)]
enum Step {
    Write(Vec<UsageRow>),
    Plans(Vec<PlanRow>),
    Reopen,
    /// What another process finds after this one died between two writes.
    Crash,
}

#[derive(Debug, Default)]
struct Model {
    current: BTreeMap<(Box<str>, Box<str>), UsageRecord>,
    history: BTreeMap<(u32, Box<str>, Box<str>), u64>,
    plans: BTreeMap<Box<str>, PlanRow>,
}

impl Model {
    fn write(&mut self, rows: &[UsageRow]) {
        for row in rows {
            let key = (row.plan_id.clone(), row.key_id.clone());
            let before = self.current.insert(key.clone(), row.record);
            for (day, count) in before.into_iter().flat_map(|before| before.days) {
                if count > 0 && row.record.day(day).is_none() {
                    let kept = self.history.entry((day, key.0.clone(), key.1.clone()));
                    let kept = kept.or_default();
                    *kept = count.max(*kept);
                }
            }
        }
        let days: BTreeSet<u32> = self.history.keys().map(|key| key.0).collect();
        let outdated = days.len().saturating_sub(HISTORY_DAYS_MAX);
        for day in days.into_iter().take(outdated) {
            self.history.retain(|key, _| key.0 != day);
        }
    }

    fn days(&self, plan: &str, key: &str, from: u32, to: u32) -> Vec<(u32, u64)> {
        let mut days = BTreeMap::new();
        for ((day, of_plan, of_key), count) in &self.history {
            if (&**of_plan, &**of_key) == (plan, key) {
                days.insert(*day, *count);
            }
        }
        if let Some(record) = self.current.get(&(plan.into(), key.into())) {
            days.extend(record.days.into_iter().filter(|(_, count)| *count > 0));
        }
        days.into_iter().filter(|(day, _)| (from..=to).contains(day)).collect()
    }

    fn rows(&self) -> Vec<UsageRow> {
        let rows = self.current.iter().map(|((plan_id, key_id), record)| UsageRow {
            plan_id: plan_id.clone(),
            key_id: key_id.clone(),
            record: *record,
        });
        rows.collect()
    }

    fn check(&self, store: &UsageStore) {
        for key in self.current.keys() {
            for (from, to) in [(0, DAYS), (10, 20), (20, 10)] {
                let found = store.reader().days(&key.0, &key.1, from, to).expect("it is open");
                assert_eq!(found, self.days(&key.0, &key.1, from, to), "{key:?} {from} {to}");
            }
        }
        let plans: Vec<PlanRow> = self.plans.values().cloned().collect();
        assert_eq!(store.plans().expect("it is open"), plans);
    }
}

fn id() -> impl Strategy<Value = Box<str>> {
    // Ids that are prefixes of others, empty, or hold what a naive key would take for a separator.
    prop_oneof![Just(""), Just("a"), Just("ab"), Just("a\0b"), Just("b"), Just("ü")]
        .prop_map(Box::from)
}

fn period() -> impl Strategy<Value = Period> {
    prop_oneof![Just(Period::Day), Just(Period::Week), Just(Period::Month)]
}

fn record() -> impl Strategy<Value = UsageRecord> {
    let count = prop_oneof![Just(0), 1..1000_u64, Just(u64::MAX)];
    let days = (0..DAYS, count.clone(), 1..3_u32, count.clone())
        .prop_map(|(day, first, apart, second)| [(day, first), ((day + apart) % DAYS, second)]);
    (proptest::option::of((period(), any::<u32>())), count, days)
        .prop_map(|(period, used, days)| UsageRecord { period, used: used as i64, days })
}

fn rows() -> impl Strategy<Value = Vec<UsageRow>> {
    let row = (id(), id(), record());
    vec(row.prop_map(|(plan_id, key_id, record)| UsageRow { plan_id, key_id, record }), 0..40)
}

fn plans() -> impl Strategy<Value = Vec<PlanRow>> {
    let plan = (id(), period(), any::<u64>(), any::<u64>(), any::<u32>());
    let plan = plan.prop_map(|(plan_id, period, limit, offset, since)| PlanRow {
        plan_id,
        period,
        limit,
        offset,
        since,
    });
    vec(plan, 0..6)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => rows().prop_map(Step::Write),
        1 => plans().prop_map(Step::Plans),
        1 => Just(Step::Reopen),
        1 => Just(Step::Crash),
    ]
}

fn run(steps: &[Step]) {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut dir = home.path().join("0");
    let mut model = Model::default();
    let (mut store, rows) = UsageStore::open(&dir).expect("an empty directory");
    assert!(rows.is_empty());
    for (index, step) in steps.iter().enumerate() {
        match step {
            Step::Write(rows) => {
                store.write(rows).expect("the disk takes it");
                model.write(rows);
            }
            Step::Plans(plans) => {
                store.write_plans(plans).expect("the disk takes it");
                let plans = plans.iter().map(|plan| (plan.plan_id.clone(), plan.clone()));
                model.plans = plans.collect();
            }
            Step::Reopen => {
                store.close().expect("it closes");
                store = reopen(&dir, &model);
            }
            Step::Crash => {
                let copy = home.path().join(format!("{}", index + 1));
                fs::create_dir(&copy).expect("a directory");
                fs::copy(dir.join(FILE_NAME), copy.join(FILE_NAME)).expect("a copy");
                dir = copy;
                store = reopen(&dir, &model);
            }
        }
    }
    model.check(&store);
}

fn reopen(dir: &Path, model: &Model) -> UsageStore {
    let (store, rows) = UsageStore::open(dir).expect("it was written by us");
    assert_eq!(rows, model.rows());
    model.check(&store);
    store
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_file_is_the_model_over_any_series_of_steps(steps in vec(step(), 1..24)) {
        run(&steps);
    }
}
