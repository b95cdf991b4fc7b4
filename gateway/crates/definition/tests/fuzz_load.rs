//! Any bytes at all: loading does not panic, and ends soon.

use gateway_definition::{Options, Source, load};
use std::time::{Duration, Instant};

/// Far above what a small input takes in a debug build on a busy machine.
const SOON: Duration = Duration::from_secs(20);

#[test]
fn loading_any_text_ends_soon_without_a_panic() {
    bolero::check!().for_each(|bytes: &[u8]| check(bytes));
}

/// Bytes are mostly noise to a parser; words that templates are made of get further in.
#[test]
fn loading_any_words_ends_soon_without_a_panic() {
    const WORDS: [&str; 62] = [
        "\n",
        "\n  ",
        "\n    ",
        "\n      ",
        ": ",
        "- ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "\"",
        "&a ",
        "*a ",
        "Resources",
        "Outputs",
        "Conditions",
        "Parameters",
        "Type",
        "Properties",
        "Default",
        "AWS::ApiGateway::RestApi",
        "AWS::ApiGateway::Method",
        "AWS::ApiGateway::Stage",
        "A",
        "B",
        "!Ref ",
        "!Sub ",
        "!GetAtt ",
        "!If ",
        "!Join ",
        "!Equals ",
        "!Cidr ",
        "${A}",
        "A.B",
        "Value",
        "String",
        "1",
        "Fn::Sub",
        "Ref",
        "AWS::Lambda::Function",
        "AWS::Lambda::Alias",
        "AWS::Lambda::Permission",
        "AWS::Serverless::Function",
        "Globals",
        "Function",
        "Code",
        "CodeUri",
        "ZipFile",
        "Runtime",
        "python3.12",
        "Handler",
        "a.b",
        "Environment",
        "Variables",
        "Metadata",
        "Transform",
        "Fn::Transform",
        "AWS::Include",
        "Name",
        "Parameters: {Location: ",
        "s3://b/k",
    ];
    bolero::check!().for_each(|bytes: &[u8]| {
        let words = bytes.iter().map(|b| WORDS[usize::from(*b) % WORDS.len()]);
        let text: String = words.collect();
        check(text.as_bytes());
        check(format!("Resources:\n  A:\n    Type: {text}").as_bytes());
    });
}

fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let started = Instant::now();
    for name in ["t.yaml", "t.json", "t"] {
        let source = Source { name: name.to_owned(), text: text.clone() };
        let loaded = load(&[source], &Options::default());
        // No text at all is taken in silence.
        let definitions = &loaded.definitions;
        let is_taken = !definitions.apis.is_empty()
            || !definitions.functions.is_empty()
            || !definitions.function_qualifiers.is_empty()
            || !definitions.function_permissions.is_empty()
            || !definitions.function_urls.is_empty();
        assert!(!loaded.diagnostics.is_empty() || is_taken, "{text:?}");
    }
    assert!(started.elapsed() < SOON, "took {:?}", started.elapsed());
}
