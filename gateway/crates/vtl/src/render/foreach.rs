//! `#foreach`.

use std::rc::Rc;

use crate::limits::FOREACH_PASSES_MAX;
use crate::methods::{Object, Scope};
use crate::program::Foreach;
use crate::{List, Map, RenderError, Value};

use super::reference::present;
use super::{Halt, Rendered, Renderer};

/// What is looped over, and how far.
enum Items {
    List { list: List, at: usize, count: usize, of: Option<(Map, usize)> },
    Map { map: Map, at: usize, count: usize },
    Iterator { list: List, at: Rc<std::cell::Cell<usize>> },
}

impl Items {
    fn has_next(&self) -> bool {
        match self {
            Self::List { list, at, .. } => *at != list.items.borrow().len(),
            Self::Map { at, count, .. } => at < count,
            Self::Iterator { list, at } => at.get() < list.items.borrow().len(),
        }
    }

    /// The next item. As in Java, what is looped over must not become longer or shorter.
    fn next(&mut self) -> Result<Option<Value>, RenderError> {
        let changed = || RenderError::thrown("what `#foreach` loops over was changed by its body");
        match self {
            Self::List { list, at, count, of } => {
                let items = list.items.borrow();
                let map_changed = of.as_ref().is_some_and(|(map, count)| map.len() != *count);
                if items.len() != *count || map_changed {
                    return Err(changed());
                }
                *at += 1;
                Ok(items.get(*at - 1).cloned())
            }
            Self::Map { map, at, count } => {
                if map.len() != *count {
                    return Err(changed());
                }
                *at += 1;
                Ok(map.entry(*at - 1).map(|(_, value)| value))
            }
            Self::Iterator { list, at } => {
                at.set(at.get() + 1);
                Ok(list.items.borrow().get(at.get() - 1).cloned())
            }
        }
    }
}

impl<'r> Renderer<'r> {
    pub(super) fn foreach(&mut self, foreach: &'r Foreach) -> Rendered<()> {
        let Some(over) = &foreach.over else { return Ok(()) };
        let Some(over) = self.value(over)? else { return Ok(()) };
        let Some(items) = self.items(&over) else {
            self.traced(foreach.position, "#foreach", &[(&foreach.text, None)]);
            return Ok(());
        };
        let names = self.program.loop_names;
        let slots = [Some(foreach.variable), names.velocity_count, names.velocity_has_next];
        let before = slots.map(|slot| slot.and_then(|slot| self.variables[slot].clone()));
        let outer = names.foreach.and_then(|slot| self.variables[slot].clone());
        let parent = match &outer {
            Some(Value::Object(Object::Scope(scope))) => Some(scope.clone()),
            _ => None,
        };
        let scope = Rc::new(Scope::new(parent));
        if let Some(slot) = names.foreach {
            self.variables[slot] = Some(Value::Object(Object::Scope(scope.clone())));
        }
        self.loops.push(over);
        let done = self.passes(foreach, items, &scope);
        self.loops.pop();
        for (slot, value) in slots.into_iter().zip(before) {
            if let Some(slot) = slot {
                self.variables[slot] = value;
            }
        }
        if let Some(slot) = names.foreach
            && let Some(Value::Object(Object::Scope(now))) = &self.variables[slot]
        {
            self.variables[slot] = match &now.parent {
                Some(parent) => Some(Value::Object(Object::Scope(parent.clone()))),
                None => outer.filter(|outer| !matches!(outer, Value::Object(Object::Scope(_)))),
            };
        }
        match done {
            Err(Halt::Break) => Ok(()),
            Err(Halt::Leave(left)) if Rc::ptr_eq(&left, &scope) => Ok(()),
            done => done,
        }
    }

    fn passes(
        &mut self,
        foreach: &'r Foreach,
        mut items: Items,
        scope: &Rc<Scope>,
    ) -> Rendered<()> {
        let names = self.program.loop_names;
        let mut count = 0;
        while count < FOREACH_PASSES_MAX && items.has_next() {
            self.budget.steps(1)?;
            self.tidy()?;
            self.position = foreach.position;
            let item = present(items.next()?);
            let has_next = items.has_next();
            count += 1;
            if let Some(slot) = names.velocity_count {
                self.variables[slot] = Some(Value::Integer(count.cast_signed()));
            }
            if let Some(slot) = names.velocity_has_next {
                self.variables[slot] = Some(Value::Bool(has_next));
            }
            scope.index.set(count.cast_signed() - 1);
            scope.has_next.set(has_next);
            if self.trace.is_some() {
                self.traced(foreach.position, "#foreach", &[(&foreach.text, item.clone())]);
            }
            self.variables[foreach.variable] = item;
            self.block(&foreach.body)?;
        }
        Ok(())
    }

    /// What `value` gives one by one. `None` where it cannot be looped over.
    fn items(&mut self, value: &Value) -> Option<Items> {
        match value {
            Value::List(list) => {
                let count = list.items.borrow().len();
                let of = self.view.take().filter(|(view, _)| Rc::ptr_eq(&view.items, &list.items));
                let of = of.map(|(_, map)| (map.len(), map)).map(|(count, map)| (map, count));
                Some(Items::List { list: list.clone(), at: 0, count, of })
            }
            Value::Map(map) => Some(Items::Map { map: map.clone(), at: 0, count: map.len() }),
            Value::Root(root) => {
                let map = root.map(&mut self.world)?;
                Some(Items::Map { at: 0, count: map.len(), map })
            }
            Value::Object(Object::Iterator(list, at)) => {
                Some(Items::Iterator { list: list.clone(), at: at.clone() })
            }
            _ => None,
        }
    }
}
