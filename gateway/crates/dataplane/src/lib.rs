//! Listener to connection to exchange to gateway response.
#![forbid(unsafe_code)]
