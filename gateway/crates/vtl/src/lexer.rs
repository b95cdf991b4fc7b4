//! Tokens of a template, as Velocity 1.7 makes them.
//!
//! Velocity's lexer has states, and a stack of them that the text pushes and pops: what `)` or a blank is depends on what was
//! open before. Odd inputs come out as they do there only when the states are the same, so they are. The parser meddles in two
//! places: [`Lexer::open_directive`] and [`Lexer::close_set`].

mod scan;

use crate::SyntaxError;
use scan::{Found, More, Rule};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Eof,
    /// `[` after a reference.
    IndexOpen,
    IndexClose,
    ListOpen,
    ListClose,
    Comma,
    DoubleDot,
    Colon,
    MapOpen,
    MapClose,
    ParenOpen,
    /// `)` with blanks and a line end behind it.
    ParenClose,
    /// `)` of a method.
    MethodClose,
    /// `\#if`
    EscapedDirective,
    /// `#set(` with the blanks before it.
    Set,
    LineComment,
    DoubleEscape,
    Escape,
    Text,
    LineCommentEnd,
    FormalComment,
    BlockComment,
    TextBlock,
    Whitespace,
    String,
    True,
    False,
    Minus,
    Plus,
    Multiply,
    Divide,
    Modulus,
    And,
    Or,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    Not,
    Assign,
    End,
    If,
    ElseIf,
    Else,
    Integer,
    Float,
    Word,
    BracketedWord,
    Identifier,
    Dot,
    CurlyOpen,
    CurlyClose,
    /// `$[`
    EmptyIndex,
}

/// What is expected next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// After `$` or a part of a reference.
    Reference,
    /// After the `.` in a reference.
    Modifier,
    /// In the brackets of a reference.
    Index,
    /// In a directive.
    Directive,
    /// In the parentheses of a method.
    Arguments,
    /// Text.
    Default,
    TextBlock,
    BlockComment,
    FormalComment,
    LineComment,
    /// After `#`.
    PreDirective,
}

/// A piece of the source.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// Where it starts, in bytes.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// Characters before it that began a reference or a directive and were none: `$` in `$ 5`. Printed only with text.
    pub(crate) before: Option<Box<str>>,
}

/// Makes tokens of a template, one at a time.
pub(crate) struct Lexer<'a> {
    source: &'a str,
    position: usize,
    state: State,
    stack: Vec<Saved>,
    left: u32,
    right: u32,
    in_comment: bool,
    in_set: bool,
    place: Place,
    runs: scan::Runs,
}

#[derive(Clone, Copy)]
struct Saved {
    state: State,
    left: u32,
    right: u32,
}

/// A position as people count it.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    offset: usize,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Place {
    /// The start of a text that itself starts at `line` and `column`.
    pub(crate) fn starting(line: u32, column: u32) -> Self {
        Self { offset: 0, line, column }
    }
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(source: &'a str, place: Place) -> Self {
        Self {
            source,
            position: 0,
            state: State::Default,
            stack: Vec::new(),
            left: 0,
            right: 0,
            in_comment: false,
            in_set: false,
            place,
            runs: scan::Runs::default(),
        }
    }

    pub(crate) fn source(&self) -> &'a str {
        self.source
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Result<Token, SyntaxError> {
        let mut before = String::new();
        let mut hides = false;
        'token: loop {
            let start = self.position;
            if start == self.source.len() {
                return Ok(self.token(Kind::Eof, start, start, before));
            }
            loop {
                let Some(Found { rule, end }) =
                    scan::longest(self.source, self.position, self.state, &mut self.runs)
                else {
                    return Err(self.stray());
                };
                self.position = end;
                match rule {
                    Rule::Token(kind) => {
                        if hides {
                            before.clear();
                        }
                        let mut token = self.token(kind, start, end, before);
                        self.act(&mut token);
                        return Ok(token);
                    }
                    Rule::Skip => continue 'token,
                    Rule::Terminator => {
                        before.push_str(&began(&self.source[start..end]));
                        // After what looks like a comment nothing of it is printed.
                        hides = self.source[start..end].starts_with("##");
                        self.position =
                            self.source[..end].char_indices().next_back().map_or(0, |(at, _)| at);
                        self.pop();
                        continue 'token;
                    }
                    Rule::More(more) => {
                        self.act_on_more(more);
                        if self.position == self.source.len() {
                            return Err(self.cut_short(start));
                        }
                    }
                }
            }
        }
    }

    /// The parser has seen the name of a directive: in its parentheses other tokens count. Answers whether there are any;
    /// where there are none, the name was all.
    pub(crate) fn open_directive(&mut self) -> bool {
        self.state = State::Directive;
        let rest = self.source[self.position..].trim_start_matches([' ', '\t', '\n', '\r']);
        let opens = rest.starts_with('(');
        if !opens {
            self.pop();
        }
        opens
    }

    /// The parser has seen the end of a `#set`.
    pub(crate) fn close_set(&mut self) {
        self.in_set = false;
    }

    fn token(&mut self, kind: Kind, start: usize, end: usize, before: String) -> Token {
        self.advance(start);
        let Place { line, column, .. } = self.place;
        Token {
            kind,
            start,
            end,
            line,
            column,
            before: (!before.is_empty()).then(|| before.into()),
        }
    }

    fn advance(&mut self, to: usize) {
        let passed = self.source.get(self.place.offset..to).unwrap_or_default();
        let mut characters = passed.chars().peekable();
        while let Some(character) = characters.next() {
            if character == '\n' || character == '\r' && characters.peek() != Some(&'\n') {
                self.place.line += 1;
                self.place.column = 1;
            } else {
                self.place.column += 1;
            }
        }
        self.place.offset = self.place.offset.max(to);
    }

    fn push(&mut self) {
        self.stack.push(Saved { state: self.state, left: self.left, right: self.right });
        self.left = 0;
    }

    fn pop(&mut self) -> bool {
        match self.stack.pop() {
            Some(saved) => {
                (self.state, self.left, self.right) = (saved.state, saved.left, saved.right);
                true
            }
            None => {
                self.left = 0;
                self.state = State::Default;
                false
            }
        }
    }

    fn act_on_more(&mut self, more: More) {
        if self.in_comment {
            return;
        }
        match more {
            More::Dollar => {
                if self.state == State::Reference {
                    self.pop();
                }
                self.push();
                self.state = State::Reference;
            }
            More::Hash => {
                if matches!(self.state, State::Reference | State::Modifier) {
                    self.pop();
                }
                self.push();
                self.state = State::PreDirective;
            }
            More::TextBlock => self.enter_comment(State::TextBlock),
            More::BlockComment => self.enter_comment(State::BlockComment),
            More::FormalComment => {
                self.position =
                    self.source[..self.position].char_indices().next_back().map_or(0, |(at, _)| at);
                self.enter_comment(State::FormalComment);
            }
        }
    }

    fn enter_comment(&mut self, state: State) {
        self.in_comment = true;
        self.push();
        self.state = state;
    }

    fn leave_comment(&mut self) {
        self.in_comment = false;
        self.pop();
    }

    fn act(&mut self, token: &mut Token) {
        match token.kind {
            Kind::IndexOpen => {
                self.push();
                self.state = State::Index;
            }
            Kind::IndexClose | Kind::CurlyClose | Kind::End | Kind::Else => drop(self.pop()),
            Kind::ParenOpen => {
                self.left += u32::from(!self.in_comment);
                if self.state == State::Modifier {
                    self.state = State::Arguments;
                }
            }
            Kind::ParenClose => self.close_parenthesis(),
            Kind::MethodClose => self.state = State::Reference,
            Kind::Set if !self.in_comment => {
                self.push();
                self.in_set = true;
                self.state = State::Directive;
                self.left += 1;
            }
            Kind::LineComment if !self.in_comment => {
                if self.state == State::Reference {
                    self.pop();
                }
                self.enter_comment(State::LineComment);
            }
            Kind::LineCommentEnd | Kind::FormalComment | Kind::BlockComment | Kind::TextBlock => {
                self.leave_comment();
            }
            Kind::String if self.state == State::Directive && !self.in_set && self.left == 0 => {
                self.pop();
            }
            Kind::If | Kind::ElseIf => self.state = State::Directive,
            Kind::Integer => {
                if self.source[token.start..token.end].ends_with("..") {
                    self.position -= 2;
                    token.end -= 2;
                }
                let in_reference = matches!(self.state, State::Arguments | State::Index);
                if self.left == 0 && !self.in_set && !in_reference {
                    self.pop();
                }
            }
            Kind::Float if self.left == 0 && !self.in_set && self.state != State::Arguments => {
                self.pop();
            }
            Kind::Dot => {
                self.position -= 1;
                token.end -= 1;
                self.state = State::Modifier;
            }
            _ => {}
        }
    }

    /// `)`: down to the state below the one that has an open parenthesis.
    fn close_parenthesis(&mut self) {
        if self.in_comment {
            return;
        }
        while self.left == 0 {
            if !self.pop() {
                return;
            }
        }
        if self.left == self.right + 1 {
            self.pop();
        } else {
            self.right += 1;
        }
    }

    fn error_at(&mut self, offset: usize, message: String) -> SyntaxError {
        self.advance(offset);
        SyntaxError { line: self.place.line, column: self.place.column, message }
    }

    fn stray(&mut self) -> SyntaxError {
        let character = self.source[self.position..].chars().next().unwrap_or(' ');
        let message = match (self.state, character) {
            (State::Index, _) => {
                format!(
                    "`{character}` in an index: expected a quoted string, an integer or a reference"
                )
            }
            (_, '"' | '\'') => format!("a string that starts with {character} has no end"),
            (State::Directive, '|') => "`|`: `or` is written `||`".to_owned(),
            (State::Directive, '&') => "`&`: `and` is written `&&`".to_owned(),
            (State::Arguments, _) => {
                format!(
                    "`{character}` in the arguments of a method: expected a literal, a reference, `,` or `)`"
                )
            }
            _ => format!("`{character}` is not expected here"),
        };
        self.error_at(self.position, message)
    }

    /// The source ends within a token that starts at `start`.
    fn cut_short(&mut self, start: usize) -> SyntaxError {
        let message = match self.state {
            State::TextBlock => "`#[[` has no `]]#`",
            State::Reference => {
                "`$` at the end of the template: put something behind it, if only a blank"
            }
            State::PreDirective => {
                "`#` at the end of the template: put something behind it, if only a blank"
            }
            _ => "a comment ends the template with `$` or `#`: put something behind it",
        };
        self.error_at(start, message.to_owned())
    }
}

/// What is printed of text that began like a reference or a directive: its `$`, `#`, and the backslashes right before a `$`.
fn began(image: &str) -> String {
    let bytes = image.as_bytes();
    let mut text = String::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            byte @ (b'#' | b'$') => text.push(char::from(byte)),
            b'\\' => {
                let slashes = bytes[at..].iter().take_while(|&&byte| byte == b'\\').count();
                if bytes.get(at + slashes) == Some(&b'$') {
                    text.push_str(&image[at..=at + slashes]);
                    // The reference implementation skips the character behind as well.
                    at += slashes + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    text
}
