//! Acceptance: one template with Python, Node and a `provided` Rust function, inline and directory code; and
//! AWS's own clients of the runtime API.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::stack::{Stack, bootstrap_of};
use super::{ask, get, program, serve};

const PROXY: &str = "
    def handler(event, context):
        return {'statusCode': 200, 'headers': {'Content-Type': 'text/plain'}, 'body': 'inline python'}
";

#[test]
fn python_node_and_provided_from_text_directories_and_archives() {
    let directory = TempDir::new().unwrap();
    let python = directory.path().join("python");
    std::fs::create_dir_all(python.join("lib")).unwrap();
    std::fs::write(
        python.join("app.py"),
        "from lib import words\n\ndef main(event, context):\n    return {'body': words.TEXT + context.function_name}\n",
    )
    .unwrap();
    std::fs::write(python.join("lib/words.py"), "TEXT = 'python directory '\n").unwrap();
    std::fs::write(python.join("lib/__init__.py"), "").unwrap();
    let node = directory.path().join("node");
    std::fs::create_dir_all(&node).unwrap();
    std::fs::write(
        node.join("app.mjs"),
        "export const main = async () => ({ statusCode: 201, body: 'node module ' + process.env.WORD });\n",
    )
    .unwrap();
    let archive = directory.path().join("code.zip");
    zip(
        &archive,
        &[("zipped.py", "def main(event, context):\n    return {'body': 'python archive'}\n")],
    );
    let hello = bootstrap_of(directory.path(), &program("hello-function"));
    let stack = Stack::new()
        .python("inlinepython", PROXY)
        .node("inlinenode", "exports.handler = async () => ({ statusCode: 200, body: 'inline node' });")
        .node("callback", "exports.handler = (event, context, done) => done(null, { body: 'called back' });")
        .function(
            "python",
            json!({ "Runtime": "python3.11", "Handler": "app.main", "Code": python.to_str().unwrap() }),
        )
        .function(
            "node",
            json!({
                "Runtime": "nodejs20.x",
                "Handler": "app.main",
                "Code": node.to_str().unwrap(),
                "Environment": { "Variables": { "WORD": "with a variable" } },
            }),
        )
        .function(
            "zipped",
            json!({ "Runtime": "python3.11", "Handler": "zipped.main", "Code": archive.to_str().unwrap() }),
        )
        .provided("hello", &hello, json!({ "MemorySize": 256 }));
    let names = ["inlinepython", "inlinenode", "callback", "python", "node", "zipped", "hello"];
    let stack = names.iter().fold(stack, |stack, name| stack.route("GET", name, name));
    let gateway = serve(stack, &[]);
    let expected = [
        (200, "inline python"),
        (200, "inline node"),
        (200, "called back"),
        (200, "python directory python"),
        (201, "node module with a variable"),
        (200, "python archive"),
        (200, "Hello from Rust"),
    ];
    // Cold, then warm.
    for _ in 0..2 {
        for (name, (status, body)) in names.iter().zip(expected) {
            let response = get(&gateway, &format!("/s/{name}"));
            assert_eq!((response.status, response.text()), (status, body), "{name}");
        }
    }
}

/// As AWS's client for Node.js does: only a result that is called back waits for an empty event loop.
#[test]
fn what_ends_an_invocation_at_once_does() {
    let started = |verb: &str| {
        format!(
            "exports.handler = (event, context, done) => {{ setTimeout(() => {{}}, 60000); {verb} }};"
        )
    };
    let stack = Stack::new()
        .node("succeed", &started("context.succeed({ body: 'succeeded' });"))
        .node("done", &started("context.done(null, { body: 'done' });"))
        .node("fail", &started("context.fail(new Error('failed'));"))
        .node("error", &started("done(new Error('called back'));"))
        .node(
            "early",
            &started(
                "context.callbackWaitsForEmptyEventLoop = false; done(null, { body: 'early' });",
            ),
        );
    let names = ["succeed", "done", "fail", "error", "early"];
    let stack = names.iter().fold(stack, |stack, name| stack.route("GET", name, name));
    let gateway = serve(stack, &[]);
    for (name, status, body) in [
        ("succeed", 200, "succeeded"),
        ("done", 200, "done"),
        ("fail", 502, ""),
        ("error", 502, ""),
        ("early", 200, "early"),
    ] {
        let response = get(&gateway, &format!("/s/{name}"));
        assert_eq!(response.status, status, "{name}: {}", super::logs::log(&gateway, name));
        assert!(status != 200 || response.text() == body, "{name}");
        assert!(!super::logs::log(&gateway, name).contains("timed out"), "{name}");
    }
}

#[test]
fn the_official_client_for_rust_gets_the_whole_event() {
    let directory = TempDir::new().unwrap();
    let code = bootstrap_of(directory.path(), &program("hello-function"));
    let stack = Stack::new().provided("hello", &code, json!({})).route("ANY", "{proxy+}", "hello");
    let gateway = serve(stack, &[]);
    let response =
        ask(&gateway, "POST", "/s/a/b?echo=1", &["Content-Type: text/plain"], "grüße".as_bytes());
    let event: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(event["path"], "/a/b");
    assert_eq!(event["body"], "grüße");
    assert_eq!(event["requestContext"]["httpMethod"], "POST");
    // Connections are kept and environments used again.
    for _ in 0..200 {
        assert_eq!(get(&gateway, "/s/x").text(), "Hello from Rust");
    }
    assert_eq!(super::environments(&gateway, "hello"), 1);
}

/// AWS's client for Python, from PyPI. `scripts/test` installs it and says where.
#[test]
fn the_official_client_for_python_works() {
    let Some(venv) = std::env::var_os("GATEWAY_TEST_VENV").map(PathBuf::from) else {
        println!("left out: awslambdaric is not installed; scripts/test does that");
        return;
    };
    let directory = TempDir::new().unwrap();
    let code = directory.path().join("code");
    std::fs::create_dir_all(&code).unwrap();
    std::fs::write(
        code.join("app.py"),
        "
import json

def handler(event, context):
    if event['path'] == '/fail':
        raise ValueError('as asked')
    left = context.get_remaining_time_in_millis()
    seen = {'id': context.aws_request_id, 'arn': context.invoked_function_arn, 'left': left}
    return {'statusCode': 200, 'body': json.dumps(seen)}
",
    )
    .unwrap();
    // Beside the code, as in a deployment package: functions have a /tmp of their own, and the clone may be in /tmp.
    let packages = site_packages(&venv);
    for name in ["awslambdaric", "simplejson"] {
        let copied = Command::new("cp").arg("-r").arg(packages.join(name)).arg(&code).status();
        assert!(copied.unwrap().success(), "{name} is in {}", packages.display());
    }
    for file in std::fs::read_dir(&packages).unwrap().map(|entry| entry.unwrap().path()) {
        if file.is_file() {
            std::fs::copy(&file, code.join(file.file_name().unwrap())).unwrap();
        }
    }
    let python = venv.join("bin/python").canonicalize().unwrap();
    let bootstrap = code.join("bootstrap");
    let script = format!(
        "#!/bin/sh\nPYTHONPATH=$LAMBDA_TASK_ROOT exec {} -m awslambdaric \"$_HANDLER\"\n",
        python.display()
    );
    std::fs::write(&bootstrap, script).unwrap();
    std::fs::set_permissions(&bootstrap, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let stack = Stack::new()
        .provided("ric", &code, json!({ "Handler": "app.handler", "Timeout": 20 }))
        .route("ANY", "{proxy+}", "ric");
    let gateway = serve(stack, &[]);
    for _ in 0..20 {
        let response = get(&gateway, "/s/x");
        assert_eq!(response.status, 200, "{}", gateway.stderr());
        let seen: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(seen["arn"], "arn:aws:lambda:us-east-1:000000000000:function:ric");
        assert_eq!(seen["id"].as_str().unwrap().len(), 36);
        let left = seen["left"].as_i64().unwrap();
        assert!((15_000..=20_000).contains(&left), "{left} ms of 20 s are left");
    }
    assert_eq!(get(&gateway, "/s/fail").status, 502, "a function error");
    assert_eq!(get(&gateway, "/s/x").status, 200, "the environment lives on");
}

/// Where a virtual environment has its packages.
fn site_packages(venv: &Path) -> PathBuf {
    let mut versions = std::fs::read_dir(venv.join("lib")).unwrap();
    versions.next().unwrap().unwrap().path().join("site-packages")
}

/// A zip file, made by the interpreter that is there anyway.
fn zip(path: &Path, files: &[(&str, &str)]) {
    let script = "
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as archive:
    for name, text in zip(sys.argv[2::2], sys.argv[3::2]):
        archive.writestr(name, text)
";
    let mut command = Command::new("python3");
    command.arg("-c").arg(script).arg(path);
    files.iter().for_each(|(name, text)| {
        command.args([name, text]);
    });
    assert!(command.status().unwrap().success());
}
