//! `$context` and the objects in it.

mod order;
#[cfg(test)]
mod tests;

use crate::overrides::{Overrides, Side};
use crate::world::{Root, World};
use crate::{Map, Value};

/// An object of `$context`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `$context`
    Context,
    /// `$context.identity`
    Identity,
    /// `$context.identity.clientCert`
    ClientCert,
    /// `$context.identity.clientCert.validity`
    Validity,
    /// `$context.authorizer`
    Authorizer,
    /// `$context.authorizer.claims`
    Claims,
    /// `$context.error`
    Error,
    /// `$context.requestOverride`
    RequestOverride,
    /// `$context.responseOverride`
    ResponseOverride,
    /// `$context.requestOverride.path`
    OverriddenPath,
    /// `$context.requestOverride.querystring`
    OverriddenQuery,
    /// `$context.requestOverride.header`
    OverriddenHeader,
    /// `$context.responseOverride.header`
    OverriddenResponseHeader,
}

/// What is the value of the variable at `prefix` and `name`.
pub(crate) fn get(place: Place, world: &mut World<'_>, name: &str) -> Option<Value> {
    if let Some(inner) = place.object(name) {
        return Some(Value::Root(Root::Context(inner)));
    }
    if let Some((side, part)) = place.overridden() {
        return world.overrides.find(side, part, name);
    }
    match place {
        Place::Authorizer => authorized(world, name),
        Place::Claims => authorized(world, &format!("claims.{name}")),
        _ => variable(world, place.prefix(), name),
    }
}

/// `#set($context.….name = value)`: only overrides can be written.
pub(crate) fn set(place: Place, world: &mut World<'_>, name: &str, value: Value) {
    if let Some((side, part)) = place.overridden() {
        world.overrides.map(side, part).insert(name, value);
    }
}

/// The object as a map.
pub(crate) fn map(place: Place, world: &mut World<'_>) -> Option<Map> {
    if let Some((side, part)) = place.overridden() {
        return Some(world.overrides.map(side, part));
    }
    let map = Map::default();
    match place {
        Place::Authorizer => {
            let mut said = Vec::new();
            world.request.authorizer(&mut |name, value| {
                if !name.starts_with("claims.") {
                    said.push((name.to_owned(), value.to_owned()));
                }
            });
            order::sort(&mut said, |(name, _)| name);
            for (name, value) in said {
                map.insert(name, value.into());
            }
        }
        Place::Claims => {
            let mut said = Vec::new();
            world.request.authorizer(&mut |name, value| {
                if let Some(name) = name.strip_prefix("claims.") {
                    said.push((name.to_owned(), value.to_owned()));
                }
            });
            order::sort(&mut said, |(name, _)| name);
            for (name, value) in said {
                map.insert(name, value.into());
            }
        }
        _ => {
            let mut names = order::names(place, world.request);
            order::sort(&mut names, |name| name);
            for name in names {
                let value = get(place, world, name).unwrap_or(Value::Null);
                map.insert(name, value);
            }
        }
    }
    Some(map)
}

impl Place {
    /// The object that is `name` here.
    fn object(self, name: &str) -> Option<Self> {
        Some(match (self, name) {
            (Self::Context, "identity") => Self::Identity,
            (Self::Context, "authorizer") => Self::Authorizer,
            (Self::Context, "error") => Self::Error,
            (Self::Context, "requestOverride") => Self::RequestOverride,
            (Self::Context, "responseOverride") => Self::ResponseOverride,
            (Self::Identity, "clientCert") => Self::ClientCert,
            (Self::ClientCert, "validity") => Self::Validity,
            (Self::Authorizer, "claims") => Self::Claims,
            (Self::RequestOverride, "path") => Self::OverriddenPath,
            (Self::RequestOverride, "querystring") => Self::OverriddenQuery,
            (Self::RequestOverride, "header") => Self::OverriddenHeader,
            (Self::ResponseOverride, "header") => Self::OverriddenResponseHeader,
            _ => return None,
        })
    }

    /// What is before the names of its variables.
    fn prefix(self) -> &'static str {
        match self {
            Self::Identity => "identity.",
            Self::ClientCert => "identity.clientCert.",
            Self::Validity => "identity.clientCert.validity.",
            Self::Error => "error.",
            _ => "",
        }
    }

    /// Where in the overrides this is; the part is empty for the whole.
    fn overridden(self) -> Option<(Side, &'static str)> {
        Some(match self {
            Self::RequestOverride => (Side::Request, ""),
            Self::ResponseOverride => (Side::Response, ""),
            Self::OverriddenPath => (Side::Request, "path"),
            Self::OverriddenQuery => (Side::Request, "querystring"),
            Self::OverriddenHeader => (Side::Request, "header"),
            Self::OverriddenResponseHeader => (Side::Response, "header"),
            _ => return None,
        })
    }
}

fn authorized(world: &World<'_>, wanted: &str) -> Option<Value> {
    let mut found = None;
    world.request.authorizer(&mut |name, value| {
        if name == wanted {
            found = Some(Value::from(value));
        }
    });
    found
}

fn variable(world: &World<'_>, prefix: &str, name: &str) -> Option<Value> {
    let text = if prefix.is_empty() {
        world.request.context(name)?
    } else {
        world.request.context(&format!("{prefix}{name}"))?
    };
    if name == "requestTimeEpoch"
        && let Ok(milliseconds) = text.parse()
    {
        return Some(Value::Long(milliseconds));
    }
    Some(Value::from(&*text))
}

impl Overrides {
    fn find(&self, side: Side, part: &str, name: &str) -> Option<Value> {
        let whole = self.side(side)?;
        if part.is_empty() {
            return whole.get(name);
        }
        match whole.get(part)? {
            Value::Map(map) => map.get(name),
            _ => None,
        }
    }
}
