//! Which resource refers to which: names that lead nowhere, cycles, and an order to work in.

use crate::eval::{Evaluator, sub_variables};
use crate::node::{Kind, Node};
use gateway_model::{Diagnostic, Place};
use std::collections::HashSet;

/// A name that a function asks for.
struct Reference<'n> {
    name: &'n str,
    place: &'n Place,
    /// `Fn::GetAtt` asks resources only.
    is_attribute: bool,
    is_sub: bool,
}

/// Visits every name that functions in a tree ask for.
pub(crate) fn names<'n>(tree: &'n Node, visit: &mut dyn FnMut(&'n str)) {
    walk(tree, None, &mut |reference| visit(reference.name));
}

/// Reports every name, in a tree of `Resources` or `Outputs`, that leads nowhere. The branches
/// that conditions do not choose count too, as they do for CloudFormation.
pub(crate) fn report_unresolved(evaluator: &Evaluator<'_>, tree: &Node) {
    if evaluator.template.is_sam {
        return; // the transform makes resources that the template does not name
    }
    walk(tree, None, &mut |reference| {
        let name = reference.name;
        let is_resource = evaluator.template.resource(name).is_some();
        let is_value = !reference.is_attribute
            && (evaluator.parameters.contains_key(name) || is_pseudo_parameter(name));
        if is_resource || is_value || !is_name(name) {
            return;
        }
        let text = evaluator.unresolved(name);
        if reference.is_sub && name == "stageVariables" {
            let help = "write ${!stageVariables.…} to keep it for the gateway";
            evaluator.say(Diagnostic::error(reference.place, text).with_help(help));
            return;
        }
        let resources = evaluator.template.resources.iter().map(|resource| resource.logical_id);
        let parameters = evaluator.template.parameters.iter().map(|(key, _)| key.text.as_str());
        evaluator.report.error_near(reference.place, text, name, resources.chain(parameters));
    });
}

/// Resources in an order where each comes after those that it refers to. Cycles are reported and
/// come in some order.
pub(crate) fn order(evaluator: &Evaluator<'_>) -> Vec<usize> {
    let template = evaluator.template;
    let edges: Vec<Vec<usize>> = template
        .resources
        .iter()
        .enumerate()
        .map(|(index, resource)| {
            if !evaluator.is_active(index) {
                return Vec::new();
            }
            let mut targets = HashSet::new();
            let mut add = |name: &str| {
                if let Some(target) = template.index_of(name).filter(|t| evaluator.is_active(*t)) {
                    targets.insert(target);
                }
            };
            resource.depends_on.iter().for_each(|(name, _)| add(name));
            if let Some(properties) = resource.properties {
                walk(properties, Some(evaluator), &mut |reference| add(reference.name));
            }
            let mut targets: Vec<usize> = targets.into_iter().collect();
            targets.sort_unstable();
            targets
        })
        .collect();
    let groups = strongly_connected(&edges);
    for group in &groups {
        let is_cycle = group.len() > 1 || group.iter().any(|index| edges[*index].contains(index));
        if is_cycle && !template.is_sam {
            let mut members = group.clone();
            members.sort_unstable();
            let names: Vec<&str> =
                members.iter().map(|index| template.resources[*index].logical_id).collect();
            let place = members.first().map(|index| template.resources[*index].place);
            let text = format!("Circular dependency between resources: [{}]", names.join(", "));
            if let Some(place) = place {
                evaluator.error(place, text);
            }
        }
    }
    groups.into_iter().flatten().collect()
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_:.-".contains(&b))
}

fn is_pseudo_parameter(name: &str) -> bool {
    name.strip_prefix("AWS::").is_some_and(|name| {
        [
            "AccountId",
            "NotificationARNs",
            "NoValue",
            "Partition",
            "Region",
            "StackId",
            "StackName",
            "URLSuffix",
        ]
        .contains(&name)
    })
}

/// Visits every reference. With an evaluator, only the branches that conditions choose.
fn walk<'n>(node: &'n Node, chosen: Option<&Evaluator<'_>>, visit: &mut dyn FnMut(Reference<'n>)) {
    match &node.kind {
        Kind::Seq(items) => items.iter().for_each(|item| walk(item, chosen, visit)),
        Kind::Map(members) => match node.call() {
            Some((key, argument)) => call(&key.text, argument, chosen, visit),
            None => members.iter().for_each(|(_, value)| walk(value, chosen, visit)),
        },
        _ => {}
    }
}

fn call<'n>(
    function: &str,
    argument: &'n Node,
    chosen: Option<&Evaluator<'_>>,
    visit: &mut dyn FnMut(Reference<'n>),
) {
    let place = &argument.place;
    let reference = |name, is_attribute, is_sub| Reference { name, place, is_attribute, is_sub };
    match (function, &argument.kind) {
        ("Ref", Kind::String(name)) => visit(reference(name, false, false)),
        ("Fn::GetAtt", Kind::String(text)) => {
            let name = text.split_once('.').map_or(text.as_str(), |(name, _)| name);
            visit(reference(name, true, false));
        }
        ("Fn::GetAtt", Kind::Seq(items)) => {
            if let Some(name) = items.first().and_then(Node::as_str) {
                visit(reference(name, true, false));
            }
            items.iter().skip(1).for_each(|item| walk(item, chosen, visit));
        }
        ("Fn::Sub", _) => {
            let (text, variables) = match argument.as_seq() {
                None => (Some(argument), None),
                Some(items) => (items.first(), items.get(1)),
            };
            if let Some(variables) = variables {
                walk(variables, chosen, visit);
            }
            let local: HashSet<&str> = variables
                .map_or(&[][..], Node::members)
                .iter()
                .map(|(key, _)| key.text.as_str())
                .collect();
            let Some(text) = text.and_then(Node::as_str) else { return };
            for name in sub_variables(text).filter(|name| !local.contains(name)) {
                match name.split_once('.') {
                    Some((name, _)) => visit(reference(name, true, true)),
                    None => visit(reference(name, false, true)),
                }
            }
        }
        ("Fn::If", Kind::Seq(items)) => {
            let name = items.first().and_then(Node::as_str);
            let truth = chosen.zip(name).and_then(|(evaluator, name)| evaluator.is_true(name));
            for (branch, is_chosen) in items.iter().skip(1).zip([true, false]) {
                if truth.is_none_or(|truth| truth == is_chosen) {
                    walk(branch, chosen, visit);
                }
            }
        }
        _ => walk(argument, chosen, visit),
    }
}

/// Tarjan's algorithm without recursion. A group comes after the groups that it points to.
fn strongly_connected(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const NEW: usize = usize::MAX;
    let count = edges.len();
    let (mut index_of, mut low) = (vec![NEW; count], vec![0; count]);
    let mut is_stacked = vec![false; count];
    let (mut stack, mut groups, mut next) = (Vec::new(), Vec::new(), 0);
    for root in 0..count {
        if index_of[root] != NEW {
            continue;
        }
        let mut calls = vec![(root, 0)];
        while let Some((node, edge)) = calls.pop() {
            if edge == 0 {
                (index_of[node], low[node]) = (next, next);
                next += 1;
                stack.push(node);
                is_stacked[node] = true;
            }
            if let Some(target) = edges[node].get(edge).copied() {
                calls.push((node, edge + 1));
                if index_of[target] == NEW {
                    calls.push((target, 0));
                } else if is_stacked[target] {
                    low[node] = low[node].min(index_of[target]);
                }
                continue;
            }
            if low[node] == index_of[node] {
                let mut group = Vec::new();
                while let Some(member) = stack.pop() {
                    is_stacked[member] = false;
                    group.push(member);
                    if member == node {
                        break;
                    }
                }
                groups.push(group);
            }
            if let Some((caller, _)) = calls.last() {
                low[*caller] = low[*caller].min(low[node]);
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::strongly_connected;

    #[test]
    fn groups_are_cycles_and_come_after_what_they_point_to() {
        // 0 → 1 → 2 → 1, 3 alone, 4 → itself.
        let groups = strongly_connected(&[vec![1], vec![2], vec![1], vec![], vec![4]]);
        assert_eq!(groups, [vec![2, 1], vec![0], vec![3], vec![4]]);
    }

    #[test]
    fn a_long_chain_takes_no_recursion() {
        let count = 200_000;
        let edges: Vec<_> =
            (0..count).map(|i| if i + 1 < count { vec![i + 1] } else { vec![] }).collect();
        assert_eq!(strongly_connected(&edges).len(), count);
    }
}
