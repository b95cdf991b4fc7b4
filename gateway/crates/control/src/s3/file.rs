//! A part of a file as the body of an answer: read as the client takes it, never whole in memory.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

use crate::limits::FILE_FRAME_BYTES;

/// A part of a file.
pub(crate) struct FilePart {
    file: File,
    left: u64,
}

impl FilePart {
    /// `len` bytes from `offset` on; a file that is shorter breaks the answer off.
    pub(crate) fn open(path: &Path, offset: u64, len: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { file, left: len })
    }
}

impl Body for FilePart {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let mut bytes = vec![0; FILE_FRAME_BYTES.min(self.left as usize)];
        let read = self.file.read(&mut bytes).and_then(|count| match count {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => Ok(count),
        });
        Poll::Ready(Some(read.map(|count| {
            bytes.truncate(count);
            self.left -= count as u64;
            Frame::data(bytes.into())
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
