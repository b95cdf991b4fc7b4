//! Where a report goes: the terminal, and files.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, bail};
use loadgen_report::{Check, Report, Verdict, console, html, json, junit};

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

/// Writes text to standard output. When nobody reads it any more (`| head`), the run goes on: its reports and exit
/// status are still worth something.
pub(crate) fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a line to standard error, if somebody reads it.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Sees to it that what is found after minutes can be written: before anything is sent.
///
/// # Errors
/// When a file cannot be written, or two reports want standard output.
pub(crate) fn check(args: &OutputArgs, others: &[Option<&Path>]) -> anyhow::Result<()> {
    let reports = [&args.json, &args.junit, &args.html].map(|path| path.as_deref());
    let paths = || reports.iter().chain(others).copied().flatten();
    if paths().filter(|path| *path == Path::new("-")).count() > 1 {
        bail!("only one report can go to standard output; give the others a file");
    }
    for path in paths().filter(|path| *path != Path::new("-")) {
        let is_new = !path.exists();
        let opened = OpenOptions::new().append(true).create(true).open(path);
        opened.with_context(|| format!("cannot write {}", path.display()))?;
        if is_new {
            let _ = fs::remove_file(path);
        }
    }
    Ok(())
}

/// Whether nothing at all could be checked.
pub(crate) fn is_empty(report: &Report) -> bool {
    report.checks.iter().all(|check| matches!(check.verdict, Verdict::NotChecked(_)))
}

/// Prints the report, or what failed where nobody wants more, unless another form of it goes to standard output.
pub(crate) fn print(args: &OutputArgs, report: &Report) {
    if !is_taken(args) {
        say(&text(args, report, columns(), is_coloured()));
    }
}

fn text(args: &OutputArgs, report: &Report, columns: usize, colour: bool) -> String {
    if !args.quiet {
        return console::render(report, columns, colour);
    }
    let is_failed = |check: &&Check| matches!(check.verdict, Verdict::Failed(_));
    let failed = report.checks.iter().filter(is_failed);
    failed.map(|check| console::check(check, columns, colour)).collect()
}

/// Whether a report in another form goes to standard output.
pub(crate) fn is_taken(args: &OutputArgs) -> bool {
    [&args.json, &args.junit, &args.html].into_iter().flatten().any(|path| path == Path::new("-"))
}

/// Writes the files that were asked for, all that can be, and says the exit status.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn finish(report: &Report, args: &OutputArgs) -> anyhow::Result<u8> {
    let written = [
        write(args.json.as_deref(), || json::render(report)),
        write(args.junit.as_deref(), || junit::render(report)),
        write(args.html.as_deref(), || html::render(report)),
    ];
    written.into_iter().collect::<anyhow::Result<()>>()?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn json_to(path: &Path) -> OutputArgs {
        OutputArgs { json: Some(path.to_owned()), ..OutputArgs::default() }
    }

    #[test]
    fn what_cannot_be_written_is_known_before_anything_is_sent() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("none/report.json");
        let error = check(&json_to(&missing), &[]).unwrap_err().to_string();
        assert!(error.contains("cannot write") && error.contains("report.json"), "{error}");
        let fine = dir.path().join("report.json");
        check(&json_to(&fine), &[]).unwrap();
        assert!(!fine.exists(), "looking leaves nothing behind");
        fs::write(&fine, "old").unwrap();
        check(&json_to(&fine), &[]).unwrap();
        assert_eq!(fs::read_to_string(&fine).unwrap(), "old");
        let two = OutputArgs { junit: Some("-".into()), ..json_to(Path::new("-")) };
        assert!(check(&two, &[]).unwrap_err().to_string().contains("only one report"));
    }

    #[test]
    fn who_wants_only_failures_gets_those() {
        let check = |id: &str, verdict| Check { id: id.into(), verdict, ..Check::default() };
        let checks = vec![
            check("p50<1s", Verdict::Passed),
            check("p99<1us", Verdict::Failed("it is more".into())),
        ];
        let report = Report { checks, ..Report::default() };
        let quiet = OutputArgs { quiet: true, ..OutputArgs::default() };
        let text = text(&quiet, &report, 100, false);
        assert!(text.contains("p99<1us") && text.contains("it is more"), "{text}");
        assert!(!text.contains("p50<1s"), "{text}");
    }

    #[test]
    fn one_file_that_cannot_be_written_does_not_cost_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let html = dir.path().join("report.html");
        let args = OutputArgs {
            html: Some(html.clone()),
            ..json_to(&dir.path().join("none/report.json"))
        };
        assert!(finish(&Report::default(), &args).is_err());
        assert!(html.exists());
    }
}
