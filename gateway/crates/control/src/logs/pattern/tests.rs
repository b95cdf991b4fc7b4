use super::expression::is_like;
use super::*;

#[track_caller]
fn check(pattern: &str, matching: &[&str], others: &[&str]) {
    let read = Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    for message in matching {
        assert!(read.matches(message), "{pattern} matches {message}");
    }
    for message in others {
        assert!(!read.matches(message), "{pattern} does not match {message}");
    }
}

#[test]
fn terms_are_all_there_but_those_that_are_excluded() {
    check("", &["", "anything"], &[]);
    check("ERROR", &["an ERROR", "[ERROR] 1"], &["error", ""]);
    check("ERROR timeout", &["timeout: ERROR"], &["ERROR", "timeout"]);
    check("\"INTERNAL SERVER\" a", &["a INTERNAL SERVER"], &["INTERNAL a SERVER"]);
    check("ERROR -Exiting", &["ERROR on"], &["ERROR Exiting", "on"]);
    check("?ERROR ?\"bad luck\"", &["ERROR", "bad luck"], &["bad", "luck"]);
    check("?ERROR ?WARN 5", &["ERROR 5", "5"], &["ERROR"]);
    check("?ERROR -5", &["ERROR 6"], &["ERROR 5", "6"]);
    check("%ab+c%", &["xabbcx"], &["ac"]);
    check(r#""a \"b\"""#, &[r#"say a "b""#], &["a b"]);
}

#[test]
fn documents_are_compared_field_by_field() {
    check(
        "{ $.status = 500 }",
        &[r#"{"status":500}"#, r#"{"status":"500"}"#],
        &[r#"{"status":50}"#],
    );
    check(
        "{ $.a.b > 4 && $.c = \"x*\" }",
        &[r#"{"a":{"b":5},"c":"xy"}"#],
        &[r#"{"a":{"b":4},"c":"xy"}"#, r#"{"a":{"b":5},"c":"yx"}"#, r#"{"c":"xy"}"#, "a text", "5"],
    );
    check(
        "{ ($.a = 1 || $.b = 2) && $.c != 3 }",
        &[r#"{"b":2,"c":4}"#],
        &[r#"{"b":2,"c":3}"#, r#"{"b":3,"c":4}"#, r#"{"b":2}"#],
    );
    check("{ $.a IS NULL }", &[r#"{"a":null}"#], &[r#"{"a":1}"#, "{}"]);
    check("{ $.a NOT EXISTS }", &["{}"], &[r#"{"a":null}"#]);
    check("{ $.a is true }", &[r#"{"a":true}"#], &[r#"{"a":false}"#, r#"{"a":"true"}"#]);
    check("{ $.a[1] <= 2.5 }", &[r#"{"a":[9,2.5]}"#], &[r#"{"a":[1,3]}"#, r#"{"a":[1]}"#]);
    check("{ $.a[*].b = x }", &[r#"{"a":[{"b":"y"},{"b":"x"}]}"#], &[r#"{"a":[{"b":"y"}]}"#]);
    check(r#"{ $["a b"] = %^x[0-9]$% }"#, &[r#"{"a b":"x1"}"#], &[r#"{"a b":"x12"}"#]);
    check("{ $.a-b = -1e3 }", &[r#"{"a-b":-1000}"#], &[r#"{"a-b":1000}"#]);
    check("{$.u.id=\"123\"}", &[r#"{"u":{"id":"123"}}"#], &[r#"{"u":{"id":"1234"}}"#]);
}

#[test]
fn columns_are_compared_one_by_one() {
    let line = r#"127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /x HTTP/1.0" 404 1534"#;
    check("[ip, id, user, time, request, status, size]", &[line], &["127.0.0.1 - frank"]);
    check("[ip, id, user, time, request = GET*, status = 4*, size > 1500]", &[line], &[]);
    check("[..., status = 4* && status != 403, size]", &[line], &[&line.replace("404", "403")]);
    check("[ip, ..., size<1000||size>=1534]", &[line], &[&line.replace("1534", "1533")]);
    check("[ip=%^127%, ...]", &[line, "127.1"], &["128 127"]);
    check("[(w1 = a || w1 = b), w2]", &["a x", "b x"], &["c x", "a"]);
    check("[...]", &["", "a b"], &[]);
    check("[w1 = \"a,b\", ...]", &["a,b c"], &["a c"]);
}

#[test]
fn what_is_malformed_is_told() {
    for (pattern, expect) in [
        ("{ $.a = }", "`}` stands where a value is expected"),
        ("{ $.a }", "`}` stands where =, !=, <, <=, > or >= is expected"),
        ("{ a = 1 }", "`a` stands where $ is expected"),
        ("{ $.a = 1", "it ends where } is expected"),
        ("{ $.a = 1 } x", "`x` stands where the end is expected"),
        ("[a, ..., b, ...]", "... may stand once"),
        ("[a", "`a` stands where"),
        ("\"open", "a quote has no other"),
        ("%open", "a % has no other"),
        ("%a(b)%", "`(` is not supported in regular expressions"),
        ("%a% %b% %c%", "it has more than 2 regular expressions"),
        ("? x", "a ? or - stands before no term"),
        ("{ $.a[x] = 1 }", "an index is a whole number"),
    ] {
        let error = Pattern::parse(pattern).expect_err(pattern).to_string();
        let is_expected = error.contains(expect) || (pattern == "[a" && !error.is_empty());
        assert!(is_expected, "{pattern}: {error}");
    }
    assert!(Pattern::parse(&"x".repeat(1_025)).is_err());
    let deep = format!("{{ {}$.a = 1{} }}", "(".repeat(100), ")".repeat(100));
    assert!(Pattern::parse(&deep).is_err());
}

/// Against the slow way: a table of all prefixes.
#[test]
fn stars_are_any_text() {
    fn slow(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => (0..=text.len()).any(|taken| slow(rest, &text[taken..])),
            ([one, rest @ ..], [first, others @ ..]) => one == first && slow(rest, others),
            _ => false,
        }
    }
    let texts: Vec<String> = (0..3_usize.pow(5))
        .map(|mut number| {
            let mut text = String::new();
            for _ in 0..5 {
                text.push(['a', 'b', '*'][number % 3]);
                number /= 3;
            }
            text
        })
        .flat_map(|text| (0..=5).map(move |len| text[..len].to_owned()))
        .collect();
    for pattern in &texts {
        let chars: Vec<char> = pattern.chars().collect();
        for text in texts.iter().step_by(7) {
            let text = text.replace('*', "a");
            let expect = slow(&chars, &text.chars().collect::<Vec<_>>());
            assert_eq!(is_like(pattern, &text), expect, "{pattern} {text}");
        }
    }
}
