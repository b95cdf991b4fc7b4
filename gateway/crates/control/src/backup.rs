//! Backups: everything that the control plane stored, as text that the next version reads as well.
//!
//! One JSON object a line. The first says what it is, each of the others is a document, the last one how many there are and the
//! SHA-256 of all lines before it, so that a file that was cut or changed is told from a whole one. This is version 1, in which a
//! running gateway gives its documents away; [`archive`] is what a file has.

pub mod archive;

use std::fmt;

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use crate::wire::hex;

/// Version of the form.
const VERSION: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Beginning {
    gateway_backup: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    key: String,
    document: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct End {
    documents: usize,
    sha256: String,
}

/// Why a text is no backup that can be restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupError {
    /// It does not begin like one.
    NotABackup,
    /// Another version made it.
    Version(u32),
    /// A line is not what it should be; counted from 1.
    Line(usize),
    /// Its end is missing: it was cut.
    Cut,
    /// It is not as it was written.
    Changed,
    /// A document is not text; it cannot be written.
    Document(String),
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotABackup => f.write_str("it is no backup of a gateway"),
            Self::Version(version) => {
                write!(
                    f,
                    "it has version {version}, this gateway reads versions up to {}",
                    archive::VERSION
                )
            }
            Self::Line(line) => write!(f, "line {line} is not a document; use another copy"),
            Self::Cut => f.write_str("its end is missing; use another copy"),
            Self::Changed => f.write_str("it was changed since it was written; use another copy"),
            Self::Document(key) => write!(f, "the document {key} is not text"),
        }
    }
}

impl std::error::Error for BackupError {}

/// The text of a backup.
///
/// # Errors
/// When a document is not text.
pub fn write(documents: &[(String, Vec<u8>)]) -> Result<Vec<u8>, BackupError> {
    let mut out = Vec::new();
    push(&Beginning { gateway_backup: VERSION }, &mut out);
    for (key, document) in documents {
        let document =
            String::from_utf8(document.clone()).map_err(|_| BackupError::Document(key.clone()))?;
        push(&Line { key: key.clone(), document }, &mut out);
    }
    let sha256 = hash(&out);
    push(&End { documents: documents.len(), sha256 }, &mut out);
    Ok(out)
}

/// The documents of a backup, all checked.
///
/// # Errors
/// When it is not whole.
pub fn read(text: &[u8]) -> Result<Vec<(String, Vec<u8>)>, BackupError> {
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let beginning: Beginning =
        serde_json::from_slice(first).map_err(|_| BackupError::NotABackup)?;
    if beginning.gateway_backup != VERSION {
        return Err(BackupError::Version(beginning.gateway_backup));
    }
    let whole = text.strip_suffix(b"\n").ok_or(BackupError::Cut)?;
    let last = whole.iter().rposition(|byte| *byte == b'\n').ok_or(BackupError::Cut)? + 1;
    let end: End = serde_json::from_slice(&whole[last..]).map_err(|_| BackupError::Cut)?;
    if hash(&text[..last]) != end.sha256 {
        return Err(BackupError::Changed);
    }
    let lines = text[first.len() + 1..last].split(|byte| *byte == b'\n');
    let mut documents = Vec::with_capacity(end.documents.min(text.len()));
    for (index, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
        let line: Line = serde_json::from_slice(line).map_err(|_| BackupError::Line(index + 2))?;
        documents.push((line.key, line.document.into_bytes()));
    }
    match documents.len() == end.documents {
        true => Ok(documents),
        false => Err(BackupError::Changed),
    }
}

/// Serializing text and numbers into memory does not fail.
fn push(line: &impl Serialize, out: &mut Vec<u8>) {
    let _ = serde_json::to_writer(&mut *out, line);
    out.push(b'\n');
}

fn hash(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents() -> Vec<(String, Vec<u8>)> {
        let texts = [("apikeys/a", "{\"name\":\"ä\\n\"}"), ("restapis/b", "{}")];
        texts.map(|(key, text)| (key.to_owned(), text.as_bytes().to_vec())).to_vec()
    }

    #[test]
    fn a_backup_comes_back_as_it_went() {
        for documents in [documents(), Vec::new()] {
            let text = write(&documents).expect("text");
            assert_eq!(read(&text), Ok(documents));
        }
    }

    #[test]
    fn what_was_cut_or_changed_is_refused() {
        let text = write(&documents()).expect("text");
        for len in 0..text.len() {
            assert!(read(&text[..len]).is_err(), "cut at {len}");
        }
        for index in 0..text.len() {
            let mut changed = text.clone();
            changed[index] ^= 1;
            assert_ne!(read(&changed), Ok(documents()), "byte {index} changed without a word");
        }
    }

    #[test]
    fn another_version_is_named() {
        assert_eq!(read(b"{\"gateway_backup\":9}\n"), Err(BackupError::Version(9)));
        assert_eq!(read(b"hello\n"), Err(BackupError::NotABackup));
        assert_eq!(
            write(&[("k".to_owned(), vec![0xff])]),
            Err(BackupError::Document("k".to_owned()))
        );
    }
}
