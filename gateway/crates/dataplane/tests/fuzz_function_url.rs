//! What a function may answer for its URL: any bytes. What is read can be written without a field that ends another.
#![forbid(unsafe_code)]

use gateway_dataplane::lambda::answer::{Body, read};

#[test]
fn any_result_is_an_answer_that_can_be_written_or_none() {
    bolero::check!().for_each(|result: &[u8]| {
        let Ok(answer) = read(result) else { return };
        assert!((200..=599).contains(&answer.status));
        assert!(std::str::from_utf8(result).is_ok(), "JSON is UTF-8");
        for (name, value) in &answer.fields {
            assert!(!name.is_empty() && !name.contains([':', ' ', '\r', '\n', '\0']));
            assert!(!value.contains(['\r', '\n', '\0']));
        }
        if answer.body == Body::Result {
            assert!(answer.fields.is_empty() && !answer.is_base64_encoded);
        }
    });
}
