//! Bombs through the front door: what a small request or a small file would blow up to. Attacks, rows 25 to 30.
//!
//! Each ends with an answer, and takes at most [`GROWTH_MAX_KIB`] beside the bytes that were sent. A release build ends each within
//! 50 ms on an idle machine; what it took is printed:
//! `cargo test --release -p gateway --test it -- --nocapture bombs::`.

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::compression::gzip;
use crate::hostile::resident_kib;
use crate::support::{Client, Gateway};

/// What a bomb may take in memory.
const GROWTH_MAX_KIB: u64 = 16 * 1024;

/// How long one may burn here, in whatever build on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// A schema whose alternatives, references and patterns multiply.
fn schema() -> String {
    let all: Vec<String> = (0..24)
        .map(|n| format!(r##"x{n}: {{allOf: [{{$ref: "#/definitions/x{0}"}}, {{$ref: "#/definitions/x{0}"}}]}}"##, n + 1))
        .collect();
    format!(
        r##"{{definitions: {{{}, x24: {{type: object}}, node: {{anyOf: [{{$ref: "#/definitions/a"}}, {{$ref: "#/definitions/b"}}]}},
a: {{type: object, required: [n], properties: {{n: {{$ref: "#/definitions/node"}}, t: {{pattern: "^(a+)+$"}}}}}},
b: {{type: object, required: [n], properties: {{n: {{$ref: "#/definitions/node"}}, k: {{type: integer}}}}}}}},
allOf: [{{$ref: "#/definitions/x0"}}],
properties: {{n: {{$ref: "#/definitions/node"}}, u: {{uniqueItems: true}}, t: {{pattern: "^(a+)+$"}}, m: {{multipleOf: 0.01, maximum: 10}}}}}}"##,
        all.join(", ")
    )
    .replace('\n', " ")
}

/// Names, and the templates of `POST /NAME`.
const TEMPLATES: [(&str, &str); 12] = [
    ("path", "#set($a = $input.path('$.a')){\"statusCode\": 200}"),
    ("scan", "#set($a = $input.path('$..a..b..c')){\"statusCode\": 200}"),
    (
        "loops",
        "#foreach($a in [1..999])#foreach($b in [1..999])#foreach($c in [1..999])x#end#end#end",
    ),
    ("range", "#foreach($i in [1..1000000000])x#end"),
    ("blocks", "#define($a)$b$b#end#define($b)$c$c#end#define($c)$a$a$b#end$a$a$a"),
    ("strings", "#set($s = 'xxxxxxxx')#foreach($i in [1..100])#set($s = \"$s$s\")#end$s"),
    ("lists", "#set($l = [1])#foreach($i in [1..100])#set($d = $l.addAll($l))#end"),
    ("shared", "#set($l = ['xxxxxxxx'])#foreach($i in [1..200])#set($l = [$l, $l])#end$l"),
    (
        "output",
        "#set($s = 'xxxxxxxx')#foreach($i in [1..16])#set($s = \"$s$s\")#end#foreach($i in [1..999])$s#end",
    ),
    ("numbers", "#set($n = 9999999999)#foreach($i in [1..100])#set($n = $n * $n)#end$n"),
    ("regex", "#set($s = '$input.body')$s.matches('(a|a|b)*\\1c')$s.matches('(?=(a+)+$)a*')"),
    (
        "json",
        "#set($s = \"[]\")#foreach($i in [1..900])#set($s = \"[$s,$s]\")#set($v = $util.parseJson($s))#end",
    ),
];

fn definition() -> String {
    let mut text = format!(
        "Resources:
  Api: {{Type: AWS::ApiGateway::RestApi, Properties: {{Name: bombs}}}}
  Validator: {{Type: AWS::ApiGateway::RequestValidator, Properties: {{RestApiId: !Ref Api, ValidateRequestBody: true}}}}
  M:
    Type: AWS::ApiGateway::Model
    Properties: {{RestApiId: !Ref Api, Name: M, Schema: {}}}
  Authorizer:
    Type: AWS::ApiGateway::Authorizer
    Properties:
      RestApiId: !Ref Api
      Name: a
      Type: TOKEN
      IdentitySource: method.request.header.Authorization
      IdentityValidationExpression: '^(a+)+$'
      AuthorizerUri: 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f/invocations'
",
        schema()
    );
    let mut methods = Vec::new();
    let mut method = |name: &str, more: &str, template: &str| {
        methods.push(format!("{name}Post"));
        let template = json!(template);
        let _ = write!(
            text,
            "  {name}Resource: {{Type: AWS::ApiGateway::Resource, Properties: {{RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: {name}}}}}
  {name}Post:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref {name}Resource
      HttpMethod: POST
      {more}
      Integration:
        Type: MOCK
        RequestTemplates: {{application/json: {template}}}
        IntegrationResponses: [{{StatusCode: 200}}]
      MethodResponses: [{{StatusCode: 200}}]
"
        );
    };
    for (name, template) in TEMPLATES {
        method(name, "AuthorizationType: NONE", template);
    }
    let ok = "{\"statusCode\": 200}";
    let validated = "AuthorizationType: NONE
      RequestValidatorId: !Ref Validator
      RequestModels: {application/json: M}";
    method("model", validated, ok);
    method("plain", "AuthorizationType: NONE", ok);
    method("token", "AuthorizationType: CUSTOM\n      AuthorizerId: !Ref Authorizer", ok);
    let _ = write!(
        text,
        "  Deployment: {{Type: AWS::ApiGateway::Deployment, DependsOn: [{}], Properties: {{RestApiId: !Ref Api}}}}
  Stage: {{Type: AWS::ApiGateway::Stage, Properties: {{RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: s}}}}
",
        methods.join(", ")
    );
    text
}

/// What it is, where it goes, the status that answers it, and its fields and body.
type Bomb<'a> = (&'a str, &'a str, u16, (String, Vec<u8>));

/// Sends one request on a connection of its own. The status, how long the answer took, and by how many KiB the process grew at most.
fn send(gateway: &Gateway, name: &str, fields: &str, body: &[u8]) -> (u16, Duration, u64) {
    let mut client = Client::connect(gateway.addr());
    // 5 resets the peak. Source: proc_pid_clear_refs(5).
    std::fs::write(format!("/proc/{}/clear_refs", gateway.pid()), "5").unwrap();
    let before = resident_kib(gateway.pid());
    let length = body.len();
    let head =
        format!("POST /s/{name} HTTP/1.1\r\nHost: h\r\n{fields}Content-Length: {length}\r\n\r\n");
    let started = Instant::now();
    client.send(&[head.as_bytes(), body].concat());
    let status = client.response().status;
    let took = started.elapsed();
    let grown = peak_kib(gateway.pid()).saturating_sub(before);
    (status, took, grown)
}

fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

#[test]
fn requests_end_in_time_and_memory() {
    let gateway = Gateway::start(&definition(), &[]);
    for name in ["plain", "model", "path"] {
        assert_eq!(send(&gateway, name, "", b"{}").0, 200, "{name}");
    }
    let many = |text: &str, count: usize| text.repeat(count);
    let items = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let json = |text: String| (String::new(), text.into_bytes());
    let gzipped = |bytes: Vec<u8>| ("Content-Encoding: gzip\r\n".to_owned(), bytes);
    let mut bombs: Vec<Bomb<'_>> = vec![
        ("25 gzip of 256 MiB", "plain", 413, gzipped(gzip(&vec![0; 256 << 20]))),
        ("25 gzip of gzip", "plain", 200, gzipped(gzip(&gzip(&vec![0; 64 << 20])))),
        ("26 depth, 10 MB", "path", 500, json(many("[", 10_000_000))),
        ("26 depth, closed", "path", 500, json(many("[", 4_000_000) + &many("]", 4_000_000))),
        ("26 small values, 9 MB", "path", 500, json(format!("[{}0]", many("[],", 3_000_000)))),
        ("26 numbers, 9 MB", "path", 500, json(format!("[{}0]", many("0,", 4_500_000)))),
        (
            "26 keys, 9 MB",
            "path",
            500,
            json(format!(
                "{{{}}}",
                (0..900_000).map(|n| format!("k{n}:0")).collect::<Vec<_>>().join(",")
            )),
        ),
        ("26 one key, 9 MB", "path", 500, json(format!("{{{}}}", many("a:0,", 2_000_000)))),
        ("26 digits, 9 MB", "path", 500, json(many("9", 9_000_000))),
        ("26 number", "path", 200, json("{\"a\": 1e999999}".to_owned())),
        ("26 string, 9 MB", "path", 200, json(format!("{{\"a\": \"{}\"}}", many("x", 9_000_000)))),
        ("26 depth, model", "model", 400, json(many("[", 10_000_000))),
        ("26 digits, model", "model", 400, json(format!("{{\"m\":{}}}", many("9", 1_000_000)))),
        ("26 number, model", "model", 400, json("{\"m\":1e999999999}".to_owned())),
        (
            "29 pattern of a model",
            "model",
            400,
            json(format!("{{\"t\":\"{}b\"}}", many("a", 1_000_000))),
        ),
        (
            "29 token",
            "token",
            401,
            (format!("Authorization: {}b\r\n", many("a", 8_000)), Vec::new()),
        ),
        ("29 matches", "regex", 500, json(many("a", 5_000))),
        (
            "30 alternatives",
            "model",
            400,
            json(format!("{}1{}", many("{\"n\":", 120), many("}", 120))),
        ),
        ("30 unique, equal", "model", 400, json(format!("{{\"u\":[{}0]}}", many("0,", 5_000_000)))),
        ("30 unique, different", "model", 400, json(format!("{{\"u\":[{},1]}}", items(120_000)))),
        (
            "28 scan",
            "scan",
            200,
            json(format!("{{\"a\":[{}0]}}", many("{\"a\":{\"b\":1}},", 20_000))),
        ),
    ];
    for (name, _) in &TEMPLATES[2..] {
        if *name != "regex" {
            bombs.push(("28", name, 500, json("{}".to_owned())));
        }
    }
    let (mut slowest, mut largest, mut problems) = (Duration::ZERO, 0, Vec::new());
    for (what, name, expected, (fields, body)) in &bombs {
        let (status, took, grown) = send(&gateway, name, fields, body);
        // What was sent lies in a buffer that doubles as it grows; what it is decoded to is the payload.
        let sent = body.len() as u64 / 1024 * 2;
        println!("{took:>10.1?} {grown:>6} KiB of {sent:>6} sent  {status}  {what} {name}");
        if status != *expected || took > PATIENCE || grown > GROWTH_MAX_KIB + sent {
            problems.push(format!("{what} {name}: {status}, {took:?}, {grown} KiB"));
        }
        (slowest, largest) = (slowest.max(took), largest.max(grown.saturating_sub(sent)));
    }
    println!("{} bombs: at most {slowest:?} and {largest} KiB", bombs.len());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert_eq!(send(&gateway, "plain", "", b"{}").0, 200, "it serves as before");
}

/// Files that `gateway check` reads: aliases of aliases, references in circles and to other servers.
#[test]
fn files_end_in_time_and_memory() {
    let directory = tempfile::tempdir().unwrap();
    let mut aliases = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (before, name) in "abcdefghijk".chars().zip("bcdefghijkl".chars()) {
        let list = vec![format!("*{before}"); 9].join(",");
        let _ = writeln!(aliases, "{name}: &{name} [{list}]");
    }
    let schema = |schema: &str| {
        format!(
            "openapi: 3.0.1\ninfo: {{title: t, version: '1'}}\npaths: {{}}\ncomponents:\n  schemas:\n    A: {schema}\n    B: {{$ref: '#/components/schemas/A'}}\n"
        )
    };
    let files = [
        ("aliases", aliases.clone() + "Resources: {}\n"),
        ("aliases in a document", format!("openapi: 3.0.1\npaths: {{}}\n{aliases}")),
        ("a circle", schema("{$ref: '#/components/schemas/B'}")),
        ("a circle of properties", schema("{properties: {a: {$ref: '#/components/schemas/B'}}}")),
        ("another server", schema("{$ref: 'http://127.0.0.1:1/schema.json'}")),
        ("a file", schema("{$ref: 'file:///etc/passwd'}")),
        ("depth", "[".repeat(1_000_000)),
        ("depth of JSON", format!("{{\"Resources\": {}", "[".repeat(1_000_000))),
    ];
    let check = |text: &str| {
        let path = directory.path().join("file.yaml");
        std::fs::write(&path, text).unwrap();
        let output = Command::new("python3")
            .args(["-c", MEASURE, env!("CARGO_BIN_EXE_gateway"), "check"])
            .arg(&path)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut numbers = text.split_whitespace().map(|number| number.parse::<f64>().unwrap());
        let mut next = || numbers.next().unwrap();
        (next() as i32, next(), next() as u64)
    };
    let (status, seconds, kib) = check("Resources: {}\n");
    assert!(matches!(status, 0 | 1), "an empty template has warnings at most: {status}");
    let mut problems = Vec::new();
    for (name, text) in files {
        let (code, took, peak) = check(&text);
        let (took, grown) = (took - seconds, peak.saturating_sub(kib));
        println!(
            "{:>8.1}ms {grown:>6} KiB of {:>6} read  {code}  27 {name}",
            took * 1e3,
            text.len() / 1024
        );
        let is_told = matches!(code, 0..=2);
        let allowed = GROWTH_MAX_KIB + text.len() as u64 / 1024 * 2;
        if !is_told || took > PATIENCE.as_secs_f64() || grown > allowed {
            problems.push(format!("{name}: {code}, {took} s, {grown} KiB"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Runs a command; its status, the seconds of CPU and the KiB that it took.
const MEASURE: &str = "
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss)
";
