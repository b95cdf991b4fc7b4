//! A template, parsed.

use crate::{Limits, Overrides, RenderError, Request, SyntaxError, Trace};

/// A template that follows the grammar. Immutable; renders on any thread.
#[derive(Clone, Debug)]
pub struct Template {
    text: String,
}

impl Template {
    /// Parses `source`.
    ///
    /// # Errors
    ///
    /// Where `source` does not follow the grammar of Velocity 1.7, or uses what API Gateway does not have (`#parse`).
    pub fn parse(source: &str) -> Result<Self, SyntaxError> {
        Ok(Self { text: source.to_owned() })
    }

    /// Renders for one request. `out` is appended to; after an error what was appended is void.
    ///
    /// # Errors
    ///
    /// Where a method throws or a limit is reached.
    pub fn render(
        &self,
        request: &dyn Request,
        overrides: &mut Overrides,
        limits: &Limits,
        out: &mut String,
    ) -> Result<(), RenderError> {
        let _ = (request, overrides, limits);
        out.push_str(&self.text);
        Ok(())
    }

    /// As [`Self::render`], and tells `trace` each directive as it is executed.
    ///
    /// # Errors
    ///
    /// Where a method throws or a limit is reached.
    pub fn render_traced(
        &self,
        request: &dyn Request,
        overrides: &mut Overrides,
        limits: &Limits,
        out: &mut String,
        trace: &mut dyn Trace,
    ) -> Result<(), RenderError> {
        let _ = trace;
        self.render(request, overrides, limits, out)
    }
}
