//! A method's request validator: what it asks for, with every problem at its place.

use std::collections::HashSet;
use std::sync::Arc;

use gateway_model::{Diagnostic, Method};
use gateway_telemetry::Variable;

use super::context::{MethodContext, StageContext};
use crate::limits::REQUIRED_PARAMETERS_MAX;
use crate::models::{ApiModels, ModelSchema};
use crate::source::Source;
use crate::templates::ByMediaType;
use crate::validators::{RequiredParameter, Validation};

impl StageContext<'_, '_> {
    /// What a method's validator asks for; `None` where it has none, or one that checks nothing.
    pub(super) fn validation(&mut self, context: MethodContext<'_>) -> Option<Box<Validation>> {
        let method = context.method;
        let id = method.request_validator_id.as_ref()?;
        let Some(validator) = self.api.request_validators.get(id) else {
            let text = format!("Invalid Request Validator identifier specified: {id}");
            self.error(&method.place, text);
            return None;
        };
        let parameters = match validator.validate_request_parameters {
            true => self.required_parameters(context),
            false => Vec::new(),
        };
        let models = match validator.validate_request_body {
            true => self.request_models(method),
            false => ByMediaType::default(),
        };
        let is_void = parameters.is_empty() && models.is_empty();
        let is_described = self.reads_validation_errors();
        (!is_void).then(|| Box::new(Validation { parameters, models, is_described }))
    }

    /// Whether a gateway response or the access log may have `$context.error.validationErrorString`.
    fn reads_validation_errors(&self) -> bool {
        const NAME: &str = "validationErrorString";
        let responses = self.api.gateway_responses.values();
        let is_answered = responses.into_iter().any(|response| {
            let mut templates = response.response_templates.iter();
            let mut parameters = response.response_parameters.iter();
            templates.any(|template| template.body.value.contains(NAME))
                || parameters.any(|mapping| mapping.source.value.contains(NAME))
        });
        let setting = self.stage.access_log.as_ref();
        let format = setting.and_then(|setting| setting.format.as_ref());
        let default = self.shared.options.default_access_log.as_ref();
        let is_logged = match format {
            Some(format) => format.value.contains(NAME),
            None => default.is_some_and(|format| {
                format.variables().any(|known| *known == Variable::ErrorValidationErrorString)
            }),
        };
        is_answered || is_logged
    }

    fn required_parameters(&mut self, context: MethodContext<'_>) -> Vec<RequiredParameter> {
        let method = context.method;
        let mut required = Vec::new();
        for key in method.request_parameters.iter().filter(|(_, is)| **is).map(|(key, _)| key) {
            let parsed = key.strip_prefix("method.request.").and_then(|rest| rest.split_once('.'));
            let is_quotable = !key.contains(|c: char| c.is_control() || c == '"' || c == '\\');
            let Some((part, name)) = parsed.filter(|(_, name)| is_quotable && !name.is_empty())
            else {
                self.invalid_parameter(method, key);
                continue;
            };
            let bytes = || Box::from(name.as_bytes());
            let source = match part {
                "path" => match context.path_params.iter().position(|known| **known == *name) {
                    Some(index) => Source::Path(index as u8),
                    None => {
                        let text = format!(
                            "{key} is required, and {} has no {{{name}}}: every request answers 400",
                            context.resource_path
                        );
                        self.warn(&method.place, text);
                        Source::Missing
                    }
                },
                "querystring" | "multivaluequerystring" => Source::Query(bytes()),
                "header" | "multivalueheader" => Source::Header(bytes()),
                _ => {
                    self.invalid_parameter(method, key);
                    continue;
                }
            };
            required.push(RequiredParameter::new(name, source));
        }
        if required.len() > REQUIRED_PARAMETERS_MAX {
            let text = format!(
                "method requires {} parameters, at most {REQUIRED_PARAMETERS_MAX} are allowed",
                required.len()
            );
            self.error(&method.place, text);
            required.clear();
        }
        required
    }

    fn invalid_parameter(&mut self, method: &Method, key: &str) {
        let text = format!("Invalid mapping expression specified: {key}");
        let help = "write method.request.{path|querystring|header}.NAME";
        self.diagnostics.push(Diagnostic::error(&method.place, text).with_help(help));
    }

    fn request_models(&mut self, method: &Method) -> ByMediaType<Option<Arc<ModelSchema>>> {
        let models = self.models();
        let mut found = Vec::new();
        for (media_type, name) in &method.request_models {
            match models.get(name) {
                Some(schema) => {
                    self.diagnostics.extend_from_slice(models.problems_of(name));
                    found.push((Box::from(media_type.as_str()), schema.cloned()));
                }
                None => {
                    let text = format!("Invalid model identifier specified: {name}");
                    self.error(&method.place, text);
                }
            }
        }
        ByMediaType::new(found)
    }

    /// The API's models, compiled when they are first asked for. Entries of one API have no deployment in common.
    fn models(&mut self) -> Arc<ApiModels> {
        let api = self.api;
        let entry = (api.id.clone(), api.deployments.keys().next().cloned());
        let made = self.shared.models.entry(entry);
        Arc::clone(made.or_insert_with(|| Arc::new(ApiModels::compile(api))))
    }

    /// Warns of models that are wrong and that nothing validates with.
    pub(super) fn warn_of_unused_models(&mut self) {
        if self.api.models.is_empty() {
            return;
        }
        let api = self.api;
        let validates = |method: &&Method| {
            let id = method.request_validator_id.as_ref();
            id.and_then(|id| api.request_validators.get(id))
                .is_some_and(|v| v.validate_request_body)
        };
        let methods = api.resources.values().flat_map(|resource| resource.methods.values());
        let used: HashSet<&str> = methods
            .filter(validates)
            .flat_map(|method| method.request_models.values())
            .map(|name| &**name)
            .collect();
        let problems = self.models().unused_problems(|name| used.contains(name));
        self.diagnostics.extend(problems);
    }
}
