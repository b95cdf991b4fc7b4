//! Calls to integrations: HTTP upstreams, their pools, and MOCK.
#![forbid(unsafe_code)]
