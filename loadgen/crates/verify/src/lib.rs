//! What a definition promises, and the checks that hold a gateway to it.
//!
//! `route` lists what there is to call. Each kind of promise is a module that plans its checks from the definition
//! alone (never from the gateway's compiled form, so that a mistake there is found here); [`verify`] runs them in
//! the order of their phases.
#![forbid(unsafe_code)]
#![expect(clippy::result_large_err, reason = "a finding ends its check: it is moved once")]

mod authorizer;
mod burst;
mod cache;
mod canary;
mod drive;
mod errors;
mod evidence;
mod expectations;
mod judge;
mod limits;
mod ops;
mod origin;
mod paper;
mod planned;
mod plots;
mod probe;
mod promises;
mod quota;
mod route;
mod session;
mod settings;
#[cfg(test)]
mod simulated;
mod slo;
#[cfg(test)]
mod testing;
mod throttle;

use std::time::{Duration, Instant, SystemTime};

use gateway_model::Definitions;
use loadgen_engine::Stop;
use loadgen_report::{Check, Report, Verdict};

use crate::drive::STOPPED;
pub use crate::expectations::ExpectationsError;
use crate::planned::{Finding, Planned};
use crate::session::Session;
pub use crate::settings::{Expectations, Settings, Token};

/// What happens in a run, as it happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// The checks are known.
    Planned {
        /// How many.
        count: usize,
        /// About how long they take together.
        lasts: Duration,
    },
    /// A check begins.
    Started {
        /// Its id.
        id: &'a str,
        /// About how long it takes.
        lasts: Duration,
    },
    /// A check is done.
    Finished(&'a Check),
}

/// The checks that `verify` would run, as ids with what is promised, without sending anything.
#[must_use]
pub fn promises(definitions: &Definitions, settings: &Settings) -> Vec<(String, String)> {
    let session = Session::new(definitions, settings);
    plan(&session).into_iter().map(|planned| (planned.id, planned.promised)).collect()
}

/// Derives the checks from `definitions` and runs them.
pub fn verify(
    definitions: &Definitions,
    settings: &Settings,
    told: &mut dyn FnMut(&Event<'_>),
) -> Report {
    verify_until(definitions, settings, &Stop::default(), told)
}

/// As [`verify`], until `stop` says so: checks that did not end by then are reported as not checked.
pub fn verify_until(
    definitions: &Definitions,
    settings: &Settings,
    stop: &Stop,
    told: &mut dyn FnMut(&Event<'_>),
) -> Report {
    let mut session = Session::serving(definitions, settings);
    session.stop = stop.clone();
    let started = Instant::now();
    let planned = plan(&session);
    let lasts = planned.iter().map(|planned| planned.lasts).sum();
    told(&Event::Planned { count: planned.len(), lasts });
    let mut checks = Vec::new();
    for planned in planned {
        told(&Event::Started { id: &planned.id, lasts: planned.lasts });
        let check = run(&session, planned);
        told(&Event::Finished(&check));
        checks.push(check);
    }
    Report {
        command: "verify".to_owned(),
        target: settings.target_text.clone(),
        started_unix_ms: unix_ms().saturating_sub(started.elapsed().as_millis() as u64),
        took_ms: started.elapsed().as_millis() as u64,
        checks,
        ..Report::default()
    }
}

fn plan<'a>(session: &Session<'a>) -> Vec<Planned<'a>> {
    let mut planned: Vec<Planned<'a>> = Vec::new();
    planned.extend(errors::plan(session));
    planned.extend(authorizer::plan(session));
    planned.extend(cache::plan(session));
    planned.extend(canary::plan(session));
    planned.extend(slo::plan(session));
    planned.extend(burst::plan(session));
    planned.extend(throttle::plan(session));
    planned.extend(quota::plan(session));
    let Settings { only, skip, .. } = session.settings;
    let starts =
        |id: &str, list: &[String]| list.iter().any(|start| id.starts_with(start.as_str()));
    planned.retain(|p| (only.is_empty() || starts(&p.id, only)) && !starts(&p.id, skip));
    planned.sort_by_key(|planned| planned.phase);
    planned
}

fn run(session: &Session<'_>, planned: Planned<'_>) -> Check {
    let started = Instant::now();
    let finding = match session.stop.is_stopped() {
        true => Finding::not_checked(STOPPED),
        false => (planned.run)(session),
    };
    // What was cut short looks like too little.
    let finding = match session.stop.is_stopped() {
        true => Finding { verdict: Verdict::NotChecked(STOPPED.to_owned()), ..finding },
        false => finding,
    };
    Check {
        id: planned.id,
        promised: planned.promised,
        offered: finding.offered,
        observed: finding.observed,
        verdict: finding.verdict,
        tolerance: finding.tolerance,
        place: planned.place.map(|place| place.to_string()),
        took_ms: started.elapsed().as_millis() as u64,
        plots: finding.plots,
    }
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
