//! Stacks as the store has them.

use serde::{Deserialize, Serialize};

macro_rules! statuses {
    ($first:ident = $first_text:literal, $( $variant:ident = $text:literal ),+ $(,)?) => {
        /// What a stack, a resource or a change set is doing or has come to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        pub(crate) enum Status {
            #[default]
            #[serde(rename = $first_text)]
            $first,
            $( #[serde(rename = $text)] $variant ),+
        }

        impl Status {
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    Self::$first => $first_text,
                    $( Self::$variant => $text ),+
                }
            }
        }
    };
}

statuses! {
    ReviewInProgress = "REVIEW_IN_PROGRESS",
    CreateInProgress = "CREATE_IN_PROGRESS",
    CreateFailed = "CREATE_FAILED",
    CreateComplete = "CREATE_COMPLETE",
    RollbackInProgress = "ROLLBACK_IN_PROGRESS",
    RollbackComplete = "ROLLBACK_COMPLETE",
    UpdateInProgress = "UPDATE_IN_PROGRESS",
    UpdateFailed = "UPDATE_FAILED",
    UpdateCleanup = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    UpdateComplete = "UPDATE_COMPLETE",
    UpdateRollbackInProgress = "UPDATE_ROLLBACK_IN_PROGRESS",
    UpdateRollbackComplete = "UPDATE_ROLLBACK_COMPLETE",
    DeleteInProgress = "DELETE_IN_PROGRESS",
    DeleteFailed = "DELETE_FAILED",
    DeleteSkipped = "DELETE_SKIPPED",
    DeleteComplete = "DELETE_COMPLETE",
    Failed = "FAILED",
}

/// A stack.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stack {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) reason: Option<String>,
    pub(crate) created_ms: u64,
    pub(crate) updated_ms: Option<u64>,
    pub(crate) deleted_ms: Option<u64>,
    /// What it was made from, when it was made.
    pub(crate) source: SourceText,
    pub(crate) description: Option<String>,
    /// All parameters as they are shown; none is a secret.
    pub(crate) parameters: Vec<(String, Option<String>)>,
    pub(crate) outputs: Vec<Output>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) imports: Vec<String>,
    /// The newest is the last.
    pub(crate) events: Vec<Event>,
    /// How many events there have been.
    pub(crate) events_count: u64,
    pub(crate) change_sets: Vec<ChangeSet>,
    /// The change set that was executed last.
    pub(crate) change_set_id: Option<String>,
    pub(crate) disable_rollback: bool,
    pub(crate) is_protected: bool,
    pub(crate) policy: Option<String>,
    pub(crate) drift: Option<Drift>,
}

/// What a stack is made from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SourceText {
    pub(crate) template: String,
    /// Those that were given.
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) capabilities: Vec<String>,
    pub(crate) role_arn: Option<String>,
    pub(crate) notification_arns: Vec<String>,
    /// Objects that it uses, as they were when it was deployed.
    pub(crate) artifacts: Vec<Artifact>,
}

/// An object of a bucket that a stack uses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Artifact {
    pub(crate) bucket: String,
    pub(crate) key: String,
    /// The name of its copy.
    pub(crate) file: String,
}

/// Something that a stack puts out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Output {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) description: Option<String>,
    pub(crate) export: Option<String>,
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Resource {
    pub(crate) logical_id: String,
    pub(crate) physical_id: String,
    pub(crate) type_name: String,
    /// Evaluated.
    pub(crate) properties: serde_json::Value,
    pub(crate) is_retained: bool,
    pub(crate) status: Status,
    pub(crate) reason: Option<String>,
    pub(crate) updated_ms: u64,
}

/// Something that happened to a stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) logical_id: String,
    pub(crate) physical_id: String,
    pub(crate) type_name: String,
    pub(crate) status: Status,
    pub(crate) reason: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) unix_ms: u64,
}

/// Something that may become of a stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChangeSet {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) created_ms: u64,
    /// Of a stack that is not there yet.
    pub(crate) is_create: bool,
    pub(crate) source: SourceText,
    pub(crate) shown: Vec<(String, Option<String>)>,
    pub(crate) changes: Vec<Change>,
    /// Why it cannot be executed.
    pub(crate) failure: Option<String>,
    /// The stack has changed since.
    #[serde(default)]
    pub(crate) is_obsolete: bool,
    pub(crate) on_failure: Option<String>,
}

impl ChangeSet {
    /// Whether it can be executed, as AWS says it.
    pub(crate) fn execution(&self) -> &'static str {
        match (&self.failure, self.is_obsolete) {
            (Some(_), _) => "UNAVAILABLE",
            (None, true) => "OBSOLETE",
            (None, false) => "AVAILABLE",
        }
    }
}

/// What would become of one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) action: Action,
    pub(crate) logical_id: String,
    pub(crate) physical_id: Option<String>,
    pub(crate) type_name: String,
    /// Properties that differ.
    pub(crate) properties: Vec<String>,
    pub(crate) is_replacement: bool,
}

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Action {
    Add,
    Modify,
    Remove,
}

impl Action {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Modify => "Modify",
            Self::Remove => "Remove",
        }
    }
}

/// What looking for drift has found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Drift {
    pub(crate) id: String,
    pub(crate) unix_ms: u64,
    pub(crate) resources: Vec<ResourceDrift>,
}

/// How one resource differs from its template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ResourceDrift {
    pub(crate) logical_id: String,
    pub(crate) is_deleted: bool,
    pub(crate) actual: serde_json::Value,
    /// Path, expected and actual value of what differs.
    pub(crate) differences: Vec<(String, String, String)>,
}

impl Stack {
    /// Whether it is there: not deleted, and more than a change set.
    pub(crate) fn is_live(&self) -> bool {
        self.status != Status::DeleteComplete
    }

    /// Whether what it defines is served.
    pub(crate) fn is_served(&self) -> bool {
        matches!(
            self.status,
            Status::CreateComplete
                | Status::UpdateComplete
                | Status::UpdateRollbackComplete
                | Status::UpdateFailed
        )
    }
}
