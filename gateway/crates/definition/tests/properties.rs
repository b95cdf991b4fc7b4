//! Functions against slow oracles, and JSON against YAML.

use gateway_definition::{Loaded, Options, Source, load};
use proptest::prelude::*;

fn load_text(name: &str, text: String) -> Loaded {
    load(&[Source { name: name.to_owned(), text }], &Options::default())
}

/// The value of an output whose expression is JSON text.
fn output(expression: &serde_json::Value) -> Option<String> {
    let template = serde_json::json!({
        "Parameters": {
            "P": {"Type": "String", "Default": "pp"},
            "Q": {"Type": "String", "Default": ""},
        },
        "Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "a"}}},
        "Outputs": {"O": {"Value": expression}},
    });
    let loaded = load_text("t.json", template.to_string());
    loaded.definitions.outputs.first().map(|output| output.value.clone())
}

/// `Fn::Sub` by looking at one character at a time.
fn sub_oracle(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        let end = chars[at..].iter().position(|c| *c == '}').map(|len| at + len);
        match (chars[at], chars.get(at + 1), end) {
            ('$', Some('{'), Some(end)) => {
                let name: String = chars[at + 2..end].iter().collect();
                out.push_str(&match name.as_str() {
                    "P" => "pp".to_owned(),
                    "Q" => String::new(),
                    kept => format!("${{{}}}", kept.trim_start_matches('!')),
                });
                at = end + 1;
            }
            (c, _, _) => {
                out.push(c);
                at += 1;
            }
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sub_agrees_with_a_character_by_character_oracle(
        pieces in prop::collection::vec(
            prop_oneof![
                Just("${P}".to_owned()), Just("${Q}".to_owned()), Just("${!Kept}".to_owned()),
                "[a-z $}é/]{0,5}",
            ],
            0..8,
        )
    ) {
        let text = pieces.concat();
        prop_assert_eq!(output(&serde_json::json!({"Fn::Sub": text})), Some(sub_oracle(&text)));
    }

    #[test]
    fn join_and_split_are_inverse(items in prop::collection::vec("[a-c]{0,3}", 1..6)) {
        let joined = serde_json::json!({"Fn::Join": ["|", items]});
        prop_assert_eq!(output(&joined), Some(items.join("|")));
        let again = serde_json::json!({"Fn::Join": [",", {"Fn::Split": ["|", joined]}]});
        prop_assert_eq!(output(&again), Some(items.join(",")));
        for (index, item) in items.iter().enumerate() {
            let picked = serde_json::json!({"Fn::Select": [index, {"Fn::Split": ["|", joined]}]});
            prop_assert_eq!(output(&picked), Some(item.clone()));
        }
    }

    #[test]
    fn json_and_yaml_of_one_template_load_the_same(
        names in prop::collection::btree_map("[A-Z][a-z]{1,4}", "[ -~é]{1,10}", 1..5),
        dev in any::<bool>(),
    ) {
        let mut resources = serde_json::Map::new();
        for (id, name) in &names {
            let value = serde_json::json!({
                "Type": "AWS::ApiGateway::RestApi",
                "Properties": {"Name": {"Fn::If": ["Dev", name, {"Ref": "AWS::Region"}]}},
            });
            resources.insert(id.clone(), value);
        }
        let equal = if dev { "a" } else { "b" };
        let template = serde_json::json!({
            "Conditions": {"Dev": {"Fn::Equals": ["a", equal]}},
            "Resources": resources,
        });
        let json = load_text("t.json", template.to_string());
        let mut yaml = String::new();
        write_yaml(&template, 0, &mut yaml);
        let yaml = load_text("t.yaml", yaml);
        prop_assert!(json.diagnostics.is_empty(), "{:?}", json.diagnostics);
        prop_assert!(yaml.diagnostics.is_empty(), "{:?}", yaml.diagnostics);
        let facts = |loaded: &Loaded| -> Vec<(String, String)> {
            let apis = loaded.definitions.apis.iter();
            apis.map(|api| (api.id.to_string(), api.name.clone())).collect()
        };
        prop_assert_eq!(facts(&json).len(), names.len());
        prop_assert_eq!(facts(&json), facts(&yaml));
    }
}

/// Block style, so that the YAML reader and not the JSON reader takes it.
fn write_yaml(value: &serde_json::Value, indent: usize, out: &mut String) {
    let pad = "  ".repeat(indent);
    match value {
        serde_json::Value::Object(members) => {
            for (key, value) in members {
                out.push_str(&format!("\n{pad}\"{key}\": "));
                write_yaml(value, indent + 1, out);
            }
        }
        serde_json::Value::Array(items) => {
            for item in items {
                out.push_str(&format!("\n{pad}- "));
                write_yaml(item, indent + 1, out);
            }
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}
