//! The bounds of this crate.

/// The longest stage name, in characters. Source: CreateStage, "Maximum length is 128 characters."
pub const STAGE_NAME_CHARS_MAX: usize = 128;
