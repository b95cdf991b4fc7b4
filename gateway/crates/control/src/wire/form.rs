//! Parameters of the query protocol.

use crate::{ApiError, Call};

/// What `Action=…` names, with its parameters; from the query string and from the form together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the form of a call.
    ///
    /// # Errors
    /// When it is not one.
    pub(crate) fn of(call: &Call) -> Result<Self, ApiError> {
        let mut pairs = call.query.clone();
        let text = std::str::from_utf8(&call.body)
            .map_err(|_| ApiError::bad_request("The form is not text in UTF-8"))?;
        pairs.extend(super::query(text.trim_end())?);
        Ok(Self(pairs))
    }

    /// A parameter; of two the first.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// Whether a parameter, a list or a structure of the name is there, empty or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| {
            key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// The texts of a list: `Name.member.1`, `Name.member.2` …
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let numbered = self.numbered(name).into_iter();
        numbered.filter_map(|prefix| self.get(&prefix).map(str::to_owned)).collect()
    }

    /// The structures of a list: `Name.member.1.Key`, `Name.member.1.Value` …
    pub(crate) fn members(&self, name: &str) -> Vec<Form> {
        let numbered = self.numbered(name).into_iter();
        let members = numbered.map(|prefix| {
            let own = self.0.iter().filter_map(|(key, value)| {
                let rest = key.strip_prefix(&prefix)?.strip_prefix('.')?;
                Some((rest.to_owned(), value.clone()))
            });
            Self(own.collect())
        });
        members.collect()
    }

    /// The beginnings of a list's members, in order.
    fn numbered(&self, name: &str) -> Vec<String> {
        let mut numbers: Vec<u32> = self
            .0
            .iter()
            .filter_map(|(key, _)| {
                let rest = key.strip_prefix(name)?.strip_prefix(".member.")?;
                rest.split('.').next()?.parse().ok()
            })
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().map(|number| format!("{name}.member.{number}")).collect()
    }
}
