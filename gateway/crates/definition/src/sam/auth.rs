//! `Auth`: authorizers, who needs them, API keys, resource policies.

use super::Api;
use super::build::{Edit, Maker};
use crate::node::{Kind, Node};
use crate::report::Report;
use gateway_model::Place;

const MEMBERS: [&str; 9] = [
    "DefaultAuthorizer",
    "Authorizers",
    "AddDefaultAuthorizerToCorsPreflight",
    "AddApiKeyRequiredToCorsPreflight",
    "ApiKeyRequired",
    "InvokeRole",
    "ResourcePolicy",
    "UsagePlan",
    "OverrideApiAuth",
];

/// Whoever signs a request calls the function as itself.
const CALLER: &str = "arn:${AWS::Partition}:iam::*:user/*";

/// Lists of a resource policy: name, effect when the condition holds, condition, key.
const SOURCES: [(&str, &str, &str); 4] = [
    ("IpRangeWhitelist", "NotIpAddress", "aws:SourceIp"),
    ("IpRangeBlacklist", "IpAddress", "aws:SourceIp"),
    ("SourceVpcWhitelist", "StringNotEquals", "aws:SourceVpc"),
    ("SourceVpcBlacklist", "StringEquals", "aws:SourceVpc"),
];

fn is_true(node: Option<&Node>) -> bool {
    node.and_then(Node::scalar_text).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

fn is_false(node: Option<&Node>) -> bool {
    node.and_then(Node::scalar_text).is_some_and(|text| text.eq_ignore_ascii_case("false"))
}

/// What an event asks for, for its own operation.
pub(super) fn of_event(
    api: &mut Api,
    auth: Option<&Node>,
    operation: &mut Node,
    path: &str,
    method: &str,
) {
    let place = operation.place.clone();
    let maker = Maker(&place);
    let own = |member: &str| auth.and_then(|auth| auth.member(member));
    let of_api = |member: &str| api.auth(member);
    let default = of_api("DefaultAuthorizer");
    let authorizer = own("Authorizer").or(default).and_then(Node::as_str);
    let mut security = Vec::new();
    match authorizer {
        None => {}
        // Without a default there is nothing to keep away.
        Some("NONE") if default.is_none() => {}
        Some("NONE") => security.push(maker.map([("NONE", maker.list(Vec::new()))])),
        Some(name) => {
            let settings = of_api("Authorizers").and_then(|authorizers| authorizers.member(name));
            let scopes = own("AuthorizationScopes")
                .or_else(|| settings.and_then(|settings| settings.member("AuthorizationScopes")));
            let scopes = scopes.cloned().unwrap_or_else(|| maker.list(Vec::new()));
            security.push(maker.map([(name, scopes)]));
        }
    }
    let key = own("ApiKeyRequired").or_else(|| of_api("ApiKeyRequired"));
    if is_true(key) {
        security.push(maker.map([("api_key", maker.list(Vec::new()))]));
    } else if is_false(key) && is_true(of_api("ApiKeyRequired")) && security.is_empty() {
        // Said, so that the API's own wish is not laid over it.
        security.push(maker.map([("NONE", maker.list(Vec::new()))]));
    }
    let role = own("InvokeRole").or_else(|| of_api("InvokeRole")).cloned();
    let role = match role.as_ref().and_then(Node::as_str) {
        Some("NONE") => None,
        Some("CALLER_CREDENTIALS") => Some(maker.sub(CALLER)),
        None if role.is_none() => (authorizer == Some("AWS_IAM")).then(|| maker.sub(CALLER)),
        _ => role,
    };
    if let Some(role) = role
        && let Some(integration) = operation.child("x-amazon-apigateway-integration")
    {
        integration.put("credentials", role);
    }
    if !security.is_empty() {
        operation.put("security", maker.list(security));
    }
    if authorizer == Some("AWS_IAM") {
        api.add_scheme("AWS_IAM", signature(maker));
    }
    if is_true(own("ApiKeyRequired")) {
        api.add_scheme("api_key", api_key(maker));
    }
    if let Some(policy) = own("ResourcePolicy") {
        let statements = statements(api, policy, path, method, &place);
        api.statements.extend(statements);
    }
}

fn scheme(maker: Maker<'_>, header: Node) -> Node {
    maker.map([("type", maker.text("apiKey")), ("name", header), ("in", maker.text("header"))])
}

fn api_key(maker: Maker<'_>) -> Node {
    scheme(maker, maker.text("x-api-key"))
}

fn signature(maker: Maker<'_>) -> Node {
    let mut scheme = scheme(maker, maker.text("Authorization"));
    scheme.put("x-amazon-apigateway-authtype", maker.text("awsSigv4"));
    scheme
}

impl Api {
    /// A member of the API's `Auth`.
    pub(super) fn auth(&self, member: &str) -> Option<&Node> {
        self.properties.member("Auth")?.member(member)
    }

    pub(super) fn add_scheme(&mut self, name: &str, scheme: Node) {
        let is_oas3 = self.is_oas3;
        let Some(body) = self.body.as_mut() else { return };
        let schemes = if is_oas3 {
            body.child("components").and_then(|components| components.child("securitySchemes"))
        } else {
            body.child("securityDefinitions")
        };
        if let Some(schemes) = schemes
            && schemes.member(name).is_none()
        {
            schemes.put(name, scheme);
        }
    }

    /// The API's own wishes, over all operations that have none.
    pub(super) fn apply_auth(&mut self, made: &mut Vec<(String, Node)>, report: &Report) {
        let Some(auth) = self.properties.member("Auth").cloned() else { return };
        for (key, _) in auth.members() {
            if !MEMBERS.contains(&key.text.as_str()) {
                let text = format!("unknown property \"{}\" of Auth", key.text);
                report.error_near(&key.place, text, &key.text, MEMBERS);
            }
        }
        for (key, settings) in auth.member("Authorizers").map_or(&[][..], Node::members) {
            if let Some(scheme) = self.authorizer(&key.text, settings, made, report) {
                self.add_scheme(&key.text, scheme);
            }
        }
        let place = auth.place.clone();
        let maker = Maker(&place);
        let default = auth.member("DefaultAuthorizer").and_then(Node::as_str);
        if default == Some("AWS_IAM") {
            self.add_scheme("AWS_IAM", signature(maker));
        }
        let needs_key = is_true(auth.member("ApiKeyRequired"));
        if needs_key {
            self.add_scheme("api_key", api_key(maker));
        }
        let scopes = default.and_then(|name| auth.member("Authorizers")?.member(name));
        let scopes = scopes.and_then(|settings| settings.member("AuthorizationScopes"));
        let scopes = scopes.cloned().unwrap_or_else(|| maker.list(Vec::new()));
        let skips_default = is_false(auth.member("AddDefaultAuthorizerToCorsPreflight"));
        let skips_key = is_false(auth.member("AddApiKeyRequiredToCorsPreflight"));
        self.each_operation(|verb, operation| {
            if operation.member("security").is_some() {
                return;
            }
            let is_preflight = verb == "options";
            let mut security = Vec::new();
            if let Some(name) = default.filter(|_| !(is_preflight && skips_default)) {
                security.push(maker.map([(name, scopes.clone())]));
            }
            if needs_key && !(is_preflight && skips_key) {
                security.push(maker.map([("api_key", maker.list(Vec::new()))]));
            }
            if !security.is_empty() {
                operation.put("security", maker.list(security));
            }
        });
        if let Some(policy) = auth.member("ResourcePolicy") {
            self.resource_policy(policy);
        }
    }

    /// Visits the operations of the definition, also those that a condition chooses.
    fn each_operation(&mut self, mut visit: impl FnMut(&str, &mut Node)) {
        fn walk(verb: &str, node: &mut Node, visit: &mut dyn FnMut(&str, &mut Node)) {
            let Kind::Map(members) = &mut node.kind else { return };
            if let [(key, branches)] = members.as_mut_slice()
                && key.text == "Fn::If"
            {
                if let Kind::Seq(branches) = &mut branches.kind {
                    branches.iter_mut().skip(1).for_each(|branch| walk(verb, branch, visit));
                }
            } else if !members.iter().any(|(key, _)| key.text == "Ref") {
                visit(verb, node);
            }
        }
        let Some(paths) = self.body.as_mut().and_then(|body| body.child("paths")) else { return };
        let Kind::Map(items) = &mut paths.kind else { return };
        for (_, item) in items {
            let Kind::Map(operations) = &mut item.kind else { continue };
            for (key, operation) in operations {
                let is_verb =
                    key.text.len() <= 7 && key.text.bytes().all(|b| b.is_ascii_lowercase());
                if is_verb || key.text == "x-amazon-apigateway-any-method" {
                    walk(&key.text, operation, &mut visit);
                }
            }
        }
    }

    fn authorizer(
        &self,
        name: &str,
        settings: &Node,
        made: &mut Vec<(String, Node)>,
        report: &Report,
    ) -> Option<Node> {
        let maker = Maker(&settings.place);
        let identity = |member: &str| settings.member("Identity").and_then(|i| i.member(member));
        let mut extension = maker.map([]);
        let label;
        let mut is_request = false;
        if let Some(pools) = settings.member("UserPoolArn") {
            label = "cognito_user_pools";
            let pools = match pools.as_seq() {
                Some(_) => pools.clone(),
                None => maker.list(vec![pools.clone()]),
            };
            extension.put("type", maker.text("cognito_user_pools"));
            extension.put("providerARNs", pools);
        } else if let Some(function) = settings.member("FunctionArn") {
            label = "custom";
            is_request =
                settings.member("FunctionPayloadType").and_then(Node::as_str) == Some("REQUEST");
            extension.put("type", maker.text(if is_request { "request" } else { "token" }));
            let uri = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${__FunctionArn__}/invocations";
            extension
                .put("authorizerUri", maker.sub_with(uri, [("__FunctionArn__", function.clone())]));
            let role = settings.member("FunctionInvokeRole");
            extension.put_some(
                "authorizerCredentials",
                role.filter(|role| role.as_str() != Some("NONE")),
            );
            extension.put_some("authorizerResultTtlInSeconds", identity("ReauthorizeEvery"));
            if is_request {
                extension.put_some("identitySource", identity_source(settings).as_ref());
            }
            if !is_true(settings.member("DisableFunctionDefaultPermissions")) {
                let id = format!("{}{name}AuthorizerPermission", self.logical_id);
                made.push((id, self.authorizer_permission(function)));
            }
        } else {
            let text = format!(
                "the authorizer {name} names neither a function (FunctionArn) nor a user pool (UserPoolArn)"
            );
            report.error(&settings.place, text);
            return None;
        }
        if !is_request {
            extension.put_some("identityValidationExpression", identity("ValidationExpression"));
        }
        let header = match identity("Header").filter(|_| !is_request) {
            Some(header) => header.clone(),
            None => maker.text(if is_request { "Unused" } else { "Authorization" }),
        };
        let mut scheme = scheme(maker, header);
        scheme.put("x-amazon-apigateway-authtype", maker.text(label));
        scheme.put("x-amazon-apigateway-authorizer", extension);
        Some(scheme)
    }

    fn authorizer_permission(&self, function: &Node) -> Node {
        let maker = Maker(&function.place);
        let source = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/authorizers/*";
        let id = maker.reference(&self.logical_id);
        let properties = maker.map([
            ("Action", maker.text("lambda:InvokeFunction")),
            ("FunctionName", function.clone()),
            ("Principal", maker.text("apigateway.amazonaws.com")),
            ("SourceArn", maker.sub_with(source, [("__ApiId__", id)])),
        ]);
        maker.resource("AWS::Lambda::Permission", properties)
    }

    fn resource_policy(&mut self, policy: &Node) {
        let place = policy.place.clone();
        if let Some(custom) = policy.member("CustomStatements") {
            match custom.as_seq() {
                Some(items) => self.statements.extend(items.iter().cloned()),
                None => self.statements.push(custom.clone()),
            }
        }
        let mut operations = Vec::new();
        let paths = self.body.as_ref().and_then(|body| body.member("paths"));
        for (path, item) in paths.map_or(&[][..], Node::members) {
            for (verb, _) in item.members() {
                let verb = if verb.text.starts_with("x-") { "any" } else { &verb.text };
                operations.push((path.text.clone(), verb.to_owned()));
            }
        }
        for (path, verb) in operations {
            let statements = statements(self, policy, &path, &verb, &place);
            self.statements.extend(statements);
        }
    }
}

/// Where a request's identity is, one expression behind the other.
fn identity_source(settings: &Node) -> Option<Node> {
    const SOURCES: [(&str, &str); 4] = [
        ("Headers", "method.request.header."),
        ("QueryStrings", "method.request.querystring."),
        ("StageVariables", "stageVariables."),
        ("Context", "context."),
    ];
    let identity = settings.member("Identity")?;
    let mut sources = Vec::new();
    for (member, prefix) in SOURCES {
        let names = identity.member(member).and_then(Node::as_seq).unwrap_or_default();
        sources.extend(names.iter().filter_map(|name| Some(format!("{prefix}{}", name.as_str()?))));
    }
    (!sources.is_empty()).then(|| Node::string(&identity.place, sources.join(", ")))
}

/// What a policy's lists say of one operation.
fn statements(api: &Api, policy: &Node, path: &str, method: &str, place: &Place) -> Vec<Node> {
    let maker = Maker(place);
    let verb = if method == "any" { "*".to_owned() } else { method.to_ascii_uppercase() };
    let stage = api.properties.member("StageName").cloned();
    let stage = stage.unwrap_or_else(|| maker.text("*"));
    let resource = format!("execute-api:/${{__Stage__}}/{verb}{path}");
    let resource = || maker.list(vec![maker.sub_with(&resource, [("__Stage__", stage.clone())])]);
    let statement = |effect: &str, principal: Node| {
        maker.map([
            ("Action", maker.text("execute-api:Invoke")),
            ("Resource", resource()),
            ("Effect", maker.text(effect)),
            ("Principal", principal),
        ])
    };
    let mut statements = Vec::new();
    for (list, effect) in [("AwsAccountWhitelist", "Allow"), ("AwsAccountBlacklist", "Deny")] {
        if let Some(accounts) = policy.member(list) {
            statements.push(statement(effect, maker.map([("AWS", accounts.clone())])));
        }
    }
    let mut is_open = false;
    for (list, operator, key) in SOURCES {
        let Some(values) = policy.member(list) else { continue };
        if !is_open {
            statements.push(statement("Allow", maker.text("*")));
            is_open = true;
        }
        let mut by_key: Vec<(&str, Vec<Node>)> = Vec::new();
        for value in values.as_seq().unwrap_or_else(|| std::slice::from_ref(values)) {
            let is_endpoint = value.as_str().is_some_and(|text| text.starts_with("vpce-"));
            let key = if is_endpoint { "aws:SourceVpce" } else { key };
            match by_key.iter_mut().find(|(known, _)| *known == key) {
                Some((_, values)) => values.push(value.clone()),
                None => by_key.push((key, vec![value.clone()])),
            }
        }
        for (key, values) in by_key {
            let mut denied = statement("Deny", maker.text("*"));
            denied
                .put("Condition", maker.map([(operator, maker.map([(key, maker.list(values))]))]));
            statements.push(denied);
        }
    }
    statements
}
