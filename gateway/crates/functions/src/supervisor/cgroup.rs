//! Control groups, where this process was given a part of the hierarchy (cgroup v2, `Delegate=yes`).
//!
//! Source: Linux, `cgroup-v2.rst`; systemd, `CGROUP_DELEGATION.md`: nobody makes groups outside of what was delegated
//! to him, and that carries the extended attribute `user.delegate`, or `trusted.delegate` before systemd 251.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::limits::PROCESSES_MAX;

const MOUNT: &str = "/sys/fs/cgroup";

/// The group under which environments have theirs.
pub(super) struct Groups {
    parent: PathBuf,
}

/// One environment's group. Dropping it removes it; its processes have ended by then.
#[derive(Debug)]
pub(super) struct Group {
    path: PathBuf,
}

impl Groups {
    /// The part that was delegated to this process, if one was, with controllers of memory and processes.
    pub(super) fn delegated() -> Option<Self> {
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let own = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
        // With `DelegateSubgroup=` the group above is the delegated one.
        let own = Path::new(MOUNT).join(own);
        own.ancestors().take(2).filter(|path| is_delegated(path)).find_map(Self::at)
    }

    /// Under `parent`. Processes in it move to a group below, since only leaves may have any.
    pub(super) fn at(parent: &Path) -> Option<Self> {
        let prepare = || -> io::Result<()> {
            let pids = fs::read_to_string(parent.join("cgroup.procs"))?;
            if !pids.is_empty() {
                let leaf = parent.join("gateway");
                make(&leaf)?;
                pids.lines().try_for_each(|pid| fs::write(leaf.join("cgroup.procs"), pid))?;
            }
            fs::write(parent.join("cgroup.subtree_control"), "+memory +pids")
        };
        prepare().ok().map(|()| Self { parent: parent.to_owned() })
    }

    /// A group with the limits of an environment.
    pub(super) fn group(&self, name: &str, memory_bytes: u64) -> io::Result<Group> {
        let group = Group { path: self.parent.join(name) };
        make(&group.path)?;
        let set = |file: &str, value: &str| fs::write(group.path.join(file), value);
        set("memory.max", &memory_bytes.to_string())?;
        // All or nothing: half a function is of no use.
        set("memory.oom.group", "1")?;
        // Without swap the limit is that of all its memory; where there is no swap there is no file.
        let _ = set("memory.swap.max", "0");
        // And the launcher.
        set("pids.max", &(PROCESSES_MAX + 2).to_string())?;
        Ok(group)
    }
}

impl Group {
    /// Takes a process, which has no descendants yet.
    pub(super) fn take(&self, pid: u32) -> io::Result<()> {
        fs::write(self.path.join("cgroup.procs"), pid.to_string())
    }

    /// Ends all its processes at once.
    pub(super) fn kill(&self) {
        let _ = fs::write(self.path.join("cgroup.kill"), "1");
    }

    /// The most memory it had.
    pub(super) fn memory_bytes_max(&self) -> Option<u64> {
        fs::read_to_string(self.path.join("memory.peak")).ok()?.trim().parse().ok()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.path);
    }
}

fn make(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

fn is_delegated(path: &Path) -> bool {
    ["user.delegate", "trusted.delegate"].iter().any(|name| {
        let mut value = [0; 8];
        matches!(rustix::fs::getxattr(path, *name, &mut value), Ok(1) if value[0] == b'1')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory with the files of a group. The kernel would refuse some of what is written here.
    fn hierarchy(procs: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("cgroup.procs"), procs).unwrap();
        directory
    }

    #[test]
    fn a_group_has_the_limits_of_its_environment() {
        let directory = hierarchy("");
        let groups = Groups::at(directory.path()).unwrap();
        let read = |path: &str| fs::read_to_string(directory.path().join(path)).unwrap();
        assert_eq!(read("cgroup.subtree_control"), "+memory +pids");
        let group = groups.group("environment-7", 134_217_728).unwrap();
        group.take(42).unwrap();
        assert_eq!(read("environment-7/memory.max"), "134217728");
        assert_eq!(read("environment-7/memory.oom.group"), "1");
        assert_eq!(read("environment-7/pids.max"), "1026");
        assert_eq!(read("environment-7/cgroup.procs"), "42");
        assert_eq!(group.memory_bytes_max(), None);
        fs::write(directory.path().join("environment-7/memory.peak"), "4096\n").unwrap();
        assert_eq!(group.memory_bytes_max(), Some(4096));
        group.kill();
        assert_eq!(read("environment-7/cgroup.kill"), "1");
    }

    #[test]
    fn processes_of_a_delegated_group_move_to_a_leaf() {
        let directory = hierarchy("17\n");
        Groups::at(directory.path()).unwrap();
        let moved = fs::read_to_string(directory.path().join("gateway/cgroup.procs")).unwrap();
        assert_eq!(moved, "17");
    }

    #[test]
    fn what_was_not_delegated_is_left_alone() {
        let directory = hierarchy("17\n");
        assert!(!is_delegated(directory.path()));
        assert!(Groups::at(Path::new("/proc/self/no-such-group")).is_none());
    }
}
