//! What the vectors do not say: the cases that need a request, errors with their place, traces, the methods of values.

mod support;

use gateway_vtl::{Limits, Overrides, Step, Template, Trace};
use support::{TestRequest, pairs, render_into, rendered, rendered_for};

#[track_caller]
fn check(template: &str, expected: &str) {
    assert_eq!(rendered(template, "").as_deref(), Ok(expected), "{template}");
}

#[track_caller]
fn check_body(template: &str, body: &str, expected: &str) {
    assert_eq!(rendered(template, body).as_deref(), Ok(expected), "{template}");
}

#[track_caller]
fn refused(template: &str, error: &str) {
    let actual = Template::parse(template).map(drop).map_err(|error| error.to_string());
    assert_eq!(actual, Err(error.to_owned()), "{template}");
}

#[track_caller]
fn fails(template: &str, error: &str) {
    assert_eq!(rendered(template, ""), Err(error.to_owned()), "{template}");
}

/// C1 to C11: values of a document.
#[test]
fn values_of_a_document() {
    let result = "#set($result = $input.path(\"$.json\"))";
    for (template, body, expected) in [
        ("$result", r#"{"json":{"foo":"bar"}}"#, "{foo=bar}"),
        ("$result", r#"{"json":[{"foo":"bar"}]}"#, r#"[{"foo":"bar"}]"#),
        ("$result.nested", r#"{"json":{"nested":[{"foo":"bar"}]}}"#, r#"[{"foo":"bar"}]"#),
        ("$result[0]", r#"{"json":[{"foo":"bar"}]}"#, "{foo=bar}"),
        ("$result[0]", r#"{"json":[[{"foo":"bar"}]]}"#, r#"[{"foo":"bar"}]"#),
        ("$result", r#"{"json":{"foo":[{"nested":"bar"}]}}"#, r#"{foo=[{"nested":"bar"}]}"#),
        (
            "$result",
            r#"{"json":{"bigger":"dict","to":"test","with":"separators"}}"#,
            "{bigger=dict, to=test, with=separators}",
        ),
        ("$result.toString()", r#"{"json":{"list":[{"foo":"bar"}]}}"#, r#"{list=[{"foo":"bar"}]}"#),
    ] {
        check_body(&format!("{result}{template}"), body, expected);
    }
    let is_empty = "#set($r = $input.path('$.r')){\"b\": $r, \"n\": $r.nested, \"isNull\": #if($r == $null)\"true\"#else\"false\"#end, \
                    \"isEmpty\": #if($r == \"\")\"true\"#else\"false\"#end}";
    check_body(is_empty, "{}", r#"{"b": , "n": , "isNull": "true", "isEmpty": "true"}"#);
    check_body(
        is_empty,
        r#"{"r":[]}"#,
        r#"{"b": [], "n": , "isNull": "false", "isEmpty": "false"}"#,
    );
    check_body(is_empty, r#"{"r":null}"#, r#"{"b": , "n": , "isNull": "true", "isEmpty": "true"}"#);
}

/// C12 to C17: the body as text.
#[test]
fn the_body_as_text() {
    for (body, shown) in [
        ("", "{}"),
        (r#"{"some": "value"}"#, r#"{"some": "value"}"#),
        ("some raw data", "some raw data"),
    ] {
        check_body("$input.body", body, shown);
    }
    check("Action=SendMessage&MessageBody=$input.body", "Action=SendMessage&MessageBody={}");
    let encoded = "E=$util.urlEncode($input.body)&A=$util.urlEncode($input.body.x)";
    check_body(encoded, r#"{"some": "value"}"#, "E=%7B%22some%22%3A+%22value%22%7D&A=");
    check_body(encoded, "some raw data", "E=some+raw+data&A=");
    check_body(encoded, "", "E=%7B%7D&A=");
    check("$input.body.x", "");
}

/// C18 to C21, C25 to C28: the request and what is around it.
#[test]
fn around_the_request() {
    check(
        "$context.get('identity')|$context.get('requestOverride')|$context.requestOverride.get('path')",
        "||",
    );
    check("#foreach($k in $context.authorizer.keySet())x#end", "");
    check("$stageVariables.nope", "");
    let request = TestRequest {
        path: pairs(&[("id", "abc")]),
        query: pairs(&[("foo", "bar")]),
        headers: pairs(&[("Accept", "*/*"), ("Host", "h"), ("accept-language", "de")]),
        context: pairs(&[("isCanaryRequest", "true")]),
        ..TestRequest::default()
    };
    let check = |template: &str, expected: &str| {
        assert_eq!(rendered_for(template, &request, |_| {}).as_deref(), Ok(expected), "{template}");
    };
    check("$input.params().path.id|$input.params('id')", "abc|abc");
    check("$context.isCanaryRequest", "true");
    check("$util.escapeJavaScript($input.params().header.get('Accept'))", r"*\/*");
    check("#foreach($n in $input.params().header.keySet())$n,#end", "Accept,accept-language,Host,");
    let mut overrides = Overrides::default();
    let first =
        "#set($context.requestOverride.header.foo = $input.params('foo')){\"statusCode\": 200}";
    assert_eq!(
        render_into(first, &request, &mut overrides).as_deref(),
        Ok("{\"statusCode\": 200}")
    );
    let second =
        render_into("$context.requestOverride.header.foo", &TestRequest::default(), &mut overrides);
    assert_eq!(
        second.as_deref(),
        Ok("bar"),
        "the response template sees what the request template set"
    );
}

/// The template that the console makes, with the blanks of a published log.
#[test]
fn the_console_s_passthrough() {
    let template = "#set($allParams = $input.params())\n{\n\"body-json\" : $input.json('$'),\n\"params\" : {\n#foreach($type in $allParams.keySet())\n    \
         #set($params = $allParams.get($type))\n\"$type\" : {\n    #foreach($paramName in $params.keySet())\n    \
         \"$paramName\" : \"$util.escapeJavaScript($params.get($paramName))\"\n        #if($foreach.hasNext),#end\n    #end\n}\n    \
         #if($foreach.hasNext),#end\n#end\n},\n\"stage-variables\" : {\n},\n";
    let request = TestRequest {
        query: pairs(&[("myquerystring", "222"), ("input", "111")]),
        headers: pairs(&[("input_header", "333")]),
        ..TestRequest::default()
    };
    let expected = "{\n\"body-json\" : {},\n\"params\" : {\n\"path\" : {\n    }\n    ,\"querystring\" : {\n        \"myquerystring\" : \"222\"\n        \
         ,        \"input\" : \"111\"\n            }\n    ,\"header\" : {\n        \"input_header\" : \"333\"\n            }\n    },\n\
         \"stage-variables\" : {\n},\n";
    assert_eq!(rendered_for(template, &request, |_| {}).as_deref(), Ok(expected));
}

#[test]
fn a_syntax_error_says_where_and_what_to_do() {
    refused("a\n  #set($x 1)", "2:11: expected `=` in `#set`, found `1`");
    refused("#set(x = 1)", "1:6: expected a reference like `$name` in `#set`, found `x`");
    refused(
        "#if(true)\nx",
        "2:2: expected the `#end` of `#if` in line 1, found the end of the template",
    );
    refused("x#end", "1:2: `#end` closes nothing: there is no `#if`, `#foreach` or `#define` open");
    refused(
        "#if(1)a#{else}b#elseif(true)c#end",
        "1:16: `#elseif` comes after `#else`; put it before",
    );
    refused("ä$", "1:2: `$` at the end of the template: put something behind it, if only a blank");
    refused(
        "#set($m = -$n)",
        "1:11: expected a value, found `-`: for the negative of a reference write `0 - $x`",
    );
    refused(
        "#set($m = {k:1})",
        "1:12: expected a value, found `k`: text needs quotes, a variable needs `$`",
    );
    refused(
        "#set($x = null)",
        "1:11: expected a value, found `null`: there is no `null`; compare with `$null`, which is undefined, or with `\"\"`",
    );
    refused("${name", "1:7: expected `}` of `${name…`, found the end of the template");
    refused("#set($s = 'x)", "1:11: a string that starts with ' has no end");
    refused("#set($s = \"${x\")", "1:15: expected `}` of `${x…`, found a blank");
    refused(
        "#foreach(i in [1])x#end",
        "1:10: `i` in `#foreach`: expected a reference like `$name`",
    );
    let deep = "#if(true)".repeat(200);
    assert_eq!(
        Template::parse(&deep).expect_err("too deep").message,
        "nested deeper than 100 levels"
    );
}

#[test]
fn a_render_error_says_where() {
    fails(
        "a\nb $input.path('$').x #set($l = [])\n  $l.get(3)",
        "3:3: index 3 is out of range: there are 0 elements",
    );
    fails(
        "#set($a = 'abc')\n#if($a.substring(9) == '')x#end",
        "2:5: substring(9, 3) of a text of 3 characters",
    );
    fails("\n#parse('x')", "2:1: `#parse` is not available in API Gateway");
    check("#if(false)#parse('x')#end", "");
    fails(
        "#set($a = 'x')$a.matches('(')",
        "1:15: `(` is no regular expression: Parsing error at position 1: Opening parenthesis without closing parenthesis",
    );
}

#[test]
fn strings() {
    check(
        "#set($s='aé😀b')$s.length()|$s.indexOf('b')|$s.substring(0,2)|$s.substring(2,4)|$s.charAt(4)",
        "5|4|aé|😀|b",
    );
    check(
        "#set($s='a-b-c')$s.lastIndexOf('-')|$s.lastIndexOf('-',2)|$s.indexOf('-',2)|$s.indexOf(45)|$s.indexOf('z')",
        "3|1|3|1|-1",
    );
    check(
        "#set($s='x')$s.compareTo('y')|$s.compareTo('xyz')|$s.compareToIgnoreCase('X')|$s.hashCode()",
        "-1|-2|0|120",
    );
    check(
        "#set($s='')$s.format('%5d|%-5s|%05d|%x|%.2f|%,d|%b|%c|%e|%%|%n', 42, 'ab', 7, 255, 1.005, 1234567, true, 65, 12345.678)",
        "   42|ab   |00007|ff|1.01|1,234,567|true|A|1.234568e+04|%|\n",
    );
    check(
        "#set($s='')$s.join('-', ['a','b'])|$s.join(',', 'x', 'y')|$s.valueOf(1.50)",
        "a-b|x,y|1.5",
    );
    fails(
        "#set($s='')$s.format('%d', 'x')",
        "1:12: the format `%d` has `%d` for another kind of value",
    );
}

#[test]
fn regular_expressions_are_java_s() {
    check(
        "#set($s='a1b22')$s.replaceAll('(\\d+)', '<$1>')|$s.replaceAll('x*', '-')|$s.replaceFirst('[a-z]', '')",
        "a<1>b<22>|-a-1-b-2-2-|1b22",
    );
    check(
        "#set($s='aab')$s.replaceAll('a*', '-')|$s.replaceAll('(?<x>a+)', '[${x}]')|$s.replaceAll('b', '\\$')",
        "--b-|[aa]b|aa$",
    );
    check(
        "#set($s='a,b,,c,,')$s.split(',').size()|$s.split(',', -1).size()|$s.split(',', 2)[1]|$s.split('').size()|$s.split('x')[0]",
        "4|6|b,,c,,|8|a,b,,c,,",
    );
    check(
        "#set($s='foo.bar')$s.split('\\.')[1]|$s.matches('\\w+\\.\\w+')|$s.matches('foo')|$s.replaceAll('(?<=o)\\.', '/')",
        "bar|true|false|foo/bar",
    );
    check(
        "#set($s='aa bb')$s.replaceAll('(\\w)\\1', '$1')|$s.matches('\\p{Alpha}+ \\p{Lower}++')|$s.replaceAll('[^\\w&&[^b]]', '')",
        "a b|true|aa",
    );
    check(
        "#set($s=\"x\ny\n\")$s.replaceAll('y$', 'z')|$s.matches('x.y.')|$s.matches('(?s)x.y.')",
        "x\nz\n|false|true",
    );
    check("#set($s='a,b')#set($x=$s.split(','))#set($x[0]='c')$x[0]$x[1]", "cb");
    fails("#set($x='a,b')#set($x.split(',')[0]=[1])", "1:15: array element type mismatch");
    fails(
        "#set($s='a')$s.replaceAll('a', '$1')",
        "1:13: the replacement `$1` refers to a group that is not there",
    );
    fails(
        "#set($s='a')$s.matches('a{')",
        "1:13: `a{` is no regular expression: `{` without a number; a brace itself is `\\{`",
    );
}

#[test]
fn numbers() {
    check(
        "#set($x = 99999999999999999999 + 1)$x|#set($x = 9223372036854775807 * 2)$x|#set($x = -9223372036854775807 - 2)$x",
        "100000000000000000000|18446744073709551614|-9223372036854775809",
    );
    check(
        "#set($x = 99999999999999999999 + 0.5)$x|#set($x = 99999999999999999999 / 3)$x|#set($x = 7.5 % 2)$x",
        "99999999999999999999.5|33333333333333333333|1.5",
    );
    check("#if(99999999999999999999 > 1.5)T#end#if(1 == 1.0)T#end#if(10000000000 > 1)T#end", "TTT");
    check(
        "#set($n=5)$n.compareTo(7)|$n.doubleValue()|$n.toString(9)|$n.hashCode()|$n.class.name",
        "-1|5.0|9|5|java.lang.Integer",
    );
    check(
        "#set($n=10000000000)$n.class.name|$n.intValue()|$n.hashCode()",
        "java.lang.Long|1410065408|1410065410",
    );
}

#[test]
fn loops() {
    check(
        "#foreach($a in [1..3])#foreach($b in [1..3])#if($b == 2)#break($foreach.parent)#end$a$b #end#end.",
        "11 .",
    );
    check(
        "#foreach($a in [1,2])#foreach($b in [1,2])$foreach.topmost.count$foreach.parent.hasNext;#end#end",
        "1true;1true;2false;2false;",
    );
    check("#foreach($a in [1])#set($foreach.x = 'y')$foreach.x$foreach#end|$foreach.x", "y{x=y}|");
    fails(
        "#set($l=[1,2])#foreach($x in $l)#set($d = $l.add(3))#end",
        "1:15: what `#foreach` loops over was changed by its body",
    );
    check("#set($m={'a':1})#foreach($e in $m.entrySet())$e.key=$e.value $e;#end", "a=1 a=1;");
    check("#set($l=[1,2])#set($i=$l.iterator())$i.next()#foreach($x in $i)($x)#end", "1(2)");
}

#[derive(Default)]
struct Steps(Vec<String>);

impl Trace for Steps {
    fn step(&mut self, step: &Step<'_>) {
        let values: Vec<String> = step
            .values
            .iter()
            .map(|(text, value)| {
                format!(
                    "{text}={}",
                    value.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string)
                )
            })
            .collect();
        self.0.push(format!(
            "{}:{} {} {}",
            step.line,
            step.column,
            step.directive,
            values.join(" ")
        ));
    }
}

#[test]
fn a_trace_tells_every_directive_with_its_values() {
    let source = "#set($n = 2)\n#if($n > 1 && $x)\n#foreach($i in [1..2])$i#end\n#else\nno\n#end\n#set($y = 1/0)\\$n#stop";
    let template = Template::parse(source).expect("it parses");
    let mut steps = Steps::default();
    let mut out = String::new();
    let request = TestRequest::default();
    template
        .render_traced(
            &request,
            &mut Overrides::default(),
            &Limits::default(),
            &mut out,
            &mut steps,
        )
        .expect("it renders");
    assert_eq!(
        steps.0,
        [
            "1:1 #set $n=2",
            "2:1 #if $n > 1 && $x=true $n=2 $x=",
            "3:1 #foreach $i=1",
            "3:23 $ $i=1",
            "3:1 #foreach $i=2",
            "3:23 $ $i=2",
            "7:1 #set $y=nothing",
            "7:15 $ $n=2",
            "7:18 #stop ",
        ]
    );
    assert_eq!(out, rendered(source, "").expect("it renders"), "tracing changes nothing");
}
