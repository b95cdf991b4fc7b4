//! Fuzz: no text crashes the parser, and what it refuses it refuses with a place in the text.

use gateway_vtl::Template;

#[test]
fn fuzz_template() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let source = String::from_utf8_lossy(bytes);
        if let Err(error) = Template::parse(&source) {
            let lines = u32::try_from(source.split(['\n', '\r']).count()).expect("few lines");
            assert!((1..=lines).contains(&error.line), "{error} in {source:?}");
            assert!(error.column >= 1, "{error}");
            assert!(!error.message.is_empty());
        }
    });
}
