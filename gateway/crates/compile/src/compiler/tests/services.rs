use super::*;
use crate::plan::UriPart;
use crate::service::{AwsEndpoints, PathStyle, ServicePlan};
use gateway_model::{ConnectionType, ResponseTransferMode};

const ROLE: &str = "arn:aws:iam::123456789012:role/api";

/// An integration with `sqs:path/1/q` and the like, called by `POST`.
fn service(call: &str) -> Integration {
    let mut integration =
        http(IntegrationType::Aws, &format!("arn:aws:apigateway:eu-west-1:{call}"));
    integration.http_method = Some(Spanned::nowhere("POST"));
    integration.credentials = Some(Spanned::nowhere(ROLE));
    integration
}

fn with_credentials() -> CompileOptions {
    CompileOptions { calls_aws: true, ..CompileOptions::default() }
}

/// The stage, and what was said.
#[track_caller]
fn stage(integration: Integration, options: &CompileOptions) -> (Arc<StagePlan>, Vec<String>) {
    let compiled = compile(&with_integration(integration), options, None);
    let said = compiled.diagnostics.iter().map(|diagnostic| diagnostic.text.clone()).collect();
    let Some(snapshot) = compiled.snapshot else { panic!("does not compile: {said:?}") };
    (Arc::clone(&snapshot.stages[0]), said)
}

#[track_caller]
fn plan(stage: &StagePlan) -> &ServicePlan {
    match &pet(stage).integration {
        IntegrationPlan::Service(plan) => plan,
        other => panic!("{other:?}"),
    }
}

/// Where a plan's requests go: what is connected to, `Host`, path and query.
#[track_caller]
fn goes_to(call: &str, endpoints: &[(&str, &str)]) -> String {
    let aws_endpoints = AwsEndpoints::new(endpoints.iter().copied());
    let (stage, said) =
        stage(service(call), &CompileOptions { aws_endpoints, ..with_credentials() });
    assert_eq!(said, [""; 0], "{call}");
    let plan = plan(&stage);
    let endpoint = stage.endpoint(plan.endpoint);
    let text = |parts: &[UriPart]| -> String {
        let text = |part: &UriPart| match part {
            UriPart::Literal(text) => String::from_utf8_lossy(text).into_owned(),
            UriPart::Value { name, .. } => String::from_utf8_lossy(name).into_owned(),
        };
        parts.iter().map(text).collect()
    };
    let scheme = if endpoint.tls { "https" } else { "http" };
    let host = String::from_utf8_lossy(&plan.host_header);
    let (path, query) = (text(&plan.path), text(&plan.query));
    format!("{scheme}://{}:{} {host} {path} {query}", endpoint.host, endpoint.port)
}

#[test]
fn a_call_goes_to_aws_or_to_who_stands_in_for_it() {
    let own = [("default", "http://127.0.0.1:5000/moto/"), ("sfn", "https://steps.example")];
    for (call, at_aws, at_own) in [
        (
            "sqs:path/1/q?x=1",
            "https://sqs.eu-west-1.amazonaws.com:443 sqs.eu-west-1.amazonaws.com /1/q x=1",
            "http://127.0.0.1:5000 127.0.0.1:5000 /moto/1/q x=1",
        ),
        (
            "states:action/StartExecution",
            "https://states.eu-west-1.amazonaws.com:443 states.eu-west-1.amazonaws.com / Action=StartExecution",
            "https://steps.example:443 steps.example / Action=StartExecution",
        ),
        (
            "photos.s3:path//{key}",
            "https://photos.s3.eu-west-1.amazonaws.com:443 photos.s3.eu-west-1.amazonaws.com /{key} ",
            "http://127.0.0.1:5000 127.0.0.1:5000 /moto/photos/{key} ",
        ),
        (
            "abc.appsync-api:path/graphql",
            "https://abc.appsync-api.eu-west-1.amazonaws.com:443 abc.appsync-api.eu-west-1.amazonaws.com /graphql ",
            "http://127.0.0.1:5000 abc.appsync-api.eu-west-1.amazonaws.com /moto/graphql ",
        ),
        (
            "monitoring:action/PutMetricData&Version=2010-08-01",
            "https://monitoring.eu-west-1.amazonaws.com:443 monitoring.eu-west-1.amazonaws.com / \
             Action=PutMetricData&Version=2010-08-01",
            "http://127.0.0.1:5000 127.0.0.1:5000 /moto/ Action=PutMetricData&Version=2010-08-01",
        ),
    ] {
        assert_eq!(goes_to(call, &[]), at_aws);
        assert_eq!(goes_to(call, &own), at_own);
    }
}

#[test]
fn a_plan_has_what_is_mapped_and_what_it_is_signed_as() {
    let mut integration = service("s3:path/{bucket}/{key}");
    integration.http_method = Some(Spanned::nowhere("ANY"));
    integration.timeout_ms = Some(1_000);
    integration.request_parameters = mappings(&[
        ("integration.request.path.key", "context.requestId"),
        ("integration.request.header.x-amz-acl", "'private'"),
        ("integration.request.header.Referer", "'x'"),
        ("integration.request.querystring.versionId", "'7'"),
    ]);
    let (stage, said) = stage(integration, &with_credentials());
    assert_eq!(said, [""; 0]);
    let plan = plan(&stage);
    assert_eq!((&*plan.service, &*plan.signing_name, &*plan.region), ("s3", "s3", "eu-west-1"));
    assert_eq!((plan.path_style, plan.method.as_deref()), (PathStyle::Canonical, None));
    assert_eq!((plan.timeout_ms, plan.is_aws, plan.json.is_none()), (1_000, true, true));
    // `{bucket}` has no mapping and stays.
    assert!(
        matches!(&plan.path[..], [UriPart::Literal(text), UriPart::Value { .. }] if **text == *b"/{bucket}/")
    );
    assert_eq!((plan.headers.len(), plan.queries.len()), (1, 1));
    assert_eq!(&*plan.headers[0].name, b"x-amz-acl");
}

#[test]
fn what_is_missing_is_said_with_its_fix() {
    let said = |change: &dyn Fn(&mut Integration), options: &CompileOptions| {
        let mut integration = service("sqs:path/1/q");
        change(&mut integration);
        let compiled = compile(&with_integration(integration), options, None);
        let all = compiled.diagnostics.iter();
        all.map(|d| format!("{} {}", d.text, d.help.as_deref().unwrap_or(""))).collect::<Vec<_>>()
    };
    let alone = said(&|_| {}, &CompileOptions::default());
    assert_eq!(alone.len(), 1);
    assert!(
        alone[0].starts_with(
            "there are no credentials to sign calls of sqs with; the method answers 500"
        )
    );
    assert!(alone[0].contains("AWS_ACCESS_KEY_ID") && alone[0].contains("--aws-endpoint sqs=URL"));
    let aws_endpoints = AwsEndpoints::new([("sqs", "http://h:1")]);
    let own = CompileOptions { aws_endpoints, ..CompileOptions::default() };
    let unsigned = said(&|_| {}, &own);
    assert!(unsigned[0].starts_with("there are no credentials: calls of sqs are not signed"));
    let roleless = said(&|integration| integration.credentials = None, &with_credentials());
    assert!(
        roleless[0].starts_with("Role ARN must be specified for AWS integrations"),
        "{roleless:?}"
    );
    let verbless = said(&|integration| integration.http_method = None, &with_credentials());
    assert!(verbless[0].starts_with("Enumeration value for HttpMethod must be non-empty"));
    let broken = AwsEndpoints::new([("default", "nowhere")]);
    let broken = CompileOptions { aws_endpoints: broken, ..with_credentials() };
    assert!(said(&|_| {}, &broken)[0].starts_with("the endpoint nowhere of sqs is no URL"));
}

#[test]
fn what_cannot_be_called_answers_500_and_says_why() {
    let refused = |call: &str, change: &dyn Fn(&mut Integration)| {
        let mut integration = service(call);
        change(&mut integration);
        let (stage, said) = stage(integration, &with_credentials());
        let IntegrationPlan::Misconfigured(failure) = &pet(&stage).integration else {
            panic!("{call} is served")
        };
        assert_eq!(failure.default_status(), 500);
        said
    };
    let said = refused("s3:action/GetObject&Bucket=b&Key=k", &|_| {});
    assert_eq!(said, ["S3 has no action GetObject behind one URL; the method answers 500"]);
    let said = refused("sqs:path/1/q", &|integration| {
        integration.credentials = Some(Spanned::nowhere("arn:aws:iam::*:user/*"));
    });
    assert_eq!(
        said,
        ["calls with the caller's credentials are not served; the method answers 500"]
    );
    let said = refused("sqs:path/1/q", &|integration| {
        integration.response_transfer_mode = Some(ResponseTransferMode::Stream);
    });
    assert_eq!(said, ["an AWS integration does not stream its response; the method answers 500"]);
    let said = refused("sqs:path/1/q", &|integration| {
        integration.connection_type = Some(ConnectionType::VpcLink);
    });
    assert_eq!(said, ["an AWS integration does not go through a VPC link; the method answers 500"]);
    let said = refused("sqs:path/1/q", &|integration| {
        integration.request_parameters = mappings(&[("integration.request.header.TE", "'x'")]);
    });
    assert_eq!(said, ["API Gateway refuses to map TE; the method answers 500"]);
}

#[test]
fn an_action_that_has_to_name_its_target_is_told_so() {
    let said = |integration| stage(integration, &with_credentials()).1;
    let events = || service("events:action/PutEvents");
    assert_eq!(
        said(events()),
        [
            "events takes JSON and API Gateway does not say which action it is: the call will be refused"
        ]
    );
    let mut mapped = events();
    mapped.request_parameters =
        mappings(&[("integration.request.header.X-Amz-Target", "'AWSEvents.PutEvents'")]);
    assert_eq!(said(mapped), [""; 0]);
    let mut set = events();
    let text = "#set($context.requestOverride.header.X-Amz-Target = 'AWSEvents.PutEvents'){}";
    set.request_templates = templates(&[("application/json", text)]);
    assert_eq!(said(set), [""; 0]);
    let (stage, said) = stage(service("dynamodb:action/PutItem"), &with_credentials());
    assert_eq!(said, [""; 0]);
    let json = plan(&stage).json.as_ref().expect("DynamoDB takes JSON");
    assert_eq!(&*json.target, b"DynamoDB_20120810.PutItem");
}
