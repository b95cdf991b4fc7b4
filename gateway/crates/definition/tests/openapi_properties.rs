//! Any JSON at any place of a document: nothing panics, and every complaint is about a place in the file.

use gateway_definition::{Options, Source, load};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Names that mean something, so that trees get further in than names at random would.
const NAMES: [&str; 22] = [
    "get",
    "parameters",
    "responses",
    "200",
    "schema",
    "content",
    "application/json",
    "$ref",
    "name",
    "in",
    "type",
    "uri",
    "security",
    "headers",
    "x-amazon-apigateway-integration",
    "x-amazon-apigateway-any-method",
    "x-amazon-apigateway-authorizer",
    "requestParameters",
    "statusCode",
    "default",
    "properties",
    "required",
];

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        prop::sample::select(vec!["#/paths", "#/components/schemas/A", "x", "mock", "query", ""])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(prop::sample::select(NAMES.to_vec()), inner, 0..5).prop_map(
                |members| {
                    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
                }
            ),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_tree_is_taken_or_told_at_its_place(place in 0..10_usize, tree in tree()) {
        let mut document = json!({
            "openapi": "3.0.1", "info": {"title": "t"},
            "paths": {"/a": {"get": {"responses": {}}}}, "components": {},
        });
        match place {
            0 => document["info"] = tree,
            1 => document["paths"] = tree,
            2 => document["paths"]["/a"] = tree,
            3 => document["paths"]["/a"]["get"] = tree,
            4 => document["paths"]["/a"]["get"]["responses"] = tree,
            5 => document["paths"]["/a"]["get"]["x-amazon-apigateway-integration"] = tree,
            6 => document["components"]["schemas"] = tree,
            7 => document["components"]["securitySchemes"] = tree,
            8 => document["x-amazon-apigateway-gateway-responses"] = tree,
            _ => document["x-amazon-apigateway-documentation"] = tree,
        }
        let text = format!("{document:#}");
        let lines: Vec<&str> = text.lines().collect();
        let source = Source { name: "t.json".to_owned(), text: text.clone() };
        let loaded = load(&[source], &Options::default());
        for diagnostic in &loaded.diagnostics {
            let at = &diagnostic.place;
            let line = lines.get(at.line as usize - 1).copied().unwrap_or_default();
            prop_assert!((at.col as usize) <= line.chars().count(), "{} in {}", diagnostic, text);
        }
    }
}
