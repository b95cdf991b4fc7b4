//! Who may call a function.

use serde_json::{Value, json};

use super::types::{Function, Statement};
use super::{Cx, Lambda, Result, configure, invalid, name_of, urls, versions, view};
use crate::limits::FUNCTION_STATEMENTS_MAX;
use crate::{Answer, ApiError};

/// `AddPermission`
pub(super) fn add(lambda: &mut Lambda, cx: &mut Cx<'_>, name: &str) -> Result<Answer> {
    let mut function = lambda.own(cx, name)?.clone();
    configure::check_revision(cx, &function)?;
    let (_, qualifier) = name_of(cx.call, name);
    versions::check_qualifier(cx, &function, qualifier.as_deref())?;
    let text = |name: &str| cx.input[name].as_str().map(str::to_owned);
    let required = |name: &str| {
        text(name).filter(|text| !text.is_empty()).ok_or_else(|| {
            let mut member = name.to_owned();
            member[..1].make_ascii_lowercase();
            ApiError::validation(format!(
                "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
            ))
        })
    };
    let statement = Statement {
        sid: required("StatementId")?,
        action: required("Action")?,
        principal: required("Principal")?,
        source_arn: text("SourceArn"),
        source_account: text("SourceAccount"),
        event_source_token: text("EventSourceToken"),
        principal_org_id: text("PrincipalOrgID"),
        function_url_auth_type: text("FunctionUrlAuthType"),
        is_via_function_url: cx.input["InvokedViaFunctionUrl"].as_bool().unwrap_or_default(),
        qualifier,
    };
    if let Some(auth) = &statement.function_url_auth_type {
        urls::check_auth_type("functionUrlAuthType", auth)?;
        if statement.action != "lambda:InvokeFunctionUrl" {
            let text = "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action";
            return Err(invalid(text));
        }
    }
    if !statement.action.starts_with("lambda:") && statement.action != "*" {
        return Err(invalid(format!("{} is no action of Lambda", statement.action)));
    }
    let is_same =
        |known: &&Statement| known.sid == statement.sid && known.qualifier == statement.qualifier;
    if function.statements.iter().find(is_same).is_some() {
        let text = format!(
            "The statement id ({}) provided already exists. Please provide a new statement id, or remove the existing statement.",
            statement.sid
        );
        return Err(ApiError::new(409, "ResourceConflictException", text));
    }
    if function.statements.len() >= FUNCTION_STATEMENTS_MAX {
        let text = format!(
            "The final policy size is bigger than the limit: {FUNCTION_STATEMENTS_MAX} statements"
        );
        return Err(ApiError::new(400, "PolicyLengthExceededException", text));
    }
    let shown = view::statement(cx.call, &function.name, &statement);
    function.statements.push(statement);
    function.revision += 1;
    lambda.put(cx, function);
    Ok(Answer::json(201, &json!({ "Statement": shown.to_string() })))
}

/// `GetPolicy`
pub(super) fn get(lambda: &Lambda, cx: &Cx<'_>, name: &str) -> Result<Answer> {
    let function = lambda.own(cx, name)?;
    let (_, qualifier) = name_of(cx.call, name);
    let own = of(function, qualifier.as_deref());
    let statements: Vec<Value> =
        own.map(|statement| view::statement(cx.call, &function.name, statement)).collect();
    if statements.is_empty() {
        return Err(no_policy());
    }
    let policy = json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements });
    Ok(Answer::json(
        200,
        &json!({
            "Policy": policy.to_string(),
            "RevisionId": view::revision_id(&function.name, function.revision),
        }),
    ))
}

fn of<'f>(
    function: &'f Function,
    qualifier: Option<&'f str>,
) -> impl Iterator<Item = &'f Statement> {
    function.statements.iter().filter(move |of| of.qualifier.as_deref() == qualifier)
}

fn no_policy() -> ApiError {
    let text = "The resource you requested does not exist.";
    ApiError::new(404, "ResourceNotFoundException", text)
}

/// `RemovePermission`
pub(super) fn remove(
    lambda: &mut Lambda,
    cx: &mut Cx<'_>,
    name: &str,
    sid: &str,
) -> Result<Answer> {
    let mut function = lambda.own(cx, name)?.clone();
    configure::check_revision(cx, &function)?;
    let (_, qualifier) = name_of(cx.call, name);
    let before = function.statements.len();
    function.statements.retain(|of| of.sid != sid || of.qualifier != qualifier);
    if function.statements.len() == before {
        let text = format!("Statement {sid} is not found in resource policy.");
        return Err(ApiError::new(404, "ResourceNotFoundException", text));
    }
    function.revision += 1;
    lambda.put(cx, function);
    Ok(Answer::empty(204))
}
