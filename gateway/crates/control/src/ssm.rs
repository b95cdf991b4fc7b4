//! AWS Systems Manager: the parameters that stacks have, to be read; deployment tools ask for some.

use serde_json::{Value, json};

use crate::cloudformation::Stacks;
use crate::dispatch::operations::Done;
use crate::{Answer, ApiError, Call};

/// The version of what `cdk bootstrap` makes that we stand in for. Source: aws-cdk, `bootstrap-template.yaml`, of 2024 and on.
const BOOTSTRAP_VERSION: &str = "30";

/// A parameter.
struct Parameter {
    name: String,
    kind: String,
    value: String,
}

/// Carries out one operation.
pub(crate) fn answer(stacks: &Stacks, call: &Call) -> Result<Done, ApiError> {
    let target = call.header("x-amz-target").unwrap_or_default();
    let operation = target.strip_prefix("AmazonSSM.").unwrap_or_default();
    let input: Value = serde_json::from_slice(&call.body).map_err(|_| {
        ApiError::new(400, "SerializationException", "The body is no JSON document")
    })?;
    let document = match operation {
        "GetParameter" => {
            let name = input["Name"].as_str().unwrap_or_default();
            let found = find(stacks, call, name).ok_or_else(|| {
                ApiError::new(400, "ParameterNotFound", format!("Parameter {name} not found."))
            })?;
            json!({ "Parameter": view(call, &found) })
        }
        "GetParameters" => {
            let names = input["Names"].as_array().map_or(&[][..], Vec::as_slice);
            let (mut parameters, mut invalid) = (Vec::new(), Vec::new());
            for name in names.iter().filter_map(Value::as_str) {
                match find(stacks, call, name) {
                    Some(found) => parameters.push(view(call, &found)),
                    None => invalid.push(name),
                }
            }
            json!({ "Parameters": parameters, "InvalidParameters": invalid })
        }
        "" => {
            let text = "The operation is not named in X-Amz-Target";
            return Err(ApiError::new(400, "UnknownOperationException", text));
        }
        other => return Err(ApiError::not_implemented(&format!("{other} of Systems Manager"))),
    };
    let mut answer = Answer::json(200, &document);
    answer.content_type = Some("application/x-amz-json-1.1");
    Ok(Done { answer, changes: Vec::new(), effect: None })
}

/// A parameter by its name or ARN: of a stack, or what a bootstrapped account has.
fn find(stacks: &Stacks, call: &Call, name: &str) -> Option<Parameter> {
    let prefix = format!("arn:aws:ssm:{}:{}:parameter", call.region, call.account_id);
    let name = name.strip_prefix(&prefix).unwrap_or(name);
    let own = stacks.resources("AWS::SSM::Parameter").find_map(|(_, resource)| {
        let text = |member: &str| resource.properties[member].as_str().map(str::to_owned);
        (resource.physical_id == name).then(|| Parameter {
            name: name.to_owned(),
            kind: text("Type").unwrap_or_else(|| "String".to_owned()),
            value: text("Value").unwrap_or_default(),
        })
    });
    let of_cdk = name.starts_with("/cdk-bootstrap/") && name.ends_with("/version");
    own.or_else(|| {
        of_cdk.then(|| Parameter {
            name: name.to_owned(),
            kind: "String".to_owned(),
            value: BOOTSTRAP_VERSION.to_owned(),
        })
    })
}

fn view(call: &Call, parameter: &Parameter) -> Value {
    let slash = if parameter.name.starts_with('/') { "" } else { "/" };
    json!({
        "Name": parameter.name,
        "Type": parameter.kind,
        "Value": parameter.value,
        "Version": 1,
        "DataType": "text",
        "ARN": format!(
            "arn:aws:ssm:{}:{}:parameter{slash}{}",
            call.region, call.account_id, parameter.name
        ),
    })
}
