use super::*;

const POLICY: &str = r#""policyDocument":{"Statement":{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"*"}}"#;

fn decision(members: &str) -> Result<Decision, DecisionError> {
    Decision::parse(format!("{{{members}}}").as_bytes())
}

#[track_caller]
fn context(value: &str, expected: Option<&str>) {
    let decision = decision(&format!(r#""principalId":"u",{POLICY},"context":{{"k":{value}}}"#));
    assert_eq!(decision.expect(value).value("k"), expected, "{value}");
}

#[test]
fn a_context_is_text_as_api_gateway_writes_it() {
    context(r#""v""#, Some("v"));
    context(r#""""#, Some(""));
    context("123", Some("123"));
    context("-0", Some("0"));
    context("12345678901234567890123", Some("12345678901234567890123"));
    context("1.5", Some("1.5"));
    context("1.50", Some("1.5"));
    context("2.0", Some("2.0"));
    context("1e2", Some("100.0"));
    context("1e21", Some("1.0E21"));
    context("1.25e-9", Some("1.25E-9"));
    context("0.0", Some("0.0"));
    context("1e999", Some("Infinity"));
    context("true", Some("true"));
    context("false", Some("false"));
    context("null", None);
}

#[test]
fn an_answer_that_is_no_decision_is_refused() {
    let full = format!(r#""principalId":"u",{POLICY}"#);
    assert!(decision(&full).is_ok());
    assert!(decision(POLICY).is_err());
    assert!(decision(r#""principalId":"u""#).is_err());
    assert!(decision(&format!(r#""principalId":null,{POLICY}"#)).is_err());
    assert!(decision(&format!(r#""principalId":["u"],{POLICY}"#)).is_err());
    for nested in [r#"{"k":{}}"#, r#"{"k":["v"]}"#, "[]", r#""text""#] {
        assert!(decision(&format!(r#"{full},"context":{nested}"#)).is_err(), "{nested}");
    }
    assert!(decision(&format!(r#"{full},"usageIdentifierKey":{{}}"#)).is_err());
    assert!(decision(r#""principalId":"u","policyDocument":"{}""#).is_err());
    for text in ["", "null", "[]", "\"Unauthorized\"", "{"] {
        assert!(Decision::parse(text.as_bytes()).is_err(), "{text}");
    }
    let long = "x".repeat(crate::limits::RESOURCE_CHARS_MAX + 1);
    let with_long = full.replace(r#"Resource":"*"#, &format!(r#"Resource":"{long}"#));
    assert!(decision(&with_long).is_err());
    let at_most = with_long.replace(&long, &long[1..]);
    assert!(decision(&at_most).is_ok());
}

#[test]
fn all_that_a_decision_says_is_there() {
    let said = decision(&format!(
        r#""principalId":"u1",{POLICY},"context":{{"a":1,"b":"x"}},"usageIdentifierKey":"key","more":[{{}}]"#
    ));
    let said = said.expect("a decision");
    assert_eq!(said.principal_id, "u1");
    assert_eq!(said.usage_identifier_key.as_deref(), Some("key"));
    assert_eq!(said.value("principalId"), Some("u1"));
    assert_eq!(said.value("b"), Some("x"));
    assert_eq!(said.value("c"), None);
    let names: Vec<&str> = said.context.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn only_exactly_unauthorized_is_an_answer() {
    let refused = |text: &str| Refused::of_error(text.as_bytes());
    assert_eq!(refused(r#"{"errorMessage":"Unauthorized"}"#), Refused::Unauthorized);
    assert_eq!(
        refused(r#"{"errorMessage":"Unauthorized","errorType":"Exception","stackTrace":[["x"]]}"#),
        Refused::Unauthorized
    );
    for other in [
        r#"{"errorMessage":"Unauthorized: token expired"}"#,
        r#"{"errorMessage":"unauthorized"}"#,
        r#"{"errorType":"Unauthorized"}"#,
        r#""Unauthorized""#,
        "Unauthorized",
        "",
    ] {
        assert_eq!(refused(other), Refused::Function, "{other}");
    }
}
