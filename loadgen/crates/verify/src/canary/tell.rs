//! What tells a canary's requests from the stage's: a stage variable with two values that shows somewhere.

use gateway_model::{IntegrationType, Stage};
use loadgen_engine::Answer;

use crate::origin::Call;
use crate::probe::{variable_of, with_variables};
use crate::route::Route;

/// Whose request it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Canary,
    Stage,
}

/// What tells them apart, with the canary's value and the stage's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tell {
    place: Place,
    canary: Option<String>,
    stage: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// A header of the answer, in lower case.
    Answer(String),
    /// A header of the backend's request, in lower case.
    Header(String),
    /// A parameter of the backend's query.
    Query(String),
    /// The beginning of the backend's path.
    Path,
}

impl Tell {
    /// What tells the sides apart on `route`, if anything does; answers come before calls.
    pub(super) fn of(route: &Route<'_>) -> Option<Self> {
        let integration = route.method.integration.as_ref()?;
        let differing = |source: &str| {
            let (stage, canary) = both(route.stage, source.strip_prefix("stageVariables.")?);
            let owned = |value: Option<&str>| value.map(str::to_owned);
            (stage != canary).then_some((owned(stage), owned(canary)))
        };
        let tell = |place, (stage, canary)| Some(Self { place, canary, stage });
        if integration.kind != IntegrationType::HttpProxy {
            let every = |read: fn(&gateway_model::IntegrationResponse) -> Option<(&str, &str)>| {
                // All responses set it: whichever is chosen tells.
                let mut all = integration.integration_responses.iter().map(read);
                let first = all.next()??;
                all.all(|other| other == Some(first)).then_some(first)
            };
            let found = every(|response| {
                let mut mappings = response.response_parameters.iter();
                let is_variable = |m: &&gateway_model::ParameterMapping| {
                    m.source.value.starts_with("stageVariables.")
                };
                let mapping = mappings.find(is_variable)?;
                let name = mapping.target.value.strip_prefix("method.response.header.")?;
                Some((name, mapping.source.value.as_str()))
            });
            if let Some((name, source)) = found
                && let Some(values) = differing(source)
            {
                return tell(Place::Answer(name.to_ascii_lowercase()), values);
            }
        }
        if !matches!(integration.kind, IntegrationType::Http | IntegrationType::HttpProxy) {
            return None;
        }
        for mapping in &integration.request_parameters {
            let Some(values) = differing(&mapping.source.value) else { continue };
            let target = mapping.target.value.as_str();
            if let Some(name) = target.strip_prefix("integration.request.header.") {
                return tell(Place::Header(name.to_ascii_lowercase()), values);
            }
            if let Some(name) = target.strip_prefix("integration.request.querystring.") {
                return tell(Place::Query(name.to_owned()), values);
            }
        }
        let uri = integration.uri.as_ref()?.value.as_str();
        let beginning = |canary: bool| {
            let whole = with_variables(uri, |name| {
                let (stage, of_canary) = both(route.stage, name);
                if canary { of_canary } else { stage }
            });
            let path = whole.split_once("://")?.1.split_once('/')?.1;
            let end = path.find(['{', '?']).unwrap_or(path.len());
            Some(format!("/{}", &path[..end]))
        };
        let (stage, canary) = (beginning(false)?, beginning(true)?);
        let is_told = !stage.starts_with(&canary) && !canary.starts_with(&stage);
        let values = (Some(stage), Some(canary));
        is_told.then_some(Self { place: Place::Path, canary: values.1, stage: values.0 })
    }

    /// Whether it is seen at the backend only.
    pub(super) fn is_at_backend(&self) -> bool {
        !matches!(self.place, Place::Answer(_))
    }

    /// Whose an answer is.
    pub(super) fn of_answer(&self, answer: &Answer) -> Option<Side> {
        match &self.place {
            Place::Answer(name) => self.side(answer.header(name)),
            _ => None,
        }
    }

    /// Whose a call is.
    pub(super) fn of_call(&self, call: &Call) -> Option<Side> {
        match &self.place {
            Place::Answer(_) => None,
            Place::Header(name) => self.side(call.header(name)),
            Place::Query(name) => {
                let mut pairs = call.query.split('&').filter_map(|pair| pair.split_once('='));
                self.side(pairs.find(|(n, _)| n == name).map(|(_, value)| value))
            }
            Place::Path => {
                let begins = |with: &Option<String>| {
                    with.as_ref().is_some_and(|with| call.path.starts_with(with.as_str()))
                };
                if begins(&self.canary) {
                    Some(Side::Canary)
                } else {
                    begins(&self.stage).then_some(Side::Stage)
                }
            }
        }
    }

    /// `the header X-Release, next and stable`.
    pub(super) fn in_words(&self) -> String {
        let place = match &self.place {
            Place::Answer(name) => format!("header {name} of the answer"),
            Place::Header(name) => format!("header {name} at the backend"),
            Place::Query(name) => format!("query parameter {name} at the backend"),
            Place::Path => "the path at the backend".to_owned(),
        };
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        format!(
            "{place} ({} is the canary's, {} the stage's)",
            value(&self.canary),
            value(&self.stage)
        )
    }

    fn side(&self, found: Option<&str>) -> Option<Side> {
        if found == self.canary.as_deref() {
            Some(Side::Canary)
        } else if found == self.stage.as_deref() {
            Some(Side::Stage)
        } else {
            None
        }
    }
}

/// A stage variable's value for the stage's requests, and for the canary's.
fn both<'a>(stage: &'a Stage, name: &str) -> (Option<&'a str>, Option<&'a str>) {
    let own = variable_of(stage, name);
    let overrides = stage.canary.as_ref().map(|canary| &canary.stage_variable_overrides);
    let overridden = overrides.and_then(|overrides| overrides.get(name)).map(String::as_str);
    (own, overridden.or(own))
}
