//! What a call of a service says, before it is signed.
//!
//! Source: recorded behaviour, "AWS – generic service", "Headers to the backend" and "URI rendering".

use gateway_compile::plan::UriPart;
use gateway_compile::{Failure, IntegrationType, PathStyle, RequestMethod, ServicePlan, Source};
use gateway_proto::{FieldName, is_name};
use gateway_vtl::Overrides;

use super::path;
use crate::transform::overrides;
use crate::values::{Values, clean_field_value, decode_query, encode_path, encode_query};

/// A call of a service.
pub(super) struct Said {
    pub(super) method: Vec<u8>,
    /// As on the request line.
    pub(super) path: Vec<u8>,
    /// Without the `?`.
    pub(super) query: Vec<u8>,
    /// Fields that the signature covers.
    pub(super) signed: Vec<(Vec<u8>, Vec<u8>)>,
    /// The others.
    pub(super) unsigned: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Said {
    /// Puts a call together from mappings, what a template overrides, and the body that it made.
    ///
    /// # Errors
    /// The failure of a path parameter that leads elsewhere, and of a header that may not be overridden.
    pub(super) fn new(
        values: &Values<'_>,
        plan: &ServicePlan,
        overrides: &Overrides,
        body: Vec<u8>,
    ) -> Result<Self, Failure> {
        let method = method(values, plan).to_vec();
        let mut query = Vec::new();
        write_uri_query(values, plan, overrides, &mut query);
        let action_len = query.len();
        write_mapped_query(values, plan, overrides, &mut query);
        let has_parameters = query.len() > action_len;
        let json = plan.json.as_ref().filter(|json| !(json.takes_query && has_parameters));
        if json.is_some_and(|json| json.takes_query) {
            // A service that takes both must not take this for a form.
            query.clear();
        }
        let body = match RequestMethod::parse(&method) {
            RequestMethod::Get | RequestMethod::Head | RequestMethod::Options => Vec::new(),
            _ if json.is_some() && body.is_empty() => b"{}".to_vec(),
            _ => body,
        };
        let mut fields = Fields::of(values, plan, overrides)?;
        if let Some(json) = json {
            fields.complete(b"X-Amz-Target", &json.target);
            fields.complete(b"Content-Type", json.content_type.as_bytes());
        } else if plan.is_action && !fields.has(b"X-Amz-Target") {
            fields.complete(b"Content-Type", b"application/x-www-form-urlencoded");
        } else if !body.is_empty() {
            let content_type = values.x.known_field(FieldName::ContentType);
            fields.complete(b"Content-Type", content_type.unwrap_or(b"application/json"));
        }
        fields.complete(b"Accept", b"application/json");
        let path = write_path(values, plan, overrides)?;
        let mut said = Self { method, path, query, signed: vec![], unsigned: vec![], body };
        said.signed.push((b"Host".to_vec(), plan.host_header.to_vec()));
        said.signed.push((b"X-Amz-Source-Arn".to_vec(), source_arn(values)));
        for (name, value) in fields.0 {
            let is_signed = is_content_type(&name) || is_prefixed(&name, b"x-amz-");
            if is_signed { &mut said.signed } else { &mut said.unsigned }.push((name, value));
        }
        Ok(said)
    }
}

fn is_content_type(name: &[u8]) -> bool {
    is_name_of(name, b"content-type")
}

/// Whether a name is this one, which is in lower case.
fn is_name_of(name: &[u8], known: &[u8]) -> bool {
    name.len() == known.len() && is_name(name, known)
}

fn is_prefixed(name: &[u8], prefix: &[u8]) -> bool {
    name.get(..prefix.len()).is_some_and(|start| is_name_of(start, prefix))
}

/// The method that the service gets.
pub(super) fn method<'x>(values: &Values<'x>, plan: &'x ServicePlan) -> &'x [u8] {
    plan.method.as_deref().unwrap_or_else(|| values.x.text(values.x.head.method))
}

/// The ARN of what was called here, for policies of what is called there.
fn source_arn(values: &Values<'_>) -> Vec<u8> {
    let x = values.x;
    let mut arn = b"arn:".to_vec();
    let Some(stage) = x.stage.as_ref().map(|stage| &stage.plan) else { return arn };
    let path = x.plan().map_or("/", |plan| &plan.resource_path);
    arn.extend_from_slice(gateway_compile::arn::partition(&stage.region).as_bytes());
    for part in [":execute-api:", &stage.region, ":", &stage.account_id, ":", &stage.api_id, "/"] {
        arn.extend_from_slice(part.as_bytes());
    }
    arn.extend_from_slice(stage.stage.as_bytes());
    arn.push(b'/');
    arn.extend_from_slice(x.text(x.head.method));
    arn.extend_from_slice(path.as_bytes());
    arn
}

/// # Errors
/// A path parameter with a segment `..` leads out of the path that the integration names: with our signature, to what it
/// was not meant to reach.
fn write_path(
    values: &Values<'_>,
    plan: &ServicePlan,
    overrides: &Overrides,
) -> Result<Vec<u8>, Failure> {
    let mut path = Vec::new();
    let mut has_values = false;
    for part in &plan.path {
        match part {
            UriPart::Literal(text) => path.extend_from_slice(text),
            UriPart::Value { source, name } => {
                has_values = true;
                let (value, is_encoded) = placeholder(values, overrides, source, name);
                encode_path(&value, is_encoded, &mut path);
            }
        }
    }
    if has_values && path::leads_astray(&path) {
        return Err(Failure::bad_request());
    }
    Ok(match plan.path_style {
        PathStyle::Canonical => path::canonical(&path),
        PathStyle::Normalized => path,
    })
}

/// What stands for a placeholder, and whether that is percent-encoded: `{name}` itself where nothing does.
fn placeholder(
    values: &Values<'_>,
    overrides: &Overrides,
    source: &Source,
    name: &[u8],
) -> (Vec<u8>, bool) {
    let bare = &name[1..name.len() - 1];
    if let Some(value) = overrides::path(overrides, bare) {
        return (value.into_bytes(), false);
    }
    let mut value = Vec::new();
    if values.write(source, &mut value) {
        return (value, matches!(source, Source::Path(_) | Source::PathName(_)));
    }
    (name.to_vec(), false)
}

fn write_uri_query(
    values: &Values<'_>,
    plan: &ServicePlan,
    overrides: &Overrides,
    out: &mut Vec<u8>,
) {
    for part in &plan.query {
        match part {
            UriPart::Literal(text) => out.extend_from_slice(text),
            UriPart::Value { source, name } => {
                encode_query(&placeholder(values, overrides, source, name).0, out);
            }
        }
    }
}

fn write_mapped_query(
    values: &Values<'_>,
    plan: &ServicePlan,
    overrides: &Overrides,
    out: &mut Vec<u8>,
) {
    let encoded = |name: &str| {
        let mut encoded = Vec::new();
        encode_query(name.as_bytes(), &mut encoded);
        encoded
    };
    let set = overrides::queries(overrides).into_iter();
    let set: Vec<_> = set.map(|set| (encoded(&set.name), set.values)).collect();
    let mut push = |name: &[u8], value: &[u8]| {
        if value.is_empty() {
            return;
        }
        if !out.is_empty() && out.last() != Some(&b'&') {
            out.push(b'&');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        encode_query(value, out);
    };
    let mut value = Vec::new();
    for mapping in &plan.queries {
        if set.iter().any(|(name, _)| **name == *mapping.name) {
            continue;
        }
        if let Source::MultiQuery(name) = &mapping.source {
            for encoded in values.each_query(name) {
                value.clear();
                decode_query(encoded, &mut value);
                push(&mapping.name, &value);
            }
            continue;
        }
        value.clear();
        values.write(&mapping.source, &mut value);
        push(&mapping.name, &value);
    }
    for (name, values) in &set {
        for value in values {
            push(name, value.as_bytes());
        }
    }
}

/// Fields of a call; each name once.
struct Fields(Vec<(Vec<u8>, Vec<u8>)>);

impl Fields {
    /// What a template sets, and what is mapped beside that.
    fn of(values: &Values<'_>, plan: &ServicePlan, overrides: &Overrides) -> Result<Self, Failure> {
        let mut fields = Self(Vec::new());
        let set = overrides::request_headers(overrides, IntegrationType::Aws)?;
        for (name, value) in set.fields() {
            fields.push(name.as_bytes(), value.as_bytes().to_vec());
        }
        for mapping in plan.headers.iter().filter(|mapping| !set.has(&mapping.name)) {
            let mut value = Vec::new();
            if values.write(&mapping.source, &mut value) {
                fields.push(&mapping.name, value);
            }
        }
        Ok(fields)
    }

    fn has(&self, name: &[u8]) -> bool {
        self.0.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
    }

    /// Adds a field unless one of that name is there.
    fn complete(&mut self, name: &[u8], value: &[u8]) {
        if !self.has(name) {
            self.push(name, value.to_vec());
        }
    }

    fn push(&mut self, name: &[u8], mut value: Vec<u8>) {
        clean_field_value(&mut value);
        if !is_ours(name) {
            self.0.push((name.to_vec(), value));
        }
    }
}

/// Names that the signature, or the call's own identity, is made of. Nobody maps them.
fn is_ours(name: &[u8]) -> bool {
    const OURS: [&[u8]; 6] = [
        b"host",
        b"user-agent",
        b"x-amz-content-sha256",
        b"x-amz-date",
        b"x-amz-security-token",
        b"x-amz-source-arn",
    ];
    OURS.iter().any(|known| is_name_of(name, known))
}
