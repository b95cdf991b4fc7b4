//! HTTP/1 framing as pure state machines: bytes in, events out. Knows no AWS, does no I/O.
#![forbid(unsafe_code)]

pub mod field;
pub mod h1;
pub mod limits;
pub mod span;

mod bytes;

pub use field::{Field, FieldName};
pub use limits::{ChunkLimits, HeadLimits};
pub use span::Span;
