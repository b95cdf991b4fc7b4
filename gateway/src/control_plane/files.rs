//! Where buckets and the code of functions are.
//!
//! With a state directory: in it. Without one they live as long as the process, in a directory of its own among temporary
//! files, which is made when there is something to keep.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::settings::Settings;

/// The directory in the state directory.
const FILES_NAME: &str = "files";

/// A directory that may not be there yet.
pub(super) struct Kept {
    path: PathBuf,
    is_temporary: bool,
}

impl Kept {
    /// Says where it is.
    pub(super) fn find(settings: &Settings) -> Result<Self> {
        if let Some(directory) = &settings.state.directory {
            return Ok(Self { path: directory.join(FILES_NAME), is_temporary: false });
        }
        let mut random = [0; 16];
        // Nobody can guess the name and be there first.
        getrandom::fill(&mut random)
            .map_err(|error| anyhow::anyhow!("the system has no randomness: {error}"))?;
        let name = format!("gateway-files-{:032x}", u128::from_ne_bytes(random));
        Ok(Self { path: std::env::temp_dir().join(name), is_temporary: true })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.is_temporary {
            // It may never have been made; and what a kill leaves behind is for who cleans temporary files.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
