//! What environments use, where no control group counts and limits it: a look at all processes now and then.
//!
//! One look costs some ten microseconds for each process of the machine, however many environments there are.

use std::fs;
use std::time::{Duration, Instant};

use super::environment::{Cause, Entry};
use crate::launcher::tree::{Process, Processes};
use crate::limits::{PROCESSES_MAX, SAMPLE_BUSY, SAMPLE_IDLE, SAMPLE_SHARE};

/// Looks at the processes of environments, ends those that use too much, and says when to look again.
pub(super) fn sample<'e>(entries: impl Iterator<Item = &'e Entry> + Clone) -> Duration {
    if entries.clone().next().is_none() {
        return SAMPLE_IDLE;
    }
    let since = Instant::now();
    let processes = Processes::now();
    let mut is_busy = false;
    for entry in entries {
        is_busy |= entry.is_busy.get();
        // Without a launcher there is nothing yet, and everything is below 0.
        if let Some(launcher) = entry.launcher.get() {
            examine(entry, processes.below(launcher));
        }
    }
    let interval = if is_busy { SAMPLE_BUSY } else { SAMPLE_IDLE };
    interval.max(since.elapsed() * SAMPLE_SHARE).min(SAMPLE_IDLE)
}

fn examine(entry: &Entry, processes: Vec<Process>) {
    let page = rustix::param::page_size() as u64;
    let resident: u64 = processes.iter().map(|process| process.rss_pages * page).sum();
    let threads: u64 = processes.iter().map(|process| process.threads).sum();
    let is_over = |bytes: u64| bytes > entry.memory_bytes;
    // Pages that processes share are counted once only when it matters: that takes the kernel longer.
    let used = if is_over(resident) { proportional(&processes, page) } else { resident };
    entry.journal.used(used);
    entry.sampled_at.set(Some(Instant::now()));
    entry.processes.replace(processes);
    if is_over(used) {
        entry.end(Cause::Memory);
    } else if threads > PROCESSES_MAX {
        entry.end(Cause::Processes);
    }
}

fn proportional(processes: &[Process], page: u64) -> u64 {
    let of = |process: &Process| {
        let kib = fs::read_to_string(format!("/proc/{}/smaps_rollup", process.pid)).ok().and_then(
            |text| {
                let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
                line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
            },
        );
        // Without the right to look, the whole counts.
        kib.map_or(process.rss_pages * page, |kib| kib * 1024)
    };
    processes.iter().map(of).sum()
}

/// The most memory that an environment's runtime had, of the kernel; for those that ended before the first look.
pub(super) fn high_water(launcher: i32) -> Option<u64> {
    let children = fs::read_to_string(format!("/proc/{launcher}/task/{launcher}/children")).ok()?;
    let runtime = children.split_ascii_whitespace().next()?;
    let status = fs::read_to_string(format!("/proc/{runtime}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}
