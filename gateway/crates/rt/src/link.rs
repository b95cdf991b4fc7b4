//! What the HTTP code talks over: a TCP stream, in the clear or under TLS.
//!
//! Serving TLS comes as another variant; callers do not change.

use std::io;

use crate::buf::Buf;
use crate::clock::Moment;
use crate::stream::{TcpStream, Wait};
use crate::tls::TlsStream;

/// A connection, whatever protects it. The calls are those of [`TcpStream`].
pub enum Stream {
    /// In the clear.
    Plain(TcpStream),
    /// A TLS client, its handshake done.
    Tls(Box<TlsStream>),
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        Self::Plain(stream)
    }
}

impl From<TlsStream> for Stream {
    fn from(stream: TlsStream) -> Self {
        Self::Tls(Box::new(stream))
    }
}

impl Stream {
    /// See [`TcpStream::set_deadline`].
    #[inline]
    pub fn set_deadline(&self, at: Moment) {
        self.tcp().set_deadline(at);
    }

    /// See [`TcpStream::has_expired`].
    #[inline]
    pub fn has_expired(&self) -> bool {
        self.tcp().has_expired()
    }

    /// See [`TcpStream::recv`].
    ///
    /// # Errors
    /// What the kernel says; under TLS also [`io::ErrorKind::UnexpectedEof`] for an end that the
    /// peer did not announce, and [`io::ErrorKind::InvalidData`] for a broken record.
    #[inline]
    pub async fn recv(&self, buf: Buf) -> (io::Result<usize>, Buf) {
        match self {
            Self::Plain(stream) => stream.recv(buf).await,
            Self::Tls(stream) => stream.recv(buf).await,
        }
    }

    /// See [`TcpStream::recv_or_idle`].
    ///
    /// # Errors
    /// Those of [`Stream::recv`].
    #[inline]
    pub async fn recv_or_idle(&self, now: Moment, buf: Buf) -> io::Result<Wait> {
        match self {
            Self::Plain(stream) => stream.recv_or_idle(now, buf).await,
            Self::Tls(stream) => stream.recv_or_idle(now, buf).await,
        }
    }

    /// See [`TcpStream::readable`].
    ///
    /// # Errors
    /// What the kernel says of the socket.
    #[inline]
    pub async fn readable(&self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.readable().await,
            Self::Tls(stream) => stream.readable().await,
        }
    }

    /// See [`TcpStream::try_send_parts`].
    ///
    /// # Errors
    /// As there; always [`io::ErrorKind::WouldBlock`] over TLS, where bytes have to be encrypted.
    pub fn try_send_parts(&self, head: &[u8], body: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.try_send_parts(head, body),
            Self::Tls(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// See [`TcpStream::try_send`].
    ///
    /// # Errors
    /// As there; always [`io::ErrorKind::WouldBlock`] over TLS, where bytes have to be encrypted.
    #[inline]
    pub fn try_send(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.try_send(bytes),
            Self::Tls(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// See [`TcpStream::send`].
    ///
    /// # Errors
    /// What the kernel says, and under TLS what ended the session before.
    #[inline]
    pub async fn send(&self, buf: Buf) -> (io::Result<()>, Buf) {
        match self {
            Self::Plain(stream) => stream.send(buf).await,
            Self::Tls(stream) => stream.send(buf).await,
        }
    }

    /// See [`TcpStream::shutdown_write`]. Under TLS the end is announced first, if the socket
    /// takes it at once.
    pub fn shutdown_write(&self) {
        match self {
            Self::Plain(stream) => stream.shutdown_write(),
            Self::Tls(stream) => stream.shutdown_write(),
        }
    }

    /// See [`TcpStream::reset_on_close`].
    pub fn reset_on_close(&self) {
        self.tcp().reset_on_close();
    }

    /// See [`TcpStream::shutdown`].
    pub fn shutdown(&self) {
        self.tcp().shutdown();
    }

    /// See [`TcpStream::is_quiet`]. Under TLS a started record is not quiet either.
    pub fn is_quiet(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_quiet(),
            Self::Tls(stream) => stream.is_quiet(),
        }
    }

    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.tcp(),
        }
    }
}
