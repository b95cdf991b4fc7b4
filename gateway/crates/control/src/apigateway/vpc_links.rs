//! VPC links of the first kind: load balancers under an id. They are there at once.

use super::cx::Cx;
use super::patch::{self, Family, R, Rule, Set, rule};
use super::tags;
use super::types::{Texts, VpcLink};
use super::view::{page, view, view_with_tags};
use crate::ApiError;
use serde_json::Value;

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CreateVpcLink {
    name: String,
    description: Option<String>,
    target_arns: Vec<String>,
    tags: Option<Texts>,
}

pub(super) fn create_vpc_link(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let input: CreateVpcLink = cx.input()?;
    check_name(&input.name)?;
    if let Some(arn) =
        input.target_arns.iter().find(|arn| !arn.starts_with("arn:") || arn.split(':').count() < 6)
    {
        return Err(ApiError::bad_request(format!("Invalid ARN. ARN is not well formed {arn}")));
    }
    if input.target_arns.is_empty() {
        return Err(ApiError::bad_request("Target ARNs cannot be empty"));
    }
    let tags = tags::checked(input.tags)?;
    let state = &mut *cx.state;
    let id = state.ids.next(6, |id| state.vpc_links.contains_key(id));
    let mut link = VpcLink {
        id: id.clone(),
        name: input.name,
        description: input.description.filter(|text| !text.is_empty()),
        target_arns: input.target_arns,
        status: "PENDING".to_owned(),
        status_message: None,
        tags,
    };
    let shown = view(&link);
    "AVAILABLE".clone_into(&mut link.status);
    link.status_message = Some("Your vpc link is ready for use".to_owned());
    cx.writes.put(format!("vpclinks/{id}"), &link);
    cx.writes.publish();
    state.vpc_links.insert(id, link);
    Ok(shown)
}

fn check_name(name: &str) -> Result<(), ApiError> {
    match name.is_empty() {
        true => Err(ApiError::bad_request("Name cannot be empty")),
        false => Ok(()),
    }
}

fn link<'c>(cx: &'c Cx<'_>) -> Result<&'c VpcLink, ApiError> {
    let found = cx.state.vpc_links.get(&cx.label("vpclink_id"));
    found.ok_or_else(|| ApiError::not_found("Invalid Vpc Link identifier specified"))
}

pub(super) fn get_vpc_link(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    Ok(view_with_tags(link(cx)?))
}

pub(super) fn get_vpc_links(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    page(cx.call, cx.state.vpc_links.iter().map(|(id, link)| (id.clone(), link)).collect(), view)
}

pub(super) fn delete_vpc_link(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let id = link(cx)?.id.clone();
    cx.state.vpc_links.remove(&id);
    cx.writes.remove(format!("vpclinks/{id}"));
    cx.writes.publish();
    Ok(Value::Null)
}

const RULES: &[Rule] = &[rule("/name", R, Set::Verbatim), rule("/description", R, Set::Text)];

pub(super) fn update_vpc_link(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let operations = cx.patch()?;
    let after = patch::apply_rules(link(cx)?, Family::Listed, RULES, &operations)?;
    check_name(&after.name)?;
    cx.writes.put(format!("vpclinks/{}", after.id), &after);
    let shown = view_with_tags(&after);
    cx.state.vpc_links.insert(after.id.clone(), after);
    Ok(shown)
}
