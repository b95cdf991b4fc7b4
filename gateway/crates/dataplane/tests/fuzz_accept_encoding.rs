//! Any bytes as `Accept-Encoding` and `Content-Encoding`.

use gateway_dataplane::compress::{Coding, accepted};
use gateway_dataplane::decompress::coding;

fn names(value: &[u8], coding: Coding) -> bool {
    let name = coding.as_str().as_bytes();
    value.windows(name.len()).any(|window| window.eq_ignore_ascii_case(name))
}

#[test]
fn any_field_values() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let values = || bytes.split(|byte| *byte == b'\n');
        if let Some(coding) = accepted(values()) {
            assert!(names(bytes, coding), "what is not named is not chosen");
            let refused = [bytes, b"\nidentity;q=1"].concat();
            let _ = accepted(refused.split(|byte| *byte == b'\n'));
        }
        if let Ok(Some(coding)) = coding(values()) {
            assert!(names(bytes, coding));
        }
    });
}
