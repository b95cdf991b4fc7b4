//! What operations know besides what is stored.

use std::path::PathBuf;
use std::sync::Arc;

use gateway_store::LogStore;

use super::{FileStacks, Settings};
use crate::s3;

/// What operations know besides what is stored.
#[derive(Clone)]
pub struct Surroundings {
    pub(crate) account_id: String,
    /// The local buckets.
    pub(crate) buckets: Arc<s3::Store>,
    /// Where the code of functions is kept.
    pub(crate) code: PathBuf,
    /// The log groups.
    pub(crate) logs: Arc<LogStore>,
    /// The stacks that files are.
    pub(crate) file_stacks: FileStacks,
    /// What function URLs look like.
    pub(crate) function_urls: String,
}

impl Surroundings {
    pub(crate) fn new(settings: &Settings, buckets: Arc<s3::Store>) -> Self {
        Self {
            account_id: settings.account_id.clone(),
            buckets,
            code: settings.files.join("code"),
            logs: settings.logs.clone(),
            file_stacks: settings.stacks.clone(),
            function_urls: settings.function_urls.clone(),
        }
    }
}
