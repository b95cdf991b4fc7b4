//! Buckets: the one thing beside APIs and functions that a stack really makes.

use super::Cx;
use super::types::{Resource, Stack};

pub(super) fn is_bucket(resource: &Resource) -> bool {
    resource.type_name == "AWS::S3::Bucket"
}

/// Makes the buckets of a stack that are not there. One that somebody else has made is not its own: the resource to blame, and why.
pub(super) fn make(cx: &Cx<'_>, stack: &Stack, after: &[Resource]) -> Option<(String, String)> {
    let buckets = &cx.surroundings.buckets;
    after.iter().filter(|resource| is_bucket(resource)).find_map(|resource| {
        let name = &resource.physical_id;
        let failed = |reason: String| Some((resource.logical_id.clone(), reason));
        if is_new(stack, resource) && buckets.has_bucket(name) {
            return match buckets.adopt(name, &stack.id) {
                Ok(true) => None,
                Ok(false) => failed(format!("{name} already exists")),
                Err(error) => failed(error.message),
            };
        }
        let made = buckets.create_bucket(name, &cx.call.region, cx.call.unix_ms, Some(&stack.id));
        made.err().and_then(|error| failed(error.message))
    })
}

/// Removes the empty ones that it has made on its way to what it cannot be.
pub(super) fn unmake(cx: &Cx<'_>, stack: &Stack, after: &[Resource]) {
    let buckets = &cx.surroundings.buckets;
    for resource in after.iter().filter(|resource| is_bucket(resource) && is_new(stack, resource)) {
        let name = &resource.physical_id;
        if buckets.owner(name).as_deref() == Some(&*stack.id)
            && let Err(error) = buckets.delete_bucket(name)
        {
            tracing::warn!(bucket = name, error = error.message, "Bucket of a failed stack stays");
        }
    }
}

fn is_new(stack: &Stack, resource: &Resource) -> bool {
    stack.resources.iter().all(|old| !is_bucket(old) || old.physical_id != resource.physical_id)
}
