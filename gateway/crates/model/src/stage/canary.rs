//! What a stage's patch does to its canary: promote it, move its share, end it.

use super::{CanarySetting, Deployment, Stage};
use crate::limits::CANARY_PERCENT_MAX;
use crate::{DeploymentId, Spanned};
use std::collections::BTreeMap;
use std::fmt;

/// One operation of a stage's patch that is about the canary.
#[derive(Clone, Debug, PartialEq)]
pub enum CanaryPatch {
    /// `copy /canarySettings/deploymentId` to `/deploymentId`.
    CopyDeployment,
    /// `copy /canarySettings/stageVariableOverrides` to `/variables`, over those that are there.
    CopyVariables,
    /// `replace /canarySettings/percentTraffic`.
    ReplacePercentTraffic(f64),
    /// `replace /canarySettings/deploymentId`.
    ReplaceDeployment(DeploymentId),
    /// `replace /canarySettings/useStageCache`.
    ReplaceUseStageCache(bool),
    /// `remove /canarySettings`.
    Remove,
}

impl CanaryPatch {
    /// Reads an operation on `/canarySettings…`, or a copy.
    ///
    /// # Errors
    /// [`CanaryError`], in API Gateway's words.
    pub fn parse(op: &str, path: &str, from: &str, value: &str) -> Result<Self, CanaryError> {
        let path_only = || path.to_owned();
        match (op, path) {
            ("copy", "/deploymentId") if from == DEPLOYMENT => Ok(Self::CopyDeployment),
            ("copy", "/variables") if from == OVERRIDES => Ok(Self::CopyVariables),
            ("copy", _) => {
                Err(CanaryError::InvalidCopy { path: path_only(), from: from.to_owned() })
            }
            ("replace", PERCENT) => match value.parse() {
                Ok(percent) if (0.0..=CANARY_PERCENT_MAX).contains(&percent) => {
                    Ok(Self::ReplacePercentTraffic(percent))
                }
                _ => Err(CanaryError::InvalidPercent(value.to_owned())),
            },
            ("replace", DEPLOYMENT) => Ok(Self::ReplaceDeployment(DeploymentId::new(value))),
            // A boolean given as rubbish is false, as API Gateway has it.
            ("replace", USE_STAGE_CACHE) => {
                Ok(Self::ReplaceUseStageCache(value.eq_ignore_ascii_case("true")))
            }
            ("remove", SETTINGS) => Ok(Self::Remove),
            ("remove", _) => Err(CanaryError::InvalidRemove(path_only())),
            ("add", _) => Err(CanaryError::InvalidAdd(path_only())),
            _ => Err(CanaryError::InvalidPath(path_only())),
        }
    }
}

const SETTINGS: &str = "/canarySettings";
const DEPLOYMENT: &str = "/canarySettings/deploymentId";
const OVERRIDES: &str = "/canarySettings/stageVariableOverrides";
const PERCENT: &str = "/canarySettings/percentTraffic";
const USE_STAGE_CACHE: &str = "/canarySettings/useStageCache";

impl Stage {
    /// Applies a patch in the order written, all of it or nothing.
    ///
    /// Promotion copies the canary's deployment and variables and leaves the canary where it is; it
    /// ends with [`CanaryPatch::Remove`]. A replacement where there is no canary makes one, of the
    /// stage's own deployment and without traffic. `deployments` are those of the stage's API.
    ///
    /// # Errors
    /// [`CanaryError`]; the stage is as before.
    ///
    /// Source: API Gateway's patch operations on stages, "Promotion".
    pub fn promote_canary(
        &mut self,
        deployments: &BTreeMap<DeploymentId, Deployment>,
        patch: &[CanaryPatch],
    ) -> Result<(), CanaryError> {
        let mut next = self.clone();
        for operation in patch {
            next.apply(deployments, operation)?;
        }
        *self = next;
        Ok(())
    }

    fn apply(
        &mut self,
        deployments: &BTreeMap<DeploymentId, Deployment>,
        operation: &CanaryPatch,
    ) -> Result<(), CanaryError> {
        let known = |id: &DeploymentId| match deployments.contains_key(id) {
            true => Ok(id.clone()),
            false => Err(CanaryError::DeploymentUnknown),
        };
        match operation {
            CanaryPatch::CopyDeployment => {
                let canary = self.canary.as_ref().ok_or(CanaryError::NoCanary)?;
                if let Some(id) = &canary.deployment {
                    self.deployment = known(id)?;
                }
            }
            CanaryPatch::CopyVariables => {
                let canary = self.canary.as_ref().ok_or(CanaryError::NoCanary)?;
                for (name, value) in &canary.stage_variable_overrides {
                    let value = Spanned::new(value.clone(), canary.place.clone());
                    self.variables.insert(name.clone(), value);
                }
            }
            CanaryPatch::ReplacePercentTraffic(percent) => {
                self.canary_or_new().percent_traffic = Some(*percent);
            }
            CanaryPatch::ReplaceDeployment(id) => {
                self.canary_or_new().deployment = Some(known(id)?);
            }
            CanaryPatch::ReplaceUseStageCache(uses) => {
                self.canary_or_new().use_stage_cache = *uses;
            }
            CanaryPatch::Remove => self.canary = None,
        }
        Ok(())
    }

    fn canary_or_new(&mut self) -> &mut CanarySetting {
        let (deployment, place) = (&self.deployment, &self.place);
        self.canary.get_or_insert_with(|| CanarySetting {
            deployment: Some(deployment.clone()),
            percent_traffic: Some(0.0),
            stage_variable_overrides: BTreeMap::new(),
            use_stage_cache: false,
            place: place.clone(),
        })
    }
}

/// Why a canary cannot be changed so. Displays as API Gateway says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CanaryError {
    /// A copy, and no canary.
    NoCanary,
    /// The API has no such deployment.
    DeploymentUnknown,
    /// An addition to a canary.
    InvalidAdd(String),
    /// A copy of something else, or to somewhere else.
    InvalidCopy {
        /// To where.
        path: String,
        /// From where.
        from: String,
    },
    /// A removal of a part of a canary.
    InvalidRemove(String),
    /// A share that is no number from 0 to 100.
    InvalidPercent(String),
    /// Something that a canary does not have.
    InvalidPath(String),
}

impl fmt::Display for CanaryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCanary => f.write_str("Promotion not available. Canary does not exist."),
            Self::DeploymentUnknown => f.write_str("Deployment id does not exist"),
            Self::InvalidAdd(path) => write!(f, "Invalid add operation with path: {path}"),
            Self::InvalidCopy { path, from } => write!(
                f,
                "Invalid copy operation with path: {path} and from {from}. Valid copy:path are \
                 [/deploymentId, /variables] and valid copy:from are [{DEPLOYMENT}, {OVERRIDES}]"
            ),
            Self::InvalidRemove(path) => write!(
                f,
                "Cannot remove method setting {} because there is no method setting for this \
                 method ",
                path.strip_prefix('/').unwrap_or(path)
            ),
            Self::InvalidPercent(value) => {
                write!(f, "Invalid percentTraffic \"{value}\": 0.0 to {CANARY_PERCENT_MAX:.1}")
            }
            Self::InvalidPath(path) => write!(
                f,
                "Invalid method setting path: {path}. Must be one of: \
                 [{DEPLOYMENT}, {PERCENT}, {USE_STAGE_CACHE}]"
            ),
        }
    }
}

impl std::error::Error for CanaryError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Place, StageName};

    fn deployments() -> BTreeMap<DeploymentId, Deployment> {
        let deployment = |id: &str| Deployment {
            id: DeploymentId::new(id),
            logical_id: id.to_owned(),
            description: None,
            canary: None,
            place: Place::nowhere(),
        };
        ["d1", "d2"].map(|id| (DeploymentId::new(id), deployment(id))).into()
    }

    fn stage(canary: Option<(&str, &[(&str, &str)])>) -> Stage {
        let name = StageName::parse("prod").expect("a name");
        let mut stage = Stage::new(name, DeploymentId::new("d1"), Place::nowhere());
        for (name, value) in [("a", "1"), ("b", "2")] {
            stage.variables.insert(name.to_owned(), Spanned::nowhere(value));
        }
        stage.canary = canary.map(|(id, overrides)| CanarySetting {
            deployment: Some(DeploymentId::new(id)),
            percent_traffic: Some(12.5),
            stage_variable_overrides: overrides
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            use_stage_cache: true,
            place: Place::nowhere(),
        });
        stage
    }

    /// Operations as `op path [from|value]`, one after the other.
    fn patch(stage: &mut Stage, operations: &[[&str; 3]]) -> Result<(), String> {
        let parse = |[op, path, last]: &[&str; 3]| CanaryPatch::parse(op, path, last, last);
        let operations: Result<Vec<_>, _> = operations.iter().map(parse).collect();
        let patched = operations.and_then(|all| stage.promote_canary(&deployments(), &all));
        patched.map_err(|error| error.to_string())
    }

    fn variables(stage: &Stage) -> String {
        let variables = stage.variables.iter();
        variables.map(|(name, value)| format!("{name}={} ", value.value)).collect()
    }

    const COPY_DEPLOYMENT: [&str; 3] = ["copy", "/deploymentId", DEPLOYMENT];
    const COPY_VARIABLES: [&str; 3] = ["copy", "/variables", OVERRIDES];

    #[test]
    fn promotion_takes_over_deployment_and_variables_and_keeps_the_canary() {
        let mut stage = stage(Some(("d2", &[("b", "3"), ("c", "4")])));
        let operations = [COPY_DEPLOYMENT, COPY_VARIABLES, ["replace", PERCENT, "0.0"]];
        assert_eq!(patch(&mut stage, &operations), Ok(()));
        assert_eq!(stage.deployment.as_str(), "d2");
        assert_eq!(variables(&stage), "a=1 b=3 c=4 ");
        assert_eq!(stage.canary.as_ref().and_then(|canary| canary.percent_traffic), Some(0.0));
        assert_eq!(patch(&mut stage, &[["remove", SETTINGS, ""]]), Ok(()));
        assert_eq!((stage.canary, stage.deployment.as_str()), (None, "d2"));
    }

    #[test]
    fn a_replacement_makes_a_canary_of_the_stage_itself() {
        let mut stage = stage(None);
        assert_eq!(patch(&mut stage, &[["replace", USE_STAGE_CACHE, "true"]]), Ok(()));
        let canary = stage.canary.clone().expect("a canary");
        assert_eq!(canary.deployment, Some(DeploymentId::new("d1")));
        assert_eq!((canary.percent_traffic, canary.use_stage_cache), (Some(0.0), true));
        let operations = [["replace", DEPLOYMENT, "d2"], ["replace", PERCENT, "7"]];
        assert_eq!(patch(&mut stage, &operations), Ok(()));
        let canary = stage.canary.expect("a canary");
        assert_eq!(canary.deployment, Some(DeploymentId::new("d2")));
        assert_eq!(canary.percent_traffic, Some(7.0));
    }

    #[test]
    fn what_cannot_be_done_says_why_and_changes_nothing() {
        let valid = "Valid copy:path are [/deploymentId, /variables] and valid copy:from are \
                     [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]";
        let crossed = format!(
            "Invalid copy operation with path: /variables and from /canarySettings/deploymentId. {valid}"
        );
        let none = "Promotion not available. Canary does not exist.";
        let gone = Some(("gone", &[][..]));
        let cases = [
            (None, vec![COPY_DEPLOYMENT], none),
            (None, vec![COPY_VARIABLES], none),
            (gone, vec![COPY_DEPLOYMENT], "Deployment id does not exist"),
            (
                gone,
                vec![["replace", PERCENT, "1"], ["replace", DEPLOYMENT, "x"]],
                "Deployment id does not exist",
            ),
            (
                gone,
                vec![["add", DEPLOYMENT, "d1"]],
                "Invalid add operation with path: /canarySettings/deploymentId",
            ),
            (gone, vec![["copy", "/variables", DEPLOYMENT]], &crossed),
            (
                gone,
                vec![["remove", OVERRIDES, ""]],
                "Cannot remove method setting canarySettings/stageVariableOverrides because there \
                 is no method setting for this method ",
            ),
            (
                gone,
                vec![["replace", PERCENT, "101"]],
                "Invalid percentTraffic \"101\": 0.0 to 100.0",
            ),
            (
                gone,
                vec![["replace", PERCENT, "NaN"]],
                "Invalid percentTraffic \"NaN\": 0.0 to 100.0",
            ),
            (
                gone,
                vec![["replace", SETTINGS, ""]],
                "Invalid method setting path: /canarySettings. Must be one of: \
                 [/canarySettings/deploymentId, /canarySettings/percentTraffic, \
                 /canarySettings/useStageCache]",
            ),
        ];
        for (canary, operations, expect) in cases {
            let before = stage(canary);
            let mut after = before.clone();
            assert_eq!(patch(&mut after, &operations), Err(expect.to_owned()), "{operations:?}");
            assert_eq!(after, before, "{operations:?}");
        }
    }
}
