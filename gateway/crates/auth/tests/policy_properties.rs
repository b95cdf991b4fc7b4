//! Policies against a slow oracle: the language read off its description, without a thought for cost.

use std::borrow::Cow;
use std::collections::BTreeMap;

use gateway_auth::policy::{Caller, ConditionKeys, KeyValue, Policy, PolicyKind, Request, Verdict};
use proptest::prelude::*;
use serde_json::{Value, json};

#[derive(Debug)]
struct Keys(BTreeMap<String, String>);

impl ConditionKeys for Keys {
    fn value(&self, key: &str) -> KeyValue<'_> {
        self.0.get(key).map_or(KeyValue::Absent, |value| KeyValue::One(Cow::from(value)))
    }
}

/// A glob, character by character: the alphabet has no characters of two UTF-16 units.
fn glob(pattern: &[char], text: &[char]) -> bool {
    // `reach[i]`: the pattern so far matches the first `i` characters.
    let mut reach = vec![false; text.len() + 1];
    reach[0] = true;
    for step in pattern {
        let mut next = vec![false; text.len() + 1];
        match step {
            '*' => {
                let mut is_reached = false;
                for (at, slot) in next.iter_mut().enumerate() {
                    is_reached |= reach[at];
                    *slot = is_reached;
                }
            }
            step => {
                for (at, character) in text.iter().enumerate() {
                    next[at + 1] = reach[at] && (*step == '?' || step == character);
                }
            }
        }
        reach = next;
    }
    reach[text.len()]
}

fn globs(pattern: &str, text: &str) -> bool {
    let chars = |text: &str| text.chars().collect::<Vec<_>>();
    glob(&chars(pattern), &chars(text))
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(list).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

fn holds(operator: &str, value: Option<&String>, wanted: &[String]) -> bool {
    let (operator, if_exists) = match operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let negated = operator.contains("Not");
    let Some(value) = value else {
        return match operator {
            "Null" => wanted.iter().any(|wanted| wanted == "true"),
            _ => if_exists || negated,
        };
    };
    let is_equal = |wanted: &String| match operator {
        "StringEquals" | "StringNotEquals" => wanted == value,
        "StringLike" | "StringNotLike" => globs(wanted, value),
        "NumericLessThan" => matches!(
            (value.parse::<i64>(), wanted.parse::<i64>()),
            (Ok(value), Ok(wanted)) if value < wanted
        ),
        "Bool" => {
            (value == "true") == (wanted == "true") && (wanted == "true" || wanted == "false")
        }
        "Null" => wanted == "false",
        other => panic!("{other}"),
    };
    wanted.iter().any(is_equal) != negated
}

fn applies(statement: &Value, action: &str, resource: &str, keys: &Keys) -> bool {
    let listed = |name: &str, text: &str, fold: bool| {
        let fold = |text: &str| if fold { text.to_lowercase() } else { text.to_owned() };
        let patterns = statement.get(name)?;
        Some(list(patterns).iter().any(|pattern| globs(&fold(pattern), &fold(text))))
    };
    let either = |name: &str, text: &str, fold: bool| {
        let negated = listed(&format!("Not{name}"), text, fold).map(|is_listed| !is_listed);
        listed(name, text, fold).or(negated).expect("one of both is there")
    };
    let conditions = statement.get("Condition").and_then(Value::as_object);
    either("Action", action, true)
        && either("Resource", resource, false)
        && conditions.into_iter().flatten().all(|(operator, keyed)| {
            keyed.as_object().expect("an object").iter().all(|(key, values)| {
                holds(operator, keys.0.get(&key.to_lowercase()), &list(values))
            })
        })
}

fn oracle(policy: &Value, action: &str, resource: &str, keys: &Keys) -> Verdict {
    let statements = policy["Statement"].as_array().expect("a list");
    let effects: Vec<&str> = statements
        .iter()
        .filter(|statement| applies(statement, action, resource, keys))
        .map(|statement| statement["Effect"].as_str().expect("a text"))
        .collect();
    match effects {
        effects if effects.contains(&"Deny") => Verdict::ExplicitDeny,
        effects if effects.contains(&"Allow") => Verdict::Allow,
        _ => Verdict::ImplicitDeny,
    }
}

fn one_or_more(text: &'static str) -> impl Strategy<Value = Value> {
    prop_oneof![text.prop_map(Value::from), prop::collection::vec(text, 1..3).prop_map(Value::from),]
}

fn conditions() -> impl Strategy<Value = Value> {
    let operator = prop::sample::select(vec![
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringNotLikeIfExists",
        "StringEqualsIfExists",
        "NumericLessThan",
        "Bool",
        "Null",
    ]);
    let values = prop_oneof![
        one_or_more("[ab*?]{0,3}"),
        one_or_more("[0-9]{1,2}"),
        one_or_more("true|false"),
    ];
    let keyed = prop::collection::btree_map("[kKmM]", values, 1..3).prop_map(|keyed| {
        // Two spellings of one key may stand beside each other.
        Value::Object(keyed.into_iter().collect())
    });
    prop::collection::btree_map(operator, keyed, 0..3)
        .prop_map(|all| Value::Object(all.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()))
}

fn statement() -> impl Strategy<Value = Value> {
    let effect = prop::sample::select(vec!["Allow", "Allow", "Deny"]);
    let parts = (
        effect,
        any::<bool>(),
        one_or_more("[aA]:[bB*?]{0,2}|\\*"),
        any::<bool>(),
        one_or_more("[a/:*?é]{0,6}"),
        conditions(),
    );
    parts.prop_map(|(effect, not_action, actions, not_resource, resources, conditions)| {
        let action = if not_action { "NotAction" } else { "Action" };
        let resource = if not_resource { "NotResource" } else { "Resource" };
        json!({ "Effect": effect, action: actions, resource: resources, "Condition": conditions })
    })
}

fn values() -> impl Strategy<Value = Keys> {
    let value = "[ab]{0,3}|[0-9]{1,2}|true|false";
    prop::collection::btree_map("[km]", value, 0..3).prop_map(Keys)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_policy_says_what_the_language_says(
        statements in prop::collection::vec(statement(), 0..4),
        action in "[aA]:[bB]{0,2}",
        resource in "[a/:é]{0,6}",
        keys in values(),
    ) {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        let parsed = Policy::parse(policy.to_string().as_bytes(), PolicyKind::Identity);
        let parsed = parsed.map_err(|error| TestCaseError::fail(format!("{error:?}: {policy}")))?;
        let caller = Caller::Anonymous;
        let request = Request { action: &action, resource: &resource, caller, keys: &keys };
        prop_assert_eq!(
            parsed.evaluate(&request),
            oracle(&policy, &action, &resource, &keys),
            "{} {} {} {:?}", policy, action, resource, keys.0
        );
    }
}
