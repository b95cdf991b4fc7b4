//! Filter patterns, as anybody may send them: none makes the parser panic, and one that is in order matches without panicking.

use gateway_control::logs::Pattern;

#[test]
fn no_pattern_and_no_message_panic() {
    bolero::check!().for_each(|input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        let (pattern, message) = text.split_once('\n').unwrap_or((&text, &text));
        for pattern in [pattern.to_owned(), format!("{{{pattern}}}"), format!("[{pattern}]")] {
            if let Ok(pattern) = Pattern::parse(&pattern) {
                pattern.matches(message);
                pattern.matches(&format!("{{\"a\": {message:?}}}"));
            }
        }
    });
}
