use super::*;
use crate::functions::{Code, FunctionPlan, FunctionTarget, LambdaMapping, LambdaPlan, Runtime};
use crate::service::AwsEndpoints;
use crate::templates::RequestChoice;
use gateway_model::{FunctionQualifier, ResponseTransferMode};

/// The pet method invokes `f`, which is defined and permitted.
fn proxy() -> Definitions {
    with_function(lambda(IntegrationType::AwsProxy, "f"))
}

fn with_function(integration: Integration) -> Definitions {
    let mut definitions = with_integration(integration);
    definitions.functions = vec![function("f", "1")];
    definitions.function_permissions = vec![permission("f")];
    definitions
}

#[track_caller]
fn plan(stage: &StagePlan) -> &LambdaPlan {
    match &pet(stage).integration {
        IntegrationPlan::Lambda(plan) => plan,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn local(stage: &StagePlan) -> &Arc<FunctionPlan> {
    match stage.function(plan(stage).function) {
        FunctionTarget::Local(plan) => plan,
        other => panic!("{other:?}"),
    }
}

/// What a method that cannot work answers, and what was said.
#[track_caller]
fn misconfigured(definitions: &Definitions) -> (String, Vec<String>) {
    let (stage, said) = compiled(definitions);
    match &pet(&stage).integration {
        IntegrationPlan::Misconfigured(failure) => {
            (format!("{} {}", failure.default_status(), failure.kind), said)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_function_of_the_definitions_runs_here() {
    let stage = clean(&proxy());
    assert!(matches!(plan(&stage).mapping, LambdaMapping::Proxy));
    assert_eq!(plan(&stage).timeout_ms, 29_000);
    let expect = FunctionPlan {
        name: "f".into(),
        version: "$LATEST".into(),
        arn: "arn:aws:lambda:us-east-1:000000000000:function:f".into(),
        region: "us-east-1".into(),
        runtime: Runtime::Python { version: "3.12".into() },
        handler: "index.handler".into(),
        code: Code::Inline("1".into()),
        environment: vec![("STAGE".into(), "dev".into())],
        timeout_ms: 3_000,
        memory_mb: 128,
        reserved_concurrency: None,
    };
    assert_eq!(**local(&stage), expect);
    assert_eq!(stage.functions.len(), 1);
}

#[test]
fn a_custom_integration_maps_both_ways() {
    let mut integration = lambda(IntegrationType::Aws, "f");
    integration.request_templates = templates(&[("application/json", "{\"a\": 1}")]);
    integration.request_parameters = mappings(&[
        ("integration.request.header.X-Amz-Invocation-Type", "'Event'"),
        ("integration.request.header.Referer", "'x'"),
    ]);
    let mut failed = IntegrationResponse::new(status(400), Place::nowhere());
    failed.selection_pattern = Some(Spanned::nowhere(r"\[400\].*"));
    let ok = IntegrationResponse::new(status(200), Place::nowhere());
    integration.integration_responses = vec![failed, ok];
    let mut definitions = with_function(integration);
    let pet = definitions.apis[0].resources.get_mut("pet").expect("the resource");
    let method = pet.methods.get_mut(&HttpMethod::Get).expect("the method");
    promise(method, 200, &[]);
    promise(method, 400, &[]);
    let stage = clean(&definitions);
    let LambdaMapping::Custom(mapping) = &plan(&stage).mapping else { panic!("no mapping") };
    let RequestChoice::Template(_) = mapping.request_templates.select(None) else {
        panic!("the template is chosen")
    };
    let names: Vec<_> = mapping.headers.iter().map(|header| &*header.name).collect();
    assert_eq!(names, [b"X-Amz-Invocation-Type"]);
    assert!(!mapping.needs_request_body);
    let chosen =
        |message: &str| mapping.responses.select_error(message).map(|chosen| chosen.status);
    assert_eq!(chosen("[400] bad"), Ok(400));
    assert_eq!(chosen(""), Ok(200));
}

#[test]
fn what_a_proxy_may_not_map_fails_every_request() {
    for header in ["Authorization", "Connection", "TE", "Content-Length", "X-Amzn-Trace-Id"] {
        let mut integration = lambda(IntegrationType::AwsProxy, "f");
        let target = format!("integration.request.header.{header}");
        integration.request_parameters = mappings(&[(&target, "'x'")]);
        let (answer, said) = misconfigured(&with_function(integration));
        assert_eq!(answer, "500 API_CONFIGURATION_ERROR");
        assert_eq!(said, [format!("API Gateway refuses to map {header}; the method answers 500")]);
    }
}

#[test]
fn a_function_is_invoked_by_post_only() {
    for kind in [IntegrationType::Aws, IntegrationType::AwsProxy] {
        for verb in ["GET", "ANY"] {
            let mut integration = lambda(kind, "f");
            integration.http_method = Some(Spanned::nowhere(verb));
            let (answer, said) = misconfigured(&with_function(integration));
            assert_eq!(answer, "500 INTEGRATION_FAILURE");
            let text = format!("a function is invoked by POST, not {verb}; the method answers 500");
            assert_eq!(said, [text]);
        }
        let mut integration = lambda(kind, "f");
        integration.http_method = None;
        let said = errors(&with_function(integration));
        assert_eq!(said, ["Enumeration value for HttpMethod must be non-empty"]);
    }
}

#[test]
fn a_uri_that_names_no_function_is_an_error() {
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    for (kind, uri, expect) in [
        (IntegrationType::AwsProxy, arn, format!("Invalid ARN specified in the request: {arn}")),
        (IntegrationType::Aws, "f", "Invalid ARN specified in the request: f".to_owned()),
        (
            IntegrationType::AwsProxy,
            "arn:aws:apigateway:us-east-1:sqs:action/SendMessage",
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose \
             stream invocations."
                .to_owned(),
        ),
    ] {
        let mut integration = lambda(kind, "f");
        integration.uri = Some(Spanned::nowhere(uri));
        assert_eq!(errors(&with_function(integration)), [expect]);
    }
    let mut integration = lambda(IntegrationType::AwsProxy, "f");
    integration.uri = None;
    let said = errors(&with_function(integration));
    assert_eq!(said, ["Invalid ARN specified in the request: there is none"]);
}

#[test]
fn stage_variables_choose_the_function_and_its_alias() {
    let named = "${stageVariables.fn}:${stageVariables.alias}";
    let mut definitions = with_function(lambda(IntegrationType::AwsProxy, named));
    definitions.functions.push(function("g", "2"));
    definitions.function_permissions.extend(["g:live", "f:live"].map(permission));
    definitions.function_qualifiers = vec![FunctionQualifier {
        function: Spanned::nowhere("g"),
        qualifier: "live".to_owned(),
        version: None,
        place: Place::nowhere(),
    }];
    let (answer, said) = misconfigured(&definitions);
    assert_eq!(answer, "500 API_CONFIGURATION_ERROR");
    assert!(said[0].starts_with("Invalid function ARN or invalid uri: \"arn:aws:"), "{said:?}");
    assert!(said[0].ends_with("\" on stage dev; the method answers 500"), "{said:?}");
    for (variable, value) in [("fn", "g"), ("alias", "live")] {
        dev(&mut definitions).variables.insert(variable.to_owned(), Spanned::nowhere(value));
    }
    assert_eq!(&*local(&clean(&definitions)).name, "g");
    dev(&mut definitions).variables.insert("fn".to_owned(), Spanned::nowhere("f"));
    let (stage, said) = compiled(&definitions);
    assert_eq!(*stage.function(plan(&stage).function), FunctionTarget::Missing);
    assert_eq!(said, ["function f has no alias or version live here; the method answers 500"]);
}

#[test]
fn what_does_not_run_here_is_somebody_elses_or_missing() {
    let mut definitions = proxy();
    definitions.functions[0].runtime = Some(Spanned::nowhere("java21"));
    let (stage, said) = compiled(&definitions);
    assert_eq!(*stage.function(plan(&stage).function), FunctionTarget::Missing);
    let text =
        "function f cannot run here: its runtime java21 does not run here; the method answers 500";
    assert_eq!(said, [text]);

    definitions.functions.clear();
    let (_, said) = compiled(&definitions);
    assert_eq!(said, ["function f is not defined here; the method answers 500"]);

    for (options, expect) in [
        (
            CompileOptions {
                aws_endpoints: AwsEndpoints::new([("lambda", "http://127.0.0.1:4566/base/")]),
                calls_aws: true,
                ..CompileOptions::default()
            },
            "http 127.0.0.1:4566 127.0.0.1:4566 /base",
        ),
        (
            CompileOptions { calls_aws: true, ..CompileOptions::default() },
            "https lambda.us-east-1.amazonaws.com:443 lambda.us-east-1.amazonaws.com ",
        ),
    ] {
        let compiled = compile(&definitions, &options, None);
        assert_eq!(compiled.diagnostics, []);
        let stage = Arc::clone(&compiled.snapshot.expect("compiles").stages[0]);
        let FunctionTarget::Remote(remote) = stage.function(plan(&stage).function) else {
            panic!("not remote")
        };
        let endpoint = stage.endpoint(remote.endpoint);
        let scheme = if endpoint.tls { "https" } else { "http" };
        let host = String::from_utf8_lossy(&remote.host_header);
        let function = "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af";
        let tail = format!("/2015-03-31/functions/{function}/invocations");
        let prefix = remote.path.strip_suffix(&*tail).expect("the function's path");
        let said = format!("{scheme} {}:{} {host} {prefix}", endpoint.host, endpoint.port);
        assert_eq!((said.as_str(), &*remote.region), (expect, "us-east-1"));
    }
}

#[test]
fn streaming_is_not_served_yet() {
    let mut by_uri = lambda(IntegrationType::AwsProxy, "f");
    let uri = invocation("f").replace("2015-03-31", "2021-11-15");
    let uri = uri.replace("/invocations", "/response-streaming-invocations");
    by_uri.uri = Some(Spanned::nowhere(uri));
    let mut by_mode = lambda(IntegrationType::AwsProxy, "f");
    by_mode.response_transfer_mode = Some(ResponseTransferMode::Stream);
    for integration in [by_uri, by_mode] {
        let (answer, said) = misconfigured(&with_function(integration));
        assert_eq!(answer, "500 API_CONFIGURATION_ERROR");
        assert_eq!(said, ["response streaming is not served yet; the method answers 500"]);
    }
}

#[test]
fn a_permission_has_to_cover_the_method() {
    let arn = "arn:aws:execute-api:us-east-1:000000000000:abc";
    let lacks = "API Gateway has no permission to invoke f; on AWS the method answers 500";
    type Change = fn(&mut FunctionPermission);
    let cases: [(Change, &str, bool); 9] = [
        (|_| {}, "/dev/GET/pets/{id}", true),
        (|_| {}, "/*/GET/pets/*", true),
        (|_| {}, "/dev/PUT/pets/*", false),
        (|_| {}, "/prod/GET/pets/*", false),
        (|p| p.principal = "s3.amazonaws.com".to_owned(), "/*", false),
        (|p| p.action = "lambda:*".to_owned(), "/*", true),
        (|p| p.action = "lambda:GetFunction".to_owned(), "/*", false),
        (|p| p.source_account = Some("111111111111".to_owned()), "/*", false),
        (|p| p.function = Spanned::nowhere("f:live"), "/*", false),
    ];
    for (change, path, is_permitted) in cases {
        let mut definitions = proxy();
        let permission = &mut definitions.function_permissions[0];
        permission.source_arn = Some(Spanned::nowhere(format!("{arn}{path}")));
        change(permission);
        let (stage, said) = compiled(&definitions);
        assert_eq!(said.is_empty(), is_permitted, "{path}: {said:?}");
        assert!(is_permitted || said == [lacks], "{said:?}");
        assert_eq!(&*local(&stage).name, "f");
        let options = CompileOptions { enforce_permissions: true, ..CompileOptions::default() };
        let stage = compile(&definitions, &options, None).snapshot.expect("compiles");
        let is_served = matches!(pet(&stage.stages[0]).integration, IntegrationPlan::Lambda(_));
        assert_eq!(is_served, is_permitted, "{path}");
    }
    let mut definitions = proxy();
    definitions.function_permissions.clear();
    let mut integration = lambda(IntegrationType::AwsProxy, "f");
    integration.credentials = Some(Spanned::nowhere("arn:aws:iam::000000000000:role/r"));
    let method = definitions.apis[0].resources.get_mut("pet").expect("the resource");
    let method = method.methods.get_mut(&HttpMethod::Get).expect("the method");
    method.integration = Some(integration);
    clean(&definitions);
}

/// `dev` of the API `abc` invokes `f`; `dev` of another API invokes `g`.
fn two_apis() -> Definitions {
    let mut definitions = proxy();
    let mut other = with_function(lambda(IntegrationType::AwsProxy, "g"));
    other.apis[0].id = RestApiId::new("other");
    definitions.apis.append(&mut other.apis);
    definitions.functions.push(function("g", "2"));
    definitions.function_permissions.push(permission("g"));
    definitions
}

#[test]
fn a_changed_function_changes_the_stages_that_use_it_and_only_those() {
    let before = two_apis();
    let options = CompileOptions::default();
    let old = compile(&before, &options, None).snapshot.expect("compiles");
    let changes: [fn(&mut Definitions); 6] = [
        |d| d.functions[0].code = FunctionCode::Inline(Spanned::nowhere("3")),
        |d| d.functions[0].environment.clear(),
        |d| d.functions[0].timeout_seconds = Some(Spanned::nowhere(7)),
        |d| d.functions[0].reserved_concurrency = Some(Spanned::nowhere(1)),
        |d| drop(d.functions.remove(0)),
        |d| drop(d.function_permissions.remove(0)),
    ];
    for change in changes {
        let mut after = before.clone();
        change(&mut after);
        let new = compile(&after, &options, Some(&old));
        let new = new.snapshot.expect("compiles");
        assert!(!Arc::ptr_eq(&old.stages[0], &new.stages[0]));
        assert!(Arc::ptr_eq(&old.stages[1], &new.stages[1]));
    }
    let mut after = before.clone();
    after.functions.push(function("h", "4"));
    after.functions[0].place = Place::new(&Arc::from("t"), 9, 9);
    assert_eq!(compile(&after, &options, Some(&old)).reused, 2);
}

#[test]
fn a_function_is_one_object_over_stages_and_snapshots() {
    let mut before = proxy();
    add_stage(&mut before.apis[0], "prod");
    let options = CompileOptions::default();
    let old = compile(&before, &options, None).snapshot.expect("compiles");
    assert!(Arc::ptr_eq(local(&old.stages[0]), local(&old.stages[1])));
    let mut after = before.clone();
    dev(&mut after).variables.insert("v".to_owned(), Spanned::nowhere("1"));
    add_stage(&mut after.apis[0], "test");
    let new = compile(&after, &options, Some(&old)).snapshot.expect("compiles");
    for stage in &new.stages {
        assert!(Arc::ptr_eq(local(&old.stages[0]), local(stage)), "{}", stage.stage);
    }
    after.functions[0].memory_mb = Some(Spanned::nowhere(256));
    let other = compile(&after, &options, Some(&new)).snapshot.expect("compiles");
    assert!(!Arc::ptr_eq(local(&old.stages[0]), local(&other.stages[0])));
    assert!(Arc::ptr_eq(local(&other.stages[1]), local(&other.stages[0])));
}

#[test]
fn binary_media_types_are_the_apis() {
    let mut definitions = proxy();
    definitions.apis[0].binary_media_types = vec!["image~1png".to_owned()];
    let stage = clean(&definitions);
    assert!(stage.binary_media_types.is_binary_request(Some(b"image/png")));
}
