//! Mapping templates: what an integration gets of a request, and what a client gets of an integration's answer.
//!
//! Source: "Integration request for non-proxy types" and "Integration response": a template is chosen, the body is
//! converted as `contentHandling` says, the template renders and may override parameters, and overrides win over
//! mappings of the same name.
//!
//! | module | does |
//! | --- | --- |
//! | `convert` | `contentHandling` |
//! | `view` | what a template may ask of an exchange |
//! | [`overrides`] | what templates wrote, over what mappings say |
//!
//! A request without templates pays a look at an `Option` or two. What a template needs (the whole body, its
//! output) lies in [`Exchange::transform`], whose memory is used again.

use std::borrow::Cow;

use gateway_compile::responses::Selected;
use gateway_compile::templates::{Conversion, RequestChoice, RequestTemplates, Template};
use gateway_compile::{BinaryMediaTypes, ContentHandling, Failure, StagePlan};
use gateway_proto::FieldName;
use gateway_vtl::{Limits, Overrides};

use crate::connection::{Client, Peer};
use crate::exchange::Refusal;
use crate::http::{await_body, parse_json};
use crate::limits::RENDERED_BYTES_MAX;
use crate::relay::write_mapped_head;
use crate::request::Exchange;
use crate::shard::Shard;
use crate::values::Values;

mod convert;
pub(crate) mod overrides;
mod view;

pub(crate) use convert::convert;
use view::View;

/// What the templates of one exchange made.
#[derive(Default)]
pub(crate) struct Transform {
    /// What the request's template wrote, the response's template reads and adds to.
    pub(crate) overrides: Overrides,
    /// A body that was converted or rendered: the request's, then the response's.
    pub(crate) body: Vec<u8>,
}

/// What goes to the integration as its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outgoing<'p> {
    /// The client's own, which may still be to come.
    Client,
    /// A template without VTL.
    Literal(&'p [u8]),
    /// [`Transform::body`].
    Made,
}

/// What has to be done to a request's body.
#[derive(Clone, Copy)]
enum Work<'p> {
    Convert(Conversion),
    Render(&'p gateway_vtl::Template, Conversion),
}

/// Makes the integration's body of the request, and the overrides that come with it.
///
/// `reads_json` says that a mapping reads a member of the body, so that a body that is no JSON is refused
/// before a template sees it.
///
/// # Errors
/// 415 as `passthroughBehavior` says, [`Failure::invalid_json`], and [`Failure::api_configuration_error`] where the
/// body cannot be converted or the template does not render; [`Refusal::Body`] where the body does not come.
pub(crate) async fn request<'p>(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    stage: &StagePlan,
    templates: &'p RequestTemplates,
    reads_json: bool,
) -> Result<Outgoing<'p>, Refusal> {
    let work = match choose(x, stage, templates)? {
        Choice::Ready(outgoing) => return Ok(outgoing),
        Choice::Work(work) => work,
    };
    Box::pin(make(shard, client, x, work, reads_json)).await?;
    Ok(Outgoing::Made)
}

/// Why the integration is not called, as far as the request's head tells.
pub(crate) fn refusal(
    x: &Exchange,
    stage: &StagePlan,
    templates: &RequestTemplates,
) -> Option<Failure> {
    choose(x, stage, templates).err()
}

/// Renders the template of a `MOCK` request into [`Transform::body`].
pub(crate) async fn mock_request(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    template: &gateway_vtl::Template,
    conversion: Conversion,
) -> Result<(), Refusal> {
    make(shard, client, x, Work::Render(template, conversion), false).await
}

enum Choice<'p> {
    Ready(Outgoing<'p>),
    Work(Work<'p>),
}

fn choose<'p>(
    x: &Exchange,
    stage: &StagePlan,
    templates: &'p RequestTemplates,
) -> Result<Choice<'p>, Failure> {
    let content_type = x.known_field(FieldName::ContentType);
    let choice = templates.select(content_type);
    let types = &stage.binary_media_types;
    let is_binary = types.is_binary_request(content_type);
    let conversion = Conversion::of_request(templates.content_handling, is_binary);
    Ok(match choice {
        RequestChoice::Template(Template::Literal(text)) => Choice::Ready(Outgoing::Literal(text)),
        RequestChoice::Template(Template::Vtl(template)) => {
            Choice::Work(Work::Render(template, conversion))
        }
        RequestChoice::Template(Template::Malformed) => {
            return Err(Failure::api_configuration_error());
        }
        RequestChoice::Passthrough if is_converted(types, conversion) => {
            Choice::Work(Work::Convert(conversion))
        }
        RequestChoice::Passthrough => Choice::Ready(Outgoing::Client),
        RequestChoice::UnsupportedMediaType => return Err(Failure::unsupported_media_type()),
    })
}

/// Whether a body that no template reads has to be looked at. API Gateway replaces what is no UTF-8 in every text;
/// here only where the API has binary media types: without them a body is whatever it is, and may stream.
fn is_converted(types: &BinaryMediaTypes, conversion: Conversion) -> bool {
    match conversion {
        Conversion::Raw => false,
        Conversion::Text => !types.is_empty(),
        Conversion::Decode | Conversion::Encode => true,
    }
}

async fn make(
    shard: &Shard,
    client: &Client,
    x: &mut Exchange,
    work: Work<'_>,
    reads_json: bool,
) -> Result<(), Refusal> {
    if !x.body.is_whole() {
        await_body(shard, client, x).await?;
    }
    x.make_trace(shard);
    let mut made = std::mem::take(&mut x.transform);
    let result = make_whole(&mut made, x, &client.peer, work, reads_json);
    x.transform = made;
    if result.is_err_and(|failure| failure == Failure::api_configuration_error()) {
        x.note_cause(|| "Unable to transform request".to_owned());
    }
    Ok(result?)
}

/// As [`make`], of a body that is whole.
fn make_whole(
    made: &mut Transform,
    x: &Exchange,
    peer: &Peer,
    work: Work<'_>,
    reads_json: bool,
) -> Result<(), Failure> {
    let body = x.body_prefix();
    if reads_json {
        parse_json(body).map_err(|()| Failure::invalid_json())?;
    }
    match work {
        Work::Convert(conversion) => {
            let converted = convert(body, conversion)?;
            made.body.clear();
            made.body.extend_from_slice(&converted);
            Ok(())
        }
        Work::Render(template, conversion) => {
            let converted = convert(body, conversion)?;
            render(made, x, peer, template, &converted, "request")
        }
    }
}

/// Renders into [`Transform::body`]. The template reads `body`, which must be text.
fn render(
    made: &mut Transform,
    x: &Exchange,
    peer: &Peer,
    template: &gateway_vtl::Template,
    body: &[u8],
    side: &'static str,
) -> Result<(), Failure> {
    let Ok(body) = std::str::from_utf8(body) else {
        tracing::debug!(side, "Unable to transform: the body is binary");
        return Err(Failure::api_configuration_error());
    };
    let mut text = std::mem::take(&mut made.body);
    text.clear();
    let mut text = String::from_utf8(text).unwrap_or_default();
    let view = View { x, peer, body };
    let limits = Limits { output_bytes_max: RENDERED_BYTES_MAX, ..Limits::default() };
    let result = template.render(&view, &mut made.overrides, &limits, &mut text);
    made.body = text.into_bytes();
    result.map_err(|error| {
        tracing::debug!(side, %error, "Unable to transform");
        Failure::api_configuration_error()
    })
}

/// How the body of an integration's answer is converted. One with a coding is binary, whatever its type.
pub(crate) fn response_conversion(
    x: &Exchange,
    types: &BinaryMediaTypes,
    handling: Option<ContentHandling>,
    content_type: Option<&[u8]>,
    is_coded: bool,
) -> Conversion {
    let accept = x.known_field(FieldName::Accept);
    let is_named = !types.is_empty() && content_type.is_some_and(|value| types.matches(value));
    let is_binary_wanted = types.is_binary_response(accept);
    Conversion::of_response(handling, is_coded || is_named, is_binary_wanted)
}

/// Whether an answer needs [`response`] with its whole body, and not only its mapped head.
pub(crate) fn needs_whole(
    types: &BinaryMediaTypes,
    conversion: Conversion,
    template: Option<&Template>,
) -> bool {
    match template {
        Some(Template::Literal(_)) => false,
        Some(Template::Vtl(_) | Template::Malformed) => true,
        None => is_converted(types, conversion),
    }
}

/// Makes the client's answer of an integration's: writes status line and fields into `out`, up to those that every
/// answer has, and gives the status and the body.
///
/// `values` has the integration's head, where there is one; `body` is its whole body.
///
/// # Errors
/// [`Failure::invalid_response_json`] where a mapping reads a member of a body that is no JSON, and
/// [`Failure::api_configuration_error`] where the body cannot be converted, the template does not render, or the
/// status is none that ends a response.
pub(crate) fn response<'b>(
    made: &'b mut Transform,
    values: &Values<'_>,
    selected: Selected<'b>,
    conversion: Conversion,
    body: &'b [u8],
    out: &mut Vec<u8>,
) -> Result<(u16, &'b [u8]), Failure> {
    let json = match selected.plan.needs_response_body {
        true => parse_json(body).map_err(|()| Failure::invalid_response_json())?,
        false => None,
    };
    let accept = values.x.known_field(FieldName::Accept);
    let body = match selected.plan.templates.select(accept) {
        Some(Template::Literal(text)) => &text[..],
        Some(Template::Vtl(template)) => {
            let converted = convert(body, conversion)?;
            render(made, values.x, values.peer, template, &converted, "response")?;
            &made.body
        }
        Some(Template::Malformed) => return Err(Failure::api_configuration_error()),
        None => match convert(body, conversion)? {
            Cow::Borrowed(same) => same,
            Cow::Owned(converted) => {
                made.body = converted;
                &made.body
            }
        },
    };
    let status = overrides::status(&made.overrides, selected)?;
    let values = Values { response_json: json.as_ref(), ..*values };
    write_mapped_head(&values, selected.plan, status, &made.overrides, out);
    Ok((status, body))
}

#[cfg(test)]
mod tests;
