//! How long it takes to compile methods that all invoke one function, each with its two permissions, as the
//! CDK writes them; and to find that nothing changed.

use std::time::{Duration, Instant};

use gateway_compile::{CompileOptions, compile};
use gateway_model::{
    Definitions, DeploymentId, Function, FunctionCode, FunctionPermission, HttpMethod, Integration,
    IntegrationType, Method, PathPart, Place, ResourceId, RestApi, RestApiId, Spanned, Stage,
    StageName,
};

const APIS: usize = 10;
const RESOURCES: usize = 150;
const VERBS: [HttpMethod; 2] = [HttpMethod::Get, HttpMethod::Any];
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:all";

fn api(number: usize, definitions: &mut Definitions) {
    let id = RestApiId::new(&format!("api{number:03}"));
    let mut api = RestApi::new(id, "Scale", ResourceId::new("root"), Place::nowhere());
    let uri = format!(
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
    );
    for at in 0..RESOURCES {
        let root = api.root.clone();
        let part = PathPart::Literal(format!("r{at}"));
        let id = ResourceId::new(&format!("r{at}"));
        let resource = api.add_resource(id, &root, part, Place::nowhere()).expect("new");
        for verb in VERBS {
            let mut method = Method::new(verb, Place::nowhere());
            let mut integration = Integration::new(IntegrationType::AwsProxy, Place::nowhere());
            integration.http_method = Some(Spanned::nowhere("POST"));
            integration.uri = Some(Spanned::nowhere(uri.clone()));
            method.integration = Some(integration);
            resource.methods.insert(verb, method);
            for stage in ["test-invoke-stage", "prod"] {
                let verb = if verb == HttpMethod::Any { "*" } else { "GET" };
                let of = format!("arn:aws:execute-api:us-east-1:000000000000:api{number:03}");
                definitions.function_permissions.push(FunctionPermission {
                    function: Spanned::nowhere(FUNCTION),
                    action: "lambda:InvokeFunction".to_owned(),
                    principal: "apigateway.amazonaws.com".to_owned(),
                    source_arn: Some(Spanned::nowhere(format!("{of}/{stage}/{verb}/r{at}"))),
                    source_account: None,
                    function_url_auth_type: None,
                    is_via_function_url: false,
                    place: Place::nowhere(),
                });
            }
        }
    }
    let name = StageName::parse("prod").expect("a stage name");
    let stage = Stage::new(name.clone(), DeploymentId::new("d"), Place::nowhere());
    api.stages.insert(name, stage);
    definitions.apis.push(api.into());
}

#[test]
fn three_thousand_methods_with_six_thousand_permissions_of_one_function() {
    let mut definitions = Definitions::default();
    definitions.functions.push(Function {
        name: Spanned::nowhere("all"),
        runtime: Some(Spanned::nowhere("python3.12")),
        handler: Some(Spanned::nowhere("index.handler")),
        code: FunctionCode::Inline(Spanned::nowhere("#".repeat(4 * 1024 * 1024))),
        environment: Vec::new(),
        timeout_seconds: None,
        memory_mb: None,
        reserved_concurrency: None,
        version: None,
        place: Place::nowhere(),
    });
    (0..APIS).for_each(|number| api(number, &mut definitions));
    let options = CompileOptions::default();
    let start = Instant::now();
    let first = compile(&definitions, &options, None);
    let whole = start.elapsed();
    assert_eq!(first.diagnostics, []);
    let snapshot = first.snapshot.expect("it compiles");
    let start = Instant::now();
    let again = compile(&definitions, &options, Some(&snapshot));
    let unchanged = start.elapsed();
    println!("3,000 methods, one function: {whole:?}; unchanged: {unchanged:?}");
    assert_eq!(again.reused, APIS);
    let bound =
        if cfg!(debug_assertions) { Duration::from_secs(60) } else { Duration::from_secs(4) };
    assert!(whole < bound && unchanged < bound, "{whole:?}, {unchanged:?}");
}
