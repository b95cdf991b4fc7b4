//! From texts with places to a scenario that cannot be wrong. All problems are gathered.

use std::collections::BTreeMap;

use loadgen_report::threshold::Threshold;
use loadgen_report::threshold::limits::THRESHOLDS_MAX;
use serde_saphyr::Location;

use super::twin::{self, Pairs, Text};
use super::{Problem, Sources};
use crate::limits::*;
use crate::quantity;
use crate::scenario::{Auth, Body, Engine, Expect, Order, Pace, Request, Scenario, Slow, UserKind};
use crate::template::Template;

/// Headers that the client writes itself.
const OWN_HEADERS: [&str; 5] =
    ["connection", "content-length", "transfer-encoding", "te", "upgrade"];

pub(super) struct Reading<'a> {
    sources: &'a Sources<'a>,
    params: BTreeMap<String, String>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(sources: &'a Sources<'a>, file: &twin::File) -> Self {
        let mut reading = Self { sources, params: BTreeMap::new(), problems: Vec::new() };
        for (name, default) in &file.params.0 {
            let value = sources.params.get(&name.value).unwrap_or(&default.value);
            reading.params.insert(name.value.clone(), value.clone());
        }
        for name in sources.params.keys() {
            if !reading.params.contains_key(name) {
                let known: Vec<&str> = reading.params.keys().map(String::as_str).collect();
                let known = if known.is_empty() { "none".into() } else { known.join(", ") };
                let what = format!("the scenario has no parameter {name:?}; it has {known}");
                reading.problem(&file.name.referenced, what);
            }
        }
        reading
    }

    pub(super) fn scenario(&mut self, file: &twin::File) -> Option<Scenario> {
        let name = self.name(&file.name);
        let requests = self.requests(file);
        let names: Vec<String> = requests.iter().map(|request| request.name.clone()).collect();
        let users = self.users(file, &names);
        let load = self.load(file, &users);
        let timeout = match &file.timeout {
            None => TIMEOUT,
            Some(text) => self.duration(text, TIMEOUT_MAX).unwrap_or(TIMEOUT),
        };
        let thresholds = self.thresholds(&file.thresholds, &names);
        let engine = match file.engine.as_ref().map(|text| (text, self.fill(text))) {
            None => Engine::Goose,
            Some((_, Some(text))) if text == "goose" => Engine::Goose,
            Some((_, Some(text))) if text == "uring" => Engine::Uring,
            Some((text, _)) => {
                self.problem(&text.referenced, "write goose or uring".into());
                Engine::Goose
            }
        };
        let description = file.description.as_ref().map(|text| text.value.trim().to_string());
        Some(Scenario {
            name: name?,
            description: description.unwrap_or_default(),
            requests,
            users,
            load: load?,
            timeout,
            thresholds,
            engine,
        })
    }

    fn requests(&mut self, file: &twin::File) -> Vec<Request> {
        let twins = &file.requests.value;
        if twins.is_empty() || twins.len() > REQUESTS_MAX {
            let what = format!("write 1 to {REQUESTS_MAX} requests; here are {}", twins.len());
            self.problem(&file.requests.referenced, what);
        }
        let mut requests: Vec<Request> = Vec::new();
        for twin in twins.iter().take(REQUESTS_MAX) {
            let Some(request) = self.request(twin) else { continue };
            if requests.iter().any(|other| other.name == request.name) {
                let place = twin.name.as_ref().unwrap_or(&twin.path).referenced;
                let what =
                    format!("another request is named {:?}: give this one a name", request.name);
                self.problem(&place, what);
            }
            requests.push(request);
        }
        requests
    }

    fn request(&mut self, twin: &twin::Request) -> Option<Request> {
        let method = match &twin.method {
            None => Some("GET".to_string()),
            Some(text) => self.parsed(text, method),
        };
        let path = self.parsed(&twin.path, path);
        let path = path.and_then(|path| self.template_of(&twin.path.referenced, &path));
        let query = self.pairs(&twin.query, |_| Ok(()));
        let headers = self.pairs(&twin.headers, header_name);
        let body = self.body(twin);
        let weight = self.weight(twin.weight.as_ref());
        let mut expect = Expect::default();
        if !twin.expect.is_empty() {
            expect = Expect(twin.expect.iter().filter_map(|t| self.parsed(t, statuses)).collect());
        }
        let (method, path) = (method?, path?);
        let name = match &twin.name {
            Some(name) => self.name(name)?,
            None => {
                let shown = self.fill(&twin.path)?;
                format!("{method} {shown}").chars().take(NAME_CHARS_MAX).collect()
            }
        };
        let headers = headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
        Some(Request {
            name,
            method,
            path,
            query,
            headers: headers.collect(),
            body,
            expect,
            weight,
        })
    }

    fn body(&mut self, twin: &twin::Request) -> Body {
        match (&twin.body, &twin.body_file) {
            (None, None) => Body::None,
            (Some(_), Some(file)) => {
                self.problem(&file.referenced, "write body or body_file, not both".into());
                Body::None
            }
            (Some(text), None) => self.template(text).map_or(Body::None, Body::Text),
            (None, Some(file)) => self
                .parsed_with(file, |this, path| {
                    let folder = this
                        .sources
                        .folder
                        .ok_or("a built-in scenario has no files; write body")?;
                    let path = folder.join(path);
                    let say = |error| format!("{} cannot be read: {error}", path.display());
                    let bytes = std::fs::metadata(&path).map_err(say)?.len();
                    if bytes > BODY_BYTES_MAX {
                        return Err(format!(
                            "the file has {bytes} bytes, and a body at most {BODY_BYTES_MAX}"
                        ));
                    }
                    std::fs::read(&path).map(Body::Bytes).map_err(say)
                })
                .unwrap_or_default(),
        }
    }

    fn pairs(
        &mut self,
        pairs: &Pairs,
        name_is_right: impl Fn(&str) -> Result<(), String>,
    ) -> Vec<(String, Template)> {
        let mut out = Vec::new();
        for (index, (name, value)) in pairs.0.iter().enumerate() {
            if index == PAIRS_MAX {
                self.problem(&name.referenced, format!("at most {PAIRS_MAX} of these are sent"));
                break;
            }
            let Some(filled) =
                self.parsed(name, |name| name_is_right(name).map(|()| name.to_string()))
            else {
                continue;
            };
            let Some(template) = self.template(value) else { continue };
            if template.literals().any(|text| text.contains(char::is_control)) {
                self.problem(
                    &value.referenced,
                    "control characters are not sent: take them out".into(),
                );
                continue;
            }
            out.push((filled, template));
        }
        out
    }

    fn users(&mut self, file: &twin::File, requests: &[String]) -> Vec<UserKind> {
        if file.users.is_empty() {
            return vec![UserKind {
                name: "users".into(),
                weight: 1,
                think: None,
                order: Order::Random,
                steps: (0..requests.len()).collect(),
                auth: Auth::default(),
                slow: Slow::default(),
            }];
        }
        let mut kinds: Vec<UserKind> = Vec::new();
        for (index, twin) in file.users.iter().enumerate() {
            if index == KINDS_MAX {
                self.problem(&twin.name.referenced, format!("at most {KINDS_MAX} kinds of users"));
                break;
            }
            let Some(kind) = self.kind(twin, requests) else { continue };
            if kinds.iter().any(|other| other.name == kind.name) {
                self.problem(
                    &twin.name.referenced,
                    format!("other users are named {:?}", kind.name),
                );
            }
            kinds.push(kind);
        }
        kinds
    }

    fn kind(&mut self, twin: &twin::User, requests: &[String]) -> Option<UserKind> {
        let name = self.name(&twin.name);
        let think = twin.think.as_ref().and_then(|text| {
            let think = self.parsed(text, quantity::durations)?;
            if think.1 > DURATION_MAX {
                self.problem(&text.referenced, format!("at most {DURATION_MAX:?}"));
            }
            Some(think)
        });
        let order = twin.order.as_ref().and_then(|text| {
            self.parsed(text, |text| match text {
                "random" => Ok(Order::Random),
                "sequence" => Ok(Order::Sequence),
                _ => Err("write random or sequence".into()),
            })
        });
        let mut steps: Vec<usize> = Vec::new();
        for text in twin.steps.iter().take(STEPS_MAX) {
            let step = self.parsed(text, |name| {
                requests.iter().position(|request| request == name).ok_or_else(|| {
                    format!("no request is named {name:?}; there are {}", requests.join(", "))
                })
            });
            steps.extend(step);
        }
        if let Some(text) = twin.steps.get(STEPS_MAX) {
            self.problem(&text.referenced, format!("at most {STEPS_MAX} steps"));
        }
        if twin.steps.is_empty() {
            steps = (0..requests.len()).collect();
        }
        let auth = Auth {
            api_keys: self.credentials(&twin.api_keys),
            bearer_tokens: self.credentials(&twin.bearer_tokens),
        };
        let slow = twin.slow.as_ref();
        let slow = Slow {
            send: slow.and_then(|slow| self.pace(slow.send.as_ref()?)),
            receive: slow.and_then(|slow| self.pace(slow.receive.as_ref()?)),
        };
        let weight = self.weight(twin.weight.as_ref());
        Some(UserKind {
            name: name?,
            weight,
            think,
            order: order.unwrap_or_default(),
            steps,
            auth,
            slow,
        })
    }

    fn credentials(&mut self, texts: &[Text]) -> Vec<String> {
        if let Some(text) = texts.get(CREDENTIALS_MAX) {
            self.problem(&text.referenced, format!("at most {CREDENTIALS_MAX} of these"));
        }
        let mut out = Vec::new();
        for text in texts.iter().take(CREDENTIALS_MAX) {
            let Some(template) = self.template(text) else { continue };
            match template.fixed() {
                Some(value) if !value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic()) => {
                    out.push(value.to_string());
                }
                Some(_) => {
                    let what =
                        "a credential is one or more visible ASCII characters without blanks";
                    self.problem(&text.referenced, what.into());
                }
                None => {
                    let what = "of variables, only env.NAME may stand in a credential";
                    self.problem(&text.referenced, what.into());
                }
            }
        }
        out
    }

    fn pace(&mut self, twin: &twin::Pace) -> Option<Pace> {
        let bytes = self.parsed(&twin.bytes, |text| quantity::count(text, 1, BODY_BYTES_MAX));
        let every = self.duration(&twin.every, TIMEOUT_MAX);
        Some(Pace { bytes: bytes? as usize, every: every? })
    }

    fn thresholds(&mut self, texts: &[Text], requests: &[String]) -> Vec<Threshold> {
        if let Some(text) = texts.get(THRESHOLDS_MAX) {
            self.problem(&text.referenced, format!("at most {THRESHOLDS_MAX} thresholds"));
        }
        let parse = |text: &str| {
            let threshold = text.parse::<Threshold>().map_err(|error| error.to_string())?;
            match threshold.request() {
                Some(name) if !requests.iter().any(|request| request == name) => {
                    Err(format!("no request is named {name:?}; there are {}", requests.join(", ")))
                }
                _ => Ok(threshold),
            }
        };
        texts.iter().take(THRESHOLDS_MAX).filter_map(|text| self.parsed(text, parse)).collect()
    }

    fn name(&mut self, text: &Text) -> Option<String> {
        self.parsed(text, |name| {
            let name = name.trim();
            let chars = name.chars().count();
            let is_right =
                (1..=NAME_CHARS_MAX).contains(&chars) && !name.contains(char::is_control);
            is_right
                .then(|| name.to_string())
                .ok_or_else(|| format!("a name has 1 to {NAME_CHARS_MAX} characters in one line"))
        })
    }

    fn weight(&mut self, text: Option<&Text>) -> u32 {
        let Some(text) = text else { return 1 };
        let weight = self.parsed(text, |text| quantity::count(text, 1, u64::from(WEIGHT_MAX)));
        weight.map_or(1, |weight| weight as u32)
    }

    /// A duration above zero, up to `max`.
    pub(super) fn duration(
        &mut self,
        text: &Text,
        max: std::time::Duration,
    ) -> Option<std::time::Duration> {
        self.parsed(text, |text| match quantity::duration(text)? {
            duration if duration.is_zero() || duration > max => {
                Err(format!("write a duration above zero, up to {max:?}"))
            }
            duration => Ok(duration),
        })
    }

    /// What `parse` makes of the text once its parameters are filled in.
    pub(super) fn parsed<T>(
        &mut self,
        text: &Text,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.parsed_with(text, |_, filled| parse(filled))
    }

    fn parsed_with<T>(
        &mut self,
        text: &Text,
        parse: impl FnOnce(&Self, &str) -> Result<T, String>,
    ) -> Option<T> {
        let filled = self.fill(text)?;
        match parse(self, &filled) {
            Ok(value) => Some(value),
            Err(what) => {
                self.problem(&text.referenced, what);
                None
            }
        }
    }

    fn template(&mut self, text: &Text) -> Option<Template> {
        let filled = self.fill(text)?;
        self.template_of(&text.referenced, &filled)
    }

    fn template_of(&mut self, place: &Location, text: &str) -> Option<Template> {
        match Template::parse(text, self.sources.env) {
            Ok(template) => Some(template),
            Err(what) => {
                self.problem(place, what);
                None
            }
        }
    }

    /// The text with `${name}` replaced by parameters.
    fn fill(&mut self, text: &Text) -> Option<String> {
        let mut out = String::new();
        let mut left = text.value.as_str();
        while let Some(start) = left.find("${") {
            out.push_str(&left[..start]);
            let end = left[start..].find('}');
            let name = end.map(|end| &left[start + 2..start + end]);
            let Some((value, end)) = name.and_then(|name| self.params.get(name)).zip(end) else {
                let known: Vec<&str> = self.params.keys().map(String::as_str).collect();
                let what = format!(
                    "{:?} names no parameter; list it with its default under params, where {} are",
                    name.unwrap_or_else(|| &left[start..]),
                    if known.is_empty() { "none".into() } else { known.join(", ") }
                );
                self.problem(&text.referenced, what);
                return None;
            };
            out.push_str(value);
            left = &left[start + end + 1..];
        }
        out.push_str(left);
        Some(out)
    }

    pub(super) fn problem(&mut self, place: &Location, what: String) {
        let file = self.sources.name.to_string();
        self.problems.push(Problem { file, line: place.line(), column: place.column(), what });
    }
}

fn method(text: &str) -> Result<String, String> {
    let is_right =
        (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase());
    is_right
        .then(|| text.to_string())
        .ok_or_else(|| "write a method in capitals, such as POST".into())
}

fn path(text: &str) -> Result<String, String> {
    if !text.starts_with('/') {
        return Err("a path starts with a slash, below the target's: /orders".into());
    }
    let outside = outside_variables(text);
    if outside.contains('?') || outside.contains('#') {
        return Err("write the query under `query`, and no fragment".into());
    }
    if outside.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err("a path has visible ASCII characters only: percent-encode the others".into());
    }
    Ok(text.to_string())
}

/// The text without its variables.
fn outside_variables(text: &str) -> String {
    let mut parts = text.split("{{");
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |out, part| out + part.split_once("}}").map_or(part, |(_, after)| after))
}

fn header_name(name: &str) -> Result<(), String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(format!("{name:?} is no header's name"));
    }
    if OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(format!("{name} is written by the client itself: leave it out"));
    }
    Ok(())
}

/// `200`, `2xx`.
fn statuses(text: &str) -> Result<(u16, u16), String> {
    let class = text.strip_suffix("xx").and_then(|class| class.parse::<u16>().ok());
    match (class, text.parse::<u16>()) {
        (Some(class @ 1..=5), _) => Ok((class * 100, class * 100 + 99)),
        (_, Ok(status @ 100..=599)) => Ok((status, status)),
        _ => Err(format!("{text:?} is no status: write 200, or 2xx for all of 200 to 299")),
    }
}
