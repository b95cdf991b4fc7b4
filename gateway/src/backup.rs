//! `gateway backup` and `gateway restore`: what the control plane created, as one file of text.
//!
//! A backup asks the running gateway, or reads the state directory when none runs. A restore needs the gateway stopped: it
//! replaces everything, in one transaction.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use gateway_control::{Credentials, backup};
use gateway_store::{ObjectChange, ObjectStore, StoreError};

use crate::cli::{BackupArgs, EXIT_OK, EXIT_PROBLEMS, RestoreArgs};
use crate::control_plane::administrator;

mod ask;

/// A backup larger than this is not read, bytes. Ours; some 100 APIs of 10,000 resources.
const BACKUP_BYTES_MAX: u64 = 2 << 30;

/// Runs `gateway backup`; says the exit status.
pub(crate) fn backup(args: &BackupArgs) -> u8 {
    told(make(&args.state, args.control, &args.file))
}

/// Runs `gateway restore`; says the exit status.
pub(crate) fn restore(args: &RestoreArgs) -> u8 {
    told(put_back(&args.state, &args.file, args.force))
}

fn told(outcome: Result<String>) -> u8 {
    match outcome {
        Ok(text) => {
            eprintln!("{text}");
            EXIT_OK
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            EXIT_PROBLEMS
        }
    }
}

fn make(state: &Path, control: SocketAddr, file: &Path) -> Result<String> {
    ensure!(state.is_dir(), "there is no state directory {}", state.display());
    let text = match ObjectStore::open(state) {
        Ok(mut store) => backup::write(&store.all()?)?,
        Err(StoreError::InUse { .. }) => {
            // With --dev it knows the well-known credentials, whatever lies in its directory.
            let development = Credentials::development();
            match administrator(state) {
                Ok(credentials) => ask::documents(control, &[credentials, development])?,
                Err(error) => ask::documents(control, &[development]).with_context(|| {
                    format!("a gateway uses the directory, which has no credentials to ask it with ({error:#})")
                })?,
            }
        }
        Err(error) => return Err(error.into()),
    };
    // What is kept is what can be read back.
    let count = backup::read(&text)?.len();
    let failed = || format!("cannot write {}", file.display());
    let mut options = OpenOptions::new();
    // It holds keys and secrets.
    let mut out =
        options.write(true).create_new(true).mode(0o600).open(file).with_context(failed)?;
    out.write_all(&text).and_then(|()| out.sync_all()).with_context(failed)?;
    Ok(format!("{count} documents of the control plane are in {}", file.display()))
}

fn put_back(state: &Path, file: &Path, force: bool) -> Result<String> {
    let failed = || format!("cannot read {}", file.display());
    let mut text = Vec::new();
    let source = std::fs::File::open(file).with_context(failed)?;
    source.take(BACKUP_BYTES_MAX).read_to_end(&mut text).with_context(failed)?;
    let documents = backup::read(&text).with_context(failed)?;
    let mut store = ObjectStore::open(state)?;
    let there = store.all()?.len();
    if there > 0 && !force {
        bail!(
            "{} holds {there} documents; --force replaces them (make a backup first)",
            state.display()
        );
    }
    let count = documents.len();
    let mut changes = vec![ObjectChange::RemoveAll { prefix: String::new() }];
    let puts = documents.into_iter();
    changes.extend(puts.map(|(key, document)| ObjectChange::Put { key, document }));
    store.write(&changes)?;
    store.close()?;
    Ok(format!("{count} documents are in {}; {there} were replaced", state.display()))
}
