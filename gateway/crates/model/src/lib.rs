//! What an API is: pure data, no I/O, no wire formats.
#![forbid(unsafe_code)]
