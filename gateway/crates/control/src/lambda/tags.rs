//! Tags of functions.

use serde_json::json;

use super::{Cx, Lambda, Result, invalid};
use crate::Answer;
use crate::limits::TAGS_MAX;

/// `ListTags`
pub(super) fn list(lambda: &Lambda, cx: &Cx<'_>, arn: &str) -> Result<Answer> {
    let function = lambda.own(cx, arn)?;
    Ok(Answer::json(200, &json!({ "Tags": function.tags })))
}

/// `TagResource`
pub(super) fn add(lambda: &mut Lambda, cx: &mut Cx<'_>, arn: &str) -> Result<Answer> {
    let mut function = lambda.own(cx, arn)?.clone();
    let tags = cx.input["Tags"].as_object().into_iter().flatten();
    for (key, value) in tags {
        function.tags.insert(key.clone(), value.as_str().map(str::to_owned).unwrap_or_default());
    }
    if function.tags.len() > TAGS_MAX {
        return Err(invalid(format!("A function may have {TAGS_MAX} tags")));
    }
    lambda.put(cx, function);
    Ok(Answer::empty(204))
}

/// `UntagResource`
pub(super) fn remove(lambda: &mut Lambda, cx: &mut Cx<'_>, arn: &str) -> Result<Answer> {
    let mut function = lambda.own(cx, arn)?.clone();
    for key in cx.call.query_all("tagKeys") {
        function.tags.remove(key);
    }
    lambda.put(cx, function);
    Ok(Answer::empty(204))
}
