use super::*;
use crate::json::{self, Style};
use crate::limits::VISITS_MAX;

const STORE: &str = r#"{
  "owner": "Ada", "age": 36, "nil": null, "two words": "tw", "dot.key": "dk", "hy-phen": "hp", "limit": 10,
  "tags": ["a", "b"], "none": [],
  "pets": [
    {"id": 1, "kind": "dog", "price": 8.5, "tags": ["x", "y"]},
    {"id": 2, "kind": "cat", "price": 12, "tags": []},
    {"id": 3, "kind": "dog", "name": "it's"}
  ],
  "deep": {"id": 9, "in": {"id": 10}}
}"#;

/// What `path` finds in the store, as JSON; `-` is nothing.
#[track_caller]
fn check(path: &str, expected: &str) {
    let compiled = Path::parse(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let store = json::parse(STORE).expect("it is JSON");
    let found = compiled.evaluate(&store, &mut 0).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut text = String::new();
    match found {
        Some(value) => json::write(&value, Style::Plain, &mut text).expect("it nests little"),
        None => text.push('-'),
    }
    assert_eq!(text, expected, "{path}");
}

#[track_caller]
fn refuse(path: &str, message: &str) {
    let error = Path::parse(path).expect_err(path);
    assert_eq!(error.message, message, "{path}");
}

#[test]
fn names_are_found() {
    check("$.owner", "\"Ada\"");
    check("owner", "\"Ada\"");
    check(" $.owner ", "\"Ada\"");
    check("$['owner']", "\"Ada\"");
    check("$[\"two words\"]", "\"tw\"");
    check("$['dot.key']", "\"dk\"");
    check("$.hy-phen", "\"hp\"");
    check("$['deep']['in'].id", "10");
    check("$.nil", "null");
    check("$.Owner", "-");
    check("$.owner.x", "-");
    check("$.missing.x", "-");
    check("$.tags.x", "-");
}

#[test]
fn several_names_are_an_object() {
    check("$['owner','age']", r#"{"owner":"Ada","age":36}"#);
    check("$['owner', 'nope']", r#"{"owner":"Ada"}"#);
    check("$.pets[0]['id','kind']", r#"{"id":1,"kind":"dog"}"#);
    check("$['deep','pets'].id", "[9]");
    check(
        "$..['id','kind']",
        r#"[{"id":1,"kind":"dog"},{"id":2,"kind":"cat"},{"id":3,"kind":"dog"}]"#,
    );
}

#[test]
fn positions_count_from_either_end() {
    check("$.tags[0]", "\"a\"");
    check("$.tags[-1]", "\"b\"");
    check("$.tags[9]", "-");
    check("$.tags[-3]", "-");
    check("$.pets[0,2].id", "[1,3]");
    check("$.pets[ 0 , 9 ].id", "[1]");
    check("$.pets[1:].id", "[2,3]");
    check("$.pets[:2].id", "[1,2]");
    check("$.pets[0:2].id", "[1,2]");
    check("$.pets[-1:].id", "[3]");
    check("$.pets[:-1].id", "[1,2]");
    check("$.pets[-9:].id", "[1,2,3]");
    check("$.pets[5:1].id", "[]");
    check("$.owner[0]", "-");
    check("[0]", "-");
}

#[test]
fn everything_and_everywhere() {
    check("$.tags[*]", r#"["a","b"]"#);
    check("$.tags.*", r#"["a","b"]"#);
    check("$.deep.*", r#"[9,{"id":10}]"#);
    check("$.pets[*].id", "[1,2,3]");
    check("$.owner[*]", "[]");
    check("$..id", "[1,2,3,9,10]");
    check("$.deep..id", "[9,10]");
    check("$..nope", "[]");
    check("$.missing[*].id", "[]");
    check("$..pets[0].id", "[1]");
    check("$.deep..*", r#"[9,{"id":10},10]"#);
}

#[test]
fn filters_compare() {
    check("$.pets[?(@.kind=='dog')].id", "[1,3]");
    check("$.pets[?(@.kind == \"dog\")].id", "[1,3]");
    check("$.pets[?('dog' == @.kind)].id", "[1,3]");
    check("$.pets[?(@.id > 1)].kind", r#"["cat","dog"]"#);
    check("$.pets[?(@.id>=2)].id", "[2,3]");
    check("$.pets[?(@.id < 2)].id", "[1]");
    check("$.pets[?(@.id<=2)].id", "[1,2]");
    check("$.pets[?(@.id != 2)].id", "[1,3]");
    check("$.pets[?(@.price > 8.25)].id", "[1,2]");
    check("$.pets[?(@.price > $.limit)].id", "[2]");
    check("$.pets[?(@.id == '2')].id", "[2]");
    check("$.pets[?(@.id === '2')].id", "[]");
    check("$.pets[?(@.kind > 'cat')].id", "[1,3]");
    check("$.pets[?(@.name == 'it\\'s')].id", "[3]");
    check("$.pets[?(@.nope == null)].id", "[]");
    check("$[?(@.in)].id", "[]");
    check("$.deep[?(@.id == 9)].in.id", "[10]");
    check("$..[?(@.id > 8)].id", "[9,10]");
}

#[test]
fn filters_ask_whether_something_is_there() {
    check("$.pets[?(@.name)].id", "[3]");
    check("$.pets[?(!@.name)].id", "[1,2]");
    check("$.pets[?(@['name'])].id", "[3]");
    check("$.pets[?(@.price && @.id > 1)].id", "[2]");
    check("$.pets[?(@.name || @.id == 1)].id", "[1,3]");
    check("$.pets[?(@.id==1||@.id==2&&@.kind=='dog')].id", "[1]");
    check("$.pets[?((@.id == 1 || @.id == 2) && @.kind == 'cat')].id", "[2]");
    check("$.pets[?(!(@.id == 1 || @.name))].id", "[2]");
    check("$.pets[?(@.tags[?(@ == 'x')])].id", "[1,2,3]");
    check("$.pets[?(@.tags[0])].id", "[1]");
}

#[test]
fn filters_have_operators_that_are_words() {
    check("$.pets[?(@.id in [1,3])].id", "[1,3]");
    check("$.pets[?(@.kind nin ['cat','bird'])].id", "[1,3]");
    check("$.pets[?(@.tags size 2)].id", "[1]");
    check("$.pets[?(@.kind size 3)].id", "[1,2,3]");
    check("$.pets[?(@.tags empty true)].id", "[2]");
    check("$.pets[?(@.tags EMPTY false)].id", "[1]");
    check("$.pets[?(@.tags subsetof ['x','y','z'])].id", "[1,2]");
    check("$.pets[?(@.tags anyof ['y'])].id", "[1]");
    check("$.pets[?(@.tags noneof ['y'])].id", "[2]");
    check("$.pets[?(@.tags contains 'x')].id", "[1]");
    check("$.pets[?(@.name contains 't')].id", "[3]");
    check("$.pets[?(@.tags all ['x'])].id", "[1]");
    check("$.pets[?(@.tags == ['x','y'])].id", "[1]");
    check("$[?(@.in == {'id': 10})].id", "[]");
    check("$.deep[?(@.in == {'id': 10})].id", "[9]");
}

#[test]
fn filters_match_patterns_as_a_whole() {
    check("$.pets[?(@.kind =~ /d.*/)].id", "[1,3]");
    check("$.pets[?(@.kind =~ /d/)].id", "[]");
    check("$.pets[?(@.kind =~ /D.G/i)].id", "[1,3]");
    check("$.pets[?(@.kind =~ /a\\/b|cat/)].id", "[2]");
    check("$.pets[?(@.kind =~ /(?!dog).*/)].id", "[2]");
    check("$.pets[?(@.tags =~ /y/)].id", "[1]");
}

#[test]
fn functions_end_a_path() {
    check("$.pets.length()", "3");
    check("$.deep.length()", "2");
    check("$.owner.length()", "-");
    check("$..id.sum()", "25.0");
    check("$.pets[*].id.max()", "3.0");
    check("$.pets[*].id.min()", "1.0");
    check("$.pets[*].id.avg()", "2.0");
    check("$.deep.keys()", r#"["id","in"]"#);
    check("$.tags.first()", "\"a\"");
    check("$.tags.last()", "\"b\"");
    let store = json::parse(STORE).expect("it is JSON");
    let path = Path::parse("$.none.max()").expect("it is a path");
    assert_eq!(path.evaluate(&store, &mut 0).err(), Some(EvaluationError::NoNumbers));
}

#[test]
fn paths_know_whether_they_are_definite() {
    for path in ["$", "$.a", "$.a[0]['b']", "$['a','b']", "$.a.length()", "a.b"] {
        assert!(Path::parse(path).expect(path).is_definite(), "{path}");
    }
    for path in ["$.*", "$..a", "$[0,1]", "$[1:]", "$[?(@.a)]", "$['a','b'].c", "$[*].a[0]"] {
        assert!(!Path::parse(path).expect(path).is_definite(), "{path}");
    }
}

#[test]
fn what_is_no_path_says_where() {
    refuse("", "a path was expected");
    refuse("$x", "`.` or `[` was expected");
    refuse("$.", "a name, `*` or `[` was expected after `.`");
    refuse("$..", "a name, `*` or `[` was expected after `.`");
    refuse("$...a", "a name, `*` or `[` was expected after `.`");
    refuse("$.two words", "names with blanks are written `['my name']`");
    refuse("$[", "a quoted name, a number, `*` or `?` was expected");
    refuse("$['a", "the name or text is not closed");
    refuse("$['a'", "`]` was expected");
    refuse("$[1,]", "numbers, or two around `:`, were expected");
    refuse("$[:]", "numbers, or two around `:`, were expected");
    refuse("$[99999999999]", "numbers, or two around `:`, were expected");
    refuse("$[?]", "`(` was expected after `?`");
    refuse("$[?(@.a ==)]", "a path, a number, a text or a pattern was expected");
    refuse("$[?(@.a = 1)]", "`)` was expected");
    refuse("$[?(1)]", "an operator was expected");
    refuse("$[?(@.a =~ /(/)]", "a regular expression was expected");
    refuse("$[?(@.a =~ /x)]", "the pattern is not closed");
    refuse("$.a.nope()", "a function that does not exist");
    refuse("$.a.length().b", "a function ends a path");
    refuse(&format!("$[?{}", "(".repeat(1000)), "filters are nested too deeply");
    refuse(&format!("$[?({}", "!".repeat(1000)), "filters are nested too deeply");
    refuse(&format!("${}", "[?(@".repeat(1000)), "filters are nested too deeply");
    refuse(&"a.".repeat(10_000), "a shorter path was expected");
}

#[test]
fn searches_that_explode_are_cut() {
    let nested = format!("{}1{}", "{\"a\":".repeat(390), "}".repeat(390));
    let document = json::parse(&nested).expect("it is JSON");
    let path = Path::parse("$..a..a..a..a").expect("it is a path");
    let mut work = 0;
    assert_eq!(path.evaluate(&document, &mut work).err(), Some(EvaluationError::TooMuch));
    assert!(work > 0 && work <= VISITS_MAX + 1, "{work} visits");

    let Value::Map(map) = json::parse("{}").expect("it is JSON") else { panic!("an object") };
    map.insert("own", Value::Map(map.clone()));
    let path = Path::parse("$..x").expect("it is a path");
    let found = path.evaluate(&Value::Map(map.clone()), &mut 0);
    assert_eq!(found.err(), Some(EvaluationError::TooMuch));
    map.clear();
}
