//! Shard counters, histograms and access log; merged and written elsewhere.
#![forbid(unsafe_code)]
