//! Java's syntax to that of the crates.

/// An expression in the crates' syntax.
pub(super) struct Translated {
    /// For looking for it in a text.
    pub(super) find: String,
    /// For matching a whole text.
    pub(super) full: String,
    pub(super) find_is_linear: bool,
    pub(super) full_is_linear: bool,
}

const LINE_ENDS: &str = r"\n\r\u{85}\u{2028}\u{2029}";
/// `$` of Java: at the end, or before a line end there.
const END: &str = r"(?:\z|(?=(?:\r\n|[\n\r\u{85}\u{2028}\u{2029}])\z))";
const DIGIT: &str = "0-9";
const WORD: &str = "A-Za-z0-9_";
const SPACE: &str = r" \t\n\x0B\f\r";
const BLANK: &str = r" \t\u{A0}\u{1680}\u{180E}\u{2000}-\u{200A}\u{202F}\u{205F}\u{3000}";
const VERTICAL: &str = r"\n\x0B\f\r\u{85}\u{2028}\u{2029}";

struct Translator<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    find: String,
    full: String,
    /// Nested brackets that are open.
    classes: usize,
    /// Whether something stands before that can be repeated.
    atom: bool,
    dot_is_all: bool,
    multiline: bool,
    ends: bool,
    backtracks: bool,
}

/// Translates `source`; the error says what is wrong with it.
pub(super) fn java(source: &str) -> Result<Translated, String> {
    let mut translator = Translator {
        rest: source.chars().peekable(),
        find: String::with_capacity(source.len() + 16),
        full: String::with_capacity(source.len() + 16),
        classes: 0,
        atom: false,
        dot_is_all: has_flag(source, 's'),
        multiline: has_flag(source, 'm'),
        ends: false,
        backtracks: false,
    };
    while let Some(character) = translator.rest.next() {
        if translator.classes > 0 {
            translator.in_class(character)?;
        } else {
            translator.outside(character)?;
        }
    }
    if translator.classes > 0 {
        return Err("`[` has no `]`".to_owned());
    }
    Ok(Translated {
        find_is_linear: !translator.backtracks && !translator.ends,
        full_is_linear: !translator.backtracks,
        find: translator.find,
        full: translator.full,
    })
}

/// Whether a group like `(?is)` or `(?s:` turns `flag` on.
fn has_flag(source: &str, flag: char) -> bool {
    source.split("(?").skip(1).any(|group| {
        group
            .chars()
            .take_while(|character| character.is_ascii_alphabetic())
            .any(|character| character == flag)
    })
}

impl Translator<'_> {
    fn push(&mut self, text: &str) {
        self.find.push_str(text);
        self.full.push_str(text);
    }

    fn push_literal(&mut self, character: char) {
        let mut buffer = [0; 4];
        let escaped = regex::escape(character.encode_utf8(&mut buffer));
        self.push(&escaped);
        self.atom = true;
    }

    fn outside(&mut self, character: char) -> Result<(), String> {
        match character {
            '\\' => self.escape()?,
            '[' => self.open_class(),
            '.' => {
                self.push(&if self.dot_is_all {
                    ".".to_owned()
                } else {
                    format!("[^{LINE_ENDS}]")
                });
                self.atom = true;
            }
            '$' if self.multiline => self.push("$"),
            '$' => {
                self.find.push_str(END);
                self.full.push_str("\\z");
                self.ends = true;
                self.atom = true;
            }
            '{' => self.repetition()?,
            '*' | '+' | '?' => {
                if !self.atom {
                    return Err(format!("nothing before `{character}`"));
                }
                self.push(character.encode_utf8(&mut [0; 4]));
                self.after_quantifier();
            }
            '(' => {
                self.push("(");
                self.atom = false;
                if self.rest.next_if_eq(&'?').is_some() {
                    self.push("?");
                    self.group_kind();
                }
            }
            '|' => {
                self.push("|");
                self.atom = false;
            }
            '^' | ')' => {
                self.push(character.encode_utf8(&mut [0; 4]));
                self.atom = true;
            }
            other => self.push_literal(other),
        }
        Ok(())
    }

    /// What makes a group special, up to what it has inside.
    fn group_kind(&mut self) {
        while let Some(next) = self.rest.next_if(|next| !matches!(next, ')' | '[' | '\\' | '(')) {
            // Java's `d` and `u` and `U` mean nothing here.
            if !matches!(next, 'd' | 'u' | 'U') || self.full.ends_with('<') {
                self.push(next.encode_utf8(&mut [0; 4]));
            }
            match next {
                '<' if !matches!(self.rest.peek(), Some('=' | '!')) => {
                    while let Some(name) = self.rest.next_if(|next| *next != '>') {
                        self.push(name.encode_utf8(&mut [0; 4]));
                    }
                }
                '<' => {}
                ':' | '>' | '=' | '!' => break,
                _ => {}
            }
        }
        if self.full.ends_with("(?") {
            // Only flags without a meaning here.
            self.push(":");
        }
    }

    fn after_quantifier(&mut self) {
        if self.rest.next_if_eq(&'+').is_some() {
            self.push("+");
            self.backtracks = true;
        } else if self.rest.next_if_eq(&'?').is_some() {
            self.push("?");
        }
        self.atom = false;
    }

    fn repetition(&mut self) -> Result<(), String> {
        let mut text = String::from("{");
        loop {
            match self.rest.next() {
                Some(digit @ ('0'..='9' | ',')) => text.push(digit),
                Some('}') if text.len() > 1 && !text.starts_with("{,") => break,
                _ => return Err("`{` without a number; a brace itself is `\\{`".to_owned()),
            }
        }
        if !self.atom {
            return Err("nothing before `{`".to_owned());
        }
        text.push('}');
        self.push(&text);
        self.after_quantifier();
        Ok(())
    }

    fn open_class(&mut self) {
        self.push("[");
        self.classes += 1;
        if self.rest.next_if_eq(&'^').is_some() {
            self.push("^");
        }
        if self.rest.next_if_eq(&']').is_some() {
            self.push("\\]");
        }
    }

    fn in_class(&mut self, character: char) -> Result<(), String> {
        match character {
            '[' => self.open_class(),
            ']' => {
                self.push("]");
                self.classes -= 1;
                self.atom = true;
            }
            '\\' => self.escape()?,
            '&' if self.rest.next_if_eq(&'&').is_some() => self.push("&&"),
            '-' if self.rest.peek() != Some(&'-') => self.push("-"),
            '^' => self.push("\\^"),
            other => self.push_literal(other),
        }
        Ok(())
    }

    /// A class written as `\d`: bare in brackets, in brackets of its own elsewhere.
    fn class(&mut self, members: &str, negated: bool) {
        let text = match (self.classes > 0, negated) {
            (true, false) => members.to_owned(),
            (_, true) => format!("[^{members}]"),
            (false, false) => format!("[{members}]"),
        };
        self.push(&text);
        self.atom = true;
    }

    fn escape(&mut self) -> Result<(), String> {
        let Some(character) = self.rest.next() else { return Err("`\\` at the end".to_owned()) };
        match character {
            'd' | 'D' => self.class(DIGIT, character == 'D'),
            'w' | 'W' => self.class(WORD, character == 'W'),
            's' | 'S' => self.class(SPACE, character == 'S'),
            'h' | 'H' => self.class(BLANK, character == 'H'),
            'v' | 'V' => self.class(VERTICAL, character == 'V'),
            'p' | 'P' => self.property(character == 'P')?,
            'R' => self.push(r"(?:\r\n|[\n\x0B\f\r\u{85}\u{2028}\u{2029}])"),
            'Q' => self.quoted(),
            'E' => {}
            'b' | 'B' | 'A' | 'z' if self.classes == 0 => {
                self.push("\\");
                self.push(character.encode_utf8(&mut [0; 4]));
            }
            'Z' if self.classes == 0 => {
                self.find.push_str(END);
                self.full.push_str(END);
                (self.ends, self.backtracks) = (true, true);
            }
            'G' if self.classes == 0 => {
                self.push("\\G");
                self.backtracks = true;
            }
            't' | 'n' | 'r' | 'f' | 'a' => {
                self.push("\\");
                self.push(character.encode_utf8(&mut [0; 4]));
            }
            'e' => self.push("\\x1B"),
            'u' => self.code_point(4)?,
            'x' => self.code_point(2)?,
            'c' => {
                let control =
                    self.rest.next().filter(char::is_ascii).ok_or("`\\c` needs a letter")?;
                self.push_literal(char::from(control as u8 ^ 0x40));
            }
            '0' => self.octal()?,
            '1'..='9' | 'k' if self.classes == 0 => {
                self.push("\\");
                self.push(character.encode_utf8(&mut [0; 4]));
                self.backtracks = true;
            }
            other if other.is_ascii_alphabetic() => {
                return Err(format!("`\\{other}` means nothing"));
            }
            other => self.push_literal(other),
        }
        self.atom = true;
        Ok(())
    }

    fn quoted(&mut self) {
        while let Some(character) = self.rest.next() {
            if character == '\\' && self.rest.next_if_eq(&'E').is_some() {
                return;
            }
            self.push_literal(character);
        }
    }

    fn code_point(&mut self, digits: usize) -> Result<(), String> {
        let mut text = String::new();
        if digits == 2 && self.rest.next_if_eq(&'{').is_some() {
            while let Some(digit) = self.rest.next_if(|next| *next != '}') {
                text.push(digit);
            }
            self.rest.next();
        } else {
            text.extend(self.rest.by_ref().take(digits));
        }
        let character = u32::from_str_radix(&text, 16).ok().and_then(char::from_u32);
        self.push_literal(character.ok_or_else(|| format!("`{text}` is no character"))?);
        Ok(())
    }

    fn octal(&mut self) -> Result<(), String> {
        let mut value = 0;
        let mut count = 0;
        while count < 3 && value < 32 {
            let Some(digit) = self.rest.next_if(|next| ('0'..='7').contains(next)) else { break };
            value = value * 8 + digit.to_digit(8).unwrap_or(0);
            count += 1;
        }
        if count == 0 {
            return Err("`\\0` needs octal digits".to_owned());
        }
        self.push_literal(char::from_u32(value).unwrap_or('\0'));
        Ok(())
    }

    fn property(&mut self, negated: bool) -> Result<(), String> {
        let name: String = if self.rest.next_if_eq(&'{').is_some() {
            let name: String =
                std::iter::from_fn(|| self.rest.next_if(|next| *next != '}')).collect();
            self.rest.next();
            name
        } else {
            self.rest.next().into_iter().collect()
        };
        let posix = match name.as_str() {
            "Lower" => "a-z",
            "Upper" => "A-Z",
            "ASCII" => r"\x00-\x7F",
            "Alpha" => "A-Za-z",
            "Digit" => DIGIT,
            "Alnum" => "A-Za-z0-9",
            "Punct" => r"!-/:-@\[-`{-~",
            "Graph" => "!-~",
            "Print" => " -~",
            "Blank" => r" \t",
            "Cntrl" => r"\x00-\x1F\x7F",
            "XDigit" => "0-9A-Fa-f",
            "Space" => SPACE,
            _ => {
                let name =
                    name.strip_prefix("Is").or_else(|| name.strip_prefix("java")).unwrap_or(&name);
                let name = match name {
                    "LowerCase" => "Lowercase",
                    "UpperCase" => "Uppercase",
                    "Whitespace" => "White_Space",
                    "LetterOrDigit" => {
                        self.class(r"\p{L}\p{Nd}", negated);
                        return Ok(());
                    }
                    other => other,
                };
                let letter = if negated { 'P' } else { 'p' };
                self.push(&format!("\\{letter}{{{name}}}"));
                self.atom = true;
                return Ok(());
            }
        };
        self.class(posix, negated);
        Ok(())
    }
}
