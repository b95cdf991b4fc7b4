//! Many keys.
