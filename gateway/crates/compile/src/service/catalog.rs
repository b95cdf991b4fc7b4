//! Services whose host, signature or protocol does not follow from their name in an integration's URI.
//!
//! Sources: recorded behaviour, "AWS – generic service"; the services' own API references and the endpoint tables of the
//! AWS General Reference.

use super::{JsonAction, PathStyle};

/// Where a service is at AWS, and as what it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// `sqs.us-east-1.amazonaws.com`
    pub host: String,
    /// Region of the signature.
    pub region: String,
    /// Service of the signature.
    pub signing_name: String,
}

/// One address for all regions, signed for one of them. Source: AWS General Reference.
const GLOBAL: [&str; 7] =
    ["budgets", "cloudfront", "iam", "importexport", "route53", "shield", "waf"];

/// Where the services of [`GLOBAL`] are signed for.
const GLOBAL_REGION: &str = "us-east-1";

/// Service in the URI, service in the host, service in the signature.
const RENAMED: [(&str, &str, &str); 7] = [
    ("appsync-api", "appsync-api", "appsync"),
    ("bedrock-agent-runtime", "bedrock-agent-runtime", "bedrock"),
    ("bedrock-runtime", "bedrock-runtime", "bedrock"),
    ("email", "email", "ses"),
    ("iot", "iot", "iotdata"),
    ("iotdata", "iot", "iotdata"),
    ("marketplace", "marketplace", "aws-marketplace"),
];

/// The address of a service in a region of a partition.
pub fn address(service: &str, subdomain: Option<&str>, region: &str) -> Address {
    let partition = crate::arn::partition(region);
    let suffix = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    let renamed = RENAMED.iter().find(|(name, ..)| *name == service);
    let (_, host, signing_name) = renamed.copied().unwrap_or((service, service, service));
    // Without a subdomain `iot` is the control plane, which has the service's own name.
    let signing_name = match (service, subdomain) {
        ("iot", None) => "iot",
        _ => signing_name,
    };
    let prefix = match (service, subdomain) {
        (_, Some(subdomain)) => format!("{subdomain}."),
        // Source: AWS IoT Core, "Device data endpoints".
        ("iotdata", None) => "data-ats.".to_owned(),
        _ => String::new(),
    };
    let is_global = partition == "aws" && GLOBAL.contains(&service);
    let (host, region) = match is_global {
        true => (format!("{prefix}{host}.{suffix}"), GLOBAL_REGION),
        false => (format!("{prefix}{host}.{region}.{suffix}"), region),
    };
    Address { host, region: region.to_owned(), signing_name: signing_name.to_owned() }
}

/// How a service wants paths.
pub fn path_style(service: &str) -> PathStyle {
    if service == "s3" { PathStyle::Canonical } else { PathStyle::Normalized }
}

/// What the SDKs' variables call a service that has another name in a URI. Source: SDKs and Tools Reference Guide,
/// "Service-specific endpoints".
pub fn sdk_name(service: &str) -> Option<&'static str> {
    const NAMES: [(&str, &str); 9] = [
        ("cognito-identity", "cognito_identity"),
        ("cognito-idp", "cognito_identity_provider"),
        ("email", "ses"),
        ("events", "eventbridge"),
        ("iotdata", "iot_data_plane"),
        ("logs", "cloudwatch_logs"),
        ("monitoring", "cloudwatch"),
        ("secretsmanager", "secrets_manager"),
        ("states", "sfn"),
    ];
    NAMES.iter().find(|(name, _)| *name == service).map(|(_, sdk)| *sdk)
}

/// Prefix of `X-Amz-Target` and the version of JSON, for services whose actions API Gateway completes.
///
/// Source: recorded behaviour (DynamoDB, Kinesis, Step Functions, SSM); Firehose is called the same way in the
/// developer guide's examples.
const JSON: [(&str, &str, &str); 5] = [
    ("dynamodb", "DynamoDB_20120810", "application/x-amz-json-1.0"),
    ("firehose", "Firehose_20150804", "application/x-amz-json-1.1"),
    ("kinesis", "Kinesis_20131202", "application/x-amz-json-1.1"),
    ("ssm", "AmazonSSM", "application/x-amz-json-1.1"),
    ("states", "AWSStepFunctions", "application/x-amz-json-1.0"),
];

/// What API Gateway adds to an action of a service that takes JSON.
pub fn json_action(service: &str, action: &str) -> Option<JsonAction> {
    let (_, prefix, content_type) = *JSON.iter().find(|(name, ..)| *name == service)?;
    let target = format!("{prefix}.{action}").into_bytes().into();
    // Recorded: an action of SSM takes its parameters from the query.
    Some(JsonAction { target, content_type, takes_query: service == "ssm" })
}

/// `X-Amz-Target` of a service that takes JSON only and whose actions API Gateway does not complete: the API's author has
/// to map it. Source: recorded behaviour (EventBridge); the services' API references.
pub fn target_to_map(service: &str, action: &str) -> Option<String> {
    const PREFIXES: [(&str, &str); 5] = [
        ("cognito-idp", "AWSCognitoIdentityProviderService"),
        ("events", "AWSEvents"),
        ("kms", "TrentService"),
        ("logs", "Logs_20140328"),
        ("secretsmanager", "secretsmanager"),
    ];
    let prefix = PREFIXES.iter().find(|(name, _)| *name == service)?.1;
    Some(format!("{prefix}.{action}"))
}
