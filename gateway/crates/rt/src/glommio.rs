//! The second backend: glommio, kept to compare the default with.
//!
//! It serves the same facade with these differences, none of which a caller sees but in speed:
//! - glommio waits for readiness with a poll on its ring and then calls `recv` and `send`; only
//!   accepting and connecting are submitted as such. A buffer is therefore never lent to the
//!   kernel across a wait, and a `recv` that is dropped while it waits loses nothing.
//! - Its rings are set up by itself: the flags of [`crate::backend::RingFlags`] do not apply, and
//!   there is no epoll. Where io_uring is denied it does not start.
//! - Waiting without a buffer reads one byte ahead, since it has no wait for readiness alone.
//!   The `recv` that follows delivers that byte by itself.
//! - A spawned task may run before `spawn` returns to its caller.
//! - Every ring wants locked memory: 512 KiB and more (`LimitMEMLOCK=`).

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};
use glommio::{LocalExecutorBuilder, Placement};

use crate::buf::Buf;
use crate::limits::{GLOMMIO_IO_BYTES, GLOMMIO_RING_ENTRIES};
use crate::stream::TcpStream;

/// Runs `main` on this thread until it is done. What it spawned ends with it.
pub(crate) fn run<F: Future<Output = ()>>(index: usize, main: F) -> io::Result<()> {
    // The shard has pinned the thread already; glommio would panic without a readable /sys.
    let executor = LocalExecutorBuilder::new(Placement::Unbound)
        .name(&format!("shard-{index}"))
        .ring_depth(GLOMMIO_RING_ENTRIES)
        .io_memory(GLOMMIO_IO_BYTES)
        .make()?;
    executor.run(main);
    Ok(())
}

pub(crate) fn spawn<F>(future: F)
where
    F: Future<Output = ()> + 'static,
{
    drop(glommio::spawn_local(future).detach());
}

pub(crate) async fn sleep(span: Duration) {
    glommio::timer::sleep(span).await;
}

pub(crate) async fn timeout<F: Future>(span: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut timer = pin!(glommio::timer::sleep(span));
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => timer.as_mut().poll(cx).map(|()| None),
    })
    .await
}

/// A connected socket. The `RefCell` is only borrowed while it is polled, so that the two
/// directions do not meet.
pub(crate) struct Socket {
    stream: RefCell<glommio::net::TcpStream>,
    ahead: Cell<Option<u8>>,
}

impl Socket {
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = glommio::net::TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self::new(stream))
    }

    pub(crate) fn adopt(stream: std::net::TcpStream) -> io::Result<Self> {
        // SAFETY: the descriptor is the stream's own, which gives it up here.
        let stream = unsafe { glommio::net::TcpStream::from_raw_fd(stream.into_raw_fd()) };
        Ok(Self::new(stream))
    }

    fn new(stream: glommio::net::TcpStream) -> Self {
        Self { stream: RefCell::new(stream), ahead: Cell::new(None) }
    }

    pub(crate) async fn recv(&self, mut buf: Buf) -> (io::Result<usize>, Buf) {
        let result = poll_fn(|cx| self.poll_recv(cx, &mut buf)).await;
        (result, buf)
    }

    /// Receives into the spare bytes of `buf`, which is not needed while this is pending.
    pub(crate) fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut Buf) -> Poll<io::Result<usize>> {
        if let Some(byte) = self.ahead.take() {
            buf.extend(&[byte]);
            return Poll::Ready(Ok(1));
        }
        let poll = Pin::new(&mut *self.stream.borrow_mut()).poll_read(cx, buf.spare_mut());
        if let Poll::Ready(Ok(n)) = poll {
            buf.commit(n);
        }
        poll
    }

    pub(crate) async fn readable(&self) -> io::Result<()> {
        if self.has_byte_ahead() {
            return Ok(());
        }
        let mut byte = [0];
        let n = poll_fn(|cx| Pin::new(&mut *self.stream.borrow_mut()).poll_read(cx, &mut byte));
        if n.await? == 1 {
            self.ahead.set(Some(byte[0]));
        }
        Ok(())
    }

    /// Whether a byte was received that no `recv` has delivered yet.
    pub(crate) fn has_byte_ahead(&self) -> bool {
        self.ahead.get().is_some()
    }

    pub(crate) async fn send(&self, buf: Buf) -> (io::Result<usize>, Buf) {
        let result =
            poll_fn(|cx| Pin::new(&mut *self.stream.borrow_mut()).poll_write(cx, buf.filled()))
                .await;
        (result, buf)
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.stream.borrow().as_raw_fd()
    }
}

/// A listening socket.
pub(crate) struct Listener(glommio::net::TcpListener);

impl Listener {
    pub(crate) fn new(listener: std::net::TcpListener) -> Self {
        // SAFETY: the descriptor was just given up by its owner, and it listens.
        Self(unsafe { glommio::net::TcpListener::from_raw_fd(listener.into_raw_fd()) })
    }

    pub(crate) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let stream = self.0.accept().await?;
        // A peer that has reset already has no address any more.
        let peer =
            stream.peer_addr().map_err(|_| io::Error::from(io::ErrorKind::ConnectionAborted))?;
        Ok((TcpStream::glommio(Socket::new(stream)), peer))
    }
}

/// The wake-up end of a mailbox.
pub(crate) struct Signal(glommio::net::UnixStream);

impl Signal {
    pub(crate) fn new(socket: UnixStream) -> Self {
        // SAFETY: the descriptor was just given up by its owner.
        Self(unsafe { glommio::net::UnixStream::from_raw_fd(socket.into_raw_fd()) })
    }

    pub(crate) async fn wait(&mut self) -> bool {
        let mut scratch = [0; 64];
        let result = poll_fn(|cx| Pin::new(&mut self.0).poll_read(cx, &mut scratch)).await;
        matches!(result, Ok(1..))
    }
}
