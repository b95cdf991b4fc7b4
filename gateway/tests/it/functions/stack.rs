//! A template with functions, put together by a test.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

/// A REST API, its functions and its routes, on stage `s`.
pub(crate) struct Stack {
    resources: Map<String, Value>,
    methods: Vec<String>,
    stage: Value,
}

/// What a route has beside its path and its function.
#[derive(Default)]
pub(crate) struct Route<'r> {
    pub(crate) authorizer: Option<&'r str>,
    pub(crate) needs_key: bool,
    /// Properties of the integration, over those of `AWS_PROXY`.
    pub(crate) integration: Option<Value>,
    /// Properties of the method.
    pub(crate) method: Option<Value>,
}

impl Stack {
    pub(crate) fn new() -> Self {
        let api = json!({
            "Type": "AWS::ApiGateway::RestApi",
            "Properties": { "Name": "f", "Tags": [{ "Key": "_custom_id_", "Value": "f" }] },
        });
        let stage = json!({
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {
                "RestApiId": { "Ref": "Api" },
                "DeploymentId": { "Ref": "Deployment" },
                "StageName": "s",
            },
        });
        let mut stack = Self { resources: Map::new(), methods: Vec::new(), stage };
        stack.resources.insert("Api".to_owned(), api);
        stack
    }

    /// A resource as it is written.
    pub(crate) fn resource(mut self, id: &str, value: Value) -> Self {
        self.resources.insert(id.to_owned(), value);
        self
    }

    /// Properties of the API, over those it has.
    pub(crate) fn api(mut self, properties: Value) -> Self {
        merge(&mut self.resources["Api"]["Properties"], properties);
        self
    }

    /// A function of any kind; `properties` come over the defaults.
    pub(crate) fn function(self, name: &str, properties: Value) -> Self {
        let mut all = json!({ "FunctionName": name, "Role": "arn:aws:iam::000000000000:role/r" });
        merge(&mut all, properties);
        let function = json!({ "Type": "AWS::Lambda::Function", "Properties": all });
        let permission = json!({
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": { "Ref": name },
                "Action": "lambda:InvokeFunction",
                "Principal": "apigateway.amazonaws.com",
            },
        });
        self.resource(name, function).resource(&format!("{name}Permission"), permission)
    }

    /// An inline function in Python.
    pub(crate) fn python(self, name: &str, code: &str) -> Self {
        self.python_with(name, code, json!({}))
    }

    /// An inline function in Python, with more properties.
    pub(crate) fn python_with(self, name: &str, code: &str, properties: Value) -> Self {
        let mut all = json!({
            "Runtime": "python3.11",
            "Handler": "index.handler",
            "Code": { "ZipFile": unindented(code) },
        });
        merge(&mut all, properties);
        self.function(name, all)
    }

    /// An inline function in JavaScript.
    pub(crate) fn node(self, name: &str, code: &str) -> Self {
        let code = json!({ "ZipFile": unindented(code) });
        let all = json!({ "Runtime": "nodejs20.x", "Handler": "index.handler", "Code": code });
        self.function(name, all)
    }

    /// A function with a `bootstrap` of its own in `directory`.
    pub(crate) fn provided(self, name: &str, directory: &Path, properties: Value) -> Self {
        let mut all = json!({
            "Runtime": "provided.al2023",
            "Handler": "bootstrap",
            "Code": directory.to_str().unwrap(),
        });
        merge(&mut all, properties);
        self.function(name, all)
    }

    /// A Lambda authorizer.
    pub(crate) fn authorizer(self, id: &str, function: &str, properties: Value) -> Self {
        let mut all = json!({
            "RestApiId": { "Ref": "Api" },
            "Name": id,
            "AuthorizerUri": uri(function),
        });
        merge(&mut all, properties);
        let value = json!({ "Type": "AWS::ApiGateway::Authorizer", "Properties": all });
        self.resource(id, value)
    }

    /// `verb path`, answered by a function through `AWS_PROXY`. The path has one segment.
    pub(crate) fn route(self, verb: &str, path: &str, function: &str) -> Self {
        self.route_with(verb, path, function, Route::default())
    }

    /// `verb path` with more to it.
    pub(crate) fn route_with(
        mut self,
        verb: &str,
        path: &str,
        function: &str,
        route: Route<'_>,
    ) -> Self {
        let part = path.trim_start_matches('/');
        let id: String = part.chars().filter(char::is_ascii_alphanumeric).collect();
        let resource = format!("Resource{id}");
        self.resources.entry(resource.clone()).or_insert_with(|| {
            json!({
                "Type": "AWS::ApiGateway::Resource",
                "Properties": {
                    "RestApiId": { "Ref": "Api" },
                    "ParentId": { "Fn::GetAtt": ["Api", "RootResourceId"] },
                    "PathPart": part,
                },
            })
        });
        let mut integration = json!({
            "Type": "AWS_PROXY",
            "IntegrationHttpMethod": "POST",
            "Uri": uri(function),
        });
        if let Some(more) = route.integration {
            merge(&mut integration, more);
        }
        let mut properties = json!({
            "RestApiId": { "Ref": "Api" },
            "ResourceId": { "Ref": resource },
            "HttpMethod": verb,
            "AuthorizationType": "NONE",
            "ApiKeyRequired": route.needs_key,
            "Integration": integration,
        });
        if let Some(authorizer) = route.authorizer {
            let by =
                json!({ "AuthorizationType": "CUSTOM", "AuthorizerId": { "Ref": authorizer } });
            merge(&mut properties, by);
        }
        if let Some(more) = route.method {
            merge(&mut properties, more);
        }
        let method = format!("Method{id}{verb}");
        let value = json!({ "Type": "AWS::ApiGateway::Method", "Properties": properties });
        self.resources.insert(method.clone(), value);
        self.methods.push(method);
        self
    }

    /// The template's text.
    pub(crate) fn template(mut self) -> String {
        let deployment = json!({
            "Type": "AWS::ApiGateway::Deployment",
            "DependsOn": self.methods,
            "Properties": { "RestApiId": { "Ref": "Api" } },
        });
        self.resources.insert("Deployment".to_owned(), deployment);
        self.resources.insert("Stage".to_owned(), self.stage);
        format!("{:#}", json!({ "Resources": self.resources }))
    }
}

/// The invocation URI of a function of the same template.
pub(crate) fn uri(function: &str) -> Value {
    let text = format!(
        "arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{function}.Arn}}/invocations"
    );
    json!({ "Fn::Sub": text })
}

fn merge(into: &mut Value, from: Value) {
    let (Value::Object(into), Value::Object(from)) = (into, from) else { panic!("two objects") };
    into.extend(from);
}

/// Code as a test indents it, without the indentation of its first line.
fn unindented(code: &str) -> String {
    let code = code.trim_start_matches('\n');
    let indent = code.len() - code.trim_start().len();
    let lines = code.lines().map(|line| line.get(indent..).unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// A directory whose `bootstrap` is a copy of that program: functions do not see all that a link may lead to.
pub(crate) fn bootstrap_of(directory: &Path, program: &Path) -> PathBuf {
    let code = directory.join("code");
    std::fs::create_dir_all(&code).unwrap();
    std::fs::copy(program, code.join("bootstrap")).unwrap();
    code
}
