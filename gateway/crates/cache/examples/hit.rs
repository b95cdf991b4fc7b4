//! Prints what a hit costs: `cargo run --release -p gateway-cache --example hit`.
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use gateway_cache::{Budget, Cache, Level1, Lookup};

const ROUNDS: u64 = 2_000_000;

fn main() {
    for (keys, body_len) in [(1_u64, 1_000), (100, 1_000), (1_000, 1_000), (3_000, 10_000)] {
        let cache = Cache::new(1 << 30, Arc::new(Budget::new(1 << 30)));
        let mut level1 = Level1::new();
        let key = |n: u64| format!("a1b2c3\0pets-resource\0id={:016x}", n % keys);
        let keys: Vec<String> = (0..keys).map(key).collect();
        let body = vec![b'x'; body_len];
        for key in &keys {
            if let Lookup::Fill(fill) = cache.lookup(&mut level1, key.as_bytes(), 0, 0) {
                let _nobody = fill.store(200, &[b'h'; 200], &body, 1, 0);
            }
        }
        let node = time(&cache, &mut level1, &keys, keys.len() as u64);
        let level1_ns = time(&cache, &mut level1, &keys, ROUNDS);
        println!(
            "{:5} keys of {} bytes: {level1_ns:6.1} ns a hit of the first level ({} held), {node:7.1} ns the first of each",
            keys.len(),
            keys[0].len(),
            level1.len()
        );
    }
}

fn time(cache: &Arc<Cache>, level1: &mut Level1, keys: &[String], rounds: u64) -> f64 {
    let start = Instant::now();
    let mut sum = 0;
    for key in keys.iter().cycle().take(rounds as usize) {
        if let Lookup::Hit(entry) = cache.lookup(level1, black_box(key.as_bytes()), 0, 0) {
            sum += usize::from(entry.status());
        }
    }
    black_box(sum);
    start.elapsed().as_nanos() as f64 / rounds as f64
}
