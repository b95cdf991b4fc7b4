//! The error contract: what the gateway answers instead of an integration, as the definition customises it or else as
//! API Gateway has it.
//!
//! One check of each kind for each stage, with a method of it that stands for all: gateway responses belong to the
//! API. Source: API Gateway Developer Guide, "Gateway responses for REST APIs in API Gateway".

mod promise;
mod unknown;

use std::time::Duration;

use gateway_model::{
    ApiKeySource, AuthorizationType, AuthorizerType, GatewayResponseType, HttpMethod,
};

use crate::authorizer::identity_header;
use crate::errors::promise::{Fault, Promise};
use crate::planned::{Finding, Phase, Planned};
use crate::probe;
use crate::promises::ways;
use crate::route::{Route, routes};
use crate::session::{Extra, Session};
use loadgen_report::Verdict;

/// A value that is no key and no token of anybody.
const WRONG: &str = "loadgen-is-nobody-and-this-opens-nothing";

/// Every promise about errors.
pub(crate) fn plan<'a>(session: &Session<'a>) -> Vec<Planned<'a>> {
    let all = routes(session.definitions, session.settings.stage.as_deref());
    let mut planned = Vec::new();
    for (position, first) in all.iter().enumerate() {
        if all[..position].iter().any(|before| before.is_same_stage(first)) {
            continue;
        }
        let of_stage: Vec<_> = all.iter().filter(|route| route.is_same_stage(first)).collect();
        planned.extend(no_route(first));
        planned.extend(keys(session, &of_stage));
        planned.extend(tokens(session, &of_stage));
    }
    planned
}

/// What a check sends, and what it waits for.
struct Contract<'a> {
    kind: &'static str,
    route: Route<'a>,
    path: Option<String>,
    key: Option<&'static str>,
    headers: Vec<(String, String)>,
    /// What is wrong with the request, for people.
    what: String,
    /// Any of them.
    promises: Vec<Promise>,
}

impl<'a> Contract<'a> {
    fn planned(self) -> Planned<'a> {
        let described: Vec<_> = self.promises.iter().map(Promise::describe).collect();
        Planned {
            id: format!("errors/{}/{}", self.kind, self.route.stage_name()),
            promised: format!("{} is answered {}", self.what, described.join(" or ")),
            place: self.promises.first().and_then(|promise| promise.place.clone()),
            phase: Phase::Errors,
            lasts: Duration::from_millis(50),
            run: Box::new(move |session| self.run(session)),
        }
    }

    fn run(&self, session: &Session<'_>) -> Finding {
        let extra = Extra {
            key: self.key,
            headers: self.headers.clone(),
            path: self.path.clone(),
            ..Extra::default()
        };
        let request = session.request(&self.route, &extra);
        let head = String::from_utf8_lossy(&request.bytes);
        let line = head.lines().next().unwrap_or_default();
        let offered = format!("one request, {}", line.trim_end_matches(" HTTP/1.1"));
        let answer = match probe::send(session, &request) {
            Ok(probed) => probed.answer,
            Err(finding) => return Finding { offered, ..finding },
        };
        let body: String = String::from_utf8_lossy(&answer.body).chars().take(120).collect();
        let observed = format!("{} with {body}", probe::in_words(&answer));
        let mut least: Option<Vec<Fault>> = None;
        for promise in &self.promises {
            let faults = promise.faults(&answer);
            if least.as_ref().is_none_or(|known| faults.len() < known.len()) {
                least = Some(faults);
            }
        }
        let faults = least.unwrap_or_default();
        let verdict = match faults.is_empty() {
            true => Verdict::Passed,
            false => {
                let texts: Vec<_> = faults.iter().map(ToString::to_string).collect();
                Verdict::Failed(texts.join("; "))
            }
        };
        let tolerance = "none: an answer keeps to the definition or does not; variables of the request match any text";
        Finding { offered, observed, verdict, tolerance: tolerance.to_owned(), plots: Vec::new() }
    }
}

fn no_route<'a>(of_stage: &Route<'a>) -> Option<Planned<'a>> {
    let (verb, path) = unknown::unknown(of_stage.api)?;
    let kind = GatewayResponseType::MissingAuthenticationToken;
    Some(
        Contract {
            kind: "route",
            route: Route { verb, ..*of_stage },
            what: format!("{} {path}, which no resource serves,", verb.as_str()),
            path: Some(path),
            key: None,
            headers: Vec::new(),
            promises: vec![Promise::of(of_stage, kind)],
        }
        .planned(),
    )
}

fn keys<'a>(session: &Session<'a>, of_stage: &[&Route<'a>]) -> Vec<Planned<'a>> {
    let asks = |route: &&&Route<'a>| {
        route.method.api_key_required
            && route.api.api_key_source == ApiKeySource::Header
            && route.verb != HttpMethod::Head
    };
    let is_open = |route: &&Route<'a>| route.method.authorization_type == AuthorizationType::None;
    // Authorization comes before the key, so a method is taken that asks for none, or one for which there is a token.
    let open = of_stage.iter().filter(asks).find(|route| is_open(route)).map(|r| (**r, Vec::new()));
    let authorized = || {
        let route = of_stage.iter().find(|route| asks(route))?;
        let way = ways(session).into_iter().find(|way| way.route.is(route))?;
        Some((**route, way.headers))
    };
    let Some((route, headers)) = open.or_else(authorized) else { return Vec::new() };
    let name = route.name();
    let contract = |kind, key, what| {
        let headers = headers.clone();
        let promises = vec![Promise::of(&route, GatewayResponseType::InvalidApiKey)];
        Contract { kind, route, path: None, key, headers, what, promises }.planned()
    };
    vec![
        contract("key-missing", None, format!("{name} without an API key")),
        contract("key-wrong", Some(WRONG), format!("{name} with a key that nobody has")),
    ]
}

fn tokens<'a>(session: &Session<'a>, of_stage: &[&Route<'a>]) -> Vec<Planned<'a>> {
    let mut planned = Vec::new();
    let is_asked =
        |route: &&&Route<'a>| route.verb != HttpMethod::Head && identity_header(route).is_some();
    if let Some(route) = of_stage.iter().find(is_asked) {
        let header = identity_header(route).unwrap_or_default();
        let name = route.name();
        let contract = |kind, headers, what, kinds: &[GatewayResponseType]| {
            let promises = kinds.iter().map(|kind| Promise::of(route, *kind)).collect();
            Contract { kind, route: **route, path: None, key: None, headers, what, promises }
                .planned()
        };
        use GatewayResponseType::{AccessDenied, Unauthorized};
        let missing = format!("{name} without {header}");
        planned.push(contract("token-missing", Vec::new(), missing, &[Unauthorized]));
        let is_known = is_ours(session, route);
        let wrong = vec![(header.clone(), WRONG.to_owned())];
        if !is_known {
            let what = format!("{name} with a token that nobody has");
            planned.push(contract("token-wrong", wrong, what, &[Unauthorized, AccessDenied]));
        }
    }
    let is_signed = |route: &&&Route<'a>| {
        route.method.authorization_type == AuthorizationType::AwsIam
            && route.verb != HttpMethod::Head
    };
    if let Some(route) = of_stage.iter().find(is_signed) {
        let promises = vec![Promise::of(route, GatewayResponseType::MissingAuthenticationToken)];
        let what = format!("{} without a signature", route.name());
        let (kind, headers) = ("signature-missing", Vec::new());
        let contract =
            Contract { kind, route: **route, path: None, key: None, headers, what, promises };
        planned.push(contract.planned());
    }
    planned
}

/// Whether the made-up token could be one of the authorizer's own.
fn is_ours(session: &Session<'_>, route: &Route<'_>) -> bool {
    let is_token = |kind: AuthorizerType| kind == AuthorizerType::Token;
    let authorizer = route.authorizer();
    authorizer.is_none_or(|authorizer| {
        is_token(authorizer.kind)
            && session.settings.expectations.tokens.iter().any(|t| t.value == WRONG)
    })
}

#[cfg(test)]
mod tests;
