//! Backups with files in them: written and read a line at a time, whatever they hold.
//!
//! As version 1, with lines of two more kinds: one that begins a file, and after it its bytes in base64, a piece a line. A reader
//! of version 2 reads version 1 as well, which has no files.

use std::fmt;
use std::io::{self, BufRead, Read, Write};

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::BackupError;
use crate::wire::{base64, from_base64, hex};

/// Version of the form.
pub const VERSION: u32 = 2;

/// Bytes of a file in one line. Ours; a multiple of three, so that base64 has no padding between.
const PIECE_BYTES: usize = 48 * 1024;

/// The longest line that is read. Ours: a document is one line, and twice the largest that a call can make.
const LINE_BYTES_MAX: u64 = 256 << 20;

/// A line.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway_backup: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    documents: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

/// Why a backup is not written or read.
#[derive(Debug)]
pub enum ArchiveError {
    /// The disk fails.
    Io(io::Error),
    /// It is no backup that can be restored.
    Backup(BackupError),
}

impl fmt::Display for ArchiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("the disk fails"),
            Self::Backup(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ArchiveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Backup(_) => None,
        }
    }
}

impl From<io::Error> for ArchiveError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<BackupError> for ArchiveError {
    fn from(error: BackupError) -> Self {
        Self::Backup(error)
    }
}

/// Writes a backup.
pub struct Writer<W> {
    out: W,
    hash: Context,
    documents: usize,
    files: usize,
}

impl<W: Write> Writer<W> {
    /// Begins a backup.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn begin(out: W) -> io::Result<Self> {
        let mut this = Self { out, hash: Context::new(&SHA256), documents: 0, files: 0 };
        this.line(&Line { gateway_backup: Some(VERSION), ..Line::default() })?;
        Ok(this)
    }

    /// Adds a document.
    ///
    /// # Errors
    /// When it is not text, or the disk fails.
    pub fn document(&mut self, key: &str, document: &[u8]) -> Result<(), ArchiveError> {
        let text = std::str::from_utf8(document);
        let text = text.map_err(|_| BackupError::Document(key.to_owned()))?.to_owned();
        self.line(&Line { key: Some(key.to_owned()), document: Some(text), ..Line::default() })?;
        self.documents += 1;
        Ok(())
    }

    /// Adds a file under a name that [`is_file_name`] takes, up to its end.
    ///
    /// # Errors
    /// When the file cannot be read, or the disk fails.
    pub fn file(&mut self, name: &str, mut bytes: impl Read) -> io::Result<()> {
        debug_assert!(is_file_name(name), "{name} can be restored");
        self.line(&Line { file: Some(name.to_owned()), ..Line::default() })?;
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        loop {
            piece.clear();
            bytes.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
            if piece.is_empty() {
                self.files += 1;
                return Ok(());
            }
            self.line(&Line { data: Some(base64(&piece)), ..Line::default() })?;
        }
    }

    /// Ends the backup; gives back what it was written to, and how many documents and files it has.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn end(mut self) -> io::Result<(W, usize, usize)> {
        let (documents, files) = (self.documents, self.files);
        let sha256 = hex(self.hash.clone().finish().as_ref());
        let (count, sha256) = ((Some(documents), Some(files)), Some(sha256));
        self.line(&Line { documents: count.0, files: count.1, sha256, ..Line::default() })?;
        self.out.flush()?;
        Ok((self.out, documents, files))
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.hash.update(&text);
        self.out.write_all(&text)
    }
}

/// What a backup holds, in its order.
#[derive(Debug, PartialEq, Eq)]
pub enum Entry {
    /// A document.
    Document(String, Vec<u8>),
    /// A file begins; its name is one that [`is_file_name`] takes.
    File(String),
    /// The next bytes of the file.
    Data(Vec<u8>),
}

/// What a backup that was read had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Documents.
    pub documents: usize,
    /// Files.
    pub files: usize,
    /// Whether it can have files: version 1 has none, and says nothing of those that there are.
    pub has_files: bool,
}

/// Reads a backup and hands over what it holds. That it is whole is known at the end: read it once with an `each` that does
/// nothing, then again.
///
/// # Errors
/// When it is not whole, cannot be read, or `each` fails.
pub fn read(
    mut input: impl BufRead,
    mut each: impl FnMut(Entry) -> io::Result<()>,
) -> Result<Counts, ArchiveError> {
    let mut hash = Context::new(&SHA256);
    let mut text = Vec::new();
    let first = next(&mut input, &mut text, 1).map_err(|error| match error {
        ArchiveError::Backup(_) => BackupError::NotABackup.into(),
        error => error,
    })?;
    let version = first.gateway_backup.ok_or(BackupError::NotABackup)?;
    if !(1..=VERSION).contains(&version) {
        return Err(BackupError::Version(version).into());
    }
    let (mut documents, mut files) = (0, 0);
    hash.update(&text);
    for number in 2.. {
        let line = next(&mut input, &mut text, number)?;
        match line {
            Line { key: Some(key), document: Some(document), .. } => {
                documents += 1;
                each(Entry::Document(key, document.into_bytes()))?;
            }
            Line { file: Some(name), .. } if is_file_name(&name) => {
                files += 1;
                each(Entry::File(name))?;
            }
            Line { data: Some(data), .. } if files > 0 => {
                let bytes = from_base64(&data).ok_or(BackupError::Line(number))?;
                each(Entry::Data(bytes))?;
            }
            Line {
                documents: Some(of_documents), files: of_files, sha256: Some(sha256), ..
            } => {
                let is_last = input.fill_buf()?.is_empty();
                let is_counted = of_documents == documents && of_files.unwrap_or(0) == files;
                if !is_last || !is_counted || hex(hash.finish().as_ref()) != sha256 {
                    return Err(BackupError::Changed.into());
                }
                return Ok(Counts { documents, files, has_files: version > 1 });
            }
            _ => return Err(BackupError::Line(number).into()),
        }
        hash.update(&text);
    }
    Err(BackupError::Cut.into())
}

/// The next line; its text with its end.
fn next(input: &mut impl BufRead, text: &mut Vec<u8>, number: usize) -> Result<Line, ArchiveError> {
    text.clear();
    input.take(LINE_BYTES_MAX).read_until(b'\n', text)?;
    if !text.ends_with(b"\n") {
        return Err(BackupError::Cut.into());
    }
    serde_json::from_slice(text).map_err(|_| BackupError::Line(number).into())
}

/// Whether a name is one of a file among buckets or code: no part of it leads elsewhere.
#[must_use]
pub fn is_file_name(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_part = |part: &&str| {
        !part.is_empty()
            && part.len() <= 255
            && !part.starts_with('.')
            && part.bytes().all(is_letter)
    };
    (2..=4).contains(&parts.len()) && matches!(parts[0], "s3" | "code") && parts.iter().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(documents: &[(&str, &str)], files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = Writer::begin(Vec::new()).expect("memory takes it");
        for (key, document) in documents {
            writer.document(key, document.as_bytes()).expect("text");
        }
        for (name, bytes) in files {
            writer.file(name, *bytes).expect("memory takes it");
        }
        writer.end().expect("memory takes it").0
    }

    fn entries(text: &[u8]) -> Result<(Vec<Entry>, Counts), String> {
        let mut entries = Vec::new();
        let counts = read(text, |entry| {
            entries.push(entry);
            Ok(())
        });
        counts.map(|counts| (entries, counts)).map_err(|error| error.to_string())
    }

    #[test]
    fn documents_and_files_come_back_as_they_went() {
        let large = vec![7; PIECE_BYTES + 1];
        let text = written(
            &[("a/b", "{\"ä\":1}")],
            &[("code/a.zip", b""), ("s3/b/objects/c.data", &large)],
        );
        let (entries, counts) = entries(&text).expect("whole");
        assert_eq!(counts, Counts { documents: 1, files: 2, has_files: true });
        let expect = [
            Entry::Document("a/b".to_owned(), "{\"ä\":1}".into()),
            Entry::File("code/a.zip".to_owned()),
            Entry::File("s3/b/objects/c.data".to_owned()),
            Entry::Data(large[..PIECE_BYTES].to_vec()),
            Entry::Data(vec![7]),
        ];
        assert_eq!(entries, expect);
    }

    #[test]
    fn the_version_before_is_read() {
        let text = super::super::write(&[("k".to_owned(), b"{}".to_vec())]).expect("text");
        let (entries, counts) = entries(&text).expect("whole");
        assert_eq!(counts, Counts { documents: 1, files: 0, has_files: false });
        assert_eq!(entries, [Entry::Document("k".to_owned(), b"{}".to_vec())]);
    }

    #[test]
    fn what_was_cut_or_changed_is_refused() {
        let text = written(&[("k", "{}")], &[("code/a.zip", b"abc")]);
        let whole = entries(&text).expect("whole");
        for len in 0..text.len() {
            assert!(entries(&text[..len]).is_err(), "cut at {len}");
        }
        for index in 0..text.len() {
            let mut changed = text.clone();
            changed[index] ^= 1;
            assert_ne!(entries(&changed).ok(), Some((Vec::new(), whole.1)), "byte {index}");
            assert!(entries(&changed).is_err(), "byte {index} changed without a word");
        }
        assert!(entries(&[text.clone(), b"{}\n".to_vec()].concat()).is_err());
        assert!(entries(b"{\"gateway_backup\":3}\n").unwrap_err().contains("version 3"));
    }

    #[test]
    fn names_lead_nowhere_else() {
        for name in ["code/a.zip", "s3/my.bucket/bucket.json", "s3/b-1/objects/0f.data"] {
            assert!(is_file_name(name), "{name}");
        }
        for name in [
            "",
            "code",
            "code/",
            "/code/a",
            "code/../a",
            "code/.a",
            "other/a",
            "s3/a/b/c/d",
            "code/a b",
            "code//a",
        ] {
            assert!(!is_file_name(name), "{name}");
        }
    }
}
