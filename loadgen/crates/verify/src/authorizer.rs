//! Authorizers and their caches: a decision that is kept opens nothing that it was not about.
//!
//! API Gateway keeps an authorizer's answer by identity, not by method, and looks again at its policy for each method;
//! so does every right gateway, and one that keeps "allowed" instead leaks. Source: API Gateway Developer Guide,
//! "Configure a Lambda authorizer", on `authorizerResultTtlInSeconds`.

use std::time::Duration;

use gateway_model::{AuthorizationType, AuthorizerType};
use loadgen_engine::{Answer, Request, ask};
use loadgen_report::Verdict;

use crate::drive::failure;
use crate::limits::{LEAK_CONNECTIONS, LEAK_ROUNDS};
use crate::planned::{Finding, Phase, Planned};
use crate::probe::{error_type, in_words};
use crate::route::{Member, Route, members, routes};
use crate::session::{Extra, Session};
use crate::settings::Token;

/// What a file of expectations says about tokens.
const EXAMPLE: &str =
    "tokens: [{value: Bearer abc, allows: [GET /orders], denies: [DELETE /orders]}]";

/// The header in which `route`'s authorizer looks for the caller's identity.
pub(crate) fn identity_header(route: &Route<'_>) -> Option<String> {
    use AuthorizationType::{CognitoUserPools, Custom};
    if !matches!(route.method.authorization_type, Custom | CognitoUserPools) {
        return None;
    }
    let authorizer = route.authorizer()?;
    let Some(source) = &authorizer.identity_source else {
        // A request authorizer without a source is asked each time.
        return (authorizer.kind != AuthorizerType::Request).then(|| "Authorization".to_owned());
    };
    let mut sources = source.value.split(',').map(str::trim);
    sources.find_map(|source| source.strip_prefix("method.request.header.")).map(str::to_owned)
}

/// Every promise about authorizers.
pub(crate) fn plan<'a>(session: &Session<'a>) -> Vec<Planned<'a>> {
    let all = routes(session.definitions, session.settings.stage.as_deref());
    let mut planned: Vec<Planned<'a>> = Vec::new();
    for route in &all {
        let Some(authorizer) = route.authorizer() else { continue };
        if !matches!(
            route.method.authorization_type,
            AuthorizationType::Custom | AuthorizationType::CognitoUserPools
        ) {
            continue;
        }
        let at = format!("{}/{}", route.stage_name(), authorizer.name);
        if planned.iter().any(|known| known.id.ends_with(&at)) {
            continue;
        }
        let of_authorizer: Vec<Route<'a>> = all
            .iter()
            .filter(|other| {
                other.is_same_stage(route)
                    && other.method.authorizer_id == route.method.authorizer_id
            })
            .copied()
            .collect();
        let mut add = |what: What, promised: String| {
            let routes = of_authorizer.clone();
            planned.push(Planned {
                id: format!("authorizer/{}/{at}", what.as_str()),
                promised,
                place: Some(authorizer.place.clone()),
                phase: Phase::Authorizers,
                lasts: Duration::from_millis(200),
                run: Box::new(move |session| check(session, &routes, what)),
            });
        };
        let name = &authorizer.name;
        let ttl = authorizer.result_ttl_seconds.unwrap_or(300);
        add(What::Opens, format!("each token of {name} opens what it should, and nothing else"));
        add(
            What::Leak,
            format!("a decision of {name} about one method opens no other, kept or not"),
        );
        add(
            What::Cache,
            format!(
                "a token's decisions stay the same within the {ttl} s for which {name}'s are kept"
            ),
        );
    }
    planned
}

#[derive(Clone, Copy)]
enum What {
    Opens,
    Leak,
    Cache,
}

impl What {
    fn as_str(self) -> &'static str {
        match self {
            Self::Opens => "opens",
            Self::Leak => "leak",
            Self::Cache => "cache",
        }
    }
}

/// A request with a token, and whether it should get through.
struct Case<'a> {
    request: Request,
    name: String,
    token: usize,
    is_allowed: bool,
    tokens: &'a [Token],
    /// With whose key.
    member: Option<Member<'a>>,
}

impl Case<'_> {
    /// What is wrong with an answer.
    fn fault(&self, answer: &Answer) -> Option<String> {
        let (name, words) = (&self.name, in_words(answer));
        let number = self.token + 1;
        let whose = match self.tokens[self.token].authorizer.as_str() {
            "" => format!("token {number}"),
            authorizer => format!("token {number}, of {authorizer},"),
        };
        match (self.is_allowed, is_refused(answer)) {
            (true, true) => Some(format!("{whose} does not open {name}, which answered {words}")),
            (false, false) => Some(format!("{whose} opens {name}, which answered {words}")),
            _ => None,
        }
    }
}

/// Whether an authorizer refused the request.
fn is_refused(answer: &Answer) -> bool {
    match error_type(answer) {
        "UnauthorizedException"
        | "AccessDeniedException"
        | "AuthorizerConfigurationException"
        | "AuthorizerFailureException" => true,
        "" => matches!(answer.status, 401 | 403),
        _ => false,
    }
}

fn check(session: &Session<'_>, routes: &[Route<'_>], what: What) -> Finding {
    let cases = match cases(session, routes) {
        Ok(cases) if cases.is_empty() => {
            let text = "no token opens or does not open a method: list them in the file of --expect, as in";
            return Finding::not_checked(format!("{text} {EXAMPLE}"));
        }
        Ok(cases) => cases,
        Err(why) => return Finding::not_checked(why),
    };
    match what {
        What::Opens => opens(session, &cases),
        What::Leak => leak(session, &cases),
        What::Cache => cache(session, &cases),
    }
}

/// Every token on every method that it is said to open, or not to.
fn cases<'s>(session: &'s Session<'_>, routes: &[Route<'_>]) -> Result<Vec<Case<'s>>, String> {
    let tokens = &session.settings.expectations.tokens;
    let mut cases = Vec::new();
    for route in routes {
        let (Some(header), Some(authorizer)) = (identity_header(route), route.authorizer()) else {
            continue;
        };
        let id = authorizer.id.as_str();
        let name = route.name();
        let of_authorizer = tokens.iter().enumerate().filter(|(_, token)| {
            token.authorizer.is_empty()
                || token.authorizer == authorizer.name
                || token.authorizer == id
        });
        for (position, token) in of_authorizer {
            let is_allowed = token.allows.contains(&name);
            if !is_allowed && !token.denies.contains(&name) {
                continue;
            }
            let members = members(session.definitions, route).into_iter();
            let mut members = members.filter(|member| session.key_value(member.key).is_some());
            let member = members.next().filter(|_| route.method.api_key_required);
            if route.method.api_key_required && member.is_none() {
                return Err(format!("{name} asks for an API key: give one with --key NAME=VALUE"));
            }
            let headers = vec![(header.clone(), token.value.clone())];
            let key = member.and_then(|member| session.key_value(member.key));
            let request = session.request(route, &Extra { key, headers, ..Extra::default() });
            let name = name.clone();
            cases.push(Case { request, name, token: position, is_allowed, tokens, member });
        }
    }
    Ok(cases)
}

/// Sends the cases one after the other, `rounds` times, on each of `connections`; the faults, each once.
fn send(
    session: &Session<'_>,
    cases: &[&Case<'_>],
    rounds: usize,
    connections: usize,
) -> Result<Vec<String>, Finding> {
    let settings = session.settings;
    let requests: Vec<Request> =
        (0..rounds).flat_map(|_| cases.iter().map(|case| case.request.clone())).collect();
    let answered = std::thread::scope(|scope| {
        let each = || ask(&settings.target, &requests, settings.timeout);
        let running: Vec<_> = (0..connections).map(|_| scope.spawn(each)).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or_default()).collect::<Vec<_>>()
    });
    let mut faults: Vec<String> = Vec::new();
    for answers in answered {
        for (position, answer) in answers.into_iter().enumerate() {
            let answer = answer.map_err(|error| {
                Finding::not_checked(format!("a request had no answer: {}", failure(error)))
            })?;
            let case = cases[position % cases.len()];
            session.spent.meet(
                case.member.as_ref(),
                u64::from(!is_refused(&answer) && answer.status != 429),
            );
            // A throttle comes behind the authorizer, and says that it let the request through.
            let is_limited = answer.status == 429 && case.is_allowed;
            let fault = case.fault(&answer);
            faults.extend(fault.filter(|fault| !is_limited && !faults.contains(fault)));
        }
    }
    Ok(faults)
}

fn finding(offered: String, faults: Vec<String>) -> Finding {
    let observed = match faults.len() {
        0 => "every answer as it should be".to_owned(),
        count => format!("{count} wrong decisions"),
    };
    let verdict = match faults.is_empty() {
        true => Verdict::Passed,
        false => Verdict::Failed(faults.into_iter().take(3).collect::<Vec<_>>().join("; ")),
    };
    let tolerance = "none: a token opens a method or does not".to_owned();
    Finding { offered, observed, verdict, tolerance, plots: Vec::new() }
}

fn opens(session: &Session<'_>, cases: &[Case<'_>]) -> Finding {
    // Each alone and with what it denies first, so that no kept decision shows here.
    let mut ordered: Vec<_> = cases.iter().collect();
    ordered.sort_by_key(|case| (case.token, case.is_allowed));
    let offered =
        format!("{} requests, each token on each method that is named for it", ordered.len());
    match send(session, &ordered, 1, 1) {
        Ok(faults) => finding(offered, faults),
        Err(finding) => Finding { offered, ..finding },
    }
}

fn leak(session: &Session<'_>, cases: &[Case<'_>]) -> Finding {
    let mut faults = Vec::new();
    let mut count = 0;
    let mut tokens: Vec<_> = cases.iter().map(|case| case.token).collect();
    tokens.dedup();
    tokens.sort_unstable();
    tokens.dedup();
    for token in tokens {
        let of_token = |is_allowed| {
            cases.iter().filter(move |c| c.token == token && c.is_allowed == is_allowed)
        };
        let (allowed, denied): (Vec<_>, Vec<_>) =
            (of_token(true).collect(), of_token(false).collect());
        if allowed.is_empty() || denied.is_empty() {
            continue;
        }
        // What is allowed first, so that its decision is kept; then what is not, at once; and the other way round.
        let forth: Vec<_> = allowed.iter().chain(&denied).copied().collect();
        let back: Vec<_> = denied.iter().chain(&allowed).copied().collect();
        for order in [forth, back] {
            count += order.len() * LEAK_ROUNDS * LEAK_CONNECTIONS;
            match send(session, &order, LEAK_ROUNDS, LEAK_CONNECTIONS) {
                Ok(found) => faults.extend(found),
                Err(finding) => return finding,
            }
        }
    }
    if count == 0 {
        let text =
            "no token opens one method and not another: name both in the file of --expect, as in";
        return Finding::not_checked(format!("{text} {EXAMPLE}"));
    }
    faults.dedup();
    let offered = format!(
        "{count} requests over {LEAK_CONNECTIONS} connections at a time, allowed and denied methods in turn, in both orders"
    );
    finding(offered, faults)
}

fn cache(session: &Session<'_>, cases: &[Case<'_>]) -> Finding {
    let count = cases.len() * LEAK_ROUNDS;
    let offered = format!("{count} requests, each of {} {LEAK_ROUNDS} times in a row", cases.len());
    let mut faults = Vec::new();
    for case in cases {
        let settings = session.settings;
        let requests = vec![case.request.clone(); LEAK_ROUNDS];
        let mut decisions = Vec::new();
        for answer in ask(&settings.target, &requests, settings.timeout) {
            match answer {
                Ok(answer) => {
                    session.spent.meet(
                        case.member.as_ref(),
                        u64::from(!is_refused(&answer) && answer.status != 429),
                    );
                    decisions.push(is_refused(&answer));
                }
                Err(error) => {
                    let text = format!("a request had no answer: {}", failure(error));
                    return Finding { offered, ..Finding::not_checked(text) };
                }
            }
        }
        if decisions.iter().any(|decision| Some(decision) != decisions.first()) {
            faults.push(format!("token {} is let through {} sometimes", case.token + 1, case.name));
        }
    }
    finding(offered, faults)
}

#[cfg(test)]
mod tests;
