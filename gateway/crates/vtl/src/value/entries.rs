//! The entries of a map in order, found by key.

use std::collections::HashMap;

use crate::{Text, Value};

/// Up to this many entries are looked through; more get an index. Objects in bodies rarely have as many, and making an index
/// costs more than it saves below.
pub(crate) const SCANNED_MAX: usize = 12;

/// Entries in the order of insertion.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    list: Vec<(Text, Value)>,
    /// Where each key is, once there are more than [`SCANNED_MAX`]. Its hash is keyed: bodies choose the keys.
    index: Option<HashMap<Text, usize>>,
}

impl Entries {
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self { list: Vec::with_capacity(count), index: None }
    }

    /// Sets the value of a key, in the place that it has or behind the others.
    pub(crate) fn set(&mut self, key: Text, value: Value) {
        match self.find(&key) {
            Some(index) => *self.at_mut(index) = value,
            None => self.push(key, value),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, (Text, Value)> {
        self.list.iter()
    }

    #[inline]
    pub(crate) fn find(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.list.iter().position(|(name, _)| name.is(key)),
        }
    }

    pub(crate) fn at(&self, index: usize) -> &(Text, Value) {
        &self.list[index]
    }

    pub(crate) fn at_mut(&mut self, index: usize) -> &mut Value {
        &mut self.list[index].1
    }

    /// Adds an entry whose key is not there yet.
    pub(crate) fn push(&mut self, key: Text, value: Value) {
        if let Some(index) = &mut self.index {
            index.insert(key.clone(), self.list.len());
        }
        self.list.push((key, value));
        if self.index.is_none() && self.list.len() > SCANNED_MAX {
            self.reindex();
        }
    }

    pub(crate) fn remove(&mut self, index: usize) -> (Text, Value) {
        let removed = self.list.remove(index);
        if self.index.take().is_some() && self.list.len() > SCANNED_MAX {
            self.reindex();
        }
        removed
    }

    pub(crate) fn clear(&mut self) {
        self.index = None;
        self.list.clear();
    }

    /// Takes all entries out and gives their values.
    pub(crate) fn take_values(&mut self) -> impl Iterator<Item = Value> + use<> {
        self.index = None;
        std::mem::take(&mut self.list).into_iter().map(|(_, value)| value)
    }

    fn reindex(&mut self) {
        let keys = self.list.iter().enumerate();
        self.index = Some(keys.map(|(index, (key, _))| (key.clone(), index)).collect());
    }
}
