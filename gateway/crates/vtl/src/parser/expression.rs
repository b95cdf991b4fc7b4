//! Expressions.

use crate::SyntaxError;
use crate::lexer::Kind;
use crate::program::{Arithmetic, Comparison, Expression, Term};

use super::{Parser, literal};

/// How tightly operators bind, loosest first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Or,
    And,
    Equality,
    Relation,
    Sum,
    Product,
}

/// An expression with the tokens that stand for it where `+` finds it without a value.
struct Operand {
    expression: Expression,
    tokens: (usize, usize),
}

impl Parser<'_, '_> {
    pub(super) fn expression(&mut self) -> Result<Expression, SyntaxError> {
        self.deeper(|parser| parser.any(Level::Or)).map(|operand| operand.expression)
    }

    /// Operands with operators of `level` between them, or what binds tighter.
    fn any(&mut self, level: Level) -> Result<Operand, SyntaxError> {
        match level {
            Level::Or => self.junction(Kind::Or, Level::And, Expression::Or),
            Level::And => self.junction(Kind::And, Level::Equality, Expression::And),
            Level::Equality => self.comparison(Level::Relation, equality),
            Level::Relation => self.comparison(Level::Sum, relation),
            Level::Sum => self.arithmetic(Some(Level::Product), sum),
            Level::Product => self.arithmetic(None, product),
        }
    }

    fn junction(
        &mut self,
        operator: Kind,
        tighter: Level,
        of: fn(Vec<Expression>) -> Expression,
    ) -> Result<Operand, SyntaxError> {
        let first = self.any(tighter)?;
        if self.peek()? != operator {
            return Ok(first);
        }
        let mut operands = vec![first.expression];
        let mut start = self.next;
        while self.take(operator)? {
            start = self.next;
            operands.push(self.any(tighter)?.expression);
        }
        Ok(Operand { expression: of(operands), tokens: (start, self.next) })
    }

    fn comparison(
        &mut self,
        tighter: Level,
        of: fn(Kind) -> Option<Comparison>,
    ) -> Result<Operand, SyntaxError> {
        let first = self.any(tighter)?;
        let mut rest = Vec::new();
        let mut start = self.next;
        while let Some(comparison) = of(self.peek()?) {
            self.next += 1;
            start = self.next;
            rest.push((comparison, self.any(tighter)?.expression));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        let expression = Expression::Compare(Box::new(first.expression), rest);
        Ok(Operand { expression, tokens: (start, self.next) })
    }

    fn arithmetic(
        &mut self,
        tighter: Option<Level>,
        of: fn(Kind) -> Option<Arithmetic>,
    ) -> Result<Operand, SyntaxError> {
        let operand = |parser: &mut Self| match tighter {
            Some(level) => parser.any(level),
            None => parser.unary(),
        };
        let first = operand(self)?;
        if of(self.peek()?).is_none() {
            return Ok(first);
        }
        let text = self.text_without_value(&first);
        let first = Term { expression: first.expression, chain_text: text.clone(), text };
        let mut rest = Vec::new();
        let mut start = self.next;
        while let Some(arithmetic) = of(self.peek()?) {
            self.next += 1;
            start = self.next;
            let term = operand(self)?;
            // What the reference implementation calls the text of an operation is what follows its operator.
            let chain_text = self.literal(start, self.next).into();
            let text = self.text_without_value(&term);
            rest.push((arithmetic, Term { expression: term.expression, text, chain_text }));
        }
        Ok(Operand {
            expression: Expression::Arithmetic(Box::new(first), rest),
            tokens: (start, self.next),
        })
    }

    fn text_without_value(&self, operand: &Operand) -> Box<str> {
        let may_have_none = matches!(
            operand.expression,
            Expression::Arithmetic(..) | Expression::Range(_) | Expression::Reference(_)
        );
        if may_have_none {
            self.literal(operand.tokens.0, operand.tokens.1).into()
        } else {
            "".into()
        }
    }

    fn unary(&mut self) -> Result<Operand, SyntaxError> {
        let negated = self.peek()? == Kind::Not
            || self.peek()? == Kind::Whitespace && self.peek_at(1)? == Kind::Not;
        if negated {
            self.blanks()?;
            self.next += 1;
            let start = self.next;
            let operand = self.deeper(Self::unary)?;
            let expression = Expression::Not(Box::new(operand.expression));
            return Ok(Operand { expression, tokens: (start, self.next) });
        }
        self.blanks()?;
        let mut start = self.next;
        let mut end = None;
        let expression = match self.peek()? {
            Kind::ParenOpen => {
                self.next += 1;
                start = self.next;
                let expression = self.expression()?;
                end = Some(self.next);
                self.expect(Kind::ParenClose, "`)` or an operator")?;
                expression
            }
            _ if self.at_parameter()? => self.parameter_value()?,
            kind => return Err(self.no_operand(kind)),
        };
        let end = end.unwrap_or(self.next);
        self.blanks()?;
        Ok(Operand { expression, tokens: (start, end) })
    }

    fn no_operand(&self, kind: Kind) -> SyntaxError {
        let found = self.found();
        let hint = match kind {
            Kind::Minus => ": for the negative of a reference write `0 - $x`",
            Kind::Word if found == "`null`" => {
                ": there is no `null`; compare with `$null`, which is undefined, or with `\"\"`"
            }
            Kind::Word => ": text needs quotes, a variable needs `$`",
            Kind::BracketedWord => ": the keys of a map need quotes",
            Kind::Assign => ": equality is `==`",
            _ => "",
        };
        self.unexpected(&format!("expected a value, found {found}{hint}"))
    }

    /// Whether a literal or a reference is next.
    pub(super) fn at_parameter(&mut self) -> Result<bool, SyntaxError> {
        Ok(matches!(
            self.peek()?,
            Kind::String
                | Kind::Integer
                | Kind::Float
                | Kind::ListOpen
                | Kind::MapOpen
                | Kind::True
                | Kind::False
                | Kind::Identifier
                | Kind::CurlyOpen
        ))
    }

    /// A literal or a reference, with blanks around.
    pub(super) fn parameter(&mut self) -> Result<Expression, SyntaxError> {
        self.blanks()?;
        if !self.at_parameter()? {
            let kind = self.peek()?;
            return Err(self.no_operand(kind));
        }
        let parameter = self.parameter_value()?;
        self.blanks()?;
        Ok(parameter)
    }

    /// A literal or a reference, which is known to be next.
    pub(super) fn parameter_value(&mut self) -> Result<Expression, SyntaxError> {
        self.deeper(|parser| match parser.peek()? {
            Kind::String => {
                let at = parser.next;
                let image = parser.take_image();
                literal::string(parser, image, at)
            }
            Kind::Integer => {
                let at = parser.next;
                let image = parser.take_image();
                literal::integer(parser, image, at)
            }
            Kind::Float => {
                let at = parser.next;
                let image = parser.take_image();
                literal::float(parser, image, at)
            }
            Kind::True => {
                parser.next += 1;
                Ok(Expression::Bool(true))
            }
            Kind::False => {
                parser.next += 1;
                Ok(Expression::Bool(false))
            }
            Kind::ListOpen => parser.list(),
            Kind::MapOpen => parser.map(),
            _ => Ok(Expression::Reference(Box::new(parser.reference()?.reference))),
        })
    }

    /// `[a, b]` or `[a..b]`
    fn list(&mut self) -> Result<Expression, SyntaxError> {
        self.next += 1;
        let mut items = Vec::new();
        if self.take(Kind::ListClose)? {
            return Ok(Expression::List(items));
        }
        loop {
            items.push(self.parameter()?);
            if items.len() == 1 && self.peek()? == Kind::DoubleDot {
                return self.range(items.remove(0));
            }
            if !self.take(Kind::Comma)? {
                self.expect(Kind::ListClose, "`,` or `]` in a list")?;
                return Ok(Expression::List(items));
            }
        }
    }

    fn range(&mut self, from: Expression) -> Result<Expression, SyntaxError> {
        let is_end = |expression: &Expression| {
            matches!(
                expression,
                Expression::Integer(_)
                    | Expression::Long(_)
                    | Expression::Big(_)
                    | Expression::Reference(_)
            )
        };
        let at = self.next;
        self.next += 1;
        let to = self.parameter()?;
        if !is_end(&from) || !is_end(&to) {
            return Err(self.error_at(at, "the ends of a range are integers or references"));
        }
        self.expect(Kind::ListClose, "`]` of a range")?;
        Ok(Expression::Range(Box::new([from, to])))
    }

    /// `{a: b, c: d}`
    fn map(&mut self) -> Result<Expression, SyntaxError> {
        self.next += 1;
        let mut entries = Vec::new();
        let blank = usize::from(self.peek()? == Kind::Whitespace);
        if matches!(self.peek_at(blank)?, Kind::MapClose | Kind::CurlyClose) {
            self.next += blank + 1;
            return Ok(Expression::Map(entries));
        }
        loop {
            let key = self.parameter()?;
            self.expect(Kind::Colon, "`:` after a key of a map")?;
            entries.push((key, self.parameter()?));
            if !self.take(Kind::Comma)? {
                if !self.take(Kind::CurlyClose)? {
                    self.expect(Kind::MapClose, "`,` or `}` in a map")?;
                }
                return Ok(Expression::Map(entries));
            }
        }
    }
}

fn equality(kind: Kind) -> Option<Comparison> {
    Some(match kind {
        Kind::Equal => Comparison::Equal,
        Kind::NotEqual => Comparison::NotEqual,
        _ => return None,
    })
}

fn relation(kind: Kind) -> Option<Comparison> {
    Some(match kind {
        Kind::Less => Comparison::Less,
        Kind::LessEqual => Comparison::LessEqual,
        Kind::Greater => Comparison::Greater,
        Kind::GreaterEqual => Comparison::GreaterEqual,
        _ => return None,
    })
}

fn sum(kind: Kind) -> Option<Arithmetic> {
    Some(match kind {
        Kind::Plus => Arithmetic::Add,
        Kind::Minus => Arithmetic::Subtract,
        _ => return None,
    })
}

fn product(kind: Kind) -> Option<Arithmetic> {
    Some(match kind {
        Kind::Multiply => Arithmetic::Multiply,
        Kind::Divide => Arithmetic::Divide,
        Kind::Modulus => Arithmetic::Modulo,
        _ => return None,
    })
}
