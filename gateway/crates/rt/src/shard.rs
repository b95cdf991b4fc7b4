//! Shards: a pinned thread, its ring, its tick.

use std::future::Future;
use std::io;
use std::rc::Rc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use monoio::time::TimeDriver;
use monoio::{IoUringDriver, LegacyDriver, RuntimeBuilder};

use crate::backend::{self, Backend, Driver, ring_builder};
use crate::clock::Moment;
use crate::limits::TICK_MS;
use crate::{buf, deadline};

/// What a shard is started with.
#[derive(Clone)]
pub struct ShardConfig {
    /// Counts from 0; names the thread `shard-N`.
    pub index: usize,
    /// The core to stay on, if any.
    pub cpu: Option<usize>,
    /// The runtime.
    pub backend: Backend,
    /// The driver that [`Driver::probe`] found.
    pub driver: Driver,
    /// Submission queue entries of its ring; a power of two.
    pub ring_entries: u32,
}

/// Starts a shard's thread and runs `main` on it until it is done.
///
/// # Errors
/// When the thread cannot be made. What goes wrong on the thread comes out of its handle.
pub fn spawn_shard<M, F>(config: ShardConfig, main: M) -> io::Result<JoinHandle<io::Result<()>>>
where
    M: FnOnce() -> F + Send + 'static,
    F: Future<Output = ()> + 'static,
{
    Builder::new().name(format!("shard-{}", config.index)).spawn(move || run(&config, main))
}

fn run<M, F>(config: &ShardConfig, main: M) -> io::Result<()>
where
    M: FnOnce() -> F,
    F: Future<Output = ()> + 'static,
{
    if let Some(cpu) = config.cpu {
        // A core that went away is no reason not to serve.
        if let Err(error) = crate::cpu::pin(cpu) {
            tracing::warn!(shard = config.index, cpu, %error, "Shard is not pinned");
        }
    }
    if let Err(error) = crate::cpu::wake_early() {
        tracing::debug!(shard = config.index, %error, "Shard wakes no earlier than others");
    }
    backend::set_current(config.backend, config.driver);
    let whole = async move {
        crate::spawn(tick());
        main().await;
    };
    match (config.backend, config.driver) {
        (Backend::Monoio, Driver::IoUring(flags)) => {
            let mut runtime = RuntimeBuilder::<TimeDriver<IoUringDriver>>::new()
                .with_entries(config.ring_entries)
                .uring_builder(ring_builder(flags, config.ring_entries))
                .build()?;
            runtime.block_on(whole);
            leak(runtime);
        }
        (Backend::Monoio, Driver::Epoll) => {
            let mut runtime = RuntimeBuilder::<TimeDriver<LegacyDriver>>::new().build()?;
            runtime.block_on(whole);
            leak(runtime);
        }
        #[cfg(feature = "glommio")]
        (Backend::Glommio, _) => crate::glommio::run(config.index, whole)?,
        #[cfg(not(feature = "glommio"))]
        (Backend::Glommio, _) => {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "this build has no glommio backend: build it with `--features glommio`",
            ));
        }
    }
    Ok(())
}

/// Keeps a runtime's memory for ever. monoio frees the buffers of unfinished operations when its
/// ring is dropped, without waiting for the kernel; a shard ends with its process, so keeping
/// them costs nothing and frees nothing under the kernel.
fn leak<T>(runtime: T) {
    std::mem::forget(runtime);
}

/// The shard's pulse: deadlines, and the pool's size.
async fn tick() {
    let per_second = 1000 / TICK_MS;
    let mut count = 0_u64;
    loop {
        crate::sleep(Duration::from_millis(TICK_MS)).await;
        deadline::expire(Moment::now());
        count += 1;
        if count.is_multiple_of(per_second) {
            buf::trim();
            crate::collect_memory();
        }
    }
}

/// A door that can be closed: counts what is inside, and says when all have left.
///
/// Source: the idea is Seastar's `gate`.
#[derive(Clone, Default)]
pub struct Gate {
    inner: Rc<GateInner>,
}

#[derive(Default)]
struct GateInner {
    inside: std::cell::Cell<usize>,
    is_closed: std::cell::Cell<bool>,
}

/// One visit; leaving is dropping it.
pub struct Visit(Rc<GateInner>);

impl Gate {
    /// Enters, unless the gate is closed.
    pub fn enter(&self) -> Option<Visit> {
        (!self.inner.is_closed.get()).then(|| self.enter_late())
    }

    /// Enters even when the gate is closed: for what was on its way in before.
    pub fn enter_late(&self) -> Visit {
        self.inner.inside.set(self.inner.inside.get() + 1);
        Visit(self.inner.clone())
    }

    /// Lets nobody in any more.
    pub fn close(&self) {
        self.inner.is_closed.set(true);
    }

    /// Whether it was closed: those inside should leave when they can.
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed.get()
    }

    /// How many are inside.
    pub fn inside(&self) -> usize {
        self.inner.inside.get()
    }

    /// Waits until all have left, at most until `deadline`; says how many are still inside.
    pub async fn emptied(&self, deadline: Moment) -> usize {
        while self.inside() > 0 && Moment::now() < deadline {
            crate::sleep(Duration::from_millis(TICK_MS)).await;
        }
        self.inside()
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.inside.set(self.0.inside.get() - 1);
    }
}
