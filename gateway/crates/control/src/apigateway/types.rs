//! What is stored and shown: one serde type per resource, with AWS's member names.
//!
//! A member that AWS shows only when it is set is an `Option`; `sequence` is ours and orders things by their making.

mod account;
mod method;
mod rest_api;
mod stage;

pub(super) use account::{
    AccessAssociation, Account, ApiKey, ApiStage, BasePathMapping, ClientCertificate, DomainName,
    MutualTls, Quota, Throttle, UsagePlan, UsagePlanKey, VpcLink,
};
pub(super) use method::{Integration, IntegrationResponse, Method, MethodResponse, TlsConfig};
pub(super) use rest_api::{
    Authorizer, Deployment, DocumentationLocation, DocumentationPart, DocumentationVersion,
    EndpointConfiguration, GatewayResponse, Model, RequestValidator, Resource, RestApi, Snapshot,
};
pub(super) use stage::{AccessLogSettings, CanarySettings, MethodSetting, Stage};

use std::collections::BTreeMap;

/// A map of texts.
pub(super) type Texts = BTreeMap<String, String>;
