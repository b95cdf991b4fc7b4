//! What of a stage's responses is cached, and under which key.

use std::sync::Arc;

use gateway_cache::Cache;

use crate::source::Source;

/// A stage's cache. Kept over snapshots, by API id and stage name, as long as its size stays.
#[derive(Debug, Clone)]
pub struct StageCache {
    /// The cache, shared by all shards.
    pub cache: Arc<Cache>,
    /// Its size in bytes: `cacheClusterSize`, or less where the operator allows less.
    pub bytes_max: u64,
}

/// How responses of one method are cached.
///
/// The key of a request is [`CachePlan::prefix`], the request's verb if the method is `ANY`, and each value
/// of [`CachePlan::key`] with its length before it (or a mark that there is none), so that two different
/// lists of values never make the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachePlan {
    /// How long a response is kept, in microseconds; never 0.
    pub ttl_us: u64,
    /// Deployment id, namespace (the resource's id if none is set) and verb as defined, each with a NUL
    /// after it. Plans of different deployments share no entries.
    pub prefix: Box<[u8]>,
    /// The cache key parameters in the order written; those of the integration request are resolved to
    /// what is mapped to them. A missing value differs from an empty one.
    pub key: Vec<Source>,
    /// What `Cache-Control: max-age=0` does.
    pub invalidation: Invalidation,
}

/// What a client's `Cache-Control: max-age=0` does.
///
/// [`Invalidation::Fail403`], [`Invalidation::Warn`] and [`Invalidation::Ignore`] are for callers without
/// authorization to invalidate. That needs IAM, which is not served yet, so nobody has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalidation {
    /// No authorization is required: the entry is replaced by the backend's answer.
    Anyone,
    /// `FAIL_WITH_403`: the request is refused.
    Fail403,
    /// `SUCCEED_WITH_RESPONSE_HEADER`: ignored, and the response has a `Warning`.
    Warn,
    /// `SUCCEED_WITHOUT_RESPONSE_HEADER`: ignored.
    Ignore,
}
