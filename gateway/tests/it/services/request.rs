//! What a service is sent beside its signature, and what clients are told when it does not answer as it should.

use serde_json::{Value, json};

use super::{ask, document, get, post, serve, serve_template};
use crate::support::{Answer, Backend};

const INTERNAL: &str = r#"{"message": "Internal server error"}"#;

/// An API with one integration at `ANY /x/{p}`; `properties` come over the defaults.
fn template(uri: &str, properties: &Value, responses: &Value) -> String {
    let mut integration = json!({
        "Type": "AWS",
        "IntegrationHttpMethod": "POST",
        "Uri": format!("arn:aws:apigateway:eu-west-1:{uri}"),
        "Credentials": "arn:aws:iam::123456789012:role/api",
        "IntegrationResponses": responses,
    });
    for (name, value) in properties.as_object().unwrap() {
        integration[name] = value.clone();
    }
    let headers =
        ["Content-Length", "Date", "Server", "Via", "X-Id", "Connection", "Transfer-Encoding"];
    let promised: serde_json::Map<String, Value> = headers
        .iter()
        .map(|name| (format!("method.response.header.{name}"), json!(true)))
        .collect();
    let resource = |parent: Value, part: &str| {
        json!({
            "Type": "AWS::ApiGateway::Resource",
            "Properties": { "RestApiId": { "Ref": "Api" }, "ParentId": parent, "PathPart": part },
        })
    };
    let template = json!({ "Resources": {
        "Api": { "Type": "AWS::ApiGateway::RestApi", "Properties": {
            "Name": "one", "Tags": [{ "Key": "_custom_id_", "Value": "services" }],
        } },
        "X": resource(json!({ "Fn::GetAtt": ["Api", "RootResourceId"] }), "x"),
        "P": resource(json!({ "Ref": "X" }), "{p}"),
        "Any": { "Type": "AWS::ApiGateway::Method", "Properties": {
            "RestApiId": { "Ref": "Api" }, "ResourceId": { "Ref": "P" }, "HttpMethod": "ANY",
            "AuthorizationType": "NONE", "Integration": integration,
            "RequestParameters": {
                "method.request.path.p": true,
                "method.request.querystring.n": false, "method.request.querystring.q": false,
            },
            "MethodResponses": [
                { "StatusCode": "200", "ResponseParameters": promised }, { "StatusCode": "400" }
            ],
        } },
        "Deployment": { "Type": "AWS::ApiGateway::Deployment", "DependsOn": "Any",
                        "Properties": { "RestApiId": { "Ref": "Api" } } },
        "Stage": { "Type": "AWS::ApiGateway::Stage", "Properties": {
            "RestApiId": { "Ref": "Api" }, "DeploymentId": { "Ref": "Deployment" }, "StageName": "s",
        } },
    } });
    // More than one line tells a template from a path.
    serde_json::to_string_pretty(&template).unwrap()
}

/// The default answer alone.
fn any() -> Value {
    json!([{ "StatusCode": "200" }])
}

#[test]
fn a_service_gets_the_headers_of_an_aws_integration() {
    let backend = Backend::echo();
    let properties = json!({ "RequestTemplates": { "application/json": "{}" } });
    let gateway =
        serve_template(&template("dynamodb:action/Scan", &properties, &any()), &backend.url());
    let lines = ["Accept: text/plain", "X-Mine: 1", "User-Agent: me", "Referer: r", "Cookie: c"];
    assert_eq!(ask(&gateway, "GET", "/s/x/7?q=1", &lines, b"").status, 200);
    let received = &backend.wait_requests(1)[0];
    assert_eq!((received.method(), received.target()), ("POST".into(), "/?Action=Scan".into()));
    let header = |name: &str| received.header(name).unwrap_or_default();
    assert_eq!(header("Accept"), "application/json");
    assert_eq!(header("User-Agent"), "AmazonAPIGateway_services");
    assert_eq!(header("X-Amzn-Apigateway-Api-Id"), "services");
    assert!(header("X-Amzn-Trace-Id").starts_with("Root=1-"));
    assert_eq!(header("X-Amz-Target"), "DynamoDB_20120810.Scan");
    assert_eq!(header("Content-Type"), "application/x-amz-json-1.0");
    assert_eq!(
        header("X-Amz-Source-Arn"),
        "arn:aws:execute-api:us-east-1:000000000000:services/s/GET/x/{p}"
    );
    assert!(header("Authorization").contains("/eu-west-1/dynamodb/aws4_request"));
    for name in ["X-Mine", "Referer", "Cookie", "X-Forwarded-For"] {
        assert_eq!(received.header(name), None, "{name}");
    }
}

#[test]
fn mapped_headers_win_but_for_those_of_the_signature() {
    let backend = Backend::echo();
    let mut mapped = serde_json::Map::new();
    for name in ["Accept", "Referer", "Via", "X-Amz-Date", "Host", "Warn"] {
        mapped.insert(format!("integration.request.header.{name}"), json!("'mapped'"));
    }
    mapped.insert("integration.request.header.X-Amz-Target".into(), json!("'Mine.Scan'"));
    let set = "#set($context.requestOverride.header.Warn = 'set')\n\
               #set($context.requestOverride.header.x-amz-meta-n = ['a', 'b']){}";
    let properties =
        json!({ "RequestParameters": mapped, "RequestTemplates": { "application/json": set } });
    let gateway =
        serve_template(&template("dynamodb:action/Scan", &properties, &any()), &backend.url());
    assert_eq!(get(&gateway, "/s/x/7").0, 200);
    let received = &backend.wait_requests(1)[0];
    let header = |name: &str| received.header(name).unwrap_or_default();
    assert_eq!(header("Accept"), "mapped");
    assert_eq!(header("X-Amz-Target"), "Mine.Scan");
    assert_eq!((header("Warn"), header("x-amz-meta-n")), ("set".into(), "a,b".into()));
    assert_eq!(header("Host"), backend.addr().to_string());
    assert_eq!(header("X-Amz-Date").len(), 16);
    assert_eq!((received.header("Referer"), received.header("Via")), (None, None));
    let names: Vec<_> =
        received.headers().into_iter().map(|(name, _)| name.to_lowercase()).collect();
    let mut unique = names.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), names.len(), "each name once: {names:?}");
}

#[test]
fn headers_that_aws_refuses_fail_the_request_before_anybody_is_called() {
    let names = [
        "Authorization",
        "Connection",
        "Content-Length",
        "Expect",
        "Proxy-Authenticate",
        "TE",
        "Transfer-Encoding",
        "X-Amzn-Trace-Id",
    ];
    for name in names {
        let backend = Backend::echo();
        let target = format!("integration.request.header.{name}");
        let mapped = json!({ "RequestParameters": { target: "'x'" } });
        let gateway = serve_template(&template("sqs:path/1/q", &mapped, &any()), &backend.url());
        let response = ask(&gateway, "POST", "/s/x/7", &[], b"{}");
        assert_eq!((response.status, response.text()), (500, INTERNAL), "{name}");
        assert_eq!(response.header("X-Amzn-Trace-Id"), None, "{name}");
        assert_eq!(backend.connections(), 0, "{name}");
    }
    let backend = Backend::echo();
    let text = "#set($context.requestOverride.header.Authorization = 'x'){}";
    let set = json!({ "RequestTemplates": { "application/json": text } });
    let gateway = serve_template(&template("sqs:path/1/q", &set, &any()), &backend.url());
    let response = ask(&gateway, "POST", "/s/x/7", &[], b"{}");
    assert_eq!((response.status, response.text()), (500, INTERNAL));
    assert_eq!(backend.connections(), 0);
}

#[test]
fn answers_are_remapped_as_those_of_aws_are() {
    let headers =
        [("Date", "then"), ("Server", "moto"), ("Via", "v"), ("x-amzn-RequestId", "id-7")];
    let backend = Backend::canned(Answer::status(200, &headers, b"<ok/>"));
    let mut mapped = serde_json::Map::new();
    for name in ["Content-Length", "Date", "Server", "Via"] {
        let source = format!("integration.response.header.{name}");
        mapped.insert(format!("method.response.header.{name}"), json!(source));
    }
    mapped.insert(
        "method.response.header.X-Id".into(),
        json!("integration.response.header.x-amzn-RequestId"),
    );
    mapped.insert("method.response.header.Connection".into(), json!("'keep-alive'"));
    mapped.insert("method.response.header.Transfer-Encoding".into(), json!("'chunked'"));
    let responses = json!([{ "StatusCode": "200", "ResponseParameters": mapped }]);
    let gateway = serve_template(&template("sqs:path/1/q", &json!({}), &responses), &backend.url());
    let response = ask(&gateway, "POST", "/s/x/7", &[], b"{}");
    assert_eq!((response.status, response.text()), (200, "<ok/>"));
    assert_eq!(response.header("Content-Type"), Some("application/json"));
    assert_eq!(response.header("x-amzn-Remapped-Date"), Some("then"));
    assert_eq!(response.header("x-amzn-Remapped-Server"), Some("moto"));
    assert_eq!(response.header("x-amzn-Remapped-Content-Length"), Some("5"));
    assert_eq!(response.header("x-amzn-Remapped-Connection"), Some("keep-alive"));
    assert_eq!(response.header("Transfer-Encoding"), None);
    assert_eq!((response.header("Via"), response.header("X-Id")), (Some("v"), Some("id-7")));
    assert!(response.header("X-Amzn-Trace-Id").is_some());
}

#[test]
fn an_action_takes_its_parameters_where_the_service_has_them() {
    // SSM without mapped parameters: JSON. With some: the query, and no target that would say otherwise.
    let backend = Backend::echo();
    let template_of = |properties| template("ssm:action/GetParameter", &properties, &any());
    let json = serve_template(&template_of(json!({})), &backend.url());
    let sent = ask(&json, "POST", "/s/x/7", &[], br#"{"Name": "n"}"#);
    let sent = document(&sent);
    assert_eq!((&sent["path"], &sent["body"]), (&json!("/"), &json!(r#"{"Name": "n"}"#)));
    assert_eq!(backend.requests()[0].header("X-Amz-Target").unwrap(), "AmazonSSM.GetParameter");
    let mapped = json!({ "RequestParameters": { "integration.request.querystring.Name": "'n'" } });
    let query = serve_template(&template_of(mapped), &backend.url());
    let sent = get(&query, "/s/x/7").1;
    assert_eq!(
        (&sent["path"], &sent["body"]),
        (&json!("/?Action=GetParameter&Name=n"), &json!(""))
    );
    assert_eq!(backend.requests()[1].header("X-Amz-Target"), None);
    // An action that says nothing is an empty document.
    let scan = template("dynamodb:action/ListTables", &json!({}), &any());
    let scan = serve_template(&scan, &backend.url());
    assert_eq!(get(&scan, "/s/x/7").1["body"], json!("{}"));
    // Parameters behind the action's name.
    let parameters = json!({ "RequestParameters": {
        "integration.request.path.n": "method.request.querystring.n",
        "integration.request.querystring.Extra": "'e&'",
    } });
    let uri = "monitoring:action/PutMetricData&Version=2010-08-01&Namespace={n}";
    let metric = serve_template(&template(uri, &parameters, &any()), &backend.url());
    assert_eq!(
        post(&metric, "/s/x/7?n=a%26b", &json!({})).1["path"],
        json!("/?Action=PutMetricData&Version=2010-08-01&Namespace=a%26b&Extra=e%26")
    );
}

#[test]
fn a_service_that_does_not_answer_is_a_failure_of_the_integration() {
    let failing = |answer: Answer, properties: Value| {
        let backend = Backend::canned(answer);
        let gateway =
            serve_template(&template("sqs:path/1/q", &properties, &any()), &backend.url());
        let response = ask(&gateway, "POST", "/s/x/7", &[], b"{}");
        let connections = backend.connections();
        (response.status, response.text().to_owned(), connections)
    };
    let network = r#"{"message": "Network error communicating with endpoint"}"#.to_owned();
    let timeout = r#"{"message": "Endpoint request timed out"}"#.to_owned();
    let patient = json!({});
    // What may have been heard is not said twice.
    assert_eq!(failing(Answer::Close(Vec::new()), patient.clone()), (504, network.clone(), 1));
    assert_eq!(
        failing(Answer::Close(b"HTTP/1.1 bad\r\n\r\n".to_vec()), patient),
        (504, network, 1)
    );
    assert_eq!(failing(Answer::Never, json!({ "TimeoutInMillis": 100 })), (504, timeout, 1));
}

#[test]
fn an_answer_over_the_limit_is_refused() {
    let backend = Backend::start(|received| {
        let len = if received.target().ends_with("large") { 20_000 } else { 10_000 };
        Answer::ok("text/plain", &vec![b'x'; len])
    });
    let mapped = json!({ "RequestParameters": {
        "integration.request.path.p": "method.request.path.p",
    } });
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("gateway.toml");
    std::fs::write(&config, "[limits]\nresponse_bytes_max = \"16KiB\"\n[aws]\naccess_key_id = \"A\"\nsecret_access_key = \"B\"\n").unwrap();
    let template = template("sqs:path/{p}", &mapped, &any());
    let (url, config) = (backend.url(), config.to_str().unwrap());
    let gateway =
        crate::support::Gateway::start(&template, &["--aws-endpoint", &url, "-c", config]);
    let small = ask(&gateway, "POST", "/s/x/small", &[], b"{}");
    assert_eq!((small.status, small.body.len()), (200, 10_000));
    let large = ask(&gateway, "POST", "/s/x/large", &[], b"{}");
    assert_eq!((large.status, large.text()), (500, INTERNAL));
}

#[test]
fn no_parameter_leads_out_of_the_integration_s_path() {
    let backend = Backend::echo();
    let mapped = json!({ "RequestParameters": {
        "integration.request.path.q": "method.request.querystring.q",
    } });
    let gateway = serve_template(&template("sqs:path/1/{q}", &mapped, &any()), &backend.url());
    for q in ["..", "../2/x", "a/..", ".", "%2e%2E"] {
        assert_eq!(get(&gateway, &format!("/s/x/7?q={q}")).0, 400, "{q}");
    }
    assert_eq!(backend.connections(), 0);
    assert_eq!(get(&gateway, "/s/x/7?q=a?b%23c").1["path"], json!("/1/a%3Fb%23c"));
    // The placeholder that nothing gives a value stays, and is no syntax of a URI.
    assert_eq!(get(&gateway, "/s/x/7").1["path"], json!("/1/%7Bq%7D"));
}

#[test]
fn connections_to_a_service_are_kept() {
    let backend = Backend::echo();
    let gateway = serve(&backend.url());
    for _ in 0..5 {
        assert_eq!(ask(&gateway, "GET", "/s/items/ann?table=t", &[], b"").status, 200);
    }
    assert_eq!(backend.connections(), 1);
}
