//! Single requests whose answers are looked at whole.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gateway_model::{IntegrationType, Stage};
use loadgen_engine::{Answer, Request, ask};

use crate::drive::failure;
use crate::limits::{PATIENCE_COUNT, PATIENCE_PAUSE};
use crate::origin::Origin;
use crate::planned::Finding;
use crate::promises::{Way, ways};
use crate::route::Route;
use crate::session::Session;

/// An answer, and when it was on its way.
#[derive(Clone, Debug)]
pub(crate) struct Probed {
    /// What came.
    pub(crate) answer: Answer,
    /// Before its request was sent.
    pub(crate) sent: Instant,
    /// After its last byte.
    pub(crate) received: Instant,
}

impl Probed {
    /// Whether the gateway let the request through and something answered it.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.answer.status)
    }
}

/// Sends one request on a connection of its own. A throttled one is sent again after a while: limits are not what is
/// looked at here.
///
/// # Errors
/// Why there is no answer, or none that says anything.
pub(crate) fn send(session: &Session<'_>, request: &Request) -> Result<Probed, Finding> {
    let settings = session.settings;
    for _ in 0..PATIENCE_COUNT {
        let sent = Instant::now();
        let answer = ask(&settings.target, std::slice::from_ref(request), settings.timeout);
        let received = Instant::now();
        let answer = match answer.into_iter().next() {
            Some(Ok(answer)) => answer,
            Some(Err(error)) => {
                let text = format!("{} had no answer: {}", request.name, failure(error));
                let trusted = match &settings.target.tls {
                    Some(_) => ", and that this machine trusts its certificate",
                    None => "",
                };
                return Err(Finding::not_checked(format!(
                    "{text}; see that the target is up{trusted}"
                )));
            }
            None => return Err(Finding::not_checked("nothing was sent")),
        };
        match error_type(&answer) {
            "TooManyRequestsException" => std::thread::sleep(PATIENCE_PAUSE),
            "LimitExceededException" => {
                return Err(Finding::not_checked(
                    "the quota of the key is used up; give another key with --key, or wait for the next period",
                ));
            }
            _ => return Ok(Probed { answer, sent, received }),
        }
    }
    let text = format!("{} is throttled all the time; take other load off it", request.name);
    Err(Finding::not_checked(text))
}

/// What an answer of the gateway's own says of itself: `x-amzn-errortype`, or nothing.
pub(crate) fn error_type(answer: &Answer) -> &str {
    // A suffix such as `:http://…` was never part of the name.
    answer.header("x-amzn-errortype").unwrap_or_default().split(':').next().unwrap_or_default()
}

/// `403 ForbiddenException`: an answer in a few words.
pub(crate) fn in_words(answer: &Answer) -> String {
    match error_type(answer) {
        "" => answer.status.to_string(),
        kind => format!("{} {kind}", answer.status),
    }
}

/// The best way to call `route` again and again: without a key, else with the key whose quota is the largest.
pub(crate) fn way_to<'a>(session: &Session<'a>, route: &Route<'a>) -> Option<Way<'a>> {
    let of_route = ways(session).into_iter().filter(|way| way.route.is(route));
    let quota = |way: &Way<'_>| {
        let quota = way.member.and_then(|member| member.plan.quota.as_ref());
        quota.and_then(|quota| quota.limit)
    };
    of_route.min_by_key(|way| match (way.member, quota(way)) {
        (None, _) => (0, 0),
        (Some(_), None) => (1, 0),
        (Some(_), Some(limit)) => (2, i64::MAX.saturating_sub(limit)),
    })
}

/// Why nobody can call `route`, and what to do about it.
pub(crate) fn no_way(route: &Route<'_>) -> String {
    let name = route.name();
    match route.method.api_key_required {
        true => format!("{name} asks for an API key: give one with --key NAME=VALUE"),
        false => format!("{name} asks for authorization: give a token in the file of --expect"),
    }
}

/// The origin, if `route`'s integration calls it.
///
/// # Errors
/// Why its calls cannot be seen, and what to do about it.
pub(crate) fn origin_of<'s>(
    session: &'s Session<'_>,
    route: &Route<'_>,
) -> Result<&'s Origin, String> {
    let name = route.name();
    let Some(integration) = &route.method.integration else {
        return Err(format!("{name} has no integration"));
    };
    match integration.kind {
        IntegrationType::Http | IntegrationType::HttpProxy => {}
        IntegrationType::Mock => {
            return Err(format!(
                "{name} is answered by the gateway itself: nobody sees whether it is cached"
            ));
        }
        other => {
            return Err(format!("{name} is answered by {other}, whose calls loadgen cannot count"));
        }
    }
    let origin = session.origin.as_ref().map_err(Clone::clone)?;
    let uri = integration.uri.as_ref().map_or("", |uri| uri.value.as_str());
    let uri = with_variables(uri, |variable| variable_of(route.stage, variable));
    let at = uri
        .strip_prefix("http://")
        .map(|rest| &rest[..rest.find(['/', '?']).unwrap_or(rest.len())]);
    if at.is_some_and(|authority| origin.is_at(authority)) {
        return Ok(origin);
    }
    let here = origin.address();
    Err(format!(
        "{name} is answered by {uri}, and calls are counted at http://{here}; give the address with --param"
    ))
}

/// A stage variable's value.
pub(crate) fn variable_of<'a>(stage: &'a Stage, name: &str) -> Option<&'a str> {
    stage.variables.get(name).map(|value| value.value.as_str())
}

/// `text` with `${stageVariables.NAME}` replaced; those without a value become nothing.
pub(crate) fn with_variables<'v>(text: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    const BEGINNING: &str = "${stageVariables.";
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(BEGINNING) {
        out.push_str(before);
        let Some((name, behind)) = behind.split_once('}') else {
            out.push_str(BEGINNING);
            rest = behind;
            continue;
        };
        out.push_str(value(name).unwrap_or_default());
        rest = behind;
    }
    out + rest
}

/// A word that no request had before, in this run or another.
pub(crate) fn fresh() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let count = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("lg{:x}x{:x}x{count}", crate::unix_ms(), std::process::id())
}

/// A duration as people say it.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stage_variables_are_replaced_where_they_stand() {
        let value = |name: &str| (name == "host").then_some("127.0.0.1:9000");
        for (text, expected) in [
            ("http://${stageVariables.host}/a", "http://127.0.0.1:9000/a"),
            ("http://h/${stageVariables.other}/b", "http://h//b"),
            ("http://h/${stageVariables.host", "http://h/${stageVariables.host"),
            ("http://h/{id}", "http://h/{id}"),
        ] {
            assert_eq!(with_variables(text, value), expected);
        }
    }

    #[test]
    fn words_are_new_each_time() {
        assert_ne!(fresh(), fresh());
    }
}
