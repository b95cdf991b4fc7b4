//! Renderings against files, and laws that hold for any report. `UPDATE_EXPECT=1` writes the files anew.
#![forbid(unsafe_code)]

#[path = "it/golden.rs"]
mod golden;
#[path = "it/laws.rs"]
mod laws;
#[path = "it/sample.rs"]
mod sample;
