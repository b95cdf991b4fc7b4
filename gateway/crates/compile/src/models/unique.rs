//! Equality of JSON values, and `uniqueItems` in about the time that reading them takes.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use super::document::Document;

/// Whether two numbers are mathematically equal: `1` is `1.0`. Beyond 2^127 and behind the sixteenth digit of
/// a fraction they compare as doubles do.
pub(super) fn same_number(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    match (a.parse::<i128>(), b.parse::<i128>()) {
        (Ok(a), Ok(b)) => a == b,
        _ => matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(a), Ok(b)) if a == b),
    }
}

fn same(a: &Document<'_>, b: &Document<'_>) -> bool {
    match (a, b) {
        (Document::Number(a), Document::Number(b)) => same_number(a, b),
        (Document::Array(a), Document::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Document::Object(a), Document::Object(b)) => {
            let has = |name: &str, value| {
                b.iter()
                    .find(|(other, _)| other == name)
                    .is_some_and(|(_, other)| same(value, other))
            };
            a.len() == b.len() && a.iter().all(|(name, value)| has(name, value))
        }
        (a, b) => a == b,
    }
}

/// Whether no two items are equal.
pub(super) fn is_unique(items: &[Document<'_>]) -> bool {
    /// Up to here each is compared with each.
    const COMPARED_MAX: usize = 8;
    if items.len() <= COMPARED_MAX {
        let is_new = |at: usize| !items[..at].iter().any(|before| same(before, &items[at]));
        return (1..items.len()).all(is_new);
    }
    // Keyed anew each time, so that nobody can send items of one bucket.
    let state = RandomState::new();
    let mut seen: HashMap<u64, Vec<usize>> = HashMap::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let alike = seen.entry(digest(&state, item)).or_default();
        if alike.iter().any(|before| same(&items[*before], item)) {
            return false;
        }
        alike.push(at);
    }
    true
}

/// Equal for equal values.
fn digest(state: &RandomState, value: &Document<'_>) -> u64 {
    let mut hasher = state.build_hasher();
    std::mem::discriminant(value).hash(&mut hasher);
    match value {
        Document::Null => {}
        Document::Bool(value) => value.hash(&mut hasher),
        Document::Number(digits) => {
            // Equal numbers are equal doubles; that others may be, too, costs a comparison.
            let number: f64 = digits.parse().unwrap_or_default();
            (number + 0.0).to_bits().hash(&mut hasher);
        }
        Document::String(text) => text.hash(&mut hasher),
        Document::Array(items) => {
            items.iter().for_each(|item| digest(state, item).hash(&mut hasher))
        }
        Document::Object(members) => {
            let member =
                |(name, value): &(_, Document<'_>)| state.hash_one((name, digest(state, value)));
            members.iter().map(member).fold(0u64, u64::wrapping_add).hash(&mut hasher);
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unique(text: &str) -> bool {
        let (document, _) = Document::parse(text.as_bytes()).expect("JSON");
        let Document::Array(items) = document else { panic!("an array") };
        is_unique(&items)
    }

    #[test]
    fn equal_values_are_found_among_few_and_many() {
        for filler in ["", "\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\","] {
            let check = |items: &str| unique(&format!("[{filler}{items}]"));
            assert!(check("1, 2, \"1\", true, null, [], {}"));
            assert!(!check("1, 1.0"));
            assert!(!check("10, 1e1"));
            assert!(!check("0, -0.0"));
            assert!(!check("{\"x\":1,\"y\":[2]}, {\"y\":[2.0],\"x\":1}"));
            assert!(check("{\"x\":1}, {\"x\":2}, {\"y\":1}, [1], [[1]], [1,1]"));
            assert!(check("9007199254740993, 9007199254740992"));
            assert!(check("false, 0"));
        }
    }
}
