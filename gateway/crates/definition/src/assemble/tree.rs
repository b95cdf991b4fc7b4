//! The tree of an API's resources, from parts in any order.

use crate::decode::ResourcePart;
use crate::report::Report;
use gateway_model::{PathPart, ResourceId, RestApi};
use std::collections::{BTreeMap, HashSet, VecDeque};

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
        let mut parents = VecDeque::from([api.root.clone()]);
        while let Some(parent) = parents.pop_front() {
            let Some(children) = self.children.remove(parent.as_str()) else { continue };
            let mut siblings = Siblings::default();
            let above = api.resources.get(&parent).map(|resource| resource.path_part.clone());
            for child in children {
                if let Some(greedy @ PathPart::Greedy(_)) = &above {
                    let text = format!(
                        "Cannot create a child of a resource with a greedy path variable: {greedy}"
                    );
                    report.error(&child.place, text);
                } else if let Err(text) = siblings.admit(&child.path_part) {
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
struct Siblings {
    parts: HashSet<PathPart>,
    parameter: Option<PathPart>,
    greedy: Option<PathPart>,
}

impl Siblings {
    /// Takes a part, or says why it cannot stand beside the others. `{id}` and `{proxy+}` can.
    fn admit(&mut self, part: &PathPart) -> Result<(), String> {
        if self.parts.contains(part) {
            return Err(format!(
                "Another resource with the same parent already has this name: {part}"
            ));
        }
        let slot = match part {
            PathPart::Parameter(_) => &mut self.parameter,
            PathPart::Greedy(_) => &mut self.greedy,
            PathPart::Root | PathPart::Literal(_) => {
                self.parts.insert(part.clone());
                return Ok(());
            }
        };
        if let Some(other) = slot {
            return Err(format!(
                "A sibling ({other}) of this resource already has a variable path part -- only one is allowed"
            ));
        }
        *slot = Some(part.clone());
        self.parts.insert(part.clone());
        Ok(())
    }
}
