//! Threads with a ring, kept between runs: a ring is never given back (see `gateway_rt`), so runs share them.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use gateway_rt::{Backend, Driver, DriverChoice, Sender, ShardConfig, mailbox, spawn_shard};

use crate::EngineError;
use crate::limits::{JOBS_MAX, RING_ENTRIES};

/// What a worker does: made on the caller's thread, run on the worker's.
type Job = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// A thread of the engine, for as long as this value lives; afterwards it is somebody else's.
pub(crate) struct Worker {
    jobs: Option<Sender<Job>>,
}

static FREE: Mutex<Vec<Sender<Job>>> = Mutex::new(Vec::new());

impl Worker {
    /// Takes a free thread, or starts one.
    pub(crate) fn take() -> Result<Self, EngineError> {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let jobs = free.map_or_else(start, Ok)?;
        Ok(Self { jobs: Some(jobs) })
    }

    /// Runs `job`, after those given before. Should the thread be dead, the job is dropped unseen, and whatever
    /// channel it answers on is closed.
    pub(crate) fn run<F>(&self, job: impl FnOnce() -> F + Send + 'static)
    where
        F: Future<Output = ()> + 'static,
    {
        let job: Job = Box::new(move || Box::pin(job()));
        if let Some(jobs) = &self.jobs {
            // A full mailbox belongs to a thread that no longer takes jobs.
            drop(jobs.try_send(job));
        }
    }

    /// Forgets the thread: it died.
    pub(crate) fn discard(mut self) {
        self.jobs = None;
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(jobs) = self.jobs.take() {
            FREE.lock().unwrap_or_else(PoisonError::into_inner).push(jobs);
        }
    }
}

fn start() -> Result<Sender<Job>, EngineError> {
    static STARTED: AtomicUsize = AtomicUsize::new(0);
    let config = ShardConfig {
        index: STARTED.fetch_add(1, Ordering::Relaxed),
        cpu: None,
        backend: Backend::Monoio,
        driver: driver()?,
        ring_entries: RING_ENTRIES,
    };
    let (sender, receiver) = mailbox::<Job>(JOBS_MAX).map_err(EngineError::Start)?;
    let main = move || async move {
        let Ok(mut inbox) = receiver.attach() else { return };
        while let Some(job) = inbox.recv().await {
            job().await;
        }
    };
    spawn_shard(config, main).map_err(EngineError::Start)?;
    Ok(sender)
}

/// The driver that this kernel allows, found out once.
fn driver() -> Result<Driver, EngineError> {
    static DRIVER: OnceLock<Driver> = OnceLock::new();
    if let Some(driver) = DRIVER.get() {
        return Ok(*driver);
    }
    let driver = Driver::probe(DriverChoice::Auto).map_err(EngineError::Start)?;
    Ok(*DRIVER.get_or_init(|| driver))
}

/// How the engine talks to the kernel, for reports: `io_uring` or `epoll`.
///
/// # Errors
/// [`EngineError::Start`] when the kernel allows neither.
pub fn driver_name() -> Result<String, EngineError> {
    driver().map(|driver| driver.to_string())
}
