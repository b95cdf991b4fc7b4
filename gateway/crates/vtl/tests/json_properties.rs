//! The reader and the writer against serde_json, on valid JSON.

use gateway_vtl::json::{self, Style};
use proptest::prelude::*;
use serde_json::Value as Json;

fn documents() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        "\\PC{0,12}".prop_map(Json::from),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Json::from),
            proptest::collection::vec(("[a-z]{1,3}|\\PC{0,4}", inner), 0..20)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

fn rewrite(text: &str, style: Style) -> String {
    let value = json::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let mut out = String::new();
    json::write(&value, style, &mut out).expect("it nests little");
    out
}

proptest! {
    /// What we write is the same document, in both styles, and reading it again changes nothing.
    #[test]
    fn documents_survive_reading_and_writing(document in documents()) {
        let text = document.to_string();
        for style in [Style::Plain, Style::Slash] {
            let ours = rewrite(&text, style);
            let again: Json = serde_json::from_str(&ours).map_err(|error| {
                TestCaseError::fail(format!("{ours}: {error}"))
            })?;
            prop_assert_eq!(&again, &document);
            prop_assert_eq!(rewrite(&ours, style), ours);
        }
        // Pretty-printed text is the same document.
        let pretty = serde_json::to_string_pretty(&document).expect("it is JSON");
        prop_assert_eq!(rewrite(&pretty, Style::Plain), rewrite(&text, Style::Plain));
    }

    /// Doubles of up to 18 characters keep their value; what is longer keeps its digits.
    #[test]
    fn decimals_keep_their_value(number in any::<f64>().prop_filter("JSON has no others", |number| number.is_finite())) {
        let text = format!("{number:e}");
        let ours = rewrite(&format!("[{text}]"), Style::Plain);
        let back: f64 = ours.trim_matches(['[', ']']).parse().expect("a number");
        prop_assert_eq!(back, number, "{} became {}", text, ours);
    }

    /// Whatever the text is, the reader ends with a value that can be written, or an error inside it.
    #[test]
    fn no_text_is_too_strange(text in "[\\[\\]{}:,'\"\\\\ a-e0-9.+\\-un\u{1a}\u{1}é]{0,60}") {
        match json::parse(&text) {
            Ok(value) => {
                let mut out = String::new();
                json::write(&value, Style::Plain, &mut out).expect("it nests little");
                json::parse(&out).map_err(|error| TestCaseError::fail(format!("{out}: {error}")))?;
            }
            Err(error) => prop_assert!(error.offset <= text.len()),
        }
    }
}
