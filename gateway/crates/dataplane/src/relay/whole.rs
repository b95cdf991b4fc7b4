//! Answers that need the backend's whole body: a template, a mapping or `contentHandling` reads it.

use gateway_compile::responses::Selected;
use gateway_compile::templates::Conversion;
use gateway_compile::{BinaryMediaTypes, ContentHandling, Failure};
use gateway_proto::FieldName;
use gateway_rt::Buf;

use super::{RelayError, Source, send_whole, write_proxied_head};
use crate::cached;
use crate::connection::Client;
use crate::request::Exchange;
use crate::transform;
use crate::values::{Reply, Values};

/// How the backend's body is converted. What has a coding is binary, whatever its type, and stays as it is where
/// nothing says otherwise.
pub(super) fn conversion(
    x: &Exchange,
    types: &BinaryMediaTypes,
    handling: Option<ContentHandling>,
    bytes: &[u8],
) -> Conversion {
    if types.is_empty() && handling.is_none() {
        return Conversion::Text;
    }
    let field = |known| {
        let field = x.upstream.fields.iter().rev().find(|field| field.known == known)?;
        Some(field.value.of(bytes))
    };
    let is_coded = field(FieldName::ContentEncoding)
        .is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity"));
    if is_coded && handling.is_none() {
        return Conversion::Raw;
    }
    transform::response_conversion(x, types, handling, field(FieldName::ContentType), is_coded)
}

/// Reads the backend's whole body, which a mapping or a template needs, and answers.
pub(super) async fn answer_buffered(
    client: &Client,
    x: &mut Exchange,
    mut source: Source<'_>,
    tx: Buf,
    selected: Selected<'_>,
    conversion: Conversion,
) -> Result<bool, RelayError> {
    let shard = source.shard;
    let (tx, body) = source.whole(x, tx).await?;
    x.note_response_body(&body);
    let mut made = std::mem::take(&mut x.transform);
    let mut out = std::mem::take(&mut x.out);
    out.clear();
    let reply = Reply { head: &x.upstream, bytes: tx.filled(), body: Some(&body) };
    let values = Values { reply: Some(reply), ..Values::of_request(x, &client.peer) };
    let answer = transform::response(&mut made, &values, selected, conversion, &body, &mut out);
    let result = match answer {
        Ok((status, text)) => {
            cached::keep(shard, x, status, &out, text);
            cached::finish(x, true, &mut out);
            let sent = send_whole(shard, client, x, status, &mut out, text).await;
            sent.map_err(RelayError::from)
        }
        Err(failure) => Err(failure.into()),
    };
    x.out = out;
    x.transform = made;
    x.response_body = body;
    result?;
    Ok(source.is_reusable(&x.upstream))
}

/// Reads the whole body of a proxy's backend, and answers with what it is converted to.
pub(super) async fn answer_converted(
    client: &Client,
    x: &mut Exchange,
    mut source: Source<'_>,
    tx: Buf,
    conversion: Conversion,
) -> Result<bool, RelayError> {
    let shard = source.shard;
    let (tx, body) = source.whole(x, tx).await?;
    x.note_response_body(&body);
    let converted = transform::convert(&body, conversion)?;
    let mut out = std::mem::take(&mut x.out);
    out.clear();
    let status = write_proxied_head(x, client, tx.filled(), &mut out);
    cached::keep(shard, x, status, &out, &converted);
    cached::finish(x, false, &mut out);
    let result = send_whole(shard, client, x, status, &mut out, &converted).await;
    drop(converted);
    x.out = out;
    x.response_body = body;
    result?;
    Ok(source.is_reusable(&x.upstream))
}

impl Source<'_> {
    /// The whole body, up to the limit, beside a buffer that has only the head left. Put it back into
    /// [`Exchange::response_body`].
    async fn whole(&mut self, x: &mut Exchange, mut tx: Buf) -> Result<(Buf, Vec<u8>), RelayError> {
        let head_len = x.upstream.len;
        let mut body = std::mem::take(&mut x.response_body);
        body.clear();
        let length = self.body.take(&mut tx.filled_mut()[head_len..])?;
        body.extend_from_slice(&tx.filled()[head_len..head_len + length]);
        tx.truncate(head_len);
        if self.body.is_whole() {
            return Ok((tx, body));
        }
        let mut piece = Buf::take();
        while !self.body.is_whole() {
            piece = self.next(piece, 0).await?;
            if body.len() + piece.len() > self.shard.settings.response_bytes_max {
                return Err(Failure::internal_error().into());
            }
            body.extend_from_slice(piece.filled());
        }
        Ok((tx, body))
    }
}
