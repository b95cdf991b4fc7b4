//! Where the administrator's credentials are.
//!
//! With a state directory: a file in it, made at the first start. In development: the well-known ones, no file. Without either
//! they live as long as the process, in a file of its own that only this user can read: a secret that was printed would stay in
//! a terminal, a log or a journal for longer than the process.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use gateway_control::Credentials;

use super::credentials_path;
use crate::settings::Settings;

/// Credentials, and where clients find them.
pub(super) struct Kept {
    pub(super) credentials: Credentials,
    pub(super) is_development: bool,
    /// The file, if there is one.
    pub(super) path: Option<PathBuf>,
    /// The directory that ends with this process.
    temporary: Option<PathBuf>,
}

impl Kept {
    /// Reads or makes them.
    pub(super) fn find(settings: &Settings) -> Result<Self> {
        if settings.dev {
            let credentials = Credentials::development();
            return Ok(Self { credentials, is_development: true, path: None, temporary: None });
        }
        let (path, temporary) = match &settings.state.directory {
            Some(directory) => (credentials_path(directory), None),
            None => {
                let directory = own_directory()?;
                (credentials_path(&directory), Some(directory))
            }
        };
        let (credentials, is_new) = Credentials::at(&path)?;
        if is_new {
            tracing::info!(path = %path.display(), "Credentials of the control plane made");
        }
        Ok(Self { credentials, is_development: false, path: Some(path), temporary })
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(directory) = &self.temporary {
            // What a kill leaves behind opens nothing: they are this process's alone.
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}

/// A new directory that only this user can enter, in the user's own runtime directory or among temporary files.
fn own_directory() -> Result<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|text| !text.is_empty());
    let base = runtime.map_or_else(std::env::temp_dir, PathBuf::from);
    let mut random = [0; 8];
    getrandom::fill(&mut random)
        .map_err(|error| anyhow::anyhow!("the system has no randomness: {error}"))?;
    let directory = base.join(format!("gateway-{:016x}", u64::from_ne_bytes(random)));
    // Not recursive: it must not be there already.
    DirBuilder::new()
        .mode(0o700)
        .create(&directory)
        .with_context(|| format!("cannot make {} for credentials", directory.display()))?;
    Ok(directory)
}
