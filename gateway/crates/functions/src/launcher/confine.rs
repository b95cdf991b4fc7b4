//! What a function's processes may do.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::mount::{
    MountFlags, MountPropagationFlags, mount, mount_bind, mount_bind_recursive, mount_change,
    mount_remount,
};
use rustix::process::{
    DumpableBehavior, Pid, Resource, Rlimit, Signal, geteuid, setrlimit, setsid,
};
use rustix::thread::{CapabilitySet, UnshareFlags};

use super::order::{Containment, LaunchOrder};
use crate::limits::{DATA_BYTES_SPARE, FILE_BYTES_MAX, FILES_MAX, NICE, PROCESSES_OF_USER_MAX};

/// Where a function may write.
const TMP: &str = "/tmp";

/// Confines this process, for itself and for all that it starts.
///
/// # Errors
/// When something fails without which a function must not run; says what.
pub(super) fn launcher(order: &LaunchOrder) -> Result<(), String> {
    let must = |what: &str, result: rustix::io::Result<()>| {
        result.map_err(|error| format!("cannot {what}: {error}"))
    };
    must("become the reaper", rustix::process::set_child_subreaper(Some(Pid::INIT)))?;
    must("give up new privileges", rustix::thread::set_no_new_privs(true))?;
    must(
        "hide from its child",
        rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable),
    )?;
    must("start a session", setsid().map(drop))?;
    // Best effort: where it is forbidden a function only competes with the gateway as equals do.
    let _ = rustix::process::nice(NICE);
    // Whoever started the gateway may have left it some.
    let kept = gateway_rt::process::keep_file_descriptors();
    kept.map_err(|error| format!("cannot keep file descriptors: {error}"))?;
    if order.containment == Containment::Namespace {
        let death = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
        must("end with the gateway", death)?;
    }
    limits(order).map_err(|error| format!("cannot set limits: {error}"))
}

/// Confines what becomes the runtime, whose `/tmp` and working directory are made here.
pub(super) fn runtime(order: &LaunchOrder, command: &mut Command) -> Result<(), String> {
    if !has_own_tmp(order) {
        command.env("TMPDIR", &order.tmp);
    }
    // By the path that the function knows, behind the mounts.
    std::env::set_current_dir(&order.task_root).map_err(|error| {
        format!("cannot enter the code's directory {}: {error}", order.task_root.display())
    })?;
    if let Some((user, group)) = order.user {
        // Leaves the gateway's supplementary groups, too.
        command.uid(user).gid(group);
    } else if geteuid().is_root() {
        give_up_capabilities();
    }
    if order.containment == Containment::Tree {
        gateway_rt::process::end_with_parent(command);
    }
    Ok(())
}

fn limits(order: &LaunchOrder) -> rustix::io::Result<()> {
    let limit = |resource, max: u64| {
        // An operator may have set less.
        let max = rustix::process::getrlimit(resource).maximum.map_or(max, |hard| hard.min(max));
        setrlimit(resource, Rlimit { current: Some(max), maximum: Some(max) })
    };
    limit(Resource::Core, 0)?;
    limit(Resource::Nofile, FILES_MAX)?;
    limit(Resource::Fsize, FILE_BYTES_MAX)?;
    limit(Resource::Data, order.memory_bytes.saturating_mul(2).saturating_add(DATA_BYTES_SPARE))?;
    limit(Resource::Nproc, PROCESSES_OF_USER_MAX)
}

/// Mounts the environment's directory over `/tmp`, where that is permitted; nobody else sees it.
///
/// Directories that a function needs and that lie in `/tmp` themselves stay where they are, read-only.
fn has_own_tmp(order: &LaunchOrder) -> bool {
    let needs = || std::iter::once(&order.task_root).chain(&order.needs);
    if needs().any(|needed| needed == Path::new(TMP)) || unshare_mounts().is_err() {
        return false;
    }
    for needed in needs() {
        let place = match needed.strip_prefix(TMP) {
            Ok(within) => order.tmp.join(within),
            Err(_) => needed.clone(),
        };
        let is_kept = place == *needed || fs::create_dir_all(&place).is_ok();
        if !is_kept || mount_bind(needed, &place).is_err() {
            return false;
        }
        // Best effort: on AWS nobody can write there, and a function that counts on that is none the worse here.
        let _ = mount_remount(&place, MountFlags::BIND | MountFlags::RDONLY, c"");
    }
    if mount_bind_recursive(&order.tmp, TMP).is_err() {
        return false;
    }
    if order.containment == Containment::Namespace {
        let hidden = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        // The function's own processes only; without it, those of the machine stay visible.
        let _ = mount("proc", "/proc", "proc", hidden, c"");
    }
    true
}

/// Gives this process mounts of its own, of which others learn nothing.
fn unshare_mounts() -> rustix::io::Result<()> {
    unshare(UnshareFlags::NEWNS)?;
    mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::DOWNSTREAM)
}

/// `unshare(2)` for flags that leave file descriptors alone.
#[expect(deprecated, reason = "only CLONE_FILES makes it unsafe, and no caller may pass that")]
pub(crate) fn unshare(flags: UnshareFlags) -> rustix::io::Result<()> {
    debug_assert!(!flags.contains(UnshareFlags::FILES), "file descriptors stay shared");
    rustix::thread::unshare(flags)
}

/// What is executed from here on is root without its powers; only reading stays, since code may lie in anybody's home.
fn give_up_capabilities() {
    for capability in CapabilitySet::all().iter() {
        if capability != CapabilitySet::DAC_READ_SEARCH {
            let _ = rustix::thread::remove_capability_from_bounding_set(capability);
        }
    }
}
