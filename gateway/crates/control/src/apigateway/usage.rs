//! GetUsage and UpdateUsage: what API keys used, and what remains. The counts are the data plane's.

use super::Deploy;
use super::asked::Asking;
use super::cx::Cx;
use crate::{ApiError, Question};
use serde_json::Value;

/// Seconds of a day.
const DAY_S: u64 = 86_400;

fn ask(cx: &mut Cx<'_>, asking: Asking) -> Result<Value, ApiError> {
    cx.writes.deploy(Deploy::Ask(Question::new(asking)));
    Ok(Value::Null)
}

/// A key that is given must be one of a plan that is known here; others are the data plane's.
fn check_key(cx: &Cx<'_>, plan_id: &str, key_id: &str) -> Result<(), ApiError> {
    match cx.state.usage_plans.get(plan_id) {
        Some(plan) if !plan.keys.contains_key(key_id) => {
            Err(ApiError::not_found("Invalid Key identifier specified"))
        }
        _ => Ok(()),
    }
}

pub(super) fn get_usage(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let plan_id = cx.label("usageplanId");
    let call = cx.call;
    if let Some(key_id) = call.query("keyId") {
        check_key(cx, &plan_id, key_id)?;
    }
    for name in ["startDate", "endDate"] {
        if call.query(name).is_none_or(str::is_empty) {
            return Err(ApiError::bad_request(format!(
                "Invalid {name} specified: it must be a date (YYYY-MM-DD)"
            )));
        }
    }
    let names = ["keyId", "startDate", "endDate", "limit", "position"];
    let known = call.query.iter().filter(|(name, _)| names.contains(&&**name));
    let query = known.map(|(name, value)| format!("{name}={}", encode(value)));
    let query = query.collect::<Vec<_>>().join("&");
    ask(cx, Asking::Usage { plan_id, query })
}

pub(super) fn update_usage(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (plan_id, key_id) = (cx.label("usageplanId"), cx.label("keyId"));
    let operations = cx.patch()?;
    check_key(cx, &plan_id, &key_id)?;
    let mut remaining = None;
    for operation in &operations {
        if operation.op != "replace" || operation.path.as_deref() != Some("/remaining") {
            return Err(ApiError::bad_request(
                "Invalid patch path specified for this operation. Must be one of: [/remaining]",
            ));
        }
        let text = operation.text();
        let number: u64 = text.parse().map_err(|_| {
            ApiError::bad_request(format!(
                "Invalid remaining quota specified: {text}. It must be a whole number"
            ))
        })?;
        remaining = Some(number);
    }
    let today = date(cx.now());
    let query = format!("keyId={}&startDate={today}&endDate={today}", encode(&key_id));
    ask(
        cx,
        match remaining {
            Some(remaining) => Asking::Remaining { plan_id, key_id, remaining, query },
            None => Asking::Usage { plan_id, query },
        },
    )
}

/// The day of a moment, `YYYY-MM-DD`.
fn date(unix_s: u64) -> String {
    let (year, month, day) = super::trials::civil(unix_s / DAY_S);
    format!("{year:04}-{month:02}-{day:02}")
}

fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_named_as_people_do() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(951_782_400), "2000-02-29");
        assert_eq!(date(1_795_392_000), "2026-11-23");
        assert_eq!(encode("a b/1"), "a%20b%2F1");
    }
}
