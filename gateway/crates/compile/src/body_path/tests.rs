use serde_json::json;

use super::*;

#[track_caller]
fn check(path: &str, expect: Option<Value>) {
    let document = json!({
        "a": {"b": [1, {"c": "x"}], "with.dot": true, "-h": 1},
        "empty": null,
        "list": ["first", "last"],
        "é": 2,
    });
    let parsed = BodyPath::parse(path).expect("a path");
    assert_eq!(parsed.evaluate(&document).cloned(), expect, "{path}");
}

#[test]
fn a_path_names_one_node() {
    check(".a.b[1].c", Some(json!("x")));
    check("['a']['with.dot']", Some(json!(true)));
    check("[\"a\"].-h", Some(json!(1)));
    check(".list[-1]", Some(json!("last")));
    check(".empty", Some(json!(null)));
    check(".é", Some(json!(2)));
}

#[test]
fn what_is_not_there_is_missing() {
    check(".list[2]", None);
    check(".list[-3]", None);
    check(".a.b.c", None);
    check(".list.first", None);
    check("[0]", None);
    check(".A", None);
}

#[test]
fn indefinite_paths_are_told_from_malformed_ones() {
    for text in ["..a", ".*", "[*]", "[0:2]", "[0,1]", "['a','b']", "[?(@.a)]", ".a.length()"] {
        assert_eq!(BodyPath::parse(text), Err(BodyPathError::Indefinite), "{text}");
    }
    for text in ["a", ".", ".a.", "[", "[]", "[a]", "['a'", "['a", "[1", ".a b", "[--1]", "[1]]"] {
        assert_eq!(BodyPath::parse(text), Err(BodyPathError::Malformed), "{text}");
    }
    let long = ".a".repeat(BODY_PATH_STEPS_MAX);
    assert!(BodyPath::parse(&long).is_ok());
    assert_eq!(BodyPath::parse(&format!("{long}.a")), Err(BodyPathError::Malformed));
}
