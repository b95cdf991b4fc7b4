//! One stack through all steps, and all stacks of a run.

use crate::assemble::assemble;
use crate::decode::{Context, Piece, SERVERLESS_FUNCTION, TYPES, decode};
use crate::eval::{Block, Evaluator};
use crate::graph;
use crate::identity::{Attribute, Standing, check_custom_id, identify, standing};
use crate::ids::{derived_uuid, stack_name};
use crate::node::{Key, Kind, Node};
use crate::report::Report;
use crate::template::{Resource, Template};
use crate::{Loaded, Options, Source, StackFacts, include, openapi, reader, sam, unserved};
use gateway_model::{Diagnostic, Json, Output, Place};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

/// One stack of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadedStack {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub id: String,
    /// The name of its file.
    pub file: String,
    /// What the template says of itself.
    pub description: Option<String>,
    /// The values of its parameters, lists with commas; none for those that are not to be echoed.
    pub parameters: Vec<(String, Option<String>)>,
    /// The resources that its conditions leave, each after what it refers to.
    pub resources: Vec<LoadedResource>,
    /// What it puts out.
    pub outputs: Vec<Output>,
    /// The exports of other stacks that it uses.
    pub imports: BTreeSet<String>,
}

/// A resource of a stack.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedResource {
    /// Its name in the template.
    pub logical_id: String,
    /// What `Ref` says of it.
    pub physical_id: String,
    /// `AWS::ApiGateway::RestApi`, …
    pub type_name: String,
    /// Evaluated, where [`Options::objects`] are given; else null.
    pub properties: Json,
    /// Whether it stays when the stack lets go of it.
    pub is_retained: bool,
    /// Where it was written.
    pub place: Place,
}

/// What one stack gives.
#[derive(Default)]
pub(crate) struct StackResult {
    pub(crate) pieces: Vec<Piece>,
    /// The ids of all REST APIs, resources, deployments, API keys and usage plans, decoded or not.
    pub(crate) ids: HashSet<String>,
    outputs: Vec<Output>,
    exports: Vec<(String, String, Place)>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Files that were read besides the definitions.
    documents: Vec<PathBuf>,
    stack: LoadedStack,
    is_waiting: bool,
}

pub(crate) fn load(files: &[Source], options: &Options) -> Loaded {
    let mut diagnostics: Vec<Vec<Diagnostic>> = Vec::new();
    let mut templates: Vec<(usize, Node, StackFacts)> = Vec::new();
    let mut documents: Vec<(usize, StackResult)> = Vec::new();
    let mut names = BTreeSet::new();
    let mut declared = HashSet::new();
    let mut unread = 0;
    let mut included: Vec<PathBuf> = Vec::new();
    for (index, source) in files.iter().enumerate() {
        let file: Arc<str> = Arc::from(source.name.as_str());
        let report = Report::default();
        let root = reader::read(&file, &source.text, &report);
        let mut found = Vec::new();
        match root.filter(|root| is_object(root, &report)) {
            Some(root) if openapi::is_document(&root) => {
                let stack = stack_facts(source, options, &mut names);
                let mut result = openapi::load_document(&root, &stack, options);
                result.stack = LoadedStack {
                    name: stack.name.clone(),
                    id: stack.id.clone(),
                    file: source.name.clone(),
                    ..LoadedStack::default()
                };
                found.append(&mut result.diagnostics);
                documents.push((index, result));
            }
            Some(root) => {
                let stack = stack_facts(source, options, &mut names);
                let root = include::expand(root, &stack, options, &mut included, &report);
                let root = sam::transform(root, &report);
                let parameters = root.member("Parameters").map_or(&[][..], Node::members);
                declared.extend(parameters.iter().map(|(key, _)| key.text.clone()));
                templates.push((index, root, stack));
            }
            None => unread += 1,
        }
        found.splice(0..0, report.into_sorted());
        diagnostics.push(found);
    }
    let mut results = run_all(&templates, options);
    let mut told: Vec<(usize, LoadedStack)> = Vec::new();
    let mut stacks = Vec::new();
    for (index, mut result) in documents {
        told.push((index, std::mem::take(&mut result.stack)));
        stacks.push(result);
    }
    for ((index, _, _), result) in templates.iter().zip(&mut results) {
        diagnostics[*index].append(&mut result.diagnostics);
        let mut stack = std::mem::take(&mut result.stack);
        stack.file.clone_from(&files[*index].name);
        told.push((*index, stack));
        stacks.push(std::mem::take(result));
    }
    told.sort_by_key(|(index, _)| *index);
    let whole = Report::default();
    let is_whole = unread == 0;
    for name in options.parameters.keys().filter(|name| is_whole && !declared.contains(*name)) {
        let place = Place::new(&Arc::from("--param"), 0, 0);
        let text = format!("Parameters: [{name}] do not exist in the template");
        whole.error_near(&place, text, name, declared.iter().map(String::as_str));
    }
    let outputs = stacks.iter_mut().flat_map(|stack| std::mem::take(&mut stack.outputs)).collect();
    let documents = stacks.iter_mut().flat_map(|stack| std::mem::take(&mut stack.documents));
    let documents = included.into_iter().chain(documents).collect();
    let mut definitions = assemble(stacks, options, &whole);
    definitions.outputs = outputs;
    unserved::report(&definitions, &whole);
    let stacks = told.into_iter().map(|(_, stack)| stack).collect();
    Loaded { definitions, diagnostics: merge(files, diagnostics, whole), documents, stacks }
}

/// All diagnostics: by file, then by place.
fn merge(files: &[Source], by_file: Vec<Vec<Diagnostic>>, whole: Report) -> Vec<Diagnostic> {
    let mut all: Vec<(usize, Diagnostic)> = Vec::new();
    for (index, diagnostics) in by_file.into_iter().enumerate() {
        all.extend(diagnostics.into_iter().map(|diagnostic| (index, diagnostic)));
    }
    let positions: BTreeMap<&str, usize> =
        files.iter().enumerate().map(|(index, source)| (source.name.as_str(), index)).collect();
    for diagnostic in whole.into_sorted() {
        let index = positions.get(&*diagnostic.place.file).copied();
        all.push((index.unwrap_or(files.len()), diagnostic));
    }
    all.sort_by(|(a, left), (b, right)| {
        let key = |d: &Diagnostic| (d.place.line, d.place.col, d.severity);
        (a, key(left)).cmp(&(b, key(right)))
    });
    all.dedup();
    all.into_iter().map(|(_, diagnostic)| diagnostic).collect()
}

/// Whether a tree can be a definition at all.
fn is_object(root: &Node, report: &Report) -> bool {
    let is_object = root.as_map().is_some();
    if !is_object {
        report.error(&root.place, "Template format error: unsupported structure.");
    }
    is_object
}

/// Names the stack after its file; a name that is taken gets a number.
fn stack_facts(source: &Source, options: &Options, names: &mut BTreeSet<String>) -> StackFacts {
    let base = options.stack_name.clone().unwrap_or_else(|| stack_name(&source.name));
    let mut name = base.clone();
    let mut number = 1;
    while !names.insert(name.clone()) {
        number += 1;
        name = format!("{base}-{number}");
    }
    let (partition, region, account) = (&options.partition, &options.region, &options.account_id);
    let uuid = derived_uuid(&name, "", "stack");
    let id = options.stack_id.clone().unwrap_or_else(|| {
        format!("arn:{partition}:cloudformation:{region}:{account}:stack/{name}/{uuid}")
    });
    StackFacts { name, id }
}

/// Runs stacks until none waits for an export of another.
fn run_all(templates: &[(usize, Node, StackFacts)], options: &Options) -> Vec<StackResult> {
    let mut exports = options.exports.clone();
    let mut results: Vec<Option<StackResult>> = templates.iter().map(|_| None).collect();
    loop {
        let mut progress = false;
        for (slot, (_, root, stack)) in results.iter_mut().zip(templates) {
            if slot.as_ref().is_some_and(|result| !result.is_waiting) {
                continue;
            }
            let mut result = run(root, stack, options, &exports);
            if !result.is_waiting {
                progress = true;
                for (name, value, place) in std::mem::take(&mut result.exports) {
                    if exports.contains_key(&name) {
                        let text =
                            format!("Export with name {name} is already exported by another stack");
                        result.diagnostics.push(Diagnostic::error(&place, text));
                    }
                    exports.entry(name).or_insert(value);
                }
            }
            *slot = Some(result);
        }
        let is_done = results.iter().flatten().all(|result| !result.is_waiting);
        if !progress || is_done {
            return results.into_iter().map(Option::unwrap_or_default).collect();
        }
    }
}

/// One stack: template, conditions, identities, properties, outputs.
fn run(
    root: &Node,
    stack: &StackFacts,
    options: &Options,
    exports: &BTreeMap<String, String>,
) -> StackResult {
    let report = Report::default();
    let template = Template::read(root, &report);
    let evaluator = Evaluator::new(&template, options, stack, exports, &report);
    evaluator.check_resource_conditions();
    check_references(&evaluator, root);
    let order = graph::order(&evaluator);
    evaluator.is_muted.set(true);
    for &index in &order {
        let resource = &template.resources[index];
        let identity = identify(&evaluator, resource);
        evaluator.identities.borrow_mut().insert(resource.logical_id, identity);
    }
    evaluator.is_muted.set(false);
    let mut result = StackResult::default();
    let mut properties: BTreeMap<usize, Json> = BTreeMap::new();
    for (index, resource) in template.resources.iter().enumerate() {
        check_type(resource, &report);
        if evaluator.is_active(index) {
            let mark = report.mark();
            properties.insert(index, result.take(&evaluator, resource));
            let is_ours = TYPES.contains(&resource.type_name);
            if let Some(reason) = template.unserved(resource).filter(|_| is_ours) {
                report.demote_since(mark, &reason);
            }
        }
    }
    evaluator.block.set(Block::Outputs);
    for (key, node) in template.outputs {
        result.output(&evaluator, key, node);
    }
    result.stack = told_of(&evaluator, root, &order, properties);
    result.stack.outputs.clone_from(&result.outputs);
    result.stack.imports = evaluator.imports.take();
    result.is_waiting = !evaluator.missing_imports.borrow().is_empty();
    result.documents = evaluator.documents.take();
    drop(evaluator);
    result.diagnostics = report.into_sorted();
    result
}

/// What there is to say of a stack besides what it defines.
fn told_of(
    evaluator: &Evaluator<'_>,
    root: &Node,
    order: &[usize],
    mut properties: BTreeMap<usize, Json>,
) -> LoadedStack {
    let identities = evaluator.identities.borrow();
    let all = &evaluator.template.resources;
    // What is part of a circle has been reported, and is in no order.
    let resources = order.iter().filter_map(|index| {
        let resource = &all[*index];
        let properties = properties.remove(index)?;
        Some(LoadedResource {
            logical_id: resource.logical_id.to_owned(),
            physical_id: identities.get(resource.logical_id)?.reference.clone(),
            type_name: resource.type_name.to_owned(),
            properties,
            is_retained: resource.is_retained,
            place: resource.place.clone(),
        })
    });
    let is_secret = |node: &Node| {
        node.member("NoEcho").and_then(Node::scalar_text).is_some_and(|text| text == "true")
    };
    let parameters = evaluator.template.parameters.iter().map(|(key, declared)| {
        let value = evaluator.parameters.get(&key.text).filter(|_| !is_secret(declared));
        let text = value.and_then(|value| match value.as_seq() {
            Some(items) => {
                let texts: Vec<_> = items.iter().filter_map(Node::scalar_text).collect();
                Some(texts.join(","))
            }
            None => value.scalar_text(),
        });
        (key.text.clone(), text)
    });
    LoadedStack {
        name: evaluator.stack.name.clone(),
        id: evaluator.stack.id.clone(),
        file: String::new(),
        description: root.member("Description").and_then(Node::as_str).map(str::to_owned),
        parameters: parameters.collect(),
        resources: resources.collect(),
        ..LoadedStack::default()
    }
}

/// Names that lead nowhere, in `Resources`, `DependsOn` and `Outputs`.
fn check_references(evaluator: &Evaluator<'_>, root: &Node) {
    let template = evaluator.template;
    for resource in &template.resources {
        if let Some(properties) = resource.properties {
            let mark = evaluator.report.mark();
            graph::report_unresolved(evaluator, properties);
            if let Some(reason) = template.unserved(resource) {
                evaluator.report.demote_since(mark, &reason);
            }
        }
        for (name, place) in &resource.depends_on {
            if template.resource(name).is_none() && !template.is_sam {
                let known = template.resources.iter().map(|resource| resource.logical_id);
                evaluator.report.error_near(place, evaluator.unresolved(name), name, known);
            }
        }
    }
    evaluator.block.set(Block::Outputs);
    if let Some(outputs) = root.member("Outputs") {
        graph::report_unresolved(evaluator, outputs);
    }
    evaluator.block.set(Block::Resources);
}

/// Says what becomes of a type that is not decoded.
fn check_type(resource: &Resource<'_>, report: &Report) {
    let type_name = resource.type_name;
    if TYPES.contains(&type_name) {
        return;
    }
    if type_name.starts_with("AWS::ApiGateway::") {
        let text = format!("Template format error: Unrecognized resource types: [{type_name}]");
        return report.error_near(resource.type_place, text, type_name, TYPES);
    }
    match standing(type_name) {
        Standing::Silent => {}
        Standing::NotServed => {
            let text = format!("{type_name} is not served yet; this resource has no effect");
            report.warning(resource.type_place, text);
        }
        Standing::Unknown => {
            let text = format!(
                "unknown resource type {type_name}: it has no effect here, and a made-up id stands for it"
            );
            report.warning(resource.type_place, text);
        }
    }
}

impl StackResult {
    /// Evaluates a resource's properties, and decodes them when its type is ours.
    fn take<'a>(&mut self, evaluator: &Evaluator<'a>, resource: &Resource<'a>) -> Json {
        let is_function = resource.type_name == SERVERLESS_FUNCTION;
        if resource.type_name.starts_with("AWS::Serverless::") && !is_function {
            return Json::Null; // its properties mean something only to the transform
        }
        let empty = Node::new(resource.place, Kind::Map(Vec::new()));
        let properties = evaluator.value(resource.properties.unwrap_or(&empty)).unwrap_or(empty);
        let globals = evaluator.template.function_globals.filter(|_| is_function);
        let globals = globals.and_then(|globals| evaluator.value(globals));
        let properties = match globals {
            Some(globals) => globals.overlaid(properties),
            None => properties,
        };
        let told = match evaluator.options.objects {
            Some(_) => properties.to_json(),
            None => Json::Null,
        };
        let identity = evaluator.identities.borrow().get(resource.logical_id).cloned();
        let Some(identity) = identity.filter(|_| TYPES.contains(&resource.type_name)) else {
            return told;
        };
        let root = match identity.attribute("RootResourceId") {
            Attribute::Value(root) => root,
            _ => String::new(),
        };
        match resource.type_name {
            "AWS::ApiGateway::RestApi" => {
                check_custom_id(evaluator, resource);
                self.ids.extend([identity.reference.clone(), root.clone()]);
            }
            "AWS::ApiGateway::Resource"
            | "AWS::ApiGateway::Deployment"
            | "AWS::ApiGateway::ApiKey"
            | "AWS::ApiGateway::UsagePlan" => {
                self.ids.insert(identity.reference.clone());
            }
            _ => {}
        }
        if properties.is_unknown() {
            return told;
        }
        let context = Context {
            logical_id: resource.logical_id,
            place: resource.place,
            identity: &identity,
            root,
            metadata: resource.metadata,
            stack: &evaluator.stack.name,
            options: evaluator.options,
            documents: &evaluator.documents,
            report: evaluator.report,
        };
        self.pieces.extend(decode(resource.type_name, &properties, &context));
        told
    }

    fn output(&mut self, evaluator: &Evaluator<'_>, key: &Key, node: &Node) {
        const MEMBERS: [&str; 4] = ["Description", "Value", "Export", "Condition"];
        for (member, _) in node.members() {
            if !MEMBERS.contains(&member.text.as_str()) {
                let text = format!("unknown member \"{}\" of output {}", member.text, key.text);
                evaluator.report.error_near(&member.place, text, &member.text, MEMBERS);
            }
        }
        if let Some(name) = node.member("Condition").and_then(Node::as_str) {
            match evaluator.is_true(name) {
                Some(true) => {}
                Some(false) => return,
                None => {
                    if !evaluator.has_condition(name) {
                        evaluator.unresolved_condition(name, &key.place, "Outputs");
                    }
                    return;
                }
            }
        }
        let Some(value) = node.member("Value") else {
            let text = "Template format error: Every Outputs member must contain a Value object";
            return evaluator.error(&key.place, text);
        };
        let value = evaluator.value(value).unwrap_or_else(|| Node::unknown(&value.place));
        if value.is_unknown() {
            return;
        }
        let Some(text) = value.scalar_text() else {
            let kind = value.kind_name();
            let text = "Template format error: The Value field of every Outputs member must evaluate to a String";
            return evaluator.error(&value.place, format!("{text}, not {kind}"));
        };
        let export = node.member("Export").and_then(|export| export.member("Name"));
        let export = export.and_then(|name| evaluator.value(name));
        let export = export.and_then(|name| Some((name.scalar_text()?, name.place)));
        if let Some((name, place)) = &export {
            self.exports.push((name.clone(), text.clone(), place.clone()));
        }
        self.outputs.push(Output {
            stack_name: evaluator.stack.name.clone(),
            key: key.text.clone(),
            value: text,
            description: node.member("Description").and_then(Node::as_str).map(str::to_owned),
            export_name: export.map(|(name, _)| name),
        });
    }
}
