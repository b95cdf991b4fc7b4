use super::*;

fn body(failure: &Failure) -> String {
    String::from_utf8(failure.message.default_body("a, b").concat()).expect("UTF-8")
}

/// Status, error type and default body of a failure.
#[track_caller]
fn check(failure: Failure, status: u16, error_type: &str, expect: &str) {
    assert_eq!(failure.default_status(), status);
    assert_eq!(failure.error_type(), error_type);
    assert_eq!(body(&failure), expect);
}

const INTERNAL: &str = r#"{"message": "Internal server error"}"#;

#[test]
fn every_failure_answers_in_awss_words() {
    check(
        Failure::missing_authentication_token(),
        403,
        "MissingAuthenticationTokenException",
        r#"{"message":"Missing Authentication Token"}"#,
    );
    check(FORBIDDEN, 403, "ForbiddenException", r#"{"message":"Forbidden"}"#);
    check(
        Failure::missing_request_parameters(),
        400,
        "BadRequestException",
        r#"{"message": "Missing required request parameters: [a, b]"}"#,
    );
    check(
        Failure::invalid_request_body(),
        400,
        "BadRequestException",
        r#"{"message": "Invalid request body"}"#,
    );
    check(Failure::invalid_api_key(), 403, "ForbiddenException", r#"{"message":"Forbidden"}"#);
    check(
        Failure::access_denied(),
        403,
        "AccessDeniedException",
        r#"{"Message":"User is not authorized to access this resource"}"#,
    );
    check(
        Failure::authorizer_configuration_error(),
        500,
        "AuthorizerConfigurationException",
        r#"{"message":null}"#,
    );
    check(
        Failure::authorizer_failure(),
        500,
        "AuthorizerConfigurationException",
        r#"{"message":null}"#,
    );
    check(
        Failure::implicit_deny(),
        403,
        "AccessDeniedException",
        r#"{"Message":"User is not authorized to access this resource because no identity-based policy allows the execute-api:Invoke action"}"#,
    );
    check(
        Failure::explicit_deny(),
        403,
        "AccessDeniedException",
        r#"{"Message":"User is not authorized to access this resource with an explicit deny in an identity-based policy"}"#,
    );
    check(Failure::unauthorized(), 401, "UnauthorizedException", r#"{"message":"Unauthorized"}"#);
    check(
        Failure::throttled(),
        429,
        "TooManyRequestsException",
        r#"{"message":"Too Many Requests"}"#,
    );
    check(
        Failure::quota_exceeded(),
        429,
        "LimitExceededException",
        r#"{"message":"Limit Exceeded"}"#,
    );
    check(Failure::waf_filtered(), 403, "ForbiddenException", r#"{"message":"Forbidden"}"#);
    let internal = "InternalServerErrorException";
    check(Failure::api_configuration_error(), 500, internal, INTERNAL);
    check(Failure::internal_error(), 500, internal, INTERNAL);
    check(Failure::integration_failure(502), 502, internal, INTERNAL);
    check(Failure::invalid_response_json(), 500, "InternalFailureException", INTERNAL);
    check(
        Failure::integration_timeout(),
        504,
        internal,
        r#"{"message": "Endpoint request timed out"}"#,
    );
    check(
        Failure::network_error(),
        504,
        internal,
        r#"{"message": "Network error communicating with endpoint"}"#,
    );
    let bad = "BadRequestException";
    check(Failure::unsupported_media_type(), 415, bad, r#"{"message": "Unsupported Media Type"}"#);
    check(Failure::invalid_json(), 400, bad, r#"{"message": "Invalid JSON in request body"}"#);
    let too_large = "RequestEntityTooLargeException";
    let said = "HTTP content length exceeded 10485760 bytes.";
    check(Failure::request_too_large(), 413, too_large, said);
    let said = "HTTP header is larger than 10240 bytes.";
    check(Failure::header_too_large(), 431, too_large, said);
    let said = r#"{"message":"Request URI too long"}"#;
    check(Failure::uri_too_long(), 414, too_large, said);
    check(Failure::bad_request(), 400, "BadRequestException", r#"{"message":"Bad Request"}"#);
    check(Failure::expectation_failed(), 417, bad, r#"{"message":"Expectation Failed"}"#);
    check(
        Failure::not_implemented(),
        501,
        "NotImplementedException",
        r#"{"message":"Not Implemented"}"#,
    );
    let denied = "AccessDeniedException";
    check(UNKNOWN_FUNCTION_URL, 403, denied, r#"{"Message":null}"#);
    check(Failure::function_url_forbidden(), 403, denied, r#"{"Message":"Forbidden"}"#);
    check(Failure::function_url_failed(), 502, internal, "Internal Server Error");
    check(
        Failure::function_url_throttled(),
        429,
        "TooManyRequestsException",
        r#"{"Message":"Rate Exceeded."}"#,
    );
    check(
        Failure::function_url_too_large(),
        413,
        "RequestTooLargeException",
        r#"{"Message":"Request must be smaller than 6291456 bytes for the InvokeFunction operation"}"#,
    );
    check(
        Failure::version_not_supported(),
        505,
        "BadRequestException",
        r#"{"message":"HTTP Version Not Supported"}"#,
    );
}

#[test]
fn recorded_lengths_hold() {
    let len = |failure: Failure| body(&failure).len();
    assert_eq!(len(Failure::missing_authentication_token()), 42);
    assert_eq!(len(Failure::invalid_api_key()), 23);
    assert_eq!(len(Failure::unauthorized()), 26);
    assert_eq!(len(Failure::api_configuration_error()), 36);
    assert_eq!(len(Failure::integration_timeout()), 41);
    assert_eq!(len(Failure::authorizer_configuration_error()), 16);
}

#[test]
fn an_incomplete_signature_quotes_the_hash() {
    let failure = Failure::incomplete_signature([b'A'; 44]);
    let text = format!(
        "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and \
         encoded with Base64): '{}'.",
        "A".repeat(44)
    );
    check(failure, 403, "IncompleteSignatureException", &format!("{{\"message\":\"{text}\"}}"));
    assert_eq!(failure.message.text("a, b").concat(), text.as_bytes());
    assert_eq!(failure.message.quoted_text("a, b").concat(), format!("\"{text}\"").as_bytes());
}

#[test]
fn no_text_needs_an_escape_and_every_json_body_parses() {
    for failure in [
        Failure::missing_authentication_token(),
        Failure::incomplete_signature([b'/'; 44]),
        Failure::access_denied(),
        Failure::implicit_deny(),
        Failure::explicit_deny(),
        Failure::authorizer_configuration_error(),
        Failure::missing_request_parameters(),
        Failure::invalid_request_body(),
        Failure::invalid_json(),
        Failure::request_too_large(),
        Failure::uri_too_long(),
        Failure::bad_request(),
        Failure::expectation_failed(),
        Failure::not_implemented(),
        Failure::version_not_supported(),
    ] {
        let quoted = failure.message.quoted_text("a, b").concat();
        let parsed: serde_json::Value = serde_json::from_slice(&quoted).expect("JSON");
        let text = String::from_utf8(failure.message.text("a, b").concat()).expect("UTF-8");
        assert_eq!(parsed.as_str().unwrap_or_default(), text);
        if failure.message.default_content_type() == b"application/json" {
            let body: serde_json::Value = serde_json::from_str(&body(&failure)).expect("JSON");
            let message = body.get("message").or_else(|| body.get("Message")).expect("a message");
            assert_eq!(message.as_str().unwrap_or_default(), text);
        }
    }
}

#[test]
fn what_is_too_large_cannot_be_customised() {
    assert!(!Failure::request_too_large().is_customizable());
    assert!(!Failure::header_too_large().is_customizable());
    assert!(Failure::integration_timeout().is_customizable());
}
