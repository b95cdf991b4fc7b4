//! Integration responses: which one answers for a status.
//!
//! Patterns are tried once per status at compile time, so that choosing at request time is an array
//! index. Selections are shared by all methods with the same patterns: a stage usually has a handful.

use std::sync::Arc;

use gateway_model::ContentHandling;

use crate::failure::Failure;
use crate::headers::ResponseOrigin;
use crate::limits::{STATUS_MAX, STATUS_MIN};
use crate::pattern::Pattern;
use crate::plan::HeaderMapping;
use crate::templates::ResponseTemplates;

/// The integration responses of one method.
#[derive(Debug, Clone)]
pub struct Responses {
    selection: Arc<Selection>,
    plans: Vec<ResponsePlan>,
}

/// One integration response: what the client gets.
#[derive(Debug, Clone)]
pub struct ResponsePlan {
    /// Status for the client, or the failure of a response that names a status without a method response.
    pub outcome: Result<u16, Failure>,
    /// Mapped headers for the client, remapped and dropped already.
    pub headers: Vec<HeaderMapping>,
    /// Response templates.
    pub templates: ResponseTemplates,
    /// `contentHandling`: how the integration's body is converted before a template sees it.
    pub content_handling: Option<ContentHandling>,
    /// Whose headers these are, for those that a template overrides.
    pub origin: ResponseOrigin,
    /// A header mapping names `Content-Type`, so that `application/json` is not the default.
    pub maps_content_type: bool,
    /// A header mapping reads the integration's body.
    pub needs_response_body: bool,
}

impl Responses {
    pub(crate) fn new(selection: Arc<Selection>, plans: Vec<ResponsePlan>) -> Self {
        debug_assert_eq!(selection.patterns.len(), plans.len());
        Self { selection, plans }
    }

    /// No responses at all: every choice fails. What a proxy integration has.
    pub fn none() -> Self {
        Self { selection: Arc::new(Selection::new(Vec::new())), plans: Vec::new() }
    }

    /// All responses, in stored order.
    pub fn plans(&self) -> &[ResponsePlan] {
        &self.plans
    }

    /// The response for a backend's status: the first pattern that matches the whole decimal status, else
    /// the first response without a pattern.
    ///
    /// # Errors
    /// [`Failure::api_configuration_error`] when there is neither, or when the response names a status
    /// that has no method response.
    pub fn select(&self, status: u16) -> Result<Selected<'_>, Failure> {
        self.chosen(self.selection.of_status(status))
    }

    /// As [`Responses::select`], for the integer of a MOCK request, which can be any.
    ///
    /// # Errors
    /// As [`Responses::select`].
    pub fn select_integer(&self, status: i64) -> Result<Selected<'_>, Failure> {
        match u16::try_from(status) {
            Ok(status) => self.select(status),
            Err(_) => self.chosen(self.selection.of_integer(status)),
        }
    }

    /// The response for a function's result: the first pattern in stored order that matches the whole
    /// `errorMessage`, else the first response without a pattern. A result without an `errorMessage`
    /// succeeded and has the empty text, so that a pattern which matches nothing at all (`.*`) is chosen for
    /// it, too. What the status was never matters.
    ///
    /// # Errors
    /// As [`Responses::select`].
    pub fn select_error(&self, error_message: &str) -> Result<Selected<'_>, Failure> {
        self.chosen(self.selection.of_text(error_message))
    }

    fn chosen(&self, choice: Choice) -> Result<Selected<'_>, Failure> {
        match choice {
            Choice::Response(index) => {
                let plan = &self.plans[usize::from(index)];
                Ok(Selected { status: plan.outcome?, plan })
            }
            Choice::None => Err(Failure::api_configuration_error()),
        }
    }
}

/// A chosen integration response.
#[derive(Debug, Clone, Copy)]
pub struct Selected<'r> {
    /// Status for the client.
    pub status: u16,
    /// Its headers and templates.
    pub plan: &'r ResponsePlan,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Response(u16),
    None,
}

const STATUSES: usize = (STATUS_MAX - STATUS_MIN + 1) as usize;

/// Patterns in stored order, `None` for a default, and the choice for every ordinary status.
#[derive(Debug)]
pub(crate) struct Selection {
    patterns: Vec<Option<Pattern>>,
    by_status: Box<[Choice; STATUSES]>,
}

impl Selection {
    pub(crate) fn new(patterns: Vec<Option<Pattern>>) -> Self {
        let mut selection = Self { patterns, by_status: Box::new([Choice::None; STATUSES]) };
        for status in STATUS_MIN..=STATUS_MAX {
            let choice = selection.of_integer(i64::from(status));
            selection.by_status[usize::from(status - STATUS_MIN)] = choice;
        }
        selection
    }

    fn of_status(&self, status: u16) -> Choice {
        let at = usize::from(status).wrapping_sub(usize::from(STATUS_MIN));
        match self.by_status.get(at) {
            Some(choice) => *choice,
            None => self.of_integer(i64::from(status)),
        }
    }

    fn of_integer(&self, status: i64) -> Choice {
        let mut digits = [0; 20];
        self.of_text(decimal(status, &mut digits))
    }

    fn of_text(&self, text: &str) -> Choice {
        for (index, pattern) in self.patterns.iter().enumerate() {
            match pattern.as_ref().map(|pattern| pattern.matches(text)) {
                Some(Some(true)) => return Choice::Response(index as u16),
                // A pattern that is not served could match: nobody may guess what comes after it.
                Some(None) => return Choice::None,
                Some(Some(false)) | None => {}
            }
        }
        match self.patterns.iter().position(Option::is_none) {
            Some(index) => Choice::Response(index as u16),
            None => Choice::None,
        }
    }
}

/// Decimal text of an integer, without a heap.
fn decimal(value: i64, digits: &mut [u8; 20]) -> &str {
    let mut rest = value.unsigned_abs();
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    std::str::from_utf8(&digits[at..]).expect("digits and a sign are ASCII")
}

#[cfg(test)]
mod tests;
