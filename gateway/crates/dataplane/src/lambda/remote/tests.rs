use gateway_proto::HeadLimits;
use gateway_proto::h1::{Parsed, ResponseHead};
use gateway_rt::Buf;

use super::*;

fn answer(text: &str) -> Answer {
    let mut bytes = Buf::take();
    assert!(bytes.extend(text.as_bytes()));
    let mut head = ResponseHead::new();
    let parsed = head.parse(bytes.filled(), false, &HeadLimits::DEFAULT);
    assert_eq!(parsed, Ok(Parsed::Complete));
    let body = bytes.filled()[head.len..].to_vec();
    Answer { head, bytes, body }
}

#[test]
fn answers_of_invoke_mean_what_lambda_says() {
    let ok = |text: &str| outcome(answer(text)).expect("an outcome");
    let result = ok("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    assert_eq!(result, Outcome { payload: b"{}".to_vec(), is_error: false });
    let error = "HTTP/1.1 200 OK\r\nx-amz-function-error: Unhandled\r\nContent-Length: 2\r\n\r\n{}";
    assert!(ok(error).is_error);
    let event = ok("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(event, Outcome { payload: Vec::new(), is_error: false });
    let no_json = "HTTP/1.1 400 Bad Request\r\nX-Amzn-ErrorType: InvalidRequestContentException\r\n\
                   Content-Length: 15\r\n\r\n{\"Type\":\"User\"}";
    assert_eq!(ok(no_json).payload, b"{\"Type\":\"User\"}");

    let refused = |text: &str| match outcome(answer(text)) {
        Err(CallError::Invoke(error)) => error,
        other => panic!("{other:?}"),
    };
    let throttled = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(refused(throttled), InvokeError::Throttled);
    let denied = "HTTP/1.1 403 Forbidden\r\nx-amzn-ErrorType: AccessDeniedException\r\n\
                  Content-Length: 4\r\n\r\nnope";
    let reason = "Invoke answered 403 AccessDeniedException: nope".to_owned();
    assert_eq!(refused(denied), InvokeError::Unavailable(reason));
    let missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    assert!(matches!(refused(missing), InvokeError::Unavailable(_)));
}

#[test]
fn a_refusal_is_logged_no_longer_than_the_limit() {
    let text = format!("HTTP/1.1 500 Oops\r\nContent-Length: 9999\r\n\r\n{}", "x".repeat(9999));
    let Err(CallError::Invoke(InvokeError::Unavailable(reason))) = outcome(answer(&text)) else {
        panic!("a refusal")
    };
    assert!(reason.len() < REMOTE_ERROR_BYTES_MAX + 64, "{}", reason.len());
}
