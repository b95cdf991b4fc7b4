//! Listening sockets: one per shard and address, the kernel spreads connections (SO_REUSEPORT).

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, RawFd};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::limits::ACCEPT_PAUSE_MS;
use crate::stream::TcpStream;

/// What the sockets of accepted connections are set to. They inherit it from the listener, which
/// saves system calls for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpOptions {
    /// Small segments leave at once.
    pub nodelay: bool,
    /// Silence before the first keep-alive probe, in whole seconds; none: no probes.
    pub keepalive: Option<Duration>,
    /// How long sent data may stay unacknowledged; none: as long as the kernel sees fit.
    pub user_timeout: Option<Duration>,
}

/// A bound and listening socket, to be handed to the shard that accepts on it.
pub struct BoundListener(std::net::TcpListener);

impl BoundListener {
    /// Binds `address` with SO_REUSEPORT and listens.
    ///
    /// # Errors
    /// What the kernel says, e.g. that the address is in use by another program.
    pub fn bind(address: SocketAddr, backlog: u32) -> io::Result<Self> {
        let socket =
            Socket::new(Domain::for_address(address), Type::STREAM.cloexec(), Some(Protocol::TCP))?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
        socket.set_tcp_nodelay(true)?;
        socket.bind(&address.into())?;
        socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        Ok(Self(socket.into()))
    }

    /// Binds `address` so that nobody else can listen there, and listens: for a server of one shard, where a connection
    /// that another process got would do harm.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn bind_alone(address: SocketAddr, backlog: u32) -> io::Result<Self> {
        let socket =
            Socket::new(Domain::for_address(address), Type::STREAM.cloexec(), Some(Protocol::TCP))?;
        socket.set_tcp_nodelay(true)?;
        socket.bind(&address.into())?;
        socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        Ok(Self(socket.into()))
    }

    /// Takes over a listening socket that the service manager passed in (`LISTEN_FDS`).
    ///
    /// # Errors
    /// When the descriptor is not open, not a listening TCP socket, or was taken before.
    pub fn adopt(fd: RawFd) -> io::Result<Self> {
        static TAKEN: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        // The first three are the standard streams, which others use.
        if fd < 3 || taken.contains(&fd) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // SAFETY: borrowed for this look only; a descriptor that is not open is an error below.
        let looked_at = unsafe { BorrowedFd::borrow_raw(fd) };
        if !socket2::SockRef::from(&looked_at).is_listener()? {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        taken.push(fd);
        // SAFETY: the descriptor is open, and by the protocol nobody else's in this process; the
        // list makes sure that it is taken once.
        let listener: std::net::TcpListener = unsafe { FromRawFd::from_raw_fd(fd) };
        listener.local_addr()?;
        socket2::SockRef::from(&listener).set_tcp_nodelay(true)?;
        Ok(Self(listener))
    }

    /// Sets what accepted connections inherit. Without it small segments leave at once, and the rest is
    /// as the kernel has it.
    ///
    /// # Errors
    /// What the kernel says of an option.
    pub fn set_options(&self, options: TcpOptions) -> io::Result<()> {
        let socket = socket2::SockRef::from(&self.0);
        socket.set_tcp_nodelay(options.nodelay)?;
        match options.keepalive {
            Some(time) => {
                socket.set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(time))?;
            }
            None => socket.set_keepalive(false)?,
        }
        socket.set_tcp_user_timeout(options.user_timeout)
    }

    /// A second handle on the same queue, for another shard.
    ///
    /// # Errors
    /// When the process is out of file descriptors.
    pub fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Where it listens; the port is the real one, also when 0 was asked for.
    ///
    /// # Errors
    /// What the kernel says of the socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A listener on its shard.
pub struct TcpListener {
    address: SocketAddr,
    fd: RawFd,
    inner: Inner,
}

enum Inner {
    Monoio(monoio::net::TcpListener),
    #[cfg(feature = "glommio")]
    Glommio(crate::glommio::Listener),
}

impl TcpListener {
    /// Brings `bound` onto this shard.
    ///
    /// # Errors
    /// What the driver says when it registers the socket.
    pub fn new(bound: BoundListener) -> io::Result<Self> {
        let address = bound.local_addr()?;
        let fd = bound.0.as_raw_fd();
        #[cfg(feature = "glommio")]
        if crate::backend::is_glommio() {
            let inner = Inner::Glommio(crate::glommio::Listener::new(bound.0));
            return Ok(Self { address, fd, inner });
        }
        if crate::backend::is_epoll() {
            bound.0.set_nonblocking(true)?;
        }
        let inner = Inner::Monoio(monoio::net::TcpListener::from_std(bound.0)?);
        Ok(Self { address, fd, inner })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Ends accepting: the `accept` under way, and every later one, fails.
    pub fn stop(&self) {
        // SAFETY: plain system call on a descriptor that `self` keeps open.
        unsafe { libc::shutdown(self.fd, libc::SHUT_RDWR) };
    }

    /// The next connection and its peer.
    ///
    /// When the process is out of descriptors or memory it pauses and tries again, so that the
    /// connections there are can finish.
    ///
    /// # Errors
    /// Any other failure of the listening socket itself, such as its shutdown.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        loop {
            let result = match &self.inner {
                Inner::Monoio(listener) => {
                    listener.accept().await.map(|(stream, peer)| (TcpStream::monoio(stream), peer))
                }
                #[cfg(feature = "glommio")]
                Inner::Glommio(listener) => listener.accept().await,
            };
            match result {
                Err(e) if is_exhausted(&e) => {
                    tracing::warn!(error = %e, "Accepting pauses");
                    crate::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
                }
                // The peer was gone before it was accepted.
                Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => {}
                other => return other,
            }
        }
    }
}

fn is_exhausted(e: &io::Error) -> bool {
    matches!(e.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_listens_beside_one_who_is_alone() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let alone = BoundListener::bind_alone(any, 1).expect("a free port");
        let address = alone.local_addr().expect("bound");
        let error = BoundListener::bind(address, 1).err().expect("the address is taken");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn accepted_connections_inherit_the_options() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let (keepalive, user_timeout) = (Duration::from_secs(77), Duration::from_secs(5));
        for is_set in [true, false] {
            let bound = BoundListener::bind(any, 1).expect("a free port");
            let options = TcpOptions {
                nodelay: is_set,
                keepalive: is_set.then_some(keepalive),
                user_timeout: is_set.then_some(user_timeout),
            };
            bound.set_options(options).expect("the kernel knows them");
            let _client = std::net::TcpStream::connect(bound.0.local_addr().expect("bound"));
            let (accepted, _) = bound.0.accept().expect("a client");
            let accepted = socket2::SockRef::from(&accepted);
            assert_eq!(accepted.tcp_nodelay().expect("readable"), is_set);
            assert_eq!(accepted.keepalive().expect("readable"), is_set);
            let timeout = accepted.tcp_user_timeout().expect("readable");
            assert_eq!(timeout, is_set.then_some(user_timeout));
            if is_set {
                assert_eq!(accepted.tcp_keepalive_time().expect("readable"), keepalive);
            }
        }
    }
}
