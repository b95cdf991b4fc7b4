//! `gateway check`: loads everything that `run` would, and prints every diagnostic.

use serde_json::json;

use crate::cli::{CheckArgs, EXIT_OK, EXIT_PROBLEMS, EXIT_USAGE};
use std::sync::Arc;

use crate::load::Loader;
use crate::remembered::Remembered;
use crate::settings::{Settings, process_environment};

/// Runs the command; says the exit status.
pub(crate) fn check(args: &CheckArgs) -> u8 {
    let settings = match Settings::for_check(&args.load, process_environment()) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("{error}");
            return EXIT_USAGE;
        }
    };
    if settings.definitions.is_empty() {
        eprintln!("error: nothing to check: name a definition, or `definitions` in gateway.toml");
        return EXIT_USAGE;
    }
    let loader = Loader::new(Arc::new(settings), Remembered::default());
    let outcome = match loader.load(None) {
        Ok(outcome) => outcome,
        Err(unreadable) => {
            for error in unreadable {
                eprintln!("error: {:#}", anyhow::Error::from(error));
            }
            return EXIT_USAGE;
        }
    };
    let mut diagnostics = outcome.diagnostics;
    diagnostics.sort_by(|a, b| a.place.cmp(&b.place));
    if args.json {
        let rows: Vec<_> = diagnostics
            .iter()
            .map(|d| {
                json!({
                    "file": d.place.file.as_ref(),
                    "line": d.place.line,
                    "column": d.place.col,
                    "severity": if d.is_error() { "error" } else { "warning" },
                    "text": d.text,
                    "help": d.help,
                })
            })
            .collect();
        let outputs: serde_json::Map<_, _> =
            outcome.outputs.into_iter().map(|(key, value)| (key, value.into())).collect();
        println!("{:#}", json!({ "diagnostics": rows, "outputs": outputs }));
    } else {
        for diagnostic in &diagnostics {
            println!("{diagnostic}");
        }
        let errors = diagnostics.iter().filter(|d| d.is_error()).count();
        eprintln!("{errors} errors, {} warnings", diagnostics.len() - errors);
    }
    if diagnostics.is_empty() { EXIT_OK } else { EXIT_PROBLEMS }
}
