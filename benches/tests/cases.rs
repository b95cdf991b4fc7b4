//! What is measured works: a bench that fails half way would only look fast.
#![forbid(unsafe_code)]

use gateway_benches::cases::cases;
use gateway_benches::exchange::{ExchangeBench, PARTS};
use gateway_rt::DriverChoice;

#[test]
fn every_case_runs() {
    let cases = cases().expect("the templates compile");
    let names: Vec<_> = cases.iter().map(|case| case.name).collect();
    assert!(names.contains(&"proto/request_head/wrk"), "{names:?}");
    for mut case in cases {
        (0..1_000).for_each(|_| (case.run)());
    }
}

/// A part that does not do what it says ends the shard's thread, and with it the answers.
#[test]
fn every_part_of_an_exchange_runs_on_both_drivers() {
    for choice in [DriverChoice::Auto, DriverChoice::Epoll] {
        let bench = ExchangeBench::start(choice).expect("a shard");
        for (name, part, is_browser) in PARTS {
            let time = bench.time(part, is_browser, 1_000).expect(name);
            assert!(!time.is_zero(), "{name} took time");
        }
    }
}
