//! What a filter is.

use super::Path;

/// `[?(…)]`
#[derive(Clone, Debug)]
pub(super) enum Filter {
    /// `a || b`
    Or(Vec<Filter>),
    /// `a && b`
    And(Vec<Filter>),
    /// `!(a)`
    Not(Box<Filter>),
    /// `@.a`: whether the path finds something; with `!`, whether not.
    Exists { path: Path, expected: bool },
    /// `a == b`
    Compare { left: Operand, operator: Operator, right: Operand },
}

/// A side of a comparison.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Path(Path),
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(Box<str>),
    /// `['a','b']`
    List(Vec<Operand>),
    /// `{'a':1}`: as JSON.
    Object(Box<str>),
    /// `/re/i`, which has to match a whole text.
    Pattern(Box<Pattern>),
}

/// A pattern of `=~`.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    /// Takes linear time.
    Linear(regex::Regex),
    /// Has look-around or back references; its steps are bounded.
    Backtracking(fancy_regex::Regex),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    /// `===`: of one type as well.
    Same,
    NotEqual,
    NotSame,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    In,
    NotIn,
    Contains,
    All,
    Size,
    Empty,
    SubsetOf,
    AnyOf,
    NoneOf,
    Type,
}

impl Operator {
    /// The operators made of signs, longest first.
    pub(super) const SIGNS: [(&'static str, Self); 9] = [
        ("===", Self::Same),
        ("!==", Self::NotSame),
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        ("=~", Self::Matches),
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    /// The operator that is a word, in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "in" => Self::In,
            "nin" => Self::NotIn,
            "contains" => Self::Contains,
            "all" => Self::All,
            "size" => Self::Size,
            "empty" => Self::Empty,
            "subsetof" => Self::SubsetOf,
            "anyof" => Self::AnyOf,
            "noneof" => Self::NoneOf,
            "type" => Self::Type,
            _ => return None,
        })
    }
}

impl Pattern {
    pub(super) fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Linear(regex) => regex.is_match(text),
            // A pattern that takes too many steps matches nothing.
            Self::Backtracking(regex) => regex.is_match(text).unwrap_or(false),
        }
    }
}
