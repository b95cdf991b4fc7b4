//! One environment, from its order to its end.

use std::cell::{Cell, RefCell};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway_compile::FunctionPlan;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::cgroup::Group;
use super::children;
use super::journal::Journal;
use super::lines::Lines;
use super::memory::high_water;
use super::spawn::Launched;
use super::thread::Shared;
use super::variables::{Given, variables};
use super::{EnvironmentId, Exit, Notice, NoticeKind, PlatformEvent};
use crate::code::{CodeDirectory, make_directory};
use crate::launcher::tree::{Process, Processes, end_until_none};
use crate::launcher::{Containment, LaunchOrder, Report};
use crate::limits::{LAUNCHER_END_MAX, OUTPUT_BYTES, OUTPUT_DRAIN_BYTES, SAMPLE_IDLE};
use crate::runtimes;

/// What the supervisor knows of an environment that has not ended.
pub(super) struct Entry {
    pub(super) journal: Rc<Journal>,
    pub(super) memory_bytes: u64,
    /// An invocation is under way, or the start.
    pub(super) is_busy: Cell<bool>,
    /// Once it runs.
    pub(super) launcher: Cell<Option<i32>>,
    /// As they were at the last look.
    pub(super) processes: RefCell<Vec<Process>>,
    pub(super) sampled_at: Cell<Option<Instant>>,
    events: mpsc::UnboundedSender<Event>,
}

/// What happens to an environment. As many as orders, and looks at its processes.
pub(super) enum Event {
    End(Cause),
    /// What happened, and when.
    Log(PlatformEvent, u64),
}

/// Why an environment is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Order,
    Memory,
    Processes,
}

impl Entry {
    pub(super) fn new(
        plan: &FunctionPlan,
        shared: &Shared,
    ) -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (events, receiver) = mpsc::unbounded_channel();
        let entry = Self {
            journal: Rc::new(Journal::new(plan, shared.sink.clone())),
            memory_bytes: u64::from(plan.memory_mb) * 1024 * 1024,
            is_busy: Cell::new(true),
            launcher: Cell::new(None),
            processes: RefCell::default(),
            sampled_at: Cell::new(None),
            events,
        };
        (entry, receiver)
    }

    pub(super) fn end(&self, cause: Cause) {
        let _ = self.events.send(Event::End(cause));
    }

    pub(super) fn log(&self, event: PlatformEvent, unix_ms: u64) {
        let _ = self.events.send(Event::Log(event, unix_ms));
    }
}

/// What an order says.
pub(super) struct Start {
    pub(super) environment: EnvironmentId,
    pub(super) shard: usize,
    pub(super) plan: Arc<FunctionPlan>,
    pub(super) runtime_api: SocketAddr,
}

/// Runs an environment to its end, and tells of that.
pub(super) async fn run(
    shared: Rc<Shared>,
    start: Start,
    entry: Rc<Entry>,
    mut events: mpsc::UnboundedReceiver<Event>,
) {
    let directory = shared.environments.join(start.environment.0.to_string());
    let kind = match prepare(&shared, &start, &entry, &directory).await {
        Err(why) => NoticeKind::StartFailed(why),
        Ok(prepared) => watch(&shared, &start, &entry, &mut events, prepared).await,
    };
    if let NoticeKind::StartFailed(why) = &kind {
        entry.journal.line(format!("[ERROR] The environment could not start: {why}").as_bytes());
    }
    entry.journal.end_pause();
    (shared.notify)(start.shard, Notice { environment: start.environment, kind });
    entry.is_busy.set(false);
    let _ = spawn_blocking(move || std::fs::remove_dir_all(directory)).await;
    // Orders that came meanwhile.
    while let Ok(event) = events.try_recv() {
        if let Event::Log(event, unix_ms) = event {
            entry.journal.platform(&event, unix_ms);
        }
    }
    shared.ended(start.environment);
}

/// What an environment needs as long as it runs.
struct Prepared {
    launched: Launched,
    group: Option<Group>,
    _code: Rc<CodeDirectory>,
}

async fn prepare(
    shared: &Shared,
    start: &Start,
    entry: &Entry,
    directory: &Path,
) -> Result<Prepared, String> {
    let plan = &start.plan;
    let code = shared.code.ready(plan).await.map_err(|error| error.to_string())?;
    let (runtime, clients, root) =
        (plan.runtime.clone(), shared.clients.clone(), code.path.clone());
    // The first time, an interpreter is looked for, and asked.
    let command = spawn_blocking(move || runtimes::command(&runtime, &clients, &root)).await;
    let (program, arguments) =
        command.map_err(|panic| panic.to_string())?.map_err(|missing| missing.to_string())?;
    let tmp = directory.join("tmp");
    make_tmp(&tmp, shared.user)
        .map_err(|error| format!("cannot make {}: {error}", tmp.display()))?;
    let (environment, refused) = variables(&Given {
        plan,
        runtime_api: start.runtime_api,
        task_root: &code.path,
        runtime_directory: &shared.clients,
        log_group: &entry.journal.group,
        log_stream: &entry.journal.stream,
        operator: &shared.settings.environment,
    });
    for name in refused {
        let line = format!("[WARN] environment variable {name} is reserved by Lambda and not set");
        entry.journal.line(line.as_bytes());
    }
    let order = LaunchOrder {
        program,
        arguments,
        environment,
        task_root: code.path.clone(),
        tmp,
        needs: vec![shared.clients.clone()],
        user: shared.user,
        memory_bytes: entry.memory_bytes,
        containment: shared.spawner.containment(),
    };
    let group = shared.groups.as_ref().map(|groups| {
        groups.group(&format!("environment-{}", start.environment.0), entry.memory_bytes)
    });
    let group =
        group.transpose().map_err(|error| format!("cannot make a control group: {error}"))?;
    let launched = shared
        .spawner
        .spawn(&order, group.as_ref())
        .map_err(|error| format!("cannot start {}: {error}", shared.settings.launcher.display()))?;
    entry.launcher.set(launched.child.id().map(u32::cast_signed));
    Ok(Prepared { launched, group, _code: code })
}

fn make_tmp(tmp: &PathBuf, user: Option<(u32, u32)>) -> io::Result<()> {
    make_directory(tmp)?;
    if let Some((user, group)) = user {
        std::os::unix::fs::chown(tmp, Some(user), Some(group))?;
    }
    Ok(())
}

async fn watch(
    shared: &Rc<Shared>,
    start: &Start,
    entry: &Entry,
    events: &mut mpsc::UnboundedReceiver<Event>,
    prepared: Prepared,
) -> NoticeKind {
    let Prepared { launched, group, _code } = prepared;
    let mut running =
        Running { shared, entry, launched, group, lines: Lines::default(), end: None };
    let is_open = Cell::new(true);
    loop {
        let give_up = running
            .end
            .map_or(Duration::MAX, |(_, at)| at.saturating_duration_since(Instant::now()));
        tokio::select! {
            biased;
            Some(event) = events.recv() => running.on(event),
            _ = running.launched.child.wait() => break,
            () = tokio::time::sleep(give_up), if running.end.is_some() => running.insist(),
            _ = running.launched.output.readable(), if is_open.get() => {
                // What the platform said before the function did comes first.
                shared.pump();
                while let Ok(event) = events.try_recv() {
                    running.on(event);
                }
                is_open.set(running.take_output(OUTPUT_BYTES));
            }
        }
    }
    running.finish(start.runtime_api).await
}

/// An environment whose launcher runs.
struct Running<'s> {
    shared: &'s Shared,
    entry: &'s Entry,
    launched: Launched,
    group: Option<Group>,
    lines: Lines,
    /// Why it ends, and when more is done for that.
    end: Option<(Cause, Instant)>,
}

impl Running<'_> {
    fn on(&mut self, event: Event) {
        match event {
            Event::End(cause) => self.end(cause),
            Event::Log(event, unix_ms) => self.log(&event, unix_ms),
        }
    }

    fn log(&mut self, event: &PlatformEvent, unix_ms: u64) {
        self.entry.is_busy.set(matches!(event, PlatformEvent::Start { .. }));
        if let PlatformEvent::End { .. } = event {
            self.take_output(OUTPUT_DRAIN_BYTES);
            self.lines.finish(|line| self.entry.journal.line(line));
            self.entry.journal.end_pause();
            self.measure();
        }
        self.entry.journal.platform(event, unix_ms);
    }

    /// Asks what memory it has used, when nobody has looked for long.
    fn measure(&self) {
        let now = Instant::now();
        if self.entry.sampled_at.get().is_some_and(|at| now - at < SAMPLE_IDLE) {
            return;
        }
        self.entry.sampled_at.set(Some(now));
        let of_group = self.group.as_ref().and_then(Group::memory_bytes_max);
        if let Some(bytes) = of_group.or_else(|| high_water(self.entry.launcher.get()?)) {
            self.entry.journal.used(bytes);
        }
    }

    fn end(&mut self, cause: Cause) {
        if self.end.is_some() {
            return;
        }
        self.end = Some((cause, Instant::now() + LAUNCHER_END_MAX));
        if let Some(group) = &self.group {
            group.kill();
        }
        match self.shared.spawner.containment() {
            // The kernel ends what is in its namespace.
            Containment::Namespace => drop(self.launched.child.start_kill()),
            Containment::Tree => drop((&self.launched.control).write(b"k")),
        }
    }

    /// Ends a launcher that was asked to, and did not; what it leaves is looked for then.
    fn insist(&mut self) {
        let _ = self.launched.child.start_kill();
        if let Some((_, at)) = &mut self.end {
            *at = Instant::now() + LAUNCHER_END_MAX;
        }
    }

    /// Takes some of the output that is there; says whether there may be more, ever.
    fn take_output(&mut self, bytes_max: usize) -> bool {
        let scratch = &mut *self.shared.scratch.borrow_mut();
        let mut taken = 0;
        while taken < bytes_max {
            match self.launched.output.try_read(scratch) {
                Ok(0) => return false,
                Ok(n) => {
                    taken += n;
                    let journal = &self.entry.journal;
                    journal.output(|line| self.lines.take(&scratch[..n], line));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(_) => return false,
            }
        }
        true
    }

    /// What the end of the launcher means.
    async fn finish(mut self, runtime_api: SocketAddr) -> NoticeKind {
        let mut said = Vec::new();
        let _ = self.launched.control.read_to_end(&mut said);
        let report = Report::decode(&said);
        if report.is_none() && self.shared.spawner.containment() == Containment::Tree {
            self.end_stragglers(runtime_api).await;
        }
        self.take_output(OUTPUT_DRAIN_BYTES);
        self.lines.finish(|line| self.entry.journal.line(line));
        match (self.end, report) {
            (None, Some(Report::Failed(why))) => NoticeKind::StartFailed(why),
            (None, Some(Report::Exited(exit))) => NoticeKind::Exited(exit),
            _ => NoticeKind::Exited(Exit::Signal(KILLED)),
        }
    }

    /// Ends what a launcher left that did not end in its own way: the function may have killed it.
    ///
    /// What it left is this process's now, as the next subreaper's.
    async fn end_stragglers(&self, runtime_api: SocketAddr) {
        let launcher = self.entry.launcher.get();
        let known = self.entry.processes.take();
        let variable = format!("AWS_LAMBDA_RUNTIME_API={runtime_api}").into_bytes();
        let own = std::process::id().cast_signed();
        let is_straggler = move |process: &Process| {
            let is_known =
                |known: &Process| known.pid == process.pid && known.started == process.started;
            let is_orphan = || {
                process.parent == own
                    && !children::has(process.pid)
                    && process.has_no_new_privileges()
            };
            process.pid != own
                && (Some(process.session) == launcher
                    || known.iter().any(is_known)
                    || is_orphan()
                    || has_variable(process.pid, &variable))
        };
        let find = move |processes: &Processes| {
            let roots: Vec<Process> =
                processes.all().filter(|process| is_straggler(process)).copied().collect();
            let below: Vec<Process> =
                roots.iter().flat_map(|root| processes.below(root.pid)).collect();
            [roots, below].concat()
        };
        let _ = spawn_blocking(move || end_until_none(find)).await;
    }
}

/// `SIGKILL`
const KILLED: i32 = 9;

fn has_variable(pid: i32, variable: &[u8]) -> bool {
    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|known| known == variable)
}
