//! What a definition promises, and the checks that hold a gateway to it.
#![forbid(unsafe_code)]
