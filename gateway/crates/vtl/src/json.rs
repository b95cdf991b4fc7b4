//! JSON as API Gateway reads and writes it: json-smart's permissive reader, and its writer.

mod error;
mod read;
mod scalars;
#[cfg(test)]
mod tests;
mod write;

pub use error::JsonError;
pub use read::parse;
pub(crate) use read::parse_pieces;
use scalars::{decimal, read_escaped};
pub(crate) use write::push_unicode_escape;
pub(crate) use write::write_list;
pub use write::{Style, write};
