//! Lists, arrays and maps.

use std::rc::Rc;

use crate::render::{Rendered, Renderer, equals};
use crate::{List, ListKind, Map, RenderError, Text, Value};

use super::{Object, entries, new_list, note_cycle, void};

fn outside(index: i32, len: usize) -> RenderError {
    RenderError::thrown(format!("index {index} is out of range: there are {len} elements"))
}

fn place(index: i32, len: usize) -> Result<usize, RenderError> {
    usize::try_from(index).ok().filter(|index| *index < len).ok_or_else(|| outside(index, len))
}

/// The element at `index`.
pub(crate) fn item(list: &List, index: i32) -> Result<Value, RenderError> {
    let items = list.items.borrow();
    let place = place(index, items.len())?;
    Ok(items[place].clone())
}

/// Replaces the element at `index` and gives the one before.
pub(crate) fn replace(
    renderer: &mut Renderer<'_>,
    list: &List,
    index: i32,
    value: Value,
) -> Rendered<Option<Value>> {
    note_cycle(renderer, &Value::List(list.clone()), &value)?;
    let mut items = list.items.borrow_mut();
    let place = place(index, items.len())?;
    let is_text = |item: &Value| matches!(item, Value::String(_));
    let is_of_texts = list.kind == ListKind::StringArray && items.iter().all(is_text);
    if is_of_texts && !is_text(&value) && !matches!(value, Value::Null) {
        // `java.lang.reflect.Array.set`
        return Err(RenderError::thrown("array element type mismatch").into());
    }
    Ok(Some(std::mem::replace(&mut items[place], value)))
}

/// Sets the value of `key` and gives the one before.
pub(crate) fn put(
    renderer: &mut Renderer<'_>,
    map: &Map,
    key: Text,
    value: Value,
) -> Rendered<Option<Value>> {
    note_cycle(renderer, &Value::Map(map.clone()), &value)?;
    renderer.budget.values(2)?;
    renderer.budget.bytes(key.len())?;
    Ok(map.insert(key, value))
}

fn add(renderer: &mut Renderer<'_>, list: &List, at: usize, value: Value) -> Rendered<()> {
    note_cycle(renderer, &Value::List(list.clone()), &value)?;
    renderer.budget.values(1)?;
    let mut items = list.items.borrow_mut();
    let moved = items.len() - at;
    items.insert(at, value);
    renderer.budget.bytes_moved(moved * size_of::<Value>())?;
    Ok(())
}

fn count(len: usize) -> Option<Value> {
    Some(Value::Integer(i32::try_from(len).unwrap_or(i32::MAX)))
}

fn truth(value: bool) -> Option<Value> {
    Some(Value::Bool(value))
}

/// The elements of a collection.
fn collection(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::List(list) if list.kind != ListKind::StringArray => {
            Some(list.items.borrow().to_vec())
        }
        _ => None,
    }
}

fn find(
    renderer: &mut Renderer<'_>,
    mut items: impl Iterator<Item = (usize, Value)>,
    wanted: &Value,
) -> Rendered<Option<usize>> {
    items
        .find_map(|(index, item)| match equals(wanted, &item, &mut renderer.budget) {
            Ok(true) => Some(Ok(index)),
            Ok(false) => None,
            Err(error) => Some(Err(error.into())),
        })
        .transpose()
}

/// `list.name(arguments)`
pub(super) fn list(
    renderer: &mut Renderer<'_>,
    list: &List,
    name: &str,
    arguments: &[Value],
) -> Rendered<Option<Value>> {
    let len = list.items.borrow().len();
    let is_view = list.kind == ListKind::View;
    let is_array = list.kind == ListKind::StringArray;
    let all = || list.items.borrow().to_vec();
    Ok(match (name, arguments) {
        ("size", []) => count(len),
        ("isEmpty", []) => truth(len == 0),
        ("contains", [wanted]) => {
            renderer.budget.steps(len as u64)?;
            truth(find(renderer, all().into_iter().enumerate(), wanted)?.is_some())
        }
        ("containsAll", [others]) => {
            let Some(others) = collection(others) else { return Ok(None) };
            renderer.budget.steps(len as u64)?;
            let items = all();
            for other in others {
                if find(renderer, items.iter().cloned().enumerate(), &other)?.is_none() {
                    return Ok(truth(false));
                }
            }
            truth(true)
        }
        ("iterator", []) => Some(Value::Object(Object::Iterator(list.clone(), Rc::default()))),
        ("toArray", []) if !is_array => {
            renderer.budget.values(len)?;
            new_list(ListKind::StringArray, all())
        }
        ("get", [Value::Integer(index)]) if !is_view => Some(item(list, *index)?),
        ("set", [Value::Integer(index), value]) if !is_view => {
            replace(renderer, list, *index, value.clone())?
        }
        ("indexOf", [wanted]) if !is_view => {
            renderer.budget.steps(len as u64)?;
            found(find(renderer, all().into_iter().enumerate(), wanted)?)
        }
        ("lastIndexOf", [wanted]) if !is_view => {
            renderer.budget.steps(len as u64)?;
            found(find(renderer, all().into_iter().enumerate().rev(), wanted)?)
        }
        ("subList", [Value::Integer(from), Value::Integer(to)]) if !is_view => {
            let bound = |index: i32| usize::try_from(index).ok().filter(|index| *index <= len);
            match (bound(*from), bound(*to)) {
                (Some(start), Some(end)) if start <= end => {
                    renderer.budget.values(end - start)?;
                    new_list(ListKind::ArrayList, list.items.borrow()[start..end].to_vec())
                }
                _ => {
                    return Err(RenderError::thrown(format!(
                        "subList({from}, {to}) of {len} elements"
                    ))
                    .into());
                }
            }
        }
        // Java's arrays, and the views of maps, do not grow.
        ("add" | "addAll", [_] | [Value::Integer(_), _]) if is_array || is_view => {
            return Err(RenderError::thrown(format!(
                "`{name}` is not supported by an array or a view of a map"
            ))
            .into());
        }
        _ if is_array || is_view => None,
        _ => return change(renderer, list, name, arguments, len),
    })
}

fn found(index: Option<usize>) -> Option<Value> {
    index.map_or(Some(Value::Integer(-1)), count)
}

/// Methods that make a list longer or shorter.
fn change(
    renderer: &mut Renderer<'_>,
    list: &List,
    name: &str,
    arguments: &[Value],
    len: usize,
) -> Rendered<Option<Value>> {
    let bound = |index: i32| {
        usize::try_from(index).ok().filter(|index| *index <= len).ok_or_else(|| outside(index, len))
    };
    Ok(match (name, arguments) {
        ("add", [value]) => {
            add(renderer, list, len, value.clone())?;
            truth(true)
        }
        ("add", [Value::Integer(index), value]) => {
            add(renderer, list, bound(*index)?, value.clone())?;
            void()
        }
        ("addAll", [others]) => {
            let Some(others) = collection(others) else { return Ok(None) };
            let some = !others.is_empty();
            for (index, other) in others.into_iter().enumerate() {
                add(renderer, list, len + index, other)?;
            }
            truth(some)
        }
        ("addAll", [Value::Integer(index), others]) => {
            let Some(others) = collection(others) else { return Ok(None) };
            let (at, some) = (bound(*index)?, !others.is_empty());
            for (index, other) in others.into_iter().enumerate() {
                add(renderer, list, at + index, other)?;
            }
            truth(some)
        }
        ("remove", [Value::Integer(index)]) => {
            renderer.budget.steps(1 + len as u64 / 8)?;
            let mut items = list.items.borrow_mut();
            let place = place(*index, items.len())?;
            Some(items.remove(place))
        }
        ("remove", [value]) => {
            renderer.budget.steps(len as u64)?;
            let items = list.items.borrow().to_vec();
            let at = find(renderer, items.into_iter().enumerate(), value)?;
            if let Some(at) = at {
                list.items.borrow_mut().remove(at);
            }
            truth(at.is_some())
        }
        ("removeAll" | "retainAll", [others]) => {
            let Some(others) = collection(others) else { return Ok(None) };
            let mut kept = Vec::new();
            for item in list.items.borrow().to_vec() {
                let is_other = find(renderer, others.iter().cloned().enumerate(), &item)?.is_some();
                if is_other == (name == "retainAll") {
                    kept.push(item);
                }
            }
            let changed = kept.len() != len;
            **list.items.borrow_mut() = kept;
            truth(changed)
        }
        ("clear", []) => {
            let all = std::mem::take(&mut **list.items.borrow_mut());
            drop(List::new(ListKind::ArrayList, all));
            void()
        }
        _ => None,
    })
}

/// What `keySet()` and the like give.
fn view(renderer: &mut Renderer<'_>, map: &Map, items: Vec<Value>) -> Option<Value> {
    let list = List::new(ListKind::View, items);
    renderer.view = Some((list.clone(), map.clone()));
    Some(Value::List(list))
}

/// `map.name(arguments)`
pub(super) fn map(
    renderer: &mut Renderer<'_>,
    map: &Map,
    name: &str,
    arguments: &[Value],
) -> Rendered<Option<Value>> {
    Ok(match (name, arguments) {
        ("get", [key]) => {
            let key = renderer.text(key)?;
            map.get(&key)
        }
        ("getOrDefault", [key, otherwise]) => {
            let key = renderer.text(key)?;
            if map.contains_key(&key) { map.get(&key) } else { Some(otherwise.clone()) }
        }
        ("put", [key, value]) => {
            let key = renderer.text(key)?;
            put(renderer, map, key, value.clone())?
        }
        ("putIfAbsent", [key, value]) => {
            let key = renderer.text(key)?;
            match map.get(&key) {
                None | Some(Value::Null) => put(renderer, map, key, value.clone())?,
                there => there,
            }
        }
        ("putAll", [Value::Map(other)]) => {
            for (key, value) in other.keys().into_iter().zip(other.values()) {
                put(renderer, map, key, value)?;
            }
            void()
        }
        ("putAll", [Value::Root(root)]) => {
            if let Some(other) = root.map(&mut renderer.world) {
                for (key, value) in other.keys().into_iter().zip(other.values()) {
                    put(renderer, map, key, value)?;
                }
            }
            void()
        }
        ("remove", [key]) => {
            renderer.budget.steps(1 + map.len() as u64 / 8)?;
            let key = renderer.text(key)?;
            map.remove(&key)
        }
        ("containsKey", [key]) => {
            let key = renderer.text(key)?;
            truth(map.contains_key(&key))
        }
        ("containsValue", [value]) => {
            renderer.budget.steps(map.len() as u64)?;
            truth(find(renderer, map.values().into_iter().enumerate(), value)?.is_some())
        }
        ("keySet", []) => {
            renderer.budget.values(map.len())?;
            view(renderer, map, map.keys().into_iter().map(Value::String).collect())
        }
        ("values", []) => {
            renderer.budget.values(map.len())?;
            view(renderer, map, map.values())
        }
        ("entrySet", []) => {
            renderer.budget.values(map.len())?;
            view(renderer, map, entries(map))
        }
        ("size", []) => count(map.len()),
        ("isEmpty", []) => truth(map.is_empty()),
        ("clear", []) => {
            map.clear();
            void()
        }
        _ => None,
    })
}
