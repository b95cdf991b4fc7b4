//! What happens to a stack, as its events tell it.

use std::cell::Cell;

use super::types::{Event, Resource, Stack, Status};
use crate::limits::STACK_EVENTS_MAX;

/// The type of a stack in its own events.
pub(super) const STACK_TYPE: &str = "AWS::CloudFormation::Stack";

/// Milliseconds over which the events of one call are spread at most.
const SPREAD_MS_MAX: u64 = 500;

/// Writes events of one call.
pub(super) struct Journal {
    /// Of the next event. All of them happen at once; clients sort them by time, so each has its own.
    unix_ms: Cell<u64>,
    latest_ms: u64,
    token: Option<String>,
}

impl Journal {
    /// Events of a call at `unix_ms`; they come behind all that there are.
    pub(super) fn new(stack: &Stack, unix_ms: u64, token: Option<&str>) -> Self {
        let last = stack.events.last().map_or(0, |event| event.unix_ms);
        let unix_ms = unix_ms.max(last + 1);
        Self {
            unix_ms: Cell::new(unix_ms),
            latest_ms: unix_ms + SPREAD_MS_MAX,
            token: token.map(str::to_owned),
        }
    }

    /// The stack is or has become something.
    pub(super) fn stack(&self, stack: &mut Stack, status: Status, reason: Option<&str>) {
        stack.status = status;
        stack.reason = reason.map(str::to_owned);
        let (name, id) = (stack.name.clone(), stack.id.clone());
        self.push(stack, (&name, &id, STACK_TYPE), status, reason);
    }

    /// So is or has one of its resources.
    pub(super) fn resource(
        &self,
        stack: &mut Stack,
        resource: &Resource,
        status: Status,
        reason: Option<&str>,
    ) {
        let of = (&*resource.logical_id, &*resource.physical_id, &*resource.type_name);
        self.push(stack, of, status, reason);
    }

    fn push(
        &self,
        stack: &mut Stack,
        (logical_id, physical_id, type_name): (&str, &str, &str),
        status: Status,
        reason: Option<&str>,
    ) {
        stack.events_count += 1;
        let id = format!("{logical_id}-{}-{}", status.as_str(), stack.events_count);
        stack.events.push(Event {
            id,
            logical_id: logical_id.to_owned(),
            physical_id: physical_id.to_owned(),
            type_name: type_name.to_owned(),
            status,
            reason: reason.map(str::to_owned),
            token: self.token.clone(),
            unix_ms: self.unix_ms.get(),
        });
        self.unix_ms.set(self.latest_ms.min(self.unix_ms.get() + 1));
        if stack.events.len() > STACK_EVENTS_MAX {
            let surplus = stack.events.len() - STACK_EVENTS_MAX;
            stack.events.drain(..surplus);
        }
    }
}
