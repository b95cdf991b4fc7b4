//! Why a chunked body is refused.

use std::fmt;

/// Why a chunked body is refused. Nothing behind it can be framed: close the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChunkError {
    /// A chunk size that is empty, not hex digits, or followed by anything but `;` or CRLF.
    SizeInvalid,
    /// A chunk size of more than 16 digits or 2⁶³ − 1.
    SizeTooLong,
    /// An LF without CR in the framing, extensions and trailers included.
    BareLf,
    /// A CR without LF in the framing.
    BareCr,
    /// A chunk extension outside the grammar.
    ExtensionInvalid,
    /// The extensions of one chunk, or of all, are too long.
    ExtensionsTooLarge,
    /// The payload of a chunk is not followed by CRLF.
    DataEnd,
    /// A trailer outside the grammar.
    TrailerInvalid,
    /// Trailers too many or too long.
    TrailersTooLarge,
}

impl ChunkError {
    /// The status a server answers with, if nothing was answered yet.
    pub const fn status(&self) -> u16 {
        match self {
            Self::TrailersTooLarge => 431,
            Self::SizeInvalid
            | Self::SizeTooLong
            | Self::BareLf
            | Self::BareCr
            | Self::ExtensionInvalid
            | Self::ExtensionsTooLarge
            | Self::DataEnd
            | Self::TrailerInvalid => 400,
        }
    }

    /// The reason as a kebab-case code, for logs and metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::SizeInvalid => "chunk-size-invalid",
            Self::SizeTooLong => "chunk-size-too-long",
            Self::BareLf => "chunk-bare-lf",
            Self::BareCr => "chunk-bare-cr",
            Self::ExtensionInvalid => "chunk-extension-invalid",
            Self::ExtensionsTooLarge => "chunk-extensions-too-large",
            Self::DataEnd => "chunk-data-end",
            Self::TrailerInvalid => "trailer-invalid",
            Self::TrailersTooLarge => "trailers-too-large",
        }
    }
}

impl fmt::Display for ChunkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "chunked body refused: {}", self.reason())
    }
}

impl std::error::Error for ChunkError {}
