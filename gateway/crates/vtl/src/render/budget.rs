//! What a render may spend.

use std::collections::HashSet;
use std::fmt;

use crate::limits::{BYTES_PER_STEP, VALUE_BYTES};
use crate::methods::Object;
use crate::overrides::Side;
use crate::regex::Cost;
use crate::{Limits, List, Map, Reason, RenderError, Value};

use super::{Rendered, Renderer};

/// What is left.
pub(crate) struct Budget {
    steps: u64,
    /// Bytes that values may take.
    bytes_max: usize,
    /// Bytes that values took since we last looked, and what was there then. More than there is.
    bytes: usize,
    /// From how many on it is time to look what there is.
    look_at: usize,
    /// What the roots have told so far.
    work: u64,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            steps: limits.steps_max,
            bytes_max: limits.value_bytes_max,
            bytes: 0,
            look_at: limits.value_bytes_max / 2,
            work: 0,
        }
    }

    pub(crate) fn steps(&mut self, count: u64) -> Result<(), RenderError> {
        match self.steps.checked_sub(count) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(RenderError::spent(Reason::Steps)),
        }
    }

    /// `count` bytes of text were copied or looked at.
    pub(crate) fn bytes_moved(&mut self, count: usize) -> Result<(), RenderError> {
        self.steps((count / BYTES_PER_STEP) as u64)
    }

    /// A value of `count` bytes is made.
    pub(crate) fn bytes(&mut self, count: usize) -> Result<(), RenderError> {
        self.bytes = self.bytes.saturating_add(count);
        if self.bytes > self.bytes_max {
            return Err(RenderError::spent(Reason::Values));
        }
        self.bytes_moved(count)
    }

    /// `count` values are held more.
    pub(crate) fn values(&mut self, count: usize) -> Result<(), RenderError> {
        self.steps(count as u64)?;
        self.bytes(count.saturating_mul(VALUE_BYTES))
    }

    pub(crate) fn steps_left(&self) -> u64 {
        self.steps
    }

    pub(crate) fn bytes_left(&self) -> usize {
        self.bytes_max.saturating_sub(self.bytes)
    }
}

impl Cost for Budget {
    fn steps(&mut self, steps: u64) -> Result<(), RenderError> {
        self.steps(steps)
    }
}

/// Output that ends at a length.
pub(super) struct Bounded<'a> {
    pub(super) out: &'a mut String,
    pub(super) max: usize,
    /// How many pieces of text may come.
    pub(super) pieces: u64,
    pub(super) is_full: bool,
}

impl fmt::Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.out.len() + text.len() > self.max {
            self.is_full = true;
            return Err(fmt::Error);
        }
        self.pieces = self.pieces.checked_sub(1).ok_or(fmt::Error)?;
        super::make_room(self.out, text.len(), self.max);
        self.out.push_str(text);
        Ok(())
    }
}

impl Renderer<'_> {
    /// Takes over what the roots have worked.
    pub(super) fn account(&mut self) -> Rendered<()> {
        let done = self.world.work.saturating_sub(self.budget.work);
        self.budget.work = self.world.work;
        Ok(self.budget.steps(done)?)
    }

    /// Between statements: when much was made, looks how much of it is still held.
    pub(super) fn tidy(&mut self) -> Rendered<()> {
        if self.budget.bytes < self.budget.look_at || self.inside > 0 {
            return Ok(());
        }
        let mut measure = Measure::default();
        let mut pending: Vec<Value> = self.variables.iter().flatten().cloned().collect();
        pending.extend(self.loops.iter().cloned());
        for map in [Side::Request, Side::Response]
            .into_iter()
            .filter_map(|side| self.world.overrides.side(side))
        {
            pending.push(Value::Map(map.clone()));
        }
        measure.all(pending);
        self.budget.steps(measure.count)?;
        let held = measure.bytes;
        if held > self.budget.bytes_max {
            return Err(Reason::Values.into());
        }
        self.budget.bytes = held;
        // The next look comes after a quarter of the budget at least, so that looking costs no more than making.
        self.budget.look_at = (self.budget.bytes_max / 2).max(held + self.budget.bytes_max / 4);
        Ok(())
    }
}

#[derive(Default)]
struct Measure {
    bytes: usize,
    count: u64,
    lists: HashSet<*const ()>,
}

impl Measure {
    fn all(&mut self, mut pending: Vec<Value>) {
        while let Some(value) = pending.pop() {
            self.count += 1;
            self.bytes += VALUE_BYTES;
            match value {
                Value::String(text) | Value::Decimal(text) => self.bytes += text.len(),
                Value::List(list) => self.list(&list, &mut pending),
                Value::Map(map) => self.map(&map, &mut pending),
                Value::Object(Object::Entry(map, _)) => self.map(&map, &mut pending),
                Value::Object(Object::Iterator(list, _)) => self.list(&list, &mut pending),
                Value::Object(Object::Scope(scope)) => self.map(&scope.storage, &mut pending),
                Value::Big(big) => self.bytes += big.bits() as usize / 8,
                _ => {}
            }
        }
    }

    fn list(&mut self, list: &List, pending: &mut Vec<Value>) {
        if self.lists.insert(std::rc::Rc::as_ptr(&list.items).cast()) {
            pending.extend(list.items.borrow().iter().cloned());
        }
    }

    fn map(&mut self, map: &Map, pending: &mut Vec<Value>) {
        if self.lists.insert(map.identity()) {
            map.for_each(|key, value| {
                self.bytes += key.len() + VALUE_BYTES;
                pending.push(value.clone());
            });
        }
    }
}
