//! Criterion over everything that can be measured without a peer. Names are paths.

use criterion::{Criterion, criterion_group, criterion_main};
use gateway_benches::cases::cases;
use gateway_benches::exchange::{ExchangeBench, PARTS};
use gateway_rt::DriverChoice;

/// The gateway's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn pure(criterion: &mut Criterion) {
    for mut case in cases().expect("the templates compile") {
        criterion.bench_function(case.name, |bencher| bencher.iter(&mut case.run));
    }
}

fn exchange(criterion: &mut Criterion) {
    let bench = ExchangeBench::start(DriverChoice::Auto).expect("a shard");
    for (name, part, is_browser) in PARTS {
        criterion.bench_function(name, |bencher| {
            bencher.iter_custom(|count| bench.time(part, is_browser, count).expect("a time"));
        });
    }
}

criterion_group!(
    name = paths;
    config = Criterion::default().sample_size(30);
    targets = pure, exchange
);
criterion_main!(paths);
