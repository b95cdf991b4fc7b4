//! Types that stand beside an API in a template. Source: definition-formats §5.
//!
//! Most need nothing of a gateway but a name that other resources can use. The table says the
//! form of `Ref` and of the attributes: `{name}` is the property that names it (or a generated
//! name), `{id}` and `{ID}` are derived, `{of}` is the function that it belongs to.

use super::{Identity, Rest, Subject};
use crate::decode::SERVERLESS_FUNCTION;
use crate::ids::{derived_uuid, function_url_id};

/// How a type that is not API Gateway's is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing is expected of the gateway.
    Silent,
    /// It matters to requests and is not served yet.
    NotServed,
    /// Nobody here knows the type.
    Unknown,
}

struct Related {
    type_name: &'static str,
    name_property: &'static str,
    reference: &'static str,
    attributes: &'static [(&'static str, &'static str)],
    standing: Standing,
}

const fn silent(
    type_name: &'static str,
    name_property: &'static str,
    reference: &'static str,
    attributes: &'static [(&'static str, &'static str)],
) -> Related {
    Related { type_name, name_property, reference, attributes, standing: Standing::Silent }
}

const fn not_served(
    type_name: &'static str,
    name_property: &'static str,
    reference: &'static str,
    attributes: &'static [(&'static str, &'static str)],
) -> Related {
    Related { type_name, name_property, reference, attributes, standing: Standing::NotServed }
}

const RELATED: &[Related] = &[
    silent(
        "AWS::Lambda::Function",
        "FunctionName",
        "{name}",
        &[
            ("Arn", "arn:{p}:lambda:{r}:{a}:function:{name}"),
            ("SnapStartResponse.ApplyOn", "None"),
            ("SnapStartResponse.OptimizationStatus", "Off"),
        ],
    ),
    silent("AWS::Lambda::Permission", "", "{name}", &[("Id", "{name}")]),
    silent(
        "AWS::Lambda::Alias",
        "Name",
        "arn:{p}:lambda:{r}:{a}:function:{of}:{name}",
        &[("AliasArn", "arn:{p}:lambda:{r}:{a}:function:{of}:{name}")],
    ),
    silent(
        "AWS::Lambda::Version",
        "",
        "arn:{p}:lambda:{r}:{a}:function:{of}:1",
        &[("Version", "1"), ("FunctionArn", "arn:{p}:lambda:{r}:{a}:function:{of}:1")],
    ),
    silent(
        "AWS::Lambda::LayerVersion",
        "LayerName",
        "arn:{p}:lambda:{r}:{a}:layer:{name}:1",
        &[("LayerVersionArn", "arn:{p}:lambda:{r}:{a}:layer:{name}:1")],
    ),
    silent(
        "AWS::Lambda::Url",
        "",
        "arn:{p}:lambda:{r}:{a}:function:{of}{at}",
        &[("FunctionArn", "arn:{p}:lambda:{r}:{a}:function:{of}{at}"), ("FunctionUrl", "{url}")],
    ),
    silent("AWS::Lambda::CapacityProvider", "CapacityProviderName", "{name}", &[]),
    silent("AWS::Lambda::CodeSigningConfig", "", "{name}", &[]),
    silent("AWS::Lambda::EventInvokeConfig", "", "{name}", &[]),
    silent("AWS::Lambda::LayerVersionPermission", "", "{name}", &[("Id", "{name}")]),
    silent("AWS::Lambda::EventSourceMapping", "", "{uuid}", &[("Id", "{uuid}")]),
    silent(
        "AWS::IAM::Role",
        "RoleName",
        "{name}",
        &[("Arn", "arn:{p}:iam::{a}:role/{name}"), ("RoleId", "AROA{ID}")],
    ),
    silent("AWS::IAM::Policy", "PolicyName", "{name}", &[("Id", "{name}")]),
    silent(
        "AWS::IAM::ManagedPolicy",
        "ManagedPolicyName",
        "arn:{p}:iam::{a}:policy/{name}",
        &[("PolicyArn", "arn:{p}:iam::{a}:policy/{name}"), ("PolicyId", "ANPA{ID}")],
    ),
    silent(
        "AWS::IAM::InstanceProfile",
        "InstanceProfileName",
        "{name}",
        &[("Arn", "arn:{p}:iam::{a}:instance-profile/{name}")],
    ),
    silent("AWS::IAM::User", "UserName", "{name}", &[("Arn", "arn:{p}:iam::{a}:user/{name}")]),
    silent("AWS::IAM::AccessKey", "", "AKIA{ID}", &[("SecretAccessKey", "{id}")]),
    silent(
        "AWS::Logs::LogGroup",
        "LogGroupName",
        "{name}",
        &[("Arn", "arn:{p}:logs:{r}:{a}:log-group:{name}:*")],
    ),
    silent("AWS::Logs::LogStream", "LogStreamName", "{name}", &[]),
    silent("AWS::Logs::MetricFilter", "FilterName", "{name}", &[]),
    silent("AWS::Logs::SubscriptionFilter", "FilterName", "{name}", &[]),
    silent("AWS::Logs::ResourcePolicy", "PolicyName", "{name}", &[]),
    silent(
        "AWS::KinesisFirehose::DeliveryStream",
        "DeliveryStreamName",
        "{name}",
        &[("Arn", "arn:{p}:firehose:{r}:{a}:deliverystream/{name}")],
    ),
    not_served(
        "AWS::WAFv2::WebACL",
        "Name",
        "{name}|{uuid}|REGIONAL",
        &[
            ("Arn", "arn:{p}:wafv2:{r}:{a}:regional/webacl/{name}/{uuid}"),
            ("Id", "{uuid}"),
            ("Capacity", "1"),
            ("LabelNamespace", "awswaf:{a}:webacl:{name}:"),
        ],
    ),
    not_served("AWS::WAFv2::WebACLAssociation", "", "{name}", &[]),
    silent(
        "AWS::WAFv2::IPSet",
        "Name",
        "{name}|{uuid}|REGIONAL",
        &[("Arn", "arn:{p}:wafv2:{r}:{a}:regional/ipset/{name}/{uuid}"), ("Id", "{uuid}")],
    ),
    silent(
        "AWS::WAFv2::RegexPatternSet",
        "Name",
        "{name}|{uuid}|REGIONAL",
        &[
            ("Arn", "arn:{p}:wafv2:{r}:{a}:regional/regexpatternset/{name}/{uuid}"),
            ("Id", "{uuid}"),
        ],
    ),
    silent(
        "AWS::WAFv2::RuleGroup",
        "Name",
        "{name}|{uuid}|REGIONAL",
        &[("Arn", "arn:{p}:wafv2:{r}:{a}:regional/rulegroup/{name}/{uuid}"), ("Id", "{uuid}")],
    ),
    silent(
        "AWS::Cognito::UserPool",
        "",
        "{r}_{pool}",
        &[
            ("Arn", "arn:{p}:cognito-idp:{r}:{a}:userpool/{r}_{pool}"),
            ("ProviderName", "cognito-idp.{r}.amazonaws.com/{r}_{pool}"),
            ("ProviderURL", "https://cognito-idp.{r}.amazonaws.com/{r}_{pool}"),
            ("UserPoolId", "{r}_{pool}"),
        ],
    ),
    silent(
        "AWS::Cognito::UserPoolClient",
        "",
        "{id}",
        &[("ClientId", "{id}"), ("ClientSecret", "{id}"), ("Name", "{name}")],
    ),
    silent(
        "AWS::Cognito::UserPoolDomain",
        "Domain",
        "{name}",
        &[("CloudFrontDistribution", "{id}.cloudfront.net")],
    ),
    silent("AWS::Cognito::UserPoolResourceServer", "Identifier", "{name}", &[]),
    silent("AWS::Cognito::UserPoolUser", "Username", "{name}", &[]),
    silent("AWS::Cognito::UserPoolGroup", "GroupName", "{name}", &[]),
    silent(
        "AWS::CertificateManager::Certificate",
        "",
        "arn:{p}:acm:{r}:{a}:certificate/{uuid}",
        &[],
    ),
    silent("AWS::Route53::RecordSet", "Name", "{name}", &[]),
    silent("AWS::Route53::RecordSetGroup", "", "{name}", &[]),
    silent("AWS::Route53::HostedZone", "", "Z{ID}", &[("Id", "Z{ID}")]),
    silent(
        "AWS::S3::Bucket",
        "BucketName",
        "{lower}",
        &[
            ("Arn", "arn:{p}:s3:::{lower}"),
            ("DomainName", "{lower}.s3.amazonaws.com"),
            ("RegionalDomainName", "{lower}.s3.{r}.amazonaws.com"),
            ("DualStackDomainName", "{lower}.s3.dualstack.{r}.amazonaws.com"),
            ("WebsiteURL", "http://{lower}.s3-website-{r}.amazonaws.com"),
        ],
    ),
    silent("AWS::S3::BucketPolicy", "", "{name}", &[]),
    silent(
        "AWS::DynamoDB::Table",
        "TableName",
        "{name}",
        &[
            ("Arn", "arn:{p}:dynamodb:{r}:{a}:table/{name}"),
            ("StreamArn", "arn:{p}:dynamodb:{r}:{a}:table/{name}/stream/1970-01-01T00:00:00.000"),
        ],
    ),
    silent(
        "AWS::SQS::Queue",
        "QueueName",
        "https://sqs.{r}.amazonaws.com/{a}/{name}",
        &[
            ("Arn", "arn:{p}:sqs:{r}:{a}:{name}"),
            ("QueueName", "{name}"),
            ("QueueUrl", "https://sqs.{r}.amazonaws.com/{a}/{name}"),
        ],
    ),
    silent("AWS::SQS::QueuePolicy", "", "{name}", &[("Id", "{name}")]),
    silent(
        "AWS::SNS::Topic",
        "TopicName",
        "arn:{p}:sns:{r}:{a}:{name}",
        &[("TopicArn", "arn:{p}:sns:{r}:{a}:{name}"), ("TopicName", "{name}")],
    ),
    silent("AWS::SNS::Subscription", "", "arn:{p}:sns:{r}:{a}:{name}", &[]),
    silent(
        "AWS::StepFunctions::StateMachine",
        "StateMachineName",
        "arn:{p}:states:{r}:{a}:stateMachine:{name}",
        &[
            ("Arn", "arn:{p}:states:{r}:{a}:stateMachine:{name}"),
            ("Name", "{name}"),
            ("StateMachineRevisionId", "{uuid}"),
        ],
    ),
    silent(
        "AWS::Events::EventBus",
        "Name",
        "{name}",
        &[("Arn", "arn:{p}:events:{r}:{a}:event-bus/{name}"), ("Name", "{name}")],
    ),
    silent("AWS::Events::Rule", "Name", "{name}", &[("Arn", "arn:{p}:events:{r}:{a}:rule/{name}")]),
    silent(
        "AWS::Kinesis::Stream",
        "Name",
        "{name}",
        &[("Arn", "arn:{p}:kinesis:{r}:{a}:stream/{name}")],
    ),
    silent(
        "AWS::SecretsManager::Secret",
        "Name",
        "arn:{p}:secretsmanager:{r}:{a}:secret:{name}",
        &[("Id", "arn:{p}:secretsmanager:{r}:{a}:secret:{name}")],
    ),
    silent("AWS::SSM::Parameter", "Name", "{name}", &[("Type", "String"), ("Value", "{Value}")]),
    silent(
        "AWS::KMS::Key",
        "",
        "{uuid}",
        &[("Arn", "arn:{p}:kms:{r}:{a}:key/{uuid}"), ("KeyId", "{uuid}")],
    ),
    silent("AWS::KMS::Alias", "AliasName", "{name}", &[]),
    silent("AWS::EC2::VPC", "", "vpc-{id}", &[("VpcId", "vpc-{id}"), ("CidrBlock", "{CidrBlock}")]),
    silent("AWS::EC2::Subnet", "", "subnet-{id}", &[("SubnetId", "subnet-{id}")]),
    silent(
        "AWS::EC2::SecurityGroup",
        "",
        "sg-{id}",
        &[("GroupId", "sg-{id}"), ("VpcId", "{VpcId}")],
    ),
    silent("AWS::EC2::VPCEndpoint", "", "vpce-{id}", &[("Id", "vpce-{id}")]),
    silent(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "Name",
        "arn:{p}:elasticloadbalancing:{r}:{a}:loadbalancer/net/{name}/{id}",
        &[
            (
                "LoadBalancerArn",
                "arn:{p}:elasticloadbalancing:{r}:{a}:loadbalancer/net/{name}/{id}",
            ),
            ("DNSName", "{name}-{id}.elb.{r}.amazonaws.com"),
            ("LoadBalancerName", "{name}"),
            ("LoadBalancerFullName", "net/{name}/{id}"),
            ("CanonicalHostedZoneID", "Z{ID}"),
        ],
    ),
    silent(
        "AWS::ElasticLoadBalancingV2::Listener",
        "",
        "arn:{p}:elasticloadbalancing:{r}:{a}:listener/net/{name}/{id}",
        &[("ListenerArn", "arn:{p}:elasticloadbalancing:{r}:{a}:listener/net/{name}/{id}")],
    ),
    silent(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        "Name",
        "arn:{p}:elasticloadbalancing:{r}:{a}:targetgroup/{name}/{id}",
        &[
            ("TargetGroupArn", "arn:{p}:elasticloadbalancing:{r}:{a}:targetgroup/{name}/{id}"),
            ("TargetGroupName", "{name}"),
            ("TargetGroupFullName", "targetgroup/{name}/{id}"),
        ],
    ),
    not_served("AWS::CloudFormation::Stack", "", "{name}", &[]),
    not_served("AWS::CloudFormation::CustomResource", "", "{name}", &[]),
];

/// Services whose resources stand beside an API and have no effect on its requests.
const SILENT_SERVICES: &[&str] = &[
    "AWS::CDK::",
    "AWS::CertificateManager::",
    "AWS::CloudFormation::WaitCondition",
    "AWS::CloudWatch::",
    "AWS::Cognito::",
    "AWS::DynamoDB::",
    "AWS::EC2::",
    "AWS::ElasticLoadBalancingV2::",
    "AWS::Events::",
    "AWS::IAM::",
    "AWS::KMS::",
    "AWS::Kinesis::",
    "AWS::KinesisFirehose::",
    "AWS::Logs::",
    "AWS::Route53::",
    "AWS::S3::",
    "AWS::SNS::",
    "AWS::SQS::",
    "AWS::SSM::",
    "AWS::SecretsManager::",
    "AWS::ServiceDiscovery::",
    "AWS::StepFunctions::",
    "AWS::WAFv2::",
    "AWS::XRay::",
];

/// How a type is taken.
pub(crate) fn standing(type_name: &str) -> Standing {
    if let Some(related) = RELATED.iter().find(|related| related.type_name == type_name) {
        return related.standing;
    }
    let prefixes = ["AWS::ApiGatewayV2::", "AWS::Serverless::", "Custom::"];
    if prefixes.iter().any(|prefix| type_name.starts_with(prefix)) {
        return Standing::NotServed;
    }
    if SILENT_SERVICES.iter().any(|prefix| type_name.starts_with(prefix)) {
        return Standing::Silent;
    }
    Standing::Unknown
}

pub(super) fn identify(subject: &Subject<'_, '_>) -> Identity {
    let type_name = subject.resource.type_name;
    if type_name == SERVERLESS_FUNCTION {
        let reference = fill(subject, "FunctionName", "{name}");
        let arn = fill(subject, "FunctionName", "arn:{p}:lambda:{r}:{a}:function:{name}");
        let mut attributes = Vec::new();
        // `!Ref Function.Alias` and `!Ref Function.Version`: what the transform publishes.
        if let Some(alias) = subject.text("AutoPublishAlias") {
            attributes = vec![("Alias", format!("{arn}:{alias}")), ("Version", format!("{arn}:1"))];
        }
        attributes.push(("Arn", arn));
        return Identity { reference, attributes, rest: Rest::LeftOut };
    }
    if type_name.starts_with("AWS::Serverless::") {
        let reference = subject.generated_name();
        return Identity { reference, attributes: Vec::new(), rest: Rest::LeftOut };
    }
    let Some(related) = RELATED.iter().find(|related| related.type_name == type_name) else {
        let reference = subject.generated_name();
        return Identity { reference, attributes: Vec::new(), rest: Rest::StandIn };
    };
    let filled = |form: &str| fill(subject, related.name_property, form);
    Identity {
        reference: filled(related.reference),
        attributes: related.attributes.iter().map(|(name, form)| (*name, filled(form))).collect(),
        rest: Rest::StandIn,
    }
}

fn fill(subject: &Subject<'_, '_>, name_property: &str, form: &str) -> String {
    const ID_CHARS: usize = 16;
    let options = subject.evaluator.options;
    let name = || {
        let given = (!name_property.is_empty()).then(|| subject.text(name_property)).flatten();
        given.unwrap_or_else(|| subject.generated_name())
    };
    let mut out = String::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((slot, after)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(&match slot {
            "p" => options.partition.clone(),
            "r" => options.region.clone(),
            "a" => options.account_id.clone(),
            "name" => name(),
            "lower" => name().to_lowercase(),
            "id" => subject.role("id", ID_CHARS),
            "ID" => subject.role("id", ID_CHARS).to_uppercase(),
            "pool" => subject.role("pool", 9),
            "uuid" => {
                let stack = &subject.evaluator.stack.name;
                derived_uuid(stack, subject.resource.logical_id, "uuid")
            }
            // A function is named by its name or its ARN.
            "of" => {
                let function = ["FunctionName", "TargetFunctionArn"];
                let text = function.iter().find_map(|property| subject.text(property));
                let text = text.unwrap_or_default();
                let mut parts = text.split(':');
                let name = if text.starts_with("arn:") { parts.nth(6) } else { parts.next() };
                name.unwrap_or_default().to_owned()
            }
            "at" => {
                let qualifier = subject.text("Qualifier");
                qualifier.map(|qualifier| format!(":{qualifier}")).unwrap_or_default()
            }
            "url" => {
                let stack = &subject.evaluator.stack.name;
                let id = function_url_id(stack, subject.resource.logical_id);
                options.function_url(&id)
            }
            property => subject.text(property).unwrap_or_default(),
        });
        rest = after;
    }
    out.push_str(rest);
    out
}
