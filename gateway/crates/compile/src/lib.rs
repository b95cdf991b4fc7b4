//! Model to Snapshot: everything that can fail, fails here.
#![forbid(unsafe_code)]
