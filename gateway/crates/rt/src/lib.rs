//! Shards, ring, buffers, timers, mailboxes, TLS I/O: the only crate with unsafe code.
//!
//! The rest of the gateway sees one facade, shaped by completion: an operation owns its buffer
//! until the kernel is done with it. Which runtime turns the loop ([`Backend`]) and how it talks
//! to the kernel ([`Driver`]) is decided when a shard starts and named nowhere else.
//!
//! Invariants worth naming:
//! - A stream, a buffer and a task never leave the shard they were made on.
//! - Nothing here drops an operation to try it again. A deadline ends the *socket*, and the
//!   operation completes in its own time.
//! - A connection that waits for its next message gives its buffer back after
//!   [`limits::IDLE_RELEASE_MS`] and waits with a poll.

mod alarm;
pub mod backend;
pub mod buf;
pub mod clock;
pub mod cpu;
mod deadline;
#[cfg(feature = "glommio")]
mod glommio;
pub mod limits;
pub mod link;
pub mod listener;
pub mod mailbox;
pub mod process;
pub mod ring;
pub mod shard;
mod signal;
mod stock;
pub mod stream;
pub mod tls;

use std::future::Future;
use std::time::Duration;

pub use alarm::Alarm;
pub use backend::{Backend, Driver, DriverChoice};
pub use buf::Buf;
pub use clock::Moment;
pub use link::Stream;
pub use listener::{BoundListener, TcpListener, TcpOptions};
pub use mailbox::{Inbox, Receiver, Sender, mailbox};
pub use shard::{Gate, ShardConfig, Visit, spawn_shard};
pub use stream::{TcpStream, Wait};
pub use tls::{ClientTls, RootStore, TlsStream};

/// Runs `future` on this shard, beside the caller, until it ends or the shard does.
pub fn spawn<F>(future: F)
where
    F: Future<Output = ()> + 'static,
{
    #[cfg(feature = "glommio")]
    if backend::is_glommio() {
        return glommio::spawn(future);
    }
    drop(monoio::spawn(future));
}

/// Ends every connection of this shard that has waited idle since before `since` and has nothing to
/// be received, so that the others can drain.
pub fn end_parked_connections(since: Moment) {
    deadline::end_parked(since);
}

/// Gives memory that this thread has freed back to the system, where that is due.
///
/// The allocator does so while it is asked for memory, and a shard in steady state asks for none: what
/// a large buffered body took would stay. Called once a second; without mimalloc as the program's
/// allocator it does nothing.
pub fn collect_memory() {
    // SAFETY: looks after this thread's own heap; callable at any time on any thread.
    unsafe { libmimalloc_sys::mi_collect(false) };
}

/// Gives back at once all memory that this thread has freed, for a thread that is done with something large.
/// Takes milliseconds: not for a shard.
pub fn return_memory() {
    // SAFETY: as above.
    unsafe { libmimalloc_sys::mi_collect(true) };
}

/// Waits for `span`, give or take a few milliseconds.
pub async fn sleep(span: Duration) {
    #[cfg(feature = "glommio")]
    if backend::is_glommio() {
        return glommio::sleep(span).await;
    }
    monoio::time::sleep(span).await;
}

/// Runs `future` for at most `span`; `None` when it took longer and was dropped.
///
/// Only for operations that own nothing a peer sent: connecting, never receiving.
pub async fn timeout<F: Future>(span: Duration, future: F) -> Option<F::Output> {
    #[cfg(feature = "glommio")]
    if backend::is_glommio() {
        return glommio::timeout(span, future).await;
    }
    monoio::time::timeout(span, future).await.ok()
}
