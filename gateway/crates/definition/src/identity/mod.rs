//! What `Ref` and `Fn::GetAtt` say about a resource: its physical id and attributes.
//!
//! Ids are derived from names ([`crate::ids`]), so they are the same at every start.

mod gateway;
mod related;

pub use gateway::is_custom_id;
pub(crate) use related::{Standing, standing};

use crate::decode::SERVERLESS_FUNCTION;
use crate::eval::Evaluator;
use crate::ids::derived_id;
use crate::limits::{FUNCTION_NAME_CHARS_MAX, PHYSICAL_SUFFIX_CHARS};
use crate::template::Resource;

/// A resource's physical id and attributes.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The value of `Ref`.
    pub(crate) reference: String,
    attributes: Vec<(&'static str, String)>,
    rest: Rest,
}

/// What an attribute that is not listed means.
#[derive(Clone, Copy, Debug)]
enum Rest {
    /// The list is whole: a mistake.
    Mistake,
    /// The list may lack some: a stand-in is made.
    StandIn,
    /// The type is not read: its attributes are left out quietly.
    LeftOut,
}

/// The answer for one attribute.
#[derive(Debug)]
pub(crate) enum Attribute {
    Value(String),
    Synthesised(String),
    /// Nothing is known, and that has been said.
    Left,
    /// There is no such attribute; these there are.
    Unknown(Vec<&'static str>),
}

impl Identity {
    pub(crate) fn attribute(&self, name: &str) -> Attribute {
        if let Some((_, value)) = self.attributes.iter().find(|(known, _)| *known == name) {
            return Attribute::Value(value.clone());
        }
        match self.rest {
            Rest::Mistake => {
                Attribute::Unknown(self.attributes.iter().map(|(known, _)| *known).collect())
            }
            Rest::StandIn => Attribute::Synthesised(format!("{}-{name}", self.reference)),
            Rest::LeftOut => Attribute::Left,
        }
    }
}

/// Works out one resource's identity. What its properties refer to has been worked out before.
pub(crate) fn identify<'a>(evaluator: &Evaluator<'a>, resource: &Resource<'a>) -> Identity {
    let subject = Subject { evaluator, resource };
    gateway::identify(&subject).unwrap_or_else(|| related::identify(&subject))
}

/// A resource whose identity is being worked out.
struct Subject<'e, 'a> {
    evaluator: &'e Evaluator<'a>,
    resource: &'e Resource<'a>,
}

impl Subject<'_, '_> {
    /// The text of a property, if it has one.
    fn text(&self, property: &str) -> Option<String> {
        let node = self.resource.properties?.member(property)?;
        self.evaluator.value(node)?.scalar_text()
    }

    /// An id that is derived from the resource's names.
    fn id(&self, chars: usize) -> String {
        self.role("id", chars)
    }

    fn role(&self, role: &str, chars: usize) -> String {
        let stack = &self.evaluator.stack.name;
        derived_id(stack, self.resource.logical_id, role, chars)
    }

    /// `stack-LogicalId-XXXXXXXXXXXX`, as CloudFormation names what has no name.
    fn generated_name(&self) -> String {
        let suffix = self.role("name", PHYSICAL_SUFFIX_CHARS).to_uppercase();
        let (stack, logical_id) = (self.evaluator.stack.name.as_str(), self.resource.logical_id);
        let is_function =
            matches!(self.resource.type_name, "AWS::Lambda::Function" | SERVERLESS_FUNCTION);
        let room = FUNCTION_NAME_CHARS_MAX - PHYSICAL_SUFFIX_CHARS - 2;
        if !is_function || stack.len() + logical_id.len() <= room {
            return format!("{stack}-{logical_id}-{suffix}");
        }
        // A function's name is short: both names give way, and the suffix keeps it apart from others.
        let head = |text: &str, count: usize| text.chars().take(count).collect::<String>();
        let logical_id = head(logical_id, (room / 2).max(room.saturating_sub(stack.len())));
        let stack = head(stack, room.saturating_sub(logical_id.len()));
        format!("{stack}-{logical_id}-{suffix}")
    }
}

/// Reports what is wrong with the id that a REST API asks for.
pub(crate) fn check_custom_id<'a>(evaluator: &Evaluator<'a>, resource: &Resource<'a>) {
    gateway::check_custom_id(&Subject { evaluator, resource });
}
