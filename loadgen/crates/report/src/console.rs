//! Text for a terminal or a log.

use crate::{Check, Report, Table, Verdict, limits, text};

const LABEL_COLUMNS: usize = 15; // four of margin, "promised", a gap

/// The whole report, wrapped at `width` columns. With `colour`, in ANSI's sixteen.
#[must_use]
pub fn render(report: &Report, width: usize, colour: bool) -> String {
    let mut page = Page::new(width, colour);
    page.header(report);
    for check in &report.checks {
        page.check(check);
    }
    page.out.push_str(&summary(report, width, colour));
    page.out
}

/// One check as in the whole report, for a run that is watched.
#[must_use]
pub fn check(check: &Check, width: usize, colour: bool) -> String {
    let mut page = Page::new(width, colour);
    page.check(check);
    page.out
}

/// What comes after the checks: tables, the failed ones once more, counts.
#[must_use]
pub fn summary(report: &Report, width: usize, colour: bool) -> String {
    let mut page = Page::new(width, colour);
    for table in &report.tables {
        page.table(table);
    }
    page.summary(report);
    page.out
}

/// One check on one line, as it ends.
#[must_use]
pub fn line(check: &Check) -> String {
    let (mark, _) = mark(&check.verdict);
    let said = match &check.verdict {
        Verdict::Passed => &check.observed,
        Verdict::Failed(why) | Verdict::NotChecked(why) => why,
    };
    let took = text::span(check.took_ms);
    format!("{mark} {}: {} ({took})", text::terminal(&check.id), text::terminal(said))
}

#[derive(Clone, Copy)]
enum Ink {
    Plain,
    Bold,
    Dim,
    Green,
    Red,
    Yellow,
}

fn mark(verdict: &Verdict) -> (&'static str, Ink) {
    match verdict {
        Verdict::Passed => ("✓", Ink::Green),
        Verdict::Failed(_) => ("✗", Ink::Red),
        Verdict::NotChecked(_) => ("–", Ink::Yellow),
    }
}

/// A column of a table that is not narrowed any more.
const CELL_COLUMNS_MIN: usize = 8;

struct Page {
    out: String,
    width: usize,
    colour: bool,
}

impl Page {
    fn new(width: usize, colour: bool) -> Self {
        let width = width.clamp(limits::WIDTH_MIN, limits::WIDTH_MAX);
        Self { out: String::new(), width, colour }
    }

    fn header(&mut self, report: &Report) {
        let Report { command, target, subject, .. } = report;
        let command = text::terminal(command);
        self.ink(Ink::Bold, &command);
        for part in [target, subject].into_iter().filter(|part| !part.is_empty()) {
            self.out.push_str("  ");
            self.out.push_str(&text::terminal(part));
        }
        self.out.push_str("\n\n");
    }

    fn check(&mut self, check: &Check) {
        let (mark, ink) = mark(&check.verdict);
        self.ink(ink, mark);
        self.out.push(' ');
        self.ink(Ink::Bold, &text::terminal(&check.id));
        self.out.push_str("  ");
        self.ink(Ink::Dim, &text::span(check.took_ms));
        self.out.push('\n');
        self.labelled("promised", Ink::Plain, &check.promised);
        self.labelled("offered", Ink::Plain, &check.offered);
        self.labelled("observed", Ink::Plain, &check.observed);
        match &check.verdict {
            Verdict::Passed => {}
            Verdict::Failed(why) => self.labelled("failed", Ink::Red, why),
            Verdict::NotChecked(why) => self.labelled("not checked", Ink::Yellow, why),
        }
        self.labelled("tolerance", Ink::Dim, &check.tolerance);
        self.labelled("at", Ink::Dim, check.place.as_deref().unwrap_or_default());
        self.out.push('\n');
    }

    /// A label and a text that is wrapped beside it; nothing for an empty text.
    fn labelled(&mut self, label: &str, ink: Ink, said: &str) {
        let said = text::terminal(said);
        let room = self.width - LABEL_COLUMNS - 1;
        for (i, line) in wrap(&said, room).iter().enumerate() {
            let label = if i == 0 { label } else { "" };
            self.out.push_str("    ");
            self.ink(Ink::Dim, &format!("{label:<w$}", w = LABEL_COLUMNS - 4));
            self.out.push(' ');
            self.ink(ink, line);
            self.out.push('\n');
        }
    }

    fn table(&mut self, table: &Table) {
        let columns = table.columns.len();
        let cells = |row: &[String]| -> Vec<String> {
            (0..columns).map(|i| text::terminal(row.get(i).map_or("", String::as_str))).collect()
        };
        let head = cells(&table.columns);
        let rows: Vec<_> = table.rows.iter().map(|row| cells(row)).collect();
        let widths = (0..columns)
            .map(|i| rows.iter().chain([&head]).map(|row| columns_of(&row[i])).max().unwrap_or(0));
        let widths = fit(widths.collect(), self.width.saturating_sub(2 * columns + 2));
        let right: Vec<bool> = (0..columns)
            .map(|i| !rows.is_empty() && rows.iter().all(|row| text::is_number(&row[i])))
            .collect();
        self.ink(Ink::Bold, &text::terminal(&table.title));
        self.out.push('\n');
        for (ink, row) in
            [(Ink::Dim, &head)].into_iter().chain(rows.iter().map(|r| (Ink::Plain, r)))
        {
            let cells: Vec<Vec<String>> =
                row.iter().zip(&widths).map(|(cell, width)| wrap(cell, *width)).collect();
            for i in 0..cells.iter().map(Vec::len).max().unwrap_or(0) {
                let mut line = String::from("  ");
                for ((cell, width), right) in cells.iter().zip(&widths).zip(&right) {
                    let cell = cell.get(i).map_or("", String::as_str);
                    let pad = " ".repeat(width.saturating_sub(columns_of(cell)));
                    let (before, after) =
                        if *right { (pad.as_str(), "") } else { ("", pad.as_str()) };
                    line.push_str(&format!("{before}{cell}{after}  "));
                }
                self.ink(ink, line.trim_end());
                self.out.push('\n');
            }
        }
        self.out.push('\n');
    }

    fn summary(&mut self, report: &Report) {
        let counts = report.counts();
        if counts.failed > 0 {
            self.ink(Ink::Bold, "failed");
            self.out.push('\n');
        }
        for check in report.failed() {
            let Verdict::Failed(why) = &check.verdict else { continue };
            self.out.push_str("  ");
            self.ink(Ink::Red, "✗ ");
            self.ink(Ink::Bold, &text::terminal(&check.id));
            self.out.push('\n');
            for line in wrap(&text::terminal(why), self.width - 4) {
                self.out.push_str(&format!("    {line}\n"));
            }
            if let Some(place) = &check.place {
                self.out.push_str("    ");
                self.ink(Ink::Dim, &format!("at {}", text::terminal(place)));
                self.out.push('\n');
            }
        }
        if counts.failed > 0 {
            self.out.push('\n');
        }
        if !report.checks.is_empty() {
            let passed = format!("{} passed", counts.passed);
            self.ink(if counts.passed > 0 { Ink::Green } else { Ink::Plain }, &passed);
            self.out.push_str(", ");
            let failed = format!("{} failed", counts.failed);
            self.ink(if counts.failed > 0 { Ink::Red } else { Ink::Plain }, &failed);
            self.out.push_str(", ");
            let skipped = format!("{} not checked", counts.not_checked);
            self.ink(if counts.not_checked > 0 { Ink::Yellow } else { Ink::Plain }, &skipped);
            self.out.push(' ');
        }
        self.out.push_str(&format!("in {}\n", text::span(report.took_ms)));
    }

    fn ink(&mut self, ink: Ink, said: &str) {
        let code = match ink {
            Ink::Plain => "",
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Green => "32",
            Ink::Red => "31",
            Ink::Yellow => "33",
        };
        if self.colour && !code.is_empty() {
            self.out.push_str(&format!("\u{1b}[{code}m{said}\u{1b}[0m"));
        } else {
            self.out.push_str(said);
        }
    }
}

/// Lines of at most `room` columns, broken at spaces; a longer word is broken where it must.
fn wrap(said: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in said.split_whitespace() {
        let mut word = word;
        if let Some(last) = lines.last_mut()
            && columns_of(last) + 1 + columns_of(word) <= room
        {
            last.push(' ');
            last.push_str(word);
            continue;
        }
        while columns_of(word) > room {
            let (start, rest) = word.split_at(prefix(word, room));
            lines.push(start.to_owned());
            word = rest;
        }
        lines.push(word.to_owned());
    }
    lines
}

/// The widths of columns, of which the widest give way until all fit in `room`, or none is wide any more.
fn fit(mut widths: Vec<usize>, room: usize) -> Vec<usize> {
    let mut beyond = widths.iter().sum::<usize>().saturating_sub(room);
    while beyond > 0
        && let Some(widest) = widths.iter_mut().max()
        && *widest > CELL_COLUMNS_MIN
    {
        let less = beyond.min((*widest - CELL_COLUMNS_MIN).div_ceil(4));
        *widest -= less;
        beyond -= less;
    }
    widths
}

/// Length in bytes of the longest start with at most `room` columns; one character at least.
fn prefix(said: &str, room: usize) -> usize {
    let mut used = 0;
    for (i, c) in said.char_indices() {
        used += column(c);
        if used > room && i > 0 {
            return i;
        }
    }
    said.len()
}

fn columns_of(said: &str) -> usize {
    said.chars().map(column).sum()
}

/// Columns of a character on a terminal: two for those of East Asia and pictures (UAX #11, its wide blocks).
fn column(c: char) -> usize {
    match c {
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' => 2,
        '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' => 2,
        '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}
