//! Directives.

use crate::SyntaxError;
use crate::lexer::Kind;
use crate::program::{
    Block, Branch, Define, Expression, Foreach, If, Node, Position, Reference, Set, Slot, Variable,
};

use super::reference::leading_name;
use super::{Parser, push_text};

/// Whether `name` is a directive beside `if`, `elseif`, `else`, `end` and `set`.
pub(super) fn is_known(name: &str) -> bool {
    matches!(
        name,
        "foreach" | "include" | "parse" | "macro" | "literal" | "break" | "define" | "stop"
    )
}

/// An argument of a directive.
struct Argument {
    /// Its first token, and the one behind its last.
    tokens: (usize, usize),
    value: Value,
}

enum Value {
    Reference(Box<Reference>),
    Word,
    Other(Expression),
}

impl Argument {
    fn into_expression(self) -> Option<Expression> {
        match self.value {
            Value::Reference(reference) => Some(Expression::Reference(reference)),
            Value::Word => None,
            Value::Other(expression) => Some(expression),
        }
    }
}

impl Parser<'_, '_> {
    /// `#if … #end`
    pub(super) fn conditional(&mut self) -> Result<Node, SyntaxError> {
        let first = self.next;
        let mut branches = vec![self.branch("#if")?];
        while self.peek()? == Kind::ElseIf {
            branches.push(self.branch("#elseif")?);
        }
        let mut otherwise = None;
        if self.peek()? == Kind::Else {
            let position = self.position(self.next);
            self.next += 1;
            otherwise = Some((position, self.block()?));
        }
        match self.peek()? {
            Kind::ElseIf => {
                return Err(self.unexpected("`#elseif` comes after `#else`; put it before"));
            }
            Kind::Else => return Err(self.unexpected("a second `#else`")),
            _ => self.end(first, "#if")?,
        }
        Ok(Node::If(Box::new(If { branches, otherwise })))
    }

    fn branch(&mut self, name: &str) -> Result<Branch, SyntaxError> {
        let position = self.position(self.next);
        self.next += 1;
        self.blanks()?;
        self.expect(Kind::ParenOpen, &format!("`(` and a condition after `{name}`"))?;
        let first = self.next;
        let condition = self.expression()?;
        let text = self.literal(first, self.next).trim().into();
        self.expect(Kind::ParenClose, &format!("`)` of `{name}` or an operator"))?;
        Ok(Branch { position, condition, text, body: self.block()? })
    }

    fn end(&mut self, first: usize, name: &str) -> Result<(), SyntaxError> {
        if self.take(Kind::End)? {
            return Ok(());
        }
        let Position { line, .. } = self.position(first);
        let found = self.found();
        Err(self
            .unexpected(&format!("expected the `#end` of `{name}` in line {line}, found {found}")))
    }

    /// `#set( … )`
    pub(super) fn set(&mut self) -> Result<Node, SyntaxError> {
        let position = self.position(self.next);
        self.next += 1;
        self.blanks()?;
        let first = self.next;
        if !self.at_reference()? {
            let found = self.found();
            return Err(self.unexpected(&format!(
                "expected a reference like `$name` in `#set`, found {found}"
            )));
        }
        let mut target = self.reference()?.reference;
        if target.steps.is_empty() {
            // The reference implementation takes the name from the text as it stands: `${x}` and `$!x` are not `$x`.
            target.root = Variable::Slot(self.slot_after_first(first));
        }
        self.blanks()?;
        self.expect(Kind::Assign, "`=` in `#set`")?;
        let value = self.expression()?;
        self.expect(Kind::ParenClose, "`)` of `#set` or an operator")?;
        self.lexer.close_set();
        Ok(Node::Set(Box::new(Set { position, target, value })))
    }

    /// The variable whose name is the token at `index` without its first character, which ought to be `$`.
    fn slot_after_first(&mut self, index: usize) -> Slot {
        let mut rest = leading_name(self.image(index)).chars();
        rest.next();
        self.shared.slot(rest.as_str())
    }

    /// A directive of Velocity's, or what looks like one.
    pub(super) fn directive(&mut self, block: &mut Block) -> Result<(), SyntaxError> {
        let first = self.next;
        let bracketed = self.peek()? == Kind::BracketedWord;
        let image = self.take_image();
        let name = if bracketed { &image[2..image.len() - 1] } else { &image[1..] };
        let position = self.position(first);
        debug_assert_eq!(self.tokens.len(), self.next, "the parser has looked into the directive");
        if !self.lexer.open_directive() {
            let failure = match name {
                "macro" => "`#macro` needs a name in parentheses",
                "foreach" => "`#foreach` needs `($item in $list)`",
                "define" => "`#define` needs `($name)`",
                "literal" => "`#literal` needs `()`",
                _ => {
                    match name {
                        "break" => block.push(Node::Break(position, None)),
                        "stop" => block.push(Node::Stop(position, None)),
                        "parse" => block.push(fails(position, name)),
                        "include" => {}
                        _ => push_text(block, &self.images(first, self.next)),
                    }
                    return Ok(());
                }
            };
            return Err(self.error_at(first, failure));
        }
        self.deeper(|parser| parser.directive_with_arguments(block, name, first, position))
    }

    fn directive_with_arguments(
        &mut self,
        block: &mut Block,
        name: &str,
        first: usize,
        position: Position,
    ) -> Result<(), SyntaxError> {
        let mut arguments = self.directive_arguments(name)?;
        match name {
            "foreach" => {
                let (body, _) = self.body(first, name)?;
                self.foreach(block, arguments, body, position, first)?;
            }
            "define" => {
                let (body, _) = self.body(first, name)?;
                if arguments.len() != 1 {
                    return Err(
                        self.error_at(first, "`#define` takes one name, as in `#define($name)`")
                    );
                }
                let (start, end) = arguments[0].tokens;
                let variable = self.slot_after_first(start);
                let text = self.literal(start, end).into();
                self.shared.defined.push(body);
                let defined = self.shared.defined.len() - 1;
                block.push(Node::Define(Box::new(Define {
                    position,
                    variable,
                    text,
                    block: defined,
                })));
            }
            "macro" => {
                self.body(first, name)?;
                match arguments.first() {
                    Some(Argument { value: Value::Word, tokens: (start, _) }) => {
                        let macro_name = self.image(*start);
                        self.macros.push(macro_name);
                    }
                    _ => return Err(self.error_at(first, "`#macro` needs a name in parentheses")),
                }
            }
            "literal" => {
                let (_, tokens) = self.body(first, name)?;
                let (start, end) = arguments.first().map_or(tokens, |argument| argument.tokens);
                if start == end {
                    return Err(self.error_at(first, "`#literal` has nothing inside"));
                }
                push_text(block, &self.literal(start, end));
            }
            "break" | "stop" => {
                if arguments.len() > 1 {
                    return Err(
                        self.error_at(first, &format!("`#{name}` takes one argument at most"))
                    );
                }
                let argument = arguments.pop().and_then(Argument::into_expression).map(Box::new);
                block.push(if name == "break" {
                    Node::Break(position, argument)
                } else {
                    Node::Stop(position, argument)
                });
            }
            "parse" | "include" => {
                if name == "parse" || !arguments.is_empty() {
                    block.push(fails(position, name));
                }
            }
            _ => {
                if name.starts_with('@') {
                    self.body(first, name)?;
                }
                push_text(block, &self.images(first, self.next));
            }
        }
        Ok(())
    }

    /// What a directive encloses, with its tokens.
    fn body(&mut self, first: usize, name: &str) -> Result<(Block, (usize, usize)), SyntaxError> {
        let start = self.next;
        let body = self.block()?;
        let end = self.next;
        self.end(first, &format!("#{name}"))?;
        Ok((body, (start, end)))
    }

    fn foreach(
        &mut self,
        block: &mut Block,
        mut arguments: Vec<Argument>,
        body: Block,
        position: Position,
        first: usize,
    ) -> Result<(), SyntaxError> {
        let Some(Argument { tokens: (start, end), value }) = arguments.first() else {
            return Err(self.error_at(first, "`#foreach` needs `($item in $list)`"));
        };
        let text: Box<str> = self.literal(*start, *end).into();
        let variable = match value {
            Value::Reference(reference) => match &reference.root {
                Variable::Slot(slot) | Variable::Unreadable(slot) => *slot,
                Variable::Word(word) => self.shared.slot(word),
            },
            _ => self.slot_after_first(*start),
        };
        if arguments.len() == 1 {
            block.push(Node::Fails(position, "`#foreach` needs `in` and what to loop over".into()));
            return Ok(());
        }
        let mut rest = arguments.drain(2..);
        let over = rest.next().and_then(Argument::into_expression);
        // A superfluous argument takes the place of the body.
        let body = match rest.next() {
            None => body,
            Some(Argument { value: Value::Reference(reference), tokens }) => {
                let fallback = self.literal(tokens.0, tokens.1).into();
                vec![Node::Reference(Box::new(super::reference::plain(*reference, fallback)))]
            }
            Some(_) => Block::new(),
        };
        drop(rest);
        block.push(Node::Foreach(Box::new(Foreach { position, variable, text, over, body })));
        Ok(())
    }

    fn directive_arguments(&mut self, name: &str) -> Result<Vec<Argument>, SyntaxError> {
        let mut arguments = Vec::new();
        self.blanks()?;
        self.expect(Kind::ParenOpen, "`(`")?;
        loop {
            self.blanks()?;
            let comma = self.take(Kind::Comma)?;
            if comma {
                self.blanks()?;
            } else if self.peek()? == Kind::ParenClose {
                self.next += 1;
                return Ok(arguments);
            }
            let start = self.next;
            let value = match self.peek()? {
                Kind::Word => {
                    self.next += 1;
                    Value::Word
                }
                _ if self.at_reference()? => {
                    Value::Reference(Box::new(self.reference()?.reference))
                }
                _ if self.at_parameter()? => Value::Other(self.parameter_value()?),
                _ => {
                    let found = self.found();
                    let hint = if name == "foreach" {
                        ": a condition or a calculation needs a `#set` before"
                    } else {
                        ""
                    };
                    return Err(self.unexpected(&format!(
                        "{found} cannot stand in the parentheses of `#{name}`{hint}"
                    )));
                }
            };
            let is_in = name == "foreach" && arguments.len() == 1;
            if matches!(value, Value::Word)
                && is_known(name)
                && !is_in
                && !(name == "macro" && arguments.is_empty())
            {
                let word = self.image(start);
                return Err(self.error_at(
                    start,
                    &format!("`{word}` in `#{name}`: expected a reference like `$name`"),
                ));
            }
            if !matches!(value, Value::Word) && name == "macro" && arguments.is_empty() {
                return Err(self.error_at(
                    start,
                    "the name of a `#macro` stands without quotes and without `$`",
                ));
            }
            arguments.push(Argument { tokens: (start, self.next), value });
        }
    }

    /// The images of tokens alone: how a call of an unknown directive is printed.
    fn images(&self, first: usize, end: usize) -> String {
        (first..end).map(|index| self.image(index)).collect()
    }
}

fn fails(position: Position, name: &str) -> Node {
    Node::Fails(position, format!("`#{name}` is not available in API Gateway").into())
}
