//! Following a render, directive by directive.

use crate::Value;

/// Is told each directive as it is executed. Without one a render pays a branch for each directive.
pub trait Trace {
    /// A directive was executed, or one pass of a loop begins.
    fn step(&mut self, step: &Step<'_>);
}

/// One directive that was executed.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The line of the directive, from 1.
    pub line: u32,
    /// Its column, from 1, in characters.
    pub column: u32,
    /// The directive as it is named in a template: `#set`, `#if`, `#elseif`, `#else`, `#foreach`, `#define`, `#break`, `#stop`,
    /// or `$` for a reference that is printed.
    pub directive: &'static str,
    /// The values involved, each with its text in the template: what was assigned, the condition and the references in it, the
    /// loop's variable in this pass. `None` is nothing: undefined, or an operation that has no value.
    pub values: &'a [(&'a str, Option<Value>)],
}
