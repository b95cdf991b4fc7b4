//! "Did you mean": the nearest known word.

/// The known word nearest to `word`, if one is near: at most a third of its letters differ, case
/// aside. The first of equals wins.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const WORD_CHARS_MAX: usize = 64; // longer words are not typing errors
    let word: Vec<char> = word.to_lowercase().chars().take(WORD_CHARS_MAX + 1).collect();
    if word.len() > WORD_CHARS_MAX {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let letters: Vec<char> = candidate.to_lowercase().chars().collect();
        if letters.len().abs_diff(word.len()) > 1 + word.len() / 3 {
            continue;
        }
        let distance = edit_distance(&word, &letters);
        let near = distance <= (word.len().max(letters.len()) / 3).max(1);
        if near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, one row at a time.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_the_nearest_word_and_nothing_far() {
        let known = ["ParentId", "PathPart", "RestApiId"];
        assert_eq!(nearest("PathParts", known), Some("PathPart"));
        assert_eq!(nearest("pathpart", known), Some("PathPart"));
        assert_eq!(nearest("RestAPIID", known), Some("RestApiId"));
        assert_eq!(nearest("Colour", known), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(edit_distance(&['a', 'b', 'c'], &['b', 'c', 'd']), 2);
    }
}
