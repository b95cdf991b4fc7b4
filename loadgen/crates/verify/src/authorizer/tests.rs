use super::*;
use crate::testing::{answer, api, route, settings};

const GUARD: &str = "
  Guard: {Type: AWS::ApiGateway::Authorizer, Properties: {RestApiId: !Ref Api, Name: guard, Type: TOKEN, AuthorizerUri: \
  'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:g/invocations', \
  IdentitySource: method.request.header.X-Token}}\n";
const GUARDED: &str = "";

/// The API of the tests, with `AuthorizationType: NONE` of the helper made `CUSTOM`.
fn guarded() -> gateway_model::Definitions {
    let methods = [("GET /a", GUARDED, "Type: MOCK"), ("DELETE /b", GUARDED, "Type: MOCK")];
    let mut definitions = api(&methods, "", GUARD);
    let id = definitions.apis[0].authorizers.keys().next().cloned();
    for resource in definitions.apis[0].resources.values_mut() {
        for method in resource.methods.values_mut() {
            method.authorization_type = AuthorizationType::Custom;
            method.authorizer_id.clone_from(&id);
        }
    }
    definitions
}

fn token(allows: &str, denies: &str) -> Token {
    let list = |text: &str| vec![text.to_owned()];
    Token { value: "t".into(), allows: list(allows), denies: list(denies), ..Token::default() }
}

#[test]
fn a_token_goes_where_the_identity_source_looks() {
    let definitions = guarded();
    assert_eq!(identity_header(&route(&definitions, "GET /a")).as_deref(), Some("X-Token"));
    let open = api(&[("GET /a", "", "Type: MOCK")], "", "");
    assert_eq!(identity_header(&route(&open, "GET /a")), None);
}

#[test]
fn a_case_is_wrong_when_the_decision_is() {
    let definitions = guarded();
    let mut settings = settings();
    settings.expectations.tokens = vec![token("GET /a", "DELETE /b")];
    let session = Session::new(&definitions, &settings);
    let routes: Vec<_> = ["GET /a", "DELETE /b"].map(|name| route(&definitions, name)).into();
    let cases = cases(&session, &routes).unwrap_or_default();
    let head = String::from_utf8_lossy(&cases[0].request.bytes).into_owned();
    assert!(head.contains("X-Token: t\r\n"), "{head}");
    let denied = answer(403, &["x-amzn-ErrorType: AccessDeniedException"], "");
    let (right, odd) = (answer(200, &[], ""), answer(500, &[], ""));
    assert_eq!((cases[0].fault(&right), cases[0].fault(&odd)), (None, None));
    assert!(cases[0].fault(&denied).is_some_and(|fault| fault.contains("does not open GET /a")));
    assert_eq!(cases[1].fault(&denied), None);
    assert!(cases[1].fault(&right).is_some_and(|fault| fault.contains("token 1 opens DELETE /b")));
    // The token itself is a secret.
    assert!(!cases[1].fault(&right).unwrap_or_default().contains(" t "));
}

#[test]
fn without_tokens_the_file_of_expectations_is_shown() {
    let (definitions, settings) = (guarded(), settings());
    let session = Session::new(&definitions, &settings);
    let planned = plan(&session);
    let ids: Vec<_> = planned.iter().map(|planned| planned.id.as_str()).collect();
    assert_eq!(
        ids,
        ["authorizer/opens/a/s/guard", "authorizer/leak/a/s/guard", "authorizer/cache/a/s/guard"]
    );
    for planned in &planned {
        match (planned.run)(&session).verdict {
            Verdict::NotChecked(why) => {
                assert!(why.contains("tokens: [{value: Bearer abc"), "{why}")
            }
            other => panic!("{other:?}"),
        }
    }
}
