//! `aws-chunked`: a body in chunks, with trailers behind it.

use crate::ApiError;
use crate::limits::CHUNK_LINE_BYTES_MAX;

/// Takes a body's coding off.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    state: State,
    line: Vec<u8>,
    /// Names in lower case.
    pub(super) trailers: Vec<(String, String)>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The line with a chunk's size.
    #[default]
    Size,
    /// So many bytes of a chunk are to come.
    Data(u64),
    /// The line end behind a chunk.
    End,
    Trailers,
    Done,
}

impl Chunked {
    /// Takes bytes off the wire; hands out those of the content.
    pub(super) fn decode(
        &mut self,
        mut bytes: &[u8],
        mut content: impl FnMut(&[u8]) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        while !bytes.is_empty() {
            if let State::Data(left) = self.state {
                let count = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                content(&bytes[..count])?;
                bytes = &bytes[count..];
                let left = left - count as u64;
                self.state = if left == 0 { State::End } else { State::Data(left) };
                continue;
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let count = end.map_or(bytes.len(), |end| end + 1);
            self.line.extend_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            if self.line.len() > CHUNK_LINE_BYTES_MAX {
                return Err(malformed("a line of the chunked coding is too long"));
            }
            if end.is_some() {
                let line = std::mem::take(&mut self.line);
                let text =
                    std::str::from_utf8(&line).map_err(|_| malformed("a line is no text"))?;
                self.line(text.trim_end())?;
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &str) -> Result<(), ApiError> {
        self.state = match self.state {
            State::Size => {
                let (size, extension) = line.split_once(';').unwrap_or((line, ""));
                if extension.starts_with("chunk-signature=") {
                    return Err(ApiError::not_implemented("The chunk signature of Amazon S3"));
                }
                match u64::from_str_radix(size.trim(), 16) {
                    Ok(0) => State::Trailers,
                    Ok(size) => State::Data(size),
                    Err(_) => return Err(malformed("a chunk has no size")),
                }
            }
            State::End if line.is_empty() => State::Size,
            State::End => return Err(malformed("a chunk is longer than it says")),
            State::Trailers if line.is_empty() => State::Done,
            State::Trailers => {
                let (name, value) =
                    line.split_once(':').ok_or_else(|| malformed("a trailer has no colon"))?;
                self.trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
                State::Trailers
            }
            State::Data(_) | State::Done => return Err(malformed("there is more behind its end")),
        };
        Ok(())
    }

    /// Whether all has come.
    pub(super) fn is_done(&self) -> bool {
        // Clients may leave the last empty line out.
        self.state == State::Done || (self.state == State::Trailers && self.line.is_empty())
    }
}

fn malformed(what: &str) -> ApiError {
    ApiError::new(400, "IncompleteBody", format!("The aws-chunked body is malformed: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"5\r\nhello\r\n6\r\n world\r\n0\r\nX-Amz-Checksum-Crc32:DUoRhQ==\r\n\r\n";

    #[test]
    fn any_split_of_the_bytes_gives_the_same_content() {
        for size in 1..=BODY.len() {
            let mut chunked = Chunked::default();
            let mut content = Vec::new();
            for part in BODY.chunks(size) {
                chunked
                    .decode(part, |bytes| {
                        content.extend_from_slice(bytes);
                        Ok(())
                    })
                    .unwrap();
            }
            assert_eq!(content, b"hello world");
            let trailer = ("x-amz-checksum-crc32".to_owned(), "DUoRhQ==".to_owned());
            assert_eq!(chunked.trailers, [trailer]);
            assert!(chunked.is_done());
        }
    }

    #[test]
    fn what_is_malformed_or_unfinished_is_seen() {
        let take = |bytes: &[u8]| {
            let mut chunked = Chunked::default();
            chunked.decode(bytes, |_| Ok(())).map(|()| chunked.is_done())
        };
        assert_eq!(take(b"5\r\nhel"), Ok(false));
        assert_eq!(take(b"5\r\nhello\r\n"), Ok(false));
        for bytes in [&b"x\r\n"[..], b"5\r\nhelloo\r\n", b"0\r\nnothing\r\n", b"0\r\n\r\nmore\r\n"]
        {
            assert_eq!(take(bytes).unwrap_err().code, "IncompleteBody", "{bytes:?}");
        }
        let signed = take(b"5;chunk-signature=ab\r\nhello\r\n").unwrap_err();
        assert_eq!(signed.status, 501);
        let long = vec![b'1'; CHUNK_LINE_BYTES_MAX + 1];
        assert_eq!(take(&long).unwrap_err().code, "IncompleteBody");
    }
}
