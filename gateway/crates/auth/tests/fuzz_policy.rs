//! Whatever an authorizer returns is a decision or an error, and whatever is a decision can be evaluated.

use gateway_auth::decisions::{Decision, Refused};
use gateway_auth::policy::{Caller, ConditionKeys, KeyValue, Policy, PolicyKind, Request, Verdict};

/// Every key has the same value.
struct Same<'v>(&'v str);

impl ConditionKeys for Same<'_> {
    fn value(&self, key: &str) -> KeyValue<'_> {
        match key.len() % 3 {
            0 => KeyValue::Absent,
            1 => KeyValue::One(self.0.into()),
            _ => KeyValue::Many(vec![self.0.into(), "x".into()]),
        }
    }
}

/// Texts that get past the first bytes of the grammar.
const SHAPES: [&str; 4] = [
    "%",
    r#"{"Statement":%}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":%}]}"#,
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":%}]}"#,
];

#[test]
fn a_policy_is_refused_or_can_be_evaluated() {
    bolero::check!().for_each(|input: &[u8]| {
        let (resource, rest) = input.split_at(input.len() / 4);
        let (value, text) = rest.split_at(rest.len() / 4);
        let (resource, value) = (String::from_utf8_lossy(resource), String::from_utf8_lossy(value));
        let text = String::from_utf8_lossy(text);
        for shape in SHAPES {
            let document = shape.replace('%', &text);
            for kind in [PolicyKind::Identity, PolicyKind::Resource] {
                let Ok(policy) = Policy::parse(document.as_bytes(), kind) else { continue };
                let keys = &Same(&value);
                let caller = Caller::Aws { account: "123456789012", arns: &[&resource] };
                let request =
                    Request { action: "execute-api:Invoke", resource: &resource, caller, keys };
                let verdict = policy.evaluate(&request);
                assert_eq!(verdict, policy.evaluate(&request));
                if shape.contains("Deny") {
                    assert_ne!(verdict, Verdict::Allow, "{document}");
                }
            }
        }
    });
}

#[test]
fn an_authorizers_answer_is_a_decision_or_an_error() {
    bolero::check!().for_each(|input: &[u8]| {
        let _ = Decision::parse(input);
        let _ = Refused::of_error(input);
        let text = String::from_utf8_lossy(input);
        let answer = format!(
            r#"{{"principalId":"u","policyDocument":{{"Statement":[]}},"context":{{"k":{text}}}}}"#
        );
        if let Ok(decision) = Decision::parse(answer.as_bytes()) {
            assert_eq!(decision.principal_id, "u");
        }
    });
}
