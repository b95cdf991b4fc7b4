//! Request validators: what a request must have before its integration is called.
//!
//! Source: API Gateway Developer Guide, "Request validation", and recorded behaviour.

use std::sync::Arc;

use crate::models::ModelSchema;
use crate::source::Source;
use crate::templates::ByMediaType;

/// What is checked of a method's requests.
#[derive(Debug)]
pub struct Validation {
    /// Parameters that must be there and not blank, in declared order.
    pub parameters: Vec<RequiredParameter>,
    /// Schemas of bodies by media type; `None` inside accepts everything. A media type that names none, where
    /// there is no `$default`, is not validated.
    pub models: ByMediaType<Option<Arc<ModelSchema>>>,
    /// Whether somebody reads `$context.error.validationErrorString`.
    pub is_described: bool,
}

/// A parameter that must be there.
#[derive(Debug)]
pub struct RequiredParameter {
    /// Its name as the answer has it.
    pub name: Box<str>,
    /// Where its value is.
    pub source: Source,
    /// Decides where it stands among the missing.
    hash: u32,
}

impl RequiredParameter {
    pub(crate) fn new(name: &str, source: Source) -> Self {
        Self { name: name.into(), source, hash: java_hash(name) }
    }
}

/// A `java.util.HashMap` spreads the hash of a `String` so. UTF-16 units, 32 bits.
fn java_hash(text: &str) -> u32 {
    let hash = text
        .encode_utf16()
        .fold(0u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)));
    hash ^ (hash >> 16)
}

/// The names of missing parameters as API Gateway lists them: each once, in the order in which a Java
/// `HashSet` of them iterates.
pub fn listed(missing: &[&RequiredParameter]) -> String {
    let mut distinct: Vec<&RequiredParameter> = Vec::with_capacity(missing.len());
    for parameter in missing {
        if !distinct.iter().any(|known| known.name == parameter.name) {
            distinct.push(parameter);
        }
    }
    // The table doubles when it is more than three quarters full.
    let mut buckets = 16;
    while distinct.len() * 4 > buckets * 3 {
        buckets *= 2;
    }
    distinct.sort_by_key(|parameter| parameter.hash as usize & (buckets - 1));
    let names: Vec<&str> = distinct.iter().map(|parameter| &*parameter.name).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests;
