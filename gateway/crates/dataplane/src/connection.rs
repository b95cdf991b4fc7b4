//! One request after the other on a connection.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use gateway_proto::HeadLimits;
use gateway_proto::h1::{Parsed, RequestError, Scan};
use gateway_rt::{Buf, Moment, Stream, Wait};

use crate::exchange::{self, After};
use crate::limits::{DRAIN_GRACE_MS, LINGER_BYTES_MAX, LINGER_MS};
use crate::request::Exchange;
use crate::respond;
use crate::shard::Shard;

/// A client's connection, with what its requests need to know of it.
pub(crate) struct Client {
    pub(crate) stream: Stream,
    pub(crate) peer: Peer,
}

/// Who a client is, and where it connected to, as its requests see it.
pub(crate) struct Peer {
    /// The peer's address as text, made once: at most 39 characters, or 45 for an embedded IPv4.
    ip: [u8; 45],
    ip_len: u8,
    /// Our port as text.
    port: [u8; 5],
    port_len: u8,
}

/// What becomes of a connection that fell silent or failed.
pub(crate) enum Next {
    /// It may have another request some time.
    Idle,
    /// It is done.
    Close,
}

impl Client {
    pub(crate) fn new(stream: Stream, peer: SocketAddr, port: u16) -> Self {
        Self { stream, peer: Peer::new(peer, port) }
    }
}

impl Peer {
    /// `X-Forwarded-Proto`.
    pub(crate) const PROTO: &'static [u8] = b"http";

    /// The end of a line, and the `X-Forwarded-Proto` line.
    pub(crate) const FORWARDED_PROTO: &'static [u8] = b"\r\nX-Forwarded-Proto: http\r\n";

    pub(crate) fn new(peer: SocketAddr, port: u16) -> Self {
        // An IPv4 client of an IPv6 socket is the IPv4 client it is.
        let (ip, ip_len) = text(peer.ip().to_canonical());
        let (port, port_len) = text(port);
        Self { ip, ip_len, port, port_len }
    }

    /// A peer that is none, under the name that requests see. `name` is as short as an address.
    pub(crate) fn named(name: &str) -> Self {
        let (ip, ip_len) = text(name);
        let (port, port_len) = text(443);
        Self { ip, ip_len, port, port_len }
    }

    /// The peer's address as text.
    pub(crate) fn ip(&self) -> &[u8] {
        &self.ip[..usize::from(self.ip_len)]
    }

    /// Our port as text.
    pub(crate) fn port(&self) -> &[u8] {
        &self.port[..usize::from(self.port_len)]
    }
}

/// A short value as text in place.
fn text<const N: usize>(value: impl std::fmt::Display) -> ([u8; N], u8) {
    let mut bytes = [0; N];
    let mut rest = &mut bytes[..];
    write!(rest, "{value}").expect("an address or a port fits");
    let len = N - rest.len();
    (bytes, len as u8)
}

/// Serves requests for as long as they keep coming. There is something to receive.
pub(crate) async fn serve(shard: &Shard, client: &Client) -> Next {
    let mut x = shard.take_exchange();
    x.rx = Some(Buf::take());
    let next = serve_requests(shard, client, &mut x).await;
    x.rx = None;
    x.serving = None;
    x.stage = None;
    shard.give_back(x);
    next
}

pub(crate) async fn serve_requests(shard: &Shard, client: &Client, x: &mut Exchange) -> Next {
    loop {
        match read_head(shard, client, x).await {
            Head::Complete => {}
            Head::Idle if shard.gate.is_closed() => return Next::Close,
            Head::Idle => return Next::Idle,
            Head::Gone => return Next::Close,
            Head::Refused(error) => {
                shard.metrics.refusals.increment(error.reason());
                Box::pin(respond::refuse(shard, client, x, error)).await;
                Box::pin(linger(client, x)).await;
                return Next::Close;
            }
        }
        match exchange::serve(shard, client, x).await {
            After::Continue => {}
            After::Linger => {
                Box::pin(linger(client, x)).await;
                return Next::Close;
            }
            After::Close => return Next::Close,
        }
    }
}

enum Head {
    Complete,
    /// Nothing came for a while.
    Idle,
    /// The client went away, or was too slow.
    Gone,
    Refused(RequestError),
}

/// Receives until there is a whole head at the start of the buffer.
async fn read_head(shard: &Shard, client: &Client, x: &mut Exchange) -> Head {
    x.scanner.reset();
    let mut deadline = None;
    loop {
        let Some(mut rx) = x.rx.take() else { return Head::Gone };
        if !rx.is_empty() {
            if x.scanner.push(rx.filled()) == Scan::Parse {
                let parsed = x.head.parse(rx.filled(), &HeadLimits::DEFAULT);
                match parsed {
                    Ok(Parsed::Complete) => {
                        // The head's deadline, or the drain's, ends with the head.
                        client.stream.set_deadline(Moment::NEVER);
                        x.rx = Some(rx);
                        return Head::Complete;
                    }
                    Ok(Parsed::Partial) => {}
                    Err(error) => {
                        x.rx = Some(rx);
                        return Head::Refused(error);
                    }
                }
            }
            // The first byte starts the clock, and no later byte winds it up again.
            let now = Moment::recent();
            let deadline = *deadline.get_or_insert(now + shard.settings.client_header);
            client.stream.set_deadline(deadline);
            let result;
            (result, rx) = client.stream.recv(rx).await;
            x.rx = Some(rx);
            match result {
                Ok(n) if n > 0 => shard.metrics.downstream_received_bytes.add(n as u64),
                _ => return cut_short(shard, client, x),
            }
            continue;
        }
        if shard.gate.is_closed() {
            // A client that was busy a moment ago may have a request under way.
            let until = Moment::now() + Duration::from_millis(DRAIN_GRACE_MS);
            client.stream.set_deadline(until);
            let result;
            (result, rx) = client.stream.recv(rx).await;
            x.rx = Some(rx);
            match result {
                Ok(n) if n > 0 => shard.metrics.downstream_received_bytes.add(n as u64),
                _ => return Head::Gone,
            }
            continue;
        }
        match client.stream.recv_or_idle(Moment::recent(), rx).await {
            Ok(Wait::Received(n, rx)) if n > 0 => {
                shard.metrics.downstream_received_bytes.add(n as u64);
                x.rx = Some(rx);
            }
            Ok(Wait::Idle) => return Head::Idle,
            Ok(Wait::Received(..)) | Err(_) => return Head::Gone,
        }
    }
}

/// A head that ends too early: too slow, cut off by the client, or wrong all along.
fn cut_short(shard: &Shard, client: &Client, x: &mut Exchange) -> Head {
    if client.stream.has_expired() {
        shard.metrics.refusals.increment("head-timeout");
        return Head::Gone;
    }
    let bytes = x.rx.as_ref().map_or(&[][..], Buf::filled);
    match x.head.parse(bytes, &HeadLimits::DEFAULT) {
        Err(error) => Head::Refused(error),
        Ok(_) => Head::Gone,
    }
}

/// After a last response: reads and drops what the client still sends, for a while, so that it
/// reads our response before it learns that nobody listens.
async fn linger(client: &Client, x: &mut Exchange) {
    client.stream.shutdown_write();
    client.stream.set_deadline(Moment::now() + Duration::from_millis(LINGER_MS));
    let mut left = LINGER_BYTES_MAX;
    let mut rx = x.rx.take().unwrap_or_else(Buf::take);
    while left > 0 {
        rx.reset(0);
        let result;
        (result, rx) = client.stream.recv(rx).await;
        match result {
            Ok(n) if n > 0 => left = left.saturating_sub(n),
            _ => break,
        }
    }
    x.rx = Some(rx);
}
