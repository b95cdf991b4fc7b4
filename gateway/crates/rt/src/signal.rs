//! The wake-up end of a mailbox: a socket that gets a byte.

use std::io;
use std::os::unix::net::UnixStream;

use monoio::io::AsyncReadRent;

pub(crate) struct Signal {
    inner: Inner,
}

enum Inner {
    Monoio(monoio::net::UnixStream, Vec<u8>),
    #[cfg(feature = "glommio")]
    Glommio(crate::glommio::Signal),
}

impl Signal {
    pub(crate) fn new(socket: UnixStream) -> io::Result<Self> {
        #[cfg(feature = "glommio")]
        if crate::backend::is_glommio() {
            return Ok(Self { inner: Inner::Glommio(crate::glommio::Signal::new(socket)) });
        }
        if crate::backend::is_epoll() {
            socket.set_nonblocking(true)?;
        }
        let stream = monoio::net::UnixStream::from_std(socket)?;
        Ok(Self { inner: Inner::Monoio(stream, vec![0; 64]) })
    }

    /// Waits for a byte or more; `false` when the other end is gone.
    pub(crate) async fn wait(&mut self) -> bool {
        match &mut self.inner {
            Inner::Monoio(stream, scratch) => {
                let (result, bytes) = stream.read(std::mem::take(scratch)).await;
                *scratch = bytes;
                matches!(result, Ok(1..))
            }
            #[cfg(feature = "glommio")]
            Inner::Glommio(signal) => signal.wait().await,
        }
    }
}
