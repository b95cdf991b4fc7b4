//! `MOCK` integrations: the request's template names a status, the integration response does the
//! rest.

use gateway_compile::MockPlan;
use gateway_compile::mock::{MockChoice, body_status};
use gateway_compile::templates::{Conversion, Template};
use gateway_proto::FieldName;

use crate::cached;
use crate::connection::Client;
use crate::exchange::{Refusal, decide_keep_alive};
use crate::relay::send_whole;
use crate::request::Exchange;
use crate::shard::{Shard, ShardStage};
use crate::transform;
use crate::values::Values;

pub(crate) async fn call(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    stage: &ShardStage,
    plan: &MockPlan,
) -> Result<(), Refusal> {
    let choice = plan.templates.select(x.known_field(FieldName::ContentType))?;
    let needs_body = plan.needs_request_body || matches!(choice, MockChoice::ClientBody);
    if needs_body {
        Box::pin(crate::http::await_body(shard, client, x)).await?;
    } else {
        decide_keep_alive(x);
    }
    let status = match choice {
        MockChoice::Status(status) => status,
        MockChoice::ClientBody => body_status(&x.request_body).inspect_err(|_| note_status(x))?,
        MockChoice::Template(template) => {
            let types = &stage.plan.binary_media_types;
            let is_binary = types.is_binary_request(x.known_field(FieldName::ContentType));
            let conversion = Conversion::of_request(plan.content_handling, is_binary);
            let rendered = transform::mock_request(shard, client, x, template, conversion);
            Box::pin(rendered).await?;
            body_status(&x.transform.body).inspect_err(|_| note_status(x))?
        }
    };
    let selected =
        plan.responses.select_integer(status).inspect_err(|_| x.note_unmatched(&status))?;
    let template = selected.plan.templates.select(x.known_field(FieldName::Accept));
    if matches!(template, Some(Template::Vtl(_))) {
        // Templates see the header, whoever is called.
        x.make_trace(shard);
    }
    let mut made = std::mem::take(&mut x.transform);
    let mut out = std::mem::take(&mut x.out);
    out.clear();
    let values = Values::of_request(x, &client.peer);
    // There is no integration, and no body of one: templates see none.
    let answer = transform::response(&mut made, &values, selected, Conversion::Text, b"", &mut out);
    let result = match answer {
        Ok((status, body)) => {
            cached::keep(shard, x, status, &out, body);
            cached::finish(x, false, &mut out);
            send_whole(shard, client, x, status, &mut out, body).await.map_err(Refusal::from)
        }
        Err(failure) => {
            x.note_cause(|| "Unable to transform response".to_owned());
            Err(failure.into())
        }
    };
    x.out = out;
    x.transform = made;
    result
}

/// The request's template names no status.
fn note_status(x: &mut Exchange) {
    x.note_cause(|| "statusCode should be an integer which defined in request template".to_owned());
}
