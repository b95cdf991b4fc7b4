//! Those who wait for a result on this shard.

use std::task::{Context, Poll, Waker};

use gateway_rt::Moment;

use super::{InvokeError, Outcome};

/// Names a call of this shard: what has ended is never mistaken for what took its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    index: u32,
    generation: u32,
}

/// The calls of one shard. `T` is what is kept beside each.
pub(crate) struct Calls<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

struct Slot<T> {
    generation: u32,
    call: Option<Call<T>>,
}

struct Call<T> {
    beside: T,
    /// When the caller stops waiting.
    deadline: Moment,
    /// When it stops waiting for an environment.
    wait_until: Moment,
    result: Option<Result<Outcome, InvokeError>>,
    waker: Option<Waker>,
}

/// Who has waited long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Late {
    pub(crate) key: Key,
    /// Of its own deadline, not only of waiting for an environment.
    pub(crate) is_deadline: bool,
}

impl<T> Calls<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.len() == self.free.len()
    }

    pub(crate) fn insert(&mut self, beside: T, deadline: Moment) -> Key {
        let call = Call { beside, deadline, wait_until: Moment::NEVER, result: None, waker: None };
        match self.free.pop() {
            Some(index) => {
                let slot = &mut self.slots[index as usize];
                slot.call = Some(call);
                Key { index, generation: slot.generation }
            }
            None => {
                self.slots.push(Slot { generation: 0, call: Some(call) });
                Key { index: (self.slots.len() - 1) as u32, generation: 0 }
            }
        }
    }

    /// It waits for an environment until then.
    pub(crate) fn wait_until(&mut self, key: Key, at: Moment) {
        if let Some(call) = self.call(key) {
            call.wait_until = at;
        }
    }

    /// Its result; dropped when nobody waits any more.
    pub(crate) fn complete(&mut self, key: Key, result: Result<Outcome, InvokeError>) {
        if let Some(call) = self.call(key)
            && call.result.is_none()
        {
            call.result = Some(result);
            call.deadline = Moment::NEVER;
            call.wait_until = Moment::NEVER;
            if let Some(waker) = call.waker.take() {
                waker.wake();
            }
        }
    }

    pub(crate) fn poll(
        &mut self,
        key: Key,
        cx: &Context<'_>,
    ) -> Poll<Result<Outcome, InvokeError>> {
        let Some(call) = self.call(key) else { return Poll::Ready(Err(InvokeError::Deadline)) };
        match call.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                match &mut call.waker {
                    Some(waker) => waker.clone_from(cx.waker()),
                    none => *none = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
        }
    }

    /// Forgets it. What was kept beside it, if it had no result yet.
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let slot = self.slots.get_mut(key.index as usize)?;
        if slot.generation != key.generation {
            return None;
        }
        let call = slot.call.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(key.index);
        Some(call.beside)
    }

    pub(crate) fn beside(&mut self, key: Key) -> Option<&T> {
        self.call(key).map(|call| &call.beside)
    }

    /// Those whose time has come. A wait for an environment is told once.
    pub(crate) fn late(&mut self, now: Moment) -> Vec<Late> {
        let mut late = Vec::new();
        for (index, slot) in self.slots.iter_mut().enumerate() {
            let Some(call) = &mut slot.call else { continue };
            let is_deadline = call.deadline <= now;
            if is_deadline || call.wait_until <= now {
                call.wait_until = Moment::NEVER;
                let key = Key { index: index as u32, generation: slot.generation };
                late.push(Late { key, is_deadline });
            }
        }
        late
    }

    /// All that have no result.
    pub(crate) fn unanswered(&self) -> Vec<Key> {
        let key = |(index, slot): (usize, &Slot<T>)| {
            let call = slot.call.as_ref()?;
            let key = Key { index: index as u32, generation: slot.generation };
            call.result.is_none().then_some(key)
        };
        self.slots.iter().enumerate().filter_map(key).collect()
    }

    fn call(&mut self, key: Key) -> Option<&mut Call<T>> {
        let slot = self.slots.get_mut(key.index as usize)?;
        if slot.generation != key.generation {
            return None;
        }
        slot.call.as_mut()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_result_never_reaches_who_took_the_place() {
        let mut calls = Calls::new();
        let first = calls.insert("first", Moment::NEVER);
        assert_eq!(calls.remove(first), Some("first"));
        let second = calls.insert("second", Moment::NEVER);
        assert_eq!(first.index, second.index);
        calls.complete(first, Err(InvokeError::Throttled));
        let cx = Context::from_waker(Waker::noop());
        assert_eq!(calls.poll(second, &cx), Poll::Pending);
        calls.complete(second, Err(InvokeError::Deadline));
        calls.complete(second, Err(InvokeError::Throttled));
        assert_eq!(calls.poll(second, &cx), Poll::Ready(Err(InvokeError::Deadline)));
        assert_eq!(calls.remove(first), None);
        assert_eq!(calls.remove(second), Some("second"));
        assert!(calls.is_empty());
    }

    #[test]
    fn who_is_late_is_told_and_a_wait_for_an_environment_only_once() {
        let mut calls = Calls::new();
        let at = Moment::default();
        let key = calls.insert((), at + Duration::from_secs(2));
        calls.wait_until(key, at + Duration::from_secs(1));
        assert_eq!(calls.late(at), []);
        let one = at + Duration::from_secs(1);
        assert_eq!(calls.late(one), [Late { key, is_deadline: false }]);
        assert_eq!(calls.late(one), []);
        let two = at + Duration::from_secs(2);
        assert_eq!(calls.late(two), [Late { key, is_deadline: true }]);
        assert_eq!(calls.unanswered(), [key]);
        calls.complete(key, Err(InvokeError::Deadline));
        assert_eq!(calls.late(two), []);
        assert_eq!(calls.unanswered(), []);
    }
}
