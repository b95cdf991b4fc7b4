//! The account.

use super::cx::Cx;
use super::limits::{ACCOUNT_BURST, ACCOUNT_RATE};
use super::patch::{self, AD, Family, R, Rule, Set, rule};
use super::types::Account;
use crate::ApiError;
use serde_json::{Value, json};

fn show(account: &Account) -> Value {
    let mut features = vec!["UsagePlans".to_owned()];
    features.extend(account.features.iter().filter(|feature| *feature != "UsagePlans").cloned());
    let mut shown = json!({
        "throttleSettings": { "burstLimit": ACCOUNT_BURST, "rateLimit": ACCOUNT_RATE },
        "features": features,
        "apiKeyVersion": "4",
    });
    if let (Some(arn), Value::Object(members)) = (&account.cloudwatch_role_arn, &mut shown) {
        members.insert("cloudwatchRoleArn".to_owned(), arn.clone().into());
    }
    shown
}

pub(super) fn get_account(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    Ok(show(cx.state.files.account.as_ref().unwrap_or(&cx.state.account)))
}

const RULES: &[Rule] =
    &[rule("/cloudwatchRoleArn", R, Set::Text), rule("/features", AD, Set::Items)];

pub(super) fn update_account(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let operations = cx.patch()?;
    let removes = |value: &str, op: &str| op == "remove" && value == "UsagePlans";
    if operations.iter().any(|operation| removes(operation.text(), &operation.op)) {
        return Err(ApiError::bad_request("Usage Plans cannot be disabled once enabled"));
    }
    let after = patch::apply_rules(&cx.state.account, Family::Listed, RULES, &operations)?;
    cx.writes.put("account".to_owned(), &after);
    cx.state.account = after;
    Ok(show(&cx.state.account))
}
