//! What requests ask for.

use super::prepare::invalid;
use super::types::{SourceText, Stack};
use super::{Cx, Result};
use crate::ApiError;
use crate::limits::{STACK_NAME_CHARS_MAX, TEMPLATE_BYTES_MAX};

/// A member that has to be there.
pub(super) fn required<'c>(cx: &'c Cx<'_>, name: &str) -> Result<&'c str> {
    cx.form.get(name).filter(|value| !value.is_empty()).ok_or_else(|| {
        let mut member = name.to_owned();
        member[..1].make_ascii_lowercase();
        invalid(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

/// The name of a stack that is to be made.
pub(super) fn new_name<'c>(cx: &'c Cx<'_>) -> Result<&'c str> {
    let name = required(cx, "StackName")?;
    let is_name = name.len() <= STACK_NAME_CHARS_MAX
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_name {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )));
    }
    Ok(name)
}

/// A flag.
pub(super) fn flag(cx: &Cx<'_>, name: &str) -> bool {
    cx.form.get(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// The text of the template that a request has, in itself or in a bucket here; none when it has none.
pub(super) fn template(cx: &Cx<'_>) -> Result<Option<String>> {
    let text = match (cx.form.get("TemplateBody"), cx.form.get("TemplateURL")) {
        (Some(_), Some(_)) => {
            return Err(invalid("You can only specify one of TemplateBody or TemplateURL"));
        }
        (Some(text), None) => Some(text.to_owned()),
        (None, Some(url)) => Some(fetch(cx, url)?),
        (None, None) => None,
    };
    if text.as_ref().is_some_and(|text| text.len() > TEMPLATE_BYTES_MAX) {
        return Err(invalid(format!(
            "Template size exceeds the limit: at most {TEMPLATE_BYTES_MAX} bytes"
        )));
    }
    Ok(text)
}

/// A template in a bucket here, by any of the URLs that clients make of it.
fn fetch(cx: &Cx<'_>, url: &str) -> Result<String> {
    let not_s3 = || invalid(format!("TemplateURL must be a supported URL: {url}"));
    let (bucket, key) = bucket_and_key(url).ok_or_else(not_s3)?;
    let path =
        cx.surroundings.buckets.object_path(&bucket, &key).map_err(|error| {
            invalid(format!("S3 error: {}: s3://{bucket}/{key}", error.message))
        })?;
    let read = std::fs::metadata(&path).and_then(|metadata| {
        match metadata.len() > TEMPLATE_BYTES_MAX as u64 {
            true => Err(std::io::ErrorKind::FileTooLarge.into()),
            false => std::fs::read_to_string(&path),
        }
    });
    read.map_err(|error| invalid(format!("S3 error: s3://{bucket}/{key} cannot be read: {error}")))
}

/// Bucket and key of `s3://bucket/key`, `https://bucket.s3.region.host/key` and `http://host/bucket/key`.
fn bucket_and_key(url: &str) -> Option<(String, String)> {
    let decoded = |text: &str| crate::wire::decode(text, false).ok();
    if let Some((bucket, key)) = url.strip_prefix("s3://").and_then(|rest| rest.split_once('/')) {
        return Some((bucket.to_owned(), decoded(key)?));
    }
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let (host, path) = rest.split_once('/')?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let below = ["amazonaws.com", "amazonaws.com.cn", "localhost"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix)?.strip_suffix('.'));
    let labels: Vec<&str> = below.unwrap_or_default().split('.').collect();
    let at = labels.iter().position(|label| *label == "s3" || label.starts_with("s3-"));
    let bucket = match at {
        Some(0) => None,
        Some(at) => Some(labels[..at].join(".")),
        None => below.map(str::to_owned),
    };
    match bucket {
        Some(bucket) => Some((bucket, decoded(path)?)),
        None => {
            let (bucket, key) = path.split_once('/')?;
            Some((bucket.to_owned(), decoded(key)?))
        }
    }
}

/// What a request wants a stack to be made from; of an update, `before` is what it was made from.
pub(super) fn source(cx: &Cx<'_>, before: Option<&Stack>) -> Result<SourceText> {
    let previous = before.map(|stack| &stack.source);
    let template = match (template(cx)?, previous) {
        (Some(template), _) => template,
        (None, Some(previous)) if flag(cx, "UsePreviousTemplate") => previous.template.clone(),
        (None, _) => {
            return Err(invalid("Either Template URL or Template Body must be specified."));
        }
    };
    let mut parameters = Vec::new();
    for member in cx.form.members("Parameters") {
        let key = member.get("ParameterKey").unwrap_or_default().to_owned();
        let uses_previous =
            member.get("UsePreviousValue").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        if uses_previous {
            let old = previous.and_then(|old| old.parameters.iter().find(|(name, _)| *name == key));
            // Without a value of its own it had the template's default, and has it again.
            if let Some((_, value)) = old {
                parameters.push((key, value.clone()));
            } else if previous.is_none() {
                let text = format!(
                    "Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for a parameter key not in the previous template"
                );
                return Err(invalid(text));
            }
            continue;
        }
        let value = member.get("ParameterValue");
        let value =
            value.ok_or_else(|| invalid(format!("Parameters: [{key}] must have values")))?;
        parameters.push((key, value.to_owned()));
    }
    let tags = cx.form.members("Tags");
    let tags: Vec<(String, String)> = tags
        .iter()
        .map(|tag| {
            let text = |name| tag.get(name).unwrap_or_default().to_owned();
            (text("Key"), text("Value"))
        })
        .collect();
    let has_tags = !tags.is_empty() || cx.form.has("Tags");
    Ok(SourceText {
        template,
        parameters,
        tags: match previous {
            Some(previous) if !has_tags => previous.tags.clone(),
            _ => tags,
        },
        capabilities: cx.form.list("Capabilities"),
        role_arn: cx
            .form
            .get("RoleARN")
            .map(str::to_owned)
            .or_else(|| previous.and_then(|previous| previous.role_arn.clone())),
        notification_arns: cx.form.list("NotificationARNs"),
        artifacts: Vec::new(),
    })
}

/// Refuses what a template makes and the caller did not say that they know of.
pub(super) fn check_capabilities(source: &SourceText, needed: &[&'static str]) -> Result<()> {
    let has = |name: &str| source.capabilities.iter().any(|given| given == name);
    let missing: Vec<_> = needed
        .iter()
        .filter(|name| !(has(name) || **name == "CAPABILITY_IAM" && has("CAPABILITY_NAMED_IAM")))
        .copied()
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let text = format!("Requires capabilities : [{}]", missing.join(", "));
    Err(ApiError::new(400, "InsufficientCapabilitiesException", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_templates() {
        let check = |url: &str, expect: Option<(&str, &str)>| {
            let expect = expect.map(|(bucket, key)| (bucket.to_owned(), key.to_owned()));
            assert_eq!(bucket_and_key(url), expect, "{url}");
        };
        check("https://s3.us-east-1.amazonaws.com/b/a/k.yaml", Some(("b", "a/k.yaml")));
        check("https://s3.amazonaws.com/b/k", Some(("b", "k")));
        check("https://b.s3.eu-west-1.amazonaws.com/a/k%20x", Some(("b", "a/k x")));
        check("https://b.c.s3.amazonaws.com/k?versionId=1", Some(("b.c", "k")));
        check("http://127.0.0.1:4566/b/k", Some(("b", "k")));
        check("http://localhost:4566/b/k", Some(("b", "k")));
        check("http://b.localhost:4566/k", Some(("b", "k")));
        check("http://b.s3.localhost:4566/k", Some(("b", "k")));
        check("http://s3.localhost:4566/b/k", Some(("b", "k")));
        check("s3://b/a/k", Some(("b", "a/k")));
        check("ftp://b/k", None);
        check("https://127.0.0.1/", None);
    }
}
