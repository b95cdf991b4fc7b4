//! Any OpenAPI document at all: importing it does not panic and ends soon, and what comes out can be
//! exported and imported again.

use gateway_definition::{ExportOptions, ExportType, Options, Source, export, load, to_yaml};
use std::time::{Duration, Instant};

/// Far above what a small input takes in a debug build on a busy machine.
const SOON: Duration = Duration::from_secs(20);

#[test]
fn importing_any_text_ends_soon_without_a_panic() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        check(&format!("openapi: 3.0.1\n{text}"));
        check(&format!("{{\"swagger\": \"2.0\", {text}"));
    });
}

/// Bytes are mostly noise to a parser; words that documents are made of get further in.
#[test]
fn importing_any_words_ends_soon_without_a_panic() {
    const WORDS: [&str; 72] = [
        "\n",
        "\n  ",
        "\n    ",
        "\n      ",
        "\n        ",
        "\n          ",
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
        "info",
        "title",
        "t",
        "paths",
        "/",
        "/pets",
        "/{id}",
        "/{p+}",
        "get",
        "post",
        "options",
        "parameters",
        "name",
        "in",
        "query",
        "path",
        "body",
        "required",
        "true",
        "schema",
        "$ref",
        "#/components/schemas/A",
        "#/definitions/A",
        "#/paths",
        "http://x/y",
        "components",
        "schemas",
        "definitions",
        "A",
        "B",
        "type",
        "object",
        "responses",
        "200",
        "default",
        "headers",
        "content",
        "application/json",
        "security",
        "securityDefinitions",
        "x-amazon-apigateway-authorizer",
        "x-amazon-apigateway-authtype",
        "x-amazon-apigateway-integration",
        "x-amazon-apigateway-any-method",
        "x-amazon-apigateway-request-validator",
        "x-amazon-apigateway-request-validators",
        "x-amazon-apigateway-gateway-responses",
        "DEFAULT_4XX",
        "x-amazon-apigateway-policy",
        "x-amazon-apigateway-documentation",
        "documentationParts",
        "location",
        "uri",
        "mock",
        "${AWS::Region}",
        "servers",
    ];
    bolero::check!().for_each(|bytes: &[u8]| {
        let words = bytes.iter().map(|b| WORDS[usize::from(*b) % WORDS.len()]);
        let text: String = words.collect();
        check(&format!("openapi: 3.0.1\ninfo: {{title: t}}\npaths:\n  /a:\n    get: {text}"));
        check(&format!("swagger: 2.0\ninfo: {{title: t}}\npaths: {{}}\n{text}"));
    });
}

fn check(text: &str) {
    let started = Instant::now();
    let source = Source { name: "t.yaml".to_owned(), text: text.to_owned() };
    let loaded = load(&[source], &Options::default());
    for diagnostic in &loaded.diagnostics {
        let line = usize::try_from(diagnostic.place.line).expect("a line");
        // YAML has line breaks of its own, and a text that should go on ends on the next line.
        let breaks = text.matches(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count();
        assert!(line <= breaks + 2, "{diagnostic} is outside of {text:?}");
    }
    let is_taken = !loaded.definitions.apis.is_empty();
    assert!(!loaded.diagnostics.is_empty() || is_taken, "{text:?}");
    if !loaded.has_errors() {
        for api in &loaded.definitions.apis {
            let Some(stage) = api.stages.values().next() else { continue };
            for export_type in [ExportType::Oas30, ExportType::Swagger] {
                let options =
                    ExportOptions { export_type, apigateway: true, ..ExportOptions::default() };
                let document = export(api, stage, &options);
                let text = to_yaml(&document);
                let again = Source { name: "t.yaml".to_owned(), text: text.clone() };
                let again = load(&[again], &Options::default());
                assert!(!again.has_errors(), "{:?}\n{text}", again.diagnostics);
            }
        }
    }
    assert!(started.elapsed() < SOON, "took {:?}", started.elapsed());
}
