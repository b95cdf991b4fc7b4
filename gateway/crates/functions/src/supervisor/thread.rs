//! The supervisor's thread.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use tokio::sync::oneshot;
use tokio::task::LocalSet;

use super::cgroup::Groups;
use super::directory::Own;
use super::environment::{self, Cause, Entry};
use super::journal::Journal;
use super::memory;
use super::spawn::Spawner;
use super::{
    EnvironmentId, LogSink, Notice, NoticeKind, Notify, Order, OrderReceiver, SupervisorSettings,
};
use crate::code::{CodeStore, make_directory};
use crate::launcher::Containment;
use crate::limits::{END_MAX, ENDED_KEPT_MAX, OUTPUT_BYTES, SAMPLE_IDLE};
use crate::runtimes;

/// What the thread begins with.
pub(super) struct Start {
    pub(super) settings: SupervisorSettings,
    pub(super) user: Option<(u32, u32)>,
    pub(super) own: Own,
    pub(super) containment: Option<Containment>,
    pub(super) orders: OrderReceiver,
    pub(super) notify: Notify,
    pub(super) sink: Arc<dyn LogSink>,
    pub(super) ended: oneshot::Receiver<()>,
    pub(super) started: Sender<io::Result<()>>,
}

/// What environments have in common.
pub(super) struct Shared {
    pub(super) settings: SupervisorSettings,
    pub(super) user: Option<(u32, u32)>,
    pub(super) spawner: Spawner,
    pub(super) groups: Option<Groups>,
    pub(super) code: CodeStore,
    /// `LAMBDA_RUNTIME_DIR`
    pub(super) clients: PathBuf,
    /// Where each has a directory.
    pub(super) environments: PathBuf,
    pub(super) notify: Notify,
    pub(super) sink: Arc<dyn LogSink>,
    /// What is read at once, of whichever environment has its turn.
    pub(super) scratch: RefCell<Vec<u8>>,
    orders: OrderReceiver,
    entries: RefCell<HashMap<EnvironmentId, Rc<Entry>>>,
    /// Logs of environments that have ended, the oldest first.
    ended: RefCell<VecDeque<(EnvironmentId, Rc<Journal>)>>,
    tasks: LocalSet,
    is_closing: Cell<bool>,
    /// An environment was started since the last look at memory was planned.
    has_started: Cell<bool>,
}

pub(super) fn run(start: Start) {
    let Start { started, ended, own, .. } = start;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return drop(started.send(Err(error))),
    };
    let shared = {
        // Signals and sockets of the runtime belong to it.
        let _guard = runtime.enter();
        Shared::new(
            &own,
            start.settings,
            start.user,
            start.containment,
            start.orders,
            start.notify,
            start.sink,
        )
    };
    let shared = match shared {
        Ok(shared) => Rc::new(shared),
        Err(error) => return drop(started.send(Err(error))),
    };
    let _ = started.send(Ok(()));
    runtime.block_on(shared.tasks.run_until(serve(shared.clone(), ended)));
    // First what uses the directory, then the directory.
    drop(shared);
    drop(runtime);
    drop(own);
}

async fn serve(shared: Rc<Shared>, ended: oneshot::Receiver<()>) {
    let mut ended = pin!(ended);
    let mut sample = pin!(tokio::time::sleep(SAMPLE_IDLE));
    let bell = shared.orders.bell();
    loop {
        shared.pump();
        if shared.has_started.take() {
            let soon = tokio::time::Instant::now() + crate::limits::SAMPLE_BUSY;
            let due = sample.deadline().min(soon);
            sample.as_mut().reset(due);
        }
        tokio::select! {
            biased;
            _ = &mut ended => break,
            () = bell.notified() => {}
            () = &mut sample => {
                let entries = shared.entries.borrow().clone();
                let next = memory::sample(entries.values().map(|entry| &**entry));
                sample.as_mut().reset(tokio::time::Instant::now() + next);
            }
        }
    }
    shared.close().await;
}

impl Shared {
    fn new(
        own: &Own,
        settings: SupervisorSettings,
        user: Option<(u32, u32)>,
        containment: Option<Containment>,
        orders: OrderReceiver,
        notify: Notify,
        sink: Arc<dyn LogSink>,
    ) -> io::Result<Self> {
        let (clients, environments) =
            (own.path().join("runtimes"), own.path().join("environments"));
        runtimes::write_clients(&clients)?;
        make_directory(&environments)?;
        let spawner = Spawner::new(settings.launcher.clone(), containment)?;
        Ok(Self {
            user,
            groups: Groups::delegated(),
            code: CodeStore::new(own.path().join("code"))?,
            clients,
            environments,
            notify,
            sink,
            scratch: RefCell::new(vec![0; OUTPUT_BYTES]),
            orders,
            entries: RefCell::default(),
            ended: RefCell::default(),
            tasks: LocalSet::new(),
            is_closing: Cell::new(false),
            has_started: Cell::new(false),
            spawner,
            settings,
        })
    }

    /// Takes the orders that are there.
    pub(super) fn pump(self: &Rc<Self>) {
        while let Ok(order) = self.orders.try_recv() {
            self.take(order);
        }
    }

    fn take(self: &Rc<Self>, order: Order) {
        match order {
            Order::Start { environment, shard, function, runtime_api } => {
                if self.is_closing.get() {
                    let kind = NoticeKind::StartFailed("the gateway ends".to_owned());
                    return (self.notify)(shard, Notice { environment, kind });
                }
                self.has_started.set(true);
                let (entry, events) = Entry::new(&function, self);
                let entry = Rc::new(entry);
                self.entries.borrow_mut().insert(environment, entry.clone());
                let start = environment::Start { environment, shard, plan: function, runtime_api };
                self.tasks.spawn_local(environment::run(self.clone(), start, entry, events));
            }
            Order::Kill { environment } => {
                if let Some(entry) = self.entries.borrow().get(&environment) {
                    entry.end(Cause::Order);
                }
            }
            Order::Log { environment, event, unix_ms } => {
                if let Some(entry) = self.entries.borrow().get(&environment) {
                    return entry.log(event, unix_ms);
                }
                let ended = self.ended.borrow();
                if let Some((_, journal)) = ended.iter().rev().find(|(id, _)| *id == environment) {
                    journal.platform(&event, unix_ms);
                }
            }
        }
    }

    /// An environment is no more, but its log may go on a little.
    pub(super) fn ended(&self, environment: EnvironmentId) {
        let Some(entry) = self.entries.borrow_mut().remove(&environment) else { return };
        let mut ended = self.ended.borrow_mut();
        if ended.len() == ENDED_KEPT_MAX {
            ended.pop_front();
        }
        ended.push_back((environment, entry.journal.clone()));
    }

    /// Ends all environments and waits for that.
    async fn close(self: &Rc<Self>) {
        self.is_closing.set(true);
        self.pump();
        self.entries.borrow().values().for_each(|entry| entry.end(Cause::Order));
        let all = async {
            while !self.entries.borrow().is_empty() {
                self.pump();
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        };
        if tokio::time::timeout(END_MAX * 2, all).await.is_err() {
            tracing::error!("Functions did not end in time");
        }
    }
}
