//! A value that many hold and seldom one changes.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A value that is copied when it is changed, not when it is cloned.
///
/// What the control plane has deployed goes through many hands at every change of any of it; an API that did not change costs
/// each of them a pointer. Two of one origin are equal without a look at what they hold.
#[derive(Clone, Debug, Default)]
pub struct Shared<T>(Arc<T>);

impl<T> Shared<T> {
    /// Takes a value that nobody else has.
    pub fn new(value: T) -> Self {
        Self(Arc::new(value))
    }

    /// Whether both are of one origin, unchanged since.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || self.0 == other.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen_by_its_maker_alone() {
        let one = Shared::new(vec![1]);
        let mut two = one.clone();
        assert_eq!(one, two);
        two.push(2);
        assert_eq!((&*one, &*two), (&vec![1], &vec![1, 2]));
        assert_ne!(one, two);
    }
}
