//! Objects that are neither strings, numbers, lists nor maps.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use crate::render::Rendered;
use crate::{List, Map, Value};

use super::{text, void};

/// A Java object that a template can come by.
#[derive(Clone, Debug)]
pub enum Object {
    /// `java.lang.Character`
    Char(char),
    /// `java.lang.Class`, by its name.
    Class(&'static str),
    /// An entry of a map.
    Entry(Map, Rc<str>),
    /// What `iterator()` gives, and how far it is.
    Iterator(List, Rc<Cell<usize>>),
    /// `$foreach`
    Scope(Rc<Scope>),
    /// What `#define` makes.
    Block(Rc<Defined>),
}

/// What `$foreach` knows of a loop.
#[derive(Debug)]
pub struct Scope {
    pub(crate) index: Cell<i32>,
    pub(crate) has_next: Cell<bool>,
    pub(crate) parent: Option<Rc<Self>>,
}

/// A block of the template, as the value of the variable it is defined as.
#[derive(Debug)]
pub struct Defined {
    pub(crate) index: usize,
    /// How often it is being rendered now.
    pub(crate) depth: Cell<u32>,
}

impl Scope {
    pub(crate) fn new(parent: Option<Rc<Self>>) -> Self {
        Self { index: Cell::new(-1), has_next: Cell::new(false), parent }
    }

    fn property(self: &Rc<Self>, name: &str) -> Option<Value> {
        Some(match name {
            "index" | "Index" => Value::Integer(self.index.get()),
            "count" | "Count" => Value::Integer(self.index.get() + 1),
            "hasNext" | "HasNext" => Value::Bool(self.has_next.get()),
            "first" | "First" => Value::Bool(self.index.get() < 1),
            "last" | "Last" => Value::Bool(!self.has_next.get()),
            "parent" | "Parent" => Value::Object(Object::Scope(self.parent.clone()?)),
            "topmost" | "Topmost" => {
                let mut top = self;
                while let Some(parent) = &top.parent {
                    top = parent;
                }
                Value::Object(Object::Scope(top.clone()))
            }
            "empty" | "Empty" => Value::Bool(true),
            _ => return None,
        })
    }
}

impl Object {
    pub(crate) fn block(index: usize) -> Self {
        Self::Block(Rc::new(Defined { index, depth: Cell::new(0) }))
    }

    /// Whether it may hold others.
    pub(crate) fn is_container(&self) -> bool {
        matches!(self, Self::Entry(..) | Self::Iterator(..))
    }

    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Char(_) => "java.lang.Character",
            Self::Class(_) => "java.lang.Class",
            Self::Entry(..) => "java.util.LinkedHashMap$Entry",
            Self::Iterator(..) => "java.util.ArrayList$Itr",
            Self::Scope(_) => "org.apache.velocity.runtime.directive.ForeachScope",
            Self::Block(_) => "org.apache.velocity.runtime.directive.Block$Reference",
        }
    }

    /// Writes its `toString()`.
    pub(crate) fn print(&self, out: &mut dyn fmt::Write, depth: usize) -> fmt::Result {
        match self {
            Self::Char(character) => out.write_char(*character),
            Self::Class(name) => write!(out, "class {name}"),
            Self::Entry(map, key) => {
                write!(out, "{key}=")?;
                if depth >= crate::value::PRINT_DEPTH_MAX {
                    return Err(fmt::Error);
                }
                crate::value::write_value(&map.get(key).unwrap_or(Value::Null), out, depth + 1)
            }
            Self::Iterator(..) => out.write_str("java.util.ArrayList$Itr@0"),
            Self::Scope(_) => out.write_str("{}"),
            // Only a renderer can; it does before it comes here.
            Self::Block(_) => Ok(()),
        }
    }

    pub(super) fn property(&self, name: &str) -> Option<Value> {
        match (self, name) {
            (Self::Class(class), "name" | "Name") => text(*class),
            (Self::Entry(_, key), "key" | "Key") => Some(Value::String(key.clone())),
            (Self::Entry(map, key), "value" | "Value") => map.get(key),
            (Self::Scope(scope), name) => scope.property(name),
            _ => None,
        }
    }
}

/// `object.name(arguments)`
pub(super) fn call(object: &Object, name: &str, arguments: &[Value]) -> Rendered<Option<Value>> {
    Ok(match (object, name, arguments) {
        (Object::Class(class), "getName", []) => text(*class),
        (Object::Char(character), "charValue", []) => Some(Value::Object(Object::Char(*character))),
        (Object::Char(character), "compareTo", [Value::Object(Object::Char(other))]) => {
            Some(Value::Integer(*character as i32 - *other as i32))
        }
        (Object::Entry(_, key), "getKey", []) => Some(Value::String(key.clone())),
        (Object::Entry(map, key), "getValue", []) => map.get(key),
        (Object::Iterator(list, at), "hasNext", []) => Some(Value::Bool(at.get() < list.items.borrow().len())),
        (Object::Iterator(list, at), "next", []) => {
            let item = list.items.borrow().get(at.get()).cloned();
            at.set(at.get() + 1);
            Some(item.ok_or_else(|| crate::RenderError::thrown("an iterator has no next item"))?)
        }
        (Object::Scope(scope), "hasNext" | "isFirst" | "isLast", []) => {
            scope.property(name.strip_prefix("is").unwrap_or(name))
        }
        (Object::Scope(scope), _, []) => match name.strip_prefix("get") {
            Some(property) => scope.property(property),
            None if name == "size" => Some(Value::Integer(0)),
            None if name == "isEmpty" => Some(Value::Bool(true)),
            None if name == "clear" => void(),
            None => None,
        },
        _ => None,
    })
}
