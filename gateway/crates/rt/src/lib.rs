//! Shards, ring, buffers, timers, mailboxes, TLS I/O: the only crate with unsafe code.

