//! Values of templates, and of JSON documents. They are Java's: shared, mutable, printed as Java prints them.

mod entries;
mod print;
#[cfg(test)]
mod tests;
mod text;

use std::cell::{Cell, Ref, RefCell};
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

use num_bigint::BigInt;

use crate::Root;
use crate::methods::Object;
pub(crate) use entries::{Entries, SCANNED_MAX};
pub(crate) use print::{PRINT_DEPTH_MAX, double as double_text, write_value};
pub use text::Text;

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
    Decimal(Text),
    /// `java.lang.String`
    String(Text),
    /// A list or an array.
    List(List),
    /// `java.util.LinkedHashMap`
    Map(Map),
    /// `$input`, `$util`, `$context`, `$stageVariables`, or a part of one.
    Root(Root),
    /// Another of Java's: a character, a class, a scope of a loop and the like.
    Object(Object),
}

impl Value {
    /// Whether this is a list or a map, which may hold others.
    #[must_use]
    pub(crate) fn is_container(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_))
            || matches!(self, Self::Object(object) if object.is_container())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
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
    pub items: Rc<RefCell<Items>>,
}

impl List {
    /// A list of `items`.
    #[must_use]
    pub fn new(kind: ListKind, items: Vec<Value>) -> Self {
        Self { kind, items: Rc::new(RefCell::new(Items(items))) }
    }
}

/// The elements of a list. Dropping them takes no stack, however deep they nest.
#[derive(Debug, Default)]
pub struct Items(Vec<Value>);

impl Deref for Items {
    type Target = Vec<Value>;

    fn deref(&self) -> &Vec<Value> {
        &self.0
    }
}

impl DerefMut for Items {
    fn deref_mut(&mut self) -> &mut Vec<Value> {
        &mut self.0
    }
}

impl Drop for Items {
    fn drop(&mut self) {
        if self.0.iter().any(Value::is_container) && !nested(|| self.0.clear()) {
            unravel(self.0.drain(..).filter(Value::is_container).collect());
        }
    }
}

/// A shared map that keeps the order of insertion. Keys that are no strings are kept as their text.
#[derive(Clone, Debug, Default)]
pub struct Map(Rc<Table>);

#[derive(Debug, Default)]
struct Table {
    /// Whether names are looked up ignoring the case of ASCII letters, as those of header fields.
    ignores_case: Cell<bool>,
    entries: RefCell<Entries>,
}

impl Drop for Table {
    fn drop(&mut self) {
        let entries = self.entries.get_mut();
        if entries.iter().any(|(_, value)| value.is_container()) && !nested(|| entries.clear()) {
            unravel(entries.take_values().filter(Value::is_container).collect());
        }
    }
}

impl From<Entries> for Map {
    fn from(entries: Entries) -> Self {
        Self(Rc::new(Table { ignores_case: Cell::new(false), entries: RefCell::new(entries) }))
    }
}

impl Map {
    /// An empty map with room for `count` entries.
    #[must_use]
    pub fn with_capacity(count: usize) -> Self {
        Entries::with_capacity(count).into()
    }

    /// The same map; from now on look-ups ignore the case of names.
    #[must_use]
    pub(crate) fn ignoring_case(self) -> Self {
        self.0.ignores_case.set(true);
        self
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value> {
        let entries = self.entries();
        self.find(&entries, key).map(|index| entries.at(index).1.clone())
    }

    /// Whether there is an entry for `key`.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.find(&self.entries(), key).is_some()
    }

    /// Sets the value of `key` and gives the one before. A new key comes last; one that was there keeps its place.
    pub fn insert(&self, key: impl Into<Text>, value: Value) -> Option<Value> {
        let key = key.into();
        let found = self.find(&self.entries(), &key);
        let mut entries = self.0.entries.borrow_mut();
        match found {
            Some(index) => Some(std::mem::replace(entries.at_mut(index), value)),
            None => {
                entries.push(key, value);
                None
            }
        }
    }

    /// Takes the entry of `key` out and gives its value.
    pub fn remove(&self, key: &str) -> Option<Value> {
        let index = self.find(&self.entries(), key)?;
        Some(self.0.entries.borrow_mut().remove(index).1)
    }

    /// Takes everything out.
    pub fn clear(&self) {
        let old = self.0.entries.take();
        drop(Table { ignores_case: Cell::default(), entries: RefCell::new(old) });
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry at `index`, in order.
    #[must_use]
    pub fn entry(&self, index: usize) -> Option<(Text, Value)> {
        self.entries().iter().nth(index).cloned()
    }

    /// The keys in order.
    #[must_use]
    pub fn keys(&self) -> Vec<Text> {
        self.entries().iter().map(|(key, _)| key.clone()).collect()
    }

    /// The values in order.
    #[must_use]
    pub fn values(&self) -> Vec<Value> {
        self.entries().iter().map(|(_, value)| value.clone()).collect()
    }

    /// Calls `each` for every entry in order. It must not change this map.
    pub fn for_each(&self, mut each: impl FnMut(&str, &Value)) {
        self.entries().iter().for_each(|(key, value)| each(key, value));
    }

    /// Whether both are one map.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// What tells it from every other map that is there.
    pub(crate) fn identity(&self) -> *const () {
        Rc::as_ptr(&self.0).cast()
    }

    pub(crate) fn entries(&self) -> Ref<'_, Entries> {
        self.0.entries.borrow()
    }

    fn find(&self, entries: &Entries, key: &str) -> Option<usize> {
        if self.0.ignores_case.get() {
            entries.iter().position(|(name, _)| name.eq_ignore_ascii_case(key))
        } else {
            entries.find(key)
        }
    }
}

/// How deep containers are dropped by recursion, which is quick, before they are dropped without.
const DROP_DEPTH_MAX: u32 = 32;

thread_local! {
    static DROP_DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Does `drop`, one level further down; not where that is too deep.
fn nested(drop: impl FnOnce()) -> bool {
    let depth = DROP_DEPTH.get();
    if depth >= DROP_DEPTH_MAX {
        return false;
    }
    DROP_DEPTH.set(depth + 1);
    drop();
    DROP_DEPTH.set(depth);
    true
}

/// Drops containers, and what only they hold, without recursion.
fn unravel(mut pending: Vec<Value>) {
    while let Some(value) = pending.pop() {
        match value {
            Value::Object(Object::Entry(map, _)) => pending.push(Value::Map(map)),
            Value::Object(Object::Iterator(list, _)) => pending.push(Value::List(list)),
            Value::Object(Object::Scope(scope)) => {
                if let Some(scope) = Rc::into_inner(scope) {
                    pending.push(Value::Map(scope.storage));
                    pending.extend(scope.parent.map(|parent| Value::Object(Object::Scope(parent))));
                }
            }
            Value::List(list) => {
                if let Some(items) = Rc::into_inner(list.items) {
                    let mut items = items.into_inner();
                    pending.extend(items.drain(..).filter(Value::is_container));
                }
            }
            Value::Map(map) => {
                if let Some(mut table) = Rc::into_inner(map.0) {
                    let values = table.entries.get_mut().take_values();
                    pending.extend(values.filter(Value::is_container));
                }
            }
            _ => {}
        }
    }
}
