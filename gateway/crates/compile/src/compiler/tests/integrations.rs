use gateway_model::{ConnectionType, PassthroughBehavior};

use super::*;
use crate::failure::Failure;
use crate::mock::MockChoice;
use crate::plan::{Endpoint, HttpPlan, MockPlan, UriPart};
use crate::source::Source;
use crate::templates::RequestChoice;

#[track_caller]
fn http_plan(stage: &StagePlan) -> &HttpPlan {
    match &pet(stage).integration {
        IntegrationPlan::Http(plan) => plan,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn mock_plan(stage: &StagePlan) -> &MockPlan {
    match &pet(stage).integration {
        IntegrationPlan::Mock(plan) => plan,
        other => panic!("{other:?}"),
    }
}

/// A proxy to `uri` with these request mappings, on a method that declares path, query and header `id`.
fn proxy(uri: &str, parameters: &[(&str, &str)]) -> Definitions {
    with_method(|method| {
        let mut integration = http(IntegrationType::HttpProxy, uri);
        integration.request_parameters = mappings(parameters);
        method.integration = Some(integration);
        for part in ["path", "querystring", "header"] {
            method.request_parameters.insert(format!("method.request.{part}.id"), true);
        }
    })
}

fn uri_text(parts: &[UriPart]) -> String {
    let part = |part: &UriPart| match part {
        UriPart::Literal(text) => String::from_utf8_lossy(text).into_owned(),
        UriPart::Value { source, name } => {
            format!("<{source:?} {}>", String::from_utf8_lossy(name))
        }
    };
    parts.iter().map(part).collect()
}

#[test]
fn a_uri_takes_stage_variables_and_mapped_values() {
    let uri = "https://${stageVariables.host}/v${stageVariables.nope}/{id}/{other}?x={id}";
    let mut definitions = proxy(uri, &[("integration.request.path.id", "method.request.path.id")]);
    let value = Spanned::nowhere("b.example:8443");
    dev(&mut definitions).variables.insert("host".to_owned(), value);
    let stage = clean(&definitions);
    let plan = http_plan(&stage);
    assert_eq!(uri_text(&plan.path), "/v/<Path(0) {id}>/{other}");
    assert_eq!(uri_text(&plan.query), "x=<Path(0) {id}>");
    assert_eq!(&*plan.host_header, b"b.example:8443");
    assert_eq!((plan.timeout_ms, plan.method.as_deref()), (29_000, Some(&b"GET"[..])));
    let expect = Endpoint {
        tls: true,
        host: "b.example".into(),
        port: 8443,
        server_name: "b.example".into(),
        insecure_skip_verification: false,
    };
    assert_eq!(stage.endpoint(plan.endpoint), &expect);
}

#[test]
fn an_invalid_address_answers_500_with_a_warning() {
    for uri in ["https://${stageVariables.nope}", "http://{id}.example", "ftp://a"] {
        let (stage, said) = compiled(&proxy(uri, &[]));
        let IntegrationPlan::Misconfigured(failure) = &pet(&stage).integration else {
            panic!("{uri} is served");
        };
        assert_eq!(*failure, Failure::api_configuration_error());
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("Invalid endpoint address"), "{said:?}");
    }
}

#[test]
fn header_mappings_are_forbidden_dropped_or_sent() {
    let header = |name: &str, value: &str| {
        compiled(&proxy("http://a", &[(&format!("integration.request.header.{name}"), value)]))
    };
    for name in ["Content-Length", "Transfer-Encoding", "X-Amzn-Trace-Id"] {
        let (stage, said) = header(name, "'1'");
        assert!(matches!(pet(&stage).integration, IntegrationPlan::Misconfigured(_)), "{name}");
        assert_eq!(said, [format!("API Gateway refuses to map {name}; the method answers 500")]);
    }
    for (name, value) in
        [("Connection", "'close'"), ("Via", "'x'"), ("X-A", "stageVariables.no"), ("X-A", "''")]
    {
        let (stage, said) = header(name, value);
        assert!(http_plan(&stage).headers.is_empty(), "{name}");
        assert_eq!(said, [""; 0]);
    }
    let (stage, _) = header("host", "'other'");
    assert!(http_plan(&stage).maps_host && !http_plan(&stage).maps_accept);
    let twice =
        [("integration.request.header.Host", "'a'"), ("integration.request.header.host", "'b'")];
    let (stage, said) = compiled(&proxy("http://a", &twice));
    assert_eq!(http_plan(&stage).headers.len(), 1);
    assert_eq!(said, ["header host is mapped twice; the first mapping stands"]);
}

#[test]
fn sources_become_what_they_read() {
    let source = |expression: &str| {
        let (stage, said) =
            compiled(&proxy("http://a", &[("integration.request.querystring.q$", expression)]));
        let plan = http_plan(&stage);
        let query = plan.queries.first().map(|query| {
            assert_eq!(&*query.name, b"q%24");
            query.source.clone()
        });
        (query, plan.needs_request_body, said.len())
    };
    let bytes = |text: &str| Box::<[u8]>::from(text.as_bytes());
    assert_eq!(source("method.request.path.id"), (Some(Source::Path(0)), false, 0));
    assert_eq!(
        source("method.request.querystring.id"),
        (Some(Source::Query(bytes("id"))), false, 0)
    );
    let multi = Some(Source::MultiHeader(bytes("id")));
    assert_eq!(source("method.request.multivalueheader.id"), (multi, false, 0));
    assert_eq!(source("method.request.body"), (Some(Source::Body), true, 0));
    assert_eq!(source("'lit'"), (Some(Source::Literal(bytes("lit"))), false, 0));
    assert_eq!(source("stageVariables.nope"), (None, false, 0));
    let ip = Some(Source::Context(gateway_telemetry::Variable::IdentitySourceIp));
    assert_eq!(source("context.identity.sourceIp"), (ip, false, 0));
    assert_eq!(source("context.requestOverride"), (None, false, 1));
    assert_eq!(source("context.routeKey"), (None, false, 1));
    assert_eq!(source("method.request.body.a[*]"), (None, false, 1));
}

#[test]
fn sources_of_the_wrong_side_are_errors() {
    for expression in ["integration.response.header.x", "method.request.header.other"] {
        let parameters = [("integration.request.header.x", expression)];
        let said = errors(&proxy("http://a", &parameters));
        assert_eq!(
            said,
            [format!(
                "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid \
             mapping expression parameter specified: {expression}]"
            )]
        );
    }
}

#[test]
fn a_path_source_that_the_resource_lacks_has_no_value() {
    let mut definitions =
        proxy("http://a/{x}", &[("integration.request.path.x", "method.request.path.nope")]);
    let pet_resource = definitions.apis[0].resources.get_mut("pet").expect("it exists");
    let method = pet_resource.methods.get_mut(&HttpMethod::Get).expect("it exists");
    method.request_parameters.insert("method.request.path.nope".to_owned(), true);
    let (stage, said) = compiled(&definitions);
    assert_eq!(said, ["the resource's path has no {nope}; the mapping has no value"]);
    assert_eq!(uri_text(&http_plan(&stage).path), "/{x}");
}

/// An integration response: status, pattern, mappings.
type Case<'a> = (u16, &'a str, &'a [(&'a str, &'a str)]);

/// An HTTP method with these integration responses, and method responses as (status, headers).
fn with_responses(all: &[Case<'_>], promised: &[(u16, &[&str])]) -> Definitions {
    with_method(|method| {
        let mut integration = http(IntegrationType::Http, "http://a");
        for (code, pattern, parameters) in all {
            let mut response = IntegrationResponse::new(status(*code), Place::nowhere());
            response.selection_pattern = Some(Spanned::nowhere(*pattern));
            response.response_parameters = mappings(parameters);
            integration.integration_responses.push(response);
        }
        method.integration = Some(integration);
        for (code, headers) in promised {
            promise(method, *code, headers);
        }
    })
}

#[test]
fn integration_responses_are_chosen_and_remapped() {
    let parameters: &[(&str, &str)] = &[
        ("method.response.header.ETag", "integration.response.header.ETag"),
        ("method.response.header.Date", "'today'"),
        ("method.response.header.Transfer-Encoding", "'chunked'"),
        ("method.response.header.X-Err", "integration.response.body.error"),
    ];
    let headers: &[&str] = &["ETag", "Date", "Transfer-Encoding", "X-Err"];
    let definitions =
        with_responses(&[(404, "404", &[]), (200, "", parameters)], &[(404, &[]), (200, headers)]);
    let stage = clean(&definitions);
    let plan = http_plan(&stage);
    assert!(plan.needs_response_body && !plan.needs_request_body);
    let chosen = |code| plan.responses.select(code).expect("a response");
    assert_eq!((chosen(404).status, chosen(500).status), (404, 200));
    let names: Vec<_> = chosen(200)
        .plan
        .headers
        .iter()
        .map(|header| String::from_utf8_lossy(&header.name))
        .collect();
    assert_eq!(names, ["ETag", "x-amzn-Remapped-Date", "X-Err"]);
}

#[test]
fn a_response_the_method_lacks_answers_500() {
    let (stage, said) = compiled(&with_responses(&[(200, "", &[])], &[]));
    assert_eq!(said.len(), 1);
    let failure = http_plan(&stage).responses.select(200).expect_err("no method response");
    assert_eq!(failure, Failure::api_configuration_error());
    let (stage, _) = compiled(&with_responses(&[(101, "", &[])], &[(101, &[])]));
    assert!(http_plan(&stage).responses.select(200).is_err(), "101 ends nothing");
}

#[test]
fn a_header_the_method_response_lacks_is_an_error() {
    let parameters: &[(&str, &str)] = &[("method.response.header.X", "'1'")];
    let said = errors(&with_responses(&[(200, "", parameters)], &[(200, &["Y"])]));
    assert_eq!(
        said,
        ["Invalid mapping expression specified: Validation Result: warnings : [], errors : \
        [Invalid mapping expression parameter specified: method.response.header.X]"]
    );
}

#[test]
fn a_pattern_that_is_not_served_is_a_warning() {
    let definitions = with_responses(&[(200, "(?!x).*", &[])], &[(200, &[])]);
    let (stage, said) = compiled(&definitions);
    assert!(said[0].starts_with("selectionPattern \"(?!x).*\" is not served: "), "{said:?}");
    assert!(http_plan(&stage).responses.select(200).is_err());
}

#[test]
fn equal_selections_are_shared() {
    let mut definitions = with_responses(&[(200, "2..", &[])], &[(200, &[])]);
    let pet = definitions.apis[0].resources.get_mut("pet").expect("it exists");
    let method = pet.methods[&HttpMethod::Get].clone();
    pet.methods.insert(HttpMethod::Put, Method { http_method: HttpMethod::Put, ..method });
    let stage = clean(&definitions);
    assert_eq!((stage.methods.len(), stage.endpoints.len()), (2, 1));
}

#[test]
fn mock_reads_its_templates_before_any_request() {
    let (stage, said) = compiled(&with_method(|method| {
        let mut integration =
            mock(&[("application/json", "{statusCode: 404}"), ("text/xml", "$x")]);
        integration.passthrough_behavior = Some(PassthroughBehavior::Never);
        integration.integration_responses = vec![
            IntegrationResponse::new(status(200), Place::nowhere()),
            IntegrationResponse {
                selection_pattern: Some(Spanned::nowhere("404")),
                ..IntegrationResponse::new(status(404), Place::nowhere())
            },
        ];
        method.integration = Some(integration);
        promise(method, 200, &[]);
        promise(method, 404, &[]);
    }));
    assert!(said.is_empty(), "{said:?}");
    let plan = mock_plan(&stage);
    assert!(matches!(plan.templates.select(None), Ok(MockChoice::Status(404))));
    assert!(matches!(plan.templates.select(Some(b"text/xml")), Ok(MockChoice::Template(_))));
    let refused = plan.templates.select(Some(b"a/b")).err();
    assert_eq!(refused, Some(Failure::unsupported_media_type()));
    assert_eq!(plan.responses.select_integer(404).map(|chosen| chosen.status), Ok(404));
    assert_eq!(plan.responses.select_integer(-1).map(|chosen| chosen.status), Ok(200));
}

#[test]
fn a_template_that_does_not_parse_is_told_with_its_place() {
    let told = |text: &str| {
        let mut integration = mock(&[("application/json", text)]);
        integration.request_templates[0].body.place = Place::new(&"t.yaml".into(), 7, 20);
        let compiled = compile(&with_integration(integration), &CompileOptions::default(), None);
        let stage = compiled.snapshot.expect("API Gateway deploys it").stages.remove(0);
        let choice = mock_plan(&stage).templates.select(None).err();
        assert_eq!(choice, Some(Failure::api_configuration_error()));
        let told = compiled.diagnostics.iter().find(|told| told.text.contains("parse"));
        let told = told.expect("a diagnostic");
        assert!(!told.is_error(), "{told}");
        told.to_string()
    };
    let one_line = told("x $y[");
    assert!(one_line.starts_with("t.yaml:7:2"), "{one_line}");
    assert!(
        one_line.contains("application/json does not parse at its line 1, column"),
        "{one_line}"
    );
    let second = told("x\n#if($y");
    assert!(second.starts_with("t.yaml:7:20: warning: "), "{second}");
    assert!(second.contains("at its line 2, column"), "{second}");
}

#[test]
fn a_proxy_ignores_templates_and_responses() {
    let stage = clean(&with_method(|method| {
        let mut integration = http(IntegrationType::HttpProxy, "http://a");
        integration.http_method = Some(Spanned::nowhere("ANY"));
        integration.request_templates = templates(&[("application/json", "$input.body")]);
        integration.passthrough_behavior = Some(PassthroughBehavior::Never);
        method.integration = Some(integration);
    }));
    let plan = http_plan(&stage);
    assert!(plan.proxy && plan.method.is_none());
    let choice = plan.request_templates.select(Some(b"text/xml"));
    assert!(matches!(choice, RequestChoice::Passthrough));
    assert!(plan.responses.plans().is_empty());
}

#[test]
fn a_method_without_an_integration_answers_500() {
    let (stage, said) = compiled(&with_method(|method| method.integration = None));
    assert!(matches!(pet(&stage).integration, IntegrationPlan::Misconfigured(_)));
    assert_eq!(said, ["method has no integration; it answers 500"]);
}

#[test]
fn a_vpc_link_leads_to_its_target_under_the_uris_name() {
    let mut integration = http(IntegrationType::HttpProxy, "https://inside.example/x");
    integration.connection_type = Some(ConnectionType::VpcLink);
    integration.connection_id = Some(Spanned::nowhere("${stageVariables.link}"));
    let mut definitions = with_integration(integration);
    dev(&mut definitions).variables.insert("link".to_owned(), Spanned::nowhere("vl-1"));
    let (stage, said) = compiled(&definitions);
    assert!(matches!(pet(&stage).integration, IntegrationPlan::Unserved));
    assert_eq!(said, ["VPC link \"vl-1\" has no target here; the method answers 500"]);
    let target = VpcLinkTarget::parse("10.0.0.7:9443").expect("a target");
    let options = CompileOptions {
        vpc_links: BTreeMap::from([("vl-1".to_owned(), target)]),
        ..CompileOptions::default()
    };
    let snapshot = compile(&definitions, &options, None).snapshot.expect("compiles");
    let plan = http_plan(&snapshot.stages[0]);
    let endpoint = snapshot.stages[0].endpoint(plan.endpoint);
    assert_eq!((&*endpoint.host, endpoint.port), ("10.0.0.7", 9443));
    assert_eq!(
        (&*endpoint.server_name, &*plan.host_header),
        ("inside.example", &b"inside.example"[..])
    );
}
