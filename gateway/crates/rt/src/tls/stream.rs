//! A TLS client over a TCP stream.

use std::cell::{Cell, RefCell};
use std::io::{self, Read, Write};

use rustls::ClientConnection;

use super::records::Records;
use super::turn::Turn;
use crate::buf::Buf;
use crate::clock::Moment;
use crate::limits::TLS_BUFFER_BYTES;
use crate::stream::{TcpStream, Wait};

/// A TLS session on a connected socket, its handshake done.
///
/// The rules of [`TcpStream`] hold: one `recv` (or wait) and one `send` at a time, and none is
/// dropped half way.
pub struct TlsStream {
    tcp: TcpStream,
    state: RefCell<State>,
    turn: Turn,
    /// A send failed, so a record may have left half: nothing can follow it.
    is_cut: Cell<bool>,
}

struct State {
    session: ClientConnection,
    records: Records,
    /// Received and not yet given to the session.
    cipher: Option<Buf>,
    /// What ended the session. Reported after the plaintext that came before it.
    failure: Option<rustls::Error>,
}

impl TlsStream {
    pub(super) async fn handshake(
        tcp: TcpStream,
        mut session: ClientConnection,
    ) -> io::Result<Self> {
        session.set_buffer_limit(Some(TLS_BUFFER_BYTES));
        let state = State { session, records: Records::default(), cipher: None, failure: None };
        let stream = Self {
            tcp,
            state: RefCell::new(state),
            turn: Turn::default(),
            is_cut: Cell::new(false),
        };
        match stream.shake_hands().await {
            Ok(()) => Ok(stream),
            Err(_) if stream.tcp.has_expired() => Err(io::ErrorKind::TimedOut.into()),
            Err(e) => Err(e),
        }
    }

    async fn shake_hands(&self) -> io::Result<()> {
        loop {
            self.flush_if_free().await?;
            let is_fed = {
                let mut state = self.state.borrow_mut();
                if !state.session.is_handshaking() && !state.session.wants_write() {
                    return Ok(());
                }
                state.feed()
            };
            match is_fed {
                Ok(true) => {}
                Ok(false) if self.receive_cipher().await? => {}
                Ok(false) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(e) => {
                    self.try_flush();
                    return Err(e);
                }
            }
        }
    }

    /// Receives plaintext into the spare bytes of `buf`; zero says that the peer has announced
    /// its end. An end without announcement is [`io::ErrorKind::UnexpectedEof`], after all that
    /// came before it.
    ///
    /// # Errors
    /// That, [`io::ErrorKind::InvalidData`] for what TLS forbids, or what the kernel says.
    pub async fn recv(&self, mut buf: Buf) -> (io::Result<usize>, Buf) {
        debug_assert!(buf.spare() > 0, "a full buffer would look like an end of file");
        loop {
            match self.drain(&mut buf).await {
                Ok(Some(n)) => return (Ok(n), buf),
                Ok(None) => {}
                Err(e) => return (Err(e), buf),
            }
            if let Err(e) = self.receive_cipher().await {
                return (Err(e), buf);
            }
        }
    }

    /// Like [`TlsStream::recv`], but gives up the buffer when the socket stays silent.
    ///
    /// # Errors
    /// Those of [`TlsStream::recv`].
    pub async fn recv_or_idle(&self, mut now: Moment, mut buf: Buf) -> io::Result<Wait> {
        loop {
            if let Some(n) = self.drain(&mut buf).await? {
                return Ok(Wait::Received(n, buf));
            }
            match self.tcp.recv_or_idle(now, Buf::take()).await? {
                Wait::Received(n, cipher) => self.state.borrow_mut().received(n, cipher),
                Wait::Idle => return Ok(Wait::Idle),
            };
            now = Moment::now();
        }
    }

    /// Waits until there is something to receive, holding no buffer. What comes may be TLS's own
    /// business, so that the `recv` that follows waits on.
    ///
    /// # Errors
    /// What the kernel says of the socket.
    pub async fn readable(&self) -> io::Result<()> {
        if self.state.borrow_mut().is_empty() { self.tcp.readable().await } else { Ok(()) }
    }

    /// Sends all filled bytes of `buf`, which comes back empty when that worked.
    ///
    /// # Errors
    /// What ended the session before, or what the kernel says of the socket.
    pub async fn send(&self, mut buf: Buf) -> (io::Result<()>, Buf) {
        let _turn = self.turn.take().await;
        loop {
            let result = self.state.borrow_mut().session.writer().write(buf.filled());
            match result {
                Ok(n) => buf.consume(n),
                Err(e) => return (Err(e), buf),
            }
            if let Err(e) = self.flush().await {
                return (Err(e), buf);
            }
            if buf.is_empty() {
                return (Ok(()), buf);
            }
        }
    }

    /// Announces the end if the socket takes the record at once, then sends no more.
    pub fn shutdown_write(&self) {
        self.announce_end();
        self.tcp.shutdown_write();
    }

    /// Whether the peer has neither finished nor said anything, not even begun a record.
    pub fn is_quiet(&self) -> bool {
        self.state.borrow_mut().is_empty() && self.tcp.is_quiet()
    }

    pub(crate) fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    /// Plaintext from what was received so far; `None` when the socket must give more.
    async fn drain(&self, buf: &mut Buf) -> io::Result<Option<usize>> {
        let (result, wants_write) = {
            let mut state = self.state.borrow_mut();
            (state.drain(buf), state.session.wants_write())
        };
        match &result {
            Ok(_) if wants_write => self.flush_if_free().await?,
            Ok(_) => {}
            Err(_) => self.try_flush(),
        }
        result
    }

    /// `false` when the peer has finished.
    async fn receive_cipher(&self) -> io::Result<bool> {
        let (result, cipher) = self.tcp.recv(Buf::take()).await;
        Ok(self.state.borrow_mut().received(result?, cipher))
    }

    /// Sends what the session has to say, unless a send is under way, which does it as well.
    async fn flush_if_free(&self) -> io::Result<()> {
        match self.turn.try_take() {
            Some(_turn) => self.flush().await,
            None => Ok(()),
        }
    }

    /// The caller has the turn.
    async fn flush(&self) -> io::Result<()> {
        if !self.state.borrow().session.wants_write() {
            return Ok(());
        }
        let mut cipher = Buf::take();
        loop {
            self.state.borrow_mut().encrypted(&mut cipher)?;
            if cipher.is_empty() {
                return Ok(());
            }
            let result;
            (result, cipher) = self.tcp.send(cipher).await;
            if let Err(e) = result {
                self.is_cut.set(true);
                return Err(e);
            }
            cipher.reset(0);
        }
    }

    /// Sends an alert as far as that goes without waiting.
    fn try_flush(&self) {
        let Some(_turn) = self.turn.try_take() else { return };
        let mut cipher = Buf::take();
        let result = self.state.borrow_mut().encrypted(&mut cipher);
        if result.is_ok() && !cipher.is_empty() && !self.is_cut.replace(true) {
            let sent = self.tcp.try_send(cipher.filled());
            self.is_cut.set(sent.ok() != Some(cipher.len()));
        }
    }

    fn announce_end(&self) {
        if self.is_cut.get() {
            return;
        }
        if let Ok(mut state) = self.state.try_borrow_mut() {
            state.session.send_close_notify();
        }
        self.try_flush();
    }
}

impl Drop for TlsStream {
    fn drop(&mut self) {
        // RFC 8446, section 6.1: each side announces its end before it closes.
        self.announce_end();
    }
}

impl State {
    /// Takes what the socket gave; `false` for its end.
    fn received(&mut self, n: usize, cipher: Buf) -> bool {
        debug_assert!(self.cipher.is_none(), "what came before was given to the session");
        if n > 0 {
            self.cipher = Some(cipher);
            return true;
        }
        // rustls learns of the end from an empty read. An empty reader never fails.
        let _ = self.session.read_tls(&mut io::empty());
        false
    }

    /// Fills `buf` with plaintext. `None`: the socket must give more.
    fn drain(&mut self, buf: &mut Buf) -> io::Result<Option<usize>> {
        let before = buf.len();
        while buf.spare() > 0 {
            match self.session.reader().read(buf.spare_mut()) {
                // The end, announced.
                Ok(0) => return Ok(Some(buf.len() - before)),
                Ok(n) => {
                    buf.commit(n);
                    continue;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) if buf.len() > before => break,
                Err(e) => return Err(e),
            }
            match self.feed() {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) if buf.len() > before => break,
                Err(e) => return Err(e),
            }
        }
        let n = buf.len() - before;
        Ok((n > 0).then_some(n))
    }

    /// Gives received bytes to the session, as many as it takes at once; `false` without any.
    fn feed(&mut self) -> io::Result<bool> {
        if let Some(failure) = &self.failure {
            return Err(refused(failure.clone()));
        }
        let Some(cipher) = &mut self.cipher else { return Ok(false) };
        let n = self.session.read_tls(&mut cipher.filled())?;
        self.records.follow(&cipher.filled()[..n]);
        cipher.consume(n);
        if cipher.is_empty() || n == 0 {
            self.cipher = None;
        }
        self.session.process_new_packets().map_err(|e| {
            self.failure = Some(e.clone());
            refused(e)
        })?;
        Ok(true)
    }

    /// Fills `cipher` with what the session has to say.
    fn encrypted(&mut self, cipher: &mut Buf) -> io::Result<()> {
        while self.session.wants_write() && cipher.spare() > 0 {
            self.session.write_tls(&mut Spare(cipher))?;
        }
        Ok(())
    }

    /// Whether nothing that was received is left, nor the beginning of a record.
    fn is_empty(&mut self) -> bool {
        self.failure.is_none()
            && self.cipher.is_none()
            && self.records.is_at_boundary()
            && self
                .session
                .process_new_packets()
                .is_ok_and(|s| s.plaintext_bytes_to_read() == 0 && !s.peer_has_closed())
    }
}

/// Writes into the spare bytes of a buffer.
struct Spare<'a>(&'a mut Buf);

impl Write for Spare<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(self.0.spare());
        self.0.extend(&bytes[..n]);
        Ok(n)
    }

    fn write_vectored(&mut self, parts: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let mut total = 0;
        for part in parts {
            let n = self.write(part)?;
            total += n;
            if n < part.len() {
                break;
            }
        }
        Ok(total)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn refused(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
