//! The split of canaries: the share of requests that a canary answers is the share that it was given.
//!
//! API Gateway draws for each request, so the canary's part of `n` is binomial; a gateway that splits exactly is
//! within the bound too. Source: API Gateway Developer Guide, "Set up an API Gateway canary release deployment".

mod binomial;
mod tell;

use std::time::{Duration, Instant};

use loadgen_engine::{Answer, ask};
use loadgen_report::Verdict;

use crate::cache::is_cached;
use crate::canary::binomial::{accepted, enough};
use crate::canary::tell::{Side, Tell};
use crate::limits::{
    CANARY_BATCH, CANARY_COUNT_MAX, CANARY_FALSE_ALARM, CANARY_LASTS_MAX, CANARY_OFF,
    CANARY_RATE_RPS, CANARY_SHARE_OF_RATE,
};
use crate::planned::{Finding, Phase, Planned};
use crate::probe::{self, way_to};
use crate::promises::Way;
use crate::route::{Route, routes};
use crate::session::{Extra, Session};

/// Every promise about canaries.
pub(crate) fn plan<'a>(session: &Session<'a>) -> Vec<Planned<'a>> {
    let all = routes(session.definitions, session.settings.stage.as_deref());
    let mut planned = Vec::new();
    for (position, first) in all.iter().enumerate() {
        let is_known = all[..position].iter().any(|before| before.is_same_stage(first));
        let Some(canary) = first.stage.canary.as_ref().filter(|_| !is_known) else { continue };
        let share = canary.percent_traffic.unwrap_or(0.0) / 100.0;
        let of_stage: Vec<_> =
            all.iter().filter(|route| route.is_same_stage(first)).copied().collect();
        let n = enough(share, CANARY_OFF, CANARY_FALSE_ALARM, CANARY_COUNT_MAX);
        planned.push(Planned {
            id: format!("canary/{}", first.stage_name()),
            promised: format!("the canary gets {} % of the requests", round(share * 100.0)),
            place: Some(canary.place.clone()),
            phase: Phase::Canaries,
            lasts: Duration::from_secs_f64(n as f64 / CANARY_RATE_RPS),
            run: Box::new(move |session| check(session, &of_stage, share, n)),
        });
    }
    planned
}

/// How often each side answered.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    canary: u64,
    stage: u64,
    /// Refused, failed, or neither side's.
    other: u64,
}

fn check(session: &Session<'_>, of_stage: &[Route<'_>], share: f64, n: u64) -> Finding {
    let (way, tell) = match told_apart(session, of_stage) {
        Ok(found) => found,
        Err(why) => return Finding::not_checked(why),
    };
    let settings = session.settings;
    if n > settings.count_max {
        let text =
            format!("{n} requests are needed to tell, and --count-max is {}", settings.count_max);
        return Finding::not_checked(text);
    }
    let slowest = way.layers.iter().map(|layer| layer.limit.rate_rps * CANARY_SHARE_OF_RATE);
    let rate = slowest.fold(CANARY_RATE_RPS.min(settings.rate_max_rps), f64::min);
    let lasts = Duration::from_secs_f64((n as f64 / rate.max(1e-3)).min(1e9));
    if lasts > CANARY_LASTS_MAX {
        return Finding::not_checked(format!(
            "{n} requests are needed to tell, which take {} under the limits of {}; raise them, or add a method \
             without",
            probe::seconds(lasts),
            way.route.name()
        ));
    }
    let started = Instant::now();
    let (tally, trouble) = offer(session, &way, &tell, n, rate);
    let answered = tally.canary + tally.stage;
    session.spent.meet(way.member.as_ref(), answered);
    let offered = format!(
        "{} requests of {} in {}, told apart by {}",
        answered + tally.other,
        way.route.name(),
        probe::seconds(started.elapsed()),
        tell.in_words()
    );
    if answered < n / 2 {
        let text = format!("only {answered} of {n} requests were answered by either side{trouble}");
        return Finding { offered, ..Finding::not_checked(text) };
    }
    let (low, high) = accepted(answered, share, CANARY_FALSE_ALARM);
    let found = tally.canary as f64 * 100.0 / answered as f64;
    let observed = format!("{} of {answered}, {found:.2} %; {low} to {high} allowed", tally.canary);
    let verdict = if (low..=high).contains(&tally.canary) {
        Verdict::Passed
    } else {
        let promised = round(share * 100.0);
        Verdict::Failed(format!(
            "the canary got {found:.2} % of the requests instead of {promised} %"
        ))
    };
    let tolerance = format!(
        "binomial: a gateway that draws for each request is outside {low} to {high} once in {:.0} runs; a share that \
         is off by {} points is seen",
        1.0 / CANARY_FALSE_ALARM,
        round(CANARY_OFF * 100.0)
    );
    Finding { offered, observed, verdict, tolerance, plots: Vec::new() }
}

/// A method of the stage whose answers, or calls, tell the sides apart.
fn told_apart<'a>(
    session: &Session<'a>,
    of_stage: &[Route<'a>],
) -> Result<(Way<'a>, Tell), String> {
    let mut why = "no stage variable that the canary overrides shows: map one to a header of the integration's \
                   request, or of a response, of a method that is not cached"
        .to_owned();
    let mut found: Option<(Way<'a>, Tell)> = None;
    for route in of_stage.iter().filter(|route| !is_cached(route)) {
        let Some(tell) = Tell::of(route) else { continue };
        if tell.is_at_backend()
            && let Err(cause) = probe::origin_of(session, route)
        {
            why = cause;
            continue;
        }
        let Some(way) = way_to(session, route) else {
            why = probe::no_way(route);
            continue;
        };
        let rate =
            |way: &Way<'_>| way.layers.iter().map(|l| l.limit.rate_rps).fold(f64::MAX, f64::min);
        let is_better = found.as_ref().is_none_or(|(known, of_known)| {
            // Answers are surer than calls, and a higher rate is sooner done.
            let quality = |way: &Way<'_>, tell: &Tell| (rate(way), !tell.is_at_backend());
            quality(&way, &tell) > quality(known, of_known)
        });
        if is_better {
            found = Some((way, tell));
        }
    }
    found.ok_or(why)
}

/// Sends until `n` requests have told their side, at about `rate`, or it takes too long.
fn offer(session: &Session<'_>, way: &Way<'_>, tell: &Tell, n: u64, rate: f64) -> (Tally, String) {
    let settings = session.settings;
    let key = way.member.and_then(|member| session.key_value(member.key));
    let headers = way.headers.clone();
    let request = session.request(&way.route, &Extra { key, headers, ..Extra::default() });
    let threads = settings.connections.clamp(1, 8);
    let mark = session.origin.as_ref().map_or(0, |origin| origin.count());
    let deadline = Instant::now() + CANARY_LASTS_MAX;
    let mut tally = Tally::default();
    let mut trouble = String::new();
    while tally.canary + tally.stage < n && Instant::now() < deadline {
        let left = n - tally.canary - tally.stage;
        let batch = left.div_ceil(threads as u64).clamp(1, CANARY_BATCH) as usize;
        let batch = batch.min(((rate / 20.0 / threads as f64) as usize).max(1));
        let requests = vec![request.clone(); batch];
        let began = Instant::now();
        let answers = std::thread::scope(|scope| {
            let count = threads.min(left as usize);
            let running: Vec<_> = (0..count)
                .map(|_| scope.spawn(|| ask(&settings.target, &requests, settings.timeout)))
                .collect();
            let joined = running.into_iter().map(|thread| thread.join().unwrap_or_default());
            joined.flatten().collect::<Vec<_>>()
        });
        let sent = answers.len();
        for answer in answers {
            match answer {
                Ok(answer) => note(&mut tally, &mut trouble, tell, &answer),
                Err(error) => {
                    tally.other += 1;
                    trouble = format!("; one had no answer: {}", crate::drive::failure(error));
                }
            }
        }
        if tell.is_at_backend()
            && let Ok(origin) = &session.origin
        {
            let calls = origin.since(mark);
            let on =
                |side: Side| calls.iter().filter(|call| tell.of_call(call) == Some(side)).count();
            (tally.canary, tally.stage) = (on(Side::Canary) as u64, on(Side::Stage) as u64);
        }
        if tally.other > n {
            break;
        }
        let due = began + Duration::from_secs_f64(sent as f64 / rate);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    (tally, trouble)
}

fn note(tally: &mut Tally, trouble: &mut String, tell: &Tell, answer: &Answer) {
    let is_success = (200..300).contains(&answer.status);
    match tell.of_answer(answer).filter(|_| is_success) {
        Some(Side::Canary) => tally.canary += 1,
        Some(Side::Stage) => tally.stage += 1,
        None if is_success && tell.is_at_backend() => {}
        None => {
            tally.other += 1;
            *trouble = format!("; one was answered {}", probe::in_words(answer));
        }
    }
}

/// A percentage without digits that say nothing.
fn round(percent: f64) -> f64 {
    (percent * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests;
