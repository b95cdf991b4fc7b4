//! Ids and names, one type per kind, so that two of them cannot be swapped.

use crate::limits::STAGE_NAME_CHARS_MAX;
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

macro_rules! ids {
    ($( $(#[$meta:meta])* $name:ident ),+ $(,)?) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes an id as given; ids are opaque.
            #[must_use]
            pub fn new(id: &str) -> Self {
                Self(Arc::from(id))
            }

            /// The id's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )+ };
}

ids! {
    /// Names a REST API in URLs: `{id}.execute-api.…`.
    RestApiId,
    /// Names a resource (a node of the path tree) in its API.
    ResourceId,
    /// Names a deployment of an API.
    DeploymentId,
    /// Names an authorizer of an API.
    AuthorizerId,
    /// Names a request validator of an API.
    RequestValidatorId,
    /// Names a model of an API, apart from its human name.
    ModelId,
    /// Names a documentation part of an API.
    DocumentationPartId,
    /// Names an API key, apart from its secret value.
    ApiKeyId,
    /// Names a usage plan.
    UsagePlanId,
    /// Names a VPC link.
    VpcLinkId,
    /// Names a client certificate.
    ClientCertificateId,
    /// Names a base path mapping: `domain|basePath`.
    BasePathMappingId,
}

/// A stage's name: 1 to 128 of `a-z A-Z 0-9 _ -`. It is the first segment of an invoke URL.
///
/// Source: CreateStage, "Stage names can only contain alphanumeric characters, hyphens, and
/// underscores. Maximum length is 128 characters."
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StageName(Arc<str>);

impl StageName {
    /// Reads a stage name.
    ///
    /// # Errors
    /// [`InvalidStageName`] when it is empty, too long, or has other characters.
    pub fn parse(name: &str) -> Result<Self, InvalidStageName> {
        let fits = (1..=STAGE_NAME_CHARS_MAX).contains(&name.len());
        let valid = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if fits && name.bytes().all(valid) {
            Ok(Self(Arc::from(name)))
        } else {
            Err(InvalidStageName(name.to_owned()))
        }
    }

    /// The name's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for StageName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A text that cannot be a stage's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidStageName(pub String);

impl fmt::Display for InvalidStageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is not a stage name: 1 to 128 of a-zA-Z0-9_-", self.0)
    }
}

impl std::error::Error for InvalidStageName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stage_names_hold_letters_digits_underscore_and_hyphen_only() {
        for good in ["v1", "Prod", "a-b_c", &"x".repeat(128)] {
            assert_eq!(StageName::parse(good).map(|s| s.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "a/b", "a b", "$default", "é", &"x".repeat(129)] {
            assert!(StageName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
