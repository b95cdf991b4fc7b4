//! The tree of an API's resources, from parts in any order.

use crate::decode::ResourcePart;
use crate::report::Report;
use gateway_model::{PathPart, ResourceId, RestApi};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// Resources by parent, in the order written.
#[derive(Default)]
pub(super) struct Tree {
    children: BTreeMap<String, Vec<ResourcePart>>,
}

impl Tree {
    pub(super) fn add(&mut self, resource: ResourcePart) {
        self.children.entry(resource.parent.value.clone()).or_default().push(resource);
    }

    /// Adds the resources to their API, parents first. `ids` are those that some stack makes: what
    /// hangs below a resource with errors is left out quietly.
    pub(super) fn grow(mut self, api: &mut RestApi, ids: &HashSet<String>, report: &Report) {
        // Those of an imported document are there already.
        let mut known: HashMap<ResourceId, Siblings> = HashMap::new();
        for resource in api.resources.values() {
            if let Some(parent) = &resource.parent {
                known.entry(parent.clone()).or_default().note(&resource.path_part, &resource.id);
            }
        }
        let mut parents: VecDeque<ResourceId> = api.resources.keys().cloned().collect();
        while let Some(parent) = parents.pop_front() {
            let Some(children) = self.children.remove(parent.as_str()) else { continue };
            let mut siblings = known.remove(&parent).unwrap_or_default();
            let above = api.resources.get(&parent).map(|resource| resource.path_part.clone());
            for child in children {
                if let Some(greedy @ PathPart::Greedy(_)) = &above {
                    let text = format!(
                        "Cannot create a child of a resource with a greedy path variable: {greedy}"
                    );
                    report.error(&child.place, text);
                } else if let Err(text) = siblings.admit(&child.path_part, &child.id) {
                    report.error(&child.place, text);
                } else if add(api, &parent, &child) {
                    parents.push_back(child.id);
                    continue;
                }
                self.forget_below(child.id);
            }
        }
        for child in self.children.into_values().flatten() {
            let parent = child.parent.value.as_str();
            let is_elsewhere = ids.contains(parent) && !api.resources.contains_key(parent);
            if !is_elsewhere {
                report.error(&child.parent.place, "Invalid Resource identifier specified");
            }
        }
    }

    /// Drops what hangs below a resource that was refused.
    fn forget_below(&mut self, id: ResourceId) {
        let mut refused = vec![id];
        while let Some(id) = refused.pop() {
            let children = self.children.remove(id.as_str()).unwrap_or_default();
            refused.extend(children.into_iter().map(|child| child.id));
        }
    }
}

fn add(api: &mut RestApi, parent: &ResourceId, child: &ResourcePart) -> bool {
    let (path_part, place) = (child.path_part.clone(), child.place.clone());
    api.add_resource(child.id.clone(), parent, path_part, place).is_some()
}

/// The path parts of one parent's children.
#[derive(Default)]
pub(crate) struct Siblings {
    parts: HashMap<PathPart, ResourceId>,
    parameter: Option<PathPart>,
    greedy: Option<PathPart>,
}

impl Siblings {
    /// The child that has this part.
    pub(crate) fn known(&self, part: &PathPart) -> Option<ResourceId> {
        self.parts.get(part).cloned()
    }

    /// Takes a part, or says why it cannot stand beside the others. `{id}` and `{proxy+}` can.
    pub(crate) fn admit(&mut self, part: &PathPart, id: &ResourceId) -> Result<(), String> {
        if self.parts.contains_key(part) {
            return Err(format!(
                "Another resource with the same parent already has this name: {part}"
            ));
        }
        let other = match part {
            PathPart::Parameter(_) => &self.parameter,
            PathPart::Greedy(_) => &self.greedy,
            PathPart::Root | PathPart::Literal(_) => &None,
        };
        if let Some(other) = other {
            return Err(format!(
                "A sibling ({other}) of this resource already has a variable path part -- only one is allowed"
            ));
        }
        self.note(part, id);
        Ok(())
    }

    /// Takes a part that stands there.
    fn note(&mut self, part: &PathPart, id: &ResourceId) {
        match part {
            PathPart::Parameter(_) => self.parameter = Some(part.clone()),
            PathPart::Greedy(_) => self.greedy = Some(part.clone()),
            PathPart::Root | PathPart::Literal(_) => {}
        }
        self.parts.insert(part.clone(), id.clone());
    }
}
