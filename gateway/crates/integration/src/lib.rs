//! Calls to integrations: upstream connections and their pools, shard by shard.
//!
//! A shard has one [`Upstreams`]. It keeps a [`Pool`] for each distinct endpoint of all stages, so
//! that a reload that changes nothing about an endpoint keeps its connections. Nothing is shared
//! between shards.
#![forbid(unsafe_code)]

pub mod error;
pub mod limits;
pub mod pool;
pub mod resolve;
pub mod upstreams;

pub use error::UpstreamError;
pub use pool::{Pool, Upstream};
pub use resolve::{Answer, Question, Resolver};
pub use upstreams::{UpstreamSettings, Upstreams};
