//! A hit allocates nothing, neither on the first level nor on the node's.
#![forbid(unsafe_code)]

use std::sync::Arc;

use gateway_cache::{Budget, Cache, Level1, Lookup};

const KEYS: u64 = 1_000;

#[test]
fn hits_allocate_nothing() {
    let cache = Cache::new(64 << 20, Arc::new(Budget::new(64 << 20)));
    let mut level1 = Level1::new();
    let filled = allocation_counter::measure(|| {
        for key in 0..KEYS {
            let Lookup::Fill(fill) = cache.lookup(&mut level1, &key.to_be_bytes(), 0, 0) else {
                panic!("nothing is stored yet");
            };
            let (entry, waiters) = fill.store(200, b"head", &[7; 1000], 1_000, 0);
            assert!(entry.is_some() && waiters.is_empty());
        }
    });
    assert!(filled.count_total > KEYS, "the counter counts");
    assert!(level1.is_empty(), "a response used once is not in use");

    let mut lookups = || {
        for key in 0..KEYS {
            let hit = cache.lookup(&mut level1, &key.to_be_bytes(), 1, 0);
            assert!(matches!(hit, Lookup::Hit(entry) if entry.body() == [7; 1000]));
        }
    };
    let from_node = allocation_counter::measure(&mut lookups);
    let from_level1 = allocation_counter::measure(&mut lookups);
    assert_eq!((from_node.count_total, from_level1.count_total), (0, 0));
    assert!(level1.len() > KEYS as usize * 9 / 10, "the second round hit the first level");
}
