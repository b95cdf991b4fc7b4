use std::time::{Duration, Instant};

use super::*;
use crate::proc::ThreadTimes;

#[test]
fn shards_are_found_by_name_and_in_order() {
    let at = Instant::now();
    let thread = |name: &str, run_us, wait_us, involuntary| ThreadTimes {
        name: name.to_owned(),
        run_us,
        wait_us,
        involuntary,
    };
    let before = ProcessTimes {
        at,
        user_us: 1_000_000,
        system_us: 500_000,
        threads: [(1, thread("gateway", 5, 0, 1)), (3, thread("shard-10", 1_000_000, 0, 0))].into(),
    };
    let after = ProcessTimes {
        at: at + Duration::from_secs(2),
        user_us: 2_600_000,
        system_us: 1_700_000,
        threads: [
            (1, thread("gateway", 5, 0, 5)),
            (2, thread("shard-9", 800_000, 400_000, 0)),
            (3, thread("shard-10", 3_000_000, 0, 16)),
            (4, thread("shard-x", 0, 0, 0)),
        ]
        .into(),
    };
    let facts = GatewayFacts::between(&before, &after, 100_000);
    let shards: Vec<_> = facts.shards.iter().map(|s| (s.index, s.busy, s.waiting)).collect();
    assert_eq!(shards, [(9, 0.4, 0.2), (10, 1.0, 0.0)]);
    assert!((facts.cpu_us_per_request - 28.0).abs() < 1e-9, "{facts:?}");
    assert!((facts.involuntary_per_s - 10.0).abs() < 1e-9);
    assert!((facts.system_share - 1.2 / 2.8).abs() < 1e-9);
}

#[test]
fn readings_in_the_wrong_order_are_nothing_worse_than_zero() {
    let at = Instant::now();
    let early = ProcessTimes { at, user_us: 0, system_us: 0, threads: BTreeMap::new() };
    let late = ProcessTimes { user_us: 9, system_us: 9, ..early.clone() };
    assert_eq!(GatewayFacts::between(&late, &early, 0).cores, 0.0);
    let machine = SystemTimes { busy_us: 5, idle_us: 5, cpus: 2 };
    assert_eq!(MachineFacts::between(&machine, &machine).busy_cores, 0.0);
}
