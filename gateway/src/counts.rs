//! Usage counts over the life of the process: what was counted before, and what becomes durable.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use gateway_compile::UsagePlans;
use gateway_store::{StoreError, UsageStore};
use gateway_telemetry::Registry;

use crate::ops::Ops;
use crate::published::Published;
use crate::remembered::Remembered;
use crate::usage::{NOT_DURABLE, UsageWriter};

/// Where counts are kept, before anything serves.
pub(crate) struct Counts {
    store: Option<UsageStore>,
    /// Why counts are kept in memory only, although they should not be.
    trouble: Option<String>,
}

/// Keeps counts while the gateway serves.
pub(crate) struct Usage {
    published: Published,
    writer: Option<UsageWriter>,
}

impl Counts {
    /// Opens the state directory, if there is one, and says what it remembers.
    ///
    /// A disk that refuses is no reason not to serve: counting begins anew in memory, which is in
    /// the clients' favour, and the log and `/readyz` say so.
    ///
    /// # Errors
    /// When the directory is another process's, or its file is damaged or of another version:
    /// somebody has to look at that.
    pub(crate) fn open(directory: Option<&Path>) -> Result<(Self, Remembered), StoreError> {
        let Some(directory) = directory else {
            return Ok((Self { store: None, trouble: None }, Remembered::default()));
        };
        let opened = UsageStore::open(directory).and_then(|(store, rows)| {
            let plans = store.plans()?;
            Ok((store, Remembered::new(rows, plans)))
        });
        match opened {
            Ok((store, remembered)) => Ok((Self { store: Some(store), trouble: None }, remembered)),
            Err(error @ (StoreError::Io { .. } | StoreError::Directory { .. })) => {
                let text = format!("{:#}", anyhow::Error::from(error));
                tracing::error!(error = %text, "Usage counts are not durable until a restart");
                Ok((Self { store: None, trouble: Some(text) }, Remembered::default()))
            }
            Err(error) => Err(error),
        }
    }

    /// Starts to keep counts.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(self, registry: &Arc<Registry>, ops: &Arc<Ops>) -> Result<Usage> {
        let published = Published::default();
        ops.readiness().degrade(NOT_DURABLE, self.trouble);
        let Some(store) = self.store else { return Ok(Usage { published, writer: None }) };
        ops.reads_usage_from(store.reader());
        let (source, ops) = (published.clone(), ops.clone());
        let writer = UsageWriter::start(
            store,
            registry.clone(),
            move |what, batch| source.collect(what, batch),
            move |cause| ops.readiness().degrade(NOT_DURABLE, cause.map(str::to_owned)),
        );
        let writer = writer.context("cannot start the thread that keeps usage counts")?;
        Ok(Usage { published, writer: Some(writer) })
    }
}

impl Usage {
    /// These plans count from now on.
    pub(crate) fn published(&self, plans: &Arc<UsagePlans>) {
        // Without a writer nobody would ever collect.
        if self.writer.is_some() {
            self.published.add(plans);
        }
    }

    /// Writes the last counts; whether that was done within `timeout`.
    pub(crate) fn stop(&mut self, timeout: Duration) -> bool {
        self.writer.take().is_none_or(|writer| writer.stop(timeout))
    }
}
