//! API Gateway v1: the 124 operations on REST APIs and what goes with them.
//!
//! [`answer`] is pure: it takes the [`State`] and a [`Call`], changes the state in memory, and says what that writes to the
//! store and whether the data plane has to hear of it. The caller commits the documents before it sends the answer; when it
//! cannot, it loads the state anew from what is stored.
//!
//! The road of a call: `routes` finds the operation, `shape` checks its input as AWS's framework does, the operation's own
//! module does it, `view` makes the answer.
//!
//! **Architecture invariant:** an operation that fails has changed nothing: everything is checked before the first write.

mod access_associations;
mod account;
mod api_keys;
mod asked;
mod authorizers;
mod base_path_mappings;
mod client_certificates;
mod convert;
mod cx;
mod deployments;
mod documentation;
mod documents;
mod domain_names;
mod export;
mod files;
mod fit;
mod gateway_responses;
mod ids;
mod import;
mod import_api_keys;
mod inputs;
mod integrations;
mod limits;
mod methods;
mod model_template;
mod models;
mod patch;
mod plan_patch;
mod request_validators;
mod resources;
mod responses;
mod rest_apis;
mod routes;
mod sdk;
mod sdk_types;
mod shape;
mod stage_patch;
mod stages;
mod state;
mod tags;
mod trials;
mod types;
mod usage;
mod usage_plans;
mod view;
mod vpc_links;

pub use documents::InvalidDocument;
pub use ids::Ids;
pub(crate) use import::partition;
pub use routes::{Operation, operations};
pub use state::State;

pub(crate) use asked::{Asking, answer_asked};

use crate::{Answer, ApiError, Call, Change, Question};
use cx::Cx;

/// What the data plane has to hear of a call that succeeded, once its changes are stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Deploy {
    /// Something that is served has changed: publish [`State::definitions`]. Several calls may share one publishing.
    Publish,
    /// The answer is the data plane's to give: the one that comes with this says nothing.
    Ask(Question),
    /// Empty the response cache of a stage.
    FlushCache {
        /// The API.
        api_id: String,
        /// The stage.
        stage: String,
    },
    /// Empty the cache of authorizers' decisions of a stage.
    FlushAuthorizers {
        /// The API.
        api_id: String,
        /// The stage.
        stage: String,
    },
}

/// Carries out one operation.
///
/// # Errors
/// [`ApiError`] in AWS's words; the state is then as before.
pub fn answer(
    state: &mut State,
    call: &Call,
) -> Result<(Answer, Vec<Change>, Option<Deploy>), ApiError> {
    let found = routes::find(call)?;
    let Some(handler) = found.operation.handler else {
        return Err(ApiError::not_implemented(found.operation.name));
    };
    files::check(state, &found, call)?;
    let body = shape::read_input(&found, call)?;
    let mut cx = Cx::new(state, call, found.labels, body);
    let document = handler(&mut cx)?;
    let raw = cx.raw.take();
    let (changes, deploy) = cx.finish();
    let answer = match (raw, document) {
        (Some(answer), _) => answer,
        (None, serde_json::Value::Null) => Answer::empty(found.operation.status),
        (None, document) => Answer::json(found.operation.status, &document),
    };
    Ok((answer, changes, deploy))
}

#[cfg(test)]
mod tests;
