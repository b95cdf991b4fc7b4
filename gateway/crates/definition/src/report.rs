//! Where diagnostics gather.

use crate::limits::DIAGNOSTICS_MAX;
use crate::nearest::nearest;
use gateway_model::{Diagnostic, Place, Severity};
use std::cell::{Cell, RefCell};

/// The diagnostics of one file, in the order found; bounded.
#[derive(Debug, Default)]
pub(crate) struct Report {
    found: RefCell<Vec<Diagnostic>>,
    suggested: Cell<usize>,
}

/// The most searches for a nearest word, and the most words that one looks at: searching is slow.
const SUGGESTIONS_MAX: usize = 100;
const SUGGESTION_WORDS_MAX: usize = 1_000;

impl Report {
    pub(crate) fn push(&self, diagnostic: Diagnostic) {
        let mut found = self.found.borrow_mut();
        match found.len() {
            0..DIAGNOSTICS_MAX => found.push(diagnostic),
            DIAGNOSTICS_MAX => found.push(Diagnostic::error(
                &diagnostic.place,
                format!("more than {DIAGNOSTICS_MAX} diagnostics; the rest are left out"),
            )),
            _ => {}
        }
    }

    pub(crate) fn error(&self, place: &Place, text: impl Into<String>) {
        self.push(Diagnostic::error(place, text));
    }

    pub(crate) fn warning(&self, place: &Place, text: impl Into<String>) {
        self.push(Diagnostic::warning(place, text));
    }

    /// An error about a word, with the nearest word that would have been right.
    pub(crate) fn error_near<'a>(
        &self,
        place: &Place,
        text: impl Into<String>,
        word: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        self.push_near(Diagnostic::error(place, text), word, known);
    }

    /// A warning about a word, with the nearest word that would have been right.
    pub(crate) fn warning_near<'a>(
        &self,
        place: &Place,
        text: impl Into<String>,
        word: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        self.push_near(Diagnostic::warning(place, text), word, known);
    }

    fn push_near<'a>(
        &self,
        diagnostic: Diagnostic,
        word: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        self.suggested.set(self.suggested.get() + 1);
        if self.suggested.get() > SUGGESTIONS_MAX {
            return self.push(diagnostic);
        }
        self.push(match nearest(word, known.into_iter().take(SUGGESTION_WORDS_MAX)) {
            Some(name) => diagnostic.with_help(format!("did you mean \"{name}\"?")),
            None => diagnostic,
        });
    }

    /// Whether nothing more is taken: what would be said need not be written.
    pub(crate) fn is_full(&self) -> bool {
        self.found.borrow().len() > DIAGNOSTICS_MAX
    }

    /// How many diagnostics there are, for [`Report::demote_since`].
    pub(crate) fn mark(&self) -> usize {
        self.found.borrow().len()
    }

    /// Turns the errors found since the mark into warnings: they are about what is not served.
    pub(crate) fn demote_since(&self, mark: usize, reason: &str) {
        for diagnostic in self.found.borrow_mut().iter_mut().skip(mark) {
            if diagnostic.severity == Severity::Error {
                diagnostic.severity = Severity::Warning;
                diagnostic.help = Some(match diagnostic.help.take() {
                    Some(help) => format!("{help} {reason}"),
                    None => reason.to_owned(),
                });
            }
        }
    }

    /// Turns the warnings found since the mark into errors, for an import that fails on warnings.
    pub(crate) fn promote_since(&self, mark: usize, reason: &str) {
        for diagnostic in self.found.borrow_mut().iter_mut().skip(mark) {
            if diagnostic.severity == Severity::Warning {
                diagnostic.severity = Severity::Error;
                diagnostic.help = Some(match diagnostic.help.take() {
                    Some(help) => format!("{help}; {reason}"),
                    None => reason.to_owned(),
                });
            }
        }
    }

    /// All diagnostics, by place, each once.
    pub(crate) fn into_sorted(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        found.sort_by(|a, b| order(a).cmp(&order(b)));
        found.dedup();
        found
    }
}

fn order(d: &Diagnostic) -> (u32, u32, Severity, &str) {
    (d.place.line, d.place.col, d.severity, &d.text)
}
