use proptest::prelude::*;

use super::*;

#[track_caller]
fn refused(text: &str, expect: &str) {
    let error = Expectations::parse("e.yaml", text).unwrap_err().to_string();
    assert!(error.starts_with(expect), "{error}\nfor\n{text}");
}

#[test]
fn a_whole_file_is_read() {
    let text = "parameters:\n  id: \"42\"\n  page: 7\nslo:\n  - p99<50ms\n  - p99.9<80ms for GET /ping\n\
                slo_rate: 20\ntokens:\n  - authorizer: a\n    value: Bearer x\n    allows: [GET /orders]\n    \
                denies:\n      - DELETE /orders/{id}\n  - value: y\n";
    let read = Expectations::parse("e.yaml", text).unwrap();
    let parameter = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(read.parameters, BTreeMap::from([parameter("id", "42"), parameter("page", "7")]));
    assert_eq!(read.slo, ["p99<50ms", "p99.9<80ms for GET /ping"]);
    assert!((read.slo_rate_rps - 20.0).abs() < 1e-9);
    assert_eq!(
        read.tokens[0],
        Token {
            authorizer: "a".into(),
            value: "Bearer x".into(),
            allows: vec!["GET /orders".into()],
            denies: vec!["DELETE /orders/{id}".into()],
        }
    );
    assert_eq!(read.tokens[1].value, "y");
}

#[test]
fn a_file_without_content_expects_nothing() {
    for text in ["", "\n# nothing yet\n", "{}"] {
        let read = Expectations::parse("e.yaml", text).unwrap();
        assert_eq!(read, Expectations { slo_rate_rps: SLO_RATE_RPS, ..Expectations::default() });
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    refused("slos: [p99<5ms]\n", "e.yaml:1:1: unknown field `slos`");
    refused("slo:\n  - p99<5ms\n  - p99<5\n", "e.yaml:3:5: threshold \"p99<5\"");
    refused("slo_rate: 0\n", "e.yaml:1:11: slo_rate is 0");
    refused("slo_rate: .inf\n", "e.yaml:1:11: slo_rate is inf");
    refused("parameters:\n  id: a b\n", "e.yaml:2:7: parameter id is \"a b\"");
    refused("parameters:\n  id: \"a\\r\\nX: y\"\n", "e.yaml:2:7: parameter id is");
    refused("tokens:\n  - allows: []\n", "e.yaml:2:5: missing field `value`");
    refused("tokens:\n  - value: \"a\\nb\"\n", "e.yaml:2:12: a token is 1 to");
    refused(
        "tokens:\n  - value: a\n    allows: [ANY /x]\n",
        "e.yaml:3:14: \"ANY /x\" is no method",
    );
    refused("tokens:\n  - value: a\n    denies: [GET x]\n", "e.yaml:3:14: \"GET x\" is no method");
    refused("slo: [\n", "e.yaml:");
    refused(&format!("# {}\n", "x".repeat(EXPECTATIONS_BYTES_MAX)), "e.yaml:1:1: the file has");
}

#[test]
fn references_do_not_multiply() {
    let mut text = "slo: &a0 [p99<5ms, p99<5ms, p99<5ms]\n".to_owned();
    for level in 1..12 {
        let before = level - 1;
        text += &format!("x{level}: &a{level} [*a{before}, *a{before}, *a{before}, *a{before}]\n");
    }
    assert!(Expectations::parse("e.yaml", &text).is_err());
}

proptest! {
    /// What the types hold comes back from text that says it.
    #[test]
    fn text_and_types_agree(
        ids in proptest::collection::btree_map("[a-z][a-z0-9_]{0,8}", "[A-Za-z0-9._~-]{1,12}", 0..4),
        slos in proptest::collection::vec(1u32..10_000, 0..4),
        rate in 1u32..1_000,
        tokens in proptest::collection::vec(("[!-~]{1,20}", "[a-z]{0,6}", any::<bool>()), 0..4),
    ) {
        let mut text = format!("slo_rate: {rate}\n");
        let mut expect = Expectations { slo_rate_rps: f64::from(rate), ..Expectations::default() };
        for (position, (name, value)) in ids.iter().enumerate() {
            if position == 0 { text += "parameters:\n"; }
            text += &format!("  {name}: '{value}'\n");
            expect.parameters.insert(name.clone(), value.clone());
        }
        for (position, ms) in slos.iter().enumerate() {
            if position == 0 { text += "slo:\n"; }
            text += &format!("  - p99<{ms}ms\n");
            expect.slo.push(format!("p99<{ms}ms"));
        }
        for (position, (value, path, is_allowed)) in tokens.iter().enumerate() {
            if position == 0 { text += "tokens:\n"; }
            let list = if *is_allowed { "allows" } else { "denies" };
            text += &format!("  - value: '{}'\n    {list}: [GET /{path}]\n", value.replace('\'', "''"));
            let mut token = Token { value: value.clone(), ..Token::default() };
            let methods = if *is_allowed { &mut token.allows } else { &mut token.denies };
            methods.push(format!("GET /{path}"));
            expect.tokens.push(token);
        }
        prop_assert_eq!(Expectations::parse("e.yaml", &text), Ok(expect));
    }

    /// No text makes the reader panic, and an error has a place in the text.
    #[test]
    fn an_error_lies_in_the_text(text in "(?s)[ -~\n]{0,200}") {
        if let Err(error) = Expectations::parse("e.yaml", &text) {
            prop_assert!(error.line >= 1 && error.column >= 1);
            prop_assert!(error.line <= text.lines().count() as u64 + 1, "{}", error);
        }
    }
}
