//! Where a report goes: the terminal, and files.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::Context;
use loadgen_report::{Report, Verdict, html, json, junit};

use crate::cli::{EXIT_OK, EXIT_PROBLEMS, OutputArgs};

/// Width of the text when nobody says, in columns. Source: ours.
const COLUMNS: usize = 100;

/// Adds what a reader needs who wants to repeat the run.
pub(crate) fn surround(report: &mut Report) {
    let mut say = |name: &str, value: String| report.surroundings.push((name.to_owned(), value));
    say("loadgen", env!("CARGO_PKG_VERSION").to_owned());
    let read = |path| fs::read_to_string(path).map(|text| text.trim().to_owned());
    if let Ok(kernel) = read("/proc/sys/kernel/osrelease") {
        say("kernel", kernel);
    }
    if let Ok(cpus) = std::thread::available_parallelism() {
        say("CPUs", cpus.to_string());
    }
    if let Ok(info) = read("/proc/cpuinfo")
        && let Some(model) = info.lines().find_map(|line| line.strip_prefix("model name"))
    {
        say("CPU", model.trim_start_matches([' ', '\t', ':']).to_owned());
    }
    if let Ok(load) = read("/proc/loadavg") {
        say("load average at the end", load.split(' ').take(3).collect::<Vec<_>>().join(" "));
    }
}

/// Whether standard output takes colours.
pub(crate) fn is_coloured() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Columns of the terminal.
pub(crate) fn columns() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let asked = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    said.or_else(asked).unwrap_or(COLUMNS)
}

/// Prints the report, unless nobody wants it or another form of it goes to standard output.
pub(crate) fn print(args: &OutputArgs, render: impl FnOnce() -> String) {
    if !args.quiet && !is_taken(args) {
        print!("{}", render());
    }
}

/// Whether a report in another form goes to standard output.
pub(crate) fn is_taken(args: &OutputArgs) -> bool {
    [&args.json, &args.junit, &args.html].into_iter().flatten().any(|path| path == Path::new("-"))
}

/// Writes the files that were asked for, and says the exit status.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn finish(report: &Report, args: &OutputArgs) -> anyhow::Result<u8> {
    write(args.json.as_deref(), || json::render(report))?;
    write(args.junit.as_deref(), || junit::render(report))?;
    write(args.html.as_deref(), || html::render(report))?;
    let is_failed = report.checks.iter().any(|check| matches!(check.verdict, Verdict::Failed(_)));
    Ok(if is_failed { EXIT_PROBLEMS } else { EXIT_OK })
}

/// `-` is standard output.
fn write(path: Option<&Path>, render: impl FnOnce() -> String) -> anyhow::Result<()> {
    match path {
        None => Ok(()),
        Some(path) if path == Path::new("-") => {
            let mut out = io::stdout().lock();
            out.write_all(render().as_bytes())?;
            Ok(out.flush()?)
        }
        Some(path) => {
            fs::write(path, render()).with_context(|| format!("cannot write {}", path.display()))
        }
    }
}
