//! The client for Node.js: what functions get, and what becomes of what they do.

use std::time::Instant;

use gateway_compile::{Code, FunctionPlan, Runtime};
use gateway_functions::{EnvironmentId, Exit, interpreter};

use super::stage::{Api, Request, Stage, plan, wait_for};

const ID: &str = "8f507cfc-1111-4697-b07a-ac58fc914c95";

fn runtime() -> Runtime {
    Runtime::NodeJs { version: "20".into() }
}

/// Whether Node.js is there; says which test is left out otherwise.
fn has_node(test: &str) -> bool {
    let found = interpreter(&runtime());
    if let Err(missing) = &found {
        println!("left out: node::{test} ({missing})");
    }
    found.is_ok()
}

fn node(code: &str) -> FunctionPlan {
    FunctionPlan { memory_mb: 256, ..plan(runtime(), Code::Inline(code.into())) }
}

#[track_caller]
fn invoke(code: &str) -> (Stage, Api, EnvironmentId, Request) {
    let (stage, api) = (Stage::new(), Api::new());
    let environment = stage.start(node(code), api.address);
    let result = api.invoke(ID, r#"{"n":1}"#);
    (stage, api, environment, result)
}

#[track_caller]
fn check_result(code: &str, expect: &str) {
    let (_stage, api, _, result) = invoke(code);
    assert_eq!(
        result.path,
        format!("/2018-06-01/runtime/invocation/{ID}/response"),
        "{}",
        result.body
    );
    assert_eq!(result.body, expect, "{code}");
    assert!(api.request().path.ends_with("/next"), "{code}");
}

#[track_caller]
fn check_error(code: &str, kind: &str, expect: &str) -> (Stage, Api, EnvironmentId) {
    let (stage, api, environment, result) = invoke(code);
    assert_eq!(
        result.path,
        format!("/2018-06-01/runtime/invocation/{ID}/error"),
        "{}",
        result.body
    );
    assert_eq!(result.headers["lambda-runtime-function-error-type"], kind);
    assert!(result.body.starts_with(expect), "{}", result.body);
    (stage, api, environment)
}

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
}

#[test]
fn every_way_to_return_a_result() {
    if !has_node("every_way_to_return_a_result") {
        return;
    }
    for (code, expect) in [
        ("exports.handler = async (event) => ({ n: event.n + 1 })", r#"{"n":2}"#),
        ("exports.handler = (event, context, callback) => callback(null, event)", r#"{"n":1}"#),
        (
            "exports.handler = (e, c, callback) => { setTimeout(() => callback(null, 'late'), 20) }",
            r#""late""#,
        ),
        (
            "exports.handler = (e, c, cb) => { c.callbackWaitsForEmptyEventLoop = false; setTimeout(() => {}, 60000); cb(null, 1) }",
            "1",
        ),
        ("exports.handler = (e, context) => context.succeed('old')", r#""old""#),
        ("exports.handler = () => new Promise((resolve) => setTimeout(resolve, 10))", "null"),
        ("exports.handler = () => 5", "null"),
        ("export const handler = async () => import.meta.url.endsWith('index.mjs')", "true"),
    ] {
        check_result(code, expect);
    }
}

#[test]
fn invocations_follow_each_other() {
    if !has_node("invocations_follow_each_other") {
        return;
    }
    let (stage, api) = (Stage::new(), Api::new());
    let since = Instant::now();
    stage.start(node("exports.handler = async (event) => event.x.length"), api.address);
    for n in 0..20 {
        let request = api.request();
        if n == 0 {
            println!("cold start: {:?}", since.elapsed());
        }
        request.invoke(ID, &format!(r#"{{"x":"{}"}}"#, "x".repeat(n * 50_000)), "");
        let result = api.request();
        assert_eq!(result.body, (n * 50_000).to_string());
        result.accept();
    }
}

#[test]
fn the_context_has_all_that_aws_documents() {
    if !has_node("the_context_has_all_that_aws_documents") {
        return;
    }
    check_result(
        "exports.handler = async (event, c) => [c.functionName, c.functionVersion, c.invokedFunctionArn, c.memoryLimitInMB,
          c.awsRequestId, c.logGroupName, c.logStreamName.includes('[$LATEST]'), c.callbackWaitsForEmptyEventLoop,
          c.getRemainingTimeInMillis() > 2000, process.env._X_AMZN_TRACE_ID, process.env.AWS_EXECUTION_ENV]",
        &format!(
            r#"["hello","$LATEST","arn:aws:lambda:eu-west-1:000000000000:function:hello","256","{ID}","/aws/lambda/hello",true,true,true,"Root=1-5;Sampled=1","AWS_Lambda_nodejs20.x"]"#
        ),
    );
}

#[test]
fn what_a_function_throws_is_its_error() {
    if !has_node("what_a_function_throws_is_its_error") {
        return;
    }
    let boom = r#"{"errorType":"Error","errorMessage":"boom","trace":["Error: boom","    at "#;
    check_error("exports.handler = async () => { throw new Error('boom') }", "Error", boom);
    check_error("exports.handler = () => { throw new Error('boom') }", "Error", boom);
    check_error("exports.handler = (e, c, callback) => callback(new Error('boom'))", "Error", boom);
    let (stage, api, _) = check_error(
        "exports.handler = async () => { throw 'text' }",
        "string",
        r#"{"errorType":"string","errorMessage":"text","trace":[]}"#,
    );
    assert!(api.request().path.ends_with("/next"), "the process goes on");
    let logged = format!("Z\t{ID}\tERROR\tInvoke Error \t\"text\"");
    wait_for(|| stage.lines().iter().any(|line| line.ends_with(&logged)).then_some(()))
        .unwrap_or_else(|| panic!("not logged: {:?}", stage.lines()));
    check_error(
        "exports.handler = async () => 1n",
        "Error",
        r#"{"errorType":"Error","errorMessage":"Unable to stringify response body","trace":["#,
    );
}

#[test]
fn errors_that_nobody_caught_end_the_process() {
    if !has_node("errors_that_nobody_caught_end_the_process") {
        return;
    }
    let (stage, _api, environment) = check_error(
        "exports.handler = () => new Promise(() => setTimeout(() => { throw new TypeError('late') }, 5))",
        "TypeError",
        r#"{"errorType":"TypeError","errorMessage":"late","trace":["#,
    );
    assert_eq!(stage.exit_of(environment), Exit::Status(129));
    let (stage, _api, environment) = check_error(
        "exports.handler = () => new Promise(() => { Promise.reject(new Error('lost')); setTimeout(() => {}, 9999) })",
        "Runtime.UnhandledPromiseRejection",
        r#"{"errorType":"Runtime.UnhandledPromiseRejection","errorMessage":"Error: lost","trace":["#,
    );
    assert_eq!(stage.exit_of(environment), Exit::Status(128));
    let (stage, api) = (Stage::new(), Api::new());
    let environment = stage.start(node("exports.handler = () => process.exit(9)"), api.address);
    api.request().invoke(ID, "{}", "");
    assert_eq!(stage.exit_of(environment), Exit::Status(9));
}

#[test]
fn starts_that_fail_say_why() {
    if !has_node("starts_that_fail_say_why") {
        return;
    }
    let with_handler = |handler: &str| {
        let mut plan = node("exports.handler = 1; exports.deep = { handler() {} }");
        plan.handler = handler.into();
        plan
    };
    check_init(
        with_handler("app.handler"),
        "Runtime.ImportModuleError",
        r#"{"errorType":"Runtime.ImportModuleError","errorMessage":"Error: Cannot find module 'app'\nRequire stack:"#,
    );
    check_init(
        with_handler("index.other"),
        "Runtime.HandlerNotFound",
        r#"{"errorType":"Runtime.HandlerNotFound","errorMessage":"index.other is undefined or not exported""#,
    );
    check_init(
        with_handler("index.handler"),
        "Runtime.HandlerNotFound",
        r#"{"errorType":"Runtime.HandlerNotFound","errorMessage":"index.handler is not a function""#,
    );
    check_init(
        with_handler("index"),
        "Runtime.MalformedHandlerName",
        r#"{"errorType":"Runtime.MalformedHandlerName","errorMessage":"Bad handler""#,
    );
    check_init(
        node("exports.handler = async () => {"),
        "Runtime.UserCodeSyntaxError",
        r#"{"errorType":"Runtime.UserCodeSyntaxError","errorMessage":"SyntaxError: "#,
    );
    check_init(
        node("throw new RangeError('at once')"),
        "RangeError",
        r#"{"errorType":"RangeError","errorMessage":"at once""#,
    );
}

#[test]
fn the_console_writes_lambdas_lines() {
    if !has_node("the_console_writes_lambdas_lines") {
        return;
    }
    let (stage, ..) = invoke(
        "exports.handler = async () => { console.log('a %s', 'b', { c: 1 }); console.warn('two\\nlines'); process.stdout.write('raw\\n') }",
    );
    stage.line("raw");
    let lines = stage.lines();
    assert!(
        lines.iter().any(|line| line.ends_with(&format!("Z\t{ID}\tINFO\ta b {{ c: 1 }}"))),
        "{lines:?}"
    );
    assert!(
        lines.iter().any(|line| line.ends_with(&format!("Z\t{ID}\tWARN\ttwo\rlines"))),
        "{lines:?}"
    );
}

#[test]
fn responses_stream() {
    if !has_node("responses_stream") {
        return;
    }
    let (_stage, _api, _, result) = invoke(
        "exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
          stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });
          stream.write('one '); await new Promise((resolve) => setTimeout(resolve, 10)); stream.write('two'); stream.end();
        })",
    );
    assert_eq!(result.path, format!("/2018-06-01/runtime/invocation/{ID}/response"));
    assert_eq!(result.headers["lambda-runtime-function-response-mode"], "streaming");
    assert_eq!(
        result.headers["content-type"],
        "application/vnd.awslambda.http-integration-response"
    );
    assert_eq!(result.body, "{\"statusCode\":201}\0\0\0\0\0\0\0\0one two");
    let (_stage, _api, _, result) = invoke(
        "exports.handler = awslambda.streamifyResponse(async (event, stream) => { stream.write('begun'); throw new Error('half') })",
    );
    assert_eq!(result.body, "begun");
    assert_eq!(result.headers["lambda-runtime-function-error-type"], "Error");
}
