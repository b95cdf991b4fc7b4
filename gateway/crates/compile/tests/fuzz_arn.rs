//! Invocation URIs: what names a function names it by letters that a request line can carry, and what
//! `Invoke` takes of it names the same function again.

use gateway_compile::TokenPattern;
use gateway_compile::arn::{FunctionName, ServiceUri, is_function_name};

const PATH: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/";

#[test]
fn invocation_uri() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        for text in [
            text.to_owned(),
            format!("{PATH}{text}/invocations"),
            format!("{PATH}arn:aws:lambda:us-east-1:000000000000:function:{text}/invocations"),
        ] {
            let Ok(ServiceUri::Lambda(call)) = ServiceUri::parse(&text) else { continue };
            let function = call.function;
            assert!(is_function_name(&function.name), "{text:?}");
            let named = function.to_text();
            assert!(named.bytes().all(|b| b.is_ascii_graphic()), "{named:?}");
            let again = FunctionName::parse(&named, &function.region).expect("it names a function");
            assert_eq!((&again.name, &again.qualifier), (&function.name, &function.qualifier));
            assert_eq!((&again.account, &again.region), (&function.account, &function.region));
        }
    });
}

/// Words get further into the grammar than bytes do.
#[test]
fn invocation_uri_of_words() {
    const WORDS: [&str; 16] = [
        "arn",
        ":",
        "aws",
        "lambda",
        "apigateway",
        "us-east-1",
        "path/",
        "action/",
        "/",
        "//",
        "2015-03-31",
        "functions",
        "invocations",
        "000000000000",
        "function",
        "f",
    ];
    bolero::check!().for_each(|bytes: &[u8]| {
        let text: String = bytes.iter().map(|b| WORDS[usize::from(*b) % WORDS.len()]).collect();
        if let Ok(ServiceUri::Lambda(call)) = ServiceUri::parse(&text) {
            assert!(is_function_name(&call.function.name), "{text}");
        }
    });
}

#[test]
fn token_pattern() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        if let Ok(pattern) = TokenPattern::parse(text) {
            pattern.matches(text);
        }
    });
}
