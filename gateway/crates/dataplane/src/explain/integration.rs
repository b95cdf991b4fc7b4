//! What the integration of a method would do with a request.

use gateway_compile::mock::MockChoice;
use gateway_compile::{
    Failure, FunctionTarget, FunctionUrlAccess, HttpPlan, IntegrationPlan, LambdaMapping,
    LambdaPlan, MethodPlan, MockPlan, ServicePlan, Source, StagePlan,
};
use gateway_proto::FieldName;

use crate::connection::Peer;
use crate::explain::shown::Shown;
use crate::http;
use crate::lambda;
use crate::request::Exchange;
use crate::transform;
use crate::upstream_head;
use crate::values::Values;

/// What is asked of whom, part by part, and the failure without which it is asked.
pub(crate) fn describe(
    x: &Exchange,
    peer: &Peer,
    stage: &StagePlan,
    method: &MethodPlan,
    shown: &Shown,
) -> (Vec<String>, Option<Failure>) {
    match &method.integration {
        IntegrationPlan::Http(plan) => http(x, peer, stage, plan, shown),
        IntegrationPlan::Mock(plan) => mock(x, plan),
        IntegrationPlan::Lambda(plan) => lambda(x, stage, plan),
        IntegrationPlan::Service(plan) => service(x, stage, plan),
        IntegrationPlan::Misconfigured(failure) => {
            (vec!["misconfigured; `gateway check` says how".to_owned()], Some(*failure))
        }
        IntegrationPlan::Unserved => {
            let text = "a Lambda function or a VPC link that is not served";
            (vec![text.to_owned()], Some(Failure::api_configuration_error()))
        }
    }
}

fn lambda(x: &Exchange, stage: &StagePlan, plan: &LambdaPlan) -> (Vec<String>, Option<Failure>) {
    let (kind, refusal) = match &plan.mapping {
        LambdaMapping::Proxy => ("AWS_PROXY", None),
        LambdaMapping::Custom(mapping) => ("AWS", lambda::refusal(x, stage, mapping)),
        LambdaMapping::Url => ("URL of", url_refusal(stage)),
    };
    match stage.function(plan.function) {
        FunctionTarget::Local(function) => {
            (vec![format!("{kind} function {}", function.name), "runs here".to_owned()], refusal)
        }
        FunctionTarget::Remote(remote) => {
            let endpoint = stage.endpoint(remote.endpoint);
            let scheme = if endpoint.tls { "https" } else { "http" };
            let host = String::from_utf8_lossy(&remote.host_header);
            let text =
                format!("{kind} remote function, Invoke at {scheme}://{host}{}", remote.path);
            (vec![text], refusal)
        }
        FunctionTarget::Missing => {
            let text =
                format!("{kind} function that is not defined here, and no endpoint is configured");
            (vec![text], refusal.or(Some(Failure::integration_failure(500))))
        }
    }
}

/// Who is refused before the function is called.
fn url_refusal(stage: &StagePlan) -> Option<Failure> {
    let url = stage.function_url.as_ref()?;
    (url.access != FunctionUrlAccess::Open).then(Failure::function_url_forbidden)
}

fn service(x: &Exchange, stage: &StagePlan, plan: &ServicePlan) -> (Vec<String>, Option<Failure>) {
    let endpoint = stage.endpoint(plan.endpoint);
    let scheme = if endpoint.tls { "https" } else { "http" };
    let host = String::from_utf8_lossy(&plan.host_header);
    let parts = vec![
        format!("AWS service {}, at {scheme}://{host}", plan.service),
        format!("signed for {} in {}", plan.signing_name, plan.region),
        format!("timeout {} ms", plan.timeout_ms),
    ];
    (parts, transform::refusal(x, stage, &plan.request_templates))
}

fn http(
    x: &Exchange,
    peer: &Peer,
    stage: &StagePlan,
    plan: &HttpPlan,
    shown: &Shown,
) -> (Vec<String>, Option<Failure>) {
    let kind = if plan.proxy { "HTTP_PROXY" } else { "HTTP" };
    let endpoint = stage.endpoint(plan.endpoint);
    let scheme = if endpoint.tls { "https" } else { "http" };
    let mut uri = plan.host_header.to_vec();
    let target_at = uri.len();
    upstream_head::write_uri(&Values::of_request(x, peer), plan, &mut uri);
    let astray = upstream_head::check_path(x, plan, &uri[target_at..]).err();
    let method = shown.text(upstream_head::method(x, plan));
    let mut parts = vec![format!("{kind} {method} {scheme}://{}", shown.text(&uri))];
    let bracketed = endpoint.host.contains(':');
    let (open, close) = if bracketed { ("[", "]") } else { ("", "") };
    parts.push(format!("connects to {open}{}{close}:{}", endpoint.host, endpoint.port));
    parts.push(format!("timeout {} ms", plan.timeout_ms));
    if plan.needs_request_body {
        parts.push("a mapping reads the body, which is not known here".to_owned());
    }
    let refusal = http::refusal(x, stage, plan);
    if refusal.is_some() {
        parts.push("no request template for this Content-Type can be used".to_owned());
    }
    if astray.is_some() {
        parts.push("a mapped value leads out of the path of the URI".to_owned());
    }
    (parts, refusal.or(astray))
}

fn mock(x: &Exchange, plan: &MockPlan) -> (Vec<String>, Option<Failure>) {
    let (text, refusal) = match plan.templates.select(x.known_field(FieldName::ContentType)) {
        Ok(MockChoice::ClientBody) => ("MOCK, the body names the status".to_owned(), None),
        Ok(MockChoice::Template(_)) => ("MOCK, a template names the status".to_owned(), None),
        Ok(MockChoice::Status(status)) => match plan.responses.select_integer(status) {
            Ok(selected) => (format!("MOCK, answers {}", selected.status), None),
            Err(failure) => (format!("MOCK, no integration response for {status}"), Some(failure)),
        },
        Err(failure) => {
            let text = "MOCK, no request template for this Content-Type can be used";
            (text.to_owned(), Some(failure))
        }
    };
    (vec![text], refusal)
}

/// A cache key's parameter as a definition writes it. A key has all values of a name anyway, so that
/// the multi-value spelling says nothing.
pub(crate) fn parameter_name(source: &Source, method: &MethodPlan) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match source {
        Source::Literal(value) => format!("'{}'", text(value)),
        Source::Path(index) => {
            let name = method.path_params.get(usize::from(*index)).map_or("", |name| &**name);
            format!("method.request.path.{name}")
        }
        Source::PathName(name) => format!("method.request.path.{name}"),
        Source::Query(name) | Source::MultiQuery(name) => {
            format!("method.request.querystring.{}", text(name))
        }
        Source::Header(name) | Source::MultiHeader(name) => {
            format!("method.request.header.{}", text(name))
        }
        Source::Body => "method.request.body".to_owned(),
        Source::BodyPath(path) => format!("method.request.body.{path}"),
        Source::Context(variable) => format!("context.{}", variable.name()),
        Source::ResponseHeader(name) => format!("integration.response.header.{}", text(name)),
        Source::ResponseMultiHeader(name) => {
            format!("integration.response.multivalueheader.{}", text(name))
        }
        Source::ResponseBody => "integration.response.body".to_owned(),
        Source::ResponseBodyPath(path) => format!("integration.response.body.{path}"),
        Source::Missing => "(nothing is mapped)".to_owned(),
    }
}
