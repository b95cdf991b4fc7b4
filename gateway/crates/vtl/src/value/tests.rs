use std::fmt::Write;

use super::*;

#[track_caller]
fn check(value: Value, expected: &str) {
    assert_eq!(value.to_string(), expected);
}

fn list(kind: ListKind, items: Vec<Value>) -> Value {
    Value::List(List::new(kind, items))
}

#[test]
fn doubles_print_as_java_prints_them() {
    for (number, expected) in [
        (1.5, "1.5"),
        (1.0, "1.0"),
        (-2.0, "-2.0"),
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1.0 / 3.0, "0.3333333333333333"),
        (12_345_678.9, "1.23456789E7"),
        (9_999_999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (1e3, "1000.0"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (-1.25e-10, "-1.25E-10"),
        (1e100, "1.0E100"),
        (f64::MAX, "1.7976931348623157E308"),
        (f64::NAN, "NaN"),
        (f64::NEG_INFINITY, "-Infinity"),
    ] {
        check(Value::Double(number), expected);
    }
}

#[test]
fn lists_print_by_their_class() {
    let items = || vec![Value::Integer(1), Value::from("a/b"), Value::Null];
    check(list(ListKind::ArrayList, items()), "[1, a/b, null]");
    check(list(ListKind::View, items()), "[1, a/b, null]");
    check(list(ListKind::JsonArray, items()), r#"[1,"a\/b",null]"#);
    check(list(ListKind::JsonArray, vec![]), "[]");
}

#[test]
fn a_json_list_writes_what_is_in_it_as_json() {
    let map = Map::default();
    map.insert("k", Value::from("v"));
    let inner = list(ListKind::ArrayList, vec![Value::Bool(true), Value::Map(map.clone())]);
    check(list(ListKind::JsonArray, vec![inner.clone()]), r#"[[true,{"k":"v"}]]"#);
    map.insert("n", Value::Null);
    check(inner, "[true, {k=v, n=null}]");
}

#[test]
fn a_value_that_contains_itself_through_another_does_not_print() {
    let map = Map::default();
    let own = List::new(ListKind::ArrayList, vec![Value::Map(map.clone())]);
    map.insert("own", Value::List(own.clone()));
    let mut text = String::new();
    assert!(write!(text, "{}", Value::List(own)).is_err());
    assert!(
        crate::json::write(&Value::Map(map.clone()), crate::json::Style::Plain, &mut text).is_err()
    );
    map.clear();
}

#[test]
fn dropping_a_deep_value_takes_no_stack() {
    let mut value = Value::Null;
    for level in 0..1_000_000 {
        value = if level % 2 == 0 {
            list(ListKind::ArrayList, vec![value])
        } else {
            let map = Map::default();
            map.insert("a", value);
            Value::Map(map)
        };
    }
    drop(value);
}

#[test]
fn a_map_keeps_the_order_and_the_place_of_a_key() {
    let map = Map::default();
    for number in 0..40 {
        assert!(map.insert(format!("k{number}"), Value::Integer(number)).is_none());
    }
    assert!(matches!(map.insert("k3", Value::Null), Some(Value::Integer(3))));
    assert!(matches!(map.remove("k0"), Some(Value::Integer(0))));
    assert!(map.remove("k0").is_none());
    assert_eq!(map.len(), 39);
    assert_eq!(&*map.keys()[2], "k3");
    assert!(matches!(map.get("k39"), Some(Value::Integer(39))));
    assert!(map.contains_key("k1") && !map.contains_key("K1"));
    map.clear();
    assert!(map.is_empty() && map.get("k1").is_none());
}

#[test]
fn a_map_of_fields_ignores_case() {
    let map = Map::default().ignoring_case();
    map.insert("Accept", Value::from("a"));
    assert!(map.insert("ACCEPT", Value::from("b")).is_some());
    assert_eq!(map.get("accept").map(|value| value.to_string()).as_deref(), Some("b"));
    assert_eq!(&*map.keys()[0], "Accept");
}
