//! HTTP/1 framing as pure state machines: bytes in, events out. Knows no AWS, does no I/O.
#![forbid(unsafe_code)]
