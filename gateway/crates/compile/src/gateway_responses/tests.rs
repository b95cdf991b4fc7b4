use super::*;

fn template(content_type: &str) -> GatewayTemplate {
    GatewayTemplate { content_type: content_type.as_bytes().into(), parts: Vec::new() }
}

#[track_caller]
fn check(templates: &[&str], accept: Option<&str>, expect: Option<&str>) {
    let body = GatewayBody::Templates(templates.iter().map(|key| template(key)).collect());
    let plan = GatewayResponsePlan { body, ..GatewayResponsePlan::default() };
    let chosen = plan.template(accept.map(str::as_bytes)).map(|template| &*template.content_type);
    assert_eq!(chosen, expect.map(str::as_bytes), "{templates:?} {accept:?}");
}

#[test]
fn a_template_follows_accept() {
    check(&["text/html", "application/json"], Some("text/html"), Some("text/html"));
    check(&["text/html", "application/json"], Some("*/*"), Some("application/json"));
    check(&["text/html", "application/json"], None, Some("application/json"));
    check(&["text/html", "text/plain"], None, Some("text/html"));
}

#[test]
fn built_in_answers_keep_the_failures_own_status() {
    let built_in = GatewayResponses::built_in();
    for (failure, status) in [
        (Failure::integration_failure(502), 502),
        (Failure::network_error(), 504),
        (Failure::invalid_json(), 400),
        (Failure::request_too_large(), 413),
    ] {
        let answer = built_in.select(&failure, None);
        assert_eq!((answer.status, answer.template), (status, None));
        assert!(answer.headers.is_empty());
    }
}

#[test]
fn every_type_has_its_place_in_the_table() {
    for (index, kind) in GatewayResponseType::ALL.iter().enumerate() {
        assert_eq!(*kind as usize, index);
    }
}

#[test]
fn what_is_too_large_ignores_customisations() {
    let plan =
        Arc::new(GatewayResponsePlan { status: Some(599), ..GatewayResponsePlan::default() });
    let all = GatewayResponses::new(std::array::from_fn(|_| Arc::clone(&plan)));
    assert_eq!(all.select(&Failure::request_too_large(), None).status, 413);
    assert_eq!(all.select(&Failure::integration_timeout(), None).status, 599);
}
