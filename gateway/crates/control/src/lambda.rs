//! AWS Lambda: functions that are made by hand, beside those of stacks and files.
//!
//! A function's code is a zip file in the state directory; what it is configured to be is a document. Both together are a
//! function of the published definitions, so that methods of APIs can call it as they call any other. A version is a function
//! of its own there, with the code and the configuration that it was published with.

use std::collections::{BTreeMap, BTreeSet};

use gateway_model::Definitions;

use crate::cloudformation::Stacks;
use crate::dispatch::operations::{Done, Effect};
use crate::dispatch::surroundings::Surroundings;
use crate::{Answer, ApiError, Call, Change};

mod code;
mod configure;
mod convert;
mod functions;
mod names;
mod package;
mod policies;
mod tags;
mod types;
mod urls;
mod versions;
mod view;

use types::Function;

/// Where documents of functions are.
const PREFIX: &str = "lambda/functions/";

/// All functions that were made by hand.
#[derive(Default)]
pub(crate) struct Lambda {
    functions: BTreeMap<String, Function>,
    definitions: BTreeMap<String, Definitions>,
}

type Result<T, E = ApiError> = std::result::Result<T, E>;

/// One call while it is carried out.
struct Cx<'c> {
    call: &'c Call,
    /// The body as JSON; null without one.
    input: serde_json::Value,
    stacks: &'c Stacks,
    surroundings: &'c Surroundings,
    changes: Vec<Change>,
    publishes: bool,
}

impl Lambda {
    /// The functions that documents hold.
    pub(crate) fn load(documents: &[(String, Vec<u8>)]) -> Result<Self, String> {
        let mut functions = BTreeMap::new();
        for (key, bytes) in documents.iter().filter(|(key, _)| key.starts_with(PREFIX)) {
            let function: Function = serde_json::from_slice(bytes).map_err(|error| {
                format!("the stored document \"{key}\" cannot be read: {error}")
            })?;
            functions.insert(function.name.clone(), function);
        }
        Ok(Self { functions, definitions: BTreeMap::new() })
    }

    /// Works out what the functions are to whom calls them.
    pub(crate) fn settle(&mut self, surroundings: &Surroundings) {
        let defined = self
            .functions
            .values()
            .map(|function| (function.name.clone(), convert::definitions(function, surroundings)));
        self.definitions = defined.collect();
    }

    /// What all functions define.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = &Definitions> {
        self.definitions.values()
    }

    /// The names that are taken.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.functions.keys().cloned().collect()
    }

    /// Files of code that functions use or have published.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        let all = self.functions.values().flat_map(|function| {
            let versions = function.versions.iter().map(|version| &version.code);
            versions.chain(std::iter::once(&function.code))
        });
        all.map(|code| code.file.as_str())
    }

    /// Carries out one operation.
    pub(crate) fn answer(
        &mut self,
        stacks: &Stacks,
        surroundings: &Surroundings,
        call: &Call,
    ) -> Result<Done> {
        let input = match call.body.is_empty() {
            true => serde_json::Value::Null,
            false => serde_json::from_slice(&call.body).map_err(|error| {
                let text = format!("Could not parse request body into json: {error}");
                ApiError::new(400, "InvalidRequestContentException", text)
            })?,
        };
        let mut cx =
            Cx { call, input, stacks, surroundings, changes: Vec::new(), publishes: false };
        let answer = self.route(&mut cx)?;
        let effect = cx.publishes.then_some(Effect::Publish);
        Ok(Done { answer, changes: cx.changes, effect })
    }

    fn route(&mut self, cx: &mut Cx<'_>) -> Result<Answer> {
        let segments = cx.call.segments();
        let method = cx.call.method.as_str();
        let [_, collection, rest @ ..] = &segments[..] else { return Err(unknown(cx.call)) };
        if let Some(named) = rest.first() {
            check_arn(cx.call, named)?;
        }
        match (*collection, method, rest) {
            ("functions", "POST", []) => functions::create(self, cx),
            ("functions", "GET", []) => functions::list(self, cx),
            ("functions", "GET", [name]) => functions::get(self, cx, name),
            ("functions", "DELETE", [name]) => functions::delete(self, cx, name),
            ("functions", "GET", [name, "configuration"]) => {
                functions::configuration(self, cx, name)
            }
            ("functions", "PUT", [name, "configuration"]) => configure::update(self, cx, name),
            ("functions", "PUT", [name, "code"]) => functions::update_code(self, cx, name),
            ("functions", "PUT", [name, "concurrency"]) => {
                configure::put_concurrency(self, cx, name)
            }
            ("functions", "GET", [name, "concurrency"]) => configure::concurrency(self, cx, name),
            ("functions", "DELETE", [name, "concurrency"]) => {
                configure::delete_concurrency(self, cx, name)
            }
            ("functions", "POST", [name, "policy"]) => policies::add(self, cx, name),
            ("functions", "GET", [name, "policy"]) => policies::get(self, cx, name),
            ("functions", "DELETE", [name, "policy", sid]) => policies::remove(self, cx, name, sid),
            ("functions", "POST", [name, "versions"]) => versions::publish(self, cx, name),
            ("functions", "GET", [name, "versions"]) => versions::list(self, cx, name),
            ("functions", "POST", [name, "aliases"]) => versions::create_alias(self, cx, name),
            ("functions", "GET", [name, "aliases"]) => versions::list_aliases(self, cx, name),
            ("functions", "GET", [name, "aliases", alias]) => {
                versions::alias(self, cx, name, alias)
            }
            ("functions", "PUT", [name, "aliases", alias]) => {
                versions::update_alias(self, cx, name, alias)
            }
            ("functions", "DELETE", [name, "aliases", alias]) => {
                versions::delete_alias(self, cx, name, alias)
            }
            ("functions", "POST", [name, "url"]) => urls::create(self, cx, name),
            ("functions", "GET", [name, "url"]) => urls::get(self, cx, name),
            ("functions", "PUT", [name, "url"]) => urls::update(self, cx, name),
            ("functions", "DELETE", [name, "url"]) => urls::delete(self, cx, name),
            ("functions", "GET", [name, "urls"]) => urls::list(self, cx, name),
            ("tags", "GET", [arn]) => tags::list(self, cx, arn),
            ("tags", "POST", [arn]) => tags::add(self, cx, arn),
            ("tags", "DELETE", [arn]) => tags::remove(self, cx, arn),
            _ => Err(unknown(cx.call)),
        }
    }

    /// A function by hand, by its name or ARN.
    fn own(&self, cx: &Cx<'_>, name: &str) -> Result<&Function> {
        let (name, _) = name_of(cx.call, name);
        if let Some(function) = self.functions.get(&name) {
            return Ok(function);
        }
        match cx.stacks.function(&name) {
            Some((stack, _)) => {
                let text = format!(
                    "The function {name} is the stack {stack}'s: change its template, as CloudFormation would overwrite what \
                     is changed beside it"
                );
                Err(ApiError::new(409, "ResourceConflictException", text))
            }
            None => Err(not_found(cx.call, &name)),
        }
    }

    /// Stores a function that was changed, and says so to who calls it.
    fn put(&mut self, cx: &mut Cx<'_>, function: Function) {
        let document = serde_json::to_vec(&function).expect("documents have string keys only");
        cx.changes.push(Change::Put { key: format!("{PREFIX}{}", function.name), document });
        let definitions = convert::definitions(&function, cx.surroundings);
        cx.publishes |= self.definitions.get(&function.name) != Some(&definitions);
        self.definitions.insert(function.name.clone(), definitions);
        self.functions.insert(function.name.clone(), function);
    }
}

/// Name and qualifier of `name`, `name:qualifier`, `account:function:name` or an ARN; and of the query.
pub(crate) fn name_of(call: &Call, text: &str) -> (String, Option<String>) {
    let parts: Vec<&str> = text.split(':').collect();
    let (name, qualifier) = match parts.iter().rposition(|part| *part == "function") {
        Some(at) => (parts.get(at + 1), parts.get(at + 2)),
        None => (parts.first(), parts.get(1)),
    };
    let qualifier = qualifier.copied().or_else(|| call.query("Qualifier"));
    let qualifier = qualifier.filter(|of| !of.is_empty() && *of != "$LATEST");
    (name.copied().unwrap_or_default().to_owned(), qualifier.map(str::to_owned))
}

/// Refuses what another account's or region's function is called.
pub(crate) fn check_arn(call: &Call, text: &str) -> Result<()> {
    let parts: Vec<&str> = text.split(':').collect();
    let (region, account) = match &parts[..] {
        ["arn", _, "lambda", region, account, "function", ..] => (Some(*region), *account),
        [account, "function", ..] => (None, *account),
        _ => return Ok(()),
    };
    if let Some(region) = region.filter(|region| *region != call.region) {
        let text = format!(
            "Functions from '{region}' are not reachable in this region ('{}')",
            call.region
        );
        return Err(ApiError::new(404, "ResourceNotFoundException", text));
    }
    if account != call.account_id {
        let text = format!(
            "User: arn:aws:iam::{}:root is not authorized to perform this operation on resource: {text} because no \
             resource-based policy allows it",
            call.account_id
        );
        return Err(ApiError::new(403, "AccessDeniedException", text));
    }
    Ok(())
}

fn arn_of(call: &Call, name: &str) -> String {
    format!("arn:aws:lambda:{}:{}:function:{name}", call.region, call.account_id)
}

fn not_found(call: &Call, name: &str) -> ApiError {
    let text = format!("Function not found: {}", arn_of(call, name));
    ApiError::new(404, "ResourceNotFoundException", text)
}

fn invalid(text: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterValueException", text)
}

fn unknown(call: &Call) -> ApiError {
    ApiError::not_implemented(&format!("{} /{} of lambda", call.method, call.path.join("/")))
}
