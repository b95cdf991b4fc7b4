//! Launchers, started.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Stdio;

use rustix::process::Pid;
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};

use super::cgroup::Group;
use super::children::Known;
use crate::launcher::{COMMAND, Containment, LaunchOrder, unshare};

/// Starts launchers, on one thread.
pub(super) struct Spawner {
    program: PathBuf,
    /// This thread's PID namespace, to come back to, where children may have another.
    own_namespace: Option<File>,
}

/// A launcher that runs.
pub(super) struct Launched {
    pub(super) child: Child,
    /// Its standard input. It ends its environment when this is closed, or has a byte.
    pub(super) control: UnixStream,
    /// What the function writes, to standard output and standard error.
    pub(super) output: pipe::Receiver,
    _known: Option<Known>,
}

impl Spawner {
    /// Of this thread, which must be the one that [`Spawner::spawn`]s: a launcher may end with it.
    pub(super) fn new(program: PathBuf, containment: Option<Containment>) -> io::Result<Self> {
        let own_namespace = match containment {
            Some(Containment::Tree) => None,
            Some(Containment::Namespace) => Some(namespace()?),
            None => namespace().ok(),
        };
        if own_namespace.is_none() {
            // What a launcher leaves, because its function killed it, comes here.
            rustix::process::set_child_subreaper(Some(Pid::INIT))?;
        }
        Ok(Self { program, own_namespace })
    }

    pub(super) fn containment(&self) -> Containment {
        match self.own_namespace {
            Some(_) => Containment::Namespace,
            None => Containment::Tree,
        }
    }

    /// Starts a launcher and gives it its order.
    pub(super) fn spawn(&self, order: &LaunchOrder, group: Option<&Group>) -> io::Result<Launched> {
        let (mut control, stdin) = UnixStream::pair()?;
        let (output, stdout) = io::pipe()?;
        let mut command = Command::new(&self.program);
        command
            .arg(COMMAND)
            // The gateway's own is nobody's business, and the function's says what programs are to load.
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(stdin)))
            .stderr(stdout.try_clone()?)
            .stdout(stdout)
            .kill_on_drop(true);
        let (child, known) =
            Known::spawn(|| self.in_namespace(|| command.spawn()), |child: &Child| child.id())?;
        // With it go this process's ends of what is the launcher's.
        drop(command);
        if let (Some(group), Some(pid)) = (group, child.id()) {
            group.take(pid)?;
        }
        control.write_all(&order.encode())?;
        control.set_nonblocking(true)?;
        let output = pipe::Receiver::from_owned_fd(output.into())?;
        Ok(Launched { child, control, output, _known: known })
    }

    /// Children that are started meanwhile are the first of a PID namespace. Others' children are not: it is the thread
    /// that has the namespace.
    fn in_namespace<T>(&self, spawn: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let Some(own) = &self.own_namespace else { return spawn() };
        unshare(UnshareFlags::NEWPID)?;
        let spawned = spawn();
        come_back(own)?;
        spawned
    }
}

/// This thread's PID namespace, when it may make others and come back.
fn namespace() -> io::Result<File> {
    let own = File::open("/proc/thread-self/ns/pid")?;
    unshare(UnshareFlags::NEWPID)?;
    come_back(&own)?;
    Ok(own)
}

fn come_back(own: &File) -> io::Result<()> {
    Ok(move_into_link_name_space(own.as_fd(), Some(LinkNameSpaceType::ProcessID))?)
}
