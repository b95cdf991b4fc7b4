//! `$context.requestOverride` and `$context.responseOverride`, over what mappings say.
//!
//! Names compare without case, as the names of fields do: of two spellings the last one written counts. A value that
//! is empty, or null, takes the mapping's place and sends nothing. Choices where nothing is recorded: names that
//! no field can have are left out, and a list in a query is a parameter each.

use gateway_compile::headers::{
    RequestHeader, ResponseHeader, ResponseOrigin, request_header, response_header,
};
use gateway_compile::responses::Selected;
use gateway_compile::{Failure, IntegrationType};
use gateway_vtl::{Overrides, Value};

/// A field or a parameter that a template set.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Override {
    pub(crate) name: Box<str>,
    /// None for what is not to be sent.
    pub(crate) values: Vec<String>,
}

impl Override {
    /// Each value with its name.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|value| (&*self.name, &**value))
    }
}

/// What a template set, in the order in which it did.
#[derive(Debug, Default)]
pub(crate) struct Set(Vec<Override>);

impl Set {
    /// Whether a template set this name.
    pub(crate) fn has(&self, name: &[u8]) -> bool {
        self.0.iter().any(|set| set.name.as_bytes().eq_ignore_ascii_case(name))
    }

    /// The fields to send, a line each.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(Override::each)
    }

    fn put(&mut self, name: &str, values: Vec<String>) {
        self.0.retain(|set| !set.name.eq_ignore_ascii_case(name));
        self.0.push(Override { name: name.into(), values });
    }
}

/// The fields that a template sets for the integration. A list is one field, its items joined with `,`.
///
/// # Errors
/// [`Failure::api_configuration_error`] for a name that no mapping may set either.
pub(crate) fn request_headers(
    overrides: &Overrides,
    kind: IntegrationType,
) -> Result<Set, Failure> {
    let mut set = Set::default();
    let mut is_forbidden = false;
    overrides.request_headers(|name, value| {
        if !is_token(name) {
            return;
        }
        match request_header(kind, name.as_bytes()) {
            RequestHeader::Sent => {
                let joined = items(value).join(",");
                set.put(name, if joined.is_empty() { Vec::new() } else { vec![joined] });
            }
            RequestHeader::Dropped => {}
            RequestHeader::Forbidden => is_forbidden = true,
        }
    });
    if is_forbidden { Err(Failure::api_configuration_error()) } else { Ok(set) }
}

/// The query parameters that a template sets, each with all its values. Their names compare with their case.
pub(crate) fn queries(overrides: &Overrides) -> Vec<Override> {
    let mut set = Vec::new();
    overrides.query(|name, value| set.push(Override { name: name.into(), values: items(value) }));
    set
}

/// The value that a template sets for a placeholder of the URI.
pub(crate) fn path(overrides: &Overrides, wanted: &[u8]) -> Option<String> {
    let mut found = None;
    overrides.path(|name, value| {
        if name.as_bytes() == wanted {
            found = items(value).into_iter().next_back();
        }
    });
    found
}

/// The fields that a template sets for the client, under the names that they are sent with. A list is a field for
/// each item.
pub(crate) fn response_headers(overrides: &Overrides, origin: ResponseOrigin) -> Set {
    let mut set = Set::default();
    overrides.response_headers(|name, value| {
        if !is_token(name) {
            return;
        }
        let name = match response_header(origin, name.as_bytes()) {
            ResponseHeader::Sent => name,
            ResponseHeader::Remapped(remapped) => remapped,
            ResponseHeader::Removed => return,
        };
        set.put(name, items(value));
    });
    set
}

/// The client's status: the one that a template sets, else the integration response's.
///
/// # Errors
/// [`Failure::api_configuration_error`] for one that cannot end a response.
pub(crate) fn status(overrides: &Overrides, selected: Selected<'_>) -> Result<u16, Failure> {
    match overrides.status() {
        None => Ok(selected.status),
        Some(100..=199) => Err(Failure::api_configuration_error()),
        Some(status) => Ok(status),
    }
}

/// The texts of a value: those of its items, where it is a list, without the empty ones.
fn items(value: &Value) -> Vec<String> {
    let texts = match value {
        Value::Null => Vec::new(),
        Value::List(list) => list.items.borrow().iter().map(text).collect(),
        value => vec![text(value)],
    };
    texts.into_iter().filter(|text| !text.is_empty()).collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        value => value.to_string(),
    }
}

/// RFC 9110 section 5.6.2.
fn is_token(name: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_tchar)
}
