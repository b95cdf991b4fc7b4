//! A backend's response on its way to the client.
//!
//! The response is received behind some headroom. Its body never moves: our head is written in
//! front of it, over the backend's, and both leave with one send.

use gateway_cache::ENTRY_BYTES_MAX;
use gateway_compile::responses::ResponsePlan;
use gateway_compile::templates::{Conversion, Template};
use gateway_compile::{Failure, HttpPlan, StagePlan};
use gateway_integration::UpstreamError;
use gateway_proto::h1::{
    CHUNK_TAIL, ChunkedDecoder, LAST_CHUNK, Parsed, ResponseBody, ResponseHead, Version,
    write_chunk_head,
};
use gateway_proto::{ChunkLimits, Field, FieldName, HeadLimits, is_name};
use gateway_rt::limits::BUF_BYTES;
use gateway_rt::{Buf, Moment, Stream};
use gateway_vtl::Overrides;

use crate::cached;
use crate::compress;
use crate::connection::Client;
use crate::http::Budget;
use crate::limits::{CHUNK_HEADROOM_BYTES, INTERIM_RESPONSES_MAX, RESPONSE_HEADROOM_BYTES};
use crate::request::Exchange;
use crate::respond::{
    self, ClientGone, Framing, finish_head, send_buf, write_field, write_mapping, write_override,
};
use crate::shard::Shard;
use crate::status::{has_no_body, write_line};
use crate::transform;
use crate::transform::overrides::{self, Set};
use crate::upstream_head::{self, copy, line_from};
use crate::values::{Reply, Values};

mod whole;

use whole::{answer_buffered, answer_converted, conversion};

/// Why a response does not reach the client whole.
pub(crate) enum RelayError {
    Upstream(UpstreamError),
    /// The integration response cannot be made.
    Configuration(Failure),
    ClientGone,
}

impl From<UpstreamError> for RelayError {
    fn from(error: UpstreamError) -> Self {
        Self::Upstream(error)
    }
}

impl From<Failure> for RelayError {
    fn from(failure: Failure) -> Self {
        Self::Configuration(failure)
    }
}

impl From<ClientGone> for RelayError {
    fn from(ClientGone: ClientGone) -> Self {
        Self::ClientGone
    }
}

/// Whose response it is.
#[derive(Clone, Copy)]
pub(crate) struct Target<'p> {
    pub(crate) stage: &'p StagePlan,
    pub(crate) plan: &'p HttpPlan,
}

/// Receives a response and answers the client. Says whether the connection can be used again:
/// the response was whole, nothing followed it, and the backend lets the connection live.
pub(crate) async fn relay(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    Target { stage, plan }: Target<'_>,
    stream: &Stream,
    tx: Buf,
    budget: &Budget,
) -> Result<bool, RelayError> {
    let is_head = upstream_head::method(x, plan) == b"HEAD";
    let mut source = Source { shard, stream, budget, body: BodyReader::None };
    let tx = source.receive_head(x, tx, is_head).await?;
    note_head(x, &tx);
    cached::heed_backend(shard, x, tx.filled());
    compress::heed_backend(x);
    if !budget.is_sent() {
        // An answer before the end of the request: what the client still sends is not read.
        x.facts.keep_alive = false;
    }
    source.body = BodyReader::new(x.upstream.body);
    let types = &stage.binary_media_types;
    if plan.proxy {
        let conversion = conversion(x, types, None, tx.filled());
        if matches!(conversion, Conversion::Decode | Conversion::Encode) || x.trial.is_some() {
            return Box::pin(answer_converted(client, x, source, tx, conversion)).await;
        }
        let status = x.upstream.status;
        return pass(client, x, source, tx, status, false, write_proxied_head).await;
    }
    let status = x.upstream.status;
    let selected = plan.responses.select(status).inspect_err(|_| x.note_unmatched(&status))?;
    let template = selected.plan.templates.select(x.known_field(FieldName::Accept));
    let conversion = conversion(x, types, selected.plan.content_handling, tx.filled());
    let reads_body = plan.needs_response_body && selected.plan.needs_response_body;
    if reads_body || transform::needs_whole(types, conversion, template) || x.trial.is_some() {
        return Box::pin(answer_buffered(client, x, source, tx, selected, conversion)).await;
    }
    let status = overrides::status(&x.transform.overrides, selected)?;
    let head = |x: &Exchange, client: &Client, bytes: &[u8], out: &mut Vec<u8>| {
        let reply = Reply { head: &x.upstream, bytes, body: None };
        let values = Values { reply: Some(reply), ..Values::of_request(x, &client.peer) };
        write_mapped_head(&values, selected.plan, status, &x.transform.overrides, out)
    };
    match template {
        Some(Template::Literal(text)) => {
            answer_text(shard, client, x, source, tx, head, text).await
        }
        _ => pass(client, x, source, tx, status, true, head).await,
    }
}

/// Writes the status line and the fields of a response that are not common to all; says the
/// status.
trait WriteHead: Fn(&Exchange, &Client, &[u8], &mut Vec<u8>) -> u16 {}

impl<F: Fn(&Exchange, &Client, &[u8], &mut Vec<u8>) -> u16> WriteHead for F {}

/// Remembers what logs want to know of a response's head.
fn note_head(x: &mut Exchange, tx: &Buf) {
    let started = x.facts.integration.started.unwrap_or(Moment::NEVER);
    let spent = Moment::now().micros_since(started);
    x.facts.integration.time_to_head = Some(std::time::Duration::from_micros(spent));
    x.facts.integration.status = Some(x.upstream.status);
    let bytes = tx.filled();
    x.note_response(x.upstream.status, u128::from(spent / 1_000), &bytes[..x.upstream.len]);
    for field in x.upstream.fields.iter().filter(|f| f.known == FieldName::Other) {
        if is_request_id(field.name.of(bytes)) {
            x.backend_request_id.clear();
            x.backend_request_id.extend_from_slice(field.value.of(bytes));
        }
    }
}

fn is_request_id(name: &[u8]) -> bool {
    name.len() == 16 && (is_name(name, b"x-amzn-requestid") || is_name(name, b"x-amz-request-id"))
}

/// The backend's end of a response.
struct Source<'s> {
    shard: &'s Shard,
    stream: &'s Stream,
    budget: &'s Budget,
    body: BodyReader,
}

impl Source<'_> {
    /// Receives until a final head is at the start of the buffer, behind the headroom.
    async fn receive_head(
        &mut self,
        x: &mut Exchange,
        mut tx: Buf,
        is_head: bool,
    ) -> Result<Buf, UpstreamError> {
        tx.reset(RESPONSE_HEADROOM_BYTES);
        let mut interim = 0;
        loop {
            tx = self.receive(tx).await?;
            loop {
                let parsed = x.upstream.parse(tx.filled(), is_head, &HeadLimits::DEFAULT);
                match parsed.map_err(|e| UpstreamError::Protocol(e.reason()))? {
                    Parsed::Partial => break,
                    Parsed::Complete if !x.upstream.is_interim() => return Ok(tx),
                    Parsed::Complete => {
                        // 100 and 103 are for us; what they say does not reach the client.
                        interim += 1;
                        if interim > INTERIM_RESPONSES_MAX {
                            return Err(UpstreamError::Protocol("too-many-interim-responses"));
                        }
                        tx.consume(x.upstream.len);
                        if tx.headroom() > 2 * RESPONSE_HEADROOM_BYTES {
                            tx = moved_down(&tx);
                        }
                    }
                }
                if tx.is_empty() {
                    break;
                }
            }
        }
    }

    async fn receive(&mut self, tx: Buf) -> Result<Buf, UpstreamError> {
        self.budget.start(self.stream)?;
        let (result, tx) = self.stream.recv(tx).await;
        self.budget.stop(self.stream);
        match result {
            Ok(n) if n > 0 => {
                self.shard.metrics.upstream_received_bytes.add(n as u64);
                self.budget.note_answer(self.stream);
                Ok(tx)
            }
            _ if self.stream.has_expired() => Err(UpstreamError::Timeout),
            Ok(_) if matches!(self.body, BodyReader::UntilClose) => {
                self.body = BodyReader::Closed;
                Ok(tx)
            }
            _ => Err(UpstreamError::Reset),
        }
    }

    /// The next piece of the body behind `headroom` bytes; empty when only framing came.
    async fn next(&mut self, mut tx: Buf, headroom: usize) -> Result<Buf, UpstreamError> {
        tx.reset(headroom);
        tx = self.receive(tx).await?;
        let len = self.body.take(tx.filled_mut())?;
        tx.truncate(len);
        Ok(tx)
    }

    /// Waits for the rest of a body that fits the buffer, so that head and body leave with one send.
    ///
    /// API Gateway buffers every response; a body of a length that is not known, or of more than a
    /// buffer, is passed on as it comes.
    async fn gather(&mut self, mut tx: Buf, head_len: usize) -> Result<Buf, UpstreamError> {
        let BodyReader::Length(length) = self.body else { return Ok(tx) };
        loop {
            let missing = length.saturating_sub((tx.len() - head_len) as u64);
            if missing == 0 || missing > tx.spare() as u64 {
                return Ok(tx);
            }
            tx = self.receive(tx).await?;
        }
    }

    fn is_reusable(&self, head: &ResponseHead) -> bool {
        head.keep_alive && matches!(self.body, BodyReader::None)
    }
}

/// The bytes of `tx` at the usual place, for bytes that lie far into the buffer.
fn moved_down(tx: &Buf) -> Buf {
    let mut moved = Buf::take();
    moved.reset(RESPONSE_HEADROOM_BYTES);
    let fits = moved.extend(tx.filled());
    debug_assert!(fits, "they lay behind more headroom than this");
    moved
}

/// What is to come of a response's body.
pub(crate) enum BodyReader {
    /// Nothing: it is whole.
    None,
    Length(u64),
    Chunked(ChunkedDecoder),
    UntilClose,
    /// The end of the connection was the end of the body.
    Closed,
    /// It is whole, and something came behind it: the connection is not to be trusted.
    Excess,
}

impl BodyReader {
    pub(crate) fn new(body: ResponseBody) -> Self {
        match body {
            ResponseBody::None | ResponseBody::Length(0) => Self::None,
            ResponseBody::Length(length) => Self::Length(length),
            ResponseBody::Chunked => Self::Chunked(ChunkedDecoder::new(ChunkLimits::DEFAULT)),
            ResponseBody::UntilClose => Self::UntilClose,
        }
    }

    pub(crate) fn is_whole(&self) -> bool {
        matches!(self, Self::None | Self::Closed | Self::Excess)
    }

    /// Whether the connection can be used again: it ended where it should.
    pub(crate) fn is_reusable(&self) -> bool {
        matches!(self, Self::None)
    }

    /// The connection has ended, and with it a body without a length.
    pub(crate) fn close(&mut self) -> Result<(), UpstreamError> {
        match self {
            Self::UntilClose => {
                *self = Self::Closed;
                Ok(())
            }
            _ => Err(UpstreamError::Reset),
        }
    }

    /// Takes what was received; the payload is then at the start of `piece`, that many bytes.
    pub(crate) fn take(&mut self, piece: &mut [u8]) -> Result<usize, UpstreamError> {
        let (written, consumed, is_done) = match self {
            Self::None | Self::Closed | Self::Excess => (0, 0, true),
            Self::Length(left) => {
                let taken = usize::try_from(*left).map_or(piece.len(), |l| l.min(piece.len()));
                *left -= taken as u64;
                (taken, taken, *left == 0)
            }
            Self::Chunked(decoder) => {
                let decoded = decoder
                    .decode_in_place(piece)
                    .map_err(|e| UpstreamError::Protocol(e.reason()))?;
                (decoded.written, decoded.consumed, decoded.done)
            }
            Self::UntilClose => (piece.len(), piece.len(), false),
        };
        if is_done && !matches!(self, Self::Closed) {
            *self = if consumed < piece.len() { Self::Excess } else { Self::None };
        }
        Ok(written)
    }
}

/// Sends a head of our own and the backend's body as it comes.
///
/// `status` is the client's, which an integration response may have made of another: it decides
/// whether the client gets a body, as the backend's decides whether there is one.
async fn pass(
    client: &Client,
    x: &mut Exchange,
    mut source: Source<'_>,
    mut tx: Buf,
    status: u16,
    is_traced: bool,
    write_head: impl WriteHead,
) -> Result<bool, RelayError> {
    let head_len = x.upstream.len;
    tx = source.gather(tx, head_len).await?;
    let length = source.body.take(&mut tx.filled_mut()[head_len..])?;
    let is_bare = x.is_head() || has_no_body(status);
    let is_whole_first = (x.storing.is_some() && !source.body.is_whole())
        || compress::may_need_whole(x, x.upstream.body);
    if is_whole_first && !is_bare {
        tx.truncate(head_len + length);
        return Box::pin(pass_whole(client, x, source, tx, status, is_traced, write_head)).await;
    }
    let framing = if is_bare {
        bare_framing(status, announced_length(x, tx.filled()))
    } else {
        choose_framing(x, &source.body, length)
    };
    if framing == Framing::UntilClose {
        x.facts.keep_alive = false;
    }
    x.note_response_body(&tx.filled()[head_len..head_len + length]);
    let mut out = std::mem::take(&mut x.out);
    out.clear();
    write_head(x, client, tx.filled(), &mut out);
    if x.storing.is_some() {
        let body = &tx.filled()[head_len..head_len + length];
        cached::keep(source.shard, x, status, &out, body);
    }
    cached::finish(x, is_traced, &mut out);
    x.note_answer(&out, &tx.filled()[head_len..head_len + length]);
    finish_head(source.shard, x, framing, &mut out);
    x.facts.status = status;
    let start = tx.headroom() + head_len;
    tx.set_window(start, start + if is_bare { 0 } else { length });
    let mut framer = Framer { framing, owes_tail: false };
    x.facts.sent_body_bytes += tx.len() as u64;
    framer.frame(&mut tx, source.body.is_whole() || is_bare);
    let result = if tx.prepend(&out) {
        send_buf(source.shard, &client.stream, tx).await
    } else {
        Box::pin(send_apart(source.shard, client, &out, tx)).await
    };
    x.out = out;
    tx = result?;
    if !is_bare {
        pass_rest(client, x, &mut source, tx, framer).await?;
    }
    Ok(source.is_reusable(&x.upstream))
}

/// Sends what is still to come of a body, as it comes.
async fn pass_rest(
    client: &Client,
    x: &mut Exchange,
    source: &mut Source<'_>,
    mut tx: Buf,
    mut framer: Framer,
) -> Result<(), RelayError> {
    while !source.body.is_whole() {
        tx = source.next(tx, CHUNK_HEADROOM_BYTES).await.inspect_err(|_| {
            // An end would look like the body's end.
            if framer.framing == Framing::UntilClose {
                client.stream.reset_on_close();
            }
        })?;
        x.facts.sent_body_bytes += tx.len() as u64;
        framer.frame(&mut tx, source.body.is_whole());
        if !tx.is_empty() {
            tx = send_buf(source.shard, &client.stream, tx).await?;
        }
    }
    Ok(())
}

/// As [`pass`], for an answer that the stage cache is to keep or that is compressed: nothing is sent before
/// it is whole. One that is too large for that is passed on from where it shows.
async fn pass_whole(
    client: &Client,
    x: &mut Exchange,
    mut source: Source<'_>,
    mut tx: Buf,
    status: u16,
    is_traced: bool,
    write_head: impl WriteHead,
) -> Result<bool, RelayError> {
    let shard = source.shard;
    let head_len = x.upstream.len;
    let mut body = std::mem::take(&mut x.response_body);
    body.clear();
    body.extend_from_slice(&tx.filled()[head_len..]);
    tx.truncate(head_len);
    let bytes_max = match compress::may_need_whole(x, x.upstream.body) {
        true => shard.settings.response_bytes_max,
        false => ENTRY_BYTES_MAX,
    };
    let is_known_too_large =
        matches!(x.upstream.body, ResponseBody::Length(length) if length > bytes_max as u64);
    let mut piece = Buf::take();
    while !is_known_too_large && !source.body.is_whole() && body.len() <= bytes_max {
        piece = source.next(piece, 0).await?;
        body.extend_from_slice(piece.filled());
    }
    x.note_response_body(&body);
    let mut out = std::mem::take(&mut x.out);
    out.clear();
    write_head(x, client, tx.filled(), &mut out);
    if source.body.is_whole() {
        cached::keep(shard, x, status, &out, &body);
        cached::finish(x, is_traced, &mut out);
        send_whole(shard, client, x, status, &mut out, &body).await?;
    } else {
        cached::abandon(shard, x);
        cached::finish(x, is_traced, &mut out);
        x.note_answer(&out, &body);
        let framing = choose_framing(x, &source.body, body.len());
        if framing == Framing::UntilClose {
            x.facts.keep_alive = false;
        }
        finish_head(shard, x, framing, &mut out);
        x.facts.status = status;
        respond::send(shard, client, x, &out, &[]).await?;
        let mut framer = Framer { framing, owes_tail: false };
        for part in body.chunks(BUF_BYTES / 2) {
            piece.reset(CHUNK_HEADROOM_BYTES);
            piece.extend(part);
            x.facts.sent_body_bytes += part.len() as u64;
            framer.frame(&mut piece, false);
            piece = send_buf(shard, &client.stream, piece).await?;
        }
        pass_rest(client, x, &mut source, piece, framer).await?;
    }
    x.out = out;
    x.response_body = body;
    Ok(source.is_reusable(&x.upstream))
}

/// The framing of a response whose body is not sent: what its head would say of the body, if the
/// backend said it.
fn bare_framing(status: u16, announced: Option<u64>) -> Framing {
    match announced {
        Some(length) if !matches!(status, 100..=199 | 204) => Framing::Length(length),
        _ => Framing::None,
    }
}

/// How the client learns where the body ends. A body that is whole already has a length.
fn choose_framing(x: &Exchange, body: &BodyReader, length: usize) -> Framing {
    match (&x.upstream.body, x.head.version) {
        (ResponseBody::Length(length), _) => Framing::Length(*length),
        _ if body.is_whole() => Framing::Length(length as u64),
        (_, Version::Http11) => Framing::Chunked,
        (_, Version::Http10) => Framing::UntilClose,
    }
}

/// The backend's `Content-Length`, which stands for the body also where none is sent.
fn announced_length(x: &Exchange, bytes: &[u8]) -> Option<u64> {
    let field = x.upstream.fields.iter().find(|f| f.known == FieldName::ContentLength)?;
    std::str::from_utf8(field.value.of(bytes)).ok()?.parse().ok()
}

/// Puts chunk framing around the pieces of a body.
struct Framer {
    framing: Framing,
    /// The end of the last chunk was not sent with it.
    owes_tail: bool,
}

impl Framer {
    /// Frames the payload in `tx`; there is headroom of [`CHUNK_HEADROOM_BYTES`].
    fn frame(&mut self, tx: &mut Buf, is_last: bool) {
        if self.framing != Framing::Chunked {
            return;
        }
        if !tx.is_empty() {
            let mut size = [0; 18];
            let size_len = write_chunk_head(tx.len(), &mut size);
            tx.prepend(&size[..size_len]);
            if self.owes_tail {
                tx.prepend(CHUNK_TAIL);
            }
            // The end of a chunk goes before the next one: behind it there may be no room.
            self.owes_tail = !tx.extend(CHUNK_TAIL);
        }
        if is_last {
            if tx.spare() < CHUNK_TAIL.len() + LAST_CHUNK.len() {
                tx.compact();
            }
            if self.owes_tail {
                tx.extend(CHUNK_TAIL);
                self.owes_tail = false;
            }
            tx.extend(LAST_CHUNK);
        }
    }
}

/// For a head that is larger than the headroom: by itself, then the body.
async fn send_apart(
    shard: &Shard,
    client: &Client,
    head: &[u8],
    tx: Buf,
) -> Result<Buf, ClientGone> {
    let mut first = Buf::take();
    let mut rest = head;
    while !rest.is_empty() {
        if first.spare() == 0 {
            first = send_buf(shard, &client.stream, first).await?;
        }
        let taken = rest.len().min(first.spare());
        first.extend(&rest[..taken]);
        rest = &rest[taken..];
    }
    send_buf(shard, &client.stream, first).await?;
    if tx.is_empty() { Ok(tx) } else { send_buf(shard, &client.stream, tx).await }
}

/// Sends a head and a body of our own. The backend's body is dropped, and with it the connection
/// unless it is there already.
async fn answer_text(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    mut source: Source<'_>,
    mut tx: Buf,
    write_head: impl WriteHead,
    text: &[u8],
) -> Result<bool, RelayError> {
    let head_len = x.upstream.len;
    let mut out = std::mem::take(&mut x.out);
    out.clear();
    let status = write_head(x, client, tx.filled(), &mut out);
    cached::keep(shard, x, status, &out, text);
    cached::finish(x, true, &mut out);
    let result = send_whole(shard, client, x, status, &mut out, text).await;
    x.out = out;
    result?;
    let length = source.body.take(&mut tx.filled_mut()[head_len..])?;
    x.note_response_body(&tx.filled()[head_len..head_len + length]);
    Ok(source.is_reusable(&x.upstream))
}

/// Sends a head of our own, up to its common fields, and a body that is whole.
pub(crate) async fn send_whole(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    status: u16,
    out: &mut Vec<u8>,
    text: &[u8],
) -> Result<(), ClientGone> {
    let is_bare = has_no_body(status);
    x.note_answer(out, text);
    if !is_bare && let Some(coding) = compress::wanted(x, status, out, text.len()) {
        return Box::pin(compress::send(shard, client, x, status, out, text, coding)).await;
    }
    let framing = if is_bare { Framing::None } else { Framing::Length(text.len() as u64) };
    finish_head(shard, x, framing, out);
    x.facts.status = status;
    let text = if is_bare || x.is_head() { &[] } else { text };
    respond::send(shard, client, x, out, text).await
}

/// The head of an integration's answer: what the integration response maps and templates override, no more.
pub(crate) fn write_mapped_head(
    values: &Values<'_>,
    plan: &ResponsePlan,
    status: u16,
    overrides: &Overrides,
    out: &mut Vec<u8>,
) -> u16 {
    write_line(status, out);
    let set = match overrides.is_empty() {
        true => Set::default(),
        false => overrides::response_headers(overrides, plan.origin),
    };
    for mapping in plan.headers.iter().filter(|mapping| !set.has(&mapping.name)) {
        write_mapping(values, &mapping.name, &mapping.source, out);
    }
    for (name, value) in set.fields() {
        write_override(name.as_bytes(), value.as_bytes(), out);
    }
    if !plan.maps_content_type && !set.has(b"content-type") {
        write_field(b"Content-Type", b"application/json", out);
    }
    status
}

/// The head of a proxy's answer: the backend's, with the fields that are ours under other names.
///
/// Source: recorded behaviour, "Remap / drop". `Content-Encoding` passes, since the body passes as
/// it is; the fields of this connection alone (RFC 9110 section 7.6.1) do not.
pub(crate) fn write_proxied_head(x: &Exchange, _: &Client, bytes: &[u8], out: &mut Vec<u8>) -> u16 {
    write_line(x.upstream.status, out);
    let mut has_content_type = false;
    for field in &x.upstream.fields {
        match field.known {
            FieldName::Connection => remap(b"x-amzn-Remapped-Connection: ", field, bytes, out),
            FieldName::ContentLength => {
                remap(b"x-amzn-Remapped-Content-Length: ", field, bytes, out);
            }
            FieldName::Date => remap(b"x-amzn-Remapped-Date: ", field, bytes, out),
            FieldName::Server => remap(b"x-amzn-Remapped-Server: ", field, bytes, out),
            FieldName::TransferEncoding
            | FieldName::KeepAlive
            | FieldName::ProxyConnection
            | FieldName::Trailer
            | FieldName::Via => {}
            FieldName::Other if is_ours(field.name.of(bytes)) => {
                remap(b"x-amzn-Remapped-x-amzn-RequestId: ", field, bytes, out);
            }
            known => {
                has_content_type |= known == FieldName::ContentType;
                copy(field, bytes, out);
            }
        }
    }
    if !has_content_type {
        write_field(b"Content-Type", b"application/json", out);
    }
    x.upstream.status
}

fn is_ours(name: &[u8]) -> bool {
    is_name(name, b"x-amzn-requestid")
}

#[inline]
fn remap(name: &[u8], field: &Field, bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    line_from(field.value.start as usize, field.value.end as usize, bytes, out);
}
