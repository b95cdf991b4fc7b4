//! Where a schema refers to, and whether that can be.

use gateway_model::Json;

/// What the URL of a model begins with.
pub(super) const MODEL_URL: &str = "https://apigateway.amazonaws.com/restapis/";

/// The schema of schemas, which is known without being fetched.
const META_SCHEMA: &str = "http://json-schema.org/draft-04/schema";

/// The URL of an API's model.
pub(super) fn model_url(api: &str, name: &str) -> String {
    format!("{MODEL_URL}{api}/models/{name}")
}

/// A `$ref` that leads nowhere, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadReference {
    /// JSON pointer to the `$ref`.
    pub(super) pointer: String,
    pub(super) text: String,
    pub(super) help: &'static str,
}

/// All bad references of a schema. `has` says whether the API has a model of that name.
pub(super) fn check(schema: &Json, api: &str, has: impl Fn(&str) -> bool) -> Vec<BadReference> {
    let mut walk =
        Walk { root: schema, has_ids: has_ids(schema), api, has: &has, found: Vec::new() };
    walk.schema(schema, &mut String::new());
    walk.found
}

struct Walk<'s> {
    root: &'s Json,
    /// Some schema in here names itself, so that a relative reference may lead to it.
    has_ids: bool,
    api: &'s str,
    has: &'s dyn Fn(&str) -> bool,
    found: Vec<BadReference>,
}

impl Walk<'_> {
    /// Looks at everything that can be a schema. What is data, as `enum` and `default` are, is not.
    fn schema(&mut self, value: &Json, pointer: &mut String) {
        match value {
            Json::Object(members) => {
                for (name, value) in members {
                    let len = pointer.len();
                    push_step(pointer, name);
                    match (name.as_str(), value) {
                        ("$ref", Json::String(target)) => self.reference(target, pointer),
                        ("enum" | "default" | "example" | "examples", _) => {}
                        (
                            "properties" | "patternProperties" | "definitions",
                            Json::Object(named),
                        ) => {
                            for (name, schema) in named {
                                let len = pointer.len();
                                push_step(pointer, name);
                                self.schema(schema, pointer);
                                pointer.truncate(len);
                            }
                        }
                        _ => self.schema(value, pointer),
                    }
                    pointer.truncate(len);
                }
            }
            Json::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let len = pointer.len();
                    push_step(pointer, &index.to_string());
                    self.schema(item, pointer);
                    pointer.truncate(len);
                }
            }
            _ => {}
        }
    }

    fn reference(&mut self, target: &str, pointer: &str) {
        let bad = if let Some(rest) = target.strip_prefix(MODEL_URL) {
            self.model(rest, target)
        } else if let Some(fragment) = target.strip_prefix('#') {
            let leads = fragment.is_empty()
                || self.has_ids
                || (fragment.starts_with('/') && find(self.root, fragment).is_some());
            (!leads).then(|| {
                (
                    format!("\"{target}\" leads to nothing in the schema"),
                    "name one of its definitions",
                )
            })
        } else if self.has_ids || target.trim_end_matches('#') == META_SCHEMA {
            None
        } else {
            Some((
                format!("\"{target}\" is outside of the API, and nothing is fetched for a schema"),
                "put the schema into a model of the API",
            ))
        };
        if let Some((text, help)) = bad {
            self.found.push(BadReference { pointer: pointer.to_owned(), text, help });
        }
    }

    fn model(&self, rest: &str, target: &str) -> Option<(String, &'static str)> {
        let named = rest.split_once("/models/").map(|(api, rest)| {
            let end = rest.find('#').unwrap_or(rest.len());
            (api, &rest[..end])
        });
        match named {
            Some((api, name)) if api == self.api => (!(self.has)(name)).then(|| {
                (
                    format!("\"{target}\": the API has no model \"{name}\""),
                    "define it, or change the name",
                )
            }),
            Some(_) => Some((
                format!("\"{target}\" is a model of another API"),
                "make the id in the URL with Ref of this RestApi",
            )),
            None => Some((
                format!("\"{target}\" is no URL of a model"),
                "write https://apigateway.amazonaws.com/restapis/ID/models/NAME",
            )),
        }
    }
}

fn has_ids(value: &Json) -> bool {
    match value {
        Json::Object(members) => members
            .iter()
            .any(|(name, value)| (name == "id" && value.as_str().is_some()) || has_ids(value)),
        Json::Array(items) => items.iter().any(has_ids),
        _ => false,
    }
}

fn push_step(pointer: &mut String, step: &str) {
    pointer.push('/');
    pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
}

/// What a JSON pointer in a URL's fragment leads to (RFC 6901).
fn find<'j>(root: &'j Json, fragment: &str) -> Option<&'j Json> {
    let text = percent_decoded(fragment)?;
    text.strip_prefix('/')?.split('/').try_fold(root, |value, step| {
        let step = step.replace("~1", "/").replace("~0", "~");
        match value {
            Json::Array(items) => items.get(step.parse::<usize>().ok()?),
            value => value.member(&step),
        }
    })
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                (digit()? << 4 | digit()?) as u8
            }
            byte => byte,
        });
    }
    String::from_utf8(out).ok()
}
