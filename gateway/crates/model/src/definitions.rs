//! All that a set of files defines.

use crate::{
    ApiKey, BasePathMapping, ClientCertificate, DomainName, DomainNameAccessAssociation, Function,
    FunctionPermission, FunctionQualifier, FunctionUrl, Place, RestApi, Shared, UsagePlan,
    UsagePlanKey, VpcLink,
};

/// All that a set of files defines, in the order written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Definitions {
    /// REST APIs. One whose stages show several deployments is there once for each, with the stages that show it.
    pub apis: Vec<Shared<RestApi>>,
    /// API keys.
    pub api_keys: Vec<ApiKey>,
    /// Usage plans.
    pub usage_plans: Vec<UsagePlan>,
    /// Which key is in which plan.
    pub usage_plan_keys: Vec<UsagePlanKey>,
    /// Custom domain names.
    pub domain_names: Vec<DomainName>,
    /// Paths of domain names.
    pub base_path_mappings: Vec<BasePathMapping>,
    /// VPC endpoints of private domain names.
    pub domain_name_access_associations: Vec<DomainNameAccessAssociation>,
    /// Ways into VPCs.
    pub vpc_links: Vec<VpcLink>,
    /// Certificates shown to endpoints.
    pub client_certificates: Vec<ClientCertificate>,
    /// Lambda functions.
    pub functions: Vec<Function>,
    /// Aliases and versions of functions.
    pub function_qualifiers: Vec<FunctionQualifier>,
    /// Who may call which function.
    pub function_permissions: Vec<FunctionPermission>,
    /// URLs of functions.
    pub function_urls: Vec<FunctionUrl>,
    /// Settings of the account, when a file has them.
    pub account: Option<Account>,
    /// What the files say about themselves.
    pub outputs: Vec<Output>,
}

/// Settings of the account (`AWS::ApiGateway::Account`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The role that writes logs.
    pub cloudwatch_role_arn: Option<String>,
    /// Where it was written.
    pub place: Place,
}

/// An output of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The stack.
    pub stack_name: String,
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// What it is.
    pub description: Option<String>,
    /// The name under which other stacks import it.
    pub export_name: Option<String>,
}
