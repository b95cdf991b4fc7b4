//! Rows of comma-separated values, one at a time, each bounded.

use crate::limits::{ROW_BYTES_MAX, ROW_CELLS_MAX};
use csv_core::ReadRecordResult;
use std::fmt;
use std::io::{self, BufRead, Chain, Cursor, Read};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The rows of a reader. Lines without any character are passed over.
pub(super) struct Rows<R> {
    /// The first bytes, and the rest.
    input: Chain<Cursor<Vec<u8>>, R>,
    has_begun: bool,
    parser: csv_core::Reader,
    /// Line ends that were passed between rows.
    passed: u64,
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// One row.
pub(super) struct Row<'r> {
    /// The line on which it begins, from 1.
    pub(super) line: u32,
    text: &'r str,
    ends: &'r [usize],
}

impl<'r> Row<'r> {
    pub(super) fn cells(&self) -> impl Iterator<Item = &'r str> + use<'r> {
        let (text, ends) = (self.text, self.ends);
        let start = |index: usize| index.checked_sub(1).map_or(0, |before| ends[before]);
        (0..ends.len()).map(move |index| &text[start(index)..ends[index]])
    }
}

/// Why a row cannot be read.
#[derive(Debug)]
pub(super) struct RowError {
    /// The line on which it begins.
    pub(super) line: u32,
    kind: RowErrorKind,
}

#[derive(Debug)]
enum RowErrorKind {
    Read(io::Error),
    TooLong,
    TooManyCells,
    NotUtf8,
}

impl RowError {
    /// Whether nothing can be read after it: where a row ends is not known.
    pub(super) fn is_last(&self) -> bool {
        !matches!(self.kind, RowErrorKind::NotUtf8)
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            RowErrorKind::Read(error) => write!(f, "cannot read the file: {error}"),
            RowErrorKind::TooLong => write!(
                f,
                "a row of more than {ROW_BYTES_MAX} bytes; the rest is left out; look for a \
                 double quote that is not closed"
            ),
            RowErrorKind::TooManyCells => {
                write!(f, "a row of more than {ROW_CELLS_MAX} cells; the rest is left out")
            }
            RowErrorKind::NotUtf8 => f.write_str("this row is not UTF-8"),
        }
    }
}

impl<R: BufRead> Rows<R> {
    pub(super) fn new(input: R) -> Self {
        let text = vec![0; ROW_BYTES_MAX];
        let ends = vec![0; ROW_CELLS_MAX];
        let (parser, input) = (csv_core::Reader::new(), Cursor::new(Vec::new()).chain(input));
        Self { input, has_begun: false, parser, passed: 0, text, ends }
    }

    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, RowError> {
        let passed = self.begin().and_then(|()| self.pass_line_ends());
        let line = u32::try_from(self.parser.line() + self.passed).unwrap_or(u32::MAX);
        let error = |kind| RowError { line, kind };
        passed.map_err(|cause| error(RowErrorKind::Read(cause)))?;
        let (mut bytes, mut cells) = (0, 0);
        loop {
            let input = match self.input.fill_buf() {
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
                input => input.map_err(|cause| error(RowErrorKind::Read(cause)))?,
            };
            let (text, ends) = (&mut self.text[bytes..], &mut self.ends[cells..]);
            let (result, taken, written, ended) = self.parser.read_record(input, text, ends);
            self.input.consume(taken);
            bytes += written;
            cells += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => return Err(error(RowErrorKind::TooLong)),
                ReadRecordResult::OutputEndsFull => return Err(error(RowErrorKind::TooManyCells)),
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::Record => break,
            }
        }
        let ends = &self.ends[..cells];
        match std::str::from_utf8(&self.text[..bytes]) {
            Ok(text) if ends.iter().all(|end| text.is_char_boundary(*end)) => {
                Ok(Some(Row { line, text, ends }))
            }
            _ => Err(error(RowErrorKind::NotUtf8)),
        }
    }

    /// Passes a byte order mark. The parser would too, but only where one read gives all of it.
    fn begin(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.has_begun, true) {
            return Ok(());
        }
        let mut first = Vec::new();
        let (before, rest) = self.input.get_mut();
        rest.take(BYTE_ORDER_MARK.len() as u64).read_to_end(&mut first)?;
        if first != BYTE_ORDER_MARK {
            *before = Cursor::new(first);
        }
        self.parser.read_record(b"\n", &mut self.text, &mut self.ends); // it no longer looks for one
        self.parser.set_line(1);
        Ok(())
    }

    /// Passes the rest of a line end and empty lines, so that a row's line is its own.
    fn pass_line_ends(&mut self) -> io::Result<()> {
        loop {
            let input = match self.input.fill_buf() {
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
                input => input?,
            };
            let ends = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if ends == 0 {
                return Ok(());
            }
            self.passed += input[..ends].iter().filter(|byte| **byte == b'\n').count() as u64;
            self.input.consume(ends);
        }
    }
}
