//! References: what they stand for, and assigning to them.

use std::rc::Rc;

use crate::methods::{self, Object};
use crate::program::{Expression, Method, Prepared, Reference, Step, Variable};
use crate::regex::Pattern;
use crate::{ListKind, RenderError, Root, Text, Value};

use super::{Rendered, Renderer};

/// What Java's `null` is in a list of arguments, and the other way round.
pub(crate) fn present(value: Option<Value>) -> Option<Value> {
    value.filter(|value| !matches!(value, Value::Null))
}

impl<'r> Renderer<'r> {
    /// The value of a reference; the empty string for what is undefined. `None` only for what is no reference after all.
    pub(super) fn execute(&mut self, reference: &'r Reference) -> Rendered<Option<Value>> {
        match reference.root {
            Variable::Slot(slot) => self.follow(slot, reference),
            Variable::Unreadable(_) | Variable::Word(_) => Ok(None),
        }
    }

    pub(super) fn execute_printed(&mut self, reference: &'r Reference) -> Rendered<Option<Value>> {
        match reference.root {
            Variable::Slot(slot) | Variable::Unreadable(slot) => self.follow(slot, reference),
            Variable::Word(_) => Ok(None),
        }
    }

    fn follow(&mut self, slot: usize, reference: &'r Reference) -> Rendered<Option<Value>> {
        self.budget.steps(1)?;
        let (mut value, steps) = match (&self.variables[slot], &reference.steps[..]) {
            // Without a hold on the map: what most references are.
            (Some(Value::Map(map)), [Step::Property(name), rest @ ..]) if !is_class(name) => {
                (present(map.get(name)), rest)
            }
            (variable, steps) => (present(variable.clone()), steps),
        };
        for step in steps {
            let Some(at) = value else { break };
            value = present(self.step(&at, step).map_err(|halt| self.place(halt, reference))?);
        }
        let value = value.unwrap_or_else(|| Value::String(self.empty.clone()));
        if self.trace.is_some() {
            self.seen.push((&reference.text, Some(value.clone())));
        }
        Ok(Some(value))
    }

    fn place(&self, halt: super::Halt, reference: &Reference) -> super::Halt {
        match halt {
            super::Halt::Error(error) => {
                let position = reference.position;
                super::Halt::Error(Box::new((*error).at(position.line, position.column)))
            }
            other => other,
        }
    }

    fn step(&mut self, value: &Value, step: &'r Step) -> Rendered<Option<Value>> {
        match step {
            Step::Property(name) => self.property(value, name),
            Step::Index(index) => {
                let index = self.value(index)?;
                self.index(value, index)
            }
            Step::Method(method) => self.method(value, method),
        }
    }

    fn property(&mut self, value: &Value, name: &str) -> Rendered<Option<Value>> {
        match value {
            Value::Root(root) => {
                let found = root.get(&mut self.world, name)?;
                self.account()?;
                Ok(found)
            }
            Value::Map(map) if !is_class(name) => Ok(map.get(name)),
            _ => Ok(methods::property(value, name)),
        }
    }

    fn index(&mut self, value: &Value, index: Option<Value>) -> Rendered<Option<Value>> {
        let index = from_the_end(value, index.unwrap_or(Value::Null))?;
        match (value, index) {
            (Value::Root(root), index) => {
                let name = self.text(&index)?;
                let found = root.get(&mut self.world, &name)?;
                self.account()?;
                Ok(found)
            }
            (Value::Map(map), index) => {
                let key = self.text(&index)?;
                Ok(map.get(&key))
            }
            (Value::List(list), Value::Integer(index)) if list.kind != ListKind::View => {
                Ok(Some(methods::item(list, index)?))
            }
            (Value::Object(Object::Scope(scope)), index) => {
                let key = self.text(&index)?;
                Ok(scope.get(&key))
            }
            (Value::Object(Object::Class(_)), index) => {
                methods::call(self, value, "get", &[index], &Prepared::Nothing)
            }
            _ => Ok(None),
        }
    }

    fn method(&mut self, value: &Value, method: &'r Method) -> Rendered<Option<Value>> {
        self.budget.steps(1)?;
        if let (Value::Root(Root::Input), Prepared::Path(path)) = (value, &method.prepared) {
            let found = if &*method.name == "path" {
                self.world.input_path(path)?
            } else {
                let text = self.world.input_json(path)?;
                self.made(&text)?;
                text
            };
            self.account()?;
            return Ok(Some(found));
        }
        let mut arguments = Vec::with_capacity(method.arguments.len());
        for argument in &method.arguments {
            let argument = self.value(argument)?;
            arguments.push(self.settled(argument)?.unwrap_or(Value::Null));
        }
        if let Value::Root(root) = value {
            let found = root.call(&mut self.world, &method.name, &arguments)?;
            self.account()?;
            if let Some(found) = found {
                self.made(&found)?;
                return Ok(Some(found));
            }
            let Some(map) = root.map(&mut self.world) else { return Ok(None) };
            return methods::call(
                self,
                &Value::Map(map),
                &method.name,
                &arguments,
                &method.prepared,
            );
        }
        methods::call(self, value, &method.name, &arguments, &method.prepared)
    }

    /// Counts what a root made.
    fn made(&mut self, value: &Value) -> Rendered<()> {
        if let Value::String(text) = value {
            self.budget.bytes(text.len())?;
        }
        Ok(())
    }

    /// A block becomes its text where it leaves the template's hands.
    fn settled(&mut self, value: Option<Value>) -> Rendered<Option<Value>> {
        match value {
            Some(Value::Object(Object::Block(_))) => {
                let text = self.text(&value.unwrap_or(Value::Null))?;
                Ok(Some(Value::String(text)))
            }
            other => Ok(other),
        }
    }

    /// A value's text, as Java's `toString` has it.
    pub(crate) fn text(&mut self, value: &Value) -> Rendered<Text> {
        match value {
            Value::String(text) => Ok(text.clone()),
            Value::Object(Object::Block(block)) => {
                let block = block.clone();
                Ok(self.captured(|renderer| renderer.defined(&block).map(drop))?.into())
            }
            _ => Ok(self.captured(|renderer| renderer.put_value(value))?.into()),
        }
    }

    /// `#set(target = value)`
    pub(super) fn assign(&mut self, target: &'r Reference, value: Value) -> Rendered<()> {
        let Variable::Slot(slot) = target.root else { return Ok(()) };
        let Some((last, before)) = target.steps.split_last() else {
            self.variables[slot] = Some(value);
            return Ok(());
        };
        let Some(mut at) = present(self.variables[slot].clone()) else { return Ok(()) };
        for step in before {
            match present(self.step(&at, step)?) {
                Some(next) => at = next,
                None => return Ok(()),
            }
        }
        let value = self.settled(Some(value))?.unwrap_or(Value::Null);
        match last {
            Step::Property(name) | Step::Method(Method { name, .. }) => {
                self.assign_property(&at, name, value)
            }
            Step::Index(index) => self.assign_index(&at, index, value),
        }
    }

    fn assign_property(&mut self, at: &Value, name: &str, value: Value) -> Rendered<()> {
        match at {
            Value::Root(root) => root.set(&mut self.world, name, value),
            Value::Map(map) => drop(methods::put(self, map, name.into(), value)?),
            Value::Object(Object::Scope(scope)) => {
                drop(methods::put(self, &scope.storage, name.into(), value)?)
            }
            _ => {}
        }
        Ok(())
    }

    fn assign_index(&mut self, at: &Value, index: &'r Expression, value: Value) -> Rendered<()> {
        let index = self.value(index)?;
        let index = from_the_end(at, index.unwrap_or(Value::Null))?;
        let storage;
        let at = match at {
            Value::Object(Object::Scope(scope)) => {
                storage = Value::Map(scope.storage.clone());
                &storage
            }
            at => at,
        };
        match (at, index) {
            (Value::Root(root), index) => {
                let name = self.text(&index)?;
                root.set(&mut self.world, &name, value);
            }
            (Value::Map(map), index) => {
                let key = self.text(&index)?;
                drop(methods::put(self, map, key, value)?);
            }
            (Value::List(list), Value::Integer(index)) if list.kind != ListKind::View => {
                drop(methods::replace(self, list, index, value)?);
            }
            _ => {}
        }
        Ok(())
    }

    /// A regular expression that is made while rendering.
    pub(crate) fn pattern(&mut self, source: &str) -> Rendered<Rc<Pattern>> {
        if let Some((_, pattern)) = self.patterns.iter().find(|(known, _)| **known == *source) {
            return Ok(pattern.clone());
        }
        self.budget.steps(crate::limits::REGEX_STEPS + source.len() as u64)?;
        let pattern = Rc::new(Pattern::new(source)?);
        if self.patterns.len() == crate::limits::REGEXES_KEPT_MAX {
            self.patterns.remove(0);
        }
        self.patterns.push((source.into(), pattern.clone()));
        Ok(pattern)
    }
}

/// Whether a map's property is Java's `getClass()`.
fn is_class(name: &str) -> bool {
    matches!(name, "class" | "Class")
}

/// A negative index counts from the end of what has a size.
fn from_the_end(value: &Value, index: Value) -> Result<Value, RenderError> {
    let Value::Integer(negative @ ..0) = index else { return Ok(index) };
    let size = match value {
        Value::List(list) => list.items.borrow().len(),
        Value::Map(map) => map.len(),
        Value::Object(Object::Scope(scope)) => scope.storage.len(),
        Value::Root(_) => return Ok(index),
        _ => {
            return Err(RenderError::thrown(format!(
                "[{negative}] needs something that has a size"
            )));
        }
    };
    Ok(Value::Integer(negative.wrapping_add(i32::try_from(size).unwrap_or(i32::MAX))))
}
