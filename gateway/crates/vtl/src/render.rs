//! Executing a program.

mod arithmetic;
mod budget;
mod decimal;
mod equality;
mod expression;
mod foreach;
mod reference;

use std::rc::Rc;

use crate::methods::{Object, Scope};
use crate::program::{Block, If, Node, Position, Printed, Program, Set};
use crate::regex::Pattern;
use crate::{Limits, List, Map, Reason, RenderError, Step, Text, Trace, Value, World};

pub(crate) use arithmetic::{Number, compare as compare_numbers};
use budget::{Bounded, Budget};
pub(crate) use equality::equals;

/// Renders `program`. What was put out before an error stays in `out`.
pub(crate) fn render<'r>(
    program: &'r Program,
    world: World<'r>,
    limits: &Limits,
    out: &mut String,
    trace: Option<&'r mut dyn Trace>,
) -> Result<(), RenderError> {
    let start = out.len();
    let mut renderer = Renderer {
        program,
        world,
        variables: vec![None; program.names.len()],
        out: std::mem::take(out),
        out_max: start.saturating_add(limits.output_bytes_max),
        budget: Budget::new(limits),
        depth_max: limits.depth_max,
        depth: 0,
        inside: 0,
        loops: Vec::new(),
        patterns: Vec::new(),
        tangled: Vec::new(),
        view: None,
        empty: Text::default(),
        position: Position::default(),
        trace,
        seen: Vec::new(),
    };
    renderer.bind_roots();
    let done = renderer.block(&program.body);
    let Position { line, column } = renderer.position;
    *out = std::mem::take(&mut renderer.out);
    crate::methods::untangle(&renderer.tangled);
    match done {
        Ok(()) | Err(Halt::Stop | Halt::Break | Halt::Leave(_)) => Ok(()),
        Err(Halt::Error(error)) => Err((*error).at(line, column)),
    }
}

/// Output that is long gets all the room that it may ever need at once: memory that is not written to is not taken, and nothing
/// is copied on the way.
fn make_room(out: &mut String, len: usize, max: usize) {
    let is_full = out.capacity() - out.len() < len;
    if is_full && out.len() >= crate::limits::OUTPUT_DOUBLED_MAX {
        out.reserve_exact(max.max(out.len() + len) - out.len());
    }
}

/// The state of one render.
pub(crate) struct Renderer<'r> {
    program: &'r Program,
    pub(crate) world: World<'r>,
    variables: Vec<Option<Value>>,
    out: String,
    /// How long `out` may become.
    out_max: usize,
    pub(crate) budget: Budget,
    depth_max: u32,
    depth: u32,
    /// How many strings and blocks are being put together: as long as there are any, values are held that no variable names.
    inside: u32,
    /// What the loops loop over.
    loops: Vec<Value>,
    /// Regular expressions that were made while rendering.
    patterns: Vec<(Box<str>, Rc<Pattern>)>,
    /// Containers that something was put into that may lead back to them.
    pub(crate) tangled: Vec<Value>,
    /// The last view of a map that was made, with its map: a loop over the one watches the other.
    pub(crate) view: Option<(List, Map)>,
    empty: Text,
    /// Where we are.
    position: Position,
    trace: Option<&'r mut dyn Trace>,
    /// The references evaluated for the step that is traced next.
    seen: Vec<(&'r str, Option<Value>)>,
}

/// Why rendering does not go on.
pub(crate) enum Halt {
    Error(Box<RenderError>),
    /// `#stop`
    Stop,
    /// `#break`
    Break,
    /// `#break($foreach.parent)`
    Leave(Rc<Scope>),
}

impl From<RenderError> for Halt {
    fn from(error: RenderError) -> Self {
        Self::Error(Box::new(error))
    }
}

impl From<Reason> for Halt {
    fn from(reason: Reason) -> Self {
        RenderError::spent(reason).into()
    }
}

pub(crate) type Rendered<T> = Result<T, Halt>;

impl<'r> Renderer<'r> {
    fn bind_roots(&mut self) {
        for (slot, name) in self.program.names.iter().enumerate() {
            if let Some(root) = crate::Root::named(name) {
                self.variables[slot] = Some(Value::Root(root));
            }
        }
    }

    fn block(&mut self, block: &'r Block) -> Rendered<()> {
        block.iter().try_for_each(|node| self.node(node))
    }

    fn node(&mut self, node: &'r Node) -> Rendered<()> {
        self.budget.steps(1)?;
        match node {
            Node::Text(text) => self.put(text),
            Node::Reference(printed) => {
                self.position = printed.reference.position;
                self.print(printed)
            }
            Node::Set(set) => {
                self.position = set.position;
                self.set(set)?;
                self.tidy()
            }
            Node::If(conditional) => self.conditional(conditional),
            Node::Foreach(foreach) => {
                self.position = foreach.position;
                self.foreach(foreach)
            }
            Node::Define(define) => {
                self.position = define.position;
                self.variables[define.variable] = Some(Value::Object(Object::block(define.block)));
                self.traced(define.position, "#define", &[(&define.text, None)]);
                Ok(())
            }
            Node::Break(position, scope) => {
                self.position = *position;
                self.traced(*position, "#break", &[]);
                let Some(scope) = scope else { return Err(Halt::Break) };
                match self.value(scope)? {
                    Some(Value::Object(Object::Scope(scope))) => Err(Halt::Leave(scope)),
                    _ => Err(RenderError::thrown(
                        "what `#break` is given is not the scope of a loop, as `$foreach` is",
                    )
                    .into()),
                }
            }
            Node::Stop(position, message) => {
                self.position = *position;
                self.traced(*position, "#stop", &[]);
                if let Some(message) = message {
                    self.value(message)?;
                }
                Err(Halt::Stop)
            }
            Node::Fails(position, what) => {
                self.position = *position;
                Err(RenderError::thrown(what.to_string()).into())
            }
        }
    }

    fn put(&mut self, text: &str) -> Rendered<()> {
        if self.out.len() + text.len() > self.out_max {
            return Err(Reason::Output.into());
        }
        self.budget.bytes_moved(text.len())?;
        make_room(&mut self.out, text.len(), self.out_max);
        self.out.push_str(text);
        Ok(())
    }

    fn print(&mut self, printed: &'r Printed) -> Rendered<()> {
        let value = self.execute_printed(&printed.reference)?;
        if self.trace.is_some() {
            // The reference itself is the last that was evaluated.
            self.seen.pop();
            let printed = &printed.reference;
            self.traced(printed.position, "$", &[(&printed.text, value.clone())]);
        }
        if let (Some(escaped), Some(_)) = (&printed.escaped, &value) {
            return self.put(escaped);
        }
        if let Some(Value::Object(Object::Block(block))) = &value {
            // A block is printed without what stands before it.
            let start = self.out.len();
            if self.defined(block)? {
                return Ok(());
            }
            self.out.truncate(start);
        }
        self.put(&printed.prefix)?;
        let has_text = match &value {
            Some(Value::Object(Object::Block(_))) => false,
            Some(value) => self.put_value(value).map(|()| true)?,
            None => match &printed.reference.root {
                crate::program::Variable::Word(word) => self.put(word).map(|()| true)?,
                _ => false,
            },
        };
        if !has_text {
            self.put(&printed.prefix[..printed.slashes])?;
            self.put(&printed.fallback)?;
        }
        Ok(())
    }

    /// Puts out a value's text.
    fn put_value(&mut self, value: &Value) -> Rendered<()> {
        if let Value::String(text) = value {
            return self.put(text);
        }
        let before = self.out.len();
        // A value is printed piece by piece; one that is in itself many times has more of them than memory.
        let pieces = self.budget.steps_left();
        let (out, max) = (&mut self.out, self.out_max);
        let mut bounded = Bounded { out, max, pieces, is_full: false };
        let written = crate::value::write_value(value, &mut bounded, 0);
        let (is_full, left) = (bounded.is_full, bounded.pieces);
        self.budget.steps(pieces - left)?;
        self.budget.bytes_moved(self.out.len() - before)?;
        match written {
            Ok(()) => Ok(()),
            Err(_) if is_full => Err(Reason::Output.into()),
            Err(_) if left == 0 => Err(Reason::Steps.into()),
            Err(_) => Err(Reason::Depth.into()),
        }
    }

    /// Puts out what a `#define`d block renders to now. Answers whether it could: it goes two deep into itself.
    fn defined(&mut self, block: &Rc<crate::methods::Defined>) -> Rendered<bool> {
        if block.depth.get() >= crate::limits::DEFINE_DEPTH_MAX {
            return Ok(false);
        }
        block.depth.set(block.depth.get() + 1);
        let program = self.program;
        let done = self.deeper(|renderer| match program.defined.get(block.index) {
            Some(body) => renderer.block(body),
            None => Ok(()),
        });
        block.depth.set(block.depth.get() - 1);
        match done {
            Ok(()) | Err(Halt::Break) => Ok(true),
            Err(halt) => Err(halt),
        }
    }

    /// Goes one level down, with values in hand that no variable names.
    pub(crate) fn deeper<T>(&mut self, then: impl FnOnce(&mut Self) -> Rendered<T>) -> Rendered<T> {
        if self.depth >= self.depth_max {
            return Err(Reason::Depth.into());
        }
        self.depth += 1;
        self.inside += 1;
        let done = then(self);
        self.depth -= 1;
        self.inside -= 1;
        done
    }

    /// What `then` puts out, as a string.
    fn captured(&mut self, then: impl FnOnce(&mut Self) -> Rendered<()>) -> Rendered<String> {
        let out = std::mem::take(&mut self.out);
        let out_max = std::mem::replace(&mut self.out_max, self.budget.bytes_left());
        let done = self.deeper(then);
        let text = std::mem::replace(&mut self.out, out);
        self.out_max = out_max;
        match done {
            Ok(()) => {
                self.budget.bytes(text.len())?;
                Ok(text)
            }
            Err(Halt::Error(error)) if error.reason == Reason::Output => {
                Err(Halt::Error(Box::new(RenderError { reason: Reason::Values, ..*error })))
            }
            Err(halt) => {
                // What `#stop` or `#break` in a string leaves behind is the string's, and goes nowhere.
                Err(halt)
            }
        }
    }

    fn set(&mut self, set: &'r Set) -> Rendered<()> {
        let Some(value) = self.value(&set.value)? else {
            self.traced(set.position, "#set", &[(&set.target.text, None)]);
            return Ok(());
        };
        if self.trace.is_some() {
            self.traced(set.position, "#set", &[(&set.target.text, Some(value.clone()))]);
        }
        self.assign(&set.target, value)
    }

    fn conditional(&mut self, conditional: &'r If) -> Rendered<()> {
        for (index, branch) in conditional.branches.iter().enumerate() {
            self.position = branch.position;
            let holds = self.holds(&branch.condition)?;
            let name = if index == 0 { "#if" } else { "#elseif" };
            self.traced(branch.position, name, &[(&branch.text, Some(Value::Bool(holds)))]);
            if holds {
                return self.block(&branch.body);
            }
        }
        if let Some((position, body)) = &conditional.otherwise {
            self.traced(*position, "#else", &[]);
            return self.block(body);
        }
        Ok(())
    }

    fn traced(
        &mut self,
        position: Position,
        directive: &'static str,
        values: &[(&'r str, Option<Value>)],
    ) {
        if let Some(trace) = &mut self.trace {
            let all: Vec<_> = values.iter().cloned().chain(self.seen.drain(..)).collect();
            trace.step(&Step {
                line: position.line,
                column: position.column,
                directive,
                values: &all,
            });
        }
    }
}
