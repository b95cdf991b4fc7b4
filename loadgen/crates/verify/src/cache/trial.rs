//! Requests for one cached method, with the calls that reached the backend meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use gateway_model::PathPart;
use loadgen_engine::{Answer, Request, Target, ask};

use crate::cache::settings::{Caching, Part};
use crate::drive::failure;
use crate::limits::CACHE_CONNECTIONS_MIN;
use crate::origin::{Origin, number};
use crate::planned::Finding;
use crate::probe::{self, fresh, in_words};
use crate::promises::Way;
use crate::route::Route;
use crate::session::{Extra, Session};

/// Marks a check's calls, where the integration passes headers on.
const PROBE: &str = "x-loadgen-probe";

/// A cached method, a way to call it, and the backend that it calls.
pub(super) struct Trial<'s> {
    pub(super) session: &'s Session<'s>,
    pub(super) caching: &'s Caching,
    way: Way<'s>,
    origin: &'s Origin,
    probe: String,
}

/// What a request says beside its route.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    path: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
}

/// Answers, and what reached the backend for them.
#[derive(Clone, Debug)]
pub(super) struct Calls {
    /// Calls that reached the backend.
    pub(super) count: u64,
    /// What came, at least one.
    pub(super) answers: Vec<Answer>,
    /// Calls of the backend before the first request.
    mark: u64,
    pub(super) sent: Instant,
    pub(super) received: Instant,
}

impl Values {
    /// Sets the value of a parameter by its label.
    pub(super) fn set(&mut self, label: &str, value: String) {
        let Some((part, name)) = label.split_once('.') else { return };
        let part = match part {
            "path" => &mut self.path,
            "querystring" => &mut self.query,
            _ => &mut self.headers,
        };
        part.insert(name.to_owned(), value);
    }

    /// With one more header.
    pub(super) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }
}

impl Calls {
    /// The answer, of one request.
    pub(super) fn answer(&self) -> &Answer {
        &self.answers[0]
    }

    /// Whether the body says which call it is of.
    pub(super) fn is_numbered(&self) -> bool {
        number(&self.answer().body).is_some()
    }

    /// Whether both are answered alike.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let (a, b) = (self.answer(), other.answer());
        a.status == b.status && a.body == b.body
    }

    /// How many answers are of calls before those that `since` is about.
    pub(super) fn older_than(&self, since: &Self) -> usize {
        let numbers = self.answers.iter().filter_map(|answer| number(&answer.body));
        numbers.filter(|number| *number <= since.mark).count()
    }
}

impl<'s> Trial<'s> {
    /// A trial, if calls can be made and counted.
    pub(super) fn new(
        session: &'s Session<'s>,
        route: &Route<'s>,
        caching: &'s Caching,
    ) -> Result<Self, String> {
        let origin = probe::origin_of(session, route)?;
        let way = probe::way_to(session, route).ok_or_else(|| probe::no_way(route))?;
        let canary = route.stage.canary.as_ref().and_then(|canary| canary.percent_traffic);
        if canary.is_some_and(|percent| percent > 0.0 && percent < 100.0) {
            return Err(
                "the stage has a canary, whose requests have entries of their own or none; verify \
                        its cache without one"
                    .to_owned(),
            );
        }
        Ok(Self { session, caching, way, origin, probe: fresh() })
    }

    /// What the method requires, and new values for what makes the key.
    pub(super) fn fresh_values(&self) -> Values {
        let mut values = Values {
            path: self.session.settings.expectations.parameters.clone(),
            ..Values::default()
        };
        let given = &self.session.settings.expectations.parameters;
        for (parameter, is_required) in &self.way.route.method.request_parameters {
            let Some((part, name)) =
                parameter.strip_prefix("method.request.").and_then(|p| p.split_once('.'))
            else {
                continue;
            };
            if *is_required && part != "path" {
                let value = given.get(name).cloned().unwrap_or_else(|| "1".to_owned());
                values.set(&format!("{part}.{name}"), value);
            }
        }
        for key in &self.caching.keys {
            values.set(&key.label, fresh());
        }
        values
    }

    /// What is no part of the key, in words.
    pub(super) fn others(&self) -> String {
        let names = self.path_others();
        match names.is_empty() {
            true => "a query parameter that is no part of the key".to_owned(),
            false => format!(
                "a query parameter and path.{}, which are no part of the key",
                names.join(" and path.")
            ),
        }
    }

    /// The same key, and something else that differs.
    pub(super) fn with_others(&self, values: &Values) -> Values {
        let mut values = values.clone();
        values.set("querystring.loadgen", fresh());
        for name in self.path_others() {
            values.set(&format!("path.{name}"), fresh());
        }
        values
    }

    /// Path parameters that are no part of the key.
    fn path_others(&self) -> Vec<String> {
        let is_key = |name: &String| {
            self.caching.keys.iter().any(|key| key.part == Part::Path && key.name == *name)
        };
        let mut names = Vec::new();
        let mut at = Some(self.way.route.resource);
        while let Some(resource) = at {
            if let PathPart::Parameter(name) | PathPart::Greedy(name) = &resource.path_part {
                names.push(name.clone());
            }
            at = resource.parent.as_ref().and_then(|id| self.way.route.api.resources.get(id));
        }
        names.retain(|name| !is_key(name));
        names
    }

    /// Sends one request.
    pub(super) fn send(&self, values: &Values) -> Result<Calls, Finding> {
        let mark = self.origin.count();
        let probed = probe::send(self.session, &self.request(values))?;
        self.session.spent.meet(self.way.member.as_ref(), 1);
        if !probed.is_success() && probed.answer.status != 403 {
            let (name, words) = (self.way.route.name(), in_words(&probed.answer));
            return Err(Finding::not_checked(format!("{name} was answered {words}; see why")));
        }
        Ok(Calls {
            count: self.count_since(mark),
            mark,
            sent: probed.sent,
            received: probed.received,
            answers: vec![probed.answer],
        })
    }

    /// Sends the same request on many connections at once.
    pub(super) fn send_on_all(&self, values: &Values) -> Result<Calls, Finding> {
        let settings = self.session.settings;
        let request = self.request(values);
        let count = self.connections();
        let (mark, sent) = (self.origin.count(), Instant::now());
        let answered = std::thread::scope(|scope| {
            let each = || ask(&settings.target, std::slice::from_ref(&request), settings.timeout);
            let threads: Vec<_> = (0..count).map(|_| scope.spawn(each)).collect();
            let joined = threads.into_iter().map(|thread| thread.join().unwrap_or_default());
            joined.flatten().collect::<Vec<_>>()
        });
        let received = Instant::now();
        let mut answers = Vec::new();
        for answer in answered {
            match answer {
                Ok(answer) if (200..300).contains(&answer.status) => answers.push(answer),
                // Some of many may be throttled; they say nothing.
                Ok(answer) if answer.status == 429 => {}
                Ok(answer) => {
                    let (name, words) = (self.way.route.name(), in_words(&answer));
                    return Err(Finding::not_checked(format!(
                        "{name} was answered {words}; see why"
                    )));
                }
                Err(error) => {
                    let text = format!("a request had no answer: {}", failure(error));
                    return Err(Finding::not_checked(text));
                }
            }
        }
        if answers.is_empty() {
            return Err(Finding::not_checked(
                "every request was throttled; take other load off the target",
            ));
        }
        Ok(Calls { count: self.count_since(mark), mark, sent, received, answers })
    }

    /// Flushes the stage's cache through the ops address; what it answered.
    pub(super) fn flush(&self) -> Result<String, String> {
        let route = &self.way.route;
        let address = self
            .session
            .settings
            .ops
            .ok_or("flushing needs the gateway's ops address: give --ops")?;
        let path = format!(
            "/restapis/{}/stages/{}/cache/data",
            route.api.id.as_str(),
            route.stage.name.as_str()
        );
        let head =
            format!("DELETE {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: loadgen\r\n\r\n");
        let request = Request {
            name: format!("DELETE {path}"),
            bytes: Arc::from(head.into_bytes()),
            is_head: false,
            weight: 1,
        };
        let target = Target { address, tls: None };
        match ask(&target, &[request], self.session.settings.timeout).into_iter().next() {
            Some(Ok(answer)) if answer.status == 202 => Ok("202".to_owned()),
            Some(Ok(answer)) => Err(format!("{path} at {address} answered {}", answer.status)),
            Some(Err(error)) => Err(format!("the ops address {address}: {}", failure(error))),
            None => Err("nothing was sent".to_owned()),
        }
    }

    /// As many as the limits on the way let through at once.
    fn connections(&self) -> usize {
        let bursts = self.way.layers.iter().map(|layer| layer.limit.burst);
        let burst =
            bursts.min().and_then(|burst| usize::try_from(burst).ok()).unwrap_or(usize::MAX);
        // The other requests of the check need some too.
        self.session.settings.connections.max(CACHE_CONNECTIONS_MIN).min(burst / 2).max(1)
    }

    fn request(&self, values: &Values) -> Request {
        let way = &self.way;
        let key = way.member.and_then(|member| self.session.key_value(member.key));
        let query = values.query.iter().map(|(name, value)| format!("{name}={value}"));
        let mut headers = way.headers.clone();
        headers.extend(values.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        headers.push((PROBE.to_owned(), self.probe.clone()));
        let extra = Extra {
            key,
            headers,
            query: query.collect::<Vec<_>>().join("&"),
            path: Some(way.route.path(&values.path)),
            ..Extra::default()
        };
        self.session.request(&way.route, &extra)
    }

    /// Calls since `mark` that are not another check's.
    fn count_since(&self, mark: u64) -> u64 {
        let calls = self.origin.since(mark);
        let ours =
            calls.iter().filter(|call| call.header(PROBE).is_none_or(|probe| probe == self.probe));
        ours.count() as u64
    }
}
