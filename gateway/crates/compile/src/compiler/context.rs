//! What the compilation of one stage carries around, and what stages share.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use gateway_cache::Budget;
use gateway_model::{
    AuthorizerId, Definitions, DeploymentId, Diagnostic, IntegrationResponse, Method, Place,
    RestApi, RestApiId, Spanned, Stage,
};
use gateway_vtl::SyntaxError;

use super::functions::{Asked, Found, FunctionTable};
use super::{CompileOptions, VpcLinkTarget};
use crate::arn::FunctionName;
use crate::changes::Change;
use crate::functions::{AuthorizerIndex, AuthorizerPlan, FunctionIndex, FunctionTarget};
use crate::gateway_responses::GatewayResponses;
use crate::limits::{ENDPOINTS_MAX, FUNCTIONS_MAX, TEMPLATE_BYTES_MAX};
use crate::models::ApiModels;
use crate::pattern::Pattern;
use crate::plan::{Endpoint, EndpointIndex, Snapshot};
use crate::responses::Selection;
use crate::templates::{ByMediaType, Template, is_vtl};

/// What all stages share: options, and what many methods have alike.
pub(super) struct Shared<'d> {
    pub(super) options: &'d CompileOptions,
    pub(super) built_in: Arc<GatewayResponses>,
    pub(super) functions: FunctionTable<'d>,
    pub(super) cache_budget: Arc<Budget>,
    /// Whether the budget is the one of the snapshot before, so that its caches may stay.
    pub(super) is_cache_budget_kept: bool,
    /// What the snapshot will change of what is in use.
    pub(super) changes: Vec<Change>,
    /// The models of each entry of an API that has been asked for its.
    pub(super) models: HashMap<(RestApiId, Option<DeploymentId>), Arc<ApiModels>>,
    vpc_link_names: BTreeMap<&'d str, &'d str>,
    patterns: HashMap<String, Result<Pattern, String>>,
    selections: HashMap<Vec<Option<String>>, Arc<Selection>>,
}

impl<'d> Shared<'d> {
    pub(super) fn new(
        definitions: &'d Definitions,
        options: &'d CompileOptions,
        previous: Option<&Snapshot>,
    ) -> Self {
        let budget = previous.map(|snapshot| &snapshot.cache_budget);
        let budget = budget.filter(|budget| budget.bytes_max() == options.cache_bytes_max);
        let links = definitions.vpc_links.iter();
        Self {
            options,
            built_in: Arc::new(GatewayResponses::built_in()),
            functions: FunctionTable::new(definitions, options, previous),
            is_cache_budget_kept: budget.is_some(),
            cache_budget: match budget {
                Some(budget) => Arc::clone(budget),
                None => Arc::new(Budget::new(options.cache_bytes_max)),
            },
            changes: Vec::new(),
            models: HashMap::new(),
            vpc_link_names: links.map(|link| (link.id.as_str(), link.name.as_str())).collect(),
            patterns: HashMap::new(),
            selections: HashMap::new(),
        }
    }

    /// Where a VPC link leads, by its id or else by its name.
    pub(super) fn vpc_link(&self, id: &str) -> Option<&'d VpcLinkTarget> {
        let targets = &self.options.vpc_links;
        targets.get(id).or_else(|| targets.get(*self.vpc_link_names.get(id)?))
    }

    /// The selection of these responses; equal pattern lists share one.
    fn selection(&mut self, keys: Vec<Option<String>>) -> Arc<Selection> {
        if let Some(known) = self.selections.get(&keys) {
            return Arc::clone(known);
        }
        let patterns = keys
            .iter()
            .map(|key| key.as_deref().map(|key| self.pattern(key).unwrap_or(Pattern::Unserved)));
        let patterns = patterns.collect();
        let selection = Arc::new(Selection::new(patterns));
        self.selections.insert(keys, Arc::clone(&selection));
        selection
    }

    fn pattern(&mut self, text: &str) -> Result<Pattern, String> {
        if let Some(known) = self.patterns.get(text) {
            return known.clone();
        }
        let parsed = Pattern::parse(text);
        self.patterns.insert(text.to_owned(), parsed.clone());
        parsed
    }
}

/// The compilation of one stage.
pub(super) struct StageContext<'a, 'd> {
    pub(super) api: &'a RestApi,
    pub(super) stage: &'a Stage,
    pub(super) shared: &'a mut Shared<'d>,
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
    pub(super) functions: Vec<FunctionTarget>,
    pub(super) authorizers: Vec<AuthorizerPlan>,
    pub(super) authorizer_index: HashMap<AuthorizerId, AuthorizerIndex>,
    /// What was asked of the functions of all definitions, for the next compilation.
    pub(super) asked: Vec<Asked>,
    asked_functions: HashSet<FunctionName>,
    endpoints: Vec<Endpoint>,
    endpoint_index: HashMap<Endpoint, EndpointIndex>,
}

/// The method that a mapping stands in.
#[derive(Clone, Copy)]
pub(super) struct MethodContext<'a> {
    pub(super) method: &'a Method,
    pub(super) path_params: &'a [Box<str>],
    pub(super) resource_path: &'a str,
}

impl<'a, 'd> StageContext<'a, 'd> {
    pub(super) fn new(
        api: &'a RestApi,
        stage: &'a Stage,
        shared: &'a mut Shared<'d>,
        diagnostics: &'a mut Vec<Diagnostic>,
    ) -> Self {
        Self {
            api,
            stage,
            shared,
            diagnostics,
            functions: Vec::new(),
            authorizers: Vec::new(),
            authorizer_index: HashMap::new(),
            asked: Vec::new(),
            asked_functions: HashSet::new(),
            endpoints: Vec::new(),
            endpoint_index: HashMap::new(),
        }
    }

    pub(super) fn error(&mut self, place: &Place, text: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(place, text));
    }

    pub(super) fn warn(&mut self, place: &Place, text: impl Into<String>) {
        self.diagnostics.push(Diagnostic::warning(place, text));
    }

    pub(super) fn stage_variable(&self, name: &str) -> Option<&'a str> {
        self.stage.variables.get(name).map(|value| value.value.as_str())
    }

    pub(super) fn resolve_stage_variables(&self, text: &str) -> String {
        crate::uri::resolve_stage_variables(text, |name| self.stage_variable(name))
    }

    /// The index of a backend; equal backends share one. `None` when there are too many.
    pub(super) fn endpoint(&mut self, endpoint: Endpoint) -> Option<EndpointIndex> {
        if let Some(index) = self.endpoint_index.get(&endpoint) {
            return Some(*index);
        }
        if self.endpoints.len() == ENDPOINTS_MAX {
            return None;
        }
        let index = EndpointIndex(self.endpoints.len() as u16);
        self.endpoints.push(endpoint.clone());
        self.endpoint_index.insert(endpoint, index);
        Some(index)
    }

    /// What a function's name stands for, with a note that it was asked.
    pub(super) fn find_function(&mut self, name: &FunctionName) -> Found {
        let found = self.shared.functions.find(name);
        if self.asked_functions.insert(name.clone()) {
            self.asked.push(Asked::Function(name.clone(), found.clone()));
        }
        found
    }

    /// The index of a function; equal ones share one. `None` when there are too many.
    pub(super) fn function_index(&mut self, target: FunctionTarget) -> Option<FunctionIndex> {
        let known = self.functions.iter().position(|known| *known == target);
        let at = known.unwrap_or(self.functions.len());
        if at == FUNCTIONS_MAX {
            return None;
        }
        if known.is_none() {
            self.functions.push(target);
        }
        Some(FunctionIndex(at as u16))
    }

    /// The backends of the stage, when all of them are known.
    pub(super) fn take_endpoints(&mut self) -> Vec<Endpoint> {
        std::mem::take(&mut self.endpoints)
    }

    /// The selection of integration responses in stored order.
    pub(super) fn selection(&mut self, responses: &[IntegrationResponse]) -> Arc<Selection> {
        let pattern = |response: &IntegrationResponse| -> Option<Spanned<String>> {
            response.selection_pattern.clone().filter(|pattern| !pattern.value.is_empty())
        };
        for pattern in responses.iter().filter_map(pattern) {
            if let Err(why) = self.shared.pattern(&pattern.value) {
                let text = format!(
                    "selectionPattern \"{}\" is not served: {why}; a status that gets to it answers 500",
                    pattern.value
                );
                self.warn(&pattern.place, text);
            }
        }
        let keys = responses.iter().map(|response| pattern(response).map(|pattern| pattern.value));
        let keys = keys.collect();
        self.shared.selection(keys)
    }

    /// Templates by media type; what does not parse is said, with its place.
    pub(super) fn templates(
        &mut self,
        templates: &[gateway_model::Template],
    ) -> ByMediaType<Template> {
        let parsed: Vec<_> = templates.iter().map(|template| self.template(template)).collect();
        ByMediaType::new(parsed)
    }

    fn template(&mut self, template: &gateway_model::Template) -> (Box<str>, Template) {
        let text = template.body.value.as_str();
        if text.len() > TEMPLATE_BYTES_MAX {
            let said = format!(
                "mapping template has {} bytes, at most {TEMPLATE_BYTES_MAX} are allowed",
                text.len()
            );
            self.error(&template.body.place, said);
        }
        let parsed = if is_vtl(text) {
            match gateway_vtl::Template::parse(text) {
                Ok(parsed) => Template::Vtl(Box::new(parsed)),
                Err(error) => {
                    self.malformed(template, &error);
                    Template::Malformed
                }
            }
        } else {
            Template::Literal(text.as_bytes().into())
        };
        (template.content_type.as_str().into(), parsed)
    }

    /// API Gateway takes a template that does not parse, and fails where it is chosen.
    fn malformed(&mut self, template: &gateway_model::Template, error: &SyntaxError) {
        let Spanned { value, place } = &template.body;
        let text = format!(
            "the mapping template for {} does not parse at its line {}, column {}: {}; requests that need it \
             answer 500",
            template.content_type, error.line, error.column, error.message
        );
        self.warn(&place_within(place, value, error), text);
    }
}

/// Where in the file a place inside a template is, as far as it can be told from the template's own place: it
/// cannot where lines of the template are escapes within one line of the file.
fn place_within(place: &Place, text: &str, error: &SyntaxError) -> Place {
    let is_known = place.line > 0 && !text.contains('\n');
    match is_known {
        true => Place { col: place.col + error.column - 1, ..place.clone() },
        false => place.clone(),
    }
}
