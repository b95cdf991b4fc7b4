//! Definition files to `model`, as the gateway reads them.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, bail};
use gateway_definition::{Options, Source};
use gateway_model::Definitions;

use crate::cli::DefinitionArgs;

/// Definition files that may be larger are not read, in bytes. Source: the gateway's own bound.
const FILE_BYTES_MAX: u64 = 12 * 1024 * 1024;

/// Reads and loads the files.
///
/// # Errors
/// When a file cannot be read, or is wrong: then with each of its errors and their places.
pub(crate) fn load(args: &DefinitionArgs) -> anyhow::Result<Definitions> {
    let mut sources = Vec::new();
    for path in &args.definitions {
        let name = path.display();
        let read = || -> anyhow::Result<String> {
            if fs::metadata(path)?.len() > FILE_BYTES_MAX {
                bail!("it is larger than {FILE_BYTES_MAX} bytes");
            }
            Ok(fs::read_to_string(path)?)
        };
        let text = read().with_context(|| format!("cannot read {name}"))?;
        sources.push(Source { name: name.to_string(), text });
    }
    let mut options =
        Options { parameters: args.parameters.iter().cloned().collect(), ..Options::default() };
    if let Some(account_id) = &args.account_id {
        options.account_id.clone_from(account_id);
    }
    if let Some(region) = &args.region {
        options.region.clone_from(region);
    }
    let loaded = gateway_definition::load(&sources, &options);
    if loaded.has_errors() {
        let mut text = String::from("the definition is wrong:");
        for diagnostic in loaded.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()) {
            let _ = write!(text, "\n{diagnostic}");
        }
        bail!(text);
    }
    if loaded.definitions.apis.is_empty() {
        bail!("the definition has no REST API, so there is nothing that could be verified");
    }
    Ok(loaded.definitions)
}
