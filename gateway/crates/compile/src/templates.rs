//! Mapping templates: which one applies, and what it is.
//!
//! Templates without references and directives are literals, which cost nothing to render. The others are
//! parsed when they are compiled. One that does not parse is kept as [`Template::Malformed`]: API Gateway deploys it
//! and answers 500 where it is chosen.

use gateway_model::{ContentHandling, PassthroughBehavior};

mod conversion;

pub use conversion::Conversion;

/// A mapping template.
#[derive(Debug, Clone)]
pub enum Template {
    /// Text without VTL, sent as it is.
    Literal(Box<[u8]>),
    /// VTL, rendered for each request.
    Vtl(Box<gateway_vtl::Template>),
    /// It does not follow the grammar. Choosing it is [`crate::Failure::api_configuration_error`].
    Malformed,
}

impl Template {
    /// Whether the template is the empty text, which stands for "no template" when it is chosen.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Literal(text) if text.is_empty())
    }
}

impl ByMediaType<Template> {
    fn has_vtl(&self) -> bool {
        self.iter().any(|(_, template)| matches!(template, Template::Vtl(_)))
    }
}

/// Templates by media type, in stored order. Names compare without case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByMediaType<T> {
    entries: Vec<(Box<str>, T)>,
    fallback: Option<T>,
}

impl<T> Default for ByMediaType<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), fallback: None }
    }
}

impl<T> ByMediaType<T> {
    /// Takes entries in stored order; the key `$default` is the fallback. The first of two equal keys
    /// stays.
    pub fn new(templates: impl IntoIterator<Item = (Box<str>, T)>) -> Self {
        let mut all = Self::default();
        for (key, template) in templates {
            if &*key == "$default" {
                all.fallback.get_or_insert(template);
            } else if all.exact(key.as_bytes()).is_none() {
                all.entries.push((key, template));
            }
        }
        all
    }

    /// Whether there is no template at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.fallback.is_none()
    }

    /// All templates with their media types, `$default` last.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        let entries = self.entries.iter().map(|(key, template)| (&**key, template));
        entries.chain(self.fallback.iter().map(|template| ("$default", template)))
    }

    /// The same with each template made into something else.
    pub fn map<U>(self, mut make: impl FnMut(T) -> U) -> ByMediaType<U> {
        let entries = self.entries.into_iter().map(|(key, template)| (key, make(template)));
        ByMediaType { entries: entries.collect(), fallback: self.fallback.map(make) }
    }

    fn exact(&self, media_type: &[u8]) -> Option<&T> {
        let found =
            self.entries.iter().find(|(key, _)| key.as_bytes().eq_ignore_ascii_case(media_type));
        found.map(|(_, template)| template)
    }

    /// The template of a request: the media type of `Content-Type` without its parameters, an absent
    /// header reading `application/json`; then `$default`.
    pub fn of_request(&self, content_type: Option<&[u8]>) -> Option<&T> {
        let media_type = media_type(content_type.unwrap_or(b"application/json"));
        self.exact(media_type).or(self.fallback.as_ref())
    }

    /// The template of a response: the one named by `Accept`, else `application/json`, else the first one
    /// stored.
    pub fn of_response(&self, accept: Option<&[u8]>) -> Option<&T> {
        accept
            .and_then(|accept| self.exact(accept))
            .or_else(|| self.exact(b"application/json"))
            .or_else(|| self.entries.first().map(|(_, template)| template))
            .or(self.fallback.as_ref())
    }
}

/// The media type of a `Content-Type`, without parameters and blanks.
pub fn media_type(content_type: &[u8]) -> &[u8] {
    let end = content_type.iter().position(|b| *b == b';').unwrap_or(content_type.len());
    content_type[..end].trim_ascii()
}

/// Request templates of one integration, with what happens when none fits, and how the body is converted first.
#[derive(Debug, Clone)]
pub struct RequestTemplates {
    templates: ByMediaType<Template>,
    passthrough: PassthroughBehavior,
    /// `contentHandling` of the integration.
    pub content_handling: Option<ContentHandling>,
}

/// What becomes of a request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestChoice<T> {
    /// This template makes the body.
    Template(T),
    /// The client's body goes on as it is.
    Passthrough,
    /// [`crate::Failure::unsupported_media_type`].
    UnsupportedMediaType,
}

impl RequestTemplates {
    /// Templates, the behaviour without a match, and `contentHandling`.
    pub fn new(
        templates: ByMediaType<Template>,
        passthrough: PassthroughBehavior,
        content_handling: Option<ContentHandling>,
    ) -> Self {
        Self { templates, passthrough, content_handling }
    }

    /// No templates; every body passes. What a proxy integration has.
    pub fn passthrough() -> Self {
        Self::new(ByMediaType::default(), PassthroughBehavior::WhenNoMatch, None)
    }

    /// Whether a template can override what the request's parameters are: one in VTL can.
    pub fn can_override(&self) -> bool {
        self.templates.has_vtl()
    }

    /// What becomes of a request body with this `Content-Type`.
    pub fn select(&self, content_type: Option<&[u8]>) -> RequestChoice<&Template> {
        choose(&self.templates, self.passthrough, content_type, Template::is_empty)
    }

    /// Whether a body can pass without a template.
    pub fn can_pass_through(&self) -> bool {
        self.passthrough == PassthroughBehavior::WhenNoMatch
            || (self.passthrough == PassthroughBehavior::WhenNoTemplates
                && self.templates.is_empty())
    }
}

/// The table of `passthroughBehavior`.
///
/// | templates defined | `WHEN_NO_MATCH` | `WHEN_NO_TEMPLATES` | `NEVER` |
/// | --- | --- | --- | --- |
/// | none | passes | passes | 415 |
/// | some, the media type matches | template | template | template |
/// | some, no match | passes | 415 | 415 |
///
/// A template that is the empty text counts as defined, and as no match.
pub(crate) fn choose<'t, T>(
    templates: &'t ByMediaType<T>,
    passthrough: PassthroughBehavior,
    content_type: Option<&[u8]>,
    is_empty: impl Fn(&T) -> bool,
) -> RequestChoice<&'t T> {
    match templates.of_request(content_type) {
        Some(template) if !is_empty(template) => RequestChoice::Template(template),
        _ => match passthrough {
            PassthroughBehavior::WhenNoMatch => RequestChoice::Passthrough,
            PassthroughBehavior::WhenNoTemplates if templates.is_empty() => {
                RequestChoice::Passthrough
            }
            PassthroughBehavior::WhenNoTemplates | PassthroughBehavior::Never => {
                RequestChoice::UnsupportedMediaType
            }
        },
    }
}

/// Response templates of one integration response.
#[derive(Debug, Clone, Default)]
pub struct ResponseTemplates {
    templates: ByMediaType<Template>,
}

impl ResponseTemplates {
    /// Templates in stored order.
    pub fn new(templates: ByMediaType<Template>) -> Self {
        Self { templates }
    }

    /// The template that makes the client's body, or `None` when the integration's body goes on as it is.
    pub fn select(&self, accept: Option<&[u8]>) -> Option<&Template> {
        self.templates.of_response(accept).filter(|template| !template.is_empty())
    }
}

/// Whether a text has references or directives of VTL, comments included.
///
/// Errs on the side of "yes": a `$` or `#` that VTL could read stands for VTL. What VTL prints as it is
/// (`$5.00`, `#1`, `#fff`, `$$`, `# `) is plain text; a final `$` or `#` is an error in VTL, so it is VTL
/// too.
pub fn is_vtl(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().any(|(at, byte)| {
        let rest = &bytes[at + 1..];
        match byte {
            b'$' => matches!(
                rest.first(),
                None | Some(b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'{' | b'!')
            ),
            b'#' => match rest.first() {
                None | Some(b'{' | b'#' | b'*' | b'@') => true,
                Some(b'[') => rest.starts_with(b"[["),
                Some(_) => is_directive(rest),
            },
            _ => false,
        }
    })
}

fn is_directive(rest: &[u8]) -> bool {
    const WORDS: [&[u8]; 13] = [
        b"set",
        b"if",
        b"elseif",
        b"else",
        b"end",
        b"foreach",
        b"define",
        b"stop",
        b"break",
        b"macro",
        b"include",
        b"parse",
        b"evaluate",
    ];
    WORDS.iter().any(|word| rest.starts_with(word))
}

#[cfg(test)]
mod tests;
