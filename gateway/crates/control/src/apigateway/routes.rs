//! The 124 operations: how each is called, what it takes, what does it.

use super::cx::Cx;
use super::inputs::{self, Field};
use super::{
    access_associations, account, api_keys, authorizers, base_path_mappings, client_certificates,
    deployments, documentation, domain_names, export, gateway_responses, import, import_api_keys,
    integrations, methods, model_template, models, request_validators, resources, responses,
    rest_apis, sdk, sdk_types, stages, tags, trials, usage, usage_plans, vpc_links,
};
use crate::{ApiError, Call};
use serde_json::Value;

/// Does an operation: what it returns is the answer's document, `Null` for none.
pub(super) type Handler = fn(&mut Cx<'_>) -> Result<Value, ApiError>;

/// One operation of the API.
#[derive(Debug)]
pub struct Operation {
    /// AWS's name.
    pub name: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path, with labels in braces; an import is told apart by its query.
    pub path: &'static str,
    /// The status of its answer.
    pub status: u16,
    pub(super) input: &'static [Field],
    pub(super) handler: Option<Handler>,
}

impl Operation {
    /// Whether it is done here; if not, it answers 501.
    #[must_use]
    pub const fn is_implemented(&self) -> bool {
        self.handler.is_some()
    }

    fn fits(&self, call: &Call) -> Option<Vec<(&'static str, String)>> {
        let (path, is_import) = match self.path.strip_suffix("?mode=import") {
            Some(path) => (path, true),
            None => (self.path, false),
        };
        if self.method != call.method || (is_import && call.query("mode") != Some("import")) {
            return None;
        }
        let pattern = path.split('/').skip(1);
        if pattern.clone().count() != call.path.len() {
            return None;
        }
        let mut labels = Vec::new();
        for (part, segment) in pattern.zip(&call.path) {
            match part.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) => labels.push((name, segment.clone())),
                None if part == segment => {}
                None => return None,
            }
        }
        Some(labels)
    }
}

/// The operation of a call, and what its path names.
pub(super) struct Found {
    pub(super) operation: &'static Operation,
    pub(super) labels: Vec<(&'static str, String)>,
}

/// All operations, in the order of their names, imports before what shares their path.
#[must_use]
pub fn operations() -> &'static [Operation] {
    OPERATIONS
}

/// The operation that a call is for.
pub(super) fn find(call: &Call) -> Result<Found, ApiError> {
    let mut found = OPERATIONS
        .iter()
        .filter_map(|operation| operation.fits(call).map(|labels| Found { operation, labels }));
    found.next().ok_or_else(|| {
        ApiError::new(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    })
}

macro_rules! operations {
    ($($name:ident $method:ident $path:literal $status:literal $input:ident => $handler:expr;)+) => {
        &[$(Operation {
            name: stringify!($name),
            method: stringify!($method),
            path: $path,
            status: $status,
            input: inputs::$input,
            handler: $handler,
        }),+]
    };
}

const OPERATIONS: &[Operation] = operations! {
    ImportApiKeys POST "/apikeys?mode=import" 201 NONE => Some(import_api_keys::import_api_keys);
    ImportRestApi POST "/restapis?mode=import" 201 NONE => Some(import::import_rest_api);
    CreateApiKey POST "/apikeys" 201 CREATE_API_KEY => Some(api_keys::create_api_key);
    CreateAuthorizer POST "/restapis/{restapi_id}/authorizers" 201 CREATE_AUTHORIZER => Some(authorizers::create_authorizer);
    CreateBasePathMapping POST "/domainnames/{domain_name}/basepathmappings" 201 CREATE_BASE_PATH_MAPPING => Some(base_path_mappings::create_base_path_mapping);
    CreateDeployment POST "/restapis/{restapi_id}/deployments" 201 CREATE_DEPLOYMENT => Some(deployments::create_deployment);
    CreateDocumentationPart POST "/restapis/{restapi_id}/documentation/parts" 201 CREATE_DOCUMENTATION_PART => Some(documentation::create_documentation_part);
    CreateDocumentationVersion POST "/restapis/{restapi_id}/documentation/versions" 201 CREATE_DOCUMENTATION_VERSION => Some(documentation::create_documentation_version);
    CreateDomainName POST "/domainnames" 201 CREATE_DOMAIN_NAME => Some(domain_names::create_domain_name);
    CreateDomainNameAccessAssociation POST "/domainnameaccessassociations" 201 CREATE_DOMAIN_NAME_ACCESS_ASSOCIATION => Some(access_associations::create_domain_name_access_association);
    CreateModel POST "/restapis/{restapi_id}/models" 201 CREATE_MODEL => Some(models::create_model);
    CreateRequestValidator POST "/restapis/{restapi_id}/requestvalidators" 201 CREATE_REQUEST_VALIDATOR => Some(request_validators::create_request_validator);
    CreateResource POST "/restapis/{restapi_id}/resources/{parent_id}" 201 CREATE_RESOURCE => Some(resources::create_resource);
    CreateRestApi POST "/restapis" 201 CREATE_REST_API => Some(rest_apis::create_rest_api);
    CreateStage POST "/restapis/{restapi_id}/stages" 201 CREATE_STAGE => Some(stages::create_stage);
    CreateUsagePlan POST "/usageplans" 201 CREATE_USAGE_PLAN => Some(usage_plans::create_usage_plan);
    CreateUsagePlanKey POST "/usageplans/{usageplanId}/keys" 201 CREATE_USAGE_PLAN_KEY => Some(usage_plans::create_usage_plan_key);
    CreateVpcLink POST "/vpclinks" 202 CREATE_VPC_LINK => Some(vpc_links::create_vpc_link);
    DeleteApiKey DELETE "/apikeys/{api_Key}" 202 NONE => Some(api_keys::delete_api_key);
    DeleteAuthorizer DELETE "/restapis/{restapi_id}/authorizers/{authorizer_id}" 202 NONE => Some(authorizers::delete_authorizer);
    DeleteBasePathMapping DELETE "/domainnames/{domain_name}/basepathmappings/{base_path}" 202 NONE => Some(base_path_mappings::delete_base_path_mapping);
    DeleteClientCertificate DELETE "/clientcertificates/{clientcertificate_id}" 202 NONE => Some(client_certificates::delete_client_certificate);
    DeleteDeployment DELETE "/restapis/{restapi_id}/deployments/{deployment_id}" 202 NONE => Some(deployments::delete_deployment);
    DeleteDocumentationPart DELETE "/restapis/{restapi_id}/documentation/parts/{part_id}" 202 NONE => Some(documentation::delete_documentation_part);
    DeleteDocumentationVersion DELETE "/restapis/{restapi_id}/documentation/versions/{doc_version}" 202 NONE => Some(documentation::delete_documentation_version);
    DeleteDomainName DELETE "/domainnames/{domain_name}" 202 NONE => Some(domain_names::delete_domain_name);
    DeleteDomainNameAccessAssociation DELETE "/domainnameaccessassociations/{domain_name_access_association_arn}" 202 NONE => Some(access_associations::delete_domain_name_access_association);
    DeleteGatewayResponse DELETE "/restapis/{restapi_id}/gatewayresponses/{response_type}" 202 NONE => Some(gateway_responses::delete_gateway_response);
    DeleteIntegration DELETE "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration" 204 NONE => Some(integrations::delete_integration);
    DeleteIntegrationResponse DELETE "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration/responses/{status_code}" 204 NONE => Some(responses::delete_integration_response);
    DeleteMethod DELETE "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}" 204 NONE => Some(methods::delete_method);
    DeleteMethodResponse DELETE "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/responses/{status_code}" 204 NONE => Some(responses::delete_method_response);
    DeleteModel DELETE "/restapis/{restapi_id}/models/{model_name}" 202 NONE => Some(models::delete_model);
    DeleteRequestValidator DELETE "/restapis/{restapi_id}/requestvalidators/{requestvalidator_id}" 202 NONE => Some(request_validators::delete_request_validator);
    DeleteResource DELETE "/restapis/{restapi_id}/resources/{resource_id}" 202 NONE => Some(resources::delete_resource);
    DeleteRestApi DELETE "/restapis/{restapi_id}" 202 NONE => Some(rest_apis::delete_rest_api);
    DeleteStage DELETE "/restapis/{restapi_id}/stages/{stage_name}" 202 NONE => Some(stages::delete_stage);
    DeleteUsagePlan DELETE "/usageplans/{usageplanId}" 202 NONE => Some(usage_plans::delete_usage_plan);
    DeleteUsagePlanKey DELETE "/usageplans/{usageplanId}/keys/{keyId}" 202 NONE => Some(usage_plans::delete_usage_plan_key);
    DeleteVpcLink DELETE "/vpclinks/{vpclink_id}" 202 NONE => Some(vpc_links::delete_vpc_link);
    FlushStageAuthorizersCache DELETE "/restapis/{restapi_id}/stages/{stage_name}/cache/authorizers" 202 NONE => Some(stages::flush_stage_authorizers_cache);
    FlushStageCache DELETE "/restapis/{restapi_id}/stages/{stage_name}/cache/data" 202 NONE => Some(stages::flush_stage_cache);
    GenerateClientCertificate POST "/clientcertificates" 201 GENERATE_CLIENT_CERTIFICATE => Some(client_certificates::generate_client_certificate);
    GetAccount GET "/account" 200 NONE => Some(account::get_account);
    GetApiKey GET "/apikeys/{api_Key}" 200 NONE => Some(api_keys::get_api_key);
    GetApiKeys GET "/apikeys" 200 NONE => Some(api_keys::get_api_keys);
    GetAuthorizer GET "/restapis/{restapi_id}/authorizers/{authorizer_id}" 200 NONE => Some(authorizers::get_authorizer);
    GetAuthorizers GET "/restapis/{restapi_id}/authorizers" 200 NONE => Some(authorizers::get_authorizers);
    GetBasePathMapping GET "/domainnames/{domain_name}/basepathmappings/{base_path}" 200 NONE => Some(base_path_mappings::get_base_path_mapping);
    GetBasePathMappings GET "/domainnames/{domain_name}/basepathmappings" 200 NONE => Some(base_path_mappings::get_base_path_mappings);
    GetClientCertificate GET "/clientcertificates/{clientcertificate_id}" 200 NONE => Some(client_certificates::get_client_certificate);
    GetClientCertificates GET "/clientcertificates" 200 NONE => Some(client_certificates::get_client_certificates);
    GetDeployment GET "/restapis/{restapi_id}/deployments/{deployment_id}" 200 NONE => Some(deployments::get_deployment);
    GetDeployments GET "/restapis/{restapi_id}/deployments" 200 NONE => Some(deployments::get_deployments);
    GetDocumentationPart GET "/restapis/{restapi_id}/documentation/parts/{part_id}" 200 NONE => Some(documentation::get_documentation_part);
    GetDocumentationParts GET "/restapis/{restapi_id}/documentation/parts" 200 NONE => Some(documentation::get_documentation_parts);
    GetDocumentationVersion GET "/restapis/{restapi_id}/documentation/versions/{doc_version}" 200 NONE => Some(documentation::get_documentation_version);
    GetDocumentationVersions GET "/restapis/{restapi_id}/documentation/versions" 200 NONE => Some(documentation::get_documentation_versions);
    GetDomainName GET "/domainnames/{domain_name}" 200 NONE => Some(domain_names::get_domain_name);
    GetDomainNameAccessAssociations GET "/domainnameaccessassociations" 200 NONE => Some(access_associations::get_domain_name_access_associations);
    GetDomainNames GET "/domainnames" 200 NONE => Some(domain_names::get_domain_names);
    GetExport GET "/restapis/{restapi_id}/stages/{stage_name}/exports/{export_type}" 200 NONE => Some(export::get_export);
    GetGatewayResponse GET "/restapis/{restapi_id}/gatewayresponses/{response_type}" 200 NONE => Some(gateway_responses::get_gateway_response);
    GetGatewayResponses GET "/restapis/{restapi_id}/gatewayresponses" 200 NONE => Some(gateway_responses::get_gateway_responses);
    GetIntegration GET "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration" 200 NONE => Some(integrations::get_integration);
    GetIntegrationResponse GET "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration/responses/{status_code}" 200 NONE => Some(responses::get_integration_response);
    GetMethod GET "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}" 200 NONE => Some(methods::get_method);
    GetMethodResponse GET "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/responses/{status_code}" 200 NONE => Some(responses::get_method_response);
    GetModel GET "/restapis/{restapi_id}/models/{model_name}" 200 NONE => Some(models::get_model);
    GetModelTemplate GET "/restapis/{restapi_id}/models/{model_name}/default_template" 200 NONE => Some(model_template::get_model_template);
    GetModels GET "/restapis/{restapi_id}/models" 200 NONE => Some(models::get_models);
    GetRequestValidator GET "/restapis/{restapi_id}/requestvalidators/{requestvalidator_id}" 200 NONE => Some(request_validators::get_request_validator);
    GetRequestValidators GET "/restapis/{restapi_id}/requestvalidators" 200 NONE => Some(request_validators::get_request_validators);
    GetResource GET "/restapis/{restapi_id}/resources/{resource_id}" 200 NONE => Some(resources::get_resource);
    GetResources GET "/restapis/{restapi_id}/resources" 200 NONE => Some(resources::get_resources);
    GetRestApi GET "/restapis/{restapi_id}" 200 NONE => Some(rest_apis::get_rest_api);
    GetRestApis GET "/restapis" 200 NONE => Some(rest_apis::get_rest_apis);
    GetSdk GET "/restapis/{restapi_id}/stages/{stage_name}/sdks/{sdk_type}" 200 NONE => Some(sdk::get_sdk);
    GetSdkType GET "/sdktypes/{sdktype_id}" 200 NONE => Some(sdk_types::get_sdk_type);
    GetSdkTypes GET "/sdktypes" 200 NONE => Some(sdk_types::get_sdk_types);
    GetStage GET "/restapis/{restapi_id}/stages/{stage_name}" 200 NONE => Some(stages::get_stage);
    GetStages GET "/restapis/{restapi_id}/stages" 200 NONE => Some(stages::get_stages);
    GetTags GET "/tags/{resource_arn}" 200 NONE => Some(tags::get_tags);
    GetUsage GET "/usageplans/{usageplanId}/usage" 200 NONE => Some(usage::get_usage);
    GetUsagePlan GET "/usageplans/{usageplanId}" 200 NONE => Some(usage_plans::get_usage_plan);
    GetUsagePlanKey GET "/usageplans/{usageplanId}/keys/{keyId}" 200 NONE => Some(usage_plans::get_usage_plan_key);
    GetUsagePlanKeys GET "/usageplans/{usageplanId}/keys" 200 NONE => Some(usage_plans::get_usage_plan_keys);
    GetUsagePlans GET "/usageplans" 200 NONE => Some(usage_plans::get_usage_plans);
    GetVpcLink GET "/vpclinks/{vpclink_id}" 200 NONE => Some(vpc_links::get_vpc_link);
    GetVpcLinks GET "/vpclinks" 200 NONE => Some(vpc_links::get_vpc_links);
    ImportDocumentationParts PUT "/restapis/{restapi_id}/documentation/parts" 200 NONE => Some(import::import_documentation_parts);
    PutGatewayResponse PUT "/restapis/{restapi_id}/gatewayresponses/{response_type}" 201 PUT_GATEWAY_RESPONSE => Some(gateway_responses::put_gateway_response);
    PutIntegration PUT "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration" 201 PUT_INTEGRATION => Some(integrations::put_integration);
    PutIntegrationResponse PUT "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration/responses/{status_code}" 201 PUT_INTEGRATION_RESPONSE => Some(responses::put_integration_response);
    PutMethod PUT "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}" 201 PUT_METHOD => Some(methods::put_method);
    PutMethodResponse PUT "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/responses/{status_code}" 201 PUT_METHOD_RESPONSE => Some(responses::put_method_response);
    PutRestApi PUT "/restapis/{restapi_id}" 200 NONE => Some(import::put_rest_api);
    RejectDomainNameAccessAssociation POST "/rejectdomainnameaccessassociations" 202 NONE => Some(access_associations::reject_domain_name_access_association);
    TagResource PUT "/tags/{resource_arn}" 204 TAG_RESOURCE => Some(tags::tag_resource);
    TestInvokeAuthorizer POST "/restapis/{restapi_id}/authorizers/{authorizer_id}" 200 TEST_INVOKE_AUTHORIZER => Some(trials::test_invoke_authorizer);
    TestInvokeMethod POST "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}" 200 TEST_INVOKE_METHOD => Some(trials::test_invoke_method);
    UntagResource DELETE "/tags/{resource_arn}" 204 NONE => Some(tags::untag_resource);
    UpdateAccount PATCH "/account" 200 PATCH => Some(account::update_account);
    UpdateApiKey PATCH "/apikeys/{api_Key}" 200 PATCH => Some(api_keys::update_api_key);
    UpdateAuthorizer PATCH "/restapis/{restapi_id}/authorizers/{authorizer_id}" 200 PATCH => Some(authorizers::update_authorizer);
    UpdateBasePathMapping PATCH "/domainnames/{domain_name}/basepathmappings/{base_path}" 200 PATCH => Some(base_path_mappings::update_base_path_mapping);
    UpdateClientCertificate PATCH "/clientcertificates/{clientcertificate_id}" 200 PATCH => Some(client_certificates::update_client_certificate);
    UpdateDeployment PATCH "/restapis/{restapi_id}/deployments/{deployment_id}" 200 PATCH => Some(deployments::update_deployment);
    UpdateDocumentationPart PATCH "/restapis/{restapi_id}/documentation/parts/{part_id}" 200 PATCH => Some(documentation::update_documentation_part);
    UpdateDocumentationVersion PATCH "/restapis/{restapi_id}/documentation/versions/{doc_version}" 200 PATCH => Some(documentation::update_documentation_version);
    UpdateDomainName PATCH "/domainnames/{domain_name}" 200 PATCH => Some(domain_names::update_domain_name);
    UpdateGatewayResponse PATCH "/restapis/{restapi_id}/gatewayresponses/{response_type}" 200 PATCH => Some(gateway_responses::update_gateway_response);
    UpdateIntegration PATCH "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration" 200 PATCH => Some(integrations::update_integration);
    UpdateIntegrationResponse PATCH "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration/responses/{status_code}" 200 PATCH => Some(responses::update_integration_response);
    UpdateMethod PATCH "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}" 200 PATCH => Some(methods::update_method);
    UpdateMethodResponse PATCH "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/responses/{status_code}" 201 PATCH => Some(responses::update_method_response);
    UpdateModel PATCH "/restapis/{restapi_id}/models/{model_name}" 200 PATCH => Some(models::update_model);
    UpdateRequestValidator PATCH "/restapis/{restapi_id}/requestvalidators/{requestvalidator_id}" 200 PATCH => Some(request_validators::update_request_validator);
    UpdateResource PATCH "/restapis/{restapi_id}/resources/{resource_id}" 200 PATCH => Some(resources::update_resource);
    UpdateRestApi PATCH "/restapis/{restapi_id}" 200 PATCH => Some(rest_apis::update_rest_api);
    UpdateStage PATCH "/restapis/{restapi_id}/stages/{stage_name}" 200 PATCH => Some(stages::update_stage);
    UpdateUsage PATCH "/usageplans/{usageplanId}/keys/{keyId}/usage" 200 PATCH => Some(usage::update_usage);
    UpdateUsagePlan PATCH "/usageplans/{usageplanId}" 200 PATCH => Some(usage_plans::update_usage_plan);
    UpdateVpcLink PATCH "/vpclinks/{vpclink_id}" 200 PATCH => Some(vpc_links::update_vpc_link);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_124_operations_and_no_two_share_a_call() {
        assert_eq!(OPERATIONS.len(), 124);
        for (index, one) in OPERATIONS.iter().enumerate() {
            for two in &OPERATIONS[index + 1..] {
                assert_ne!((one.method, one.path), (two.method, two.path));
                assert_ne!(one.name, two.name);
            }
        }
    }
}
