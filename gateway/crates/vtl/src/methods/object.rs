//! Objects that are neither strings, numbers, lists nor maps.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use crate::program::Prepared;
use crate::render::{Rendered, Renderer};
use crate::{List, ListKind, Map, RenderError, Text, Value};

use super::text;

const FOREACH_SCOPE: &str = "org.apache.velocity.runtime.directive.ForeachScope";

/// A Java object that a template can come by.
#[derive(Clone, Debug)]
pub enum Object {
    /// `java.lang.Character`
    Char(char),
    /// `java.lang.Class`, by its name.
    Class(&'static str),
    /// An entry of a map.
    Entry(Map, Text),
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
    /// It is a map as well, which a template may write to.
    pub(crate) storage: Map,
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
        Self { index: Cell::new(-1), has_next: Cell::new(false), parent, storage: Map::default() }
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
            _ => return self.get(name),
        })
    }

    /// What was written to it, or to a scope around it.
    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        match (self.storage.get(name), &self.parent) {
            (None, Some(parent)) => parent.get(name),
            (found, _) => found,
        }
    }
}

impl Object {
    pub(crate) fn block(index: usize) -> Self {
        Self::Block(Rc::new(Defined { index, depth: Cell::new(0) }))
    }

    /// Whether it may hold others.
    pub(crate) fn is_container(&self) -> bool {
        matches!(self, Self::Entry(..) | Self::Iterator(..) | Self::Scope(_))
    }

    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Char(_) => "java.lang.Character",
            Self::Class(_) => "java.lang.Class",
            Self::Entry(..) => "java.util.LinkedHashMap$Entry",
            Self::Iterator(..) => "java.util.ArrayList$Itr",
            Self::Scope(_) => FOREACH_SCOPE,
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
            Self::Scope(scope) => {
                crate::value::write_value(&Value::Map(scope.storage.clone()), out, depth)
            }
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
pub(super) fn call(
    renderer: &mut Renderer<'_>,
    object: &Object,
    name: &str,
    arguments: &[Value],
) -> Rendered<Option<Value>> {
    Ok(match (object, name, arguments) {
        (Object::Char(character), "charValue", []) => Some(Value::Object(Object::Char(*character))),
        (Object::Char(character), "compareTo", [Value::Object(Object::Char(other))]) => {
            Some(Value::Integer(*character as i32 - *other as i32))
        }
        (Object::Entry(_, key), "getKey", []) => Some(Value::String(key.clone())),
        (Object::Entry(map, key), "getValue", []) => map.get(key),
        (Object::Iterator(list, at), "hasNext", []) => {
            Some(Value::Bool(at.get() < list.items.borrow().len()))
        }
        (Object::Iterator(list, at), "next", []) => {
            let item = list.items.borrow().get(at.get()).cloned();
            at.set(at.get() + 1);
            Some(item.ok_or_else(|| crate::RenderError::thrown("an iterator has no next item"))?)
        }
        (Object::Scope(scope), "hasNext" | "isFirst" | "isLast", []) => {
            scope.property(name.strip_prefix("is").unwrap_or(name))
        }
        (Object::Scope(scope), "get", [key]) => scope.get(&renderer.text(key)?),
        (Object::Scope(scope), _, _) => {
            let found = match (name.strip_prefix("get"), arguments) {
                (
                    Some(
                        property @ ("Index" | "Count" | "HasNext" | "First" | "Last" | "Parent"
                        | "Topmost"),
                    ),
                    [],
                ) => scope.property(property),
                _ => None,
            };
            match found {
                Some(found) => Some(found),
                None => super::containers::map(renderer, &scope.storage, name, arguments)?,
            }
        }
        _ => None,
    })
}

/// A method of a class object: its name, and the static methods of the class. Velocity finds the other methods of the class as
/// well, and calling them fails, as they need an instance.
pub(super) fn class_call(
    renderer: &mut Renderer<'_>,
    class: &'static str,
    name: &str,
    arguments: &[Value],
) -> Rendered<Option<Value>> {
    match (name, arguments) {
        ("getName", []) => return Ok(text(class)),
        ("getClass", []) => return Ok(Some(Value::Object(Object::Class("java.lang.Class")))),
        _ => {}
    }
    let instance = match class {
        "java.lang.String" => Value::from(""),
        "java.lang.Integer" => Value::Integer(0),
        "java.lang.Long" => Value::Long(0),
        "java.lang.Double" => Value::Double(0.0),
        "java.lang.Boolean" => Value::Bool(false),
        "java.util.ArrayList" | "net.minidev.json.JSONArray" => {
            Value::List(List::new(ListKind::ArrayList, Vec::new()))
        }
        "java.util.LinkedHashMap" | FOREACH_SCOPE => Value::Map(Map::default()),
        _ => return Ok(None),
    };
    let is_static = matches!(
        name,
        "format"
            | "join"
            | "parseInt"
            | "parseLong"
            | "parseDouble"
            | "parseBoolean"
            | "toHexString"
            | "toBinaryString"
            | "toOctalString"
            | "max"
            | "min"
            | "sum"
            | "compare"
            | "logicalAnd"
            | "logicalOr"
            | "logicalXor"
    ) || name == "valueOf" && !arguments.is_empty();
    let found = super::call(renderer, &instance, name, arguments, &Prepared::Nothing)?;
    let is_null_of_map = matches!(
        (&instance, name, arguments),
        (Value::Map(_), "get" | "remove", [_]) | (Value::Map(_), "put", [_, _])
    );
    match found {
        Some(found) if is_static => Ok(Some(found)),
        None if !is_null_of_map => Ok(None),
        _ => Err(RenderError::thrown(format!("`{name}` needs an instance of {class}")).into()),
    }
}
