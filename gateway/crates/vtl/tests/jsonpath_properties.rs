//! JSONPath against a plain model over serde_json.

use gateway_vtl::json::{self, Style};
use gateway_vtl::jsonpath::Path;
use proptest::prelude::*;
use serde_json::Value as Json;

#[derive(Clone, Debug)]
enum Step {
    Name(String),
    Position(i32),
    All,
    Everywhere(String),
    Range(usize, usize),
    Equal(String, i64),
}

impl Step {
    fn text(&self) -> String {
        match self {
            Self::Name(name) => format!("['{name}']"),
            Self::Position(index) => format!("[{index}]"),
            Self::All => "[*]".to_owned(),
            Self::Everywhere(name) => format!("..{name}"),
            Self::Range(from, to) => format!("[{from}:{to}]"),
            Self::Equal(name, number) => format!("[?(@.{name} == {number})]"),
        }
    }

    fn is_definite(&self) -> bool {
        matches!(self, Self::Name(_) | Self::Position(_))
    }

    /// What the step finds from one value on.
    fn find(&self, value: &Json) -> Vec<Json> {
        match (self, value) {
            (Self::Name(name), _) => value.get(name).cloned().into_iter().collect(),
            (Self::Position(index), Json::Array(items)) => {
                let end = if *index < 0 { items.len() as i64 } else { 0 };
                let index = usize::try_from(end + i64::from(*index)).ok();
                index.and_then(|index| items.get(index).cloned()).into_iter().collect()
            }
            (Self::All, Json::Array(items)) => items.clone(),
            (Self::All, Json::Object(entries)) => entries.values().cloned().collect(),
            (Self::Everywhere(name), _) => {
                let mut found: Vec<Json> = value.get(name).cloned().into_iter().collect();
                for child in Self::All.find(value) {
                    found.extend(self.find(&child));
                }
                found
            }
            (Self::Range(from, to), Json::Array(items)) => {
                items.iter().take(*to).skip(*from).cloned().collect()
            }
            (Self::Equal(name, number), Json::Array(items)) => items
                .iter()
                .filter(|item| item.get(name) == Some(&Json::from(*number)))
                .cloned()
                .collect(),
            (Self::Equal(name, number), Json::Object(entries)) => {
                let is_equal = entries.get(name) == Some(&Json::from(*number));
                if is_equal { vec![value.clone()] } else { Vec::new() }
            }
            _ => Vec::new(),
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => "[abc]".prop_map(Step::Name),
        3 => (-3..4).prop_map(Step::Position),
        1 => Just(Step::All),
        1 => "[abc]".prop_map(Step::Everywhere),
        1 => (0_usize..4, 0_usize..5).prop_map(|(from, to)| Step::Range(from, to)),
        1 => ("[abc]", 0_i64..3).prop_map(|(name, number)| Step::Equal(name, number)),
    ];
    proptest::collection::vec(step, 0..5)
}

fn documents() -> impl Strategy<Value = Json> {
    let leaf =
        prop_oneof![(0_i64..3).prop_map(Json::from), "[xy]".prop_map(Json::from), Just(Json::Null)];
    leaf.prop_recursive(5, 80, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
            proptest::collection::vec(("[abc]", inner), 0..4)
                .prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn paths_find_what_the_model_finds(document in documents(), steps in steps()) {
        let text: String = std::iter::once("$".to_owned()).chain(steps.iter().map(Step::text)).collect();
        let path = Path::parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        let is_definite = steps.iter().all(Step::is_definite);
        prop_assert_eq!(path.is_definite(), is_definite);

        let expected = steps.iter().fold(vec![document.clone()], |found, step| {
            found.iter().flat_map(|value| step.find(value)).collect()
        });
        let parsed = json::parse(&document.to_string()).expect("it is JSON");
        let found = path.evaluate(&parsed, &mut 0).expect("it is small");
        let found: Option<Json> = found.map(|value| {
            let mut out = String::new();
            json::write(&value, Style::Plain, &mut out).expect("it nests little");
            serde_json::from_str(&out).expect("it is JSON")
        });
        let expected = if is_definite { expected.into_iter().next() } else { Some(Json::from(expected)) };
        prop_assert_eq!(found, expected, "{} in {}", text, document);
    }

    /// A path that leaves `$.` out is the same path.
    #[test]
    fn the_root_may_be_left_out(document in documents(), first in "[abc]", steps in steps()) {
        let rest: String = steps.iter().map(Step::text).collect();
        let parsed = json::parse(&document.to_string()).expect("it is JSON");
        let find = |text: &str| {
            let path = Path::parse(text).expect("a path");
            let found = path.evaluate(&parsed, &mut 0).expect("it is small");
            found.map(|value| value.to_string())
        };
        prop_assert_eq!(find(&format!("{first}{rest}")), find(&format!("$.{first}{rest}")));
    }
}
