//! `AWS::Serverless::Api` to a REST API, its deployment and its stage.

use super::build::{Edit, Maker, alphanumeric};
use super::{Api, Names, usage};
use crate::limits::NODES_MAX;
use crate::node::{Key, Kind, Node};
use crate::objects::bucket_and_key;
use crate::report::Report;
use gateway_model::Place;

/// Properties that the REST API takes as they are.
const OF_API: [&str; 10] = [
    "Name",
    "Description",
    "BinaryMediaTypes",
    "MinimumCompressionSize",
    "Mode",
    "FailOnWarnings",
    "DisableExecuteApiEndpoint",
    "EndpointAccessMode",
    "SecurityPolicy",
    "ApiKeySourceType",
];

/// Properties that the stage takes as they are.
const OF_STAGE: [&str; 8] = [
    "StageName",
    "CacheClusterEnabled",
    "CacheClusterSize",
    "Variables",
    "MethodSettings",
    "AccessLogSetting",
    "CanarySetting",
    "TracingEnabled",
];

/// Properties that the transform uses up.
const USED: [&str; 14] = [
    "DefinitionBody",
    "DefinitionUri",
    "MergeDefinitions",
    "OpenApiVersion",
    "Auth",
    "Cors",
    "GatewayResponses",
    "Models",
    "EndpointConfiguration",
    "Domain",
    "Policy",
    "Tags",
    "PropagateTags",
    "AlwaysDeploy",
];

/// The stage that deployments make besides, unless the version of OpenAPI is said.
const EXTRA_STAGE: &str = "Stage";

impl Api {
    pub(super) fn new(
        logical_id: &str,
        place: &Place,
        globals: Option<&Node>,
        properties: Node,
        attributes: Vec<(Key, Node)>,
    ) -> Self {
        let properties = match globals {
            Some(globals) => globals.clone().overlaid(properties),
            None => properties,
        };
        let own = properties.member("DefinitionBody");
        let is_merged = properties.member("MergeDefinitions").and_then(Node::scalar_text);
        let is_merged = is_merged.as_deref() == Some("true");
        let has_uri = properties.member("DefinitionUri").is_some();
        let version = properties.member("OpenApiVersion").and_then(Node::scalar_text);
        let version = version.filter(|version| version.starts_with('3'));
        let body = match own {
            Some(body) => Some(body.clone()),
            None if has_uri => None,
            None => Some(empty_definition(Maker(place), version.as_deref())),
        };
        let is_oas3 = body.as_ref().is_some_and(|body| body.member("openapi").is_some());
        Self {
            logical_id: logical_id.to_owned(),
            place: place.clone(),
            is_managed: body.is_some() && (own.is_none() || is_merged),
            is_oas3,
            body,
            properties,
            attributes,
            statements: Vec::new(),
            budget: NODES_MAX,
        }
    }

    /// The stage's name, where it is no expression.
    pub(super) fn stage_name(&self) -> Option<String> {
        self.properties.member("StageName")?.scalar_text()
    }

    pub(super) fn finish(
        mut self,
        made: &mut Vec<(String, Node)>,
        names: &mut Names,
        plans: &mut usage::Plans,
        report: &Report,
    ) {
        self.check(report);
        let paths = self.body.as_ref().and_then(|body| body.member("paths"));
        let items = paths.map_or(&[][..], Node::members);
        let operations: usize = items.iter().map(|(_, item)| item.members().len() + 1).sum();
        if self.charge(operations, report) {
            self.apply_cors();
            self.apply_auth(made, report);
        }
        self.apply_models();
        self.apply_gateway_responses();
        self.apply_policy();
        let place = self.place.clone();
        let maker = Maker(&place);
        let id = self.logical_id.clone();
        let stage_id = format!("{id}{}Stage", alphanumeric(&self.stage_name().unwrap_or_default()));
        let deployment_id = format!("{id}Deployment");
        names.insert(format!("{id}.Stage"), stage_id.clone());
        names.insert(format!("{id}.Deployment"), deployment_id.clone());
        let mut deployment = maker.map([("RestApiId", maker.reference(&id))]);
        if self.properties.member("OpenApiVersion").is_none() {
            deployment.put("StageName", maker.text(EXTRA_STAGE));
        }
        let mut stage = maker.map([
            ("RestApiId", maker.reference(&id)),
            ("DeploymentId", maker.reference(&deployment_id)),
        ]);
        for name in OF_STAGE {
            stage.put_some(name, self.properties.member(name));
        }
        stage.put_some("Tags", self.tags().as_ref());
        self.domain(&stage_id, made, names);
        plans.add(&self, &stage_id, made, names);
        let condition = self.attributes.iter().find(|(key, _)| key.text == "Condition");
        let condition = condition.map(|(_, condition)| condition.clone());
        let rest_api = self.rest_api();
        for (id, type_name, properties) in [
            (deployment_id, "AWS::ApiGateway::Deployment", deployment),
            (stage_id, "AWS::ApiGateway::Stage", stage),
        ] {
            let mut resource = maker.resource(type_name, properties);
            resource.put_some("Condition", condition.as_ref());
            made.push((id, resource));
        }
        made.push((id, rest_api));
    }

    /// Whether what the API says for all its operations may be copied so many times more.
    pub(super) fn charge(&mut self, times: usize, report: &Report) -> bool {
        if self.budget == 0 {
            return false;
        }
        let said = ["Auth", "Cors", "StageName"].iter();
        let said = said.filter_map(|name| self.properties.member(name));
        let count: usize = said.map(|property| property.count(NODES_MAX)).sum();
        let left = self.budget;
        self.budget = left.saturating_sub(count.saturating_mul(times));
        if self.budget == 0 && left > 0 {
            let text = format!("Auth and Cors make more than {NODES_MAX} values of the operations");
            report.error(&self.place, text);
        }
        self.budget > 0
    }

    fn check(&self, report: &Report) {
        let known: Vec<&str> = OF_API.iter().chain(&OF_STAGE).chain(&USED).copied().collect();
        for (key, _) in self.properties.members() {
            if !known.contains(&key.text.as_str()) {
                let text = format!("unknown property \"{}\" of AWS::Serverless::Api", key.text);
                report.error_near(&key.place, text, &key.text, known.iter().copied());
            }
        }
        if self.properties.member("StageName").is_none() {
            report.error(&self.place, "missing property \"StageName\" of AWS::Serverless::Api");
        }
        for name in ["Auth", "Cors", "Models", "GatewayResponses"] {
            let Some(property) = self.properties.member(name) else { continue };
            let needs_body = name != "Auth" || property.member("Authorizers").is_some();
            if self.body.is_none() && needs_body {
                let text = format!(
                    "{name} works only with inline Swagger specified in 'DefinitionBody' property."
                );
                report.warning(&property.place, text);
            }
        }
    }

    fn rest_api(self) -> Node {
        let maker = Maker(&self.place);
        let mut properties = maker.map([]);
        for name in OF_API {
            properties.put_some(name, self.properties.member(name));
        }
        properties.put_some("Policy", self.properties.member("Policy"));
        properties.put_some("Tags", self.tags().as_ref());
        if let Some(endpoint) = self.properties.member("EndpointConfiguration") {
            let (endpoint, kind) = endpoint_configuration(endpoint);
            properties.put("EndpointConfiguration", endpoint);
            if let Some(kind) = kind {
                properties.put("Parameters", maker.map([("endpointConfigurationTypes", kind)]));
            }
        }
        match (self.body, self.properties.member("DefinitionUri")) {
            (Some(body), _) => properties.put("Body", body),
            (None, Some(uri)) => properties.put("BodyS3Location", s3_location(uri)),
            (None, None) => {}
        }
        let mut resource = maker.resource("AWS::ApiGateway::RestApi", properties);
        for (key, value) in self.attributes {
            resource.put(&key.text, value);
        }
        resource
    }

    /// Tags are a map to SAM and a list to CloudFormation.
    fn tags(&self) -> Option<Node> {
        let tags = self.properties.member("Tags")?;
        let maker = Maker(&tags.place);
        let pairs = tags.as_map()?.iter().map(|(key, value)| {
            maker.map([("Key", maker.text(&key.text)), ("Value", value.clone())])
        });
        Some(maker.list(pairs.collect()))
    }

    fn apply_models(&mut self) {
        let Some(models) = self.properties.member("Models").cloned() else { return };
        let is_oas3 = self.is_oas3;
        let Some(body) = self.body.as_mut() else { return };
        let schemas = if is_oas3 {
            body.child("components").and_then(|components| components.child("schemas"))
        } else {
            body.child("definitions")
        };
        if let Some(schemas) = schemas {
            for (key, schema) in models.members() {
                schemas.put(&key.text.to_ascii_lowercase(), schema.clone());
            }
        }
    }

    fn apply_gateway_responses(&mut self) {
        const PARAMETERS: [(&str, &str); 3] =
            [("Headers", "header"), ("QueryStrings", "querystring"), ("Paths", "path")];
        let Some(responses) = self.properties.member("GatewayResponses").cloned() else { return };
        let Some(body) = self.body.as_mut() else { return };
        let Some(written) = body.child("x-amazon-apigateway-gateway-responses") else { return };
        for (key, response) in responses.members() {
            let maker = Maker(&response.place);
            let mut parameters = maker.map([]);
            for (section, kind) in PARAMETERS {
                let section = response.member("ResponseParameters").and_then(|p| p.member(section));
                for (name, value) in section.map_or(&[][..], Node::members) {
                    parameters.put(&format!("gatewayresponse.{kind}.{}", name.text), value.clone());
                }
            }
            let mut one = maker.map([("responseParameters", parameters)]);
            one.put_some("statusCode", response.member("StatusCode"));
            one.put_some("responseTemplates", response.member("ResponseTemplates"));
            written.put(&key.text, one);
        }
    }

    fn apply_policy(&mut self) {
        if self.statements.is_empty() {
            return;
        }
        let maker = Maker(&self.place);
        let mut statements = std::mem::take(&mut self.statements);
        let custom = self.auth("ResourcePolicy").and_then(|p| p.member("CustomStatements"));
        let is_bare = custom.is_some_and(|custom| custom.as_map().is_some());
        // One statement that was written without a list stays without one.
        let statement = match statements.pop() {
            Some(only) if is_bare && statements.is_empty() => only,
            last => {
                statements.extend(last);
                maker.list(statements)
            }
        };
        let policy = maker.map([("Version", maker.text("2012-10-17")), ("Statement", statement)]);
        if let Some(body) = self.body.as_mut() {
            body.put("x-amazon-apigateway-policy", policy);
        }
    }
}

/// A definition that events fill.
fn empty_definition(maker: Maker<'_>, openapi: Option<&str>) -> Node {
    let info =
        maker.map([("version", maker.text("1.0")), ("title", maker.reference("AWS::StackName"))]);
    let mut body = maker.map([("info", info), ("paths", maker.map([]))]);
    match openapi {
        Some(version) => body.put("openapi", maker.text(version)),
        None => body.put("swagger", maker.text("2.0")),
    }
    body
}

/// A type, or an object with one; and the type.
fn endpoint_configuration(node: &Node) -> (Node, Option<Node>) {
    let maker = Maker(&node.place);
    if node.as_map().is_none() || node.call().is_some() {
        return (maker.map([("Types", maker.list(vec![node.clone()]))]), Some(node.clone()));
    }
    let mut endpoint = maker.map([]);
    let kind = node.member("Type").cloned();
    match &kind {
        Some(kind) => endpoint.put("Types", maker.list(vec![kind.clone()])),
        None => endpoint.put_some("Types", node.member("Types")),
    }
    endpoint.put_some("VpcEndpointIds", node.member("VPCEndpointIds"));
    endpoint.put_some("IpAddressType", node.member("IpAddressType"));
    (endpoint, kind)
}

/// `s3://bucket/key`, an object, or a path beside the template.
fn s3_location(uri: &Node) -> Node {
    let maker = Maker(&uri.place);
    let Kind::String(text) = &uri.kind else { return uri.clone() };
    let (bucket, key) = bucket_and_key(text);
    maker.map([("Bucket", maker.text(bucket)), ("Key", maker.text(key))])
}
