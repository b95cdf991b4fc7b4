//! The way to functions that run: `Invoke` of AWS Lambda.

use std::pin::Pin;
use std::sync::Arc;

use crate::limits::INVOKE_PAYLOAD_BYTES_MAX;
use crate::wire::base64;
use crate::{Answer, ApiError, Call};

/// One invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The function's name.
    pub function: String,
    /// The version to run; `None` is the function as it is now.
    pub version: Option<String>,
    /// The event.
    pub payload: Vec<u8>,
    /// Nobody waits for its result.
    pub is_event: bool,
    /// What it writes is wanted.
    pub wants_log: bool,
}

/// What came of an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoked {
    /// The result, or the error document.
    pub payload: Vec<u8>,
    /// The function failed.
    pub is_error: bool,
    /// What it wrote, the last of it, if that was wanted.
    pub log: Option<Vec<u8>>,
}

/// Why nothing came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotInvoked {
    /// No function of the name runs here.
    Unknown,
    /// All of its environments are in use.
    Throttled,
    /// It took longer than it may.
    TimedOut,
    /// No environment can be started; why.
    Unavailable(String),
}

/// What an [`Invoker`] gives.
pub type Invoking = Pin<Box<dyn Future<Output = Result<Invoked, NotInvoked>> + Send>>;

/// Invokes functions. Implemented by the process that runs them.
pub type Invoker = Arc<dyn Fn(Invocation) -> Invoking + Send + Sync>;

/// How an invocation is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    RequestResponse,
    Event,
    DryRun,
}

/// The function that a call invokes, if that is what it does.
pub(crate) fn target(call: &Call) -> Option<&str> {
    match &call.segments()[..] {
        ["2015-03-31", "functions", _, "invocations"] if call.method == "POST" => {
            call.path.get(2).map(String::as_str)
        }
        _ => None,
    }
}

/// The version that a function's configuration, as it is shown, is of; `None` is the function as it is now.
pub(crate) fn version_of(configuration: &Answer) -> Option<String> {
    let shown: serde_json::Value = serde_json::from_slice(&configuration.body).ok()?;
    shown["Version"].as_str().filter(|version| *version != "$LATEST").map(str::to_owned)
}

/// Carries out `Invoke` of a function that was looked up: `known` says that it is one of ours by hand or of a stack, and which
/// version of it is meant.
pub(crate) async fn invoke(
    invoker: &Invoker,
    call: &Call,
    name: String,
    known: Result<Option<String>, ApiError>,
) -> Result<Answer, ApiError> {
    let kind = match call.header("x-amz-invocation-type") {
        None | Some("RequestResponse") => Kind::RequestResponse,
        Some("Event") => Kind::Event,
        Some("DryRun") => Kind::DryRun,
        Some(other) => {
            return Err(ApiError::validation(format!(
                "1 validation error detected: Value '{other}' at 'invocationType' failed to satisfy constraint: Member \
                 must satisfy enum value set: [Event, RequestResponse, DryRun]"
            )));
        }
    };
    if call.body.len() > INVOKE_PAYLOAD_BYTES_MAX {
        let text = format!(
            "Request must be smaller than {INVOKE_PAYLOAD_BYTES_MAX} bytes for the InvokeFunction operation"
        );
        return Err(ApiError::new(413, "RequestTooLargeException", text));
    }
    // Without a payload the event is an empty object.
    let payload = if call.body.is_empty() { b"{}".to_vec() } else { call.body.clone() };
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
        let text = format!("Could not parse request body into json: {error}");
        return Err(ApiError::new(400, "InvalidRequestContentException", text));
    }
    if kind == Kind::DryRun {
        return known.map(|_| Answer::empty(204));
    }
    let version = known.as_ref().ok().cloned().flatten();
    let executed = version.clone().unwrap_or_else(|| "$LATEST".to_owned());
    let invocation = Invocation {
        function: name,
        version,
        payload,
        is_event: kind == Kind::Event,
        wants_log: call.header("x-amz-log-type") == Some("Tail"),
    };
    let invoked = invoker(invocation).await.map_err(|why| match (why, known) {
        // Those of files are known where they run alone.
        (NotInvoked::Unknown, Err(error)) => error,
        (NotInvoked::Unknown, Ok(_)) => {
            let text = "The function does not run here: its runtime or its code is not served";
            ApiError::new(502, "InvalidRuntimeException", text)
        }
        (NotInvoked::Throttled, _) => {
            ApiError::new(429, "TooManyRequestsException", "Rate Exceeded.")
        }
        (NotInvoked::TimedOut, _) => {
            ApiError::new(500, "ServiceException", "The function did not answer in time")
        }
        (NotInvoked::Unavailable(why), _) => {
            let why = without_paths(&why);
            ApiError::new(500, "ServiceException", format!("The function cannot be started: {why}"))
        }
    })?;
    if kind == Kind::Event {
        return Ok(Answer::empty(202));
    }
    let mut answer = Answer {
        status: 200,
        content_type: Some("application/json"),
        headers: vec![("X-Amz-Executed-Version", executed)],
        body: invoked.payload,
    };
    if invoked.is_error {
        answer.headers.push(("X-Amz-Function-Error", "Unhandled".to_owned()));
    }
    if let Some(log) = invoked.log {
        answer.headers.push(("X-Amz-Log-Result", base64(&log)));
    }
    Ok(answer)
}

/// A text with only the names of the files that it has paths of: who calls is not shown around this machine. The log has
/// them.
fn without_paths(text: &str) -> String {
    let name = |word: &str| match word.trim_start_matches(['"', '\'', '(']).starts_with('/') {
        true => word.rsplit('/').next().unwrap_or_default().to_owned(),
        false => word.to_owned(),
    };
    text.split(' ').map(name).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_learn_no_paths() {
        for (text, told) in [
            (
                "cannot unpack /var/lib/gateway/code/ab.zip: entry \"../x\" lies outside",
                "cannot unpack ab.zip: entry \"../x\" lies outside",
            ),
            ("no file `bootstrap` in /srv/f: a runtime", "no file `bootstrap` in f: a runtime"),
            ("no python3.12 here", "no python3.12 here"),
        ] {
            assert_eq!(without_paths(text), told);
        }
    }
}
