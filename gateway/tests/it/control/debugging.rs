//! The five commands with which people find out what is wrong, against the example with functions: they answer as on AWS.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::tools::{Desk, aws, said};
use crate::support::Gateway;

const EXAMPLE: &str = "../config/examples/functions.yaml";

/// How long lines may be on their way.
const SOON: Duration = Duration::from_secs(10);

#[test]
fn the_five_debugging_commands_answer_as_on_aws() {
    let Some(aws) = aws() else { return };
    let gateway = Gateway::start(EXAMPLE, &["--control", "127.0.0.1:0", "--dev"]);
    let desk = Desk::at(&gateway);
    let json =
        |args: &[&str]| -> Value { serde_json::from_str(&said(&desk.run(&aws, args))).unwrap() };

    // curl -H x-api-key
    let url = format!("http://{}/dev/members", gateway.addr());
    let curl =
        |args: &[&str]| said(&desk.run(Path::new("/usr/bin/curl"), &[&["-si"], args].concat()));
    let answer = curl(&["-H", "x-api-key: demo-key-of-the-functions-example", &url]);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n{\"members\":[\"ali\"]}"), "{answer}");
    let admitted = field(&answer, "x-amzn-RequestId");
    for more in [&[][..], &["-H", "x-api-key: another"]] {
        let refused = curl(&[more, &[&url]].concat());
        assert!(refused.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{refused}");
        assert_eq!(field(&refused, "x-amzn-ErrorType"), "ForbiddenException");
        assert!(refused.ends_with("\r\n\r\n{\"message\":\"Forbidden\"}"), "{refused}");
    }
    let refused = curl(&[&url]);
    let refused = field(&refused, "x-amzn-RequestId");

    // aws apigateway get-rest-api
    let listed = json(&["apigateway", "get-rest-apis"]);
    let id = listed["items"][0]["id"].as_str().unwrap();
    let api = json(&["apigateway", "get-rest-api", "--rest-api-id", id]);
    assert_eq!((&api["id"], &api["name"]), (&json!("functions"), &json!("functions")));
    assert_eq!(api["endpointConfiguration"]["types"], json!(["REGIONAL"]));
    assert_eq!(api["apiKeySource"], "HEADER");
    let missing = desk.run(&aws, &["apigateway", "get-rest-api", "--rest-api-id", "none"]);
    let text = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(
        text.contains(
            "An error occurred (NotFoundException) when calling the GetRestApi operation: Invalid API identifier specified 000000000000:none"
        ),
        "{text}"
    );

    // aws apigateway get-resources
    let resources = json(&["apigateway", "get-resources", "--rest-api-id", id]);
    let items = resources["items"].as_array().unwrap();
    let mut found: Vec<(&str, Vec<&String>)> = items
        .iter()
        .map(|item| {
            let methods = item["resourceMethods"].as_object();
            (item["path"].as_str().unwrap(), methods.into_iter().flat_map(|of| of.keys()).collect())
        })
        .collect();
    found.sort();
    let get = "GET".to_owned();
    let expect =
        [("/", vec![]), ("/hello", vec![&get]), ("/members", vec![&get]), ("/secret", vec![&get])];
    assert_eq!(found, expect);

    // aws apigateway test-invoke-authorizer
    let authorizers = json(&["apigateway", "get-authorizers", "--rest-api-id", id]);
    let authorizer = authorizers["items"][0]["id"].as_str().unwrap();
    let test = [
        "apigateway",
        "test-invoke-authorizer",
        "--rest-api-id",
        id,
        "--authorizer-id",
        authorizer,
    ];
    let asked = json(&[&test[..], &["--headers", "Authorization=open sesame"]].concat());
    assert_eq!((&asked["clientStatus"], &asked["principalId"]), (&json!(0), &json!("ali")));
    let policy: Value = serde_json::from_str(asked["policy"].as_str().unwrap()).unwrap();
    assert_eq!(policy["Statement"][0]["Effect"], "Allow");
    let log = asked["log"].as_str().unwrap();
    for text in
        ["Authorizer result body before parsing: {", "Successfully completed authorizer execution"]
    {
        assert!(log.contains(text), "{log}");
    }
    let refused_one = json(&[&test[..], &["--headers", "Authorization=guess"]].concat());
    assert_eq!(refused_one["clientStatus"], 401, "{refused_one}");

    // aws logs get-log-events
    let group = format!("API-Gateway-Execution-Logs_{id}/dev");
    let described = json(&[
        "logs",
        "describe-log-groups",
        "--log-group-name-prefix",
        "API-Gateway-Execution-Logs_",
    ]);
    assert_eq!(described["logGroups"][0]["logGroupName"], json!(group));
    let last = format!("({refused}) Method completed with status: 403");
    let deadline = Instant::now() + SOON;
    let messages = loop {
        let messages = all_messages(&json, &group);
        if messages.contains(&last) {
            break messages;
        }
        assert!(Instant::now() < deadline, "{messages:?}");
    };
    for text in [
        format!("({admitted}) Verifying Usage Plan for request: {admitted}. API Key: "),
        format!("({admitted}) HTTP Method: GET, Resource Path: /members"),
        format!(
            "({admitted}) Method response body after transformations: {{\"members\":[\"ali\"]}}"
        ),
        format!("({admitted}) Method completed with status: 200"),
        format!(
            "({refused}) API Key  not authorized because method 'GET /members' requires API Key"
        ),
    ] {
        assert!(messages.iter().any(|message| message.starts_with(&text)), "{text}: {messages:#?}");
    }
    let of_none = desk.run(
        &aws,
        &["logs", "get-log-events", "--log-group-name", "none", "--log-stream-name", "none"],
    );
    let text = String::from_utf8_lossy(&of_none.stderr).into_owned();
    assert!(
        text.contains(
            "An error occurred (ResourceNotFoundException) when calling the GetLogEvents operation: The specified log group does not exist."
        ),
        "{text}"
    );
}

/// The messages of all streams of a group, each read by `get-log-events`.
fn all_messages(json: &impl Fn(&[&str]) -> Value, group: &str) -> Vec<String> {
    let streams = json(&["logs", "describe-log-streams", "--log-group-name", group]);
    let mut found = Vec::new();
    for stream in streams["logStreams"].as_array().unwrap() {
        let name = stream["logStreamName"].as_str().unwrap();
        let get = ["logs", "get-log-events", "--log-group-name", group, "--log-stream-name", name];
        let events = json(&[&get[..], &["--start-from-head"]].concat());
        let events = events["events"].as_array().unwrap();
        found.extend(events.iter().map(|event| event["message"].as_str().unwrap().to_owned()));
    }
    found
}

/// A header field of what curl shows.
#[track_caller]
fn field(answer: &str, name: &str) -> String {
    let line = answer.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("{name}: {answer}")).trim().to_owned()
}
