use super::*;
use crate::functions::{AuthorizerPlan, FunctionTarget, Identity};
use crate::source::Source;

/// The pet method asks this authorizer, whose function is defined and permitted.
fn with_authorizer(authorizer: Authorizer) -> Definitions {
    let mut definitions = with_method(|method| {
        method.authorization_type = AuthorizationType::Custom;
        method.authorizer_id = Some(authorizer.id.clone());
    });
    definitions.functions = vec![function("f", "1")];
    definitions.function_permissions = vec![permission("f")];
    definitions.apis[0].authorizers.insert(authorizer.id.clone(), authorizer);
    definitions
}

fn token() -> Authorizer {
    authorizer("auth", AuthorizerType::Token)
}

fn request(source: &str) -> Authorizer {
    let mut request = authorizer("auth", AuthorizerType::Request);
    request.identity_source = Some(Spanned::nowhere(source));
    request
}

#[track_caller]
fn plan(stage: &StagePlan) -> &AuthorizerPlan {
    match pet(stage).access {
        Access::Authorizer(index) => stage.authorizer(index),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_token_authorizer_sees_one_header() {
    let mut authorizer = token();
    authorizer.identity_validation_expression = Some(Spanned::nowhere("^Bearer [-0-9a-z]+$"));
    let stage = clean(&with_authorizer(authorizer));
    let plan = plan(&stage);
    assert_eq!((&*plan.id, plan.ttl_ms), ("auth", 300_000));
    assert!(matches!(stage.function(plan.function), FunctionTarget::Local(_)));
    let Identity::Token { header, validation } = &plan.identity else { panic!("no token") };
    assert_eq!(&**header, b"Authorization");
    let validation = validation.as_ref().expect("an expression");
    assert!(validation.matches("Bearer a-1"));
    for token in ["Bearer A", "xBearer a", "Bearer a ", "Bearer a\n", ""] {
        assert!(!validation.matches(token), "{token:?}");
    }
}

#[test]
fn a_request_authorizer_sees_all_of_its_sources() {
    let sources =
        "method.request.header.X-A, method.request.querystring.q,stageVariables.v,context.path";
    let mut definitions = with_authorizer(request(sources));
    dev(&mut definitions).variables.insert("v".to_owned(), Spanned::nowhere("1"));
    let stage = clean(&definitions);
    let Identity::Request(sources) = &plan(&stage).identity else { panic!("no request") };
    assert_eq!(sources[0], Source::Header(b"X-A"[..].into()));
    assert_eq!(sources[1], Source::Query(b"q"[..].into()));
    assert_eq!(sources[2], Source::Literal(b"1"[..].into()));
    assert!(matches!(sources[3], Source::Context(_)));
    assert_eq!(sources.len(), 4);

    let mut definitions = with_authorizer(request("stageVariables.v"));
    definitions.apis[0].authorizers.get_mut("auth").expect("it").result_ttl_seconds = Some(0);
    let (_, said) = compiled(&definitions);
    let text = "authorizer auth: stage dev has no value for stageVariables.v, so every caller is answered 401";
    assert_eq!(said, [text]);

    let mut open = request("");
    open.result_ttl_seconds = Some(0);
    let stage = clean(&with_authorizer(open));
    assert_eq!(plan(&stage).identity, Identity::Request(Vec::new()));
    assert_eq!(plan(&stage).ttl_ms, 0);
}

#[test]
fn what_an_authorizer_cannot_be_is_an_error() {
    type Change = fn(&mut Authorizer);
    let cases: [(Change, &str); 9] = [
        (
            |a| a.identity_source = None,
            "authorizer auth: the IdentitySource of a TOKEN authorizer is exactly one header, not nothing",
        ),
        (
            |a| a.identity_source = Some(Spanned::nowhere("method.request.querystring.q")),
            "authorizer auth: the IdentitySource of a TOKEN authorizer is exactly one header, not method.request.querystring.q",
        ),
        (
            |a| a.result_ttl_seconds = Some(3_601),
            "authorizer auth: AuthorizerResultTtlInSeconds must be between 0 and 3600, not 3601",
        ),
        (
            |a| a.result_ttl_seconds = Some(-1),
            "authorizer auth: AuthorizerResultTtlInSeconds must be between 0 and 3600, not -1",
        ),
        (|a| a.authorizer_uri = None, "authorizer auth: a TOKEN authorizer needs an AuthorizerUri"),
        (
            |a| a.authorizer_uri = Some(Spanned::nowhere("f")),
            "Invalid ARN specified in the request: f",
        ),
        (
            |a| a.authorizer_uri = Some(Spanned::nowhere("arn:aws:apigateway:r:sqs:path/q")),
            "Invalid Authorizer URI: arn:aws:apigateway:r:sqs:path/q",
        ),
        (
            |a| {
                a.kind = AuthorizerType::Request;
                a.identity_source = None;
            },
            "authorizer auth: a REQUEST authorizer whose decisions are kept needs an IdentitySource",
        ),
        (
            |a| {
                a.kind = AuthorizerType::Request;
                a.identity_source =
                    Some(Spanned::nowhere("method.request.header.A,method.request.path.id"));
            },
            "authorizer auth: Invalid identity source specified: method.request.path.id",
        ),
    ];
    for (change, expect) in cases {
        let mut authorizer = token();
        change(&mut authorizer);
        assert_eq!(errors(&with_authorizer(authorizer)), [expect]);
    }
    for expression in [r"^(?!x).*$", r"(a)\1", "a++", "((a{1000}){1000}){1000}", "("] {
        let mut authorizer = token();
        authorizer.identity_validation_expression = Some(Spanned::nowhere(expression));
        let said = errors(&with_authorizer(authorizer));
        let begin = format!(
            "authorizer auth: IdentityValidationExpression \"{expression}\" is not served: "
        );
        assert!(said.len() == 1 && said[0].starts_with(&begin), "{expression}: {said:?}");
    }
    let mut definitions = with_authorizer(token());
    for number in 0..10 {
        let more = authorizer(&format!("a{number}"), AuthorizerType::Token);
        definitions.apis[0].authorizers.insert(more.id.clone(), more);
    }
    assert!(errors(&definitions)[0].starts_with("Maximum number of Authorizers"));
}

#[test]
fn a_method_needs_the_authorizer_that_it_names() {
    let expect = "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or \
                  COGNITO_USER_POOLS requires a valid authorizer.";
    for kind in [AuthorizationType::Custom, AuthorizationType::CognitoUserPools] {
        for id in [None, Some(AuthorizerId::new("other"))] {
            let definitions = with_method(|method| {
                method.authorization_type = kind;
                method.authorizer_id = id;
            });
            assert_eq!(errors(&definitions), [expect]);
        }
    }
}

#[test]
fn an_authorizer_without_its_function_stays_in_the_way() {
    let mut definitions = with_authorizer(token());
    definitions.functions.clear();
    let (stage, said) = compiled(&definitions);
    assert_eq!(*stage.function(plan(&stage).function), FunctionTarget::Missing);
    let text = "function f is not defined here; every method with this authorizer answers 500";
    assert_eq!(said, [text]);

    let mut definitions = with_authorizer(token());
    let arn = "arn:aws:execute-api:us-east-1:000000000000:abc";
    for (path, is_permitted) in
        [("/authorizers/auth", true), ("/authorizers/*", true), ("/dev/GET/pets/{id}", false)]
    {
        definitions.function_permissions[0].source_arn =
            Some(Spanned::nowhere(format!("{arn}{path}")));
        let (stage, said) = compiled(&definitions);
        assert_eq!(said.is_empty(), is_permitted, "{said:?}");
        assert!(matches!(stage.function(plan(&stage).function), FunctionTarget::Local(_)));
        let options = CompileOptions { enforce_permissions: true, ..CompileOptions::default() };
        let snapshot = compile(&definitions, &options, None).snapshot.expect("compiles");
        let target = snapshot.stages[0].function(plan(&snapshot.stages[0]).function);
        assert_eq!(*target == FunctionTarget::Missing, !is_permitted, "{path}");
    }
}

#[test]
fn decisions_are_kept_while_the_authorizer_is_what_it_was() {
    let mut before = with_authorizer(request("method.request.header.A"));
    before.functions.push(function("g", "2"));
    before.function_permissions.push(permission("g"));
    let options = CompileOptions::default();
    let old = compile(&before, &options, None).snapshot.expect("compiles");
    let is_kept = |change: fn(&mut Definitions)| {
        let mut after = before.clone();
        // The stage is compiled again in any case.
        dev(&mut after).variables.insert("v".to_owned(), Spanned::nowhere("1"));
        change(&mut after);
        let new = compile(&after, &options, Some(&old)).snapshot.expect("compiles");
        assert!(!Arc::ptr_eq(&old.stages[0], &new.stages[0]));
        Arc::ptr_eq(&plan(&old.stages[0]).decisions, &plan(&new.stages[0]).decisions)
    };
    fn of(definitions: &mut Definitions) -> &mut Authorizer {
        definitions.apis[0].authorizers.get_mut("auth").expect("the authorizer")
    }
    assert!(is_kept(|_| {}));
    assert!(is_kept(|d| of(d).name = "other".to_owned()));
    assert!(is_kept(|d| dev(d).deployment = DeploymentId::new("d2")));
    assert!(!is_kept(|d| of(d).kind = AuthorizerType::Token));
    assert!(!is_kept(|d| of(d).result_ttl_seconds = Some(60)));
    assert!(
        !is_kept(|d| of(d).identity_source = Some(Spanned::nowhere("method.request.header.B")))
    );
    assert!(!is_kept(|d| of(d).authorizer_uri = Some(Spanned::nowhere(invocation("g")))));
    assert!(!is_kept(|d| d.functions[0].code = FunctionCode::Inline(Spanned::nowhere("3"))));
}

#[test]
fn each_stage_and_each_canary_keeps_decisions_of_its_own() {
    use gateway_model::CanarySetting;
    let mut before = with_authorizer(token());
    add_stage(&mut before.apis[0], "prod");
    dev(&mut before).canary = Some(CanarySetting {
        deployment: None,
        percent_traffic: Some(10.0),
        stage_variable_overrides: BTreeMap::new(),
        use_stage_cache: false,
        place: Place::nowhere(),
    });
    let options = CompileOptions::default();
    let old = compile(&before, &options, None).snapshot.expect("compiles");
    let canary = |snapshot: &Snapshot| {
        let canary = snapshot.stages[0].canary.as_ref().expect("a canary");
        Arc::clone(&plan(&canary.plan).decisions)
    };
    let (dev_decisions, prod) = (&plan(&old.stages[0]).decisions, &plan(&old.stages[1]).decisions);
    assert!(!Arc::ptr_eq(dev_decisions, prod));
    assert!(!Arc::ptr_eq(dev_decisions, &canary(&old)));
    let mut after = before.clone();
    dev(&mut after).variables.insert("v".to_owned(), Spanned::nowhere("1"));
    let new = compile(&after, &options, Some(&old)).snapshot.expect("compiles");
    assert!(Arc::ptr_eq(&canary(&old), &canary(&new)));
}
