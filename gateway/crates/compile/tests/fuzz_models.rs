//! Any bytes as a body: validation ends, refuses what is no JSON, and says why.

mod models;

const SCHEMA: &str = r##"{"definitions":{"node":{"anyOf":[{"type":"integer","multipleOf":3},{"type":"object","required":["n"],
  "properties":{"n":{"$ref":"#/definitions/node"}},"patternProperties":{"^x":{"type":"string","pattern":"^a+$"}},
  "additionalProperties":false},{"type":"array","uniqueItems":true,"items":{"$ref":"#/definitions/node"}},
  {"enum":[1.5,"a",[1,{"b":null}]]}]}},"$ref":"#/definitions/node"}"##;

#[test]
fn any_body() {
    let schema = std::panic::AssertUnwindSafe(models::schema(SCHEMA));
    bolero::check!().for_each(|body: &[u8]| {
        if schema.accepts(body) {
            let is_json = serde_json::from_slice::<serde_json::Value>(body).is_ok();
            let is_surrogate = body.windows(2).any(|window| window == b"\\u");
            assert!(is_json || is_surrogate || body.trim_ascii().is_empty());
        } else {
            let problems = schema.problems(body);
            assert!(problems.starts_with('[') && problems.ends_with(']'), "{problems}");
        }
    });
}
