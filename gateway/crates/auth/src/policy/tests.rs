use std::collections::BTreeMap;

use super::*;

/// Keys of a test: one value, or a list for keys with many.
#[derive(Default)]
struct Lookups {
    one: BTreeMap<&'static str, String>,
    many: BTreeMap<&'static str, Vec<String>>,
}

impl ConditionKeys for Lookups {
    fn value(&self, key: &str) -> KeyValue<'_> {
        if let Some(values) = self.many.get(key) {
            return KeyValue::Many(values.iter().map(Cow::from).collect());
        }
        self.one.get(key).map_or(KeyValue::Absent, |value| KeyValue::One(Cow::from(value)))
    }
}

fn keys(one: &[(&'static str, &str)]) -> Lookups {
    let one = one.iter().map(|(key, value)| (*key, (*value).to_owned()));
    Lookups { one: one.collect(), ..Lookups::default() }
}

const ARN: &str = "arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/pets/17";

fn verdict(policy: &str, resource: &str, keys: &dyn ConditionKeys) -> Verdict {
    let policy = Policy::parse(policy.as_bytes(), PolicyKind::Identity).expect(policy);
    let caller = Caller::Anonymous;
    policy.evaluate(&Request { action: "execute-api:Invoke", resource, caller, keys })
}

/// Whether a statement with these members, and what it lacks, applies.
fn applies(members: &str, resource: &str, keys: &dyn ConditionKeys) -> bool {
    let mut members = format!(r#""Effect":"Allow",{members}"#);
    if !members.contains("Action\"") {
        members.push_str(r#","Action":"*""#);
    }
    if !members.contains("Resource\"") {
        members.push_str(r#","Resource":"*""#);
    }
    let policy = format!(r#"{{"Version":"2012-10-17","Statement":{{{members}}}}}"#);
    verdict(&policy, resource, keys) == Verdict::Allow
}

#[track_caller]
fn action(pattern: &str, expected: bool) {
    assert_eq!(
        applies(&format!(r#""Action":"{pattern}""#), ARN, &keys(&[])),
        expected,
        "{pattern}"
    );
    assert_eq!(
        applies(&format!(r#""NotAction":["{pattern}","s3:*"]"#), ARN, &keys(&[])),
        !expected,
        "not {pattern}"
    );
}

#[track_caller]
fn resource(pattern: &str, arn: &str, expected: bool) {
    let text = serde_json::to_string(pattern).expect("JSON");
    assert_eq!(applies(&format!(r#""Resource":{text}"#), arn, &keys(&[])), expected, "{pattern}");
    let negated = applies(&format!(r#""NotResource":{text}"#), arn, &keys(&[]));
    assert_eq!(negated, !expected, "not {pattern}");
}

/// A condition on the key `k`, whose value is this, or which is absent.
#[track_caller]
fn condition(operator: &str, policy: &str, value: Option<&str>, expected: bool) {
    let value = value.map(|value| [("k", value)]);
    let lookups = keys(value.as_ref().map_or(&[], |one| &one[..]));
    let members = format!(r#""Condition":{{"{operator}":{{"K":{policy}}}}}"#);
    assert_eq!(applies(&members, ARN, &lookups), expected, "{operator} {policy} {value:?}");
}

/// The same with many values.
#[track_caller]
fn set(operator: &str, policy: &str, values: &[&str], expected: bool) {
    let many = values.iter().map(|value| (*value).to_owned()).collect();
    let lookups = Lookups { many: BTreeMap::from([("k", many)]), ..Lookups::default() };
    let members = format!(r#""Condition":{{"{operator}":{{"k":{policy}}}}}"#);
    assert_eq!(applies(&members, ARN, &lookups), expected, "{operator} {policy} {values:?}");
}

#[test]
fn actions_match_without_case_and_with_wildcards() {
    action("execute-api:Invoke", true);
    action("EXECUTE-API:invoke", true);
    action("execute-api:*", true);
    action("execute-api:Inv?ke", true);
    action("*", true);
    action("*:*", true);
    action("execute-api:InvalidateCache", false);
    action("execute-api:Invok", false);
    action("execute-api:Inv?oke", false);
}

#[test]
fn resources_match_as_whole_texts() {
    resource("*", ARN, true);
    resource(ARN, ARN, true);
    resource("arn:aws:execute-api:*:*:abc/*", ARN, true);
    resource("arn:aws:execute-api:us-east-1:123456789012:abc/*/GET/pets*", ARN, true);
    resource("arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/pets/1?", ARN, true);
    resource("arn:*17", ARN, true);
    resource("arn:aws:execute-api:us-east-1:123456789012:abc/dev/get/pets/17", ARN, false);
    resource("arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/pets", ARN, false);
    resource("arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/pets/[0-9]7", ARN, false);
    resource("a*[b\\", "a/:\n[b\\", true);
    resource("a?", "a", false);
    resource("", "", true);
    resource("**", "", true);
    resource("?*", "", false);
}

#[test]
fn a_question_mark_is_one_utf_16_unit() {
    resource("x?z", "xéz", true);
    resource("x?z", "x😀z", false);
    resource("x??z", "x😀z", true);
    resource("x*z", "x😀é😀z", true);
}

#[test]
fn globs_take_no_exponential_time() {
    let pattern = "*a".repeat(200) + "b";
    let value = "a".repeat(1_600);
    resource(&pattern, &value, false);
}

#[test]
fn an_explicit_deny_beats_every_allow_in_any_order() {
    let allow = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let deny = r#"{"Effect":"Deny","Action":"*","Resource":"*pets*"}"#;
    for statements in [format!("[{allow},{deny}]"), format!("[{deny},{allow}]")] {
        let policy = format!(r#"{{"Statement":{statements}}}"#);
        assert_eq!(verdict(&policy, ARN, &keys(&[])), Verdict::ExplicitDeny);
        assert_eq!(verdict(&policy, "other", &keys(&[])), Verdict::Allow);
    }
    assert_eq!(verdict(r#"{"Statement":[]}"#, ARN, &keys(&[])), Verdict::ImplicitDeny);
}

#[test]
fn strings_compare_exactly_or_without_case_or_with_wildcards() {
    condition("StringEquals", r#""a*""#, Some("a*"), true);
    condition("StringEquals", r#""a*""#, Some("ab"), false);
    condition("StringEquals", r#"["x","a"]"#, Some("a"), true);
    condition("StringEquals", r#""A""#, Some("a"), false);
    condition("StringNotEquals", r#"["x","a"]"#, Some("a"), false);
    condition("StringNotEquals", r#"["x","y"]"#, Some("a"), true);
    condition("StringEqualsIgnoreCase", r#""STRASSE""#, Some("strasse"), true);
    condition("StringEqualsIgnoreCase", r#""s""#, Some("ſ"), false);
    condition("StringEqualsIgnoreCase", r#""ΟΔΟΣ""#, Some("οδος"), true);
    condition("StringNotEqualsIgnoreCase", r#""A""#, Some("a"), false);
    condition("StringLike", r#""a*c?""#, Some("abcd"), true);
    condition("StringLike", r#""a*""#, Some("A"), false);
    condition("StringNotLike", r#""a*""#, Some("b"), true);
    condition("StringNotLike", r#""a*""#, Some("ab"), false);
}

#[test]
fn numbers_compare_with_any_precision() {
    condition("NumericEquals", r#""007""#, Some("+7.0"), true);
    condition("NumericEquals", "7", Some("7"), true);
    condition("NumericLessThan", r#""10""#, Some("9.99999999999999999999"), true);
    condition("NumericLessThanEquals", r#""10""#, Some("10"), true);
    condition("NumericGreaterThan", r#""10""#, Some("10"), false);
    condition("NumericGreaterThanEquals", r#""10""#, Some("10"), true);
    condition("NumericNotEquals", r#""10""#, Some("11"), true);
    condition("NumericEquals", r#""10""#, Some("ten"), false);
    condition("NumericNotEquals", r#""10""#, Some("ten"), true);
    condition("NumericLessThan", r#""10""#, Some("ten"), false);
    condition("NumericEquals", r#"["ten","10"]"#, Some("10"), true);
    condition("NumericNotEquals", r#"["ten"]"#, Some("10"), false);
}

#[test]
fn dates_compare_by_the_millisecond() {
    let at = Some("2026-11-22T20:00:00.123Z");
    condition("DateEquals", r#""2026-11-22T21:00:00.1239+01:00""#, at, true);
    condition("DateEquals", r#""1795377600.123""#, at, true);
    condition("DateLessThan", r#""2026-11-22T20:00:00.124Z""#, at, true);
    condition("DateLessThanEquals", r#""2026-11-22T20:00:00.123Z""#, at, true);
    condition("DateGreaterThan", r#""2026-11-22""#, at, true);
    condition("DateGreaterThanEquals", r#""2026-11-23""#, at, false);
    condition("DateNotEquals", r#""2026""#, at, true);
    condition("DateEquals", r#""2026""#, Some("soon"), false);
    condition("DateNotEquals", r#""2026""#, Some("soon"), true);
    condition("DateLessThan", r#""soon""#, at, false);
}

#[test]
fn booleans_are_true_or_anything_else() {
    condition("Bool", "true", Some("TRUE"), true);
    condition("Bool", r#""true""#, Some("yes"), false);
    condition("Bool", r#""false""#, Some("yes"), true);
    condition("Bool", r#""maybe""#, Some("false"), false);
    condition("Bool", r#""false""#, None, false);
    condition("BoolIfExists", r#""false""#, None, true);
}

#[test]
fn bytes_compare_decoded() {
    condition("BinaryEquals", r#""aGVsbG8=""#, Some("aGVsbG8="), true);
    condition("BinaryEquals", r#""aGVsbG8=""#, Some("aGVsbHA="), false);
    condition("BinaryEquals", r#""aGVsbG8=""#, Some("hello"), false);
    condition("BinaryEquals", r#""hello""#, Some("hello"), false);
}

#[test]
fn addresses_match_networks() {
    condition("IpAddress", r#""203.0.113.9""#, Some("203.0.113.9"), true);
    condition("IpAddress", r#""203.0.113.77/24""#, Some("203.0.113.9"), true);
    condition("IpAddress", r#""0.0.0.0/0""#, Some("203.0.113.9"), true);
    condition("IpAddress", r#""203.0.113.0/24""#, Some("203.0.114.9"), false);
    condition("IpAddress", r#""2001:db8::/32""#, Some("2001:db8::1"), true);
    condition("IpAddress", r#""2001:db8::1/32""#, Some("2001:db8::1"), false);
    condition("IpAddress", r#""::/0""#, Some("203.0.113.9"), false);
    condition("IpAddress", r#""203.0.113.0/24""#, Some("::ffff:203.0.113.9"), true);
    condition("NotIpAddress", r#""203.0.113.0/24""#, Some("203.0.114.9"), true);
    condition("NotIpAddress", r#"["203.0.113.0/24","10.0.0.0/8"]"#, Some("10.1.2.3"), false);
    condition("NotIpAddress", r#""203.0.113.0/24""#, Some("nowhere"), false);
    condition("IpAddress", r#""203.0.113.0/33""#, Some("203.0.113.9"), false);
    condition("IpAddress", r#""203.0.113.0/""#, Some("203.0.113.0"), false);
    condition("NotIpAddress", r#""203.0.113.0/24""#, None, true);
}

#[test]
fn arns_match_part_by_part() {
    let arn = Some("arn:aws:iam::123456789012:role/a:b/c");
    for (equals, differs) in [("ArnEquals", "ArnNotEquals"), ("ArnLike", "ArnNotLike")] {
        condition(equals, r#""arn:aws:iam::*:role/*""#, arn, true);
        condition(differs, r#""arn:aws:iam::*:role/*""#, arn, false);
        condition(equals, r#""arn:*:role/*""#, arn, false);
        condition(equals, r#""arn:aws:*:*:*:role/a:b/c""#, arn, true);
        condition(equals, r#""arn:aws:iam::*:user/*""#, arn, false);
        condition(differs, r#""arn:aws:iam::*:user/*""#, arn, true);
        condition(equals, r#""arn:aws:iam::*:*""#, Some("role/x"), false);
        condition(differs, r#""arn:aws:iam::*:*""#, Some("role/x"), false);
    }
}

#[test]
fn null_asks_whether_the_key_is_there() {
    condition("Null", "true", None, true);
    condition("Null", r#""true""#, Some(""), false);
    condition("Null", r#""false""#, Some(""), true);
    condition("Null", r#""false""#, None, false);
    set("Null", r#""true""#, &[], true);
    set("Null", r#""false""#, &["x"], true);
}

#[test]
fn a_missing_key_fails_what_is_positive_and_holds_for_what_is_not() {
    for positive in ["StringEquals", "StringLike", "NumericLessThan", "DateEquals", "IpAddress"] {
        condition(positive, r#""1""#, None, false);
        condition(&format!("{positive}IfExists"), r#""1""#, None, true);
    }
    for negated in ["StringNotEquals", "StringNotLike", "NumericNotEquals", "ArnNotLike"] {
        condition(negated, r#""1""#, None, true);
        condition(&format!("{negated}IfExists"), r#""1""#, None, true);
    }
    condition("StringEqualsIfExists", r#""1""#, Some("2"), false);
}

#[test]
fn keys_with_many_values_need_a_set() {
    set("StringEquals", r#""a""#, &["a"], false);
    set("StringNotEquals", r#""b""#, &["a"], false);
    set("StringEqualsIfExists", r#""a""#, &[], false);
    set("ForAnyValue:StringEquals", r#"["a","b"]"#, &["x", "b"], true);
    set("ForAnyValue:StringEquals", r#"["a","b"]"#, &["x"], false);
    set("ForAnyValue:StringEquals", r#"["a","b"]"#, &[], false);
    set("ForAnyValue:StringNotEquals", r#"["a","b"]"#, &["a", "x"], true);
    set("ForAnyValue:StringNotEquals", r#"["a","b"]"#, &["a", "b"], false);
    set("ForAllValues:StringEquals", r#"["a","b"]"#, &["a", "b", "a"], true);
    set("ForAllValues:StringEquals", r#"["a","b"]"#, &["a", "x"], false);
    set("ForAllValues:StringEquals", r#"["a","b"]"#, &[], true);
    set("ForAllValues:StringNotLike", r#"["a*"]"#, &["b", "c"], true);
    set("ForAllValues:StringNotLike", r#"["a*"]"#, &["b", "ab"], false);
    condition("ForAllValues:StringEquals", r#""a""#, None, true);
    condition("ForAnyValue:StringEquals", r#""a""#, None, false);
    condition("ForAnyValue:StringEquals", r#""a""#, Some("a"), true);
}

#[test]
fn operators_and_keys_are_all_to_hold() {
    let both = r#""Condition":{"StringEquals":{"a":"1","b":"2"},"Bool":{"c":"true"}}"#;
    let all = [("a", "1"), ("b", "2"), ("c", "true")];
    assert!(applies(both, ARN, &keys(&all)));
    for missing in 0..all.len() {
        let mut some = all.to_vec();
        some.remove(missing);
        assert!(!applies(both, ARN, &keys(&some)), "{some:?}");
    }
}

#[test]
fn policy_variables_stand_for_literal_text() {
    let with = |members: &str, user: Option<&str>| {
        let value = user.map(|user| [("aws:username", user)]);
        applies(members, ARN, &keys(value.as_ref().map_or(&[], |one| &one[..])))
    };
    let own = r#""Resource":"arn:aws:execute-api:*:*:abc/dev/GET/pets/${AWS:username}""#;
    assert!(with(own, Some("17")));
    assert!(!with(own, Some("*")));
    assert!(!with(own, None));
    let not_own = r#""NotResource":"arn:aws:execute-api:*:*:abc/dev/GET/pets/${aws:username}""#;
    assert!(with(not_own, Some("18")));
    assert!(!with(not_own, None), "without a value it matches nothing");
    let or = r#""Resource":"arn:aws:execute-api:*:*:abc/dev/GET/pets/${aws:username, '17'}""#;
    assert!(with(or, None));
    assert!(!with(or, Some("x")));
    let like = |value| format!(r#""Condition":{{"StringLike":{{"k":"{value}"}}}}"#);
    let k = |members: &str, value: &str| applies(members, ARN, &keys(&[("k", value)]));
    assert!(k(&like("a${*}b${?}${$}*"), "a*b?$x"));
    assert!(!k(&like("a${*}b${?}${$}*"), "axb?$x"));
    assert!(!k(&like("${nobody}*"), "x"));
    let differs = r#""Condition":{"StringNotLike":{"k":"${nobody}*"}}"#;
    assert!(k(differs, "x"));
}

#[test]
fn policy_variables_are_text_before_2012() {
    let old = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*${aws:username}"}}"#;
    assert_eq!(verdict(old, "x${aws:username}", &keys(&[])), Verdict::Allow);
    assert_eq!(verdict(old, "x17", &keys(&[("aws:username", "17")])), Verdict::ImplicitDeny);
}

#[track_caller]
fn invalid(document: &str) {
    let parsed = Policy::parse(document.as_bytes(), PolicyKind::Identity);
    assert!(parsed.is_err(), "{document}");
}

#[test]
fn what_is_no_policy_is_refused() {
    invalid("");
    invalid("[]");
    invalid("{}");
    invalid(r#"{"Statement":null}"#);
    invalid(r#"{"Version":"2012-10-18","Statement":[]}"#);
    invalid(r#"{"Version":"2012-10-17","Id":"x","Statement":[]}"#);
    invalid(r#"{"Statement":[],"Statement":[]}"#);
    invalid(r#"{"Statement":[],"Other":1}"#);
    let valid = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    assert!(Policy::parse(valid.as_bytes(), PolicyKind::Identity).is_ok());
    for (written, instead) in [
        (r#""Allow""#, r#""allow""#),
        (r#""Effect":"Allow","#, ""),
        (r#""Action":"*","#, ""),
        (r#""Action":"*""#, r#""Action":"Invoke""#),
        (r#""Action":"*""#, r#""Action":[]"#),
        (r#""Action":"*""#, r#""Action":"*","NotAction":"*""#),
        (r#""Action":"*""#, r#""action":"*""#),
        (r#""Action":"*""#, r#""Action":"*","Principal":"*""#),
        (r#""Action":"*""#, r#""Action":"*","Condition":{"StringSame":{"a":"b"}}"#),
        (r#""Action":"*""#, r#""Action":"*","Condition":{"NullIfExists":{"a":"true"}}"#),
        (r#""Action":"*""#, r#""Action":"*","Condition":{"StringEquals":{"a":{}}}"#),
        (r#""Action":"*""#, r#""Action":"*","Condition":{"StringEquals":["a"]}"#),
        (r#""Action":"*""#, r#""Action":"*","Sid":1"#),
        (r#","Resource":"*""#, ""),
        (r#""Resource":"*""#, r#""Resource":[["*"]]"#),
        (r#""Resource":"*""#, r#""Resource":null"#),
    ] {
        assert!(valid.contains(written));
        invalid(&valid.replace(written, instead));
    }
    let new = valid.replace(r#"{"St"#, r#"{"Version":"2012-10-17","St"#);
    for resource in ["${aws:username}", "a:b:c:d:${x}:f", "a:b:c:d:e:${", "a:b:c:d:e:${}"] {
        invalid(&new.replace(r#"Resource":"*"#, &format!(r#"Resource":"{resource}"#)));
    }
    let statement = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let many = vec![statement; crate::limits::STATEMENTS_MAX + 1].join(",");
    invalid(&format!(r#"{{"Statement":[{many}]}}"#));
    invalid(&valid.replace("\"*\"}}", &format!("\"{}\"}}}}", "x".repeat(POLICY_BYTES_MAX))));
}

fn resource_verdict(principal: &str, caller: Caller<'_>) -> Verdict {
    let policy = format!(
        r#"{{"Id":"x","Statement":{{"Effect":"Allow",{principal},"Action":"*","Resource":"*"}}}}"#
    );
    let policy = Policy::parse(policy.as_bytes(), PolicyKind::Resource).expect(principal);
    let keys = &keys(&[]);
    policy.evaluate(&Request { action: "execute-api:Invoke", resource: ARN, caller, keys })
}

#[test]
fn principals_name_whom_a_resources_policy_is_about() {
    let user = "arn:aws:iam::123456789012:user/a/Bob";
    let session =
        ["arn:aws:sts::123456789012:assumed-role/R/s", "arn:aws:iam::123456789012:role/R"];
    let bob = Caller::Aws { account: "123456789012", arns: &[user] };
    let in_role = Caller::Aws { account: "123456789012", arns: &session };
    let gateway = Caller::Service("apigateway.amazonaws.com");
    let anonymous = Caller::Anonymous;
    let check = |principal: &str, caller, is_meant: bool| {
        let verdict = resource_verdict(principal, caller);
        assert_eq!(verdict == Verdict::Allow, is_meant, "{principal} {caller:?}");
    };
    for everybody in [r#""Principal":"*""#, r#""Principal":{"AWS":["*"]}"#] {
        for caller in [bob, in_role, gateway, anonymous] {
            check(everybody, caller, true);
        }
    }
    for account in ["123456789012", "arn:aws:iam::123456789012:root"] {
        let principal = format!(r#""Principal":{{"AWS":"{account}"}}"#);
        check(&principal, bob, true);
        check(&principal, anonymous, false);
        check(&principal, gateway, false);
    }
    let principal = format!(r#""Principal":{{"AWS":["{user}"]}}"#);
    check(&principal, bob, true);
    check(&principal.replace("Bob", "bob"), bob, false);
    check(&principal, in_role, false);
    check(r#""Principal":{"AWS":"arn:aws:iam::123456789012:role/R"}"#, in_role, true);
    check(r#""Principal":{"Service":"apigateway.amazonaws.com"}"#, gateway, true);
    check(r#""Principal":{"Federated":"x","CanonicalUser":"y"}"#, bob, false);
    let but = |list: &[&str]| format!(r#""NotPrincipal":{{"AWS":{list:?}}}"#);
    let root = "arn:aws:iam::123456789012:root";
    check(&but(&[user, root]), bob, false);
    check(&but(&[user]), bob, true);
    check(&but(&[session[0], root]), in_role, true);
    check(&but(&[session[0], session[1], root]), in_role, false);
    check(&but(&[user, root]), anonymous, true);
    for bad in [
        r#""Principal":{"AWS":"arn:aws:iam::123456789012:user/*"}"#,
        r#""Principal":{"AWS":"bob"}"#,
        r#""Principal":{"Group":"x"}"#,
        r#""Principal":{}"#,
        r#""Sid":"none""#,
    ] {
        let policy =
            format!(r#"{{"Statement":{{"Effect":"Allow",{bad},"Action":"*","Resource":"*"}}}}"#);
        assert!(Policy::parse(policy.as_bytes(), PolicyKind::Resource).is_err(), "{bad}");
    }
}
