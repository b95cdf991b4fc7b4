//! Any query of `GET /explain` is a question or an error, and a question is at most one head.
#![forbid(unsafe_code)]

use gateway_dataplane::explain::Question;
use gateway_proto::HeadLimits;
use gateway_proto::h1::{Parsed, RequestHead};

#[test]
fn any_query_is_one_head_or_an_error() {
    bolero::check!().for_each(|query: &[u8]| {
        let Ok(question) = Question::of_query(query) else { return };
        let again = Question::of_query(question.query().as_bytes());
        assert_eq!(again.as_ref(), Ok(&question), "encoded and decoded");
        check_head(&question);
    });
}

#[test]
fn any_question_is_one_head_or_an_error() {
    type Parts = (Vec<u8>, Vec<u8>, Vec<Vec<u8>>);
    bolero::check!().with_type::<Parts>().cloned().for_each(|(method, path, headers)| {
        let url = [b"/", &path[..]].concat();
        check_head(&Question { method, url, headers });
    });
}

/// Nothing in a question can end its head, so that nothing stands behind it.
fn check_head(question: &Question) {
    let Ok(bytes) = question.head() else { return };
    let mut head = RequestHead::new();
    if head.parse(&bytes, &HeadLimits::DEFAULT) == Ok(Parsed::Complete) {
        assert_eq!(head.len, bytes.len(), "{}", bytes.escape_ascii());
    }
}
