//! A request made of fields, and rendering in one call.
#![allow(dead_code, reason = "every test uses some of it")]

use std::borrow::Cow;

use gateway_vtl::{Limits, Overrides, Request, Template};

/// A request as a test describes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestRequest {
    pub(crate) body: String,
    pub(crate) path: Vec<(String, String)>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) stage_variables: Vec<(String, String)>,
    pub(crate) context: Vec<(String, String)>,
}

/// Pairs of names and values.
pub(crate) fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn each(pairs: &[(String, String)], each: &mut dyn FnMut(&str, &str)) {
    pairs.iter().for_each(|(name, value)| each(name, value));
}

impl Request for TestRequest {
    fn body(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.body)
    }

    fn path_parameters(&self, then: &mut dyn FnMut(&str, &str)) {
        each(&self.path, then);
    }

    fn query_parameters(&self, then: &mut dyn FnMut(&str, &str)) {
        each(&self.query, then);
    }

    fn headers(&self, then: &mut dyn FnMut(&str, &str)) {
        each(&self.headers, then);
    }

    fn stage_variables(&self, then: &mut dyn FnMut(&str, &str)) {
        each(&self.stage_variables, then);
    }

    fn context(&self, path: &str) -> Option<Cow<'_, str>> {
        self.context
            .iter()
            .find(|(name, _)| name == path)
            .map(|(_, value)| Cow::Borrowed(value.as_str()))
    }

    fn authorizer(&self, _: &mut dyn FnMut(&str, &str)) -> bool {
        false
    }
}

/// Renders `template` for a request with `body`; the error as text.
pub(crate) fn rendered(template: &str, body: &str) -> Result<String, String> {
    rendered_for(template, &TestRequest { body: body.to_owned(), ..TestRequest::default() }, |_| {})
}

/// Renders `template` for `request`, with overrides that `before` made.
pub(crate) fn rendered_for(
    template: &str,
    request: &TestRequest,
    before: impl FnOnce(&mut Overrides),
) -> Result<String, String> {
    let mut overrides = Overrides::default();
    before(&mut overrides);
    render_into(template, request, &mut overrides)
}

/// Renders `template` for `request` with `overrides`.
pub(crate) fn render_into(
    template: &str,
    request: &TestRequest,
    overrides: &mut Overrides,
) -> Result<String, String> {
    let template = Template::parse(template).map_err(|error| error.to_string())?;
    let mut out = String::new();
    template
        .render(request, overrides, &Limits::default(), &mut out)
        .map_err(|error| error.to_string())?;
    Ok(out)
}
