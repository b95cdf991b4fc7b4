//! Any bytes at all as a key file: reading does not panic, and how the bytes arrive changes nothing.

use gateway_definition::api_keys::import;
use gateway_model::{Diagnostic, ImportedKeys};
use std::io::BufReader;

#[test]
fn reading_any_bytes_ends_without_a_panic_and_the_same_however_they_arrive() {
    bolero::check!().for_each(|bytes: &[u8]| compare(bytes));
}

/// Bytes are mostly noise to a parser; words that key files are made of get further in.
#[test]
fn reading_any_words_ends_without_a_panic_and_the_same_however_they_arrive() {
    const WORDS: [&str; 24] = [
        "\n",
        "\r\n",
        "\r",
        ",",
        ",",
        ",",
        "\"",
        "'",
        " ",
        "name",
        "key",
        "id",
        "enabled",
        "usageplanids",
        "description",
        "true",
        "FALSE",
        "abcdefghijklmnopqrst",
        "abcdefghijklmnopqrstu",
        "é",
        "\u{feff}",
        "plan",
        "\n,abcdefghijklmnopqrst",
        "\n\"a\",abcdefghijklmnopqrst,",
    ];
    bolero::check!().for_each(|bytes: &[u8]| {
        let words = bytes.iter().map(|b| WORDS[usize::from(*b) % WORDS.len()]);
        let text: String = words.collect();
        compare(text.as_bytes());
        compare(format!("name,key,usageplanids,id\n{text}").as_bytes());
    });
}

fn compare(bytes: &[u8]) {
    let (keys, diagnostics) = import("k.csv", bytes);
    assert!(!keys.is_empty() || diagnostics.iter().any(Diagnostic::is_error) || is_header(bytes));
    for capacity in [1, 7] {
        let (others, said) = import("k.csv", BufReader::with_capacity(capacity, bytes));
        assert_eq!(diagnostics, said);
        assert!(same(&keys, &others));
    }
}

/// Whether there may be a header and nothing below it.
fn is_header(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    text.contains("name") && text.contains("key")
}

fn same(one: &ImportedKeys, other: &ImportedKeys) -> bool {
    one.iter().eq(other.iter()) && one.plans() == other.plans()
}
