//! What the kernel says about the process, as read from procfs by the scrape's caller.

/// Units of CPU time in `/proc/self/stat` per second. Source: proc_pid_stat(5) and `USER_HZ`, which is
/// 100 on every architecture that the gateway runs on.
const USER_HZ: f64 = 100.0;

/// The values of the standard process metrics; what could not be read is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessStats {
    /// User and system CPU time, in seconds.
    pub cpu_seconds: Option<f64>,
    /// Resident memory, in bytes.
    pub resident_bytes: Option<u64>,
    /// Virtual memory, in bytes.
    pub virtual_bytes: Option<u64>,
    /// When the process started, in seconds since the epoch.
    pub start_time_seconds: Option<f64>,
    /// Open file descriptors.
    pub open_fds: Option<u64>,
    /// Highest allowed number of open file descriptors.
    pub max_fds: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
}

/// Texts of procfs, as read; an empty one gives no values.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcFiles<'a> {
    /// `/proc/self/stat`.
    pub stat: &'a str,
    /// `/proc/self/status`.
    pub status: &'a str,
    /// `/proc/self/limits`.
    pub limits: &'a str,
    /// `/proc/stat`, for the time of boot.
    pub system: &'a str,
}

impl ProcessStats {
    /// Takes the values out of procfs's texts; `open_fds` is the count of `/proc/self/fd`.
    pub fn parse(files: ProcFiles<'_>, open_fds: Option<u64>) -> Self {
        let kilobytes = |name| {
            let value = number_after(files.status, name)?;
            Some(value * 1024)
        };
        let boot = number_after(files.system, "btime");
        let started = stat_field(files.stat, 22);
        let start_time = boot.zip(started);
        let cpu = stat_field(files.stat, 14).zip(stat_field(files.stat, 15));
        Self {
            cpu_seconds: cpu.map(|(user, system)| (user + system) as f64 / USER_HZ),
            resident_bytes: kilobytes("VmRSS:"),
            virtual_bytes: kilobytes("VmSize:"),
            start_time_seconds: start_time
                .map(|(boot, ticks)| boot as f64 + ticks as f64 / USER_HZ),
            open_fds,
            max_fds: number_after(files.limits, "Max open files"),
            threads: number_after(files.status, "Threads:"),
        }
    }
}

/// The number that follows `name` at the start of a line.
fn number_after(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// A numbered field of `stat`, from 3 on: those after the name, which may hold spaces and brackets.
fn stat_field(stat: &str, number: usize) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let field = fields.split_ascii_whitespace().nth(number - 3)?;
    field.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_from_the_texts_of_procfs() {
        let files = ProcFiles {
            stat: "7 (a b) c) S 1 7 7 0 -1 4194560 900 0 0 0 150 50 0 0 20 0 3 0 4200 99 5 0",
            status: "Name:\ta\nVmSize:\t  2048 kB\nVmRSS:\t 1024 kB\nThreads:\t3\n",
            limits: "Limit   Soft   Hard   Units\nMax open files            1024   4096   files\n",
            system: "cpu 1 2 3\nbtime 1700000000\n",
        };
        let expected = ProcessStats {
            cpu_seconds: Some(2.0),
            resident_bytes: Some(1 << 20),
            virtual_bytes: Some(2 << 20),
            start_time_seconds: Some(1_700_000_042.0),
            open_fds: Some(9),
            max_fds: Some(1024),
            threads: Some(3),
        };
        assert_eq!(ProcessStats::parse(files, Some(9)), expected);
    }

    #[test]
    fn absent_texts_give_no_values() {
        let stats = ProcessStats::parse(ProcFiles::default(), None);
        assert_eq!(stats, ProcessStats::default());
    }
}
