//! Values of templates, and of JSON documents. They are Java's: shared, mutable, printed as Java prints them.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use indexmap::IndexMap;
use num_bigint::BigInt;

/// What a reference stands for.
#[derive(Clone, Debug)]
pub enum Value {
    /// JSON's `null`, or nothing. Prints `null` in a map or list and nothing elsewhere.
    Null,
    /// `java.lang.Boolean`
    Bool(bool),
    /// `java.lang.Integer`
    Integer(i32),
    /// `java.lang.Long`
    Long(i64),
    /// `java.math.BigInteger`
    Big(Rc<BigInt>),
    /// `java.lang.Double`
    Double(f64),
    /// `java.math.BigDecimal`: as its `toString` prints it.
    Decimal(Rc<str>),
    /// `java.lang.String`
    String(Rc<str>),
    /// A list or an array.
    List(List),
    /// `java.util.LinkedHashMap`
    Map(Map),
}

/// Which Java class a list is; they print differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// `java.util.ArrayList`: `[a, b]`.
    ArrayList,
    /// json-smart's `JSONArray`: compact JSON.
    JsonArray,
    /// `java.lang.String[]`, from `split`.
    StringArray,
    /// What `keySet()`, `values()` and `entrySet()` give: `[a, b]`.
    View,
}

/// A shared list.
#[derive(Clone, Debug)]
pub struct List {
    /// Its class.
    pub kind: ListKind,
    /// Its elements.
    pub items: Rc<RefCell<Vec<Value>>>,
}

impl List {
    /// A list of `items`.
    #[must_use]
    pub fn new(kind: ListKind, items: Vec<Value>) -> Self {
        Self { kind, items: Rc::new(RefCell::new(items)) }
    }
}

/// A shared map that keeps the order of insertion. Keys that are no strings are kept as their text.
#[derive(Clone, Debug, Default)]
pub struct Map(pub Rc<RefCell<IndexMap<Rc<str>, Value>>>);

impl Map {
    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value> {
        self.0.borrow().get(key).cloned()
    }

    /// Calls `each` for every entry in order. It must not change this map.
    pub fn for_each(&self, mut each: impl FnMut(&str, &Value)) {
        self.0.borrow().iter().for_each(|(key, value)| each(key, value));
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl fmt::Display for Value {
    /// As Java's `toString`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Long(value) => write!(f, "{value}"),
            Self::Big(value) => write!(f, "{value}"),
            Self::Double(value) => write!(f, "{value}"),
            Self::Decimal(text) | Self::String(text) => f.write_str(text),
            Self::List(_) | Self::Map(_) => Err(fmt::Error),
        }
    }
}
