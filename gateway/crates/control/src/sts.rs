//! AWS STS: who the caller is, and temporary credentials for the tools that insist on them.
//!
//! A role needs not exist: there is one administrator, and whoever assumes a role from there stays it in all but name.

use crate::credentials::{Credentials, Identity};
use crate::limits::{
    ASSUMED_SECONDS_DEFAULT, SESSION_NAME_CHARS_MAX, SESSION_SECONDS_MAX, SESSION_SECONDS_MIN,
    SESSION_TOKEN_SECONDS_DEFAULT, SESSION_TOKEN_SECONDS_MAX,
};
use crate::signature::iso;
use crate::wire::form::Form;
use crate::wire::xml;
use crate::{Answer, ApiError, Call};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Operations of STS that we do not have. Source: AWS's service model of 2011-06-15.
const NOT_IMPLEMENTED: [&str; 8] = [
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "AssumeRoot",
    "DecodeAuthorizationMessage",
    "GetAccessKeyInfo",
    "GetDelegatedAccessToken",
    "GetFederationToken",
    "GetWebIdentityToken",
];

/// Answers a call of STS.
pub(crate) fn answer(
    call: &Call,
    identity: &Identity,
    credentials: &Credentials,
) -> Result<Answer, ApiError> {
    let form = Form::of(call)?;
    let action = form.get("Action").unwrap_or_default();
    let result = match action {
        "GetCallerIdentity" => caller_identity(call, identity),
        "AssumeRole" => assume_role(call, &form, credentials)?,
        "GetSessionToken" => session_token(call, &form, identity, credentials)?,
        known if NOT_IMPLEMENTED.contains(&known) => return Err(ApiError::not_implemented(known)),
        "" => {
            let text = "The action or operation requested is invalid. Verify that the action is typed correctly.";
            return Err(ApiError::new(400, "MissingAction", text));
        }
        unknown => {
            let version = form.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
            let text = format!("Could not find operation {unknown} for version {version}");
            return Err(ApiError::new(400, "InvalidAction", text));
        }
    };
    Ok(xml::answer(NAMESPACE, action, &result, &call.request_id))
}

fn caller_identity(call: &Call, identity: &Identity) -> String {
    let account = &call.account_id;
    let (arn, user) = match identity {
        Identity::Root => (format!("arn:aws:iam::{account}:root"), account.clone()),
        Identity::Role { role, session } => assumed(account, role, session),
    };
    elements(&[("Arn", &arn), ("UserId", &user), ("Account", account)])
}

fn assume_role(call: &Call, form: &Form, credentials: &Credentials) -> Result<String, ApiError> {
    let arn = required(form, "RoleArn", "roleArn")?;
    let session = required(form, "RoleSessionName", "roleSessionName")?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if !(2..=SESSION_NAME_CHARS_MAX).contains(&session.len()) || !session.chars().all(is_name) {
        return Err(invalid(&format!(
            "Value '{session}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"
        )));
    }
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let role = match parts[..] {
        ["arn", _, "iam", "", _, resource] => resource.strip_prefix("role/"),
        _ => None,
    };
    // Roles have paths; sessions carry the name alone.
    let role = role.and_then(|path| path.rsplit('/').next());
    let Some(role) = role.filter(|role| !role.is_empty() && !role.contains('|')) else {
        return Err(ApiError::new(400, "ValidationError", format!("{arn} is invalid")));
    };
    let seconds = duration(form, ASSUMED_SECONDS_DEFAULT, SESSION_SECONDS_MAX)?;
    let expires = call.unix_ms / 1000 + seconds;
    let identity = Identity::Role { role: role.to_owned(), session: session.to_owned() };
    let (arn, id) = assumed(&call.account_id, role, session);
    let user = elements(&[("AssumedRoleId", &id), ("Arn", &arn)]);
    let credentials = temporary(credentials, &identity, expires)?;
    Ok(format!("<AssumedRoleUser>{user}</AssumedRoleUser>{credentials}"))
}

fn session_token(
    call: &Call,
    form: &Form,
    identity: &Identity,
    credentials: &Credentials,
) -> Result<String, ApiError> {
    if *identity != Identity::Root {
        let text = "Cannot call GetSessionToken with session credentials";
        return Err(ApiError::new(403, "AccessDenied", text));
    }
    let seconds = duration(form, SESSION_TOKEN_SECONDS_DEFAULT, SESSION_TOKEN_SECONDS_MAX)?;
    temporary(credentials, identity, call.unix_ms / 1000 + seconds)
}

/// ARN and id of a role's session. The id is made from the name, so that it stays the same.
fn assumed(account: &str, role: &str, session: &str) -> (String, String) {
    let arn = format!("arn:aws:sts::{account}:assumed-role/{role}/{session}");
    let mut id = String::from("AROA");
    let letters = role.chars().filter(char::is_ascii_alphanumeric);
    id.extend(letters.map(|c| c.to_ascii_uppercase()).chain(std::iter::repeat('A')).take(17));
    (arn, format!("{id}:{session}"))
}

fn temporary(
    credentials: &Credentials,
    identity: &Identity,
    expires: u64,
) -> Result<String, ApiError> {
    let given = credentials.temporary(identity, expires)?;
    let inside = elements(&[
        ("AccessKeyId", &given.access_key_id),
        ("SecretAccessKey", &given.secret_access_key),
        ("SessionToken", &given.session_token),
        ("Expiration", &iso(expires * 1000)),
    ]);
    Ok(format!("<Credentials>{inside}</Credentials>"))
}

fn duration(form: &Form, default: u64, max: u64) -> Result<u64, ApiError> {
    let Some(text) = form.get("DurationSeconds") else { return Ok(default) };
    let seconds: u64 = text.parse().map_err(|_| {
        ApiError::new(400, "MalformedInput", format!("'{text}' at 'durationSeconds' is no number"))
    })?;
    let wrong = |relation: &str, bound: u64| {
        invalid(&format!(
            "Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value {relation} than or equal to {bound}"
        ))
    };
    match seconds {
        _ if seconds < SESSION_SECONDS_MIN => Err(wrong("greater", SESSION_SECONDS_MIN)),
        _ if seconds > max => Err(wrong("less", max)),
        seconds => Ok(seconds),
    }
}

fn required<'f>(form: &'f Form, name: &str, member: &str) -> Result<&'f str, ApiError> {
    form.get(name).filter(|value| !value.is_empty()).ok_or_else(|| {
        invalid(&format!(
            "Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

fn invalid(text: &str) -> ApiError {
    ApiError::new(400, "ValidationError", format!("1 validation error detected: {text}"))
}

fn elements(parts: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in parts {
        xml::write_element(name, value, &mut text);
    }
    text
}

#[cfg(test)]
mod tests;
