//! Processes as `/proc` has them, and ending all below one.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, waitpid};

use crate::limits::END_MAX;

/// One process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    pub(crate) session: i32,
    pub(crate) threads: u64,
    /// Since the machine's start, in clock ticks: tells a process from a later one of the same id.
    pub(crate) started: u64,
    pub(crate) rss_pages: u64,
    /// Ended, but not waited for.
    pub(crate) is_zombie: bool,
}

impl Process {
    /// Of `/proc/PID/stat`.
    fn parse(stat: &str) -> Option<Self> {
        // The name, in parentheses, may hold anything.
        let (pid, rest) = stat.split_once(" (")?;
        let (_, rest) = rest.rsplit_once(") ")?;
        // Field 3 of proc_pid_stat(5) is the first here.
        let fields: Vec<&str> = rest.split(' ').take(22).collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<i64>().ok();
        Some(Self {
            pid: pid.parse().ok()?,
            parent: i32::try_from(number(4)?).ok()?,
            session: i32::try_from(number(6)?).ok()?,
            threads: u64::try_from(number(20)?).ok()?,
            started: u64::try_from(number(22)?).ok()?,
            rss_pages: u64::try_from(number(24)?).unwrap_or(0),
            is_zombie: matches!(fields.first(), Some(&"Z" | &"X")),
        })
    }

    /// The process of an id, now.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Whether it can gain no privileges, which all have that a launcher started, and cannot lose.
    pub(crate) fn has_no_new_privileges(&self) -> bool {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        status.lines().any(|line| line == "NoNewPrivs:\t1")
    }

    pub(crate) fn kill(&self) {
        if let Some(pid) = Pid::from_raw(self.pid) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// All processes at one time, by their parents.
pub(crate) struct Processes {
    children: HashMap<i32, Vec<Process>>,
}

impl Processes {
    /// Those that can be seen now.
    pub(crate) fn now() -> Self {
        let mut children: HashMap<i32, Vec<Process>> = HashMap::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
            if let Some(process) = pid.and_then(Process::of) {
                children.entry(process.parent).or_default().push(process);
            }
        }
        Self { children }
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Process> {
        self.children.values().flatten()
    }

    /// All below `root`, without it.
    pub(crate) fn below(&self, root: i32) -> Vec<Process> {
        let mut found: Vec<Process> = self.children.get(&root).cloned().unwrap_or_default();
        let mut looked = 0;
        // A process has one parent, so none is found twice; the bound is for a `/proc` read while it changed.
        while looked < found.len() && found.len() <= 1 << 22 {
            if let Some(more) = self.children.get(&found[looked].pid) {
                found.extend_from_slice(more);
            }
            looked += 1;
        }
        found
    }
}

/// Ends all descendants of this process, and those that they start meanwhile, and waits for them.
pub(crate) fn end_descendants() {
    let me = getpid().as_raw_nonzero().get();
    end_until_none(|processes| processes.below(me));
}

/// Ends what `found` finds until it finds nothing that lives, or [`END_MAX`] is over.
///
/// Each round takes one look at `/proc`, and a process that was forked behind it is found in the next: a round is
/// shorter than most forks take, and stopping all before killing any keeps them from forking at all.
pub(crate) fn end_until_none(found: impl Fn(&Processes) -> Vec<Process>) {
    let since = Instant::now();
    let mut pause = Duration::from_micros(200);
    while since.elapsed() < END_MAX {
        let living = found(&Processes::now());
        for process in &living {
            if let (false, Some(pid)) = (process.is_zombie, Pid::from_raw(process.pid)) {
                let _ = kill_process(pid, Signal::STOP);
            }
        }
        for process in &living {
            process.kill();
        }
        // Those whose parents have ended are this process's now.
        while let Ok(Some(_)) = reap(&living) {}
        if living.iter().all(|process| process.is_zombie) {
            return;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(5));
    }
}

/// Waits for one of `ended` that is this process's child.
fn reap(ended: &[Process]) -> rustix::io::Result<Option<Pid>> {
    for process in ended {
        if let Some(pid) = Pid::from_raw(process.pid)
            && let Ok(Some((pid, _))) = waitpid(Some(pid), WaitOptions::NOHANG)
        {
            return Ok(Some(pid));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
