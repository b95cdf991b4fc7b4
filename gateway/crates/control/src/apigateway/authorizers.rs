//! Authorizers.

use super::cx::Cx;
use super::documents::api_key;
use super::fit;
use super::limits::TTL_SECONDS_MAX;
use super::patch::{self, AD, ARD, Family, R, Rule, Set, rule};
use super::types::Authorizer;
use super::view::{page, view};
use crate::ApiError;
use serde_json::Value;

pub(super) fn create_authorizer(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api_id = cx.label("restapi_id");
    let input: Authorizer = cx.input()?;
    let ids = &mut cx.state.ids;
    let Some(api) = cx.state.apis.get_mut(&api_id) else {
        return Err(ApiError::conflict(
            "Unable to complete operation due to concurrent modification. Please try again later.",
        ));
    };
    let mut authorizer = checked(input)?;
    if api.authorizers.values().any(|other| other.name == authorizer.name) {
        return Err(ApiError::bad_request(
            "Authorizer name must be unique. Authorizer already exists in this RestApi.",
        ));
    }
    let id = ids.next(6, |id| api.authorizers.contains_key(id));
    authorizer.id.clone_from(&id);
    cx.writes.put(api_key(&api_id, "authorizers", &id), &authorizer);
    let shown = view(&authorizer);
    api.authorizers.insert(id, authorizer);
    Ok(shown)
}

/// An authorizer with its defaults, whose type has what it needs.
fn checked(mut authorizer: Authorizer) -> Result<Authorizer, ApiError> {
    let bad = |text: &str| Err(ApiError::bad_request(text));
    if authorizer.name.is_empty() {
        return bad("Authorizer name cannot be empty");
    }
    let ttl = authorizer.authorizer_result_ttl_in_seconds;
    if ttl.is_some_and(|ttl| !(0..=TTL_SECONDS_MAX).contains(&ttl)) {
        return bad("Authorizer result TTL must be between 0 and 3600 seconds");
    }
    let has_source = authorizer.identity_source.as_deref().is_some_and(|source| !source.is_empty());
    let is_pool = match &*authorizer.kind {
        "COGNITO_USER_POOLS" => true,
        "TOKEN" | "REQUEST" => false,
        "JWT" => return Err(ApiError::not_implemented("An authorizer of type JWT")),
        _ => {
            return bad(
                "Invalid authorizer type specified. Valid options are TOKEN,REQUEST,COGNITO_USER_POOLS",
            );
        }
    };
    match is_pool {
        true if authorizer.provider_arns.as_ref().is_none_or(Vec::is_empty) => {
            return bad(
                "Invalid provider ARNs specified: a COGNITO_USER_POOLS authorizer needs at least one",
            );
        }
        false if authorizer.authorizer_uri.as_deref().is_none_or(str::is_empty) => {
            return bad("Invalid Authorizer URI: a Lambda authorizer needs one");
        }
        _ => {}
    }
    if authorizer.kind == "REQUEST" && !has_source && ttl != Some(0) {
        return bad("Identity source is required for a REQUEST authorizer when caching is enabled");
    }
    fit::check_authorizer(&authorizer)?;
    let auth_type = if is_pool { "cognito_user_pools" } else { "custom" };
    authorizer.auth_type =
        authorizer.auth_type.filter(|text| !text.is_empty()).or_else(|| Some(auth_type.to_owned()));
    Ok(authorizer)
}

fn authorizer<'c>(cx: &'c Cx<'_>) -> Result<&'c Authorizer, ApiError> {
    let api = cx.state.api(&cx.call.account_id, &cx.label("restapi_id"))?;
    let found = api.authorizers.get(&cx.label("authorizer_id"));
    found.ok_or_else(|| ApiError::not_found("Invalid Authorizer identifier specified"))
}

pub(super) fn get_authorizer(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    Ok(view(authorizer(cx)?))
}

pub(super) fn get_authorizers(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api = cx.state.api(&cx.call.account_id, &cx.label("restapi_id"))?;
    // By name.
    let authorizers = api.authorizers.iter();
    let mut items: Vec<_> =
        authorizers.map(|(id, kept)| (format!("{}\u{1}{id}", kept.name), kept)).collect();
    items.sort_by(|one, two| one.0.cmp(&two.0));
    page(cx.call, items, view)
}

pub(super) fn delete_authorizer(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api_id = cx.label("restapi_id");
    let (id, name) = {
        let authorizer = authorizer(cx)?;
        (authorizer.id.clone(), authorizer.name.clone())
    };
    let api = cx.state.api_mut(&cx.call.account_id, &api_id)?;
    for resource in api.resources.values() {
        for (verb, method) in &resource.resource_methods {
            if method.authorizer_id.as_ref() == Some(&id) {
                // The two slashes are AWS's own.
                let text = format!(
                    "Cannot delete authorizer '{name}', is referenced in method: {verb}/{}",
                    resource.path
                );
                return Err(ApiError::conflict(text));
            }
        }
    }
    api.authorizers.remove(&id);
    cx.writes.remove(api_key(&api_id, "authorizers", &id));
    Ok(Value::Null)
}

const RULES: &[Rule] = &[
    rule("/name", R, Set::Text),
    rule("/type", R, Set::Text),
    rule("/authType", R, Set::Text),
    rule("/authorizerUri", R, Set::Text),
    rule("/authorizerCredentials", R, Set::Text),
    rule("/authorizerResultTtlInSeconds", R, Set::Integer),
    rule("/identityValidationExpression", R, Set::Text),
    rule("/identitySource", ARD, Set::Text),
    rule("/providerARNs", AD, Set::Items),
];

pub(super) fn update_authorizer(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api_id = cx.label("restapi_id");
    let operations = cx.patch()?;
    let names = |path: Option<&str>| matches!(path, Some("/name" | "/type"));
    if operations
        .iter()
        .any(|operation| names(operation.path.as_deref()) && operation.text().is_empty())
    {
        return Err(ApiError::bad_request("Authorizer name and type cannot be empty"));
    }
    let after = checked(patch::apply_rules(authorizer(cx)?, Family::Listed, RULES, &operations)?)?;
    let api = cx.state.api_mut(&cx.call.account_id, &api_id)?;
    if api.authorizers.values().any(|other| other.name == after.name && other.id != after.id) {
        return Err(ApiError::bad_request(
            "Authorizer name must be unique. Authorizer already exists in this RestApi.",
        ));
    }
    cx.writes.put(api_key(&api_id, "authorizers", &after.id), &after);
    let shown = view(&after);
    api.authorizers.insert(after.id.clone(), after);
    Ok(shown)
}
