//! `x-amazon-apigateway-integration`.

use super::cursor::Cursor;
use super::operation::response_status;
use super::root::{mappings, templates};
use gateway_model::{
    ConnectionType, ContentHandling, HttpMethod, Integration, IntegrationResponse, IntegrationType,
    PassthroughBehavior, ResponseTransferMode, Spanned,
};

const MEMBERS: [&str; 22] = [
    "type",
    "httpMethod",
    "uri",
    "connectionType",
    "connectionId",
    "credentials",
    "requestParameters",
    "requestTemplates",
    "passthroughBehavior",
    "contentHandling",
    "timeoutInMillis",
    "cacheNamespace",
    "cacheKeyParameters",
    "responses",
    "tlsConfig",
    "responseTransferMode",
    "integrationTarget",
    // Of HTTP APIs; exports of them are imported as REST APIs.
    "payloadFormatVersion",
    "integrationSubtype",
    "responseParameters",
    "description",
    "default",
];

/// Source: PutIntegration, "Timeout should be between 50 ms and 29000 ms"; longer ones are granted.
const TIMEOUT_MS_MIN: u32 = 50;

pub(super) fn read(at: &Cursor<'_>, path: &str, verb: HttpMethod) -> Option<Integration> {
    if at.node.as_map().is_none() {
        at.wrong_type("an object");
        return None;
    }
    at.expect_members(&MEMBERS);
    if at.member("type").is_none() {
        at.error(
            "Unable to parse API definition because of a malformed integration: it has no \"type\"",
        );
        return None;
    }
    let kind = at.word("type", IntegrationType::parse)?;
    let mut integration = Integration::new(kind, at.place().clone());
    integration.http_method = at.text("httpMethod").map(|mut verb| {
        verb.value = match verb.value.to_ascii_uppercase().as_str() {
            "X-AMAZON-APIGATEWAY-ANY-METHOD" => "ANY".to_owned(),
            upper => upper.to_owned(),
        };
        verb
    });
    integration.uri = at.text("uri");
    integration.connection_type = at.word("connectionType", ConnectionType::parse);
    integration.connection_id = at.text("connectionId");
    integration.credentials = at.text("credentials");
    integration.timeout_ms = at.integer("timeoutInMillis");
    if let Some(ms) = integration.timeout_ms.filter(|ms| *ms < TIMEOUT_MS_MIN) {
        at.error(format!("Timeout should be between {TIMEOUT_MS_MIN} ms and 29000 ms, not {ms}"));
    }
    let parameters = request_parameters(at, path, verb);
    integration.request_parameters = mappings(parameters);
    integration.request_templates = templates(at.text_members("requestTemplates"));
    integration.passthrough_behavior = at.word("passthroughBehavior", PassthroughBehavior::parse);
    integration.content_handling = at.word("contentHandling", ContentHandling::parse);
    integration.cache_namespace = at.plain_text("cacheNamespace");
    integration.cache_key_parameters = at.texts("cacheKeyParameters");
    integration.integration_target = at.text("integrationTarget");
    integration.response_transfer_mode =
        at.word("responseTransferMode", ResponseTransferMode::parse);
    if let Some(tls) = at.member("tlsConfig") {
        tls.expect_members(&["insecureSkipVerification", "serverNameToVerify"]);
        integration.insecure_skip_verification =
            tls.boolean("insecureSkipVerification").unwrap_or(false);
    }
    let responses = at.members_of("responses").into_iter();
    integration.integration_responses =
        responses.filter_map(|(key, response)| read_response(&key.text, &response)).collect();
    for feature in ["integrationSubtype", "responseParameters"] {
        if let Some(member) = at.member(feature) {
            member.warning(format!("{feature} is for HTTP APIs and has no effect on a REST API"));
        }
    }
    Some(integration)
}

/// What is no text is left out with the warning that API Gateway gives.
fn request_parameters(
    at: &Cursor<'_>,
    path: &str,
    verb: HttpMethod,
) -> Vec<(Spanned<String>, Spanned<String>)> {
    let mut parameters = Vec::new();
    for (key, value) in at.members_of("requestParameters") {
        match value.node.as_str() {
            Some(text) => parameters.push((
                Spanned::new(key.text.clone(), key.place.clone()),
                Spanned::new(text.to_owned(), value.place().clone()),
            )),
            None => {
                let found =
                    value.node.scalar_text().unwrap_or_else(|| value.node.to_json().to_string());
                value.warning(format!(
                    "Invalid format for 'requestParameters'. Expected type string for property '{}' of \
                     resource '{path}' and method '{verb}' but got '{found}'",
                    key.text
                ));
            }
        }
    }
    parameters
}

fn read_response(pattern: &str, at: &Cursor<'_>) -> Option<IntegrationResponse> {
    at.expect_members(&[
        "statusCode",
        "responseParameters",
        "responseTemplates",
        "contentHandling",
    ]);
    let mut response = IntegrationResponse::new(response_status(at)?, at.place().clone());
    if pattern != "default" {
        response.selection_pattern = Some(Spanned::new(pattern.to_owned(), at.place().clone()));
    }
    response.response_parameters = mappings(at.text_members("responseParameters"));
    response.response_templates = templates(at.text_members("responseTemplates"));
    response.content_handling = at.word("contentHandling", ContentHandling::parse);
    Some(response)
}
