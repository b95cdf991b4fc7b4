//! Which of the features in use this release does not serve. One warning for each feature of each
//! resource, at its place, so that nothing is ignored in silence.
//!
//! When a feature lands, its line goes.

use crate::report::Report;
use gateway_model::{
    AuthorizationType, AuthorizerType, ConnectionType, Definitions, DomainName, DomainNameKind,
    EndpointType, Integration, Method, Place, RestApi, RoutingMode, Stage,
};

pub(crate) fn report(definitions: &Definitions, report: &Report) {
    let unserved = Unserved { report };
    for api in &definitions.apis {
        unserved.api(api);
    }
    for domain in &definitions.domain_names {
        unserved.domain_name(domain);
    }
    for association in &definitions.domain_name_access_associations {
        unserved.say(&association.place, "access associations of private domain names are");
    }
    for link in &definitions.vpc_links {
        unserved.say(&link.place, "VPC links are");
    }
    for certificate in &definitions.client_certificates {
        unserved.say(&certificate.place, "client certificates are");
    }
}

struct Unserved<'r> {
    report: &'r Report,
}

impl Unserved<'_> {
    fn say(&self, place: &Place, feature: &str) {
        self.report.warning(place, format!("{feature} not served yet"));
    }

    fn say_if(&self, is_used: bool, place: &Place, feature: &str) {
        if is_used {
            self.say(place, feature);
        }
    }

    fn api(&self, api: &RestApi) {
        let place = &api.place;
        self.say_if(api.clone_from.is_some(), place, "CloneFrom is");
        if let Some(policy) = &api.policy {
            self.say(&policy.place, "resource policies are");
        }
        self.say_if(api.security_policy.is_some(), place, "TLS security policies are");
        let is_strict = api.endpoint_access_mode.as_deref() == Some("STRICT");
        self.say_if(is_strict, place, "endpoint access mode STRICT is");
        let is_private = api.endpoint.types.contains(&EndpointType::Private);
        self.say_if(is_private, place, "keeping PRIVATE endpoints to VPC endpoints is");
        for authorizer in api.authorizers.values() {
            let is_cognito = authorizer.kind == AuthorizerType::CognitoUserPools;
            self.say_if(
                is_cognito,
                &authorizer.place,
                "authorizers of type COGNITO_USER_POOLS are",
            );
        }
        for method in api.resources.values().flat_map(|resource| resource.methods.values()) {
            self.method(method);
        }
        for stage in api.stages.values() {
            self.stage(stage);
        }
    }

    fn method(&self, method: &Method) {
        let kind = method.authorization_type;
        if matches!(kind, AuthorizationType::AwsIam | AuthorizationType::CognitoUserPools) {
            let text = format!("authorization type {} is", method.authorization_type);
            self.say(&method.authorization_place, &text);
        }
        if let Some(integration) = &method.integration {
            self.integration(integration);
        }
    }

    fn integration(&self, integration: &Integration) {
        let by_link = integration.connection_type == Some(ConnectionType::VpcLink);
        self.say_if(by_link, &integration.place, "connection type VPC_LINK is");
    }

    fn stage(&self, stage: &Stage) {
        let place = &stage.place;
        self.say_if(stage.client_certificate_id.is_some(), place, "client certificates are");
        self.say_if(stage.tracing_enabled, place, "tracing is");
        self.say_if(stage.web_acl_arn.is_some(), place, "web ACLs are");
        // Log groups are served; delivery streams are not.
        let destination = stage.access_log.as_ref().and_then(|log| log.destination_arn.as_ref());
        let is_stream = destination.is_some_and(|arn| arn.value.contains(":firehose:"));
        self.say_if(is_stream, place, "access logs to delivery streams of Firehose are");
    }

    fn domain_name(&self, domain: &DomainName) {
        let place = &domain.place;
        let is_private = domain.kind == DomainNameKind::Private;
        self.say_if(is_private, place, "keeping private domain names to VPC endpoints is");
        let has_certificate =
            domain.certificate_arn.is_some() || domain.regional_certificate_arn.is_some();
        self.say_if(has_certificate, place, "certificates of custom domain names are");
        self.say_if(domain.mutual_tls.is_some(), place, "mutual TLS is");
        let by_rules = domain.routing_mode != RoutingMode::BasePathMappingOnly;
        self.say_if(by_rules, place, "routing rules are");
        if let Some(policy) = &domain.policy {
            self.say(&policy.place, "policies of private domain names are");
        }
    }
}
