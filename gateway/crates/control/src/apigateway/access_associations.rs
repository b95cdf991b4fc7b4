//! Private domain names opened to VPC endpoints: kept and shown.

use super::cx::Cx;
use super::tags;
use super::types::{AccessAssociation, Texts};
use super::view::{page, view};
use crate::ApiError;
use serde_json::Value;

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CreateAssociation {
    domain_name_arn: String,
    access_association_source_type: String,
    access_association_source: String,
    tags: Option<Texts>,
}

pub(super) fn create_domain_name_access_association(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let input: CreateAssociation = cx.input()?;
    let domains = &cx.state.domain_names;
    let is_named = |arn: Option<&String>| arn == Some(&input.domain_name_arn);
    let mut names = domains.values().map(|domain| &domain.domain_name);
    let Some(domain) = names.find(|name| is_named(name.domain_name_arn.as_ref())) else {
        return Err(super::domain_names::unknown_domain());
    };
    let name = domain.domain_name.clone();
    let tags = tags::checked(input.tags)?;
    let state = &mut *cx.state;
    let id = state.ids.next(10, |id| state.access_associations.contains_key(id));
    let (region, account_id) = (&cx.call.region, &cx.call.account_id);
    let source = &input.access_association_source;
    let association = AccessAssociation {
        domain_name_access_association_arn: format!(
            "arn:aws:apigateway:{region}:{account_id}:/domainnameaccessassociations/domainname/{name}/vpcesource/{source}+{id}"
        ),
        domain_name_arn: input.domain_name_arn,
        access_association_source_type: input.access_association_source_type,
        access_association_source: input.access_association_source,
        tags,
    };
    cx.writes.put(format!("domainnameaccessassociations/{id}"), &association);
    cx.writes.publish();
    let shown = view(&association);
    state.access_associations.insert(id, association);
    Ok(shown)
}

pub(super) fn get_domain_name_access_associations(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let associations = cx.state.access_associations.iter();
    page(cx.call, associations.map(|(id, association)| (id.clone(), association)).collect(), view)
}

pub(super) fn delete_domain_name_access_association(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let arn = cx.label("domain_name_access_association_arn");
    forget(cx, &arn, None)
}

pub(super) fn reject_domain_name_access_association(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let required = |name: &str| {
        cx.call.query(name).map(str::to_owned).ok_or_else(|| {
            ApiError::validation(format!(
                "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
            ))
        })
    };
    let (arn, domain) = (required("domainNameAccessAssociationArn")?, required("domainNameArn")?);
    forget(cx, &arn, Some(&domain))
}

fn forget(cx: &mut Cx<'_>, arn: &str, domain: Option<&str>) -> Result<Value, ApiError> {
    let mut associations = cx.state.access_associations.iter();
    let found = associations.find(|(_, association)| {
        association.domain_name_access_association_arn == arn
            && domain.is_none_or(|domain| association.domain_name_arn == domain)
    });
    let id = found.map(|(id, _)| id.clone());
    let id = id.ok_or_else(|| {
        ApiError::not_found("Invalid domain name access association identifier specified")
    })?;
    cx.state.access_associations.remove(&id);
    cx.writes.remove(format!("domainnameaccessassociations/{id}"));
    cx.writes.publish();
    Ok(Value::Null)
}
