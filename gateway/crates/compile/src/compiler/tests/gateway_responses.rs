use gateway_model::{GatewayResponse, GatewayResponseType as Type};

use super::*;
use crate::failure::Failure;
use crate::gateway_responses::{GatewayAnswer, TextPart};

fn response(
    kind: Type,
    code: Option<u16>,
    parameters: &[(&str, &str)],
    bodies: &[(&str, &str)],
) -> GatewayResponse {
    GatewayResponse {
        response_type: kind,
        status_code: code.map(status),
        response_parameters: mappings(parameters),
        response_templates: templates(bodies),
        place: Place::nowhere(),
    }
}

fn with_responses(responses: Vec<GatewayResponse>) -> Definitions {
    let mut definitions = with_method(|_| {});
    let keyed = responses.into_iter().map(|response| (response.response_type, response));
    definitions.apis[0].gateway_responses = keyed.collect();
    let value = Spanned::nowhere("blue");
    dev(&mut definitions).variables.insert("colour".to_owned(), value);
    definitions
}

/// Status, headers and template of an answer.
fn show(answer: &GatewayAnswer<'_>) -> String {
    let mut said = answer.status.to_string();
    for header in answer.headers {
        said.push_str(&format!(" {}={:?}", String::from_utf8_lossy(&header.name), header.source));
    }
    if let Some(template) = answer.template {
        said.push_str(&format!(" {}:", String::from_utf8_lossy(&template.content_type)));
        for part in &template.parts {
            match part {
                TextPart::Literal(text) => said.push_str(&String::from_utf8_lossy(text)),
                other => said.push_str(&format!("<{other:?}>")),
            }
        }
    }
    said
}

#[track_caller]
fn check(responses: Vec<GatewayResponse>, failure: Failure, expect: &str) {
    let stage = clean(&with_responses(responses));
    assert_eq!(show(&stage.gateway_responses.select(&failure, None)), expect);
}

#[test]
fn a_default_stands_in_for_its_family_only() {
    let default_5xx = || response(Type::Default5xx, Some(599), &[], &[]);
    check(vec![default_5xx()], Failure::integration_timeout(), "599");
    check(vec![default_5xx()], Failure::integration_failure(502), "599");
    check(vec![default_5xx()], Failure::internal_error(), "599");
    check(vec![default_5xx()], Failure::throttled(), "429");
    let own = response(Type::ApiConfigurationError, None, &[], &[]);
    check(vec![default_5xx(), own], Failure::api_configuration_error(), "500");
    let default_4xx = response(Type::Default4xx, None, &[], &[("application/json", "D")]);
    check(vec![default_4xx.clone()], Failure::unsupported_media_type(), "415 application/json:D");
    check(vec![default_4xx], Failure::invalid_json(), "400 application/json:D");
}

#[test]
fn parameters_alone_keep_status_and_template() {
    let cors = ("gatewayresponse.header.Access-Control-Allow-Origin", "'*'");
    let own = response(Type::MissingAuthenticationToken, None, &[cors], &[]);
    check(
        vec![own],
        Failure::missing_authentication_token(),
        "403 Access-Control-Allow-Origin=Literal([42])",
    );
}

#[test]
fn headers_take_request_values_by_name() {
    let parameters = [
        ("gatewayresponse.header.p", "method.request.path.id"),
        ("gatewayresponse.header.q", "method.request.querystring.q"),
        ("gatewayresponse.header.v", "stageVariables.nope"),
        ("gatewayresponse.header.Content-Length", "'7'"),
        ("gatewayresponse.header.WWW-Authenticate", "context.requestId"),
    ];
    check(
        vec![response(Type::Unauthorized, Some(418), &parameters, &[])],
        Failure::unauthorized(),
        "418 p=PathName(\"id\") q=Query([113]) x-amzn-Remapped-Content-Length=Literal([55]) \
         WWW-Authenticate=Context(RequestId)",
    );
}

#[test]
fn a_template_is_text_with_tokens() {
    let template = "{\"message\":$context.error.messageString, \"t\":\"$context.error.responseType\", \
                    \"m\":'$context.error.message', v:$context.error.validationErrorString, \
                    $stageVariables.colour/$stageVariables.nope. $context.requestId. $context.nope \
                    #set($x) method.request.header.X-A $method.request.path.id memo $5";
    check(
        vec![response(Type::Throttled, None, &[], &[("application/json", template)])],
        Failure::throttled(),
        "429 application/json:{\"message\":<ErrorMessageString>, \"t\":\"<ResponseType>\", \
         \"m\":'<ErrorMessage>', v:<ValidationErrorString>, blue/. <Context(RequestId)>.  #set($x) \
         <Source(Header([88, 45, 65]))> <Source(PathName(\"id\"))> memo $5",
    );
}

#[test]
fn what_cannot_be_customised_or_sent_is_told() {
    let large = response(Type::RequestTooLarge, Some(499), &[], &[]);
    let (stage, said) = compiled(&with_responses(vec![large]));
    assert_eq!(said, ["REQUEST_TOO_LARGE cannot be customised"]);
    assert_eq!(stage.gateway_responses.select(&Failure::request_too_large(), None).status, 413);
    let informational = response(Type::Throttled, Some(101), &[], &[]);
    assert_eq!(errors(&with_responses(vec![informational])), ["101 cannot end a response"]);
    let body = response(
        Type::Throttled,
        None,
        &[("gatewayresponse.header.x", "method.request.body")],
        &[],
    );
    assert_eq!(errors(&with_responses(vec![body])).len(), 1);
    let split = response(Type::Throttled, None, &[], &[("a/b\r\nX: y", "t")]);
    assert_eq!(errors(&with_responses(vec![split])).len(), 1);
}

#[test]
fn stages_without_customisation_share_one_table() {
    let mut definitions = with_method(|_| {});
    add_stage(&mut definitions.apis[0], "prod");
    let compiled = compile(&definitions, &CompileOptions::default(), None);
    let snapshot = compiled.snapshot.expect("compiles");
    let [a, b] = [0, 1].map(|at| &snapshot.stages[at].gateway_responses);
    assert!(Arc::ptr_eq(a, b));
}
