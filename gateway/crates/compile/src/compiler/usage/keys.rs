//! The table of keys, from definitions and from imported files.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use gateway_auth::keys::{KeyError, KeyTable, KeyTableBuilder};
use gateway_model::{Definitions, Diagnostic, ImportedKeys, Place};

use super::Told;
use crate::limits::{KEY_VALUE_CHARS_MAX, KEY_VALUE_CHARS_MIN};
use crate::surroundings::Surroundings;
use crate::usage::UsagePlans;

/// Which imported keys a table was made of. Holds the place in memory, so that no other keys can come to
/// lie there, and nothing of the keys once their owner lets go of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Imported(Option<Weak<ImportedKeys>>);

impl Imported {
    pub(super) fn of(keys: Option<&Arc<ImportedKeys>>) -> Self {
        Self(keys.map(Arc::downgrade))
    }
}

impl PartialEq for Imported {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(a), Some(b)) => Weak::ptr_eq(a, b),
            _ => false,
        }
    }
}

/// The keys, and what there was to say of them.
pub(super) struct Keys {
    pub(super) table: Arc<KeyTable>,
    pub(super) generated: BTreeMap<Box<str>, Box<str>>,
    pub(super) said: Vec<Diagnostic>,
}

impl Keys {
    /// Those of the snapshot before.
    pub(super) fn of(previous: &UsagePlans) -> Self {
        Self {
            table: Arc::clone(&previous.keys),
            generated: previous.input.generated.clone(),
            said: previous.input.said_of_keys.clone(),
        }
    }
}

pub(super) fn compile(
    definitions: &Definitions,
    surroundings: Surroundings<'_>,
    previous: Option<&UsagePlans>,
) -> Keys {
    let mut said = Vec::new();
    let imported = surroundings.imported.map(|keys| &**keys);
    let count = definitions.api_keys.len() + imported.map_or(0, ImportedKeys::len);
    let mut builder = KeyTableBuilder::with_capacity(count);
    let mut generated = BTreeMap::new();
    for key in &definitions.api_keys {
        let id = key.id.as_str();
        let value = match &key.value {
            Some(value) => value.clone(),
            None => match generated_value(id, surroundings, previous) {
                Some(value) => {
                    generated.insert(id.into(), value.as_str().into());
                    value
                }
                None => {
                    let text = format!("API key {id} has no Value, and none is made here");
                    let warning = Diagnostic::warning(&key.place, text);
                    said.push(warning.with_help("give it a Value"));
                    continue;
                }
            },
        };
        if let Some(text) = wrong_length(&value) {
            said.push(Diagnostic::error(&key.place, text));
        } else if let Err(error) = builder.add(id, &key.name, &value, key.enabled) {
            said.push(refused(&key.place, &error));
        }
    }
    let mut told = Told::default();
    for key in imported.iter().flat_map(|keys| keys.iter()) {
        if let Err(error) = builder.add(key.id, key.name, key.value, key.enabled) {
            let place = imported.map_or_else(Place::nowhere, |keys| keys.place(&key));
            told.say(&mut said, || refused(&place, &error));
        }
    }
    told.rest(&mut said);
    Keys { table: Arc::new(builder.build()), generated, said }
}

/// The value made for a key: the one that it has, while the process runs.
fn generated_value(
    id: &str,
    surroundings: Surroundings<'_>,
    previous: Option<&UsagePlans>,
) -> Option<String> {
    let kept = previous.and_then(|previous| previous.input.generated.get(id));
    kept.map(|value| value.to_string()).or_else(|| surroundings.records.key_value(id))
}

fn wrong_length(value: &str) -> Option<String> {
    let chars = value.chars().count();
    if chars < KEY_VALUE_CHARS_MIN {
        Some(format!("API Key value should be at least {KEY_VALUE_CHARS_MIN} characters"))
    } else if chars > KEY_VALUE_CHARS_MAX {
        Some(format!("API Key value exceeds maximum size of {KEY_VALUE_CHARS_MAX} characters"))
    } else {
        None
    }
}

fn refused(place: &Place, error: &KeyError) -> Diagnostic {
    let help = match error {
        KeyError::DuplicateValue { .. } => "give each key a value of its own",
        KeyError::DuplicateId { .. } => "give each key an id of its own",
        KeyError::TooLong { .. } => "shorten it",
        KeyError::Full => "serve fewer keys",
    };
    Diagnostic::error(place, error.to_string()).with_help(help)
}
