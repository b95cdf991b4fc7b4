//! What unit tests share.

use std::collections::BTreeMap;
use std::time::Duration;

use gateway_definition::{Options, Source};
use gateway_model::Definitions;
use loadgen_engine::{Answer, Target};

use crate::route::{Route, routes};
use crate::settings::{Expectations, Settings};

/// What a template defines.
#[track_caller]
pub(crate) fn definitions(text: &str) -> Definitions {
    let source = Source { name: "t.yaml".to_owned(), text: text.to_owned() };
    let loaded = gateway_definition::load(&[source], &Options::default());
    assert!(!loaded.has_errors(), "{:#?}", loaded.diagnostics);
    loaded.definitions
}

/// An API `a` with a stage `s`: `methods` are the properties of a method and its integration beside `VERB /path`, each
/// in flow style; `stage` is the stage's own properties; `more` are whole resources.
#[track_caller]
pub(crate) fn api(methods: &[(&str, &str, &str)], stage: &str, more: &str) -> Definitions {
    let mut text =
        "Resources:\n  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: a}}\n".to_owned();
    let mut names = Vec::new();
    for (at, (line, method, integration)) in methods.iter().enumerate() {
        let (verb, path) = line.split_once(' ').unwrap();
        let mut parent = "!GetAtt Api.RootResourceId".to_owned();
        for (depth, part) in path.split('/').filter(|part| !part.is_empty()).enumerate() {
            let name = format!("R{at}x{depth}");
            text += &format!(
                "  {name}: {{Type: AWS::ApiGateway::Resource, Properties: {{RestApiId: !Ref Api, ParentId: {parent}, \
                 PathPart: \"{part}\"}}}}\n"
            );
            parent = format!("!Ref {name}");
        }
        text += &format!(
            "  M{at}: {{Type: AWS::ApiGateway::Method, Properties: {{RestApiId: !Ref Api, ResourceId: {parent}, \
             HttpMethod: {verb}, AuthorizationType: NONE, {method} Integration: {{{integration}}}}}}}\n"
        );
        names.push(format!("M{at}"));
    }
    text += &format!(
        "  D: {{Type: AWS::ApiGateway::Deployment, DependsOn: [{}], Properties: {{RestApiId: !Ref Api}}}}\n  \
         S: {{Type: AWS::ApiGateway::Stage, Properties: {{RestApiId: !Ref Api, DeploymentId: !Ref D, StageName: s, \
         {stage}}}}}\n{more}",
        names.join(", ")
    );
    definitions(&text)
}

/// The route of this name in the first stage that has it.
#[track_caller]
pub(crate) fn route<'a>(definitions: &'a Definitions, name: &str) -> Route<'a> {
    let mut all = routes(definitions, None).into_iter();
    all.find(|route| route.name() == name).unwrap()
}

/// Settings for a target that nobody is asked at.
pub(crate) fn settings() -> Settings {
    Settings {
        target: Target { address: "127.0.0.1:1".parse().unwrap(), tls: None },
        target_text: "http://127.0.0.1:1".to_owned(),
        host: None,
        base_path: String::new(),
        stage: None,
        keys: BTreeMap::new(),
        expectations: Expectations::default(),
        lasts: Duration::from_secs(1),
        rate_max_rps: 1_000.0,
        count_max: 50_000,
        connections: 4,
        threads: 1,
        timeout: Duration::from_secs(1),
        ops: None,
        fast_forward: false,
        origin: None,
        only: Vec::new(),
        skip: Vec::new(),
    }
}

/// An answer with `Name: value` lines.
pub(crate) fn answer(status: u16, headers: &[&str], body: &str) -> Answer {
    let headers = headers.iter().map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_ascii_lowercase(), value.as_bytes().to_vec())
    });
    Answer { status, headers: headers.collect(), body: body.as_bytes().to_vec(), took_us: 1 }
}
