//! `UsagePlan` and `Domain` of an API.

use super::build::{Edit, Maker, alphanumeric};
use super::{Api, Names};
use crate::node::Node;
use gateway_model::Place;

/// APIs that share one plan and one key.
#[derive(Default)]
pub(super) struct Plans {
    shared: Vec<(Node, Node)>,
    settings: Option<Node>,
    /// Names that mean the plan, by API.
    apis: Vec<String>,
}

const SETTINGS: [&str; 5] = ["UsagePlanName", "Description", "Quota", "Throttle", "Tags"];

impl Plans {
    /// The plan that an API asks for.
    pub(super) fn add(
        &mut self,
        api: &Api,
        stage_id: &str,
        made: &mut Vec<(String, Node)>,
        names: &mut Names,
    ) {
        let Some(plan) = api.auth("UsagePlan") else { return };
        let maker = Maker(&api.place);
        let pair = (maker.reference(&api.logical_id), maker.reference(stage_id));
        match plan.member("CreateUsagePlan").and_then(Node::as_str) {
            Some("PER_API") => {
                let id = &api.logical_id;
                make(id, &[pair], plan, &api.place, made);
                for name in ["UsagePlan", "ApiKey", "UsagePlanKey"] {
                    names.insert(format!("{id}.{name}"), format!("{id}{name}"));
                }
            }
            Some("SHARED") => {
                self.shared.push(pair);
                self.settings.get_or_insert_with(|| plan.clone());
                self.apis.push(api.logical_id.clone());
            }
            _ => {}
        }
    }

    /// The shared plan, once all APIs are known.
    pub(super) fn finish(self, made: &mut Vec<(String, Node)>, names: &mut Names) {
        let Some(settings) = self.settings else { return };
        make("Serverless", &self.shared, &settings, &settings.place, made);
        for api in self.apis {
            for name in ["UsagePlan", "ApiKey", "UsagePlanKey"] {
                names.insert(format!("{api}.{name}"), format!("Serverless{name}"));
            }
        }
    }
}

fn make(
    prefix: &str,
    stages: &[(Node, Node)],
    settings: &Node,
    place: &Place,
    made: &mut Vec<(String, Node)>,
) {
    let maker = Maker(place);
    let id = |name: &str| format!("{prefix}{name}");
    let pairs = |api_name: &str, stage_name: &str| {
        let pairs = stages
            .iter()
            .map(|(api, stage)| maker.map([(api_name, api.clone()), (stage_name, stage.clone())]));
        maker.list(pairs.collect())
    };
    let mut plan = maker.map([("ApiStages", pairs("ApiId", "Stage"))]);
    for name in SETTINGS {
        plan.put_some(name, settings.member(name));
    }
    made.push((id("UsagePlan"), maker.resource("AWS::ApiGateway::UsagePlan", plan)));
    let key = maker
        .map([("Enabled", maker.boolean(true)), ("StageKeys", pairs("RestApiId", "StageName"))]);
    made.push((id("ApiKey"), maker.resource("AWS::ApiGateway::ApiKey", key)));
    let member = maker.map([
        ("KeyId", maker.reference(&id("ApiKey"))),
        ("KeyType", maker.text("API_KEY")),
        ("UsagePlanId", maker.reference(&id("UsagePlan"))),
    ]);
    made.push((id("UsagePlanKey"), maker.resource("AWS::ApiGateway::UsagePlanKey", member)));
}

impl Api {
    /// A custom domain name with paths that lead to the stage. DNS is somebody else's.
    pub(super) fn domain(&self, stage_id: &str, made: &mut Vec<(String, Node)>, names: &mut Names) {
        let Some(domain) = self.properties.member("Domain") else { return };
        let Some(name) = domain.member("DomainName") else { return };
        let maker = Maker(&domain.place);
        let written = name.scalar_text().unwrap_or_else(|| name.to_json().to_string());
        let domain_id = format!("ApiGatewayDomainName{}", alphanumeric(&written));
        names.insert(format!("{}.DomainName", self.logical_id), domain_id.clone());
        let kind = domain.member("EndpointConfiguration").cloned();
        let kind = kind.unwrap_or_else(|| maker.text("REGIONAL"));
        let is_edge = kind.as_str() == Some("EDGE");
        let mut properties = maker.map([
            ("DomainName", name.clone()),
            ("EndpointConfiguration", maker.map([("Types", maker.list(vec![kind]))])),
        ]);
        let certificate = if is_edge { "CertificateArn" } else { "RegionalCertificateArn" };
        properties.put_some(certificate, domain.member("CertificateArn"));
        for name in
            ["MutualTlsAuthentication", "SecurityPolicy", "OwnershipVerificationCertificateArn"]
        {
            properties.put_some(name, domain.member(name));
        }
        if !made.iter().any(|(id, _)| *id == domain_id) {
            let resource = maker.resource("AWS::ApiGateway::DomainName", properties);
            made.push((domain_id.clone(), resource));
        }
        let mapping = || {
            maker.map([
                ("DomainName", maker.reference(&domain_id)),
                ("RestApiId", maker.reference(&self.logical_id)),
                ("Stage", maker.reference(stage_id)),
            ])
        };
        let mut add = |suffix: &str, properties: Node| {
            let id = format!("{}{suffix}BasePathMapping", self.logical_id);
            made.push((id, maker.resource("AWS::ApiGateway::BasePathMapping", properties)));
        };
        let Some(paths) = domain.member("BasePath") else { return add("", mapping()) };
        let is_raw = domain.member("NormalizeBasePath").and_then(Node::scalar_text);
        let is_raw = is_raw.as_deref() == Some("false");
        for path in paths.as_seq().unwrap_or_else(|| std::slice::from_ref(paths)) {
            let Some(path) = path.scalar_text() else { continue };
            let mut properties = mapping();
            let normal = alphanumeric(&path);
            if path != "/" {
                let written = if is_raw { path.as_str() } else { normal.as_str() };
                properties.put("BasePath", maker.text(written));
            }
            add(&normal, properties);
        }
    }
}
