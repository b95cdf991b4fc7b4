//! The methods of Java's classes that templates call.
//!
//! `None` is Java's `null`, and also what Velocity makes of a method that is not there for such arguments: to a template both
//! are the empty string. Arguments that are `null` are [`Value::Null`].

mod containers;
mod format;
mod numbers;
mod object;
mod strings;
mod strings_regex;

use std::rc::Rc;

use crate::program::Prepared;
use crate::render::{Rendered, Renderer};
use crate::{List, ListKind, Map, Text, Value};

pub(crate) use containers::{item, put, replace};
pub use object::{Defined, Object, Scope};

/// `receiver.name(arguments)`
pub(crate) fn call(
    renderer: &mut Renderer<'_>,
    receiver: &Value,
    name: &str,
    arguments: &[Value],
    prepared: &Prepared,
) -> Rendered<Option<Value>> {
    if let Some(found) = common(renderer, receiver, name, arguments)? {
        return Ok(Some(found));
    }
    match receiver {
        Value::String(text) => strings::call(renderer, text, name, arguments, prepared),
        Value::List(list) => containers::list(renderer, list, name, arguments),
        Value::Map(map) => containers::map(renderer, map, name, arguments),
        Value::Integer(_)
        | Value::Long(_)
        | Value::Big(_)
        | Value::Double(_)
        | Value::Decimal(_)
        | Value::Bool(_) => numbers::call(receiver, name, arguments),
        Value::Object(object) => object::call(renderer, object, name, arguments),
        Value::Root(_) | Value::Null => Ok(None),
    }
}

/// What every object has.
fn common(
    renderer: &mut Renderer<'_>,
    receiver: &Value,
    name: &str,
    arguments: &[Value],
) -> Rendered<Option<Value>> {
    if let Value::Object(Object::Class(class)) = receiver {
        return object::class_call(renderer, class, name, arguments);
    }
    Ok(match (name, arguments) {
        ("toString", []) => Some(Value::String(renderer.text(receiver)?)),
        ("equals", [other]) => {
            Some(Value::Bool(crate::render::equals(receiver, other, &mut renderer.budget)?))
        }
        ("hashCode", []) => hash_code(renderer, receiver)?.map(Value::Integer),
        ("getClass", []) => Some(Value::Object(Object::Class(class(receiver)))),
        _ => None,
    })
}

/// `receiver.name`, where it is neither a map nor an object of the gateway: what `getName()` or `isName()` gives.
pub(crate) fn property(receiver: &Value, name: &str) -> Option<Value> {
    Some(match (receiver, name) {
        (Value::Object(object @ Object::Class(_)), _) => return object.property(name),
        (_, "class" | "Class") => Value::Object(Object::Class(class(receiver))),
        (Value::String(text), "empty" | "Empty") => Value::Bool(text.is_empty()),
        (Value::String(text), "blank" | "Blank") => {
            Value::Bool(text.chars().all(strings::is_white))
        }
        (Value::String(text), "bytes" | "Bytes") => strings::bytes(text),
        (Value::List(list), "empty" | "Empty") if list.kind != ListKind::StringArray => {
            Value::Bool(list.items.borrow().is_empty())
        }
        (Value::Double(value), "naN" | "NaN") => Value::Bool(value.is_nan()),
        (Value::Double(value), "infinite" | "Infinite") => Value::Bool(value.is_infinite()),
        (Value::Object(object), _) => return object.property(name),
        _ => return None,
    })
}

/// The name of a value's Java class.
pub(crate) fn class(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "java.lang.Boolean",
        Value::Integer(_) => "java.lang.Integer",
        Value::Long(_) => "java.lang.Long",
        Value::Big(_) => "java.math.BigInteger",
        Value::Double(_) => "java.lang.Double",
        Value::Decimal(_) => "java.math.BigDecimal",
        Value::String(_) => "java.lang.String",
        Value::List(list) => match list.kind {
            ListKind::ArrayList => "java.util.ArrayList",
            ListKind::JsonArray => "net.minidev.json.JSONArray",
            ListKind::StringArray => "[Ljava.lang.String;",
            ListKind::View => "java.util.LinkedHashMap$LinkedKeySet",
        },
        Value::Map(_) => "java.util.LinkedHashMap",
        Value::Root(_) => "java.lang.Object",
        Value::Object(object) => object.class(),
    }
}

/// Java's `hashCode()`. `None` where it is the object's identity, which differs from run to run.
fn hash_code(renderer: &mut Renderer<'_>, value: &Value) -> Rendered<Option<i32>> {
    let number = crate::render::Number::of(value);
    Ok(Some(match value {
        Value::Null => 0,
        Value::Bool(true) => 1231,
        Value::Bool(false) => 1237,
        Value::Integer(value) => *value,
        Value::Long(value) => fold(value.cast_unsigned()),
        Value::Double(value) => {
            fold(if value.is_nan() { 0x7ff8_0000_0000_0000 } else { value.to_bits() })
        }
        Value::Big(_) => {
            let magnitude = number.map(|number| number.magnitude_digits()).unwrap_or_default();
            let hash =
                magnitude.0.iter().rev().fold(0i32, |hash, digit| {
                    hash.wrapping_mul(31).wrapping_add(digit.cast_signed())
                });
            if magnitude.1 { hash.wrapping_neg() } else { hash }
        }
        Value::String(text) => {
            renderer.budget.bytes_moved(text.len())?;
            text.encode_utf16()
                .fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()))
        }
        Value::Object(Object::Char(character)) => *character as i32,
        Value::List(list) if list.kind != ListKind::StringArray => {
            let items = list.items.borrow().to_vec();
            let mut hash = i32::from(list.kind != ListKind::View);
            for item in items {
                let item = renderer.deeper(|renderer| hash_code(renderer, &item))?.unwrap_or(0);
                let factor = if list.kind == ListKind::View { 1 } else { 31 };
                hash = hash.wrapping_mul(factor).wrapping_add(item);
            }
            hash
        }
        Value::Map(map) => {
            let mut hash = 0i32;
            for (key, value) in map.keys().into_iter().zip(map.values()) {
                let key = hash_code(renderer, &Value::String(key))?.unwrap_or(0);
                let value = renderer.deeper(|renderer| hash_code(renderer, &value))?.unwrap_or(0);
                hash = hash.wrapping_add(key ^ value);
            }
            hash
        }
        _ => return Ok(None),
    }))
}

fn fold(bits: u64) -> i32 {
    ((bits ^ (bits >> 32)) as u32).cast_signed()
}

fn text(text: impl Into<Text>) -> Option<Value> {
    Some(Value::String(text.into()))
}

/// What a method without a result gives.
fn void() -> Option<Value> {
    text("")
}

fn new_list(kind: ListKind, items: Vec<Value>) -> Option<Value> {
    Some(Value::List(List::new(kind, items)))
}

/// Remembers `target` where `value`, which is put into it, leads back to it: such a ring is opened after the render, because
/// nothing else would ever free it.
fn note_cycle(renderer: &mut Renderer<'_>, target: &Value, value: &Value) -> Rendered<()> {
    if !value.is_container() {
        return Ok(());
    }
    let mut steps = 0;
    let leads_back = leads_to(value, identity(target), &mut steps);
    renderer.budget.steps(steps)?;
    if leads_back {
        renderer.tangled.push(target.clone());
    }
    Ok(())
}

/// Opens the rings that a render has made.
pub(crate) fn untangle(tangled: &[Value]) {
    for value in tangled {
        let identity = identity(value);
        let is_ring = members(value).iter().any(|member| leads_to(member, identity, &mut 0));
        match value {
            Value::Map(map) if is_ring => map.clear(),
            Value::List(list) if is_ring => {
                let members = std::mem::take(&mut **list.items.borrow_mut());
                drop(List::new(ListKind::ArrayList, members));
            }
            _ => {}
        }
    }
}

/// Whether a container can be reached from `value`.
fn leads_to(value: &Value, target: Option<*const ()>, steps: &mut u64) -> bool {
    let mut seen = std::collections::HashSet::new();
    let mut pending = vec![value.clone()];
    while let Some(value) = pending.pop() {
        *steps += 1;
        let identity = identity(&value);
        if identity.is_none() {
            continue;
        }
        if identity == target {
            return true;
        }
        if seen.insert(identity) {
            pending.extend(members(&value));
        }
    }
    false
}

/// What tells a container from every other that is there.
fn identity(value: &Value) -> Option<*const ()> {
    Some(match value {
        Value::List(list) | Value::Object(Object::Iterator(list, _)) => {
            Rc::as_ptr(&list.items).cast()
        }
        Value::Map(map) | Value::Object(Object::Entry(map, _)) => map.identity(),
        Value::Object(Object::Scope(scope)) => scope.storage.identity(),
        _ => return None,
    })
}

/// The containers in a container.
fn members(value: &Value) -> Vec<Value> {
    match value {
        Value::List(list) | Value::Object(Object::Iterator(list, _)) => {
            list.items.borrow().iter().filter(|item| item.is_container()).cloned().collect()
        }
        Value::Map(map) | Value::Object(Object::Entry(map, _)) => {
            map.values().into_iter().filter(Value::is_container).collect()
        }
        Value::Object(Object::Scope(scope)) => {
            let parent = scope.parent.clone().map(|parent| Value::Object(Object::Scope(parent)));
            scope.storage.values().into_iter().filter(Value::is_container).chain(parent).collect()
        }
        _ => Vec::new(),
    }
}

/// A map's entries as they are seen by `entrySet()`.
fn entries(map: &Map) -> Vec<Value> {
    map.keys().into_iter().map(|key| Value::Object(Object::Entry(map.clone(), key))).collect()
}
