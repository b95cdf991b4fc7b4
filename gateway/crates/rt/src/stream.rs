//! TCP streams with completion-shaped calls: `recv` is lent a buffer and gives it back filled.
//!
//! At most one `recv` (or wait) and one `send` are under way on a stream at a time; the two may
//! overlap. A call that is under way is never dropped to be tried again: deadlines shut the
//! socket down instead (see the module `deadline`).

use std::cell::{RefCell, UnsafeCell};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::time::Duration;

use monoio::io::{AsyncReadRent, AsyncWriteRent, CancelableAsyncReadRent, Canceller};

use crate::buf::{Buf, Drain, Fill};
use crate::clock::Moment;
use crate::deadline::Deadline;
use crate::limits::IDLE_RELEASE_MS;

/// A connected TCP socket of this shard.
pub struct TcpStream {
    // Declared before the socket, so that it is dropped first: a deadline needs an open socket.
    deadline: Deadline,
    idle: Rc<IdleWait>,
    socket: Socket,
}

enum Socket {
    Monoio(UnsafeCell<monoio::net::TcpStream>),
    #[cfg(feature = "glommio")]
    Glommio(crate::glommio::Socket),
}

/// What came of waiting for a peer's next message.
pub enum Wait {
    /// The buffer got that many more bytes; zero says that the peer has finished.
    Received(usize, Buf),
    /// Nothing came for a while; the buffer went back to the pool. Go on with
    /// [`TcpStream::readable`].
    Idle,
}

/// Lets the shard's tick take the buffer back from a `recv` that waits for a next message.
pub(crate) struct IdleWait {
    /// Armed while such a `recv` is under way. Reused, so that waiting allocates nothing.
    canceller: RefCell<Option<Canceller>>,
    armed: std::cell::Cell<bool>,
    /// Since when the stream waits in [`TcpStream::readable`]; never, when it does not.
    parked: std::cell::Cell<Moment>,
    /// glommio's operations are not cancelled: whoever waits for one is woken instead.
    #[cfg(feature = "glommio")]
    waker: RefCell<Option<std::task::Waker>>,
}

impl IdleWait {
    /// Whether the stream waits for its next message without a buffer since before `since`.
    pub(crate) fn is_parked(&self, since: Moment) -> bool {
        self.parked.get() <= since
    }

    /// Asks for the buffer; `false` when no `recv` waits idle.
    pub(crate) fn release(&self) -> bool {
        if !self.armed.replace(false) {
            return false;
        }
        let mut canceller = self.canceller.borrow_mut();
        // The operation itself ends in its own time, with or without bytes; nothing is lost.
        *canceller = canceller.take().map(Canceller::cancel);
        #[cfg(feature = "glommio")]
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
        true
    }
}

impl TcpStream {
    /// Connects to `address`. Several addresses and time limits are the caller's.
    ///
    /// # Errors
    /// What the kernel says of the connection.
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        #[cfg(feature = "glommio")]
        if crate::backend::is_glommio() {
            return crate::glommio::Socket::connect(address).await.map(Self::glommio);
        }
        let stream = monoio::net::TcpStream::connect_addr(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self::monoio(stream))
    }

    /// Takes over a connected stream socket, of whatever family, from another thread.
    ///
    /// # Errors
    /// When the shard cannot take it.
    pub fn adopt(fd: OwnedFd) -> io::Result<Self> {
        let stream = std::net::TcpStream::from(fd);
        stream.set_nonblocking(true)?;
        #[cfg(feature = "glommio")]
        if crate::backend::is_glommio() {
            return crate::glommio::Socket::adopt(stream).map(Self::glommio);
        }
        Ok(Self::monoio(monoio::net::TcpStream::from_std(stream)?))
    }

    pub(crate) fn monoio(stream: monoio::net::TcpStream) -> Self {
        let fd = stream.as_raw_fd();
        // monoio accepts without SOCK_CLOEXEC: what this process starts would hold the connection, and could read it.
        // SAFETY: sets a flag of a descriptor that `stream` owns.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
        Self::new(fd, Socket::Monoio(UnsafeCell::new(stream)))
    }

    #[cfg(feature = "glommio")]
    pub(crate) fn glommio(socket: crate::glommio::Socket) -> Self {
        let fd = socket.as_raw_fd();
        Self::new(fd, Socket::Glommio(socket))
    }

    fn new(fd: RawFd, socket: Socket) -> Self {
        let idle = Rc::new(IdleWait {
            canceller: RefCell::new(None),
            armed: std::cell::Cell::new(false),
            parked: std::cell::Cell::new(Moment::NEVER),
            #[cfg(feature = "glommio")]
            waker: RefCell::new(None),
        });
        Self { deadline: Deadline::new(fd, Some(idle.clone())), idle, socket }
    }

    /// Shuts the socket down at `at`, unless another deadline is set before. What waits then ends
    /// with an end of file or an error, and [`TcpStream::has_expired`] says why.
    #[inline]
    pub fn set_deadline(&self, at: Moment) {
        self.deadline.set(at);
    }

    /// Whether a deadline passed.
    #[inline]
    pub fn has_expired(&self) -> bool {
        self.deadline.has_expired()
    }

    /// Receives into the spare bytes of `buf`; zero says that the peer has finished.
    #[inline]
    pub async fn recv(&self, buf: Buf) -> (io::Result<usize>, Buf) {
        debug_assert!(buf.spare() > 0, "a full buffer would look like an end of file");
        match &self.socket {
            Socket::Monoio(socket) => {
                // SAFETY: see `monoio_mut`; one `recv` at a time.
                let (result, fill) = unsafe { monoio_mut(socket) }.read(Fill(buf)).await;
                (result, fill.0)
            }
            #[cfg(feature = "glommio")]
            Socket::Glommio(socket) => socket.recv(buf).await,
        }
    }

    /// Like [`TcpStream::recv`], between two messages: gives the buffer back when nothing comes
    /// for [`IDLE_RELEASE_MS`]. Replaces the deadline; afterwards there is none.
    ///
    /// # Errors
    /// What the kernel says of the socket.
    pub async fn recv_or_idle(&self, now: Moment, buf: Buf) -> io::Result<Wait> {
        self.idle.armed.set(true);
        self.set_deadline(now + Duration::from_millis(IDLE_RELEASE_MS));
        let result = match &self.socket {
            Socket::Monoio(socket) => {
                let handle = self.idle.canceller.borrow_mut().get_or_insert_default().handle();
                // SAFETY: see `monoio_mut`; one `recv` at a time.
                let stream = unsafe { monoio_mut(socket) };
                let (result, fill) = stream.cancelable_read(Fill(buf), handle).await;
                match result {
                    Ok(n) => Ok(Wait::Received(n, fill.0)),
                    Err(e) if e.raw_os_error() == Some(libc::ECANCELED) => Ok(Wait::Idle),
                    Err(e) => Err(e),
                }
            }
            #[cfg(feature = "glommio")]
            Socket::Glommio(socket) => self.recv_until_released(socket, buf).await,
        };
        self.idle.armed.set(false);
        // The tick must not find a deadline with nobody to release.
        self.set_deadline(Moment::NEVER);
        result
    }

    #[cfg(feature = "glommio")]
    async fn recv_until_released(
        &self,
        socket: &crate::glommio::Socket,
        mut buf: Buf,
    ) -> io::Result<Wait> {
        use std::task::Poll;
        let received = std::future::poll_fn(|cx| match socket.poll_recv(cx, &mut buf) {
            Poll::Ready(result) => Poll::Ready(result.map(Some)),
            Poll::Pending if !self.idle.armed.get() => Poll::Ready(Ok(None)),
            Poll::Pending => {
                self.idle.waker.replace(Some(cx.waker().clone()));
                Poll::Pending
            }
        });
        Ok(match received.await? {
            Some(n) => Wait::Received(n, buf),
            None => Wait::Idle,
        })
    }

    /// Waits until there is something to receive, holding no buffer.
    pub async fn readable(&self) -> io::Result<()> {
        self.idle.parked.set(Moment::recent());
        let result = match &self.socket {
            Socket::Monoio(socket) => {
                // SAFETY: see `monoio_mut`; waiting takes the place of the one `recv`.
                unsafe { monoio_mut(socket) }.readable(false).await
            }
            #[cfg(feature = "glommio")]
            Socket::Glommio(socket) => socket.readable().await,
        };
        self.idle.parked.set(Moment::NEVER);
        result
    }

    /// Sends all filled bytes of `buf`, which comes back empty when that worked.
    #[inline]
    pub async fn send(&self, mut buf: Buf) -> (io::Result<()>, Buf) {
        while !buf.is_empty() {
            let result;
            match &self.socket {
                Socket::Monoio(socket) => {
                    let drain;
                    // SAFETY: see `monoio_mut`; one `send` at a time.
                    (result, drain) = unsafe { monoio_mut(socket) }.write(Drain(buf)).await;
                    buf = drain.0;
                }
                #[cfg(feature = "glommio")]
                Socket::Glommio(socket) => (result, buf) = socket.send(buf).await,
            }
            match result {
                Ok(0) => return (Err(io::ErrorKind::WriteZero.into()), buf),
                Ok(n) => buf.consume(n),
                Err(e) => return (Err(e), buf),
            }
        }
        (Ok(()), buf)
    }

    /// Sends what of `bytes` the socket takes at once, and says how many those were.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when it takes none, or what the kernel says.
    pub fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        // SAFETY: the pointer and length describe `bytes`, which outlive the call.
        let n = unsafe {
            libc::send(
                self.fd(),
                bytes.as_ptr().cast(),
                bytes.len(),
                libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
            )
        };
        usize::try_from(n).map_err(|_| io::Error::last_os_error())
    }

    /// Sends what of `head` and `body`, one behind the other, the socket takes at once, and says how
    /// many bytes those were. One system call, and no copy of ours: for bodies that lie in memory
    /// that is shared, where the copy into a buffer would cost more than the call.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when it takes none, or what the kernel says.
    pub fn try_send_parts(&self, head: &[u8], body: &[u8]) -> io::Result<usize> {
        let part = |bytes: &[u8]| libc::iovec {
            iov_base: bytes.as_ptr().cast_mut().cast(),
            iov_len: bytes.len(),
        };
        let mut parts = [part(head), part(body)];
        // SAFETY: all zero is a message without address, parts and control data.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_iov = parts.as_mut_ptr();
        message.msg_iovlen = parts.len();
        let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        // SAFETY: the parts describe `head` and `body`, which outlive the call, and are only read.
        let n = unsafe { libc::sendmsg(self.fd(), &raw const message, flags) };
        usize::try_from(n).map_err(|_| io::Error::last_os_error())
    }

    /// Says that nothing more is sent. The peer may go on.
    pub fn shutdown_write(&self) {
        // SAFETY: plain system call on a descriptor that `self` keeps open.
        unsafe { libc::shutdown(self.fd(), libc::SHUT_WR) };
    }

    /// Makes closing this stream a reset: what it has not sent is dropped, and the peer learns that
    /// something is missing.
    pub fn reset_on_close(&self) {
        let at_once = libc::linger { l_onoff: 1, l_linger: 0 };
        // SAFETY: the pointer and length describe `at_once`, which outlives the call. It cannot
        // fail on a socket that `self` keeps open.
        unsafe {
            libc::setsockopt(
                self.fd(),
                libc::SOL_SOCKET,
                libc::SO_LINGER,
                (&raw const at_once).cast(),
                size_of::<libc::linger>() as libc::socklen_t,
            )
        };
    }

    /// Ends both directions at once: whatever waits on this stream ends.
    pub fn shutdown(&self) {
        // SAFETY: plain system call on a descriptor that `self` keeps open.
        unsafe { libc::shutdown(self.fd(), libc::SHUT_RDWR) };
    }

    /// Whether the peer has neither finished nor said anything: the state in which an idle
    /// connection to a server may be used again. One system call that does not wait.
    pub fn is_quiet(&self) -> bool {
        #[cfg(feature = "glommio")]
        if let Socket::Glommio(socket) = &self.socket
            && socket.has_byte_ahead()
        {
            return false;
        }
        is_quiet(self.fd())
    }

    fn fd(&self) -> RawFd {
        match &self.socket {
            // SAFETY: see `monoio_mut`; reading the number changes nothing.
            Socket::Monoio(socket) => unsafe { monoio_mut(socket) }.as_raw_fd(),
            #[cfg(feature = "glommio")]
            Socket::Glommio(socket) => socket.as_raw_fd(),
        }
    }
}

/// Whether a socket has neither bytes nor an end to be received.
pub(crate) fn is_quiet(fd: RawFd) -> bool {
    let mut byte = 0_u8;
    // SAFETY: the pointer and length describe `byte`, which outlives the call; a number that is no
    // socket is an error.
    let n =
        unsafe { libc::recv(fd, (&raw mut byte).cast(), 1, libc::MSG_PEEK | libc::MSG_DONTWAIT) };
    n < 0 && io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock
}

/// The stream inside, to start an operation on it.
///
/// # Safety
/// The caller is the only receiver, or the only sender, at the moment. monoio's calls take
/// `&mut self` but only clone the descriptor's handle out of it before the first wait; its own
/// `OwnedReadHalf` and `OwnedWriteHalf` share a stream in just this way.
#[expect(clippy::mut_from_ref, reason = "the two directions of a socket are independent")]
unsafe fn monoio_mut(socket: &UnsafeCell<monoio::net::TcpStream>) -> &mut monoio::net::TcpStream {
    // SAFETY: a shard is one thread, and the function's contract keeps the directions apart.
    unsafe { &mut *socket.get() }
}
