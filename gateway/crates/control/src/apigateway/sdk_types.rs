//! The kinds of SDK that API Gateway knows; the SDKs themselves are GetSdk's.

use super::cx::Cx;
use crate::ApiError;
use serde_json::{Value, json};

/// Id, name, and the names of its properties, those that are required first.
type SdkType = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

/// Source: API Gateway Developer Guide, "Generate SDKs for REST APIs".
const SDK_TYPES: &[SdkType] = &[
    ("android", "Android", &["groupId", "artifactId", "artifactVersion", "invokerPackage"], &[]),
    ("java", "Java", &["serviceName"], &["javaPackageName"]),
    ("javascript", "JavaScript", &[], &[]),
    ("objectivec", "iOS (Objective-C)", &["classPrefix"], &[]),
    ("ruby", "Ruby", &["service.name"], &["ruby.gem-name", "ruby.gem-version"]),
    ("swift", "iOS (Swift)", &["classPrefix"], &[]),
];

fn show((id, name, required, optional): &SdkType) -> Value {
    let property = |name: &str, required: bool| json!({ "name": name, "friendlyName": name, "required": required });
    let required = required.iter().map(|name| property(name, true));
    let properties: Vec<Value> =
        required.chain(optional.iter().map(|name| property(name, false))).collect();
    json!({ "id": id, "friendlyName": name, "description": format!("Generated {name} SDK"), "configurationProperties": properties })
}

pub(super) fn get_sdk_types(_: &mut Cx<'_>) -> Result<Value, ApiError> {
    Ok(json!({ "item": SDK_TYPES.iter().map(show).collect::<Vec<_>>() }))
}

pub(super) fn get_sdk_type(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let id = cx.label("sdktype_id");
    let found = SDK_TYPES.iter().find(|sdk_type| sdk_type.0 == id);
    found
        .map(show)
        .ok_or_else(|| ApiError::not_found(format!("Invalid SDK type identifier specified: {id}")))
}

/// Whether there is an SDK of this type on AWS.
pub(super) fn is_known(id: &str) -> bool {
    SDK_TYPES.iter().any(|sdk_type| sdk_type.0 == id)
}
