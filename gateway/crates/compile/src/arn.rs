//! Invocation URIs: which function an `AWS` or `AWS_PROXY` integration, or an authorizer, invokes.
//!
//! ```text
//! arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations
//! arn:aws:apigateway:us-east-1:lambda:path/2021-11-15/functions/{function}/response-streaming-invocations
//! ```
//!
//! `{function}` is what Lambda's `Invoke` takes: an ARN, `account:function:name`, or a name, each with an
//! optional `:qualifier`.

use std::fmt;

/// A parsed URI of an AWS service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceUri {
    /// It invokes a function.
    Lambda(Invocation),
    /// It calls another service, or another action of Lambda.
    Other(ServiceCall),
}

/// What calls an AWS service: `arn:aws:apigateway:{region}:[{subdomain}.]{service}:{path|action}/…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceCall {
    /// `us-east-1`
    pub region: String,
    /// What stands before the service in its host name, e.g. a bucket or `runtime`.
    pub subdomain: Option<String>,
    /// What its host name calls the service, e.g. `sqs`.
    pub service: String,
    /// What is asked of it.
    pub target: ServiceTarget,
}

/// What is asked of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceTarget {
    /// `path/{path}`: a request of that path, which has no slash in front, and perhaps a query behind.
    Path(String),
    /// `action/{name}[&k=v…]`
    Action {
        /// `SendMessage`
        name: String,
        /// What follows the name's `&`; often empty.
        query: String,
    },
}

/// What invokes a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The function.
    pub function: FunctionName,
    /// Whether its answer is streamed.
    pub is_streaming: bool,
}

/// Names a function as Lambda's `Invoke` does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionName {
    /// Its region: the ARN's own, or the one of what names it.
    pub region: String,
    /// Its account, where one is named.
    pub account: Option<String>,
    /// Its name, without a qualifier.
    pub name: String,
    /// An alias, a version, or `$LATEST`.
    pub qualifier: Option<String>,
    /// The partition, where an ARN names one.
    pub partition: Option<String>,
}

/// Why a text is no URI of a service. Displays as API Gateway says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidServiceUri {
    /// Not `arn:{partition}:apigateway:{region}:{service}:…`.
    Arn,
    /// Neither `path/` nor `action/` behind the service.
    NoPathOrAction,
    /// It invokes a function, and does not name one.
    Function,
}

impl fmt::Display for InvalidServiceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Arn => "Invalid ARN specified in the request",
            Self::NoPathOrAction => "AWS ARN for integration must contain path or action",
            Self::Function => "Invalid function ARN or invalid uri",
        })
    }
}

impl std::error::Error for InvalidServiceUri {}

impl ServiceUri {
    /// Reads a URI whose stage variables are resolved.
    ///
    /// # Errors
    /// [`InvalidServiceUri`].
    pub fn parse(text: &str) -> Result<Self, InvalidServiceUri> {
        let invalid = InvalidServiceUri::Arn;
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().ok_or(invalid);
        let (arn, partition, gateway, region, service) =
            (next()?, next()?, next()?, next()?, next()?);
        let (subdomain, service) = match service.rsplit_once('.') {
            Some((subdomain, service)) => (Some(subdomain), service),
            None => (None, service),
        };
        let is_arn = arn == "arn" && gateway == "apigateway";
        let is_host = subdomain.is_none_or(|subdomain| subdomain.split('.').all(is_label));
        if !is_arn || !is_host || ![partition, region, service].iter().all(|word| is_label(word)) {
            return Err(invalid);
        }
        let rest = parts.next().ok_or(InvalidServiceUri::NoPathOrAction)?;
        let other = |target| {
            Self::Other(ServiceCall {
                region: region.to_owned(),
                subdomain: subdomain.map(str::to_owned),
                service: service.to_owned(),
                target,
            })
        };
        let Some(path) = rest.strip_prefix("path/") else {
            let action = rest.strip_prefix("action/").unwrap_or_default();
            let (name, query) = action.split_once('&').unwrap_or((action, ""));
            if name.is_empty() {
                return Err(InvalidServiceUri::NoPathOrAction);
            }
            let (name, query) = (name.to_owned(), query.to_owned());
            return Ok(other(ServiceTarget::Action { name, query }));
        };
        // `path//2015-03-31/…` is taken, too.
        let path = path.trim_start_matches('/');
        match invocation(path).filter(|_| service == "lambda") {
            None if path.is_empty() && service == "lambda" => {
                Err(InvalidServiceUri::NoPathOrAction)
            }
            None => Ok(other(ServiceTarget::Path(path.to_owned()))),
            Some((function, is_streaming)) => {
                let function = FunctionName::parse(function, region);
                let function = function.ok_or(InvalidServiceUri::Function)?;
                Ok(Self::Lambda(Invocation { function, is_streaming }))
            }
        }
    }
}

/// What stands for the function in `{date}/functions/{function}/invocations`, and whether it streams.
fn invocation(path: &str) -> Option<(&str, bool)> {
    let (date, rest) = path.split_once("/functions/")?;
    let is_date = date.len() == 10 && date.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let (function, call) = rest.rsplit_once('/')?;
    let is_streaming = match call {
        "invocations" => false,
        "response-streaming-invocations" => true,
        _ => return None,
    };
    is_date.then_some((function, is_streaming))
}

impl FunctionName {
    /// Reads `arn:{partition}:lambda:{region}:{account}:function:{name}`, `{account}:function:{name}`,
    /// `function:{name}` or `{name}`, each with an optional `:{qualifier}`. A region that is not named is
    /// `region`.
    pub fn parse(text: &str, region: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let is_account = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        let (arn, rest) = match parts.as_slice() {
            ["arn", partition, "lambda", region, account, "function", rest @ ..] => {
                if !is_account(account) || !is_label(partition) || !is_label(region) {
                    return None;
                }
                ((Some(*partition), *region, Some(*account)), rest)
            }
            [account, "function", rest @ ..] if is_account(account) => {
                ((None, region, Some(*account)), rest)
            }
            ["function", rest @ ..] if !rest.is_empty() => ((None, region, None), rest),
            rest => ((None, region, None), rest),
        };
        let (name, qualifier) = match rest {
            [name] => (*name, None),
            [name, qualifier] => (*name, Some(*qualifier)),
            _ => return None,
        };
        let is_qualifier = |text: &str| text == "$LATEST" || is_function_name(text);
        let is_right = is_function_name(name) && qualifier.is_none_or(is_qualifier);
        let (partition, region, account) = arn;
        is_right.then(|| Self {
            region: region.to_owned(),
            account: account.map(str::to_owned),
            name: name.to_owned(),
            qualifier: qualifier.map(str::to_owned),
            partition: partition.map(str::to_owned),
        })
    }

    /// Whether it is the function itself, and no alias or version of it.
    pub fn is_latest(&self) -> bool {
        self.qualifier.as_deref().is_none_or(|qualifier| qualifier == "$LATEST")
    }

    /// As `Invoke` takes it: an ARN where the account is known, else the name.
    pub fn to_text(&self) -> String {
        let mut text = match &self.account {
            Some(account) => {
                let partition =
                    self.partition.as_deref().unwrap_or_else(|| partition(&self.region));
                format!("arn:{partition}:lambda:{}:{account}:function:{}", self.region, self.name)
            }
            None => self.name.clone(),
        };
        if let Some(qualifier) = &self.qualifier {
            text.push(':');
            text.push_str(qualifier);
        }
        text
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.qualifier {
            Some(qualifier) => write!(f, ":{qualifier}"),
            None => Ok(()),
        }
    }
}

/// Whether a text is a function's name or an alias. Source: Lambda API reference, `[a-zA-Z0-9-_]+`.
pub fn is_function_name(text: &str) -> bool {
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    !text.is_empty()
        && text.len() <= crate::limits::FUNCTION_NAME_CHARS_MAX
        && text.bytes().all(is_letter)
}

/// Whether a text is one word of letters, digits and hyphens, as regions are.
fn is_label(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// The partition that a region lies in.
pub fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

#[cfg(test)]
mod tests;
