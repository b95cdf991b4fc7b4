//! What the engine needs of operations.

use gateway_model::{Definitions, Diagnostic};

use super::surroundings::Surroundings;
use crate::apigateway::{self, Deploy, Ids, State};
use crate::{Answer, ApiError, Call, Change, Question};

/// Operations on a state in memory. Pure: what they change is stored and published by the engine.
pub trait Operations: Sized {
    /// The state that documents hold.
    ///
    /// # Errors
    /// What is wrong with which document.
    fn load(documents: &[(String, Vec<u8>)]) -> Result<Self, String>;

    /// Carries out one operation.
    ///
    /// # Errors
    /// In AWS's words; the state is then as before.
    fn answer(&mut self, call: &Call) -> Result<Done, ApiError>;

    /// All that is deployed.
    fn definitions(&mut self) -> Definitions;

    /// Shows what files define as of `unix_s`, in the place of what they defined before.
    fn show_files(&mut self, files: &Definitions, unix_s: u64);

    /// Tells a state that was just loaded of its surroundings.
    fn settle(&mut self, _: &Surroundings) {}

    /// Carries out one operation of another service. `refused` says why the data plane did not take what this very call did
    /// before; all that it did is undone then.
    ///
    /// # Errors
    /// In AWS's words; the state is then as before.
    fn answer_neighbour(
        &mut self,
        service: Neighbour,
        _: &Call,
        _refused: Option<&[Diagnostic]>,
    ) -> Result<Done, ApiError> {
        Err(ApiError::not_implemented(&format!("{service:?}")))
    }
}

/// The services beside API Gateway whose operations change what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Neighbour {
    /// AWS CloudFormation.
    CloudFormation,
    /// AWS Identity and Access Management.
    Iam,
    /// AWS Lambda, but for invocations.
    Lambda,
    /// AWS Systems Manager, the parameters of stacks.
    Ssm,
}

/// What an operation has done.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// What the client is told, once all is stored.
    pub answer: Answer,
    /// What is to be stored.
    pub changes: Vec<Change>,
    /// What the data plane has to hear.
    pub effect: Option<Effect>,
}

/// What the data plane has to hear of an operation.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Something that is served has changed.
    Publish,
    /// A stage's response cache is to be emptied.
    FlushCache {
        /// The API.
        api_id: String,
        /// The stage.
        stage: String,
    },
    /// The answer is the data plane's to give.
    Ask(Question),
    /// So are its authorizers' decisions.
    FlushAuthorizers {
        /// The API.
        api_id: String,
        /// The stage.
        stage: String,
    },
}

impl Operations for State {
    fn load(documents: &[(String, Vec<u8>)]) -> Result<Self, String> {
        let mut seed = [0; 8];
        // Ids are no secrets; they are only not to come twice, and what is taken is not made again.
        let _ = getrandom::fill(&mut seed);
        let ids = Ids::seeded(u64::from_ne_bytes(seed));
        Self::load(documents, ids).map_err(|error| error.to_string())
    }

    fn answer(&mut self, call: &Call) -> Result<Done, ApiError> {
        let (answer, changes, deploy) = apigateway::answer(self, call)?;
        Ok(Done { answer, changes, effect: deploy.map(Effect::from) })
    }

    fn definitions(&mut self) -> Definitions {
        self.definitions()
    }

    fn show_files(&mut self, files: &Definitions, unix_s: u64) {
        self.show_files(files, unix_s);
    }
}

impl From<Deploy> for Effect {
    fn from(deploy: Deploy) -> Self {
        match deploy {
            Deploy::Publish => Self::Publish,
            Deploy::Ask(question) => Self::Ask(question),
            Deploy::FlushCache { api_id, stage } => Self::FlushCache { api_id, stage },
            Deploy::FlushAuthorizers { api_id, stage } => Self::FlushAuthorizers { api_id, stage },
        }
    }
}
