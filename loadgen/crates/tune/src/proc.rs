//! What Linux says under `/proc` about a process, its threads and the machine: proc(5).
//!
//! The parsers take bytes and never panic; a thread's name may hold anything, parentheses and line feeds included.

mod read;

pub use read::{ProcessTimes, SystemTimes, ThreadTimes, cpus_allowed, process, system};

/// Of `/proc/PID/stat` and `/proc/PID/task/TID/stat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The process's or the thread's number.
    pub id: u32,
    /// Its name, at most 15 bytes, with any but UTF-8 replaced.
    pub name: String,
    /// CPU time in user mode, in clock ticks.
    pub user_ticks: u64,
    /// CPU time in the kernel, in clock ticks.
    pub system_ticks: u64,
}

/// Of `/proc/PID/task/TID/schedstat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Time on a CPU, in nanoseconds.
    pub run_ns: u64,
    /// Time ready to run and waiting for a CPU, in nanoseconds.
    pub wait_ns: u64,
}

/// Of the first line of `/proc/stat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Time of all CPUs at work, in clock ticks.
    pub busy_ticks: u64,
    /// Time of all CPUs without work, in clock ticks.
    pub idle_ticks: u64,
    /// CPUs that are online.
    pub cpus: usize,
}

/// Reads a `stat` of a process or thread. The name ends at the *last* parenthesis.
#[must_use]
pub fn stat(bytes: &[u8]) -> Option<Stat> {
    let open = bytes.iter().position(|b| *b == b'(')?;
    let close = bytes.iter().rposition(|b| *b == b')')?;
    let id = number(bytes.get(..open)?.trim_ascii())?;
    let name = bytes.get(open + 1..close)?;
    // Field 3 (state) follows the name; utime is field 14, stime field 15.
    let mut fields = words(bytes.get(close + 1..)?);
    let user_ticks = number(fields.nth(11)?)?;
    let system_ticks = number(fields.next()?)?;
    Some(Stat {
        id: u32::try_from(id).ok()?,
        name: String::from_utf8_lossy(name).into_owned(),
        user_ticks,
        system_ticks,
    })
}

/// Reads a `schedstat`.
#[must_use]
pub fn schedstat(bytes: &[u8]) -> Option<Schedule> {
    let mut fields = words(bytes);
    Some(Schedule { run_ns: number(fields.next()?)?, wait_ns: number(fields.next()?)? })
}

/// Reads `nonvoluntary_ctxt_switches` of a `status`: how often the thread was made to wait for another.
#[must_use]
pub fn involuntary_switches(status: &[u8]) -> Option<u64> {
    number(field(status, b"nonvoluntary_ctxt_switches:")?)
}

/// Reads `Cpus_allowed_list` of a `status`: the CPUs that it may run on, as `sched_getaffinity` has them.
#[must_use]
pub fn cpus_allowed_list(status: &[u8]) -> Option<Vec<usize>> {
    let mut cpus = Vec::new();
    for part in field(status, b"Cpus_allowed_list:")?.split(|b| *b == b',') {
        let mut ends = part.splitn(2, |b| *b == b'-').map(number);
        let first = usize::try_from(ends.next()??).ok()?;
        let last = match ends.next() {
            None => first,
            Some(last) => usize::try_from(last?).ok()?,
        };
        if last < first || last >= crate::limits::CPUS_MAX || cpus.len() > crate::limits::CPUS_MAX {
            return None;
        }
        cpus.extend(first..=last);
    }
    Some(cpus)
}

/// Reads `/proc/stat`.
#[must_use]
pub fn machine(bytes: &[u8]) -> Option<Machine> {
    let mut lines = bytes.split(|b| *b == b'\n');
    let mut fields = words(lines.next()?);
    if fields.next()? != b"cpu" {
        return None;
    }
    // user nice system idle iowait irq softirq steal; guests are in user and nice already.
    let mut ticks = [0_u64; 8];
    for (tick, field) in ticks.iter_mut().zip(fields) {
        *tick = number(field)?;
    }
    let [user, nice, system, idle, iowait, irq, softirq, steal] = ticks;
    let sum = |parts: &[u64]| parts.iter().fold(0_u64, |sum, part| sum.saturating_add(*part));
    let cpus = lines
        .filter(|line| {
            line.strip_prefix(b"cpu").is_some_and(|n| n.first().is_some_and(u8::is_ascii_digit))
        })
        .count();
    Some(Machine {
        busy_ticks: sum(&[user, nice, system, irq, softirq, steal]),
        idle_ticks: sum(&[idle, iowait]),
        cpus,
    })
}

/// The value on the line that starts with `name`. The name of the process is on the first line, escaped there, so
/// that it cannot pretend to be another.
fn field<'a>(status: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    status.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(name)).map(<[u8]>::trim_ascii)
}

fn words(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

fn number(bytes: &[u8]) -> Option<u64> {
    if !bytes.first()?.is_ascii_digit() {
        return None;
    }
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
