//! Which runtime drives this shard, and with what ring.

use std::cell::Cell;
use std::fmt;
use std::io;

/// The runtime that turns a shard's loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// monoio, the default.
    #[default]
    Monoio,
    /// glommio; only with the `glommio` feature.
    Glommio,
}

/// How a shard talks to the kernel, as asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DriverChoice {
    /// io_uring with the best flags the kernel takes, else epoll.
    #[default]
    Auto,
    /// io_uring or nothing.
    IoUring,
    /// epoll.
    Epoll,
}

/// The flags a ring is set up with, best first. Each is a kernel's age: 6.1, 5.19, 5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingFlags {
    /// `SINGLE_ISSUER | DEFER_TASKRUN`: completions run when the shard asks for them.
    DeferTaskrun,
    /// `COOP_TASKRUN`: completions do not interrupt the shard.
    CoopTaskrun,
    /// None.
    Plain,
}

/// How a shard talks to the kernel, as found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// io_uring with these flags.
    IoUring(RingFlags),
    /// epoll.
    Epoll,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Monoio => "monoio",
            Self::Glommio => "glommio",
        })
    }
}

impl fmt::Display for RingFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DeferTaskrun => "single_issuer,defer_taskrun",
            Self::CoopTaskrun => "coop_taskrun",
            Self::Plain => "none",
        })
    }
}

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IoUring(_) => f.write_str("io_uring"),
            Self::Epoll => f.write_str("epoll"),
        }
    }
}

impl Driver {
    /// The ring flags, or `-` without a ring.
    pub fn flags(&self) -> String {
        match self {
            Self::IoUring(flags) => flags.to_string(),
            Self::Epoll => "-".to_owned(),
        }
    }

    /// Finds the driver that this kernel allows, by setting rings up.
    ///
    /// # Errors
    /// When `choice` insists on io_uring and the kernel refuses it; the text names the reason.
    pub fn probe(choice: DriverChoice) -> io::Result<Self> {
        if choice == DriverChoice::Epoll {
            return Ok(Self::Epoll);
        }
        let mut refusal = io::Error::from_raw_os_error(libc::ENOSYS);
        for flags in [RingFlags::DeferTaskrun, RingFlags::CoopTaskrun, RingFlags::Plain] {
            match ring_builder(flags, PROBE_ENTRIES).build(PROBE_ENTRIES) {
                Ok(_) => return Ok(Self::IoUring(flags)),
                Err(e) => refusal = e,
            }
        }
        if choice == DriverChoice::IoUring {
            return Err(io::Error::new(refusal.kind(), explain(&refusal)));
        }
        tracing::warn!(reason = explain(&refusal), "io_uring is not available, epoll is used");
        Ok(Self::Epoll)
    }
}

/// What to look at when the kernel refuses a ring.
fn explain(refusal: &io::Error) -> String {
    let hint = match refusal.raw_os_error() {
        Some(libc::ENOSYS) => {
            "the kernel is older than 5.1, or a seccomp filter hides io_uring_setup"
        }
        Some(libc::EPERM | libc::EACCES) => {
            "look at the sysctl kernel.io_uring_disabled (0 allows it) and at the seccomp filter \
             of the container or service (allow io_uring_setup, io_uring_enter, io_uring_register)"
        }
        Some(libc::ENOMEM) => "raise the locked-memory limit (LimitMEMLOCK= or ulimit -l)",
        Some(libc::EMFILE | libc::ENFILE) => "raise the limit of open files (LimitNOFILE=)",
        _ => "the kernel gave no known reason",
    };
    format!("io_uring_setup: {refusal}: {hint}")
}

/// Entries of a ring that is only there to see whether the kernel grants it.
const PROBE_ENTRIES: u32 = 8;

pub(crate) fn ring_builder(flags: RingFlags, entries: u32) -> io_uring::Builder {
    let mut builder = io_uring::IoUring::builder();
    // A completion queue that holds what a burst completes at once.
    builder.setup_cqsize(entries * 4);
    match flags {
        RingFlags::DeferTaskrun => {
            builder.setup_single_issuer().setup_defer_taskrun();
        }
        RingFlags::CoopTaskrun => {
            builder.setup_coop_taskrun();
        }
        RingFlags::Plain => {}
    }
    builder
}

thread_local! {
    static CURRENT: Cell<(Backend, bool)> = const { Cell::new((Backend::Monoio, false)) };
}

pub(crate) fn set_current(backend: Backend, driver: Driver) {
    CURRENT.set((backend, driver == Driver::Epoll));
}

pub(crate) fn is_epoll() -> bool {
    CURRENT.get().1
}

#[cfg(feature = "glommio")]
pub(crate) fn is_glommio() -> bool {
    CURRENT.get().0 == Backend::Glommio
}
