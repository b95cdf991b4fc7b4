//! ImportApiKeys: keys of a file of comma-separated values.
//!
//! Columns come in any order and in any case; `Name` and `Key` must be there, `Description`, `Enabled` and `UsagePlanIds`
//! may be, and others are ignored. Source: control-plane §10.4.

use super::api_keys::{check_texts, check_value};
use super::cx::Cx;
use super::import::{check, fails_on_warnings};
use super::limits::KEY_ROWS_MAX;
use super::types::{ApiKey, UsagePlanKey};
use crate::ApiError;
use serde_json::{Value, json};

/// One row.
#[derive(Debug, Default, PartialEq, Eq)]
struct Row {
    name: String,
    key: String,
    description: Option<String>,
    enabled: bool,
    plans: Vec<String>,
}

pub(super) fn import_api_keys(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    if cx.call.query("format") != Some("csv") {
        let given = cx.call.query("format").unwrap_or("null");
        return Err(ApiError::validation(format!(
            "1 validation error detected: Value '{given}' at 'format' failed to satisfy constraint: Member must \
             satisfy enum value set: [csv]"
        )));
    }
    let text = std::str::from_utf8(&cx.call.body)
        .map_err(|_| ApiError::bad_request("Failed to parse API key file: it is not UTF-8"))?;
    let mut warnings = Vec::new();
    let rows = rows(text, &mut warnings)?;
    let mut good = Vec::new();
    for (line, row) in rows {
        match checked(cx, &row, line, &mut warnings) {
            Ok(()) => good.push(row),
            Err(error) => warnings.push(format!("Line {line}: {}", error.message)),
        }
    }
    check(&[], &warnings, fails_on_warnings(cx.call))?;
    let ids: Vec<String> = good.into_iter().map(|row| put(cx, row)).collect();
    let mut shown = json!({ "ids": ids });
    if !warnings.is_empty() {
        shown["warnings"] = json!(warnings);
    }
    Ok(shown)
}

/// Whether a row makes a key. Plans that are not there are left out of it.
fn checked(
    cx: &Cx<'_>,
    row: &Row,
    line: usize,
    warnings: &mut Vec<String>,
) -> Result<(), ApiError> {
    check_value(&row.key)?;
    check_texts(Some(&row.name), row.description.as_deref())?;
    let known = cx.state.key_values.get(&row.key).and_then(|id| cx.state.api_keys.get(id));
    if known.is_some_and(|known| known.name.as_deref().unwrap_or_default() != row.name) {
        return Err(ApiError::conflict("API Key already exists"));
    }
    let files = &cx.state.files;
    known.map_or(Ok(()), |known| files.check(&format!("apikeys/{}", known.id)))?;
    row.plans.iter().try_for_each(|plan| files.check(&format!("usageplans/{plan}")))?;
    for plan in row.plans.iter().filter(|plan| !cx.state.usage_plans.contains_key(*plan)) {
        warnings.push(format!("Line {line}: Invalid Usage Plan ID specified: {plan}"));
    }
    Ok(())
}

/// Creates a key, or changes the one that has this name and value.
fn put(cx: &mut Cx<'_>, row: Row) -> String {
    let now = cx.now();
    let sequence = cx.state.next_sequence();
    let state = &mut *cx.state;
    let known = state.key_values.get(&row.key).and_then(|id| state.api_keys.get(id)).cloned();
    let mut key = known.unwrap_or_else(|| ApiKey {
        id: state.ids.next(10, |id| state.api_keys.contains_key(id)),
        value: Some(row.key.clone()),
        created_date: now,
        sequence,
        ..ApiKey::default()
    });
    key.name = Some(row.name);
    key.description = row.description.or(key.description);
    key.enabled = row.enabled;
    key.last_updated_date = now;
    let id = key.id.clone();
    for plan_id in row.plans {
        let sequence = state.next_sequence();
        let Some(plan) = state.usage_plans.get_mut(&plan_id) else { continue };
        if !plan.keys.contains_key(&id) {
            let document = UsagePlanKey { key_id: id.clone(), sequence };
            cx.writes.put(format!("usageplans/{plan_id}/keys/{id}"), &document);
            plan.keys.insert(id.clone(), document);
        }
    }
    cx.writes.put(format!("apikeys/{id}"), &key);
    cx.writes.publish();
    state.key_values.insert(row.key, id.clone());
    state.api_keys.insert(id.clone(), key);
    id
}

/// The rows below the header, with their numbers in the file.
fn rows(text: &str, warnings: &mut Vec<String>) -> Result<Vec<(usize, Row)>, ApiError> {
    let bad = |text: String| ApiError::bad_request(format!("Failed to parse API key file: {text}"));
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let Some((_, header)) = lines.next() else {
        return Err(bad("it is empty; its first line names the columns Name and Key".to_owned()));
    };
    let header = cells(header).ok_or_else(|| bad("a quotation mark is not closed".to_owned()))?;
    let columns: Vec<String> = header.iter().map(|name| name.to_ascii_lowercase()).collect();
    let at = |name: &str| columns.iter().position(|column| column == name);
    let (Some(name), Some(key)) = (at("name"), at("key")) else {
        return Err(bad("the columns Name and Key must be there".to_owned()));
    };
    let (description, enabled, plans) = (at("description"), at("enabled"), at("usageplanids"));
    let mut rows = Vec::new();
    for (index, line) in lines {
        let number = index + 1;
        if rows.len() == KEY_ROWS_MAX {
            return Err(bad(format!("it has more than {KEY_ROWS_MAX} keys")));
        }
        let Some(cells) = cells(line) else {
            warnings.push(format!("Line {number}: a quotation mark is not closed"));
            continue;
        };
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).map(String::as_str);
        let filled = |at| cell(at).filter(|text| !text.is_empty());
        let is_enabled = match filled(enabled).map(str::to_ascii_uppercase).as_deref() {
            None | Some("TRUE") => true,
            Some("FALSE") => false,
            Some(_) => {
                let written = filled(enabled).unwrap_or_default();
                warnings.push(format!("Line {number}: Enabled is TRUE or FALSE, not {written}"));
                continue;
            }
        };
        let plans = filled(plans).unwrap_or_default().split(',').map(str::trim);
        rows.push((
            number,
            Row {
                name: filled(Some(name)).unwrap_or_default().to_owned(),
                key: filled(Some(key)).unwrap_or_default().to_owned(),
                description: filled(description).map(str::to_owned),
                enabled: is_enabled,
                plans: plans.filter(|plan| !plan.is_empty()).map(str::to_owned).collect(),
            },
        ));
    }
    Ok(rows)
}

/// The cells of a line; those in quotation marks, double or single, may hold commas. `None` when one is not closed.
fn cells(line: &str) -> Option<Vec<String>> {
    let mut cells = Vec::new();
    let mut chars = line.chars().peekable();
    loop {
        let mut cell = String::new();
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        match chars.next_if(|c| matches!(c, '"' | '\'')) {
            Some(quote) => {
                loop {
                    match chars.next()? {
                        c if c == quote && chars.next_if_eq(&quote).is_some() => cell.push(quote),
                        c if c == quote => break,
                        c => cell.push(c),
                    }
                }
                while chars.next_if(|c| *c != ',').is_some() {}
            }
            None => {
                while let Some(c) = chars.next_if(|c| *c != ',') {
                    cell.push(c);
                }
                cell.truncate(cell.trim_end().len());
            }
        }
        cells.push(cell);
        if chars.next().is_none() {
            return Some(cells);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_may_be_quoted() {
        let check = |line: &str, expect: Option<&[&str]>| {
            let expect = expect.map(|cells| cells.iter().map(|c| (*c).to_owned()).collect());
            assert_eq!(cells(line), expect, "{line}");
        };
        check("a, b ,c", Some(&["a", "b", "c"]));
        check("a,\"x,y\",'p,q'", Some(&["a", "x,y", "p,q"]));
        check("\"say \"\"hi\"\"\",", Some(&["say \"hi\"", ""]));
        check("", Some(&[""]));
        check("a,\"open", None);
    }

    #[test]
    fn columns_come_in_any_order() {
        let mut warnings = Vec::new();
        let text = "key,ENABLED,name,other,UsagePlanIds\nk1,false,one,x,\"a,b\"\n\nk2,,two,,\nk3,maybe,three,,";
        let rows = rows(text, &mut warnings).unwrap();
        let row = |name: &str, key: &str, enabled, plans: &[&str]| Row {
            name: name.to_owned(),
            key: key.to_owned(),
            description: None,
            enabled,
            plans: plans.iter().map(|plan| (*plan).to_owned()).collect(),
        };
        assert_eq!(
            rows,
            [(2, row("one", "k1", false, &["a", "b"])), (4, row("two", "k2", true, &[]))]
        );
        assert_eq!(warnings, ["Line 5: Enabled is TRUE or FALSE, not maybe"]);
    }
}
