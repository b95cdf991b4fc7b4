//! References.

use crate::SyntaxError;
use crate::jsonpath::Path;
use crate::lexer::Kind;
use crate::program::{Expression, Method, Node, Prepared, Printed, Reference, Step, Variable};
use crate::regex::Pattern;

use super::Parser;

/// A reference with what its backslashes and dollars make of it.
pub(super) struct Parsed {
    pub(super) reference: Reference,
    escaped: bool,
    escape_prefix: String,
    more_prefix: String,
    fallback: String,
}

/// A reference that is printed without any of that.
pub(super) fn plain(reference: Reference, fallback: Box<str>) -> Printed {
    Printed { prefix: "".into(), reference, escaped: None, fallback, slashes: 0 }
}

/// The first token of a reference from its last `$`, without what stands before.
pub(super) fn leading_name(image: &str) -> &str {
    if image.contains("\\!") {
        return image;
    }
    let bare = image.trim_start_matches('\\');
    &bare[bare.rfind('$').unwrap_or(0)..]
}

impl Parser<'_, '_> {
    pub(super) fn at_reference(&mut self) -> Result<bool, SyntaxError> {
        Ok(matches!(self.peek()?, Kind::Identifier | Kind::CurlyOpen))
    }

    /// A reference among text.
    pub(super) fn printed_reference(&mut self) -> Result<Node, SyntaxError> {
        let Parsed { reference, escaped, escape_prefix, more_prefix, fallback } =
            self.reference()?;
        Ok(Node::Reference(Box::new(Printed {
            slashes: escape_prefix.len(),
            reference,
            escaped: escaped.then(|| format!("{escape_prefix}{fallback}").into()),
            prefix: (escape_prefix + &more_prefix).into(),
            fallback: fallback.into(),
        })))
    }

    /// A reference.
    pub(super) fn reference(&mut self) -> Result<Parsed, SyntaxError> {
        self.deeper(Self::reference_at_depth)
    }

    fn reference_at_depth(&mut self) -> Result<Parsed, SyntaxError> {
        let first = self.next;
        let formal = self.take(Kind::CurlyOpen)?;
        let name_at = self.next;
        self.expect(Kind::Identifier, "a name")?;
        let mut steps = Vec::new();
        self.indexes(&mut steps)?;
        while self.peek()? == Kind::Dot && self.peek_at(1)? == Kind::Identifier {
            self.next += 1;
            let name = self.take_image();
            if self.take(Kind::ParenOpen)? {
                let arguments = self.arguments()?;
                steps.push(Step::Method(Method {
                    prepared: prepare(name, &arguments),
                    name: name.into(),
                    arguments,
                }));
            } else {
                steps.push(Step::Property(name.into()));
            }
            self.indexes(&mut steps)?;
        }
        if formal && !self.take(Kind::CurlyClose)? {
            let (found, start) = (self.found(), self.literal(first, first + 2));
            return Err(self.unexpected(&format!("expected `}}` of `{start}…`, found {found}")));
        }
        Ok(self.rooted(first, name_at, steps))
    }

    /// Works out what the reference begins with: backslashes, dollars, `!`.
    fn rooted(&mut self, first: usize, name_at: usize, steps: Vec<Step>) -> Parsed {
        let image = self.image(first);
        let position = self.position(first);
        let rest = self.literal(first + 1, self.next);
        let mut parsed = Parsed {
            reference: Reference {
                position,
                root: Variable::Word(image.into()),
                steps,
                text: format!("{image}{rest}").into(),
            },
            escaped: false,
            escape_prefix: String::new(),
            more_prefix: String::new(),
            fallback: String::new(),
        };
        if image.contains("\\!") {
            let dollar = image.find('$').unwrap_or(0);
            let slash = image[dollar..].find('\\').map_or(dollar, |at| dollar + at);
            let mut name = image.to_owned();
            name.remove(slash);
            parsed.reference.root = Variable::Unreadable(self.shared.slot(&name));
            parsed.fallback = name;
            return parsed;
        }
        let slashes = image.len() - image.trim_start_matches('\\').len();
        parsed.escaped = slashes % 2 == 1;
        parsed.escape_prefix = "\\".repeat(slashes / 2);
        let bare = leading_name(image);
        parsed.more_prefix = image[slashes..image.len() - bare.len()].to_owned();
        parsed.fallback = format!("{bare}{rest}");
        parsed.reference.text = parsed.fallback.as_str().into();
        let name = match bare.strip_prefix("$!") {
            Some(quiet) => {
                if !parsed.escaped {
                    parsed.fallback.clear();
                }
                if bare.starts_with("$!{") { self.image(name_at) } else { quiet }
            }
            None if bare == "${" => self.image(name_at),
            None => match bare.strip_prefix('$') {
                Some(name) => name,
                None => return parsed,
            },
        };
        parsed.reference.root = Variable::Slot(self.shared.slot(name));
        parsed
    }

    fn indexes(&mut self, steps: &mut Vec<Step>) -> Result<(), SyntaxError> {
        while self.take(Kind::IndexOpen)? {
            self.blanks()?;
            let what = "a quoted string, an integer, `true`, `false` or a reference as the index";
            let index = match self.peek()? {
                Kind::String
                | Kind::Integer
                | Kind::True
                | Kind::False
                | Kind::Identifier
                | Kind::CurlyOpen => self.parameter_value()?,
                _ => {
                    let found = self.found();
                    return Err(self.unexpected(&format!("expected {what}, found {found}")));
                }
            };
            self.blanks()?;
            self.expect(Kind::IndexClose, "`]`")?;
            steps.push(Step::Index(index));
        }
        Ok(())
    }

    fn arguments(&mut self) -> Result<Vec<Expression>, SyntaxError> {
        let mut arguments = Vec::new();
        if self.take(Kind::MethodClose)? {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.parameter()?);
            if !self.take(Kind::Comma)? {
                self.expect(
                    Kind::MethodClose,
                    "`,` or `)` after an argument (calculations need a `#set` before)",
                )?;
                return Ok(arguments);
            }
        }
    }
}

/// Works out at once what does not depend on the request.
fn prepare(name: &str, arguments: &[Expression]) -> Prepared {
    let Some(Expression::Text(text)) = arguments.first() else { return Prepared::Nothing };
    match name {
        "path" | "json" if arguments.len() == 1 => {
            Path::parse(text).map_or(Prepared::Nothing, Prepared::Path)
        }
        "matches" | "replaceAll" | "replaceFirst" | "split" => {
            Pattern::new(text).map_or(Prepared::Nothing, Prepared::Pattern)
        }
        _ => Prepared::Nothing,
    }
}
