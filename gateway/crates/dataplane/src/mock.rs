//! `MOCK` integrations: the request's template names a status, the integration response does the
//! rest.

use gateway_compile::Failure;
use gateway_compile::MockPlan;
use gateway_compile::mock::{MockChoice, body_status};
use gateway_compile::templates::Template;
use gateway_proto::FieldName;

use crate::cached;
use crate::connection::Client;
use crate::exchange::{Refusal, decide_keep_alive};
use crate::request::Exchange;
use crate::respond::{self, Framing, finish_head, write_field, write_mapping};
use crate::shard::Shard;
use crate::status::{has_no_body, write_line};
use crate::values::Values;

pub(crate) async fn call(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    plan: &MockPlan,
) -> Result<(), Refusal> {
    let choice = plan.templates.select(x.known_field(FieldName::ContentType))?;
    let needs_body = plan.needs_request_body || choice == MockChoice::ClientBody;
    if needs_body {
        Box::pin(crate::http::await_body(shard, client, x)).await?;
    } else {
        decide_keep_alive(x);
    }
    let status = match choice {
        MockChoice::Status(status) => status,
        MockChoice::ClientBody => body_status(&x.request_body)?,
    };
    let selected = plan.responses.select_integer(status)?;
    let template = selected.plan.templates.select(x.known_field(FieldName::Accept));
    let body: &[u8] = match template {
        None => &[],
        Some(Template::Literal(text)) => text,
        Some(Template::Unserved) => return Err(Failure::api_configuration_error().into()),
    };
    let mut out = std::mem::take(&mut x.out);
    out.clear();
    write_line(selected.status, &mut out);
    let values = Values::of_request(x, &client.peer);
    for mapping in &selected.plan.headers {
        write_mapping(&values, &mapping.name, &mapping.source, &mut out);
    }
    if !selected.plan.maps_content_type {
        write_field(b"Content-Type", b"application/json", &mut out);
    }
    let is_bare = has_no_body(selected.status);
    cached::keep(shard, x, selected.status, &out, body);
    cached::finish(x, false, &mut out);
    let framing = if is_bare { Framing::None } else { Framing::Length(body.len() as u64) };
    finish_head(shard, x, framing, &mut out);
    x.facts.status = selected.status;
    let body = if is_bare || x.is_head() { &[] } else { body };
    let result = respond::send(shard, client, x, &out, body).await;
    x.out = out;
    Ok(result?)
}
