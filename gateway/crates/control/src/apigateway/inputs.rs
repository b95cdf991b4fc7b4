//! The bodies of operations, as AWS's model describes them. Members that are not named are ignored, as AWS does.

use super::shape::Kind::{self, Double, Flag, Integer, List, Map, OneOf, Struct, Text};

/// A member of a body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
}

const fn required(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, is_required: true }
}

const fn optional(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, is_required: false }
}

/// Patch operations, in the order in which AWS prints them.
const PATCH_OPS: &[&str] = &["add", "remove", "move", "test", "replace", "copy"];
const ENDPOINT_TYPES: &[&str] = &["PRIVATE", "EDGE", "REGIONAL"];
const IP_ADDRESS_TYPES: &[&str] = &["ipv4", "dualstack"];
const CONTENT_HANDLING: &[&str] = &["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"];
const AUTHORIZER_TYPES: &[&str] = &["TOKEN", "REQUEST", "COGNITO_USER_POOLS", "JWT"];
const CACHE_SIZES: &[&str] = &["0.5", "1.6", "6.1", "13.5", "28.4", "58.2", "118", "237"];
const DOCUMENTATION_TYPES: &[&str] = &[
    "RESPONSE_BODY",
    "RESPONSE",
    "METHOD",
    "MODEL",
    "AUTHORIZER",
    "RESPONSE_HEADER",
    "RESOURCE",
    "PATH_PARAMETER",
    "REQUEST_BODY",
    "QUERY_PARAMETER",
    "API",
    "REQUEST_HEADER",
];
/// TLS policies, in the order of AWS's model.
pub(super) const SECURITY_POLICIES: &[&str] = &[
    "TLS_1_0",
    "TLS_1_2",
    "SecurityPolicy_TLS13_1_3_2025_09",
    "SecurityPolicy_TLS13_1_3_FIPS_2025_09",
    "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_FIPS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_FIPS_PFS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_Ext2_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_Ext2_FIPS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_2021_06",
    "SecurityPolicy_TLS13_2025_EDGE",
    "SecurityPolicy_TLS12_PFS_2025_EDGE",
    "SecurityPolicy_TLS12_2018_EDGE",
];
/// Types of gateway responses, in the order in which AWS prints them.
pub(super) const RESPONSE_TYPES: &[&str] = &[
    "REQUEST_TOO_LARGE",
    "RESOURCE_NOT_FOUND",
    "AUTHORIZER_CONFIGURATION_ERROR",
    "MISSING_AUTHENTICATION_TOKEN",
    "BAD_REQUEST_BODY",
    "INVALID_SIGNATURE",
    "INVALID_API_KEY",
    "BAD_REQUEST_PARAMETERS",
    "AUTHORIZER_FAILURE",
    "UNAUTHORIZED",
    "INTEGRATION_TIMEOUT",
    "ACCESS_DENIED",
    "DEFAULT_4XX",
    "DEFAULT_5XX",
    "WAF_FILTERED",
    "QUOTA_EXCEEDED",
    "THROTTLED",
    "API_CONFIGURATION_ERROR",
    "UNSUPPORTED_MEDIA_TYPE",
    "INTEGRATION_FAILURE",
    "EXPIRED_TOKEN",
];

const TAGS: Field = optional("tags", Map(&Text));
const TEXT_MAP: Kind = Map(&Text);

const ENDPOINT_CONFIGURATION: &[Field] = &[
    optional("types", List(&OneOf(ENDPOINT_TYPES))),
    optional("ipAddressType", OneOf(IP_ADDRESS_TYPES)),
    optional("vpcEndpointIds", List(&Text)),
];
const THROTTLE: &[Field] = &[optional("burstLimit", Integer), optional("rateLimit", Double)];

pub(super) const NONE: &[Field] = &[];

pub(super) const PATCH: &[Field] = &[optional(
    "patchOperations",
    List(&Struct(&[
        optional("op", OneOf(PATCH_OPS)),
        optional("path", Text),
        optional("value", Text),
        optional("from", Text),
    ])),
)];

pub(super) const CREATE_API_KEY: &[Field] = &[
    optional("name", Text),
    optional("description", Text),
    optional("enabled", Flag),
    optional("generateDistinctId", Flag),
    optional("value", Text),
    optional(
        "stageKeys",
        List(&Struct(&[optional("restApiId", Text), optional("stageName", Text)])),
    ),
    optional("customerId", Text),
    TAGS,
];

pub(super) const CREATE_AUTHORIZER: &[Field] = &[
    required("name", Text),
    required("type", OneOf(AUTHORIZER_TYPES)),
    optional("providerARNs", List(&Text)),
    optional("authType", Text),
    optional("authorizerUri", Text),
    optional("authorizerCredentials", Text),
    optional("identitySource", Text),
    optional("identityValidationExpression", Text),
    optional("authorizerResultTtlInSeconds", Integer),
];

pub(super) const CREATE_BASE_PATH_MAPPING: &[Field] =
    &[optional("basePath", Text), required("restApiId", Text), optional("stage", Text)];

const CANARY: &[Field] = &[
    optional("percentTraffic", Double),
    optional("deploymentId", Text),
    optional("stageVariableOverrides", TEXT_MAP),
    optional("useStageCache", Flag),
];

pub(super) const CREATE_DEPLOYMENT: &[Field] = &[
    optional("stageName", Text),
    optional("stageDescription", Text),
    optional("description", Text),
    optional("cacheClusterEnabled", Flag),
    optional("cacheClusterSize", OneOf(CACHE_SIZES)),
    optional("variables", TEXT_MAP),
    optional("canarySettings", Struct(CANARY)),
    optional("tracingEnabled", Flag),
];

pub(super) const CREATE_DOCUMENTATION_PART: &[Field] = &[
    required(
        "location",
        Struct(&[
            required("type", OneOf(DOCUMENTATION_TYPES)),
            optional("path", Text),
            optional("method", Text),
            optional("statusCode", Text),
            optional("name", Text),
        ]),
    ),
    required("properties", Text),
];

pub(super) const CREATE_DOCUMENTATION_VERSION: &[Field] = &[
    required("documentationVersion", Text),
    optional("stageName", Text),
    optional("description", Text),
];

pub(super) const CREATE_DOMAIN_NAME: &[Field] = &[
    required("domainName", Text),
    optional("certificateName", Text),
    optional("certificateBody", Text),
    optional("certificatePrivateKey", Text),
    optional("certificateChain", Text),
    optional("certificateArn", Text),
    optional("regionalCertificateName", Text),
    optional("regionalCertificateArn", Text),
    optional("endpointConfiguration", Struct(ENDPOINT_CONFIGURATION)),
    TAGS,
    optional("securityPolicy", OneOf(SECURITY_POLICIES)),
    optional("endpointAccessMode", OneOf(&["BASIC", "STRICT"])),
    optional(
        "mutualTlsAuthentication",
        Struct(&[optional("truststoreUri", Text), optional("truststoreVersion", Text)]),
    ),
    optional("ownershipVerificationCertificateArn", Text),
    optional("policy", Text),
    optional(
        "routingMode",
        OneOf(&[
            "BASE_PATH_MAPPING_ONLY",
            "ROUTING_RULE_ONLY",
            "ROUTING_RULE_THEN_BASE_PATH_MAPPING",
        ]),
    ),
];

pub(super) const CREATE_DOMAIN_NAME_ACCESS_ASSOCIATION: &[Field] = &[
    required("domainNameArn", Text),
    required("accessAssociationSourceType", OneOf(&["VPCE"])),
    required("accessAssociationSource", Text),
    TAGS,
];

pub(super) const CREATE_MODEL: &[Field] = &[
    required("name", Text),
    optional("description", Text),
    optional("schema", Text),
    required("contentType", Text),
];

pub(super) const CREATE_REQUEST_VALIDATOR: &[Field] = &[
    optional("name", Text),
    optional("validateRequestBody", Flag),
    optional("validateRequestParameters", Flag),
];

pub(super) const CREATE_RESOURCE: &[Field] = &[required("pathPart", Text)];

pub(super) const CREATE_REST_API: &[Field] = &[
    required("name", Text),
    optional("description", Text),
    optional("version", Text),
    optional("cloneFrom", Text),
    optional("binaryMediaTypes", List(&Text)),
    optional("minimumCompressionSize", Integer),
    optional("apiKeySource", OneOf(&["HEADER", "AUTHORIZER"])),
    optional("endpointConfiguration", Struct(ENDPOINT_CONFIGURATION)),
    optional("policy", Text),
    TAGS,
    optional("disableExecuteApiEndpoint", Flag),
    optional("securityPolicy", OneOf(SECURITY_POLICIES)),
    optional("endpointAccessMode", OneOf(&["BASIC", "STRICT"])),
];

pub(super) const CREATE_STAGE: &[Field] = &[
    required("stageName", Text),
    required("deploymentId", Text),
    optional("description", Text),
    optional("cacheClusterEnabled", Flag),
    optional("cacheClusterSize", OneOf(CACHE_SIZES)),
    optional("variables", TEXT_MAP),
    optional("documentationVersion", Text),
    optional("canarySettings", Struct(CANARY)),
    optional("tracingEnabled", Flag),
    TAGS,
];

pub(super) const CREATE_USAGE_PLAN: &[Field] = &[
    required("name", Text),
    optional("description", Text),
    optional(
        "apiStages",
        List(&Struct(&[
            optional("apiId", Text),
            optional("stage", Text),
            optional("throttle", Map(&Struct(THROTTLE))),
        ])),
    ),
    optional("throttle", Struct(THROTTLE)),
    optional(
        "quota",
        Struct(&[
            optional("limit", Integer),
            optional("offset", Integer),
            optional("period", OneOf(&["DAY", "WEEK", "MONTH"])),
        ]),
    ),
    TAGS,
];

pub(super) const CREATE_USAGE_PLAN_KEY: &[Field] =
    &[required("keyId", Text), required("keyType", Text)];

pub(super) const CREATE_VPC_LINK: &[Field] = &[
    required("name", Text),
    optional("description", Text),
    required("targetArns", List(&Text)),
    TAGS,
];

pub(super) const GENERATE_CLIENT_CERTIFICATE: &[Field] = &[optional("description", Text), TAGS];

pub(super) const PUT_GATEWAY_RESPONSE: &[Field] = &[
    optional("statusCode", Text),
    optional("responseParameters", TEXT_MAP),
    optional("responseTemplates", TEXT_MAP),
];

pub(super) const PUT_INTEGRATION: &[Field] = &[
    required("type", OneOf(&["HTTP", "MOCK", "AWS_PROXY", "HTTP_PROXY", "AWS"])),
    optional("httpMethod", Text),
    optional("uri", Text),
    optional("connectionType", OneOf(&["INTERNET", "VPC_LINK"])),
    optional("connectionId", Text),
    optional("credentials", Text),
    optional("requestParameters", TEXT_MAP),
    optional("requestTemplates", TEXT_MAP),
    optional("passthroughBehavior", Text),
    optional("cacheNamespace", Text),
    optional("cacheKeyParameters", List(&Text)),
    optional("contentHandling", OneOf(CONTENT_HANDLING)),
    optional("timeoutInMillis", Integer),
    optional("tlsConfig", Struct(&[optional("insecureSkipVerification", Flag)])),
    optional("responseTransferMode", OneOf(&["BUFFERED", "STREAM"])),
    optional("integrationTarget", Text),
];

pub(super) const PUT_INTEGRATION_RESPONSE: &[Field] = &[
    optional("selectionPattern", Text),
    optional("responseParameters", TEXT_MAP),
    optional("responseTemplates", TEXT_MAP),
    optional("contentHandling", OneOf(CONTENT_HANDLING)),
];

pub(super) const PUT_METHOD: &[Field] = &[
    required("authorizationType", Text),
    optional("authorizerId", Text),
    optional("apiKeyRequired", Flag),
    optional("operationName", Text),
    optional("requestParameters", Map(&Flag)),
    optional("requestModels", TEXT_MAP),
    optional("requestValidatorId", Text),
    optional("authorizationScopes", List(&Text)),
];

pub(super) const PUT_METHOD_RESPONSE: &[Field] =
    &[optional("responseParameters", Map(&Flag)), optional("responseModels", TEXT_MAP)];

const TEST_INVOKE: [Field; 6] = [
    optional("headers", TEXT_MAP),
    optional("multiValueHeaders", Map(&List(&Text))),
    optional("pathWithQueryString", Text),
    optional("body", Text),
    optional("stageVariables", TEXT_MAP),
    optional("clientCertificateId", Text),
];

pub(super) const TEST_INVOKE_METHOD: &[Field] = &TEST_INVOKE;

pub(super) const TEST_INVOKE_AUTHORIZER: &[Field] = &[
    TEST_INVOKE[0],
    TEST_INVOKE[1],
    TEST_INVOKE[2],
    TEST_INVOKE[3],
    TEST_INVOKE[4],
    optional("additionalContext", TEXT_MAP),
];

pub(super) const TAG_RESOURCE: &[Field] = &[required("tags", TEXT_MAP)];
