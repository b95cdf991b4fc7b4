//! What a template may ask.

#[cfg(test)]
pub(crate) mod fake;

use std::borrow::Cow;

/// A request, or the response to it, as a template sees it.
///
/// Only what a template names is asked for, so a template that looks at one header costs one look-up.
pub trait Request {
    /// The body as text, after `contentHandling`: the client's in a request template, the integration's in a response
    /// template. Empty where there is none; `$input` makes `{}` of that.
    fn body(&self) -> Cow<'_, str>;

    /// The path parameters by name, in the order of the path.
    fn path_parameters(&self, each: &mut dyn FnMut(&str, &str));

    /// The query parameters, decoded, in the order of the wire; a name may come several times, and the last value counts.
    fn query_parameters(&self, each: &mut dyn FnMut(&str, &str));

    /// The client's header fields in the order of the wire; a name may come several times, and the last value counts.
    fn headers(&self, each: &mut dyn FnMut(&str, &str));

    /// The stage's variables.
    fn stage_variables(&self, each: &mut dyn FnMut(&str, &str));

    /// A variable of `$context` by its path without the root, as `identity.sourceIp` or `requestId`. `None` for one that is not
    /// set, for those of `authorizer` and for overrides.
    fn context(&self, path: &str) -> Option<Cow<'_, str>>;

    /// What the authorizer said, by name; a claim is named `claims.NAME`. `false` where there was no authorizer.
    fn authorizer(&self, each: &mut dyn FnMut(&str, &str)) -> bool;
}
