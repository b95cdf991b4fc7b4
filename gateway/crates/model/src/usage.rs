//! API keys and the plans that count their use.

mod imported;

pub use imported::{ImportedKey, ImportedKeys, ImportedKeysFull};

use crate::closed::closed_names;
use crate::{ApiKeyId, Place, RestApiId, StageName, UsagePlanId};
use std::collections::BTreeMap;

closed_names! {
    /// The period of a quota.
    pub enum QuotaPeriod {
        /// A day.
        Day = "DAY",
        /// A week.
        Week = "WEEK",
        /// A month.
        Month = "MONTH",
    }
}

/// An API key (`AWS::ApiGateway::ApiKey`).
#[derive(Clone, Debug, PartialEq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Its name.
    pub name: String,
    /// The secret that callers send; absent means a new one at each start.
    pub value: Option<String>,
    /// Whether it is accepted.
    pub enabled: bool,
    /// What it is for.
    pub description: Option<String>,
    /// A marketplace customer.
    pub customer_id: Option<String>,
    /// Whether its id differs from its value.
    pub generate_distinct_id: bool,
    /// Stages that it is for, the old way.
    pub stage_keys: Vec<StageKey>,
    /// Labels.
    pub tags: BTreeMap<String, String>,
    /// Where it was written.
    pub place: Place,
}

/// A stage that an API key is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageKey {
    /// The API.
    pub rest_api_id: RestApiId,
    /// The stage.
    pub stage_name: Option<StageName>,
}

/// A rate and a burst; what is absent is not limited here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ThrottleSettings {
    /// The most requests at once.
    pub burst_limit: Option<i64>,
    /// The steady rate, in requests per second.
    pub rate_limit: Option<f64>,
}

/// How many requests a key may make in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaSettings {
    /// The count.
    pub limit: Option<i64>,
    /// Requests taken off the limit in the period in which the quota was set.
    pub offset: Option<i64>,
    /// The period.
    pub period: Option<QuotaPeriod>,
}

/// A usage plan (`AWS::ApiGateway::UsagePlan`).
#[derive(Clone, Debug, PartialEq)]
pub struct UsagePlan {
    /// Its id.
    pub id: UsagePlanId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The stages that it opens.
    pub api_stages: Vec<ApiStage>,
    /// Counts by period.
    pub quota: Option<QuotaSettings>,
    /// Rates by key.
    pub throttle: Option<ThrottleSettings>,
    /// Labels.
    pub tags: BTreeMap<String, String>,
    /// Where it was written.
    pub place: Place,
}

/// A stage that a usage plan opens.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiStage {
    /// The API.
    pub rest_api_id: RestApiId,
    /// The stage.
    pub stage: StageName,
    /// Rates by method, keyed `/path/VERB` as written.
    pub throttle: BTreeMap<String, ThrottleSettings>,
    /// Where it was written.
    pub place: Place,
}

/// A key's membership of a plan (`AWS::ApiGateway::UsagePlanKey`).
#[derive(Clone, Debug, PartialEq)]
pub struct UsagePlanKey {
    /// The key.
    pub key_id: ApiKeyId,
    /// The plan.
    pub usage_plan_id: UsagePlanId,
    /// Where it was written.
    pub place: Place,
}
