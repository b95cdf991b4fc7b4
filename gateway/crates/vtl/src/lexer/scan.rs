//! Which token the text at a position begins with: the longest, and of equally long ones the first.

use super::{Kind, State};

/// What was recognised.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// A token.
    Token(Kind),
    /// A character of a comment.
    Skip,
    /// A character that ends a reference or directive. It is read again in the state before.
    Terminator,
    /// The beginning of a token.
    More(More),
}

/// What begins a token.
#[derive(Clone, Copy, Debug)]
pub(super) enum More {
    Dollar,
    Hash,
    TextBlock,
    BlockComment,
    FormalComment,
}

pub(super) struct Found {
    pub(super) rule: Rule,
    /// Where it ends.
    pub(super) end: usize,
}

/// Where the last runs of equal characters that were looked over end, so that none is looked over twice.
#[derive(Default)]
pub(super) struct Runs {
    slashes_end: usize,
    blanks_end: usize,
}

struct Scan<'a> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    best: Option<Found>,
}

/// What the source at `at` begins with. `None` where nothing fits.
pub(super) fn longest(source: &str, at: usize, state: State, runs: &mut Runs) -> Option<Found> {
    let mut scan = Scan { source, bytes: source.as_bytes(), at, best: None };
    match state {
        State::Default => scan.text(runs),
        State::Reference | State::Modifier => scan.reference(state, runs),
        State::Index => scan.index(runs),
        State::Directive => scan.directive(runs),
        State::Arguments => scan.arguments(runs),
        State::PreDirective => scan.pre_directive(runs),
        State::TextBlock => scan.inside("]]#", Kind::TextBlock, runs),
        State::BlockComment => scan.inside("*#", Kind::BlockComment, runs),
        State::FormalComment => scan.inside("*#", Kind::FormalComment, runs),
        State::LineComment => scan.line_comment(runs),
    }
    scan.best
}

impl Scan<'_> {
    fn byte(&self, offset: usize) -> u8 {
        self.bytes.get(self.at + offset).copied().unwrap_or(0)
    }

    /// `rule` fits for `len` bytes. Shorter than or as long as what fits already, it does not count.
    fn fits(&mut self, rule: Rule, len: usize) {
        let end = self.at + len;
        if len > 0 && self.best.as_ref().is_none_or(|best| best.end < end) {
            self.best = Some(Found { rule, end });
        }
    }

    fn token(&mut self, kind: Kind, len: usize) {
        self.fits(Rule::Token(kind), len);
    }

    fn literal(&mut self, text: &str, kind: Kind) {
        if self.bytes[self.at..].starts_with(text.as_bytes()) {
            self.token(kind, text.len());
        }
    }

    fn any(&mut self, rule: Rule) {
        let len = self.source[self.at..].chars().next().map_or(0, char::len_utf8);
        self.fits(rule, len);
    }

    /// How many bytes from `offset` satisfy `is`.
    fn count(&self, offset: usize, is: impl Fn(u8) -> bool) -> usize {
        self.bytes[(self.at + offset).min(self.bytes.len())..]
            .iter()
            .take_while(|&&byte| is(byte))
            .count()
    }

    fn slashes(&self, runs: &mut Runs) -> usize {
        if self.byte(0) != b'\\' {
            return 0;
        }
        if runs.slashes_end <= self.at {
            runs.slashes_end = self.at + self.count(0, |byte| byte == b'\\');
        }
        runs.slashes_end - self.at
    }

    /// A comment to the end of the line, in the few states where it is one.
    fn comment(&mut self) {
        self.literal("##", Kind::LineComment);
    }

    /// What begins tokens in every state.
    fn beginnings(&mut self, runs: &mut Runs) {
        let slashes = self.slashes(runs);
        if self.byte(slashes) == b'$' {
            self.fits(Rule::More(More::Dollar), slashes + 1);
            let inner = self.count(slashes + 1, |byte| byte == b'\\');
            if self.byte(slashes + 1 + inner) == b'!' {
                self.fits(Rule::More(More::Dollar), slashes + inner + 2);
            }
        }
        if self.byte(0) == b'#' {
            match (self.byte(1), self.byte(2)) {
                (b'[', b'[') => self.fits(Rule::More(More::TextBlock), 3),
                (b'*', b'*') if self.byte(3) != b'#' && self.at + 3 < self.bytes.len() => {
                    let behind =
                        self.source[self.at + 3..].chars().next().map_or(0, char::len_utf8);
                    self.fits(Rule::More(More::FormalComment), 3 + behind);
                }
                (b'*', _) => self.fits(Rule::More(More::BlockComment), 2),
                _ => self.fits(Rule::More(More::Hash), 1),
            }
        }
    }

    fn set(&mut self, runs: &mut Runs) {
        let mut at = 0;
        if matches!(self.byte(0), b' ' | b'\t') {
            if runs.blanks_end <= self.at {
                runs.blanks_end = self.at + self.count(0, |byte| matches!(byte, b' ' | b'\t'));
            }
            at = runs.blanks_end - self.at;
        }
        let rest = &self.bytes[self.at + at..];
        at += match rest {
            [b'#', b's', b'e', b't', ..] => 4,
            [b'#', b'{', b's', b'e', b't', b'}', ..] => 6,
            _ => return,
        };
        at += self.count(at, |byte| byte == b' ');
        if self.byte(at) == b'(' {
            self.token(Kind::Set, at + 1);
        }
    }

    fn text(&mut self, runs: &mut Runs) {
        let slashes = self.slashes(runs);
        if slashes % 2 == 1 && self.byte(slashes) == b'#' {
            let word = self.word(slashes + 1).max(self.bracketed_word(slashes + 1));
            if word > 0 {
                self.token(Kind::EscapedDirective, slashes + 1 + word);
            }
        }
        self.set(runs);
        self.beginnings(runs);
        self.comment();
        if slashes > 1 {
            self.token(Kind::DoubleEscape, 2);
        }
        if slashes > 0 {
            self.token(Kind::Escape, 1);
        }
        let rest = &self.bytes[self.at..];
        let special = memchr::memchr3(b'$', b'#', b'\\', rest).unwrap_or(rest.len());
        self.token(Kind::Text, special);
        self.empty_index();
    }

    fn empty_index(&mut self) {
        for text in ["$[", "$![", "$\\![", "$."] {
            self.literal(text, Kind::EmptyIndex);
        }
    }

    fn reference(&mut self, state: State, runs: &mut Runs) {
        self.literal("[", Kind::IndexOpen);
        if state == State::Modifier {
            self.literal("(", Kind::ParenOpen);
        }
        self.set(runs);
        self.beginnings(runs);
        if state == State::Reference {
            self.comment();
        }
        self.booleans();
        self.identifier();
        self.literal("{", Kind::CurlyOpen);
        self.literal("}", Kind::CurlyClose);
        self.any(Rule::Terminator);
        if state == State::Reference {
            self.empty_index();
        }
    }

    fn booleans(&mut self) {
        self.literal("true", Kind::True);
        self.literal("false", Kind::False);
    }

    fn identifier(&mut self) {
        if self.byte(0).is_ascii_alphabetic() || self.byte(0) == b'_' {
            let len =
                self.count(0, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
            self.token(Kind::Identifier, len);
        }
        if self.byte(0) == b'.' && self.byte(1).is_ascii_alphabetic() {
            self.token(Kind::Dot, 2);
        }
    }

    fn index(&mut self, runs: &mut Runs) {
        self.literal("]", Kind::IndexClose);
        self.beginnings(runs);
        self.whitespace();
        self.string();
        self.booleans();
        self.number();
    }

    fn arguments(&mut self, runs: &mut Runs) {
        self.punctuation();
        self.literal(")", Kind::MethodClose);
        self.set(runs);
        self.beginnings(runs);
        self.whitespace();
        self.string();
        self.booleans();
        self.number();
        self.identifier();
    }

    fn punctuation(&mut self) {
        self.literal("[", Kind::ListOpen);
        self.literal("]", Kind::ListClose);
        self.literal(",", Kind::Comma);
        self.literal("..", Kind::DoubleDot);
        self.literal(":", Kind::Colon);
        self.literal("{", Kind::MapOpen);
        self.literal("}", Kind::MapClose);
    }

    fn directive(&mut self, runs: &mut Runs) {
        self.punctuation();
        self.literal("(", Kind::ParenOpen);
        if self.byte(0) == b')' {
            self.token(Kind::ParenClose, 1 + self.line_end(1));
        }
        self.beginnings(runs);
        self.comment();
        self.whitespace();
        self.string();
        self.booleans();
        for (text, kind) in OPERATORS {
            self.literal(text, *kind);
        }
        self.number();
        self.words();
    }

    /// The length of blanks and a line end at `offset`; 0 where anything else comes before the line ends.
    fn line_end(&self, offset: usize) -> usize {
        let blanks = self.count(offset, |byte| matches!(byte, b' ' | b'\t'));
        match (self.byte(offset + blanks), self.byte(offset + blanks + 1)) {
            (b'\r', b'\n') => blanks + 2,
            (b'\n' | b'\r', _) => blanks + 1,
            _ => 0,
        }
    }

    fn pre_directive(&mut self, runs: &mut Runs) {
        self.beginnings(runs);
        self.comment();
        for (text, kind) in KEYWORDS {
            if self.bytes[self.at..].starts_with(text.as_bytes()) {
                let behind = if matches!(kind, Kind::End | Kind::Else) {
                    self.line_end(text.len())
                } else {
                    0
                };
                self.token(*kind, text.len() + behind);
            }
        }
        self.number();
        self.words();
        self.any(Rule::Terminator);
    }

    fn words(&mut self) {
        let word = self.word(0);
        self.token(Kind::Word, word);
        let bracketed = self.bracketed_word(0);
        self.token(Kind::BracketedWord, bracketed);
    }

    fn word(&self, offset: usize) -> usize {
        let first = self.byte(offset);
        if first.is_ascii_alphabetic() || matches!(first, b'_' | b'@') {
            self.word_characters(offset)
        } else {
            0
        }
    }

    fn word_characters(&self, offset: usize) -> usize {
        self.count(offset, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@'))
    }

    fn bracketed_word(&self, offset: usize) -> usize {
        let first = self.byte(offset + 1);
        if self.byte(offset) != b'{' || !(first.is_ascii_alphabetic() || first == b'_') {
            return 0;
        }
        let len = self.word_characters(offset + 1);
        if self.byte(offset + 1 + len) == b'}' { len + 2 } else { 0 }
    }

    fn whitespace(&mut self) {
        let len = self.count(0, |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        self.token(Kind::Whitespace, len);
    }

    /// A string: a quote in it is written twice. Where the last of several quotes has no partner, it ends before that.
    fn string(&mut self) {
        let quote = self.byte(0);
        if !matches!(quote, b'"' | b'\'') {
            return;
        }
        let mut end = 0;
        let mut from = 1;
        while let Some(found) =
            memchr::memchr(quote, &self.bytes[(self.at + from).min(self.bytes.len())..])
        {
            end = from + found + 1;
            if self.byte(end) != quote {
                break;
            }
            from = end + 1;
        }
        self.token(Kind::String, end);
    }

    fn number(&mut self) {
        let sign = usize::from(self.byte(0) == b'-');
        let digits = self.count(sign, |byte| byte.is_ascii_digit());
        let whole = sign + digits;
        if digits > 0 {
            let dots = self.byte(whole) == b'.' && self.byte(whole + 1) == b'.';
            self.token(Kind::Integer, whole + if dots { 2 } else { 0 });
            self.token(Kind::Float, self.exponent(whole).map_or(0, |len| whole + len));
        }
        if self.byte(whole) == b'.' {
            let fraction = self.count(whole + 1, |byte| byte.is_ascii_digit());
            if digits > 0 || fraction > 0 {
                let end = whole + 1 + fraction;
                self.token(Kind::Float, end + self.exponent(end).unwrap_or(0));
            }
        }
    }

    fn exponent(&self, offset: usize) -> Option<usize> {
        if !matches!(self.byte(offset), b'e' | b'E') {
            return None;
        }
        let sign = usize::from(matches!(self.byte(offset + 1), b'+' | b'-'));
        let digits = self.count(offset + 1 + sign, |byte| byte.is_ascii_digit());
        (digits > 0).then_some(1 + sign + digits)
    }

    fn inside(&mut self, end: &str, kind: Kind, runs: &mut Runs) {
        self.beginnings(runs);
        self.literal(end, kind);
        // What a text block has inside is part of its token.
        self.any(if kind == Kind::TextBlock { Rule::More(More::Hash) } else { Rule::Skip });
    }

    fn line_comment(&mut self, runs: &mut Runs) {
        self.beginnings(runs);
        if matches!(self.byte(0), b'\n' | b'\r') {
            self.token(Kind::LineCommentEnd, self.line_end(0));
        }
        self.any(Rule::Skip);
    }
}

const OPERATORS: &[(&str, Kind)] = &[
    ("-", Kind::Minus),
    ("+", Kind::Plus),
    ("*", Kind::Multiply),
    ("/", Kind::Divide),
    ("%", Kind::Modulus),
    ("&&", Kind::And),
    ("and", Kind::And),
    ("||", Kind::Or),
    ("or", Kind::Or),
    ("<", Kind::Less),
    ("lt", Kind::Less),
    ("<=", Kind::LessEqual),
    ("le", Kind::LessEqual),
    (">", Kind::Greater),
    ("gt", Kind::Greater),
    (">=", Kind::GreaterEqual),
    ("ge", Kind::GreaterEqual),
    ("==", Kind::Equal),
    ("eq", Kind::Equal),
    ("!=", Kind::NotEqual),
    ("ne", Kind::NotEqual),
    ("!", Kind::Not),
    ("not", Kind::Not),
    ("=", Kind::Assign),
];

const KEYWORDS: &[(&str, Kind)] = &[
    ("end", Kind::End),
    ("{end}", Kind::End),
    ("if", Kind::If),
    ("{if}", Kind::If),
    ("elseif", Kind::ElseIf),
    ("{elseif}", Kind::ElseIf),
    ("else", Kind::Else),
    ("{else}", Kind::Else),
];
