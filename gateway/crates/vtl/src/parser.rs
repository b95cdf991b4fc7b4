//! From tokens to a program.

mod directive;
mod expression;
mod literal;
mod reference;

use std::collections::HashMap;

use crate::SyntaxError;
use crate::lexer::{Kind, Lexer, Place, Token};
use crate::limits::NESTING_MAX;
use crate::program::{Block, LoopNames, Node, Position, Program, Slot};

/// Parses a template.
pub(crate) fn parse(source: &str) -> Result<Program, SyntaxError> {
    let mut shared = Shared::default();
    let mut parser = Parser::new(source, Place::starting(1, 1), &mut shared);
    let body = parser.template()?;
    let slot = |name: &str| shared.slots.get(name).copied();
    let loop_names = LoopNames {
        foreach: slot("foreach"),
        velocity_count: slot("velocityCount"),
        velocity_has_next: slot("velocityHasNext"),
    };
    Ok(Program { body, names: shared.names, defined: shared.defined, loop_names })
}

/// What a template and the strings in it have in common.
#[derive(Default)]
struct Shared {
    names: Vec<Box<str>>,
    slots: HashMap<Box<str>, Slot>,
    defined: Vec<Block>,
    depth: u32,
}

impl Shared {
    fn slot(&mut self, name: &str) -> Slot {
        if let Some(slot) = self.slots.get(name) {
            return *slot;
        }
        let slot = self.names.len();
        self.names.push(name.into());
        self.slots.insert(name.into(), slot);
        slot
    }
}

struct Parser<'a, 's> {
    lexer: Lexer<'a>,
    /// The tokens of the whole template: what is printed literally is made of them.
    tokens: Vec<Token>,
    /// The index of the token that comes next.
    next: usize,
    /// The names of `#macro`s so far. They can be escaped, though they cannot be called.
    macros: Vec<&'a str>,
    shared: &'s mut Shared,
}

impl<'a, 's> Parser<'a, 's> {
    fn new(source: &'a str, place: Place, shared: &'s mut Shared) -> Self {
        Self {
            lexer: Lexer::new(source, place),
            tokens: Vec::new(),
            next: 0,
            macros: Vec::new(),
            shared,
        }
    }

    fn template(&mut self) -> Result<Block, SyntaxError> {
        let body = self.block()?;
        match self.peek()? {
            Kind::Eof => Ok(body),
            Kind::End => Err(self.unexpected(
                "`#end` closes nothing: there is no `#if`, `#foreach` or `#define` open",
            )),
            Kind::Else => Err(self.unexpected("`#else` belongs to no `#if`")),
            Kind::ElseIf => Err(self.unexpected("`#elseif` belongs to no `#if`")),
            _ => {
                let found = self.found();
                Err(self.unexpected(&format!("{found} is not expected here")))
            }
        }
    }

    /// Statements, as many as there are.
    fn block(&mut self) -> Result<Block, SyntaxError> {
        self.deeper(|parser| {
            let mut block = Block::new();
            while parser.statement(&mut block)? {}
            Ok(block)
        })
    }

    fn deeper<T>(
        &mut self,
        then: impl FnOnce(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        self.shared.depth += 1;
        if self.shared.depth > NESTING_MAX {
            self.peek()?;
            return Err(self.unexpected(&format!("nested deeper than {NESTING_MAX} levels")));
        }
        let parsed = then(self);
        self.shared.depth -= 1;
        parsed
    }

    /// One statement, if there is one.
    fn statement(&mut self, block: &mut Block) -> Result<bool, SyntaxError> {
        match self.peek()? {
            Kind::If => block.push(self.conditional()?),
            Kind::Identifier => block.push(self.printed_reference()?),
            Kind::CurlyOpen if self.peek_at(1)? == Kind::Identifier => {
                block.push(self.printed_reference()?)
            }
            Kind::LineComment | Kind::FormalComment | Kind::BlockComment => self.comment(block)?,
            Kind::TextBlock => {
                let image = self.take_image();
                // The reference implementation cuts as many characters as the brackets have, whatever stands before them.
                let text = image.get(3..image.len() - 3).unwrap_or_default();
                push_text(block, text);
            }
            Kind::Set => block.push(self.set()?),
            Kind::EscapedDirective => {
                let image = self.take_image();
                let text = self.escaped_directive(image);
                push_text(block, &text);
            }
            Kind::DoubleEscape => self.backslashes(block)?,
            Kind::Word | Kind::BracketedWord => self.directive(block)?,
            Kind::Text
            | Kind::Dot
            | Kind::ParenOpen
            | Kind::ParenClose
            | Kind::Integer
            | Kind::Float
            | Kind::String
            | Kind::Escape
            | Kind::CurlyOpen
            | Kind::CurlyClose
            | Kind::EmptyIndex => {
                self.next += 1;
                let text = self.literal(self.next - 1, self.next);
                push_text(block, &text);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn comment(&mut self, block: &mut Block) -> Result<(), SyntaxError> {
        let kind = self.peek()?;
        let image = self.take_image();
        let printed = image.find("##").or_else(|| image.find("#*")).map_or("", |at| &image[..at]);
        push_text(block, printed);
        if kind == Kind::LineComment && self.peek()? == Kind::LineCommentEnd {
            self.next += 1;
        }
        Ok(())
    }

    /// `\\` before something: before a directive half of the backslashes are printed.
    fn backslashes(&mut self, block: &mut Block) -> Result<(), SyntaxError> {
        let mut count = 0;
        while self.peek()? == Kind::DoubleEscape {
            self.next += 1;
            count += 1;
        }
        let known = match self.peek()? {
            Kind::End | Kind::If | Kind::ElseIf | Kind::Else => true,
            _ => {
                let mut rest = self.image(self.next).chars();
                rest.next();
                let name = rest.as_str();
                directive::is_known(name) || self.macros.contains(&name)
            }
        };
        push_text(block, &"\\".repeat(if known { count } else { 2 * count }));
        Ok(())
    }

    fn escaped_directive(&self, image: &str) -> String {
        let last = image.rfind('\\').unwrap_or(0);
        let directive = &image[last + 1..];
        let name = directive[1..].trim_start_matches('{').trim_end_matches('}');
        let known = directive::is_known(name)
            || self.macros.contains(&name)
            || matches!(name, "if" | "end" | "set" | "else" | "elseif");
        if known { format!("{}{directive}", &image[..last / 2]) } else { image.to_owned() }
    }

    fn peek(&mut self) -> Result<Kind, SyntaxError> {
        self.peek_at(0)
    }

    /// The kind of the token `ahead` of the next one.
    fn peek_at(&mut self, ahead: usize) -> Result<Kind, SyntaxError> {
        while self.tokens.len() <= self.next + ahead {
            let token = self.lexer.next()?;
            self.tokens.push(token);
        }
        Ok(self.tokens[self.next + ahead].kind)
    }

    /// Takes the next token where it is a `kind`.
    fn take(&mut self, kind: Kind) -> Result<bool, SyntaxError> {
        let is = self.peek()? == kind;
        self.next += usize::from(is);
        Ok(is)
    }

    /// Takes the next token, which must be a `kind`.
    fn expect(&mut self, kind: Kind, what: &str) -> Result<(), SyntaxError> {
        if self.take(kind)? {
            return Ok(());
        }
        let found = self.found();
        Err(self.unexpected(&format!("expected {what}, found {found}")))
    }

    fn blanks(&mut self) -> Result<(), SyntaxError> {
        self.take(Kind::Whitespace).map(drop)
    }

    fn image(&self, index: usize) -> &'a str {
        let token = &self.tokens[index];
        &self.lexer.source()[token.start..token.end]
    }

    fn take_image(&mut self) -> &'a str {
        self.next += 1;
        self.image(self.next - 1)
    }

    /// The tokens from `first` to before `end` as they were written.
    fn literal(&self, first: usize, end: usize) -> String {
        let mut text = String::new();
        for index in first..end {
            let token = &self.tokens[index];
            if token.kind != Kind::BlockComment {
                text.push_str(token.before.as_deref().unwrap_or_default());
                text.push_str(self.image(index));
            }
        }
        text
    }

    fn position(&self, index: usize) -> Position {
        let token = &self.tokens[index];
        Position { line: token.line, column: token.column }
    }

    /// The next token, for a message.
    fn found(&self) -> String {
        match self.tokens[self.next].kind {
            Kind::Eof => "the end of the template".to_owned(),
            Kind::Whitespace => "a blank".to_owned(),
            _ => {
                let image = self.image(self.next);
                if image.trim().is_empty() {
                    return "a blank".to_owned();
                }
                let shown: String = image.chars().take(24).collect();
                let more = if shown.len() < image.len() { "…" } else { "" };
                format!("`{}{more}`", shown.trim_end_matches(['\n', '\r']))
            }
        }
    }

    /// An error at the next token.
    fn unexpected(&self, message: &str) -> SyntaxError {
        self.error_at(self.next, message)
    }

    fn error_at(&self, index: usize, message: &str) -> SyntaxError {
        let Position { line, column } = self.position(index);
        SyntaxError { line, column, message: message.to_owned() }
    }
}

/// Adds `text` to `block`, to the text that it ends with if it does.
fn push_text(block: &mut Block, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Some(Node::Text(last)) = block.last_mut() {
        last.push_str(text);
    } else {
        block.push(Node::Text(text.into()));
    }
}
