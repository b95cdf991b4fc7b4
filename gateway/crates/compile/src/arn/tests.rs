use super::*;

const PATH: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/";
const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:";

#[track_caller]
fn function(text: &str) -> String {
    match ServiceUri::parse(text) {
        Ok(ServiceUri::Lambda(call)) => {
            let function = call.function;
            let kind = if call.is_streaming { "stream" } else { "invoke" };
            format!("{kind} {function} in {} as {}", function.region, function.to_text())
        }
        Ok(ServiceUri::Other(call)) => {
            let subdomain = call.subdomain.map(|name| format!("{name}.")).unwrap_or_default();
            let target = match call.target {
                ServiceTarget::Path(path) => format!("path {path}"),
                ServiceTarget::Action { name, query } => format!("action {name} {query}"),
            };
            format!("{subdomain}{} in {}: {target}", call.service, call.region)
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn an_invocation_names_its_function() {
    for (uri, expect) in [
        (format!("{PATH}{ARN}f/invocations"), format!("invoke f in eu-west-1 as {ARN}f")),
        (format!("{PATH}{ARN}f:live/invocations"), format!("invoke f:live in eu-west-1 as {ARN}f:live")),
        (format!("{PATH}{ARN}f:$LATEST/invocations"), format!("invoke f:$LATEST in eu-west-1 as {ARN}f:$LATEST")),
        (format!("{PATH}f/invocations"), "invoke f in us-east-1 as f".to_owned()),
        (format!("{PATH}f:7/invocations"), "invoke f:7 in us-east-1 as f:7".to_owned()),
        (
            format!("{PATH}123456789012:function:f/invocations"),
            "invoke f in us-east-1 as arn:aws:lambda:us-east-1:123456789012:function:f".to_owned(),
        ),
        (PATH.replace("path/", "path//") + "f/invocations", "invoke f in us-east-1 as f".to_owned()),
        (
            "arn:aws:apigateway:r:lambda:path/2021-11-15/functions/f/response-streaming-invocations".to_owned(),
            "stream f in r as f".to_owned(),
        ),
    ] {
        assert_eq!(function(&uri), expect, "{uri}");
    }
}

#[test]
fn what_names_no_function_says_so() {
    let (arn, part, name) = (
        InvalidServiceUri::Arn.to_string(),
        InvalidServiceUri::NoPathOrAction.to_string(),
        InvalidServiceUri::Function.to_string(),
    );
    for (uri, expect) in [
        ("", arn.as_str()),
        ("f", &arn),
        ("arn:aws:lambda:us-east-1:123456789012:function:f", &arn),
        ("https://a.example/", &arn),
        ("arn:aws:apigateway:us-east-1", &arn),
        ("arn:aws:apigateway:us-east-1:lambda", &part),
        ("arn:aws:apigateway:us-east-1:lambda:nothing", &part),
        ("arn:aws:apigateway:us-east-1:lambda:path/", &part),
        ("arn:aws:apigateway:us-east-1:sqs:path/1/q", "sqs in us-east-1: path 1/q"),
        ("arn:aws:apigateway:us-east-1:abc.execute:path/x", "abc.execute in us-east-1: path x"),
        (
            "arn:aws:apigateway:us-east-1:dynamodb:action/GetItem",
            "dynamodb in us-east-1: action GetItem ",
        ),
        (
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions",
            "lambda in us-east-1: path 2015-03-31/functions",
        ),
        (
            "arn:aws:apigateway:us-east-1:s3:action/GetObject&Bucket=b&Key={key}",
            "s3 in us-east-1: action GetObject Bucket=b&Key={key}",
        ),
        (
            "arn:aws:apigateway:us-east-1:my.bucket.s3:path//{key}?acl",
            "my.bucket.s3 in us-east-1: path {key}?acl",
        ),
        ("arn:aws:apigateway:us-east-1:s3:path/", "s3 in us-east-1: path "),
        ("arn:aws:apigateway:us-east-1:{bucket}.s3:path/k", &arn),
        ("arn:aws:apigateway:us-east-1:.s3:path/k", &arn),
        ("arn:aws:apigateway:us-east-1:sqs:action/", &part),
        ("arn:aws:apigateway:us-east-1:sqs:action/&k=v", &part),
        ("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions//invocations", &name),
        ("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/a b/invocations", &name),
        ("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/a:b:c/invocations", &name),
    ] {
        assert_eq!(function(uri), expect, "{uri}");
    }
}
