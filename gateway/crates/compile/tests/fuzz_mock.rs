//! The lenient JSON reader: never panics, and agrees with a strict one where that has an answer.

use gateway_compile::mock::status_code;
use serde_json::Value;

#[test]
fn lenient_json() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let lenient = status_code(bytes);
        if let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(bytes) {
            let strict = members.get("statusCode").and_then(Value::as_i64);
            if strict.is_some() {
                assert_eq!(lenient, strict);
            }
        }
    });
}

#[test]
fn lenient_json_after_a_status() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let text = [b"{statusCode: 200,", bytes, b"}"].concat();
        let _ = status_code(&text);
    });
}
