//! A template, parsed.

use std::fmt;
use std::sync::Arc;

use crate::program::Program;
use crate::{
    Limits, Overrides, RenderError, Request, SyntaxError, TEMPLATE_BYTES_MAX, Trace, World, parser,
    render,
};

/// A template that follows the grammar. Immutable; renders on any thread.
#[derive(Clone)]
pub struct Template {
    program: Arc<Program>,
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Template").finish_non_exhaustive()
    }
}

impl Template {
    /// Parses `source`.
    ///
    /// # Errors
    ///
    /// Where `source` does not follow the grammar of Velocity 1.7, nests too deeply, or is longer than [`TEMPLATE_BYTES_MAX`].
    pub fn parse(source: &str) -> Result<Self, SyntaxError> {
        if source.len() > TEMPLATE_BYTES_MAX {
            let message = format!(
                "the template has {} bytes; {TEMPLATE_BYTES_MAX} are allowed",
                source.len()
            );
            return Err(SyntaxError { line: 1, column: 1, message });
        }
        Ok(Self { program: Arc::new(parser::parse(source)?) })
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
        render::render(&self.program, World::new(request, overrides), limits, out, None)
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
        render::render(&self.program, World::new(request, overrides), limits, out, Some(trace))
    }
}

/// Templates live in plans that every shard shares.
const _: () = {
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<Template>();
};
