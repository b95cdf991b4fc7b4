//! Tags, of every resource that has them.

use super::cx::Cx;
use super::documents;
use super::limits::{TAG_KEY_CHARS_MAX, TAG_VALUE_CHARS_MAX, TAGS_MAX};
use super::state::State;
use super::types::Texts;
use crate::ApiError;
use serde_json::{Value, json};

/// The tag by which an operator asks for the id of an API.
pub(super) const CUSTOM_ID: &str = "_custom_id_";

/// Tags within AWS's bounds; none at all are as if they had not been given.
pub(super) fn checked(tags: Option<Texts>) -> Result<Option<Texts>, ApiError> {
    let Some(tags) = tags.filter(|tags| !tags.is_empty()) else { return Ok(None) };
    if tags.len() > TAGS_MAX {
        return Err(ApiError::bad_request(format!("Too many tags, must be at most {TAGS_MAX}")));
    }
    for (key, value) in &tags {
        if key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
            return Err(ApiError::bad_request(format!(
                "Invalid tag '{key}': aws: prefixed tag key names are not allowed for external use."
            )));
        }
        let key_chars = key.chars().count();
        if !(1..=TAG_KEY_CHARS_MAX).contains(&key_chars)
            || value.chars().count() > TAG_VALUE_CHARS_MAX
        {
            let text = format!(
                "Invalid tag '{key}': keys have 1 to {TAG_KEY_CHARS_MAX} characters, values at most {TAG_VALUE_CHARS_MAX}"
            );
            return Err(ApiError::bad_request(text));
        }
    }
    Ok(Some(tags))
}

#[derive(serde::Deserialize)]
struct TagResource {
    tags: Texts,
}

/// What an ARN names: where its tags are, and how its document is written.
fn with_tags<R>(
    cx: &mut Cx<'_>,
    arn: &str,
    change: impl FnOnce(&mut Option<Texts>) -> Result<R, ApiError>,
) -> Result<R, ApiError> {
    let invalid = || ApiError::bad_request(format!("Invalid resource ARN specified: {arn}"));
    let unknown = || ApiError::not_found(format!("Invalid resource identifier specified: {arn}"));
    let path = arn.splitn(6, ':').nth(5).filter(|_| arn.starts_with("arn:")).ok_or_else(invalid)?;
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let State {
        apis,
        api_keys,
        usage_plans,
        domain_names,
        access_associations,
        vpc_links,
        client_certificates,
        ..
    } = &mut *cx.state;
    macro_rules! change {
        ($document:expr, $key:expr) => {{
            let document = $document;
            let mut tags = document.tags.clone();
            let answer = change(&mut tags)?;
            if tags != document.tags {
                let tags = checked(tags)?;
                if tags != document.tags {
                    document.tags = tags;
                    cx.writes.put($key, document);
                }
            }
            Ok(answer)
        }};
    }
    match *parts.as_slice() {
        ["restapis", id] => {
            change!(&mut apis.get_mut(id).ok_or_else(unknown)?.rest_api, format!("restapis/{id}"))
        }
        ["restapis", id, "stages", stage] => {
            let api = apis.get_mut(id).ok_or_else(unknown)?;
            change!(
                api.stages.get_mut(stage).ok_or_else(unknown)?,
                documents::api_key(id, "stages", stage)
            )
        }
        ["apikeys", id] => {
            change!(api_keys.get_mut(id).ok_or_else(unknown)?, format!("apikeys/{id}"))
        }
        ["usageplans", id] => {
            change!(
                &mut usage_plans.get_mut(id).ok_or_else(unknown)?.usage_plan,
                format!("usageplans/{id}")
            )
        }
        ["vpclinks", id] => {
            change!(vpc_links.get_mut(id).ok_or_else(unknown)?, format!("vpclinks/{id}"))
        }
        ["clientcertificates", id] => {
            change!(
                client_certificates.get_mut(id).ok_or_else(unknown)?,
                format!("clientcertificates/{id}")
            )
        }
        ["domainnames", name] => {
            let domain = domain_names.get_mut(name).ok_or_else(unknown)?;
            change!(&mut domain.domain_name, format!("domainnames/{name}"))
        }
        ["domainnameaccessassociations", ..] => {
            let mut found = access_associations.iter_mut();
            let found = found
                .find(|(_, association)| association.domain_name_access_association_arn == arn);
            let (id, association) = found.ok_or_else(unknown)?;
            change!(association, format!("domainnameaccessassociations/{id}"))
        }
        _ => Err(invalid()),
    }
}

pub(super) fn get_tags(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let arn = cx.label("resource_arn");
    let tags = with_tags(cx, &arn, |tags| Ok(tags.clone().unwrap_or_default()))?;
    Ok(json!({ "tags": tags }))
}

pub(super) fn tag_resource(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let arn = cx.label("resource_arn");
    let TagResource { tags: given } = cx.input()?;
    with_tags(cx, &arn, |tags| {
        tags.get_or_insert_default().extend(given);
        Ok(Value::Null)
    })
}

pub(super) fn untag_resource(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let arn = cx.label("resource_arn");
    let keys: Vec<String> = cx.call.query_all("tagKeys").map(str::to_owned).collect();
    with_tags(cx, &arn, |tags| {
        tags.get_or_insert_default().retain(|key, _| !keys.contains(key));
        Ok(Value::Null)
    })
}
