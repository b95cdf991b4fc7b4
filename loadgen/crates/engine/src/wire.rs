//! One connection: made when needed, requests out, answers in.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use gateway_rt::{Buf, ClientTls, Moment, RootStore, Stream, TcpStream};

use crate::framing::{Framing, Malformed, Sink};
use crate::limits::{LEAD_BYTES, LEADS, UNUSED_US};
use crate::{Failure, Target};

/// A connection to a target.
pub(crate) struct Wire {
    target: Target,
    timeout: Duration,
    stream: Socket,
    framing: Framing,
    /// Received and not yet consumed; kept while the connection is in use.
    buf: Option<Buf>,
    /// Where received bytes start in a buffer. Buffers are pages, so starts all alike would share a few lines of
    /// the first-level cache.
    lead: usize,
    last_used: Moment,
}

/// The socket of a [`Wire`], also in the hands of whoever may end it.
#[derive(Clone, Default)]
pub(crate) struct Socket(Rc<RefCell<Option<Rc<Stream>>>>);

/// One answer's end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) status: u16,
    /// When its last byte was received.
    pub(crate) at: Moment,
}

impl Socket {
    /// Ends whatever waits on the connection.
    pub(crate) fn shutdown(&self) {
        if let Some(stream) = &*self.0.borrow() {
            stream.shutdown();
        }
    }

    fn get(&self) -> Option<Rc<Stream>> {
        self.0.borrow().clone()
    }
}

impl Wire {
    /// `index` tells the connections of a thread apart.
    pub(crate) fn new(target: Target, timeout: Duration, index: usize) -> Self {
        let last_used = Moment::default();
        let framing = Framing::new();
        Self {
            target,
            timeout,
            stream: Socket::default(),
            framing,
            buf: None,
            lead: index % LEADS * LEAD_BYTES,
            last_used,
        }
    }

    /// The socket, to end it from elsewhere.
    pub(crate) fn socket(&self) -> Socket {
        self.stream.clone()
    }

    /// Whether there is a connection.
    pub(crate) fn is_open(&self) -> bool {
        self.stream.0.borrow().is_some()
    }

    /// An answer that takes longer than `timeout` is none.
    pub(crate) fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// Closes the connection, if there is one.
    pub(crate) fn close(&mut self) {
        self.stream.0.take();
        self.buf = None;
    }

    /// Makes the connection, unless there is one that can be used.
    ///
    /// # Errors
    /// [`Failure::Connect`], also when it took too long.
    pub(crate) async fn open(&mut self, now: Moment) -> Result<(), Failure> {
        if let Some(stream) = self.stream.get() {
            // One that lay unused may have been closed meanwhile, which is nobody's failure.
            if now.micros_since(self.last_used) < UNUSED_US || stream.is_quiet() {
                return Ok(());
            }
            self.close();
        }
        let connecting = TcpStream::connect(self.target.address);
        let tcp = match gateway_rt::timeout(self.timeout, connecting).await {
            Some(Ok(tcp)) => tcp,
            Some(Err(_)) | None => return Err(Failure::Connect),
        };
        let stream = match &self.target.tls {
            None => Stream::from(tcp),
            Some(name) => {
                let tls = client_tls().ok_or(Failure::Connect)?;
                tcp.set_deadline(Moment::now() + self.timeout);
                let stream = tls.connect(tcp, name).await.map_err(|_| Failure::Connect)?;
                Stream::from(stream)
            }
        };
        stream.set_deadline(Moment::NEVER);
        *self.stream.0.borrow_mut() = Some(Rc::new(stream));
        self.last_used = Moment::now();
        Ok(())
    }

    /// From `now` on the time limit runs.
    pub(crate) fn arm(&self, now: Moment) {
        if let Some(stream) = self.stream.get() {
            stream.set_deadline(now + self.timeout);
        }
    }

    /// Sends `parts`, one behind the other; no more than [`crate::limits::SEND_ALONE_BYTES`].
    ///
    /// # Errors
    /// The connection broke, and is closed.
    pub(crate) async fn send(&mut self, parts: &[Arc<[u8]>]) -> Result<(), Failure> {
        let Some(stream) = self.stream.get() else { return Err(Failure::Closed) };
        // One small message goes out at once, from where it lies: cheaper than an operation of the ring's, whose
        // completion would have to be waited for.
        let mut sent = 0;
        if let [only] = parts {
            match stream.try_send(only) {
                Ok(n) if n == only.len() => return Ok(()),
                Ok(n) => sent = n,
                // Whatever it is, the other way of sending meets it again.
                Err(_) => {}
            }
        }
        let mut out = Buf::take();
        for part in parts {
            let fits = out.extend(part);
            debug_assert!(fits, "what is sent alone fits a buffer");
        }
        out.consume(sent);
        match stream.send(out).await {
            (Ok(()), _) => Ok(()),
            (Err(_), _) => {
                let failure = if stream.has_expired() { Failure::Timeout } else { Failure::Closed };
                self.close();
                Err(failure)
            }
        }
    }

    /// Whether bytes came that belong to no answer.
    pub(crate) fn has_surplus(&self) -> bool {
        self.buf.as_ref().is_some_and(|buf| !buf.is_empty())
    }

    /// Sends `parts` while `receiving` goes on, which decides the end: what is not sent by then is never sent.
    /// What `receiving` says, and whether all was sent; if not, the connection is of no more use.
    pub(crate) async fn send_beside<T>(
        socket: Socket,
        parts: &[Arc<[u8]>],
        receiving: impl Future<Output = T>,
    ) -> (T, bool) {
        let Some(stream) = socket.get() else { return (receiving.await, false) };
        let sending = async {
            let mut out = Buf::take();
            for part in parts {
                let mut rest = &part[..];
                while !rest.is_empty() {
                    let (piece, after) = rest.split_at(rest.len().min(out.spare()));
                    out.extend(piece);
                    rest = after;
                    if out.spare() == 0 {
                        let result;
                        (result, out) = stream.send(out).await;
                        result?;
                        out.reset(0);
                    }
                }
            }
            stream.send(out).await.0
        };
        let (mut sending, mut receiving) = (pin!(sending), pin!(receiving));
        let mut sent: Option<io::Result<()>> = None;
        let received = poll_fn(|cx| {
            if sent.is_none()
                && let Poll::Ready(result) = sending.as_mut().poll(cx)
            {
                sent = Some(result);
            }
            // A peer that refuses the rest may have answered before: what it said still counts.
            receiving.as_mut().poll(cx)
        })
        .await;
        let is_sent = matches!(sent, Some(Ok(())));
        if sent.is_none() {
            stream.shutdown();
            drop(sending.await);
        }
        (received, is_sent)
    }

    /// Receives one answer.
    ///
    /// # Errors
    /// Why there is none. The connection is closed then.
    pub(crate) async fn receive(
        &mut self,
        is_head: bool,
        sink: &mut impl Sink,
        received_bytes: &mut u64,
    ) -> Result<Ended, Failure> {
        let result = self.receive_on(is_head, sink, received_bytes).await;
        match result {
            Ok(ended) if self.framing.keep_alive() => self.last_used = ended.at,
            Ok(_) | Err(_) => self.close(),
        }
        result
    }

    async fn receive_on(
        &mut self,
        is_head: bool,
        sink: &mut impl Sink,
        received_bytes: &mut u64,
    ) -> Result<Ended, Failure> {
        let Some(stream) = self.stream.get() else { return Err(Failure::Closed) };
        let mut buf = self.buf.take().unwrap_or_else(Buf::take);
        self.framing.begin(is_head);
        let mut at = self.last_used;
        loop {
            if !buf.is_empty() {
                let fed = self.framing.feed(buf.filled_mut(), sink);
                let fed = fed.map_err(|_| Failure::Malformed)?;
                buf.consume(fed.consumed);
                if fed.is_whole {
                    self.buf = Some(buf);
                    return Ok(Ended { status: self.framing.status(), at });
                }
            }
            if buf.is_empty() {
                buf.reset(self.lead);
            } else if buf.spare() < buf.headroom() {
                buf.compact();
            }
            let result;
            (result, buf) = stream.recv(buf).await;
            at = Moment::now();
            match result {
                Ok(0) | Err(_) if stream.has_expired() => return Err(Failure::Timeout),
                Ok(0) => {
                    return match self.framing.close(buf.filled()) {
                        Ok(true) => Ok(Ended { status: self.framing.status(), at }),
                        Ok(false) => Err(Failure::Closed),
                        Err(Malformed) => Err(Failure::Malformed),
                    };
                }
                Err(_) => return Err(Failure::Closed),
                Ok(n) => *received_bytes += n as u64,
            }
        }
    }
}

/// How the engine is a TLS client: it trusts what the system trusts, or `SSL_CERT_FILE` names.
fn client_tls() -> Option<&'static ClientTls> {
    static TLS: OnceLock<Option<ClientTls>> = OnceLock::new();
    let make = || {
        let mut roots = RootStore::empty();
        roots.add_system();
        ClientTls::new(roots, false).ok()
    };
    TLS.get_or_init(make).as_ref()
}
