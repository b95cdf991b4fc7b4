//! The permissive reader takes any text: it ends with a value that can be printed and written, or an error with a place.

use gateway_vtl::json::{self, Style};

#[test]
fn fuzz_json() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        match json::parse(&text) {
            Ok(value) => {
                let printed = value.to_string();
                for style in [Style::Plain, Style::Slash] {
                    let mut out = String::new();
                    json::write(&value, style, &mut out).expect("what is read can be written");
                    let again = json::parse(&out).expect("what is written can be read");
                    let mut twice = String::new();
                    json::write(&again, style, &mut twice).expect("what is read can be written");
                    assert_eq!(twice, out, "written again; printed {printed}");
                }
            }
            Err(error) => assert!(error.offset <= text.len()),
        }
    });
}
