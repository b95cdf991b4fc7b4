//! The YAML's shape: what may be written where. Values are texts with their places; `read` makes sense of them.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_saphyr::Spanned;

/// A scalar.
pub(super) type Text = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) name: Text,
    pub(super) description: Option<Text>,
    #[serde(default)]
    pub(super) params: Pairs,
    pub(super) requests: Spanned<Vec<Request>>,
    #[serde(default)]
    pub(super) users: Vec<User>,
    pub(super) load: Spanned<Load>,
    pub(super) duration: Option<Text>,
    pub(super) timeout: Option<Text>,
    #[serde(default)]
    pub(super) thresholds: Vec<Text>,
    pub(super) engine: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) name: Option<Text>,
    pub(super) method: Option<Text>,
    pub(super) path: Text,
    #[serde(default)]
    pub(super) query: Pairs,
    #[serde(default)]
    pub(super) headers: Pairs,
    pub(super) body: Option<Text>,
    pub(super) body_file: Option<Text>,
    #[serde(default)]
    pub(super) expect: Vec<Text>,
    pub(super) weight: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct User {
    pub(super) name: Text,
    pub(super) weight: Option<Text>,
    pub(super) think: Option<Text>,
    pub(super) order: Option<Text>,
    #[serde(default)]
    pub(super) steps: Vec<Text>,
    #[serde(default)]
    pub(super) api_keys: Vec<Text>,
    #[serde(default)]
    pub(super) bearer_tokens: Vec<Text>,
    pub(super) slow: Option<Slow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Slow {
    pub(super) send: Option<Pace>,
    pub(super) receive: Option<Pace>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pace {
    pub(super) bytes: Text,
    pub(super) every: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Load {
    pub(super) users: Option<Text>,
    pub(super) ramp: Option<Text>,
    pub(super) arrival: Option<Spanned<Arrival>>,
    #[serde(default)]
    pub(super) stages: Vec<Spanned<Stage>>,
    pub(super) repeat: Option<Text>,
    pub(super) burst: Option<Burst>,
    pub(super) users_max: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arrival {
    pub(super) rate: Text,
    pub(super) ramp: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stage {
    pub(super) users: Option<Text>,
    pub(super) rate: Option<Text>,
    pub(super) ramp: Option<Text>,
    #[serde(rename = "for")]
    pub(super) lasts: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Burst {
    pub(super) count: Text,
    pub(super) every: Text,
}

/// A mapping of names to texts, in its order.
#[derive(Default)]
pub(super) struct Pairs(pub(super) Vec<(Text, Text)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names with their values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        from.deserialize_map(InOrder)
    }
}

/// What serde-saphyr says, in one line and without its place, which is told apart.
pub(super) fn plain(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let line = text.lines().next().unwrap_or("not YAML").trim();
    let line = match line.rfind(" at line ") {
        Some(at) => &line[..at],
        None => line,
    };
    line.trim_start_matches("error: ").to_string()
}
