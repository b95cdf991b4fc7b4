//! What is around a template: the request, what it may override, and the objects `$input`, `$util`, `$context` and
//! `$stageVariables` that give access to them.

use std::borrow::Cow;

use crate::context::Place;
use crate::jsonpath::Path;
use crate::limits::BYTES_PER_STEP;
use crate::{Map, Overrides, RenderError, Request, Text, Value, context, input, json, util};

/// An object that every template has, or a part of one. It prints as nothing.
///
/// The renderer asks in this order: a property or an index with text is [`Root::get`]; a method is [`Root::call`], and where that
/// answers `None` and [`Root::map`] gives a map, the method of that map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// `$input`
    Input,
    /// `$util`
    Util,
    /// `$context`, or an object in it.
    Context(Place),
    /// `$stageVariables`
    StageVariables,
}

impl Root {
    /// The object that a template calls `$name`, where no variable is named so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "input" => Some(Self::Input),
            "util" => Some(Self::Util),
            "context" => Some(Self::Context(Place::Context)),
            "stageVariables" => Some(Self::StageVariables),
            _ => None,
        }
    }

    /// The property `name`, also for `$root["name"]` and `$root.get("name")`. `None` where there is none.
    ///
    /// # Errors
    ///
    /// None yet; a property may become one that has to be read.
    pub fn get(self, world: &mut World<'_>, name: &str) -> Result<Option<Value>, RenderError> {
        Ok(match self {
            Self::Input => (name == "body").then(|| Value::String(world.body())),
            Self::Util => None,
            Self::Context(place) => context::get(place, world, name),
            Self::StageVariables => world.stage_variables().get(name),
        })
    }

    /// What `$root.method(arguments)` gives. `None` where there is no such method, or not for such arguments, or where it gives
    /// nothing: all of these are the empty string to a template.
    ///
    /// # Errors
    ///
    /// Where the method throws: a body that is no JSON, a path that is none, a malformed `%` sequence.
    pub fn call(
        self,
        world: &mut World<'_>,
        method: &str,
        arguments: &[Value],
    ) -> Result<Option<Value>, RenderError> {
        match (self, method, arguments) {
            (Self::Input, ..) => input::call(world, method, arguments),
            (Self::Util, ..) => util::call(world, method, arguments),
            (_, "get", [name]) => self.get(world, &name.to_string()),
            (_, "toString", []) => Ok(Some(Value::from(""))),
            _ => Ok(None),
        }
    }

    /// Does `#set($root.name = value)`. What cannot be written is left as it is, silently.
    pub fn set(self, world: &mut World<'_>, name: &str, value: Value) {
        match self {
            Self::Context(place) => context::set(place, world, name, value),
            Self::StageVariables => drop(world.stage_variables().insert(name, value)),
            Self::Input | Self::Util => {}
        }
    }

    /// The map that this object is: its methods are that map's, and `#foreach` iterates over its values. For what may be
    /// overridden it is the map itself, so that `put` writes; for the rest a copy in the order that API Gateway has.
    #[must_use]
    pub fn map(self, world: &mut World<'_>) -> Option<Map> {
        match self {
            Self::Input | Self::Util => None,
            Self::Context(place) => context::map(place, world),
            Self::StageVariables => Some(world.stage_variables()),
        }
    }

    /// What it prints: nothing, whatever is in it.
    #[must_use]
    pub fn text(self) -> &'static str {
        ""
    }
}

/// What the roots know and share during one render.
pub struct World<'a> {
    /// The request that is rendered for.
    pub request: &'a dyn Request,
    /// What both templates of the request may write.
    pub overrides: &'a mut Overrides,
    /// What the roots have done so far, in steps of the renderer: one for each value looked at, and one for some bytes of
    /// text. The renderer adds it to its own.
    pub work: u64,
    body: Option<Text>,
    document: Option<Result<Value, RenderError>>,
    parameters: Option<Map>,
    stage_variables: Option<Map>,
}

impl<'a> World<'a> {
    /// The world of one render. Nothing is asked or parsed before a template names it.
    pub fn new(request: &'a dyn Request, overrides: &'a mut Overrides) -> Self {
        Self {
            request,
            overrides,
            work: 0,
            body: None,
            document: None,
            parameters: None,
            stage_variables: None,
        }
    }

    /// `$input.path(…)` for a path that was parsed with the template.
    ///
    /// # Errors
    ///
    /// Where the body is no JSON or the path looks at too much.
    pub fn input_path(&mut self, path: &Path) -> Result<Value, RenderError> {
        input::path(self, path)
    }

    /// `$input.json(…)` for a path that was parsed with the template.
    ///
    /// # Errors
    ///
    /// Where the body is no JSON or the path looks at too much.
    pub fn input_json(&mut self, path: &Path) -> Result<Value, RenderError> {
        input::json(self, path)
    }

    /// The body as `$input.body` has it: `{}` where it is empty.
    pub fn body(&mut self) -> Text {
        if let Some(body) = &self.body {
            return body.clone();
        }
        let body: Text = match self.request.body() {
            Cow::Borrowed("") => "{}".into(),
            body if body.is_empty() => "{}".into(),
            body => body.into_owned().into(),
        };
        self.body.insert(body).clone()
    }

    /// The document that the body is, parsed once: what a template changes in it, later paths see.
    ///
    /// # Errors
    ///
    /// Where it is no JSON.
    pub(crate) fn document(&mut self) -> Result<Value, RenderError> {
        if self.document.is_none() {
            let body = self.body();
            self.charge(body.len());
            let parsed = json::parse_pieces(&body);
            self.document = Some(parsed.map_err(|error| RenderError::thrown(error.to_string())));
        }
        self.document.clone().unwrap_or(Ok(Value::Null))
    }

    /// Counts `bytes` of text as work.
    pub(crate) fn charge(&mut self, bytes: usize) {
        self.work += (bytes / BYTES_PER_STEP) as u64 + 1;
    }

    /// `$input.params()`: maps by name, one for each place.
    pub(crate) fn parameters(&mut self) -> Map {
        if self.parameters.is_none() {
            self.parameters = Some(input::parameters(self.request));
        }
        self.parameters.clone().unwrap_or_default()
    }

    fn stage_variables(&mut self) -> Map {
        if self.stage_variables.is_none() {
            let map = Map::default();
            self.request.stage_variables(&mut |name, value| {
                map.insert(name, value.into());
            });
            self.stage_variables = Some(map);
        }
        self.stage_variables.clone().unwrap_or_default()
    }
}
