//! Stage caches: an entry that should answer does, one that should not does not.
//!
//! Each check makes entries of its own, by key parameters whose values no request had before, and counts the calls
//! that reach the origin. Source: API Gateway Developer Guide, "Cache settings for REST APIs in API Gateway".

mod settings;
mod trial;

use std::time::{Duration, Instant};

use loadgen_report::Verdict;

use crate::cache::settings::{Caching, Invalidation};
use crate::cache::trial::{Calls, Trial, Values};
use crate::limits::{CACHE_ATTEMPTS, CACHE_HITS, TTL_MARGIN, TTL_WAIT_MAX};
use crate::ops::Ops;
use crate::planned::{Finding, Phase, Planned};
use crate::probe::{fresh, in_words, seconds};
use crate::route::{Route, routes};
use crate::session::Session;

/// Every promise about caches.
pub(crate) fn plan<'a>(session: &Session<'a>) -> Vec<Planned<'a>> {
    let mut planned = Vec::new();
    for route in routes(session.definitions, session.settings.stage.as_deref()) {
        let Some(caching) = Caching::of(&route) else { continue };
        let ttl = seconds(caching.ttl);
        let name = route.name();
        let mut add = |kind: &str, promised: String, what: What| {
            let (of_check, id) = (caching.clone(), format!("cache/{kind}"));
            let lasts = match what {
                What::Ttl if caching.ttl <= TTL_WAIT_MAX => caching.ttl + TTL_MARGIN,
                _ => Duration::from_millis(100),
            };
            planned.push(Planned {
                id,
                promised,
                place: Some(caching.place.clone()),
                phase: Phase::Caches,
                lasts,
                run: Box::new(move |session| check(session, &route, &of_check, &what)),
            });
        };
        let at = format!("{}/{name}", route.stage_name());
        let promised = format!("{name} is answered from the cache for {ttl}");
        add(&format!("hit/{at}"), promised, What::Hit);
        for key in &caching.keys {
            let promised = format!("each value of {} has an entry of its own", key.label);
            add(&format!("key/{at}/{}", key.label), promised, What::Key(key.label.clone()));
        }
        let promised = format!("what is no key parameter of {name} makes no entry of its own");
        add(&format!("key/{at}/others"), promised, What::Others);
        let promised = format!("an entry of {name} lives for {ttl}, and no longer");
        add(&format!("ttl/{at}"), promised, What::Ttl);
        let promised = format!("after a flush, {name} is not answered from before");
        add(&format!("flush/{at}"), promised, What::Flush);
        let promised = caching.invalidation.promise(&name);
        add(&format!("invalidation/{at}"), promised, What::Invalidation);
    }
    planned
}

/// Whether answers to `route` may come from a cache.
pub(crate) fn is_cached(route: &Route<'_>) -> bool {
    Caching::of(route).is_some()
}

/// What a check looks at.
enum What {
    Hit,
    Key(String),
    Others,
    Ttl,
    Flush,
    Invalidation,
}

const TOLERANCE: &str = "none: calls are counted where they arrive";

fn check(session: &Session<'_>, route: &Route<'_>, caching: &Caching, what: &What) -> Finding {
    let trial = match Trial::new(session, route, caching) {
        Ok(trial) => trial,
        Err(why) => return Finding::not_checked(why),
    };
    let found = match what {
        What::Hit => hit(&trial),
        What::Key(label) => key(&trial, label),
        What::Others => others(&trial),
        What::Ttl => ttl(&trial),
        What::Flush => flush(&trial),
        What::Invalidation => invalidation(&trial),
    };
    found.unwrap_or_else(|finding| finding)
}

fn finding(offered: impl Into<String>, calls: &str, fault: Option<String>) -> Finding {
    Finding {
        offered: offered.into(),
        observed: calls.to_owned(),
        verdict: fault.map_or(Verdict::Passed, Verdict::Failed),
        tolerance: TOLERANCE.to_owned(),
        plots: Vec::new(),
    }
}

/// Tries something that has to be over before an entry may end, again where this machine was too slow for it.
fn in_time<T>(
    trial: &Trial<'_>,
    mut attempt: impl FnMut() -> Result<T, Finding>,
) -> Result<T, Finding> {
    for _ in 0..CACHE_ATTEMPTS {
        let started = Instant::now();
        let found = attempt()?;
        if started.elapsed() < trial.caching.ttl {
            return Ok(found);
        }
    }
    let ttl = seconds(trial.caching.ttl);
    Err(Finding::not_checked(format!(
        "entries live for {ttl}, and this machine takes longer for a few requests; take other load off it"
    )))
}

fn hit(trial: &Trial<'_>) -> Result<Finding, Finding> {
    in_time(trial, || {
        let values = trial.fresh_values();
        let first = trial.send(&values)?;
        let mut later = Vec::new();
        for _ in 0..CACHE_HITS {
            later.push(trial.send(&values)?);
        }
        let calls: u64 = later.iter().map(|calls| calls.count).sum();
        let count = later.len() + 1;
        let offered = format!("{count} requests alike, on as many connections");
        let observed =
            format!("{} calls of the backend for the first, {calls} for the others", first.count);
        let fault = if calls > 0 {
            Some(format!("{calls} of {} later requests reached the backend", later.len()))
        } else if later.iter().any(|calls| !calls.is_same(&first)) {
            Some("an answer from the cache is not the one that was put there".to_owned())
        } else {
            None
        };
        Ok(finding(offered, &observed, fault))
    })
}

fn key(trial: &Trial<'_>, label: &str) -> Result<Finding, Finding> {
    in_time(trial, || {
        let first = trial.fresh_values();
        let mut second = first.clone();
        second.set(label, fresh());
        let offered =
            format!("three requests that differ in {label} only: a new value, another, the first");
        let [a, b, again] = [trial.send(&first)?, trial.send(&second)?, trial.send(&first)?];
        let observed = format!("{}, {} and {} calls of the backend", a.count, b.count, again.count);
        let fault = if a.count == 0 || b.count == 0 || (b.is_same(&a) && a.is_numbered()) {
            Some(format!("a new value of {label} was answered from the entry of another"))
        } else if again.count > 0 {
            Some("the first value's entry was gone when it was asked for again".to_owned())
        } else if !again.is_same(&a) {
            Some("the first value was answered from another's entry".to_owned())
        } else {
            None
        };
        Ok(finding(offered, &observed, fault))
    })
}

fn others(trial: &Trial<'_>) -> Result<Finding, Finding> {
    in_time(trial, || {
        let values = trial.fresh_values();
        let first = trial.send(&values)?;
        let varied = trial.with_others(&values);
        let second = trial.send(&varied)?;
        let offered = format!("two requests that differ in {}", trial.others());
        let observed = format!("{} and {} calls of the backend", first.count, second.count);
        let fault =
            (second.count > 0).then(|| format!("{} made an entry of its own", trial.others()));
        Ok(finding(offered, &observed, fault))
    })
}

/// Puts an entry in place that was not there before.
fn fill(trial: &Trial<'_>) -> Result<(Values, Calls), Finding> {
    let ttl = trial.caching.ttl;
    for _ in 0..CACHE_ATTEMPTS {
        let values = trial.fresh_values();
        let first = trial.send(&values)?;
        if first.count > 0 {
            return Ok((values, first));
        }
        // Without a key of its own it meets the entry of an earlier check.
        if trial.flush().is_ok() {
            continue;
        }
        if ttl > TTL_WAIT_MAX {
            break;
        }
        std::thread::sleep(ttl + TTL_MARGIN);
    }
    Err(Finding::not_checked(
        "a new entry could not be made, since an old one answers; see the checks of hits and keys, or give --ops",
    ))
}

fn ttl(trial: &Trial<'_>) -> Result<Finding, Finding> {
    let ttl = trial.caching.ttl;
    let settings = trial.session.settings;
    let ops = Ops::of(trial.session).filter(|_| settings.fast_forward);
    if ttl > TTL_WAIT_MAX && ops.is_none() {
        return Err(Finding::not_checked(format!(
            "an entry lives for {}; give --ops and --fast-forward, and run the gateway with its test clock",
            seconds(ttl)
        )));
    }
    for _ in 0..CACHE_ATTEMPTS {
        let (values, first) = fill(trial)?;
        let before = match &ops {
            Some(ops) => {
                advance(ops, ttl.saturating_sub(TTL_MARGIN))?;
                trial.send(&values)?
            }
            None => {
                let ask_at = first.sent + ttl.mul_f64(0.8).min(ttl.saturating_sub(TTL_MARGIN));
                std::thread::sleep(ask_at.saturating_duration_since(Instant::now()));
                trial.send(&values)?
            }
        };
        let asked = before.received.duration_since(first.sent);
        let is_in_time = match &ops {
            Some(_) => asked + ttl.saturating_sub(TTL_MARGIN) < ttl,
            None => asked < ttl,
        };
        if !is_in_time {
            continue;
        }
        match &ops {
            Some(ops) => advance(ops, TTL_MARGIN * 2)?,
            None => {
                let ask_at = first.received + ttl + TTL_MARGIN;
                std::thread::sleep(ask_at.saturating_duration_since(Instant::now()));
            }
        }
        let after = trial.send(&values)?;
        let how = if ops.is_some() { "with the clock moved" } else { "after waiting" };
        let offered = format!(
            "three requests alike, {how}: a new entry, shortly before its end, shortly after it"
        );
        let observed =
            format!("{}, {} and {} calls of the backend", first.count, before.count, after.count);
        let fault = if before.count > 0 {
            Some(format!("the entry was gone before {}", seconds(ttl)))
        } else if after.count == 0 {
            let late = seconds(ttl + TTL_MARGIN);
            Some(format!("the entry still answered {late} after it was made"))
        } else {
            None
        };
        let margin = seconds(TTL_MARGIN);
        let tolerance =
            format!("{margin} on either side of the end, for clocks that are read seldom");
        return Ok(Finding { tolerance, ..finding(offered, &observed, fault) });
    }
    Err(Finding::not_checked(
        "this machine was too slow to ask before the entry's end; take other load off it",
    ))
}

fn advance(ops: &Ops<'_>, by: Duration) -> Result<(), Finding> {
    let moved = ops.advance(by.as_secs());
    moved.map(|_| ()).map_err(|error| {
        Finding::not_checked(format!("{error}; run the gateway with its test clock"))
    })
}

fn flush(trial: &Trial<'_>) -> Result<Finding, Finding> {
    in_time(trial, || {
        let values = trial.fresh_values();
        let first = trial.send(&values)?;
        let warmed = trial.send_on_all(&values)?;
        let flushed = trial.flush().map_err(Finding::not_checked)?;
        let after = trial.send_on_all(&values)?;
        let count = warmed.answers.len();
        let offered = format!(
            "{count} requests alike on as many connections, a flush ({flushed}), the same again"
        );
        let before = first.count + warmed.count;
        let observed =
            format!("{before} calls of the backend before the flush, {} after it", after.count);
        let stale = after.older_than(&after);
        let fault = if after.count == 0 {
            Some("every answer after the flush is from before it".to_owned())
        } else if stale > 0 {
            Some(format!("{stale} of {count} answers after the flush are from before it"))
        } else {
            None
        };
        Ok(finding(offered, &observed, fault))
    })
}

fn invalidation(trial: &Trial<'_>) -> Result<Finding, Finding> {
    let kind = trial.caching.invalidation;
    in_time(trial, || {
        let (values, first) = fill(trial)?;
        let refreshed = trial.send(&values.clone().with_header("Cache-Control", "max-age=0"))?;
        let after = trial.send(&values)?;
        let offered = "three requests alike, the second with Cache-Control: max-age=0";
        let warning = refreshed.answer().header("warning").is_some();
        let observed = format!(
            "{}, {} and {} calls of the backend; the second was answered {}{}",
            first.count,
            refreshed.count,
            after.count,
            in_words(refreshed.answer()),
            if warning { " with a Warning" } else { "" }
        );
        let status = refreshed.answer().status;
        let fault = match kind {
            Invalidation::Anyone if refreshed.count == 0 => {
                Some("it did not reach the backend".to_owned())
            }
            Invalidation::Anyone if after.count > 0 || !after.is_same(&refreshed) => {
                Some("the new answer did not replace the entry".to_owned())
            }
            Invalidation::Anyone => None,
            _ if refreshed.count > 0 => {
                Some("a caller who may not invalidate reached the backend".to_owned())
            }
            Invalidation::Fail403 if status != 403 => {
                Some(format!("it was answered {status} instead of 403"))
            }
            Invalidation::Warn if !warning => Some("the answer has no Warning".to_owned()),
            Invalidation::Ignore if warning => Some("the answer has a Warning".to_owned()),
            _ if after.count > 0 => Some("the entry is gone".to_owned()),
            _ => None,
        };
        Ok(finding(offered, &observed, fault))
    })
}

#[cfg(test)]
mod tests;
