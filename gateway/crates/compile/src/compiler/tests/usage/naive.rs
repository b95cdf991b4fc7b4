//! [`UsagePlans::admit`] against a search through the definitions.

use proptest::prelude::*;

use super::*;

const KEYS: usize = 12;
const PLANS: usize = 4;
const STAGES: [&str; 4] = ["s0", "s1", "s2", "s3"];

/// Which stages each plan opens, which plans each key is in, and which keys come from a file.
#[derive(Debug, Clone)]
struct World {
    opens: Vec<[bool; STAGES.len()]>,
    joins: Vec<[bool; PLANS]>,
    is_imported: Vec<bool>,
    is_enabled: Vec<bool>,
}

fn world() -> impl Strategy<Value = World> {
    (
        prop::collection::vec(any::<[bool; STAGES.len()]>(), PLANS),
        prop::collection::vec(any::<[bool; PLANS]>(), KEYS),
        prop::collection::vec(any::<bool>(), KEYS),
        prop::collection::vec(any::<bool>(), KEYS),
    )
        .prop_map(|(opens, mut joins, is_imported, is_enabled)| {
            // Plans of one key that share a stage are an error: keep the first.
            for plans in &mut joins {
                for plan in 0..PLANS {
                    let shares = |other: usize| {
                        (0..STAGES.len()).any(|stage| opens[plan][stage] && opens[other][stage])
                    };
                    let is_taken = (0..plan).any(|other| plans[other] && shares(other));
                    plans[plan] &= !is_taken;
                }
            }
            World { opens, joins, is_imported, is_enabled }
        })
}

impl World {
    fn key(at: usize) -> String {
        format!("key{at}")
    }

    fn plans(&self, key: usize) -> Vec<String> {
        (0..PLANS).filter(|plan| self.joins[key][*plan]).map(|plan| format!("plan{plan}")).collect()
    }

    fn definitions(&self) -> Definitions {
        let mut definitions = with_method(|_| {});
        definitions.apis[0].stages.clear();
        for stage in STAGES {
            add_stage(&mut definitions.apis[0], stage);
        }
        for (at, opens) in self.opens.iter().enumerate() {
            let stages =
                STAGES.iter().zip(opens).filter_map(|(stage, opens)| opens.then_some(*stage));
            let stages: Vec<&str> = stages.collect();
            definitions.usage_plans.push(usage_plan(&format!("plan{at}"), &stages));
        }
        for at in (0..KEYS).filter(|at| !self.is_imported[*at]) {
            let key = ApiKey { enabled: self.is_enabled[at], ..api_key(&Self::key(at)) };
            definitions.api_keys.push(key);
            let plans = self.plans(at);
            let rows = plans.iter().map(|plan| membership(&Self::key(at), plan));
            definitions.usage_plan_keys.extend(rows);
        }
        definitions
    }

    fn imported(&self) -> Arc<ImportedKeys> {
        let mut keys = ImportedKeys::default();
        for at in (0..KEYS).filter(|at| self.is_imported[*at]) {
            let plans = self.plans(at);
            let plans = plans.iter().map(|plan| keys.add_plan(plan).expect("it fits"));
            let plans: Vec<u16> = plans.collect();
            let (id, value) = (Self::key(at), value(&Self::key(at)));
            let enabled = self.is_enabled[at];
            let row = ImportedKey {
                id: &id,
                name: "",
                value: &value,
                enabled,
                plans: &plans,
                file: 0,
                line: 1,
            };
            keys.push(row).expect("it fits");
        }
        Arc::new(keys)
    }

    /// Checks every key on every stage.
    fn check(&self, usage: &UsagePlans) {
        for key in 0..KEYS {
            for (stage, name) in STAGES.iter().enumerate() {
                let admission =
                    usage.admit(value(&Self::key(key)).as_bytes(), StageIndex(stage as u32));
                let expect =
                    (0..PLANS).find(|plan| self.joins[key][*plan] && self.opens[*plan][stage]);
                let (found, plan_id) = match admission {
                    Admission::Unknown => panic!("key {key} is not known"),
                    Admission::Known(key) => (key, None),
                    Admission::Member { key, plan, stage: opened, member, index } => {
                        assert_eq!(opened.stage, StageIndex(stage as u32));
                        let (named, of, counted) = usage.membership(index).expect("it is there");
                        assert_eq!((named, &of.id), (key, &plan.id));
                        assert!(Arc::ptr_eq(counted, member));
                        (key, Some(plan.id.to_string()))
                    }
                };
                assert_eq!(plan_id, expect.map(|plan| format!("plan{plan}")), "{key} on {name}");
                assert_eq!(usage.keys.id(found), Self::key(key));
                assert_eq!(usage.keys.is_enabled(found), self.is_enabled[key]);
            }
        }
        let stranger = usage.admit(value("stranger").as_bytes(), StageIndex(0));
        assert!(matches!(stranger, Admission::Unknown));
    }
}

proptest! {
    #[test]
    fn admission_agrees_with_a_search(before in world(), after in world()) {
        let keys = before.imported();
        let surroundings = Surroundings { imported: Some(&keys), ..now(&()) };
        let first = served(&before.definitions(), surroundings, None);
        before.check(&first.usage);
        let keys = after.imported();
        let surroundings = Surroundings { imported: Some(&keys), ..now(&()) };
        let second = served(&after.definitions(), surroundings, Some(&first));
        after.check(&second.usage);
        // Who stays a member keeps its counts; who is new has its own.
        for key in 0..KEYS {
            for plan in 0..PLANS {
                let (key_id, plan_id) = (World::key(key), format!("plan{plan}"));
                let members = [&first, &second].map(|snapshot| {
                    snapshot.usage.member(&plan_id, &key_id).map(|(_, _, member)| member)
                });
                let [old, new] = members;
                prop_assert_eq!(old.is_some(), before.joins[key][plan]);
                prop_assert_eq!(new.is_some(), after.joins[key][plan]);
                if let (Some(old), Some(new)) = (old, new) {
                    prop_assert!(Arc::ptr_eq(old, new));
                }
            }
        }
    }
}
