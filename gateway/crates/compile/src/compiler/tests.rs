mod authorizers;
mod caching;
mod canary;
mod entries;
mod functions;
mod gateway_responses;
mod integrations;
mod reuse;
mod services;
mod throttles;
mod usage;

use gateway_model::{
    AccessLogSetting, AuthorizationType, Authorizer, AuthorizerId, AuthorizerType, BasePathMapping,
    BasePathMappingId, DeploymentId, DomainName, DomainNameKind, EndpointConfiguration, Function,
    FunctionCode, FunctionPermission, HttpMethod, Integration, IntegrationResponse,
    IntegrationType, Json, Method, MethodResponse, MutualTlsAuthentication, ParameterMapping,
    PathPart, Place, ResourceId, RestApi, RestApiId, Spanned, Stage, StageName, StatusCode,
    Template,
};

use super::*;
use crate::plan::{Access, IntegrationPlan, MethodPlan, Policy, StagePlan};
use crate::routes::{PathParams, RequestMethod};

/// An API `abc` with stage `dev` and one method, `GET /pets/{id}`, with this integration.
fn with_integration(integration: Integration) -> Definitions {
    with_method(|method| method.integration = Some(integration))
}

fn with_method(change: impl FnOnce(&mut Method)) -> Definitions {
    let mut api = empty_api("abc");
    let root = api.root.clone();
    let (pets, pet) = (ResourceId::new("pets"), ResourceId::new("pet"));
    let literal = PathPart::Literal("pets".to_owned());
    api.add_resource(pets.clone(), &root, literal, Place::nowhere()).expect("a new resource");
    let parameter = PathPart::Parameter("id".to_owned());
    let resource =
        api.add_resource(pet, &pets, parameter, Place::nowhere()).expect("a new resource");
    let mut method = Method::new(HttpMethod::Get, Place::nowhere());
    method.integration = Some(mock(&[]));
    change(&mut method);
    resource.methods.insert(HttpMethod::Get, method);
    Definitions { apis: vec![api.into()], ..Definitions::default() }
}

fn empty_api(id: &str) -> RestApi {
    let root = ResourceId::new("root");
    let mut api = RestApi::new(RestApiId::new(id), "Pets", root, Place::nowhere());
    add_stage(&mut api, "dev");
    api
}

fn add_stage(api: &mut RestApi, name: &str) {
    let name = StageName::parse(name).expect("a stage name");
    let stage = Stage::new(name.clone(), DeploymentId::new("d1"), Place::nowhere());
    api.stages.insert(name, stage);
}

fn dev(definitions: &mut Definitions) -> &mut Stage {
    definitions.apis[0].stages.get_mut("dev").expect("the stage")
}

fn mock(templates: &[(&str, &str)]) -> Integration {
    let mut integration = Integration::new(IntegrationType::Mock, Place::nowhere());
    integration.request_templates = self::templates(templates);
    integration
}

fn http(kind: IntegrationType, uri: &str) -> Integration {
    let mut integration = Integration::new(kind, Place::nowhere());
    integration.http_method = Some(Spanned::nowhere("GET"));
    integration.uri = Some(Spanned::nowhere(uri));
    integration
}

/// A function that runs here, `hello` of `python3.12`.
fn function(name: &str, code: &str) -> Function {
    Function {
        name: Spanned::nowhere(name),
        version: None,
        runtime: Some(Spanned::nowhere("python3.12")),
        handler: Some(Spanned::nowhere("index.handler")),
        code: FunctionCode::Inline(Spanned::nowhere(code)),
        environment: vec![("STAGE".to_owned(), "dev".to_owned())],
        timeout_seconds: None,
        memory_mb: None,
        reserved_concurrency: None,
        place: Place::nowhere(),
    }
}

/// The URI that invokes a function.
fn invocation(function: &str) -> String {
    let gateway = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions";
    format!("{gateway}/arn:aws:lambda:us-east-1:000000000000:function:{function}/invocations")
}

/// An integration that invokes a function.
fn lambda(kind: IntegrationType, function: &str) -> Integration {
    let mut integration = http(kind, &invocation(function));
    integration.http_method = Some(Spanned::nowhere("POST"));
    integration
}

/// A permission for API Gateway to invoke a function for all callers.
fn permission(function: &str) -> FunctionPermission {
    FunctionPermission {
        function: Spanned::nowhere(function),
        action: "lambda:InvokeFunction".to_owned(),
        principal: "apigateway.amazonaws.com".to_owned(),
        source_arn: None,
        source_account: None,
        function_url_auth_type: None,
        is_via_function_url: false,
        place: Place::nowhere(),
    }
}

fn authorizer(id: &str, kind: AuthorizerType) -> Authorizer {
    Authorizer {
        id: AuthorizerId::new(id),
        name: id.to_owned(),
        kind,
        provider_arns: Vec::new(),
        auth_type: None,
        authorizer_uri: Some(Spanned::nowhere(invocation("f"))),
        authorizer_credentials: None,
        identity_source: Some(Spanned::nowhere("method.request.header.Authorization")),
        identity_validation_expression: None,
        result_ttl_seconds: None,
        place: Place::nowhere(),
    }
}

fn templates(all: &[(&str, &str)]) -> Vec<Template> {
    let template = |(content_type, body): &(&str, &str)| Template {
        content_type: (*content_type).to_owned(),
        body: Spanned::nowhere(*body),
    };
    all.iter().map(template).collect()
}

fn mappings(all: &[(&str, &str)]) -> Vec<ParameterMapping> {
    let mapping = |(target, source): &(&str, &str)| ParameterMapping {
        target: Spanned::nowhere(*target),
        source: Spanned::nowhere(*source),
    };
    all.iter().map(mapping).collect()
}

fn status(code: u16) -> StatusCode {
    StatusCode::new(code).expect("a status")
}

fn promise(method: &mut Method, code: u16, headers: &[&str]) {
    let response = MethodResponse {
        status_code: status(code),
        response_parameters: headers
            .iter()
            .map(|header| (format!("method.response.header.{header}"), false))
            .collect(),
        response_models: BTreeMap::new(),
        place: Place::nowhere(),
    };
    method.method_responses.insert(status(code), response);
}

/// The one stage, without diagnostics.
#[track_caller]
fn clean(definitions: &Definitions) -> Arc<StagePlan> {
    let (stage, said) = compiled(definitions);
    assert_eq!(said, [""; 0]);
    stage
}

/// The one stage with its warnings.
#[track_caller]
fn compiled(definitions: &Definitions) -> (Arc<StagePlan>, Vec<String>) {
    let compiled = compile(definitions, &CompileOptions::default(), None);
    let said = compiled.diagnostics.iter().map(|said| said.text.clone()).collect();
    let snapshot = compiled.snapshot.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
    (Arc::clone(&snapshot.stages[0]), said)
}

/// The errors of definitions that do not compile.
#[track_caller]
fn errors(definitions: &Definitions) -> Vec<String> {
    let compiled = compile(definitions, &CompileOptions::default(), None);
    assert!(compiled.snapshot.is_none(), "{:?}", compiled.diagnostics);
    compiled
        .diagnostics
        .iter()
        .filter(|said| said.is_error())
        .map(|said| said.text.clone())
        .collect()
}

#[track_caller]
fn pet(stage: &StagePlan) -> &MethodPlan {
    let mut params = PathParams::default();
    let index = stage.routes.find(b"/pets/7", RequestMethod::Get, &mut params).expect("a route");
    assert_eq!(params.value(b"/pets/7", 0), Some(&b"7"[..]));
    stage.method(index)
}

#[test]
fn a_stage_knows_where_it_is() {
    let mut definitions = with_integration(mock(&[("application/json", "{statusCode: 200}")]));
    let variables = [("b", "2"), ("a", "1")];
    dev(&mut definitions).variables = variables
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Spanned::nowhere(value)))
        .collect();
    let stage = clean(&definitions);
    assert_eq!((&*stage.api_id, &*stage.stage, &*stage.deployment_id), ("abc", "dev", "d1"));
    assert_eq!(&*stage.user_agent, b"AmazonAPIGateway_abc");
    assert_eq!(stage.stage_variable("a"), Some("1"));
    assert_eq!(stage.stage_variable("c"), None);
    assert_eq!(stage.policy, Policy::None);
    let method = pet(&stage);
    assert_eq!((&*method.resource_path, &*method.resource_id), ("/pets/{id}", "pet"));
    assert_eq!(method.path_params, ["id".into()]);
    assert_eq!(method.access.refusal(), None);
}

#[test]
fn what_guards_a_method_and_is_not_served_refuses() {
    use AuthorizationType as Auth;
    for (kind, key, access, refusal) in [
        (Auth::None, false, Access::Open, None),
        (Auth::None, true, Access::Open, None),
        (Auth::AwsIam, false, Access::IamUnserved, Some((403, "Missing Authentication Token"))),
        (Auth::Custom, true, Access::AuthorizerUnserved, Some((500, ""))),
        (Auth::CognitoUserPools, false, Access::AuthorizerUnserved, Some((500, ""))),
    ] {
        let mut definitions = with_method(|method| {
            method.authorization_type = kind;
            method.authorizer_id =
                (access == Access::AuthorizerUnserved).then(|| AuthorizerId::new("pool"));
            method.api_key_required = key;
        });
        let pool = authorizer("pool", AuthorizerType::CognitoUserPools);
        definitions.apis[0].authorizers.insert(pool.id.clone(), pool);
        let stage = clean(&definitions);
        let method = pet(&stage);
        assert_eq!((method.access, method.api_key_required), (access, key));
        let said = method.access.refusal().map(|failure| {
            let text = String::from_utf8(failure.message.text("").concat()).expect("UTF-8");
            (failure.default_status(), text)
        });
        assert_eq!(said, refusal.map(|(status, text)| (status, text.to_owned())));
    }
    let mut definitions = with_method(|_| {});
    definitions.apis[0].policy = Some(Spanned::new(Json::Null, Place::nowhere()));
    assert_eq!(clean(&definitions).policy, Policy::Unserved);
}

#[test]
fn every_problem_is_told_in_one_run_and_nothing_is_served() {
    let mut definitions = with_method(|method| {
        let mut integration = http(IntegrationType::HttpProxy, "http://a");
        integration.request_parameters = mappings(&[
            ("integration.request.path.id", "method.request.path.id"),
            ("integration.request.header.X", "nonsense"),
            ("integration.request.body", "'x'"),
        ]);
        integration.timeout_ms = Some(1);
        method.integration = Some(integration);
    });
    let access_log =
        AccessLogSetting { destination_arn: None, format: Some(Spanned::nowhere("two\nlines")) };
    dev(&mut definitions).access_log = Some(access_log);
    let said = errors(&definitions);
    for expect in [
        "Invalid mapping expression specified: nonsense",
        "Invalid mapping expression specified: integration.request.body",
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: method.request.path.id]",
        "Timeout should be between 50 ms and 29000 ms, or up to 900000 ms with a raised quota",
    ] {
        assert!(said.iter().any(|said| said == expect), "{expect} in {said:#?}");
    }
    assert_eq!(said.len(), 5, "{said:#?}");
}

#[test]
fn resources_that_clash_or_hang_nowhere_are_errors() {
    let mut definitions = with_method(|_| {});
    let api = &mut definitions.apis[0];
    let pets = ResourceId::new("pets");
    let other = PathPart::Parameter("other".to_owned());
    api.add_resource(ResourceId::new("other"), &pets, other, Place::nowhere()).expect("new");
    let lost = api.resources.get_mut("pet").expect("it exists");
    lost.parent = Some(ResourceId::new("pet"));
    let api_of = errors(&definitions);
    assert_eq!(api_of, ["resource \"pet\" does not descend from its API's root"]);
    let mut definitions = with_method(|_| {});
    let api = &mut definitions.apis[0];
    let other = PathPart::Parameter("other".to_owned());
    api.add_resource(ResourceId::new("zz"), &pets, other, Place::nowhere()).expect("new");
    assert_eq!(
        errors(&definitions),
        [
            "resource /pets/{other}: a sibling ({id}) of this resource already has a variable path part -- \
          only one is allowed"
        ]
    );
}

#[test]
fn access_logs_take_their_own_format_then_the_default() {
    let (default, _) = LogFormat::parse("$context.requestId d").expect("a format");
    let log = |format: Option<&str>, arn: Option<&str>, enabled| {
        let mut definitions = with_method(|_| {});
        if format.is_some() || arn.is_some() {
            dev(&mut definitions).access_log = Some(AccessLogSetting {
                destination_arn: arn.map(Spanned::nowhere),
                format: format.map(Spanned::nowhere),
            });
        }
        let options = CompileOptions {
            default_access_log: Some(default.clone()),
            access_log_enabled: enabled,
            ..CompileOptions::default()
        };
        let snapshot = compile(&definitions, &options, None).snapshot.expect("it compiles");
        let plan = snapshot.stages[0].access_log.clone();
        plan.map(|plan| (plan.format == default, plan.is_own, plan.group.map(String::from)))
    };
    const GROUP: &str = "arn:aws:logs:us-east-1:000000000000:log-group:/access:*";
    const FORMAT: Option<&str> = Some("$context.requestId o");
    let group = || Some("/access".to_owned());
    assert_eq!(log(None, None, true), Some((true, true, None)));
    assert_eq!(log(FORMAT, Some(GROUP), true), Some((false, true, group())));
    assert_eq!(log(FORMAT, Some(GROUP), false), Some((false, false, group())));
    assert_eq!(log(None, Some(GROUP), false), Some((true, false, group())));
    assert_eq!(
        log(None, Some("arn:aws:firehose:::deliverystream/x"), true),
        Some((true, true, None))
    );
    assert_eq!(log(FORMAT, None, false), None);
}

#[test]
fn execution_logs_are_the_narrowest_setting_of_each_method() {
    use gateway_model::{HttpMethod, LoggingLevel, MethodSetting, MethodSettingKey};
    let log = |entries: &[(MethodSettingKey, Option<LoggingLevel>, Option<bool>)], enabled| {
        let mut definitions = with_method(|_| {});
        for (key, level, trace) in entries {
            let mut setting = MethodSetting::new(Place::nowhere());
            (setting.logging_level, setting.data_trace_enabled) = (*level, *trace);
            dev(&mut definitions).method_settings.insert(key.clone(), setting);
        }
        let options = CompileOptions { log_groups_enabled: enabled, ..CompileOptions::default() };
        let snapshot = compile(&definitions, &options, None).snapshot.expect("it compiles");
        let stage = &snapshot.stages[0];
        let log = stage.methods[0].execution_log.map(|log| (log.is_info, log.has_data));
        (log, stage.execution_log_group.clone().map(String::from))
    };
    let all = MethodSettingKey::ALL;
    let snapshot = compile(&with_method(|_| {}), &CompileOptions::default(), None).snapshot;
    let snapshot = snapshot.expect("it compiles");
    let method = &snapshot.stages[0].methods[0];
    let own = MethodSettingKey {
        resource_path: Some(method.resource_path.to_string()),
        http_method: Some(method.http_method),
    };
    let other = MethodSettingKey { resource_path: None, http_method: Some(HttpMethod::Patch) };
    let group = || Some("API-Gateway-Execution-Logs_abc/dev".to_owned());
    let (info, error) = (Some(LoggingLevel::Info), Some(LoggingLevel::Error));
    assert_eq!(log(&[], true), (None, None));
    assert_eq!(log(&[(all.clone(), info, Some(true))], true), (Some((true, true)), group()));
    assert_eq!(log(&[(all.clone(), info, Some(true))], false), (None, None));
    let narrower = [(all.clone(), info, Some(true)), (own.clone(), error, None)];
    assert_eq!(log(&narrower, true), (Some((false, true)), group()));
    let off = [(all.clone(), info, None), (own, Some(LoggingLevel::Off), None)];
    assert_eq!(log(&off, true), (None, None));
    assert_eq!(log(&[(other, info, None)], true), (None, None));
    assert_eq!(log(&[(all, None, Some(true))], true), (None, None));
}

#[test]
fn domains_lead_to_stages_and_wrong_ones_are_errors() {
    let mapping = |base_path: &str, api: &str, stage: &str| BasePathMapping {
        id: BasePathMappingId::new("m"),
        domain_name: Spanned::nowhere("api.example.com"),
        base_path: base_path.to_owned(),
        rest_api_id: Some(RestApiId::new(api)),
        stage: StageName::parse(stage).ok(),
        place: Place::nowhere(),
    };
    let mut definitions = with_method(|_| {});
    definitions.base_path_mappings = vec![mapping("v1", "abc", "dev")];
    let snapshot =
        compile(&definitions, &CompileOptions::default(), None).snapshot.expect("compiles");
    let found = snapshot.hosts.resolve(b"api.example.com", b"/v1/pets/7").expect("a stage");
    assert_eq!((&*snapshot.stage(found.stage).stage, found.path_offset), ("dev", 3));
    definitions.base_path_mappings = vec![mapping("v1", "nope", "dev"), mapping("v2", "abc", "x")];
    let mut said = errors(&definitions);
    said.sort();
    assert_eq!(said, ["REST API \"abc\" has no stage \"x\"", "there is no REST API \"nope\""]);
}

type Change = fn(&mut DomainName);

#[test]
fn a_domain_with_guards_that_are_not_served_is_closed() {
    let mut definitions = with_method(|_| {});
    let domain = |change: Change| {
        let mut domain = DomainName {
            name: "api.example.com".to_owned(),
            kind: DomainNameKind::Public,
            arn: "arn:d".to_owned(),
            certificate_arn: None,
            regional_certificate_arn: None,
            ownership_verification_certificate_arn: None,
            endpoint: EndpointConfiguration::default(),
            endpoint_access_mode: None,
            mutual_tls: None,
            routing_mode: RoutingMode::BasePathMappingOnly,
            security_policy: None,
            policy: None,
            tags: BTreeMap::new(),
            place: Place::nowhere(),
        };
        change(&mut domain);
        domain
    };
    definitions.base_path_mappings = vec![BasePathMapping {
        id: BasePathMappingId::new("m"),
        domain_name: Spanned::nowhere("arn:d"),
        base_path: String::new(),
        rest_api_id: Some(RestApiId::new("abc")),
        stage: StageName::parse("dev").ok(),
        place: Place::nowhere(),
    }];
    let changes: [(Change, bool); 4] = [
        (|_| {}, true),
        (|domain| domain.routing_mode = RoutingMode::RoutingRuleOnly, false),
        (|domain| domain.policy = Some(Spanned::new(Json::Null, Place::nowhere())), false),
        (
            |domain| {
                domain.mutual_tls =
                    Some(MutualTlsAuthentication { truststore_uri: None, truststore_version: None })
            },
            false,
        ),
    ];
    for (change, is_served) in changes {
        definitions.domain_names = vec![domain(change)];
        let compiled = compile(&definitions, &CompileOptions::default(), None);
        let hosts = compiled.snapshot.expect("compiles").hosts;
        assert_eq!(hosts.resolve(b"api.example.com", b"/pets").is_some(), is_served);
    }
}

#[test]
fn a_stage_variable_cannot_end_a_header() {
    let mut definitions = with_method(|_| {});
    let value = Spanned::nowhere("a\r\nX: y");
    dev(&mut definitions).variables.insert("v".to_owned(), value);
    assert_eq!(errors(&definitions), ["stage variable \"v\" has a control character"]);
}

#[test]
fn two_apis_with_one_id_are_an_error() {
    let mut definitions = with_method(|_| {});
    definitions.apis.push(empty_api("ABC").into());
    assert_eq!(
        errors(&definitions),
        ["another REST API has the id \"ABC\" (ids compare without case)"]
    );
}
