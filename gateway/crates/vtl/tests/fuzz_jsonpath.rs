//! Any text is a path or an error with a place, and evaluating a path ends.

use gateway_vtl::json;
use gateway_vtl::jsonpath::Path;

const DOCUMENT: &str = r#"{"a":[1,{"b":"x","c":[true,null]},2.5],"b":{"a":{"a":"it's"}},"c d":"é","n":12345678901234567890}"#;

/// Some of what paths are made of, so that short input reaches far.
const PARTS: [&str; 32] = [
    "$",
    ".",
    "..",
    "a",
    "b",
    "*",
    "[",
    "]",
    "[0]",
    "[-1:]",
    "[0,1]",
    "['a','b']",
    "[?(",
    ")]",
    "@.a",
    "@",
    " == ",
    " < ",
    "1",
    "'x'",
    " && ",
    " || ",
    "!",
    "(",
    ")",
    " =~ /x.*/i",
    " in [1,'x']",
    " size 2",
    ".length()",
    ".sum()",
    "\"",
    "{'a':1}",
];

#[test]
fn fuzz_jsonpath() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let document = json::parse(DOCUMENT).expect("it is JSON");
        let text = String::from_utf8_lossy(bytes);
        let assembled: String =
            bytes.iter().map(|byte| PARTS[usize::from(*byte) % PARTS.len()]).collect();
        for text in [&*text, &assembled] {
            match Path::parse(text) {
                Ok(path) => {
                    let found = path.evaluate(&document, &mut 0);
                    if path.is_definite() {
                        continue;
                    }
                    assert!(!matches!(found, Ok(None)), "an indefinite path finds a list: {text}");
                }
                // A place in the text, where `$.` may have been put in front.
                Err(error) => assert!(error.offset <= text.len() + 2, "{error}: {text}"),
            }
        }
    });
}
