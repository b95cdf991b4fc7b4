//! Keys, limits, quotas, caches and canaries, through real sockets.

mod exact;
mod quota_crash;
mod scale;
