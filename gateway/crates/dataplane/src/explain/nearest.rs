//! Routes that come near to a path and a verb without a method.
//!
//! Distance is in edits of segments: a variable matches any segment, a greedy one any rest. The work
//! is bounded by a budget, as an API may have thousands of resources and this runs on a shard.

use gateway_compile::{PathParams, RequestMethod, StagePlan};

use super::trail::Misses;
use crate::limits::{
    NEAREST_CELLS_MAX, NEAREST_COUNT_MAX, NEAREST_SEGMENT_BYTES_MAX, NEAREST_SEGMENTS_MAX,
};

/// The verbs that `path` has, and the resource paths that come nearest to it.
pub(crate) fn misses(stage: &StagePlan, path: &[u8]) -> Misses {
    let mut params = PathParams::default();
    let mut has = |verb: RequestMethod| stage.routes.find(path, verb, &mut params).is_some();
    let verbs: Vec<_> = RequestMethod::ALL.into_iter().filter(|verb| has(*verb)).collect();
    let verbs: Vec<_> = verbs.into_iter().map(RequestMethod::as_str).collect();
    // Where the path is right, another path is no help.
    let paths = if verbs.is_empty() {
        nearest(path, stage.methods.iter().map(|method| &*method.resource_path))
    } else {
        Vec::new()
    };
    Misses { verbs, paths }
}

/// The nearest of `resources`, each once, those that are equally near in the order of the alphabet.
fn nearest<'r>(path: &[u8], resources: impl Iterator<Item = &'r str>) -> Vec<String> {
    let wanted = segments(path);
    let allowed = path.len() / 2 + 1;
    let mut budget = NEAREST_CELLS_MAX;
    let mut near: Vec<(usize, &str)> = Vec::new();
    let mut last = None;
    for resource in resources {
        // The methods of a resource lie together.
        let is_known = near.iter().any(|(_, known)| *known == resource);
        if last.replace(resource) == Some(resource) || is_known {
            continue;
        }
        let Some(edits) = distance(&wanted, &segments(resource.as_bytes()), &mut budget) else {
            break;
        };
        if edits <= allowed {
            near.push((edits, resource));
            near.sort_unstable();
            near.truncate(NEAREST_COUNT_MAX);
        }
    }
    near.into_iter().map(|(_, resource)| resource.to_owned()).collect()
}

fn segments(path: &[u8]) -> Vec<&[u8]> {
    let segments = path.split(|byte| *byte == b'/').filter(|segment| !segment.is_empty());
    let short = |segment: &'_ [u8]| segment.len().min(NEAREST_SEGMENT_BYTES_MAX);
    segments.take(NEAREST_SEGMENTS_MAX).map(|segment| &segment[..short(segment)]).collect()
}

/// Edits from `wanted` to `resource`, by whole segments that are left out or put in, or by bytes within
/// one; `None` when the budget of compared cells is used up.
fn distance(wanted: &[&[u8]], resource: &[&[u8]], budget: &mut usize) -> Option<usize> {
    let whole = |segment: &[u8]| if is_variable(segment) { 1 } else { segment.len() + 1 };
    let mut row: Vec<usize> = vec![0];
    for segment in resource {
        row.push(row[row.len() - 1] + whole(segment));
    }
    for have in wanted {
        let mut diagonal = row[0];
        row[0] += have.len() + 1;
        for (at, segment) in resource.iter().enumerate() {
            let changed = if is_variable(segment) { 0 } else { edits(have, segment, budget)? };
            // A greedy variable goes on matching.
            let left_out = if is_greedy(segment) { 0 } else { have.len() + 1 };
            let best =
                (diagonal + changed).min(row[at + 1] + left_out).min(row[at] + whole(segment));
            diagonal = std::mem::replace(&mut row[at + 1], best);
        }
    }
    row.pop()
}

fn is_variable(segment: &[u8]) -> bool {
    segment.starts_with(b"{") && segment.ends_with(b"}")
}

fn is_greedy(segment: &[u8]) -> bool {
    segment.starts_with(b"{") && segment.ends_with(b"+}")
}

/// Levenshtein's distance, a difference in case alone being half of one, rounded up.
fn edits(a: &[u8], b: &[u8], budget: &mut usize) -> Option<usize> {
    *budget = budget.checked_sub(a.len() * b.len() + 1)?;
    let mut row: Vec<usize> = (0..=b.len()).map(|at| 2 * at).collect();
    for (index, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = 2 * (index + 1);
        for (at, y) in b.iter().enumerate() {
            let changed = match x {
                x if x == y => 0,
                x if x.eq_ignore_ascii_case(y) => 1,
                _ => 2,
            };
            let best = (diagonal + changed).min(row[at + 1] + 2).min(row[at] + 2);
            diagonal = std::mem::replace(&mut row[at + 1], best);
        }
    }
    row.last().map(|edits| edits.div_ceil(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, resources: &[&str], expected: &[&str]) {
        assert_eq!(nearest(path.as_bytes(), resources.iter().copied()), expected, "{path}");
    }

    #[test]
    fn the_nearest_paths_come_first() {
        let resources = ["/", "/pets", "/pets/{id}", "/pets/{id}/toys", "/users", "/pets"];
        check("/pet", &resources, &["/pets", "/pets/{id}"]);
        check("/pet/42", &resources, &["/pets/{id}", "/pets"]);
        check("/Pets/42/toy", &resources, &["/pets/{id}/toys", "/pets/{id}"]);
        check("/completely/different/things", &["/pets"], &[]);
        check("/proxy/a/b/c", &["/proxi/{rest+}"], &["/proxi/{rest+}"]);
    }

    #[test]
    fn at_most_three_are_named() {
        check("/aaaa", &["/aaab", "/aaac", "/aaad", "/aaae"], &["/aaab", "/aaac", "/aaad"]);
    }

    #[test]
    fn the_work_has_a_bound() {
        let long = "/".to_owned() + &"x".repeat(10_000);
        let many: Vec<String> = (0..100_000).map(|n| format!("/{n:064}")).collect();
        let mut looked_at = 0;
        let counted = many.iter().map(|path| {
            looked_at += 1;
            &**path
        });
        nearest(long.as_bytes(), counted);
        let cells = NEAREST_SEGMENT_BYTES_MAX * NEAREST_SEGMENT_BYTES_MAX;
        assert_eq!(looked_at, NEAREST_CELLS_MAX / (cells + 1) + 1);
        let mut budget = 10;
        assert_eq!(edits(b"abcd", b"abcd", &mut budget), None);
        assert_eq!(edits(b"abc", b"abd", &mut budget), Some(1));
    }
}
