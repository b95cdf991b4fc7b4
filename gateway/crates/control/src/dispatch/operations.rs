//! What the engine needs of operations.

use gateway_model::Definitions;

use crate::{Answer, ApiError, Call, Change};

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
    fn definitions(&self) -> Definitions;
}

/// What an operation has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// What the client is told, once all is stored.
    pub answer: Answer,
    /// What is to be stored.
    pub changes: Vec<Change>,
    /// What the data plane has to hear.
    pub effect: Option<Effect>,
}

/// What the data plane has to hear of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// So are its authorizers' decisions.
    FlushAuthorizers {
        /// The API.
        api_id: String,
        /// The stage.
        stage: String,
    },
}
