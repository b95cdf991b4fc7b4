//! HTTP/1.0 and HTTP/1.1.

pub mod authority;
pub mod chunked;
pub mod line;
pub mod request;
pub mod response;
pub mod scan;
pub mod target;

mod connection;
mod length;

pub use authority::AuthorityError;
pub use chunked::{CHUNK_TAIL, ChunkError, ChunkedDecoder, Decoded, LAST_CHUNK, write_chunk_head};
pub use line::FieldError;
pub use request::{BodyLength, Parsed, RequestError, RequestHead, Version};
pub use response::{ResponseBody, ResponseError, ResponseHead};
pub use scan::{HeadScanner, Scan};
pub use target::{Target, TargetError, TargetForm};
