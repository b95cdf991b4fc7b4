//! Random operations on two caches and three shards against a naive model.
#![forbid(unsafe_code)]

mod driver;

use driver::{Room, Seen, run};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn nothing_stale_and_nothing_lost_with_ample_room(code in operations()) {
        run(Room::Ample, &code);
    }

    #[test]
    fn nothing_stale_and_nothing_over_budget_with_scarce_room(code in operations()) {
        run(Room::Scarce, &code);
    }
}

fn operations() -> impl Strategy<Value = Vec<[u8; 4]>> {
    proptest::collection::vec(any::<[u8; 4]>(), 0..400)
}

#[test]
fn the_operations_meet_what_they_are_to_meet() {
    let mut state = 1_u64;
    let mut random = move || {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state as u32).to_le_bytes()
    };
    let code: Vec<_> = std::iter::repeat_with(&mut random).take(50_000).collect();
    let Seen { hits, waits, stored, refused, outdated } = run(Room::Scarce, &code);
    let all = [hits, waits, stored, refused, outdated];
    assert!(all.iter().all(|count| *count > 100), "{all:?}");
    let ample = run(Room::Ample, &code);
    assert!(ample.hits > 1_000 && ample.stored > 1_000, "{ample:?}");
}
