//! What becomes of the data plane's answers.

use super::trials::{AskedAuthorizer, AskedMethod};
use crate::question::Pending;
use crate::{Answer, ApiError, NotTried, Publish};
use serde_json::Value;

/// A question, with what its answer is made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Asking {
    Method(Box<AskedMethod>),
    Authorizer(Box<AskedAuthorizer>),
    /// GetUsage, by its query.
    Usage {
        plan_id: String,
        query: String,
    },
    /// UpdateUsage, and then the day as GetUsage shows it.
    Remaining {
        plan_id: String,
        key_id: String,
        remaining: u64,
        query: String,
    },
}

/// Asks the data plane; its answer is the operation's.
pub(crate) fn answer_asked(
    asking: Asking,
    publish: &mut impl Publish,
) -> Pending<Result<Answer, ApiError>> {
    match asking {
        Asking::Method(asked) => {
            let tried = publish.try_out(asked.trial.clone());
            Box::pin(async move {
                Ok(Answer::json(200, &asked.answer(tried.await.map_err(not_tried)?)))
            })
        }
        Asking::Authorizer(asked) => {
            let tried = publish.try_out(asked.trial.clone());
            Box::pin(async move {
                Ok(Answer::json(200, &asked.answer(tried.await.map_err(not_tried)?)))
            })
        }
        Asking::Usage { plan_id, query } => {
            let usage = publish.usage(&plan_id, &query);
            Box::pin(async move { document(&usage.await?) })
        }
        Asking::Remaining { plan_id, key_id, remaining, query } => {
            let set = publish.set_remaining(&plan_id, &key_id, remaining);
            let usage = publish.usage(&plan_id, &query);
            Box::pin(async move {
                set?;
                document(&usage.await?)
            })
        }
    }
}

fn document(text: &str) -> Result<Answer, ApiError> {
    let document: Value = serde_json::from_str(text)
        .map_err(|error| ApiError::new(500, "InternalFailure", error.to_string()))?;
    Ok(Answer::json(200, &document))
}

fn not_tried(error: NotTried) -> ApiError {
    match error {
        NotTried::Refused(diagnostics) => {
            let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
            let texts: Vec<_> = errors.map(|diagnostic| diagnostic.text.clone()).collect();
            ApiError::bad_request(format!("This cannot be served: {}", texts.join("; ")))
        }
        NotTried::Unavailable(text) => ApiError::new(503, "ServiceUnavailableException", text),
    }
}
