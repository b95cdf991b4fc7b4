//! Functions as answers have them.

use serde_json::{Map, Value, json};

use super::arn_of;
use super::types::{Alias, Code, Configuration, Function, Statement};
use crate::Call;
use crate::signature::iso;
use crate::wire::uuid;

/// A function, or a version of it.
pub(super) fn configuration(
    call: &Call,
    name: &str,
    version: Option<&str>,
    (configuration, code): (&Configuration, &Code),
    modified_ms: u64,
    revision: u64,
) -> Value {
    let arn = match version {
        None => arn_of(call, name),
        Some(version) => format!("{}:{version}", arn_of(call, name)),
    };
    let mut out = json!({
        "FunctionName": name,
        "FunctionArn": arn,
        "Runtime": configuration.runtime,
        "Role": configuration.role,
        "Handler": configuration.handler,
        "CodeSize": code.bytes,
        "Description": configuration.description,
        "Timeout": configuration.timeout_seconds,
        "MemorySize": configuration.memory_mb,
        "LastModified": time(modified_ms),
        "CodeSha256": code.sha256,
        "Version": version.unwrap_or("$LATEST"),
        "TracingConfig": { "Mode": "PassThrough" },
        "RevisionId": revision_id(name, revision),
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": configuration.architectures,
        "EphemeralStorage": { "Size": 512 },
        "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
        "LoggingConfig": { "LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}") },
    });
    if let Some(members) = out.as_object_mut() {
        if !configuration.environment.is_empty() {
            let environment = json!({ "Variables": configuration.environment });
            members.insert("Environment".to_owned(), environment);
        }
        for (name, value) in &configuration.others {
            members.insert(name.clone(), other(name, value));
        }
    }
    out
}

/// Some members are given in one form and shown in another.
fn other(name: &str, value: &Value) -> Value {
    match (name, value) {
        ("Layers", Value::Array(arns)) => {
            arns.iter().map(|arn| json!({ "Arn": arn, "CodeSize": 0 })).collect()
        }
        _ => value.clone(),
    }
}

/// [`configuration`] of a function as it is.
pub(super) fn latest(call: &Call, function: &Function) -> Value {
    let of = (&function.configuration, &function.code);
    configuration(call, &function.name, None, of, function.modified_ms, function.revision)
}

/// `2026-01-02T03:04:05.000+0000`
fn time(unix_ms: u64) -> String {
    iso(unix_ms).replace('Z', &format!(".{:03}+0000", unix_ms % 1000))
}

/// Made from the number of the revision, in the form that AWS's have.
pub(super) fn revision_id(name: &str, revision: u64) -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    let hash = digest(&SHA256, format!("{name}/{revision}").as_bytes());
    let bytes: [u8; 16] = hash.as_ref()[..16].try_into().unwrap_or_default();
    uuid(bytes)
}

pub(super) fn alias(call: &Call, function: &str, name: &str, alias: &Alias) -> Value {
    let mut out = json!({
        "AliasArn": format!("{}:{name}", arn_of(call, function)),
        "Name": name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": revision_id(&format!("{function}:{name}"), alias.revision),
    });
    if let (Some(routing), Some(members)) = (&alias.routing, out.as_object_mut()) {
        members.insert("RoutingConfig".to_owned(), routing.clone());
    }
    out
}

/// A statement of a policy.
pub(super) fn statement(call: &Call, function: &str, statement: &Statement) -> Value {
    let resource = match &statement.qualifier {
        None => arn_of(call, function),
        Some(qualifier) => format!("{}:{qualifier}", arn_of(call, function)),
    };
    let principal = match statement.principal.as_str() {
        "*" => json!("*"),
        service if service.contains('.') => json!({ "Service": service }),
        account if account.bytes().all(|byte| byte.is_ascii_digit()) => {
            json!({ "AWS": format!("arn:aws:iam::{account}:root") })
        }
        arn => json!({ "AWS": arn }),
    };
    let mut out = json!({
        "Sid": statement.sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": statement.action,
        "Resource": resource,
    });
    let mut condition = Map::new();
    if let Some(arn) = &statement.source_arn {
        condition.insert("ArnLike".to_owned(), json!({ "AWS:SourceArn": arn }));
    }
    let equals = [
        ("AWS:SourceAccount", &statement.source_account),
        ("aws:PrincipalOrgID", &statement.principal_org_id),
        ("lambda:EventSourceToken", &statement.event_source_token),
        ("lambda:FunctionUrlAuthType", &statement.function_url_auth_type),
    ];
    let equals: Map<String, Value> = equals
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), json!(value.as_ref()?))))
        .collect();
    if !equals.is_empty() {
        condition.insert("StringEquals".to_owned(), Value::Object(equals));
    }
    if statement.is_via_function_url {
        condition.insert("Bool".to_owned(), json!({ "lambda:InvokedViaFunctionUrl": "true" }));
    }
    if let (false, Some(members)) = (condition.is_empty(), out.as_object_mut()) {
        members.insert("Condition".to_owned(), Value::Object(condition));
    }
    out
}
