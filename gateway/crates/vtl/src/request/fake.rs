//! A request for tests.

use std::borrow::Cow;

use super::Request;

type Pairs = &'static [(&'static str, &'static str)];

/// A request made of what a test says.
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) body: &'static str,
    pub(crate) path: Pairs,
    pub(crate) query: Pairs,
    pub(crate) headers: Pairs,
    pub(crate) stage_variables: Pairs,
    pub(crate) context: Pairs,
    pub(crate) authorizer: Option<Pairs>,
}

fn each_of(pairs: Pairs, each: &mut dyn FnMut(&str, &str)) {
    pairs.iter().for_each(|(name, value)| each(name, value));
}

impl Request for Fake {
    fn body(&self) -> Cow<'_, str> {
        self.body.into()
    }

    fn path_parameters(&self, each: &mut dyn FnMut(&str, &str)) {
        each_of(self.path, each);
    }

    fn query_parameters(&self, each: &mut dyn FnMut(&str, &str)) {
        each_of(self.query, each);
    }

    fn headers(&self, each: &mut dyn FnMut(&str, &str)) {
        each_of(self.headers, each);
    }

    fn stage_variables(&self, each: &mut dyn FnMut(&str, &str)) {
        each_of(self.stage_variables, each);
    }

    fn context(&self, path: &str) -> Option<Cow<'_, str>> {
        self.context.iter().find(|(name, _)| *name == path).map(|(_, value)| (*value).into())
    }

    fn authorizer(&self, each: &mut dyn FnMut(&str, &str)) -> bool {
        each_of(self.authorizer.unwrap_or_default(), each);
        self.authorizer.is_some()
    }
}
