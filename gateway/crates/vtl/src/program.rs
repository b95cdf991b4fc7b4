//! A template as it is executed: a tree whose names, numbers, paths and regular expressions are settled.

use num_bigint::BigInt;

use crate::jsonpath::Path;
use crate::regex::Pattern;

/// The whole template.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) body: Block,
    /// The names of variables; an index in here is a [`Slot`].
    pub(crate) names: Vec<Box<str>>,
    /// The bodies of `#define`.
    pub(crate) defined: Vec<Block>,
    /// The variables that loops set, where the template names them.
    pub(crate) loop_names: LoopNames,
}

/// Which variable.
pub(crate) type Slot = usize;

/// The slots of what a loop sets beside its own variable.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LoopNames {
    pub(crate) foreach: Option<Slot>,
    pub(crate) velocity_count: Option<Slot>,
    pub(crate) velocity_has_next: Option<Slot>,
}

/// Statements in order.
pub(crate) type Block = Vec<Node>;

/// Where something stands, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A statement.
#[derive(Debug)]
pub(crate) enum Node {
    Text(String),
    Reference(Box<Printed>),
    Set(Box<Set>),
    If(Box<If>),
    Foreach(Box<Foreach>),
    /// `#define`
    Define(Box<Define>),
    /// `#break`, with the scope that it leaves.
    Break(Position, Option<Box<Expression>>),
    /// `#stop`, with a message that nobody reads.
    Stop(Position, Option<Box<Expression>>),
    /// What API Gateway fails at when it comes there.
    Fails(Position, Box<str>),
}

/// A reference among text.
#[derive(Debug)]
pub(crate) struct Printed {
    /// What is printed before it: half the backslashes, and what of `$$x` is no reference.
    pub(crate) prefix: Box<str>,
    pub(crate) reference: Reference,
    /// For an escaped reference, what is printed instead of its value.
    pub(crate) escaped: Option<Box<str>>,
    /// What is printed where it has no text.
    pub(crate) fallback: Box<str>,
    /// The backslashes that are printed twice with that.
    pub(crate) slashes: usize,
}

/// `#set`
#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) position: Position,
    pub(crate) target: Reference,
    pub(crate) value: Expression,
}

/// `#if` with its `#elseif`s and its `#else`.
#[derive(Debug)]
pub(crate) struct If {
    pub(crate) branches: Vec<Branch>,
    pub(crate) otherwise: Option<(Position, Block)>,
}

/// A condition and what it guards.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) position: Position,
    pub(crate) condition: Expression,
    pub(crate) text: Box<str>,
    pub(crate) body: Block,
}

/// `#foreach`
#[derive(Debug)]
pub(crate) struct Foreach {
    pub(crate) position: Position,
    pub(crate) variable: Slot,
    pub(crate) text: Box<str>,
    /// What it loops over. `None` is a loop over nothing.
    pub(crate) over: Option<Expression>,
    pub(crate) body: Block,
}

/// `#define`
#[derive(Debug)]
pub(crate) struct Define {
    pub(crate) position: Position,
    pub(crate) variable: Slot,
    pub(crate) text: Box<str>,
    pub(crate) block: usize,
}

/// A reference: a variable and what is looked up from it.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) position: Position,
    pub(crate) root: Variable,
    pub(crate) steps: Vec<Step>,
    /// As it was written, without what escapes it.
    pub(crate) text: Box<str>,
}

/// What a reference begins with.
#[derive(Debug)]
pub(crate) enum Variable {
    /// A variable.
    Slot(Slot),
    /// `$\!name`: as text it is the variable named after it, as a value it is nothing.
    Unreadable(Slot),
    /// A word without `$`: as text itself, as a value nothing.
    Word(Box<str>),
}

/// One step of a reference.
#[derive(Debug)]
pub(crate) enum Step {
    /// `.name`
    Property(Box<str>),
    /// `.name(arguments)`
    Method(Method),
    /// `[index]`
    Index(Expression),
}

/// A call.
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) name: Box<str>,
    pub(crate) arguments: Vec<Expression>,
    pub(crate) prepared: Prepared,
}

/// What of a call was worked out when the template was parsed.
#[derive(Debug)]
pub(crate) enum Prepared {
    Nothing,
    /// The JSONPath of `$input.path` or `$input.json`.
    Path(Path),
    /// The regular expression of `matches`, `replaceAll`, `replaceFirst` or `split`.
    Pattern(Pattern),
}

/// Something with a value.
#[derive(Debug)]
pub(crate) enum Expression {
    Text(Box<str>),
    Bool(bool),
    Integer(i32),
    Long(i64),
    Big(BigInt),
    Double(f64),
    /// A string with references or directives in it.
    Interpolated(Box<Interpolated>),
    Reference(Box<Reference>),
    List(Vec<Self>),
    Map(Vec<(Self, Self)>),
    Range(Box<[Self; 2]>),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
    /// `a == b`, and what is compared with the outcome, from the left.
    Compare(Box<Self>, Vec<(Comparison, Self)>),
    /// Terms with operators of one precedence between them, from the left.
    Arithmetic(Box<Term>, Vec<(Arithmetic, Term)>),
}

/// A string that is a template.
#[derive(Debug)]
pub(crate) struct Interpolated {
    pub(crate) body: Block,
    /// Whether a blank was added for the parser, to be taken away from the result.
    pub(crate) padded: bool,
}

/// An operand of `+`, `-` and so on.
#[derive(Debug)]
pub(crate) struct Term {
    pub(crate) expression: Expression,
    /// What `+` puts for it when it has no value and the other side is a string.
    pub(crate) text: Box<str>,
    /// What `+` puts for the whole chain up to here in that case.
    pub(crate) chain_text: Box<str>,
}

/// `==`, `<` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// `+`, `-` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}
