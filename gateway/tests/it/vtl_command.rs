//! `gateway vtl`, at the front door: the built binary, its streams and its exit status.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

const TEMPLATE: &str = "\
#set($order = $input.path('$'))
{
  \"id\": \"$input.params('id')\",
  \"lines\": [#foreach($line in $order.lines)$line.sku#if($foreach.hasNext), #end#end],
  \"stage\": \"$context.stage $stageVariables.env\",
  \"by\": \"$context.authorizer.principalId\"
}
";

const CONTEXT: &str = r#"{
  "body": {"lines": [{"sku": 1}, {"sku": 2}]},
  "params": {"path": {"id": "from-file"}},
  "context": {"stage": "dev"},
  "stageVariables": {"env": "test"},
  "authorizer": {"principalId": "me"}
}"#;

/// What a run of the command leaves.
#[derive(Debug, PartialEq)]
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

/// A directory with files, and the command run in it.
struct Workplace(TempDir);

impl Workplace {
    fn with(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        Self(directory)
    }

    fn run(&self, args: &[&str], stdin: &str) -> Ran {
        let mut child = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_gateway")))
            .arg("vtl")
            .args(args)
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may have ended without reading.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = child.wait_with_output().unwrap();
        Ran {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    fn check(&self, args: &[&str], stdin: &str, code: i32, stdout: &str, stderr: &str) {
        let expected = Ran { code, stdout: stdout.to_owned(), stderr: stderr.to_owned() };
        assert_eq!(self.run(args, stdin), expected, "{args:?}");
    }
}

#[test]
fn a_template_renders_against_a_body_and_a_context() {
    let place = Workplace::with(&[
        ("t.vtl", TEMPLATE),
        ("c.json", CONTEXT),
        ("b.json", "{\"lines\": [{\"sku\": 9}]}"),
    ]);
    let output = |id: &str, lines: &str| {
        format!(
            "{{\n  \"id\": \"{id}\",\n  \"lines\": [{lines}],\n  \"stage\": \"dev test\",\n  \"by\": \"me\"\n}}\n"
        )
    };
    let args = ["t.vtl", "--context", "c.json"];
    place.check(&args, "", 0, &output("from-file", "1, 2"), "");
    // What is said on the command line wins.
    let args = ["t.vtl", "--context", "c.json", "--body", "b.json", "--param", "path.id=7"];
    place.check(&args, "", 0, &output("7", "9"), "");
    let args = ["t.vtl", "--context", "c.json", "--body", "-"];
    place.check(&args, "{\"lines\": []}", 0, &output("from-file", ""), "");
    // The template itself may come from standard input or the command line.
    place.check(&["-"], "a#if(true)b#end", 0, "ab", "");
    place.check(
        &["-e", "$input.json('$.lines[*].sku')", "--context", "c.json"],
        "",
        0,
        "[1,2]",
        "",
    );
    place.check(&["-e", "$input.body"], "", 0, "{}", "");
}

#[test]
fn diagnostics_say_file_line_and_column() {
    let place = Workplace::with(&[
        ("open.vtl", "a\n  #if($x)\nb"),
        ("throws.vtl", "ok\n#set($a = [1])\n $a.get(5)"),
        ("broken.json", "{\"a\":\n1,}"),
    ]);
    let ran = place.run(&["open.vtl"], "");
    assert_eq!((ran.code, &*ran.stdout), (1, ""));
    assert!(ran.stderr.starts_with("open.vtl:3:2: error: "), "{}", ran.stderr);
    let ran = place.run(&["throws.vtl"], "");
    assert_eq!((ran.code, &*ran.stdout), (1, ""), "nothing of a failed render is output");
    assert!(ran.stderr.starts_with("throws.vtl:3:2: error: "), "{}", ran.stderr);
    let ran = place.run(&["-e", "$input.path('$.a')", "--body", "broken.json"], "");
    assert_eq!(ran.code, 0, "the reader is permissive: {}", ran.stderr);
    let ran = place.run(&["-e", "$input.path('$.a')", "--body", "-"], "{\"a\": [");
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("<text>:1:1: error: no JSON: "), "{}", ran.stderr);
}

#[test]
fn what_cannot_be_read_or_is_wrong_usage_is_2() {
    let place = Workplace::with(&[("t.vtl", "x"), ("c.json", "{\"a\":\n nope}")]);
    let says = |args: &[&str], expected: &str| {
        let ran = place.run(args, "");
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(expected), "{args:?}: {}", ran.stderr);
    };
    says(&["nope.vtl"], "error: cannot read nope.vtl: ");
    says(&["t.vtl", "--body", "nope.json"], "error: cannot read nope.json: ");
    says(&["t.vtl", "--context", "c.json"], "c.json:2:3: error: ");
    says(&["t.vtl", "--param", "nowhere.a=1"], "expected PLACE.NAME=VALUE");
    says(&["t.vtl", "-e", "x"], "cannot be used with");
    says(&["-", "--body", "-"], "standard input is the body already");
    says(&["--body", "-"], "standard input is the body already");
    says(&["--json"], "--json needs a template");
}

#[test]
fn a_trace_has_each_directive_with_its_values() {
    let place = Workplace::with(&[(
        "t.vtl",
        "#set($a = 'x')\n#foreach($i in [1, 2])\n #if($i == 2)$a#end\n#end\n#set($context.responseOverride.status = 404)",
    )]);
    let ran = place.run(&["t.vtl", "--trace"], "");
    assert_eq!((ran.code, &*ran.stdout), (0, "  x"));
    let has = |line: &str| {
        assert!(ran.stderr.lines().any(|said| said.starts_with(line)), "{line}: {}", ran.stderr);
    };
    has("t.vtl:1:1: #set $a = \"x\"");
    has("t.vtl:2:1: #foreach $i = 1");
    has("t.vtl:2:1: #foreach $i = 2");
    has("t.vtl:3:2: #if $i == 2 = false");
    has("t.vtl:3:2: #if $i == 2 = true");
    has("t.vtl:3:14: $ $a = \"x\"");
    has("t.vtl:5:1: #set $context.responseOverride.status = 404");
    has("$context.responseOverride.status = \"404\"");
}

#[test]
fn everything_is_one_document_with_json() {
    let place = Workplace::with(&[]);
    let document = |args: &[&str], code: i32| -> Value {
        let ran = place.run(args, "");
        assert_eq!((ran.code, &*ran.stderr), (code, ""), "{ran:?}");
        serde_json::from_str(&ran.stdout).unwrap()
    };
    let template = "#set($context.requestOverride.header.X-A = 'b')hi";
    assert_eq!(
        document(&["-e", template, "--json"], 0),
        json!({ "output": "hi", "overrides": { "requestOverride.header.X-A": "b" }, "diagnostics": [] })
    );
    let refused = document(&["-e", "a\n#end", "--json"], 1);
    assert_eq!(refused["output"], Value::Null);
    let diagnostic = &refused["diagnostics"][0];
    assert_eq!(
        (&diagnostic["file"], &diagnostic["line"], &diagnostic["column"], &diagnostic["severity"]),
        (&json!("<text>"), &json!(2), &json!(1), &json!("error"))
    );
}

#[test]
fn lines_are_rendered_as_they_come_and_variables_stay() {
    let place = Workplace::with(&[("b.json", "{\"x\": 5}")]);
    let lines = "\
#set($a = 1)
a is $a
#foreach($i in [1..2])
$i#if($foreach.hasNext),#end
#end
|$input.json('$.x')
:body {\"x\": 6}
$a $input.json('$.x')
:param path.id=7
$input.params('id')
";
    place.check(&["--body", "b.json"], lines, 0, "a is 1\n1,2|5\n1 6\n7\n", "");
    // Nothing is asked of what is no terminal, and what is wrong does not stay.
    let lines = "#set($a = [1])\n$a.get(3)\n$a\n#if(true)\n\n#end\n:nope\n$a#stop\n$a\n:quit\n$a\n";
    let ran = place.run(&[], lines);
    assert_eq!((ran.code, &*ran.stdout), (1, "[1]\n[1][1]\n"));
    let said: Vec<&str> = ran.stderr.lines().collect();
    assert!(said[0].starts_with("<stdin>:2:1: error: "), "{said:?}");
    assert!(said[1].starts_with("<stdin>:") && said[1].contains("error: "), "{said:?}");
    assert!(said[2].starts_with("<stdin>:6:1: error: "), "{said:?}");
    assert!(said[3].starts_with("error: no command :nope"), "{said:?}");
    assert_eq!(said.len(), 4, "{said:?}");
    let ran = place.run(&[], ":help\n");
    assert!(
        ran.code == 0 && ran.stdout.contains(":body") && ran.stdout.contains(":quit"),
        "{ran:?}"
    );
}

#[test]
fn help_has_examples() {
    let ran = Workplace::with(&[]).run(&["--help"], "");
    assert_eq!(ran.code, 0);
    for part in
        ["Examples:", "gateway vtl request.vtl --body order.json", "--trace", "Exit status:"]
    {
        assert!(ran.stdout.contains(part), "{part} in {}", ran.stdout);
    }
}
