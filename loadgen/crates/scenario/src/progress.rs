//! How far a run is, on a terminal or in a log.

use std::io::{self, IsTerminal, Stderr, Write};
use std::time::Duration;

use loadgen_engine::Progress;
use loadgen_report::count;

/// Time between two drawings of the table. Source: five times a second is what eyes follow.
const DRAW_MS: u64 = 200;

/// Time between two plain lines.
const LINE_MS: u64 = 1_000;

/// Cells of the bar. Ours: with its numbers it fits 80 columns.
const BAR_CELLS: u64 = 40;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Not at all.
    Quiet,
    /// A line each second, for logs.
    Lines,
    /// A bar and a table, drawn in place.
    Table,
}

impl Style {
    /// A table on a terminal, lines elsewhere, nothing for who wants quiet.
    #[must_use]
    pub fn of_stderr(is_quiet: bool) -> Self {
        match (is_quiet, io::stderr().is_terminal()) {
            (true, _) => Self::Quiet,
            (false, true) => Self::Table,
            (false, false) => Self::Lines,
        }
    }
}

/// Shows progress. It reads no clock: times are those of what it is told.
pub struct Live<W: Write> {
    out: W,
    style: Style,
    title: String,
    /// How long the run is to last; `None` where nobody knows.
    lasts: Option<Duration>,
    shown: Progress,
    is_first: bool,
    /// Lines of the table that stand on the terminal.
    lines: usize,
}

impl Live<Stderr> {
    /// Progress on standard error, as suits it.
    #[must_use]
    pub fn stderr(title: impl Into<String>, lasts: Option<Duration>, is_quiet: bool) -> Self {
        Self::new(io::stderr(), Style::of_stderr(is_quiet), title, lasts)
    }
}

impl<W: Write> Live<W> {
    /// Progress on `out`.
    pub fn new(out: W, style: Style, title: impl Into<String>, lasts: Option<Duration>) -> Self {
        let title = title.into();
        Self { out, style, title, lasts, shown: Progress::default(), is_first: true, lines: 0 }
    }

    /// Names what comes next, such as the next check; times start again.
    pub fn next(&mut self, title: impl Into<String>, lasts: Option<Duration>) {
        self.finish();
        self.title = title.into();
        self.lasts = lasts;
        self.shown = Progress::default();
        self.is_first = true;
    }

    /// Shows progress, if it is time to. A terminal that cannot be written to stops no run.
    pub fn told(&mut self, progress: &Progress) {
        let pause_ms = match self.style {
            Style::Quiet => return,
            Style::Lines => LINE_MS,
            Style::Table => DRAW_MS,
        };
        let since_ms = progress.elapsed_ms.saturating_sub(self.shown.elapsed_ms);
        if since_ms < pause_ms && !(self.is_first && self.style == Style::Table) {
            return;
        }
        let text =
            if self.style == Style::Lines { self.line(progress) } else { self.table(progress) };
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        self.shown = progress.clone();
        self.is_first = false;
    }

    /// Takes the table off the terminal, for what is printed next.
    pub fn finish(&mut self) {
        let text = self.erasure();
        self.lines = 0;
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }

    fn line(&self, progress: &Progress) -> String {
        let of = self.lasts.map(|lasts| format!(" of {}", seconds(lasts))).unwrap_or_default();
        format!(
            "{}: {}{of}, {} sent, {} answered, {} failed, {}/s, {} open\n",
            self.title,
            seconds(Duration::from_millis(progress.elapsed_ms)),
            count(progress.sent),
            count(progress.answered),
            count(progress.failed),
            count(self.rate(progress)),
            progress.open
        )
    }

    fn table(&mut self, progress: &Progress) -> String {
        let mut text = self.erasure();
        let elapsed = seconds(Duration::from_millis(progress.elapsed_ms));
        let bar = match self.lasts {
            None => format!("{}  {elapsed}\n", self.title),
            Some(lasts) => {
                let lasts_ms = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX).max(1);
                let done =
                    (progress.elapsed_ms.min(lasts_ms) * BAR_CELLS / lasts_ms).min(BAR_CELLS);
                let full = "█".repeat(done as usize);
                let rest = "░".repeat((BAR_CELLS - done) as usize);
                format!("{}\n{full}{rest}  {elapsed} of {}\n", self.title, seconds(lasts))
            }
        };
        text.push_str(&bar);
        text.push_str("        sent    answered      failed      rate/s        open\n");
        let cells = [
            progress.sent,
            progress.answered,
            progress.failed,
            self.rate(progress),
            progress.open as u64,
        ];
        text.push_str(&cells.map(|cell| format!("{:>12}", count(cell))).concat());
        text.push('\n');
        self.lines = text.matches('\n').count();
        text
    }

    /// Answers per second since what was shown last.
    fn rate(&self, progress: &Progress) -> u64 {
        let since_ms = progress.elapsed_ms.saturating_sub(self.shown.elapsed_ms);
        let answered = progress.answered.saturating_sub(self.shown.answered);
        (answered * 1_000).checked_div(since_ms).unwrap_or(0)
    }

    /// Moves to the table's first line and clears from there on (ECMA-48: CPL, ED).
    fn erasure(&self) -> String {
        if self.lines == 0 { String::new() } else { format!("\x1b[{}F\x1b[J", self.lines) }
    }
}

fn seconds(span: Duration) -> String {
    let whole = span.as_secs();
    match whole {
        0..60 => format!("{:.1} s", span.as_secs_f64()),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests;
