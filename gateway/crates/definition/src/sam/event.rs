//! Events of type `Api`: an operation of a definition, and leave to call the function.

use super::build::{Edit, Maker, alphanumeric};
use super::{Api, FUNCTION, IMPLICIT_API, STATE_MACHINE, auth};
use crate::node::{Key, Node};
use crate::report::Report;

const MEMBERS: [&str; 9] = [
    "Path",
    "Method",
    "RestApiId",
    "Auth",
    "RequestModel",
    "RequestParameters",
    "TimeoutInMillis",
    "ResponseTransferMode",
    "UnescapeMappingTemplate",
];

/// The names of validators by whether they look at bodies and at parameters.
const VALIDATORS: [(&str, bool, bool); 4] = [
    ("body-and-params", true, true),
    ("body-only", true, false),
    ("params-only", false, true),
    ("no-validation", false, false),
];

/// One event.
pub(super) struct Event<'n> {
    /// The logical id of its function or state machine.
    owner: &'n Key,
    owner_type: &'n str,
    /// `Function.Alias` of a function that is published under one.
    alias: Option<String>,
    condition: Option<&'n Node>,
    name: &'n Key,
    path: String,
    /// In lower case; `any` for every verb.
    method: String,
    /// The logical id of its API.
    pub(super) api: String,
    /// What names its API elsewhere.
    api_id: Node,
    properties: &'n Node,
}

/// The events of type `Api` of a resource, by name, with their properties.
pub(super) fn of(resource: &Node) -> Vec<(&Key, &Node)> {
    let type_name = resource.member("Type").and_then(Node::as_str);
    if !matches!(type_name, Some(FUNCTION | STATE_MACHINE)) {
        return Vec::new();
    }
    let events = resource.member("Properties").and_then(|properties| properties.member("Events"));
    let events = events.map_or(&[][..], Node::members).iter();
    let events =
        events.filter(|(_, event)| event.member("Type").and_then(Node::as_str) == Some("Api"));
    events.filter_map(|(name, event)| Some((name, event.member("Properties")?))).collect()
}

impl<'n> Event<'n> {
    pub(super) fn read(
        owner: &'n Key,
        resource: &'n Node,
        name: &'n Key,
        properties: &'n Node,
        root: &Node,
        report: &Report,
    ) -> Option<Self> {
        for (key, _) in properties.members() {
            if !MEMBERS.contains(&key.text.as_str()) {
                let text = format!("unknown property \"{}\" of event {}", key.text, name.text);
                report.error_near(&key.place, text, &key.text, MEMBERS);
            }
        }
        let required = |member: &str| {
            let text = properties.member(member).and_then(Node::as_str);
            if text.is_none() {
                let text = format!(
                    "Event with id [{}] is invalid. Missing or no text: {member}",
                    name.text
                );
                report.error(&name.place, text);
            }
            text
        };
        let (path, method) = (required("Path"), required("Method"));
        let (path, method) = (path?, method?.to_ascii_lowercase());
        let maker = Maker(&name.place);
        let (api, api_id) = match properties.member("RestApiId") {
            None => (IMPLICIT_API.to_owned(), maker.reference(IMPLICIT_API)),
            Some(id) => {
                let named = id.as_str().or_else(|| id.member("Ref").and_then(Node::as_str));
                let api = named.unwrap_or_default().to_owned();
                (api, id.clone())
            }
        };
        let own = resource.member("Properties").and_then(|p| p.member("AutoPublishAlias"));
        let globals = root.member("Globals").and_then(|globals| globals.member("Function"));
        let alias = own.or_else(|| globals.and_then(|g| g.member("AutoPublishAlias")));
        Some(Self {
            owner,
            owner_type: resource.member("Type").and_then(Node::as_str)?,
            alias: alias.map(|_| format!("{}.Alias", owner.text)),
            condition: resource.member("Condition"),
            name,
            path: path.to_owned(),
            method: if method == "*" { "any".to_owned() } else { method },
            api,
            api_id,
            properties,
        })
    }

    /// Adds what the event asks for to its API, and what calls need.
    pub(super) fn apply(
        &self,
        api: Option<&mut Api>,
        made: &mut Vec<(String, Node)>,
        report: &Report,
    ) {
        let stage =
            api.as_ref().and_then(|api| api.stage_name()).unwrap_or_else(|| "Stage".to_owned());
        if let Some(api) = api
            && api.is_managed
            && api.charge(1, report)
        {
            self.add_operation(api, report);
        }
        match self.owner_type {
            FUNCTION => {
                let id = format!(
                    "{}{}Permission{}",
                    self.owner.text,
                    self.name.text,
                    alphanumeric(&stage)
                );
                made.push((id, self.permission()));
            }
            _ => {
                let maker = Maker(&self.name.place);
                let role = maker.resource("AWS::IAM::Role", maker.map([]));
                made.push((self.role(), role));
            }
        }
    }

    fn role(&self) -> String {
        format!("{}{}Role", self.owner.text, self.name.text)
    }

    /// Who may call the function: this API, this method, on any stage.
    fn permission(&self) -> Node {
        let maker = Maker(&self.name.place);
        let path = self.path.trim_start_matches('/');
        let path: Vec<&str> =
            path.split('/').map(|part| if part.starts_with('{') { "*" } else { part }).collect();
        let method = match self.method.as_str() {
            "any" => "*".to_owned(),
            verb => verb.to_ascii_uppercase(),
        };
        let source = format!(
            "arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{__ApiId__}}/*/{method}/{}",
            path.join("/")
        );
        let properties = maker.map([
            ("Action", maker.text("lambda:InvokeFunction")),
            ("FunctionName", maker.reference(self.alias.as_deref().unwrap_or(&self.owner.text))),
            ("Principal", maker.text("apigateway.amazonaws.com")),
            // A bare name is no id: the transform leaves it, and so it names an API of this template.
            ("SourceArn", maker.sub_with(&source, [("__ApiId__", self.api_reference())])),
        ]);
        let mut permission = maker.resource("AWS::Lambda::Permission", properties);
        permission.put_some("Condition", self.condition);
        permission
    }

    fn api_reference(&self) -> Node {
        match self.api_id.as_str() {
            Some(name) => Maker(&self.api_id.place).reference(name),
            None => self.api_id.clone(),
        }
    }

    fn add_operation(&self, api: &mut Api, report: &Report) {
        let maker = Maker(&self.name.place);
        let mut operation = maker.map([
            ("x-amazon-apigateway-integration", self.integration()),
            ("responses", self.responses()),
        ]);
        self.request(api, &mut operation);
        auth::of_event(
            api,
            self.properties.member("Auth"),
            &mut operation,
            &self.path,
            &self.method,
        );
        let key = match self.method.as_str() {
            "any" => "x-amazon-apigateway-any-method",
            verb => verb,
        };
        if let Some(condition) = self.condition {
            let branches = vec![condition.clone(), operation, maker.reference("AWS::NoValue")];
            operation = maker.map([("Fn::If", maker.list(branches))]);
        }
        let Some(paths) = api.body.as_mut().and_then(|body| body.child("paths")) else { return };
        let Some(item) = paths.child(&self.path) else { return };
        if item.member(key).is_some() {
            let text = format!(
                "API method \"{}\" defined multiple times for path \"{}\".",
                self.method, self.path
            );
            return report.error(&self.name.place, text);
        }
        item.put(key, operation);
    }

    fn responses(&self) -> Node {
        let maker = Maker(&self.name.place);
        if self.owner_type == FUNCTION {
            return maker.map([]);
        }
        let described = |text: &str| maker.map([("description", maker.text(text))]);
        maker.map([("200", described("OK")), ("400", described("Bad Request"))])
    }

    fn integration(&self) -> Node {
        let maker = Maker(&self.name.place);
        let mut integration = maker.map([("httpMethod", maker.text("POST"))]);
        if self.owner_type == FUNCTION {
            let function = match &self.alias {
                Some(alias) => alias.clone(),
                None => format!("{}.Arn", self.owner.text),
            };
            let uri = format!(
                "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{function}}}/invocations"
            );
            integration.put("type", maker.text("aws_proxy"));
            integration.put("uri", maker.sub(uri));
        } else {
            let uri =
                "arn:${AWS::Partition}:apigateway:${AWS::Region}:states:action/StartExecution";
            let template = format!(
                "{{\"input\": \"$util.escapeJavaScript($input.json('$'))\", \"stateMachineArn\": \"${{{}}}\"}}",
                self.owner.text
            );
            let status = |code: &str| maker.map([("statusCode", maker.text(code))]);
            integration.put("type", maker.text("aws"));
            integration.put("uri", maker.sub(uri));
            integration
                .put("requestTemplates", maker.map([("application/json", maker.sub(template))]));
            integration
                .put("responses", maker.map([("200", status("200")), ("400", status("400"))]));
            let role = maker.list(vec![maker.text(self.role()), maker.text("Arn")]);
            integration.put("credentials", maker.map([("Fn::GetAtt", role)]));
        }
        integration.put_some("timeoutInMillis", self.properties.member("TimeoutInMillis"));
        integration
            .put_some("responseTransferMode", self.properties.member("ResponseTransferMode"));
        integration
    }

    /// `RequestModel` and `RequestParameters`.
    fn request(&self, api: &mut Api, operation: &mut Node) {
        let maker = Maker(&self.name.place);
        let mut parameters = Vec::new();
        if let Some(model) = self.properties.member("RequestModel")
            && let Some(name) = model.member("Model").and_then(Node::as_str)
        {
            let name = name.to_ascii_lowercase();
            let required = model.member("Required");
            if api.is_oas3 {
                let reference = maker.text(format!("#/components/schemas/{name}"));
                let schema = maker.map([("schema", maker.map([("$ref", reference)]))]);
                let mut body = maker.map([("content", maker.map([("application/json", schema)]))]);
                body.put_some("required", required);
                operation.put("requestBody", body);
            } else {
                let reference = maker.text(format!("#/definitions/{name}"));
                let mut body = maker.map([
                    ("in", maker.text("body")),
                    ("name", maker.text(name)),
                    ("schema", maker.map([("$ref", reference)])),
                ]);
                body.put_some("required", required);
                parameters.push(body);
            }
            validator(api, model, operation);
        }
        let mut cached = Vec::new();
        let listed = self.properties.member("RequestParameters").and_then(Node::as_seq);
        for entry in listed.unwrap_or_default() {
            let (name, settings) = match entry.as_str() {
                Some(name) => (name, None),
                None => match entry.members() {
                    [(key, settings)] => (key.text.as_str(), Some(settings)),
                    _ => continue,
                },
            };
            let Some((place, short)) =
                name.strip_prefix("method.request.").and_then(|rest| rest.split_once('.'))
            else {
                continue;
            };
            let setting = |member: &str| settings.and_then(|settings| settings.member(member));
            let is = |member: &str| {
                setting(member).and_then(Node::scalar_text).as_deref() == Some("true")
            };
            let is_path = place == "path";
            let place = if place == "querystring" { "query" } else { place };
            let mut parameter = maker.map([("in", maker.text(place)), ("name", maker.text(short))]);
            parameter.put("required", maker.boolean(is("Required") || is_path));
            let kind = maker.text("string");
            if api.is_oas3 {
                parameter.put("schema", maker.map([("type", kind)]));
            } else {
                parameter.put("type", kind);
            }
            parameters.push(parameter);
            if is("Caching") {
                cached.push(maker.text(name));
            }
        }
        if !parameters.is_empty() {
            operation.put("parameters", maker.list(parameters));
        }
        if !cached.is_empty()
            && let Some(integration) = operation.child("x-amazon-apigateway-integration")
        {
            integration.put("cacheKeyParameters", maker.list(cached));
        }
    }
}

/// A state machine as the service knows it, as far as its name goes; anything else stays as it is.
pub(super) fn state_machine(resource: Node) -> Node {
    if resource.member("Type").and_then(Node::as_str) != Some(STATE_MACHINE) {
        return resource;
    }
    let maker = Maker(&resource.place);
    let mut properties = maker.map([]);
    let name = resource.member("Properties").and_then(|properties| properties.member("Name"));
    properties.put_some("StateMachineName", name);
    let mut made = maker.resource("AWS::StepFunctions::StateMachine", properties);
    for (key, value) in resource.members() {
        if !matches!(key.text.as_str(), "Type" | "Properties") {
            made.put(&key.text, value.clone());
        }
    }
    made
}

/// A validator where the model says whether to validate.
fn validator(api: &mut Api, model: &Node, operation: &mut Node) {
    let said = |member: &str| {
        let text = model.member(member).and_then(Node::scalar_text);
        text.map(|text| text.eq_ignore_ascii_case("true"))
    };
    let (body, parameters) = (said("ValidateBody"), said("ValidateParameters"));
    if body.is_none() && parameters.is_none() {
        return;
    }
    let wanted = (body.unwrap_or(false), parameters.unwrap_or(false));
    let maker = Maker(&model.place);
    for (name, body, parameters) in VALIDATORS {
        if (body, parameters) != wanted {
            continue;
        }
        operation.put("x-amazon-apigateway-request-validator", maker.text(name));
        let settings = maker.map([
            ("validateRequestBody", maker.boolean(body)),
            ("validateRequestParameters", maker.boolean(parameters)),
        ]);
        let definition = api.body.as_mut();
        if let Some(validators) =
            definition.and_then(|body| body.child("x-amazon-apigateway-request-validators"))
        {
            validators.put(name, settings);
        }
    }
}
