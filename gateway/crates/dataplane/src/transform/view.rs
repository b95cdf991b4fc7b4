//! What a template may ask of an exchange.

use std::borrow::Cow;

use gateway_compile::Variable;
use gateway_rt::Moment;

use crate::connection::Peer;
use crate::context::Context;
use crate::event;
use crate::request::Exchange;
use crate::values::decode_query;

/// An exchange, and the body that its template reads.
pub(super) struct View<'x> {
    pub(super) x: &'x Exchange,
    pub(super) peer: &'x Peer,
    pub(super) body: &'x str,
}

impl gateway_vtl::Request for View<'_> {
    fn body(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.body)
    }

    fn path_parameters(&self, each: &mut dyn FnMut(&str, &str)) {
        let Some(method) = self.x.plan() else { return };
        let path = self.x.resource_path();
        for (index, name) in method.path_params.iter().enumerate() {
            if let Some(value) = self.x.params.value(path, index as u8) {
                each(name, &String::from_utf8_lossy(value));
            }
        }
    }

    fn query_parameters(&self, each: &mut dyn FnMut(&str, &str)) {
        let query = self.x.text(self.x.head.target.query);
        let pairs = query.split(|byte| matches!(byte, b'&' | b';'));
        let (mut name, mut value) = (Vec::new(), Vec::new());
        for pair in pairs.filter(|pair| !pair.is_empty()) {
            let name_len = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            name.clear();
            value.clear();
            decode_query(&pair[..name_len], &mut name);
            decode_query(pair.get(name_len + 1..).unwrap_or_default(), &mut value);
            each(&String::from_utf8_lossy(&name), &String::from_utf8_lossy(&value));
        }
    }

    fn headers(&self, each: &mut dyn FnMut(&str, &str)) {
        let mut forwarded_for = Vec::with_capacity(64);
        self.x.write_forwarded_for(self.peer, &mut forwarded_for);
        event::each_header(self.x, self.peer, &forwarded_for, true, |name, value| {
            each(&String::from_utf8_lossy(name), &String::from_utf8_lossy(value));
        });
    }

    fn stage_variables(&self, each: &mut dyn FnMut(&str, &str)) {
        let Some(stage) = &self.x.stage else { return };
        for (name, value) in &stage.plan.stage_variables {
            each(name, value);
        }
    }

    fn context(&self, path: &str) -> Option<Cow<'_, str>> {
        let variable = variable(path)?;
        // A key that nobody asked for is none.
        let is_key = matches!(variable, Variable::IdentityApiKey | Variable::IdentityApiKeyId);
        if is_key
            && self.x.trial.is_none()
            && !self.x.plan().is_some_and(|method| method.api_key_required)
        {
            return None;
        }
        let context = Context { x: self.x, peer: self.peer, now: Moment::NEVER };
        let mut value = Vec::new();
        context.value(&variable, &mut value).then_some(())?;
        Some(Cow::Owned(match String::from_utf8(value) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }))
    }

    fn authorizer(&self, each: &mut dyn FnMut(&str, &str)) -> bool {
        let Some(decision) = &self.x.authorizer else { return false };
        each("principalId", &decision.principal_id);
        for (name, value) in decision.context.iter().filter(|(name, _)| name != "principalId") {
            each(name, value);
        }
        let latency = self.x.facts.authorizer_latency_ms.to_string();
        if decision.value("integrationLatency").is_none() {
            each("integrationLatency", &latency);
        }
        true
    }
}

/// The variables of `$context` that templates have. Source: "`$context` variables for data models, authorizers, mapping
/// templates, and CloudWatch access logging"; what only access logs have is not among them.
fn variable(path: &str) -> Option<Variable> {
    use Variable as V;
    Some(match path {
        "accountId" => V::AccountId,
        "apiId" => V::ApiId,
        "awsEndpointRequestId" => V::IntegrationRequestId,
        "deploymentId" => V::DeploymentId,
        "domainName" => V::DomainName,
        "domainPrefix" => V::DomainPrefix,
        "extendedRequestId" => V::ExtendedRequestId,
        "httpMethod" => V::HttpMethod,
        "identity.accountId" => V::IdentityAccountId,
        "identity.apiKey" => V::IdentityApiKey,
        "identity.apiKeyId" => V::IdentityApiKeyId,
        "identity.caller" => V::IdentityCaller,
        "identity.clientCert.clientCertPem" => V::IdentityClientCertPem,
        "identity.clientCert.issuerDN" => V::IdentityClientCertIssuerDn,
        "identity.clientCert.serialNumber" => V::IdentityClientCertSerialNumber,
        "identity.clientCert.subjectDN" => V::IdentityClientCertSubjectDn,
        "identity.clientCert.validity.notAfter" => V::IdentityClientCertNotAfter,
        "identity.clientCert.validity.notBefore" => V::IdentityClientCertNotBefore,
        "identity.cognitoAuthenticationProvider" => V::IdentityCognitoAuthenticationProvider,
        "identity.cognitoAuthenticationType" => V::IdentityCognitoAuthenticationType,
        "identity.cognitoIdentityId" => V::IdentityCognitoIdentityId,
        "identity.cognitoIdentityPoolId" => V::IdentityCognitoIdentityPoolId,
        "identity.principalOrgId" => V::IdentityPrincipalOrgId,
        "identity.sourceIp" => V::IdentitySourceIp,
        "identity.user" => V::IdentityUser,
        "identity.userAgent" => V::IdentityUserAgent,
        "identity.userArn" => V::IdentityUserArn,
        "identity.vpcId" => V::IdentityVpcId,
        "identity.vpceId" => V::IdentityVpceId,
        "isCanaryRequest" => V::IsCanaryRequest,
        "path" => V::Path,
        "protocol" => V::Protocol,
        "requestId" => V::RequestId,
        "requestTime" => V::RequestTime,
        "requestTimeEpoch" => V::RequestTimeEpoch,
        "resourceId" => V::ResourceId,
        "resourcePath" => V::ResourcePath,
        "stage" => V::Stage,
        "wafResponseCode" => V::WafResponseCode,
        "webaclArn" => V::WebaclArn,
        _ => return None,
    })
}
