use super::catalog::{address, json_action, path_style, sdk_name, target_to_map};
use super::*;

#[test]
fn a_service_is_where_the_general_reference_says() {
    for (service, subdomain, region, expect) in [
        ("sqs", None, "eu-west-1", "sqs.eu-west-1.amazonaws.com eu-west-1 sqs"),
        ("sqs", None, "cn-north-1", "sqs.cn-north-1.amazonaws.com.cn cn-north-1 sqs"),
        ("sqs", None, "us-gov-west-1", "sqs.us-gov-west-1.amazonaws.com us-gov-west-1 sqs"),
        ("s3", Some("b"), "us-east-1", "b.s3.us-east-1.amazonaws.com us-east-1 s3"),
        ("iam", None, "eu-west-1", "iam.amazonaws.com us-east-1 iam"),
        ("email", None, "eu-west-1", "email.eu-west-1.amazonaws.com eu-west-1 ses"),
        ("sagemaker", Some("runtime"), "r", "runtime.sagemaker.r.amazonaws.com r sagemaker"),
        ("appsync-api", Some("x"), "r", "x.appsync-api.r.amazonaws.com r appsync"),
        ("iotdata", Some("a-ats"), "r", "a-ats.iot.r.amazonaws.com r iotdata"),
        ("iotdata", None, "r", "data-ats.iot.r.amazonaws.com r iotdata"),
        ("iot", None, "r", "iot.r.amazonaws.com r iot"),
    ] {
        let found = address(service, subdomain, region);
        let said = format!("{} {} {}", found.host, found.region, found.signing_name);
        assert_eq!(said, expect, "{service}");
    }
}

#[test]
fn actions_are_completed_where_api_gateway_does() {
    let put = json_action("dynamodb", "PutItem").expect("DynamoDB takes JSON");
    assert_eq!(&*put.target, b"DynamoDB_20120810.PutItem");
    assert_eq!((put.content_type, put.takes_query), ("application/x-amz-json-1.0", false));
    assert!(json_action("ssm", "GetParameter").is_some_and(|action| action.takes_query));
    assert_eq!(json_action("sqs", "SendMessage"), None);
    assert_eq!(json_action("events", "PutEvents"), None);
    assert_eq!(target_to_map("events", "PutEvents").as_deref(), Some("AWSEvents.PutEvents"));
    assert_eq!(target_to_map("sns", "Publish"), None);
}

#[test]
fn s3_alone_signs_paths_as_they_are() {
    assert_eq!(path_style("s3"), PathStyle::Canonical);
    assert_eq!(path_style("sqs"), PathStyle::Normalized);
}

#[test]
fn an_endpoint_is_found_by_either_name_before_the_default() {
    let endpoints = AwsEndpoints::new([("SFN", "http://a"), ("cognito_idp", "http://b")]);
    assert_eq!(sdk_name("states"), Some("sfn"));
    assert_eq!(endpoints.of("states"), Some("http://a"));
    assert_eq!(endpoints.of("cognito-idp"), Some("http://b"));
    assert_eq!(endpoints.of("sqs"), None);
    let endpoints =
        AwsEndpoints::new([("default", "http://d"), ("states", "http://s"), ("sfn", "http://a")]);
    assert_eq!(endpoints.of("states"), Some("http://s"));
    assert_eq!(endpoints.of("sqs"), Some("http://d"));
}
