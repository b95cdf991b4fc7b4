//! Scenarios from YAML.

mod load;
mod read;
mod twin;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::limits::{FILE_BYTES_MAX, PROBLEMS_MAX};
use crate::scenario::Scenario;

/// What a scenario's text is read with.
pub struct Sources<'a> {
    /// What places in errors name: the file's path, or `built-in browse`.
    pub name: &'a str,
    /// What body files are relative to; `None` allows none.
    pub folder: Option<&'a Path>,
    /// Values for the scenario's parameters, as `--param name=value` gives them.
    pub params: &'a BTreeMap<String, String>,
    /// Environment variables.
    pub env: &'a dyn Fn(&str) -> Option<String>,
}

/// Why there is no scenario.
#[derive(Debug)]
pub enum ScenarioError {
    /// The file could not be read.
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is larger than a scenario may be.
    TooLarge {
        /// Which.
        name: String,
        /// Its bytes.
        bytes: usize,
    },
    /// It was read, and is wrong in these places.
    Invalid(Vec<Problem>),
}

/// What is wrong with a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, or what stands for it.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// Column, from 1.
    pub column: u64,
    /// What is wrong, and what to write instead.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.what)
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, .. } => write!(
                f,
                "{} cannot be read; name a file, or one of the built-in scenarios: {}",
                path.display(),
                crate::builtin::names().collect::<Vec<_>>().join(", ")
            ),
            Self::TooLarge { name, bytes } => write!(
                f,
                "{name} has {bytes} bytes, and a scenario has at most {FILE_BYTES_MAX}; take bodies out into files"
            ),
            Self::Invalid(problems) => {
                let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl Error for ScenarioError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl Scenario {
    /// Reads the built-in scenario of this name, else the file at this path.
    ///
    /// # Errors
    /// What [`Scenario::parse`] says, and a file that cannot be read.
    pub fn load(what: &str, params: &BTreeMap<String, String>) -> Result<Self, ScenarioError> {
        let env = |name: &str| std::env::var(name).ok();
        if let Some(text) = crate::builtin::builtin(what) {
            let name = format!("built-in {what}");
            return Self::parse(text, &Sources { name: &name, folder: None, params, env: &env });
        }
        let path = Path::new(what);
        let text = std::fs::read_to_string(path)
            .map_err(|source| ScenarioError::Read { path: path.into(), source })?;
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        Self::parse(&text, &Sources { name: what, folder: Some(folder), params, env: &env })
    }

    /// Reads a scenario's text. All problems are told, up to [`PROBLEMS_MAX`], but a text that is no YAML or has
    /// keys that do not exist has one.
    ///
    /// # Errors
    /// Problems with their places.
    pub fn parse(text: &str, sources: &Sources<'_>) -> Result<Self, ScenarioError> {
        if text.len() > FILE_BYTES_MAX {
            let name = sources.name.to_string();
            return Err(ScenarioError::TooLarge { name, bytes: text.len() });
        }
        let invalid = |problems| Err(ScenarioError::Invalid(problems));
        let options = serde_saphyr::options! { with_snippet: false };
        let file = match serde_saphyr::from_str_with_options::<twin::File>(text, options) {
            Ok(file) => file,
            Err(error) => {
                let place = error.location();
                return invalid(vec![Problem {
                    file: sources.name.into(),
                    line: place.map_or(1, |place| place.line()),
                    column: place.map_or(1, |place| place.column()),
                    what: twin::plain(&error),
                }]);
            }
        };
        let mut reading = read::Reading::new(sources, &file);
        let scenario = reading.scenario(&file);
        match scenario {
            Some(scenario) if reading.problems.is_empty() => Ok(scenario),
            _ => {
                reading.problems.sort_by_key(|problem| (problem.line, problem.column));
                reading.problems.truncate(PROBLEMS_MAX);
                invalid(reading.problems)
            }
        }
    }
}
