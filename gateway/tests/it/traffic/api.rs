//! Definitions put together by a test, and the gateway that serves them.

use std::net::SocketAddr;

use rustix::process::Signal;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::support::{Client, Gateway, PATIENCE, Response};

/// A definition of one API with one stage, `s`, reached by any host; its id is `api`.
#[derive(Clone)]
pub(super) struct Api {
    resources: Map<String, Value>,
    methods: Vec<String>,
    stage: Map<String, Value>,
    deployment: String,
}

impl Api {
    /// No method yet.
    pub(super) fn new() -> Self {
        let mut resources = Map::new();
        let tags = json!([{"Key": "_custom_id_", "Value": "api"}]);
        let api = json!({"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "api", "Tags": tags}});
        resources.insert("Api".into(), api);
        let deployment = "Deployment".to_owned();
        Self { resources, methods: Vec::new(), stage: Map::new(), deployment }
    }

    /// Adds `VERB path`, where the path is a word and perhaps one more segment. `more` are
    /// properties of the method beside its integration.
    pub(super) fn method(mut self, line: &str, integration: Value, more: Value) -> Self {
        let (verb, path) = line.split_once(" /").unwrap();
        let mut parent = json!({"Fn::GetAtt": ["Api", "RootResourceId"]});
        let mut name = String::from("R");
        for part in path.split('/') {
            name.extend(part.chars().filter(char::is_ascii_alphanumeric));
            let properties =
                json!({"RestApiId": {"Ref": "Api"}, "ParentId": parent, "PathPart": part});
            self = self.resource(&name, "AWS::ApiGateway::Resource", properties);
            parent = json!({"Ref": name});
        }
        let mut properties = json!({
            "RestApiId": {"Ref": "Api"}, "ResourceId": parent, "HttpMethod": verb,
            "AuthorizationType": "NONE", "Integration": integration,
        });
        merge(&mut properties, more);
        let name = format!("{verb}{name}");
        self.methods.push(name.clone());
        self.resource(&name, "AWS::ApiGateway::Method", properties)
    }

    /// Adds or replaces a resource of the template.
    pub(super) fn resource(mut self, name: &str, of_type: &str, properties: Value) -> Self {
        self.resources.insert(name.into(), json!({"Type": of_type, "Properties": properties}));
        self
    }

    /// Takes a resource of the template out.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.resources.remove(name).unwrap();
        self
    }

    /// Sets properties of the stage.
    pub(super) fn stage(mut self, properties: Value) -> Self {
        let mut stage = Value::Object(self.stage);
        merge(&mut stage, properties);
        self.stage = stage.as_object().unwrap().clone();
        self
    }

    /// Takes a property of the stage out.
    pub(super) fn unset(mut self, property: &str) -> Self {
        self.stage.remove(property).unwrap();
        self
    }

    /// A cache for the stage: all `GET` methods for a minute, and other settings.
    pub(super) fn cached(self, settings: &[Value]) -> Self {
        let all = setting("/*", "*", json!({"CachingEnabled": true, "CacheTtlInSeconds": 60}));
        let settings: Vec<Value> = std::iter::once(all).chain(settings.iter().cloned()).collect();
        self.stage(json!({"CacheClusterEnabled": true, "MethodSettings": settings}))
    }

    /// The deployment that the stage serves.
    pub(super) fn deployment(mut self, name: &str) -> Self {
        self.deployment = name.into();
        self
    }

    /// A key, and a plan of the same name plus `Plan` that has it and the stage.
    pub(super) fn key(self, name: &str, is_enabled: bool, plan: Value) -> Self {
        let mut properties = json!({"ApiStages": [{"ApiId": {"Ref": "Api"}, "Stage": "s"}]});
        merge(&mut properties, plan);
        let (plan, link) = (format!("{name}Plan"), format!("{name}Link"));
        let key = json!({"Name": name, "Enabled": is_enabled, "Value": key_value(name)});
        let member =
            json!({"KeyId": {"Ref": name}, "KeyType": "API_KEY", "UsagePlanId": {"Ref": plan}});
        self.resource(name, "AWS::ApiGateway::ApiKey", key)
            .resource(&plan, "AWS::ApiGateway::UsagePlan", properties)
            .resource(&link, "AWS::ApiGateway::UsagePlanKey", member)
    }

    /// The template.
    pub(super) fn text(&self) -> String {
        let Self { mut resources, methods, mut stage, deployment } = self.clone();
        for name in [&*deployment, "Next"] {
            let properties = json!({"RestApiId": {"Ref": "Api"}});
            let value = json!({
                "Type": "AWS::ApiGateway::Deployment", "DependsOn": methods,
                "Properties": properties,
            });
            resources.insert(name.into(), value);
        }
        stage.insert("RestApiId".into(), json!({"Ref": "Api"}));
        stage.insert("DeploymentId".into(), json!({"Ref": deployment}));
        stage.insert("StageName".into(), json!("s"));
        let value = json!({"Type": "AWS::ApiGateway::Stage", "Properties": stage});
        resources.insert("Stage".into(), value);
        // Plans name the stage, which must be there before them.
        for value in resources.values_mut().filter(|v| v["Type"] == "AWS::ApiGateway::UsagePlan") {
            value["DependsOn"] = json!("Stage");
        }
        serde_json::to_string_pretty(&json!({"Resources": resources})).unwrap()
    }
}

/// The value of the key of this name.
pub(super) fn key_value(name: &str) -> String {
    format!("{name:-<24}")
}

/// A header line with the value of a key.
pub(super) fn key_header(name: &str) -> String {
    format!("x-api-key: {}\r\n", key_value(name))
}

/// One of `MethodSettings`.
pub(super) fn setting(path: &str, verb: &str, fields: Value) -> Value {
    let mut setting = json!({"ResourcePath": path, "HttpMethod": verb});
    merge(&mut setting, fields);
    setting
}

/// An `HTTP_PROXY` of this address, with parameters of `a=b` form: what is mapped to what.
pub(super) fn proxy(uri: &str, verb: &str, mapped: &[(&str, &str)]) -> Value {
    let mapped: Map<String, Value> = mapped
        .iter()
        .map(|(to, from)| (format!("integration.request.{to}"), json!(from)))
        .collect();
    json!({"Type": "HTTP_PROXY", "IntegrationHttpMethod": verb, "Uri": uri, "RequestParameters": mapped})
}

/// A `MOCK` that answers 200 and a text.
pub(super) fn mock(text: &str) -> Value {
    json!({
        "Type": "MOCK",
        "RequestTemplates": {"application/json": "{\"statusCode\": 200}"},
        "IntegrationResponses": [{"StatusCode": "200", "ResponseTemplates": {"application/json": text}}],
    })
}

/// The `MethodResponses` of [`mock`].
pub(super) fn ok_response() -> Value {
    json!({"MethodResponses": [{"StatusCode": "200"}]})
}

fn merge(into: &mut Value, from: Value) {
    let Value::Object(from) = from else { return };
    into.as_object_mut().unwrap().extend(from);
}

/// A gateway that serves an [`Api`].
pub(super) struct Served {
    pub(super) gateway: Gateway,
    /// The configuration file's directory.
    _directory: TempDir,
}

impl Served {
    /// Starts it with one shard, reloading on `SIGHUP` only.
    #[track_caller]
    pub(super) fn start(api: &Api) -> Self {
        Self::start_with(api, "", &[])
    }

    /// The same on four shards.
    #[track_caller]
    pub(super) fn on_shards(api: &Api) -> Self {
        Self::start_with(api, "", &["--shards", "4"])
    }

    /// The same with lines of configuration and arguments.
    #[track_caller]
    pub(super) fn start_with(api: &Api, config: &str, args: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("gateway.toml");
        std::fs::write(&path, format!("{config}\n[reload]\nwatch = false\n")).unwrap();
        let path = path.display().to_string();
        let gateway = Gateway::start(&api.text(), &[&["-c", path.as_str()], args].concat());
        Self { gateway, _directory: directory }
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.gateway.addr()
    }

    pub(super) fn client(&self) -> Client {
        Client::connect(self.addr())
    }

    /// `GET` with header lines, on a connection of its own.
    #[track_caller]
    pub(super) fn get(&self, path: &str, lines: &str) -> Response {
        self.ask("GET", path, lines)
    }

    /// A request without a body, on a connection of its own.
    #[track_caller]
    pub(super) fn ask(&self, verb: &str, path: &str, lines: &str) -> Response {
        let mut client = self.client();
        client.send(&request(verb, path, lines));
        client.response_to(verb)
    }

    /// Serves another definition from now on.
    #[track_caller]
    pub(super) fn reload(&self, api: &Api) {
        self.reload_as(api, "Reloaded");
    }

    /// Offers another definition, and waits for what the log says of it.
    #[track_caller]
    pub(super) fn reload_as(&self, api: &Api, outcome: &str) {
        let path = self.gateway.template();
        let beside = path.with_extension("next");
        std::fs::write(&beside, api.text()).unwrap();
        std::fs::rename(&beside, path).unwrap();
        self.hang_up(outcome);
    }

    /// `SIGHUP`, until the log has one more line with `outcome`.
    #[track_caller]
    pub(super) fn hang_up(&self, outcome: &str) {
        let before = self.gateway.stderr().matches(outcome).count();
        self.gateway.signal(Signal::HUP);
        self.gateway.wait_for_stderr(outcome, before + 1);
    }

    /// A request to the ops address.
    #[track_caller]
    pub(super) fn ops(&self, verb: &str, path: &str) -> Response {
        let mut client = Client::connect(self.gateway.ops_addr());
        client.send(&request(verb, path, ""));
        client.response_to(verb)
    }

    /// Flushes the stage's cache.
    #[track_caller]
    pub(super) fn flush(&self) {
        let response = self.ops("DELETE", "/restapis/api/stages/s/cache/data");
        assert_eq!(response.status, 202, "{response:?}");
    }

    /// The sum of the series whose name and labels have all of `parts`.
    #[track_caller]
    pub(super) fn metric(&self, parts: &[&str]) -> f64 {
        let response = self.ops("GET", "/metrics");
        let lines = response.text().lines().filter(|line| !line.starts_with('#'));
        let lines = lines.filter(|line| parts.iter().all(|part| line.contains(part)));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    }
}

/// A request without a body, for a connection that lives on.
pub(super) fn request(verb: &str, path: &str, lines: &str) -> Vec<u8> {
    format!("{verb} {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n").into_bytes()
}

/// Waits until `is_so`, and panics with `what` when it does not become so.
#[track_caller]
pub(super) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
