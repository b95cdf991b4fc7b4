//! Does one thing that the benches measure, COUNT times: for valgrind, which counts instructions.
//!
//! `once NAME COUNT`; without a NAME it lists them. Exchanges run on epoll, which valgrind knows.
#![forbid(unsafe_code)]

use anyhow::{Context, Result};
use gateway_benches::cases::cases;
use gateway_benches::exchange::{ExchangeBench, PARTS};
use gateway_rt::DriverChoice;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        cases()?.iter().for_each(|case| println!("{}", case.name));
        PARTS.iter().for_each(|(name, ..)| println!("{name}"));
        return Ok(());
    };
    let count: u64 = arguments.next().context("COUNT is missing")?.parse()?;
    if let Some((_, part, is_browser)) = PARTS.into_iter().find(|(part, ..)| *part == name) {
        ExchangeBench::start(DriverChoice::Epoll)?.time(part, is_browser, count)?;
        return Ok(());
    }
    let case = cases()?.into_iter().find(|case| case.name == name);
    let mut case = case.with_context(|| format!("there is no `{name}`"))?;
    (0..count).for_each(|_| (case.run)());
    Ok(())
}
