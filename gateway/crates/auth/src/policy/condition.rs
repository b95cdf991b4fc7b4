//! Conditions: operators, and what they make of a key's values.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::glob::{BadVariable, COLON, Syntax, Template, Token, Units};
use super::literals::{Decimal, Network, base64, date};
use super::{ConditionKeys, KeyValue};

/// One key under one operator.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    operator: Operator,
    /// In lower case.
    key: Box<str>,
    tests: Vec<Test>,
}

/// An operator's name, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator {
    comparison: Comparison,
    is_negated: bool,
    if_exists: bool,
    set: Option<Set>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    AnyValue,
    AllValues,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equals,
    EqualsIgnoreCase,
    Like,
    Numeric(Relation),
    Date(Relation),
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    /// Whether a request's value stands so to the policy's.
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// One value of a condition, made ready.
#[derive(Debug, Clone, PartialEq)]
enum Test {
    Equals(Template),
    EqualsIgnoreCase(Template),
    Like(Template),
    Number(Relation, Decimal),
    Date(Relation, i64),
    Bool(Template),
    Binary(Vec<u8>),
    Ip(Network),
    Arn(Template),
    /// `Null`: whether the key is to be absent.
    Null(bool),
    /// What is written is no value for the operator.
    Malformed,
}

/// What a test says of one of the request's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Matches,
    Differs,
    /// Neither: the condition fails, negated or not.
    Never,
}

impl From<bool> for Outcome {
    fn from(is_match: bool) -> Self {
        if is_match { Self::Matches } else { Self::Differs }
    }
}

impl Operator {
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (set, rest) = match name.split_once(':') {
            Some(("ForAnyValue", rest)) => (Some(Set::AnyValue), rest),
            Some(("ForAllValues", rest)) => (Some(Set::AllValues), rest),
            Some(_) => return None,
            None => (None, name),
        };
        let (word, if_exists) = match rest.strip_suffix("IfExists") {
            Some(word) => (word, true),
            None => (rest, false),
        };
        let (comparison, is_negated) = comparison(word)?;
        let is_plain = set.is_none() && !if_exists;
        (is_plain || comparison != Comparison::Null).then_some(Self {
            comparison,
            is_negated,
            if_exists,
            set,
        })
    }
}

fn comparison(word: &str) -> Option<(Comparison, bool)> {
    use Comparison as C;
    Some(match word {
        "StringEquals" => (C::Equals, false),
        "StringNotEquals" => (C::Equals, true),
        "StringEqualsIgnoreCase" => (C::EqualsIgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (C::EqualsIgnoreCase, true),
        "StringLike" => (C::Like, false),
        "StringNotLike" => (C::Like, true),
        "NumericNotEquals" => (C::Numeric(Relation::Equal), true),
        "DateNotEquals" => (C::Date(Relation::Equal), true),
        "Bool" => (C::Bool, false),
        "BinaryEquals" => (C::Binary, false),
        "IpAddress" => (C::Ip, false),
        "NotIpAddress" => (C::Ip, true),
        "ArnEquals" | "ArnLike" => (C::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (C::Arn, true),
        "Null" => (C::Null, false),
        _ => match (word.strip_prefix("Numeric"), word.strip_prefix("Date")) {
            (Some(rest), _) => (C::Numeric(relation(rest)?), false),
            (_, Some(rest)) => (C::Date(relation(rest)?), false),
            _ => return None,
        },
    })
}

fn relation(word: &str) -> Option<Relation> {
    Some(match word {
        "Equals" => Relation::Equal,
        "LessThan" => Relation::Less,
        "LessThanEquals" => Relation::LessOrEqual,
        "GreaterThan" => Relation::Greater,
        "GreaterThanEquals" => Relation::GreaterOrEqual,
        _ => return None,
    })
}

impl Condition {
    /// A condition of a document with policy variables, or without.
    pub(super) fn new(
        operator: Operator,
        key: &str,
        values: &[String],
        has_variables: bool,
    ) -> Result<Self, BadVariable> {
        let test = |value: &String| Test::new(operator.comparison, value, has_variables);
        let tests = values.iter().map(test).collect::<Result<_, _>>()?;
        Ok(Self { operator, key: key.to_lowercase().into(), tests })
    }

    /// What it takes in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        let tests = self.tests.iter().map(|test| match test {
            Test::Equals(template)
            | Test::EqualsIgnoreCase(template)
            | Test::Like(template)
            | Test::Bool(template)
            | Test::Arn(template) => template.bytes(),
            Test::Number(_, number) => number.bytes(),
            Test::Binary(bytes) => bytes.len(),
            Test::Date(..) | Test::Ip(_) | Test::Null(_) | Test::Malformed => 0,
        });
        size_of::<Self>() + self.key.len() + size_of_val(&self.tests[..]) + tests.sum::<usize>()
    }

    pub(super) fn holds(&self, keys: &dyn ConditionKeys) -> bool {
        let Operator { comparison, if_exists, set, .. } = self.operator;
        let value = keys.value(&self.key);
        if comparison == Comparison::Null {
            let is_absent = match &value {
                KeyValue::Absent => true,
                KeyValue::One(_) => false,
                KeyValue::Many(values) => values.is_empty(),
            };
            return self.tests.contains(&Test::Null(is_absent));
        }
        let one = |value: &str| self.holds_for(value, keys);
        match (set, &value) {
            (None, KeyValue::Absent) => if_exists || self.operator.is_negated,
            (None, KeyValue::One(value)) => one(value),
            // Not even negated, or with `IfExists`.
            (None, KeyValue::Many(_)) => false,
            (Some(Set::AnyValue), KeyValue::Absent) => if_exists,
            (Some(Set::AnyValue), KeyValue::One(value)) => one(value),
            (Some(Set::AnyValue), KeyValue::Many(values)) => {
                values.iter().any(|value| one(value)) || (values.is_empty() && if_exists)
            }
            (Some(Set::AllValues), KeyValue::Absent) => true,
            (Some(Set::AllValues), KeyValue::One(value)) => one(value),
            (Some(Set::AllValues), KeyValue::Many(values)) => values.iter().all(|value| one(value)),
        }
    }

    /// Any of the policy's values, or for a negated operator none.
    fn holds_for(&self, value: &str, keys: &dyn ConditionKeys) -> bool {
        let mut outcomes = self.tests.iter().map(|test| test.outcome(value, keys));
        if self.operator.is_negated {
            outcomes.all(|outcome| outcome == Outcome::Differs)
        } else {
            outcomes.any(|outcome| outcome == Outcome::Matches)
        }
    }
}

impl Test {
    fn new(comparison: Comparison, text: &str, variables: bool) -> Result<Self, BadVariable> {
        let exact = Syntax { wildcards: false, variables };
        let glob = Syntax { wildcards: true, variables };
        let parsed = match comparison {
            Comparison::Equals => Some(Self::Equals(Template::parse(text, exact)?)),
            Comparison::EqualsIgnoreCase => {
                Some(Self::EqualsIgnoreCase(Template::parse(text, exact)?))
            }
            Comparison::Like => Some(Self::Like(Template::parse(text, glob)?)),
            Comparison::Bool => Some(Self::Bool(Template::parse(text, exact)?)),
            Comparison::Arn => Some(Self::Arn(Template::parse(text, glob)?)),
            Comparison::Numeric(relation) => {
                Decimal::parse(text).map(|number| Self::Number(relation, number))
            }
            Comparison::Date(relation) => date(text).map(|date| Self::Date(relation, date)),
            Comparison::Binary => base64(text).map(Self::Binary),
            Comparison::Ip => Network::parse(text).map(Self::Ip),
            Comparison::Null => truth(text).map(Self::Null),
        };
        Ok(parsed.unwrap_or(Self::Malformed))
    }

    fn outcome(&self, value: &str, keys: &dyn ConditionKeys) -> Outcome {
        let (template, compare): (_, fn(&str, &[Token]) -> Outcome) = match self {
            Self::Equals(template) => (template, |value, tokens| equals(value, tokens).into()),
            Self::EqualsIgnoreCase(template) => (template, |value, tokens| {
                (value.to_lowercase() == text(tokens).to_lowercase()).into()
            }),
            Self::Like(template) => {
                (template, |value, tokens| Units::of(value).matches(tokens).into())
            }
            Self::Bool(template) => (template, |value, tokens| match truth(&text(tokens)) {
                Some(wanted) => (value.eq_ignore_ascii_case("true") == wanted).into(),
                None => Outcome::Never,
            }),
            Self::Arn(template) => (template, arn),
            Self::Number(relation, wanted) => {
                let order = Decimal::parse(value).map(|value| value.cmp(wanted));
                return order.is_some_and(|order| relation.holds(order)).into();
            }
            Self::Date(relation, wanted) => {
                let order = date(value).map(|value| value.cmp(wanted));
                return order.is_some_and(|order| relation.holds(order)).into();
            }
            Self::Binary(wanted) => return base64(value).is_some_and(|v| v == *wanted).into(),
            Self::Ip(network) => {
                let address = value.parse::<IpAddr>();
                return address.map_or(Outcome::Never, |address| network.contains(address).into());
            }
            Self::Null(_) | Self::Malformed => return Outcome::Never,
        };
        template.resolve(keys).map_or(Outcome::Differs, |tokens| compare(value, &tokens))
    }
}

fn truth(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn equals(value: &str, tokens: &[Token]) -> bool {
    value.encode_utf16().map(Token::Unit).eq(tokens.iter().copied())
}

/// The text of steps without wildcards.
fn text(tokens: &[Token]) -> String {
    let units = tokens.iter().map(|token| match token {
        Token::Unit(unit) => *unit,
        Token::One => u16::from(b'?'),
        Token::Run => u16::from(b'*'),
    });
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Six parts each, the last with all further colons: a wildcard does not cross the first five.
fn arn(value: &str, tokens: &[Token]) -> Outcome {
    let is_arn = value.starts_with("arn:") && value.bytes().filter(|b| *b == b':').count() >= 5;
    let colons = tokens.iter().filter(|token| **token == COLON).count();
    if !is_arn || colons < 5 {
        return Outcome::Never;
    }
    let parts = value.splitn(6, ':');
    let patterns = tokens.splitn(6, |token| *token == COLON);
    parts.zip(patterns).all(|(part, pattern)| Units::of(part).matches(pattern)).into()
}
