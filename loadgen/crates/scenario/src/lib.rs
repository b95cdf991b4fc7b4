//! Scenarios of users, on goose.
#![forbid(unsafe_code)]
