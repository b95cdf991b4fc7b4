//! How long it takes to compile 10,000 methods over 100 stages, and to compile them again unchanged.

use std::time::{Duration, Instant};

use gateway_compile::{CompileOptions, compile};
use gateway_model::{
    Definitions, DeploymentId, HttpMethod, Integration, IntegrationResponse, IntegrationType,
    Method, MethodResponse, ParameterMapping, PathPart, Place, ResourceId, RestApi, RestApiId,
    Spanned, Stage, StageName, StatusCode, Template,
};

const APIS: usize = 100;
const RESOURCES: usize = 50;

fn method(verb: HttpMethod, resource: usize) -> Method {
    let mut method = Method::new(verb, Place::nowhere());
    let mapping = |target: &str, source: &str| ParameterMapping {
        target: Spanned::nowhere(target),
        source: Spanned::nowhere(source),
    };
    method.request_parameters.insert("method.request.path.id".to_owned(), true);
    let mut integration = if verb == HttpMethod::Get {
        let mut integration = Integration::new(IntegrationType::Http, Place::nowhere());
        let uri = format!("http://${{stageVariables.host}}/r{resource}/{{id}}");
        integration.uri = Some(Spanned::nowhere(uri));
        integration
    } else {
        let mut integration = Integration::new(IntegrationType::Mock, Place::nowhere());
        integration.request_templates.push(Template {
            content_type: "application/json".to_owned(),
            body: Spanned::nowhere("{\"statusCode\": 200}"),
        });
        integration
    };
    integration.request_parameters = vec![
        mapping("integration.request.path.id", "method.request.path.id"),
        mapping("integration.request.header.X-Ip", "context.identity.sourceIp"),
    ];
    for (code, pattern) in [(200, None), (400, Some(r"4\d{2}")), (500, Some(r"5\d{2}"))] {
        let code = StatusCode::new(code).expect("a status");
        let mut response = IntegrationResponse::new(code, Place::nowhere());
        response.selection_pattern = pattern.map(Spanned::nowhere);
        let header = "method.response.header.ETag";
        response.response_parameters = vec![mapping(header, "integration.response.header.ETag")];
        integration.integration_responses.push(response);
        let promised = MethodResponse {
            status_code: code,
            response_parameters: [(header.to_owned(), false)].into(),
            response_models: Default::default(),
            place: Place::nowhere(),
        };
        method.method_responses.insert(code, promised);
    }
    method.integration = Some(integration);
    method
}

fn api(number: usize) -> RestApi {
    let id = RestApiId::new(&format!("api{number:03}"));
    let mut api = RestApi::new(id, "Scale", ResourceId::new("root"), Place::nowhere());
    for at in 0..RESOURCES {
        let (above, below) =
            (ResourceId::new(&format!("r{at}")), ResourceId::new(&format!("i{at}")));
        let literal = PathPart::Literal(format!("r{at}"));
        let root = api.root.clone();
        api.add_resource(above.clone(), &root, literal, Place::nowhere()).expect("new");
        let parameter = PathPart::Parameter("id".to_owned());
        let resource = api.add_resource(below, &above, parameter, Place::nowhere()).expect("new");
        for verb in [HttpMethod::Get, HttpMethod::Options] {
            resource.methods.insert(verb, method(verb, at));
        }
    }
    let name = StageName::parse("prod").expect("a stage name");
    let mut stage = Stage::new(name.clone(), DeploymentId::new("d"), Place::nowhere());
    stage.variables.insert("host".to_owned(), Spanned::nowhere("backend.example:8080"));
    api.stages.insert(name, stage);
    api
}

#[test]
fn ten_thousand_methods_over_a_hundred_stages() {
    let mut definitions = Definitions::default();
    definitions.apis.extend((0..APIS).map(|at| api(at).into()));
    let options = CompileOptions::default();
    let start = Instant::now();
    let first = compile(&definitions, &options, None);
    let whole = start.elapsed();
    assert_eq!(first.diagnostics, []);
    let snapshot = first.snapshot.expect("it compiles");
    let methods: usize = snapshot.stages.iter().map(|stage| stage.methods.len()).sum();
    assert_eq!((snapshot.stages.len(), methods), (APIS, 10_000));
    let start = Instant::now();
    let again = compile(&definitions, &options, Some(&snapshot));
    println!("10,000 methods, 100 stages: {whole:?}; unchanged: {:?}", start.elapsed());
    assert_eq!(again.reused, APIS);
    let bound =
        if cfg!(debug_assertions) { Duration::from_secs(20) } else { Duration::from_secs(1) };
    assert!(whole < bound, "{whole:?}");
}
