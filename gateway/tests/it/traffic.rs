//! Keys, limits, quotas, caches and canaries, through real sockets.

mod api;
mod bodies;
mod cache;
mod canary;
mod clock;
mod exact;
mod flights;
mod flush;
mod limits;
mod live;
mod quota_crash;
mod scale;
