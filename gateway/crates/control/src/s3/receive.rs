//! An object's data on its way from the socket to the disk.

use std::fs::File;
use std::io::Write as _;

use aws_lc_rs::digest::{Context, SHA256};
use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};

use super::checksum::Checksum;
use super::chunked::Chunked;
use super::store::failed;
use crate::limits::OBJECT_BYTES_MAX;
use crate::signature::Payload;
use crate::wire::hex;
use crate::{ApiError, dispatch::Head};

/// What came.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) bytes: u64,
    pub(super) etag: String,
    /// The header and the value of the checksum that the client sent, which is right.
    pub(super) checksum: Option<(&'static str, String)>,
}

/// Reads a body into a file and holds it to everything that the client said of it.
pub(super) async fn receive(
    mut body: Incoming,
    head: &Head,
    payload: &Payload,
    file: &mut File,
) -> Result<Received, ApiError> {
    let mut sink = Sink::new(head, payload, file);
    while let Some(frame) = body.frame().await {
        let broken = |_| ApiError::new(400, "IncompleteBody", "The body of the request broke off");
        if let Ok(bytes) = frame.map_err(broken)?.into_data() {
            sink.take(&bytes)?;
        }
    }
    sink.finish(head, payload)
}

struct Sink<'f> {
    file: &'f mut File,
    bytes: u64,
    /// Of the content.
    content: Context,
    /// Of what comes over the wire, which the signature is about.
    wire: Context,
    chunked: Option<Chunked>,
    checksum: Option<Checksum>,
}

impl<'f> Sink<'f> {
    fn new(head: &Head, payload: &Payload, file: &'f mut File) -> Self {
        let announced = head.header("x-amz-trailer");
        let mut names = head.headers.iter().map(|(name, _)| name.as_str()).chain(announced);
        Self {
            file,
            bytes: 0,
            content: Context::new(&SHA256),
            wire: Context::new(&SHA256),
            chunked: (*payload == Payload::Chunked).then(Chunked::default),
            checksum: names.find_map(Checksum::named),
        }
    }

    fn take(&mut self, bytes: &Bytes) -> Result<(), ApiError> {
        let Self { file, bytes: count, content, checksum, .. } = self;
        let mut write = |part: &[u8]| {
            *count += part.len() as u64;
            if *count > OBJECT_BYTES_MAX {
                return Err(too_large());
            }
            content.update(part);
            if let Some(checksum) = checksum {
                checksum.update(part);
            }
            file.write_all(part).map_err(|error| failed(&error))
        };
        self.wire.update(bytes);
        match &mut self.chunked {
            Some(chunked) => chunked.decode(bytes, write),
            None => write(bytes),
        }
    }

    fn finish(self, head: &Head, payload: &Payload) -> Result<Received, ApiError> {
        if let Payload::Hash(said) = payload {
            let found = hex(self.wire.finish().as_ref());
            if !said.eq_ignore_ascii_case(&found) {
                let text =
                    "The provided 'x-amz-content-sha256' header does not match what was computed.";
                return Err(ApiError::new(400, "XAmzContentSHA256Mismatch", text));
            }
        }
        let incomplete = || {
            let text = "You did not provide the number of bytes specified by the Content-Length HTTP header";
            ApiError::new(400, "IncompleteBody", text)
        };
        if self.chunked.as_ref().is_some_and(|chunked| !chunked.is_done()) {
            return Err(incomplete());
        }
        let decoded = head.header("x-amz-decoded-content-length");
        if decoded.is_some_and(|said| said.trim().parse() != Ok(self.bytes)) {
            return Err(incomplete());
        }
        let trailers = self.chunked.map(|chunked| chunked.trailers).unwrap_or_default();
        let checksum = match self.checksum {
            None => None,
            Some(checksum) => {
                let header = checksum.header();
                let trailer = trailers.iter().find(|(name, _)| name == header);
                let said = trailer.map(|(_, value)| value.as_str()).or_else(|| head.header(header));
                let missing = || {
                    let text = format!("The trailer {header} was announced and did not come");
                    ApiError::new(400, "MalformedTrailerError", text)
                };
                Some(checksum.check(said.ok_or_else(missing)?)?)
            }
        };
        self.file.sync_data().map_err(|error| failed(&error))?;
        let hash = self.content.finish();
        Ok(Received { bytes: self.bytes, etag: etag(&hash.as_ref()[..16], 1), checksum })
    }
}

/// An ETag of the form that multipart uploads have, so that nobody takes it for an MD5.
pub(super) fn etag(hash: &[u8], parts: usize) -> String {
    format!("{}-{parts}", hex(hash))
}

fn too_large() -> ApiError {
    let text = format!(
        "Your proposed upload exceeds the maximum allowed size of {OBJECT_BYTES_MAX} bytes"
    );
    ApiError::new(400, "EntityTooLarge", text)
}
