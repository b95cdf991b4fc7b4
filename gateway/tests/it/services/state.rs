//! Step Functions and SSM.

use serde_json::{Value, json};

use super::moto::Moto;
use super::{get, post, serve};

#[test]
fn an_execution_starts() {
    let Some(moto) = Moto::start() else { return };
    let call = |action: &str, body: Value| {
        moto.json("states", &format!("AWSStepFunctions.{action}"), &body)
    };
    let steps = json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "End": true } } });
    let role = "arn:aws:iam::123456789012:role/machine";
    let machine = json!({ "name": "orders", "definition": steps.to_string(), "roleArn": role });
    call("CreateStateMachine", machine);
    let gateway = serve(&moto.url());
    let input = json!({ "order": "x'\"y\"" });
    let (status, answer) = post(&gateway, "/s/executions?machine=orders", &input);
    assert_eq!(status, 200, "{answer}");
    let execution = call("DescribeExecution", json!({ "executionArn": answer["execution"] }));
    let got: Value = serde_json::from_str(execution["input"].as_str().unwrap()).unwrap();
    assert_eq!(got, input);
    let (status, answer) = post(&gateway, "/s/executions?machine=nobody", &input);
    assert_eq!((status, answer), (404, json!({ "error": "StateMachineDoesNotExist" })));
}

#[test]
fn a_parameter_is_read() {
    let Some(moto) = Moto::start() else { return };
    let parameter = json!({ "Name": "limit", "Value": "42", "Type": "String" });
    moto.json("ssm", "AmazonSSM.PutParameter", &parameter);
    let gateway = serve(&moto.url());
    assert_eq!(get(&gateway, "/s/parameters/limit"), (200, json!({ "value": "42" })));
    let (status, answer) = get(&gateway, "/s/parameters/nothing");
    assert_eq!((status, answer), (404, json!({ "error": "ParameterNotFound" })));
}
