//! The client for Python: what functions get, and what becomes of what they do.

use std::time::Instant;

use gateway_compile::{Code, FunctionPlan, Runtime};
use gateway_functions::{EnvironmentId, Exit};

use super::stage::{Api, Request, Stage, plan};

const ID: &str = "8f507cfc-1111-4697-b07a-ac58fc914c95";

fn python(code: &str) -> FunctionPlan {
    plan(Runtime::Python { version: "3.12".into() }, Code::Inline(code.into()))
}

fn start(stage: &Stage, api: &Api, code: &str) -> EnvironmentId {
    stage.start(python(code), api.address)
}

/// One invocation of `code` with an empty event.
#[track_caller]
fn invoke(code: &str) -> (Stage, Api, EnvironmentId, Request) {
    let (stage, api) = (Stage::new(), Api::new());
    let environment = start(&stage, &api, code);
    let result = api.invoke(ID, "{}");
    (stage, api, environment, result)
}

#[track_caller]
fn check_result(code: &str, expect: &str) {
    let (_stage, _api, _, result) = invoke(code);
    assert_eq!(
        result.path,
        format!("/2018-06-01/runtime/invocation/{ID}/response"),
        "{}",
        result.body
    );
    assert_eq!(result.body, expect);
}

/// What the function's failure is, without the place of its code.
#[track_caller]
fn check_error(code: &str, kind: &str, expect: &str) {
    let (_stage, _api, _, result) = invoke(code);
    assert_eq!(
        result.path,
        format!("/2018-06-01/runtime/invocation/{ID}/error"),
        "{}",
        result.body
    );
    assert_eq!(result.headers["lambda-runtime-function-error-type"], kind);
    assert!(result.body.starts_with(expect), "{}", result.body);
}

/// What the start's failure is.
#[track_caller]
fn check_init(plan: FunctionPlan, kind: &str, expect: &str) {
    let (stage, api) = (Stage::new(), Api::new());
    let environment = stage.start(plan, api.address);
    let request = api.request();
    assert_eq!(request.path, "/2018-06-01/runtime/init/error", "{}", request.body);
    assert_eq!(request.headers["lambda-runtime-function-error-type"], kind);
    assert!(request.body.starts_with(expect), "{}", request.body);
    request.accept();
    assert_eq!(stage.exit_of(environment), Exit::Status(1));
    stage.line(&format!("[ERROR] {kind}"));
}

#[test]
fn events_and_results_are_json() {
    let code = "def handler(event, context):\n  event['n'] += 1\n  return event\n";
    let (stage, api) = (Stage::new(), Api::new());
    // The first looks for an interpreter.
    let first = start(&stage, &api, code);
    drop(api.request());
    stage.kill(first);
    stage.exit_of(first);
    let since = Instant::now();
    start(&stage, &api, code);
    for n in 0..50 {
        let request = api.request();
        if n == 0 {
            println!("cold start: {:?}", since.elapsed());
        }
        request.invoke(ID, &format!(r#"{{"n": {n}, "text": "ü\u0000 \"x\""}}"#), "");
        let result = api.request();
        assert_eq!(result.body, format!(r#"{{"n": {}, "text": "ü\u0000 \"x\""}}"#, n + 1));
        assert_eq!(result.headers["content-type"], "application/json");
        result.accept();
    }
}

#[test]
fn large_events_and_results_pass() {
    let code = "def handler(event, context):\n  return event['x'] + 'y'\n";
    let (stage, api) = (Stage::new(), Api::new());
    start(&stage, &api, code);
    let x = "x".repeat(5 << 20);
    let result = api.invoke(ID, &format!(r#"{{"x":"{x}"}}"#));
    assert_eq!(result.body.len(), x.len() + 3);
}

#[test]
fn the_context_has_all_that_aws_documents() {
    check_result(
        "def handler(event, c):
  assert 2000 < c.get_remaining_time_in_millis() <= 3000
  assert c.log_stream_name.count('[$LATEST]') == 1
  import os
  return [c.function_name, c.function_version, c.invoked_function_arn, c.memory_limit_in_mb,
          c.aws_request_id, c.log_group_name, c.identity.cognito_identity_id, c.client_context,
          os.environ['_X_AMZN_TRACE_ID'], os.environ['AWS_EXECUTION_ENV'], os.environ['_HANDLER']]",
        &format!(
            r#"["hello", "$LATEST", "arn:aws:lambda:eu-west-1:000000000000:function:hello", "128", "{ID}", "/aws/lambda/hello", null, null, "Root=1-5;Sampled=1", "AWS_Lambda_python3.12", "index.handler"]"#
        ),
    );
}

#[test]
fn what_json_has_no_word_for() {
    check_result(
        "from decimal import Decimal\ndef handler(e, c):\n  return {'d': Decimal('1.5'), 't': (1, None)}",
        r#"{"d": 1.5, "t": [1, null]}"#,
    );
    check_error(
        "def handler(e, c):\n  return {1, 2}",
        "Runtime.MarshalError",
        &format!(
            r#"{{"errorMessage": "Unable to marshal response: Object of type set is not JSON serializable", "errorType": "Runtime.MarshalError", "requestId": "{ID}", "stackTrace": []}}"#
        ),
    );
}

#[test]
fn what_a_function_raises_is_its_error() {
    let code = "class Refused(Exception): pass
def inner():
  raise Refused('no \"way\"')
def handler(event, context):
  inner()
";
    let expect = format!(
        r#"{{"errorMessage": "no \"way\"", "errorType": "Refused", "requestId": "{ID}", "stackTrace": ["  File "#
    );
    check_error(code, "Refused", &expect);
    let (stage, _api, _, result) = invoke(code);
    assert!(
        result.body.contains(r#"index.py\", line 5, in handler\n    inner()\n""#),
        "{}",
        result.body
    );
    assert!(!result.body.contains("bootstrap.py"), "{}", result.body);
    let traceback = stage.line("[ERROR] Refused: no \"way\"\rTraceback (most recent call last):\r");
    assert!(traceback.contains("line 3, in inner"), "{traceback}");
}

#[test]
fn starts_that_fail_say_why() {
    let with_handler = |handler: &str, code: &str| {
        let mut plan = python(code);
        plan.handler = handler.into();
        plan
    };
    let ok = "def handler(e, c): pass";
    check_init(
        with_handler("app.handler", ok),
        "Runtime.ImportModuleError",
        r#"{"errorMessage": "Unable to import module 'app': No module named 'app'", "errorType": "Runtime.ImportModuleError", "requestId": "", "stackTrace": []}"#,
    );
    check_init(
        python("import nothing_of_that_name"),
        "Runtime.ImportModuleError",
        r#"{"errorMessage": "Unable to import module 'index': No module named 'nothing_of_that_name'""#,
    );
    check_init(
        with_handler("index.other", ok),
        "Runtime.HandlerNotFound",
        r#"{"errorMessage": "Handler 'other' missing on module 'index'""#,
    );
    check_init(
        with_handler("index", ok),
        "Runtime.MalformedHandlerName",
        r#"{"errorMessage": "Bad handler 'index': not enough values to unpack (expected 2, got 1)""#,
    );
    check_init(
        python("def handler(e, c)\n  pass"),
        "Runtime.UserCodeSyntaxError",
        r#"{"errorMessage": "Syntax error in module 'index': expected ':' (index.py, line 1)""#,
    );
    check_init(
        python("raise KeyError('x')"),
        "KeyError",
        r#"{"errorMessage": "'x'", "errorType": "KeyError", "requestId": "", "stackTrace": ["  File "#,
    );
}

#[test]
fn a_function_that_exits_ends_its_process() {
    for (code, expect) in [
        ("import sys\ndef handler(e, c): sys.exit(3)", Exit::Status(3)),
        ("def handler(e, c): exit(0)", Exit::Status(0)),
        ("import os\ndef handler(e, c): os.kill(os.getpid(), 9)", Exit::Signal(9)),
        ("import os\ndef handler(e, c): os.abort()", Exit::Signal(6)),
    ] {
        let (stage, api) = (Stage::new(), Api::new());
        let environment = start(&stage, &api, code);
        api.request().invoke(ID, "{}", "");
        assert_eq!(stage.exit_of(environment), expect, "{code}");
    }
}

#[test]
fn what_is_printed_and_logged_appears() {
    let (stage, ..) = invoke(
        "import logging, sys
log = logging.getLogger()
log.setLevel('INFO')
def handler(e, c):
  print('printed ü')
  print('to stderr', file=sys.stderr)
  log.info('at %s', 'info')
  log.debug('not this')
",
    );
    stage.line("printed ü");
    stage.line("to stderr");
    let logged = stage.line("[INFO]\t20");
    assert!(logged.ends_with(&format!("Z\t{ID}\tat info")), "{logged}");
    assert!(!stage.lines().iter().any(|line| line.contains("not this")));
}

#[test]
fn packages_of_the_interpreter_are_found() {
    check_result(
        "import sys, os\ndef handler(e, c):\n  return [p for p in sys.path if 'site-packages' in p or 'dist-packages' in p] != [] and sys.path[0] == os.environ['LAMBDA_TASK_ROOT']",
        "true",
    );
}
