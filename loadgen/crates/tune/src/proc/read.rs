//! The files themselves.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{
    Machine, Schedule, Stat, cpus_allowed_list, involuntary_switches, machine, schedstat, stat,
};
use crate::limits;

/// CPU time of a process up to an instant.
#[derive(Clone, Debug)]
pub struct ProcessTimes {
    /// When it was read.
    pub at: Instant,
    /// User and system time of the whole process, in microseconds; as exact as a clock tick.
    pub user_us: u64,
    /// See `user_us`.
    pub system_us: u64,
    /// Its threads, by number.
    pub threads: BTreeMap<u32, ThreadTimes>,
}

/// CPU time of a thread up to an instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThreadTimes {
    /// Its name.
    pub name: String,
    /// Time on a CPU, in microseconds.
    pub run_us: u64,
    /// Time ready and waiting for a CPU, in microseconds; 0 where the kernel does not count it.
    pub wait_us: u64,
    /// How often it was made to wait for another thread.
    pub involuntary: u64,
}

/// CPU time of the machine up to an instant.
#[derive(Clone, Copy, Debug)]
pub struct SystemTimes {
    /// At work, in microseconds of one CPU.
    pub busy_us: u64,
    /// Without work, in microseconds of one CPU.
    pub idle_us: u64,
    /// CPUs that are online.
    pub cpus: usize,
}

/// Reads the times of process `pid`.
///
/// # Errors
///
/// If there is no such process, or its files are not those of Linux.
pub fn process(pid: u32) -> io::Result<ProcessTimes> {
    let root = PathBuf::from(format!("/proc/{pid}"));
    let at = Instant::now();
    let whole = parsed(&root.join("stat"), stat)?;
    let mut threads = BTreeMap::new();
    for entry in std::fs::read_dir(root.join("task"))?.take(limits::THREADS_MAX) {
        let path = entry?.path();
        // A thread may end between the list and its files.
        let Ok(one) = parsed(&path.join("stat"), stat) else { continue };
        threads.insert(one.id, thread(&path, one));
    }
    Ok(ProcessTimes {
        at,
        user_us: micros(whole.user_ticks),
        system_us: micros(whole.system_ticks),
        threads,
    })
}

fn thread(path: &Path, stat: Stat) -> ThreadTimes {
    let schedule = parsed(&path.join("schedstat"), schedstat).unwrap_or_default();
    let involuntary = parsed(&path.join("status"), involuntary_switches).unwrap_or_default();
    let ticks_us = micros(stat.user_ticks.saturating_add(stat.system_ticks));
    let Schedule { run_ns, wait_ns } = schedule;
    let run_us = if run_ns == 0 { ticks_us } else { run_ns / 1_000 };
    ThreadTimes { name: stat.name, run_us, wait_us: wait_ns / 1_000, involuntary }
}

/// Reads the times of the machine.
///
/// # Errors
///
/// If `/proc/stat` is not that of Linux.
pub fn system() -> io::Result<SystemTimes> {
    let Machine { busy_ticks, idle_ticks, cpus } = parsed(Path::new("/proc/stat"), machine)?;
    Ok(SystemTimes { busy_us: micros(busy_ticks), idle_us: micros(idle_ticks), cpus })
}

/// The CPUs that process `pid` may run on.
///
/// # Errors
///
/// If there is no such process, or its files are not those of Linux.
pub fn cpus_allowed(pid: u32) -> io::Result<Vec<usize>> {
    parsed(Path::new(&format!("/proc/{pid}/status")), cpus_allowed_list)
}

fn parsed<T>(path: &Path, parse: impl FnOnce(&[u8]) -> Option<T>) -> io::Result<T> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limits::PROC_BYTES_MAX).read_to_end(&mut bytes)?;
    parse(&bytes).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{} is not as in proc(5)", path.display()),
        )
    })
}

fn micros(ticks: u64) -> u64 {
    let per_second = rustix::param::clock_ticks_per_second().max(1);
    u64::try_from(u128::from(ticks) * 1_000_000 / u128::from(per_second)).unwrap_or(u64::MAX)
}
