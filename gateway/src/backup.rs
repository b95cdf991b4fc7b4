//! `gateway backup` and `gateway restore`: what the control plane created, as one file of text.
//!
//! A backup asks the running gateway, or reads the state directory when none runs; files it reads there in both cases. A restore
//! needs the gateway stopped: it replaces everything, documents in one transaction.

use std::fs::OpenOptions;
use std::io::BufWriter;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use gateway_control::backup::archive::{Entry, Writer};
use gateway_control::{Credentials, backup};
use gateway_store::{ObjectChange, ObjectStore, StoreError};

use crate::cli::{BackupArgs, EXIT_OK, EXIT_PROBLEMS, RestoreArgs};
use crate::control_plane::administrator;

mod ask;
mod files;

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
    let documents = backup::read(&text)?;
    let failed = || format!("cannot write {}", file.display());
    let mut options = OpenOptions::new();
    // It holds keys and secrets.
    let out = options.write(true).create_new(true).mode(0o600).open(file).with_context(failed)?;
    let written = write(out, &documents, state).with_context(failed).and_then(|counts| {
        // What is kept is what can be read back.
        files::read(file, |_| Ok(()))?;
        Ok(counts)
    });
    let (documents, files) = written.inspect_err(|_| {
        // Half a backup is none; that it could not be written is what is told.
        let _ = std::fs::remove_file(file);
    })?;
    Ok(format!(
        "{documents} documents and {files} files of the control plane are in {}",
        file.display()
    ))
}

/// Documents first: the files that they name stay, and were there before them.
fn write(
    out: std::fs::File,
    documents: &[(String, Vec<u8>)],
    state: &Path,
) -> Result<(usize, usize)> {
    let mut writer = Writer::begin(BufWriter::new(out))?;
    for (key, document) in documents {
        writer.document(key, document)?;
    }
    files::add(&state.join("files"), &mut writer)?;
    let (out, documents, files) = writer.end()?;
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    Ok((documents, files))
}

fn put_back(state: &Path, file: &Path, force: bool) -> Result<String> {
    // All of it is checked before anything is changed.
    let counts = files::read(file, |_| Ok(()))?;
    let mut store = ObjectStore::open(state)?;
    let there = store.all()?.len();
    if (there > 0 || (counts.has_files && !files::is_empty(state)?)) && !force {
        bail!(
            "{} holds {there} documents and files; --force replaces them (make a backup first)",
            state.display()
        );
    }
    let mut restored = counts.has_files.then(|| files::Restored::begin(state)).transpose()?;
    let mut changes = vec![ObjectChange::RemoveAll { prefix: String::new() }];
    files::read(file, |entry| {
        if let Some(restored) = &mut restored {
            restored.take(&entry)?;
        }
        if let Entry::Document(key, document) = entry {
            changes.push(ObjectChange::Put { key, document });
        }
        Ok(())
    })?;
    let write = || {
        store.write(&changes)?;
        store.close()?;
        Ok(())
    };
    match restored {
        Some(restored) => {
            restored.replace(write)?;
            files::complete(state)?;
        }
        None => write()?,
    }
    Ok(format!(
        "{} documents and {} files are in {}; {there} documents were replaced",
        counts.documents,
        counts.files,
        state.display()
    ))
}
