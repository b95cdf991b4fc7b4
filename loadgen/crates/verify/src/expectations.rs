//! The file of expectations: promises that no definition has a place for.
//!
//! ```text
//! parameters: {id: "42"}             # values of request parameters; others are 1
//! slo: [p99<50ms, errors<0.1%]       # latency promises, held at slo_rate
//! slo_rate: 50                       # requests per second
//! tokens:
//!   - authorizer: orders-authorizer  # its name; left out, every authorizer
//!     value: Bearer let-me-in        # what is sent where its identity source looks
//!     allows: [GET /orders]
//!     denies: [DELETE /orders/{id}]
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::str::FromStr as _;

use gateway_model::HttpMethod;
use loadgen_report::threshold::Threshold;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::limits::{
    EXPECTATIONS_BYTES_MAX, EXPECTATIONS_DEPTH_MAX, EXPECTATIONS_NODES_MAX, SLO_RATE_RPS,
    SLO_RATE_RPS_MAX, TOKEN_BYTES_MAX,
};
use crate::settings::{Expectations, Token};

/// What is wrong with a file of expectations, and where. Displays as `file:line:col: text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectationsError {
    /// The file's name, as it was given.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The column in characters, from 1.
    pub column: u64,
    /// What is wrong, and what to write instead.
    pub problem: String,
}

impl fmt::Display for ExpectationsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.problem)
    }
}

impl Error for ExpectationsError {}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    parameters: BTreeMap<String, Spanned<String>>,
    slo: Vec<Spanned<String>>,
    slo_rate: Option<Spanned<f64>>,
    tokens: Vec<TokenInFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenInFile {
    #[serde(default)]
    authorizer: String,
    value: Spanned<String>,
    #[serde(default)]
    allows: Vec<Spanned<String>>,
    #[serde(default)]
    denies: Vec<Spanned<String>>,
}

impl Expectations {
    /// Reads a file of expectations; `name` is what errors call it.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its place.
    pub fn parse(name: &str, text: &str) -> Result<Self, ExpectationsError> {
        let reading = Reading { name };
        if text.len() > EXPECTATIONS_BYTES_MAX {
            let problem = format!(
                "the file has {} bytes, and {EXPECTATIONS_BYTES_MAX} are allowed",
                text.len()
            );
            return Err(reading.at(1, 1, problem));
        }
        // A file of nothing but comments expects nothing.
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Self { slo_rate_rps: SLO_RATE_RPS, ..Self::default() });
        }
        let budget = serde_saphyr::budget! {
            max_nodes: EXPECTATIONS_NODES_MAX,
            max_depth: EXPECTATIONS_DEPTH_MAX,
        };
        let options = serde_saphyr::options! { with_snippet: false, budget: budget };
        match serde_saphyr::from_str_with_options::<File>(text, options) {
            Ok(file) => reading.file(file),
            Err(error) => {
                let place = error.location();
                let (line, column) = place.map_or((1, 1), |place| (place.line(), place.column()));
                // The text ends with the place, which is in front already.
                let text = error.without_snippet().to_string();
                let problem = text.split(" at line ").next().unwrap_or_default();
                let problem = problem.trim_start_matches("error: ").to_owned();
                Err(reading.at(line.max(1), column.max(1), problem))
            }
        }
    }
}

struct Reading<'a> {
    name: &'a str,
}

impl Reading<'_> {
    fn at(&self, line: u64, column: u64, problem: String) -> ExpectationsError {
        let problem = problem.lines().next().unwrap_or_default().to_owned();
        ExpectationsError { file: self.name.to_owned(), line, column, problem }
    }

    fn of<T>(&self, value: &Spanned<T>, problem: String) -> ExpectationsError {
        self.at(value.referenced.line(), value.referenced.column(), problem)
    }

    fn file(&self, file: File) -> Result<Expectations, ExpectationsError> {
        let mut parameters = BTreeMap::new();
        for (name, value) in file.parameters {
            if value.value.is_empty() || !value.value.bytes().all(is_plain) {
                let problem = format!(
                    "parameter {name} is {:?}: give letters, digits and -._~, or other characters as %XX",
                    value.value
                );
                return Err(self.of(&value, problem));
            }
            parameters.insert(name, value.value);
        }
        for slo in &file.slo {
            Threshold::from_str(&slo.value).map_err(|error| self.of(slo, error.to_string()))?;
        }
        let slo_rate_rps = match file.slo_rate {
            None => SLO_RATE_RPS,
            Some(rate) if rate.value > 0.0 && rate.value <= SLO_RATE_RPS_MAX => rate.value,
            Some(rate) => {
                let problem = format!(
                    "slo_rate is {}: give requests per second, above 0 and at most {SLO_RATE_RPS_MAX}",
                    rate.value
                );
                return Err(self.of(&rate, problem));
            }
        };
        let tokens = file.tokens.into_iter().map(|token| self.token(token));
        Ok(Expectations {
            parameters,
            slo: file.slo.into_iter().map(|slo| slo.value).collect(),
            slo_rate_rps,
            tokens: tokens.collect::<Result<_, _>>()?,
        })
    }

    fn token(&self, token: TokenInFile) -> Result<Token, ExpectationsError> {
        let value = &token.value;
        let is_text = value.value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        if value.value.trim().is_empty() || !is_text || value.value.len() > TOKEN_BYTES_MAX {
            let problem = format!(
                "a token is 1 to {TOKEN_BYTES_MAX} printable ASCII characters, as a header carries them"
            );
            return Err(self.of(value, problem));
        }
        let methods = |methods: Vec<Spanned<String>>| -> Result<Vec<String>, ExpectationsError> {
            let checked = methods.into_iter().map(|method| match is_method(&method.value) {
                true => Ok(method.value),
                false => {
                    let problem = format!(
                        "{:?} is no method: write the verb and the resource's path, such as GET /orders/{{id}}",
                        method.value
                    );
                    Err(self.of(&method, problem))
                }
            });
            checked.collect()
        };
        Ok(Token {
            authorizer: token.authorizer,
            allows: methods(token.allows)?,
            denies: methods(token.denies)?,
            value: token.value.value,
        })
    }
}

/// Whether `text` is `VERB /path`.
fn is_method(text: &str) -> bool {
    let Some((verb, path)) = text.split_once(' ') else { return false };
    let is_verb = HttpMethod::parse(verb).is_ok_and(|verb| verb != HttpMethod::Any);
    is_verb
        && path.starts_with('/')
        && !path.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Whether a byte may stand in a path, a query and a header alike.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%:,@".contains(&byte)
}

#[cfg(test)]
mod tests;
