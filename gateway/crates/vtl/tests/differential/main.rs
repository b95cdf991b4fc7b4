//! Generated templates, rendered by Velocity 1.7 as API Gateway configures it and by us: the outcome must be the same.
//!
//! Velocity is Debian's package `velocity`; a JDK compiles the harness. Where one of them is missing, the test says so and ends.
//! `VTL_SEED` sets the seed of the second run, `VTL_CASES` how many templates it makes.

mod generate;
#[path = "../support/mod.rs"]
mod support;
mod velocity;

use generate::Generator;
use velocity::{Outcome, Velocity};

/// Templates of the run whose seed never changes.
const FIXED_CASES: usize = 12_000;
/// Templates of the run whose seed is printed.
const FRESH_CASES: usize = 3_000;
/// Differences that are shown.
const SHOWN_MAX: usize = 15;

fn compare(seed: u64, count: usize) {
    let mut generator = Generator::new(seed);
    let templates: Vec<String> = (0..count).map(|_| generator.template()).collect();
    let Some(theirs) = Velocity::render_all(&templates) else { return };
    assert_eq!(theirs.len(), templates.len(), "Velocity answered every template");
    let mut differences = Vec::new();
    let mut rendered = 0;
    for (template, theirs) in templates.iter().zip(theirs) {
        let ours = support::rendered(template, "");
        let is_same = match (&ours, &theirs) {
            (Ok(ours), Outcome::Rendered(theirs)) => {
                rendered += 1;
                ours == theirs
            }
            (Err(_), Outcome::Failed(_)) => true,
            _ => false,
        };
        if !is_same {
            differences.push(format!("{template:?}\n  velocity {theirs:?}\n  ours     {ours:?}"));
        }
    }
    println!(
        "seed {seed}: {count} templates, {rendered} of them rendered by both, {} differences",
        differences.len()
    );
    assert!(rendered > count / 4, "too few templates render: the generator makes mostly errors");
    differences.sort_by_key(String::len);
    let shown = differences.iter().take(SHOWN_MAX).cloned().collect::<Vec<_>>().join("\n");
    assert!(
        differences.is_empty(),
        "{} of {count} differ (VTL_SEED={seed}):\n{shown}",
        differences.len()
    );
}

#[test]
fn a_fixed_seed() {
    compare(1, FIXED_CASES);
}

#[test]
fn a_fresh_seed() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(2, |now| now.as_secs());
    let seed = number("VTL_SEED").unwrap_or(now);
    compare(
        seed,
        number("VTL_CASES")
            .map_or(FRESH_CASES, |count| usize::try_from(count).unwrap_or(FRESH_CASES)),
    );
}
