//! Listener to connection to exchange to gateway response.
//!
//! The request path, in the order in which it is read:
//!
//! | module | holds |
//! | --- | --- |
//! | [`shard`] | what a shard has: the published snapshot, pools, counters; the commands it takes |
//! | `serve` | accepting, and a connection between its requests |
//! | `connection` | one request after the other on a connection |
//! | `exchange` | one request, in the specification's order |
//! | `request` | what is known of the request so far |
//! | `body` | the request's body: forwarded, buffered or dropped |
//! | `admission`, `rate` | API key, usage plan, throttles and quota |
//! | `authorizer` | Lambda authorizers |
//! | [`decompress`], `validate` | content coding, parameters and body of a request |
//! | `cached` | the stage cache in front of the integration |
//! | [`explain`] | what would become of a request, for people |
//! | `http`, `relay`, `mock`, `lambda`, `service` | the integrations |
//! | `event` | what functions get of a request |
//! | `transform` | mapping templates, overrides, `contentHandling` |
//! | `values`, `context` | where mapped values come from |
//! | [`compress`] | content coding of responses |
//! | `respond` | every answer we make up |
//!
//! Cost of a proxied request in steady state: two buffers from the pool, four operations of the
//! ring, no allocation, no lock. The head of the request is parsed in place and written once for
//! the backend; the head of the response is written in front of its body, which does not move.
#![forbid(unsafe_code)]

mod admission;
mod authorizer;
mod bell;
#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod bench;
mod body;
mod cached;
pub mod compress;
mod connection;
mod context;
mod date;
pub mod decompress;
mod event;
mod exchange;
mod execution_log;
pub mod explain;
mod flights;
mod http;
mod ids;
pub mod journal;
pub mod lambda;
pub mod limits;
mod mock;
mod rate;
pub mod refusals;
mod relay;
mod request;
mod respond;
mod series;
mod serve;
mod service;
pub mod shard;
mod status;
#[cfg(test)]
mod testing;
mod transform;
pub mod trial;
mod upstream_head;
mod validate;
mod values;

pub use gateway_auth::sigv4::Credentials as AwsCredentials;
pub use refusals::REFUSAL_REASONS;
pub use series::{MethodSeries, StageSeries};
pub use serve::run;
pub use shard::{Command, Event, Report, Settings, Shard, ShardParts};
