//! Reports of what API keys used: API Gateway's `GetUsage`, on the ops address until the control
//! plane is served.
//!
//! Days that counters still tell come from memory, so that they are of this moment; earlier ones come
//! from the store, on a thread that may wait for the disk.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use gateway_compile::{Member, Snapshot, UsagePlan, UsagePlans};
use gateway_control::ApiError;
use gateway_store::{StoreError, UsageReader};
use gateway_throttle::{Period, Quota};
use hyper::{Method, StatusCode, Uri, header};

use super::{Answer, JSON, Ops, json_string, respond};

/// Keys on a page, when the request does not say. Source: API Gateway's API reference, `GetUsage`.
const KEYS_DEFAULT: usize = 25;

/// Keys on a page. Source: API Gateway's API reference, `GetUsage`.
const KEYS_MAX: usize = 500;

/// Days of a report. Source: our own; what the store keeps of a key that is used every day.
const DAYS_MAX: u32 = 90;
const _: () = assert!(DAYS_MAX as usize <= gateway_store::limits::HISTORY_DAYS_MAX);

/// What remains where there is no quota. Source: our own; the manual does not say, and no count of what
/// remains is below 0.
const REMAINING_UNLIMITED: i64 = -1;

const DAY_S: u64 = 86_400;

/// The plan that a path `/usageplans/{id}/usage` names.
pub(super) fn plan_of(path: &str) -> Option<&str> {
    let plan = path.strip_prefix("/usageplans/")?.strip_suffix("/usage")?;
    (!plan.is_empty() && !plan.contains('/')).then_some(plan)
}

/// Answers `GET /usageplans/{plan}/usage?startDate=&endDate=&keyId=&limit=&position=`; a plan's name will do
/// for its id.
pub(super) async fn answer(ops: &Arc<Ops>, method: &Method, uri: &Uri) -> Answer {
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut response = failure(StatusCode::METHOD_NOT_ALLOWED, "use GET");
        let allow = header::HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(header::ALLOW, allow);
        return response;
    }
    let (ops, uri) = (Arc::clone(ops), uri.clone());
    let reported = tokio::task::spawn_blocking(move || {
        let plan = decoded(plan_of(uri.path()).unwrap_or_default())?;
        let query = Query::parse(uri.query().unwrap_or_default())?;
        let unix_s = gateway_rt::clock::unix_ms() / 1_000;
        report(&ops.snapshot(), ops.usage_reader.get(), &plan, &query, unix_s)
    });
    match reported.await {
        Ok(Ok(json)) => respond(StatusCode::OK, JSON, json),
        Ok(Err(Refusal { status, message })) => failure(status, &message),
        Err(_) => failure(StatusCode::INTERNAL_SERVER_ERROR, "the report broke off"),
    }
}

/// The report that GetUsage answers with. It waits for the disk.
///
/// # Errors
/// As GetUsage has them.
pub(crate) fn report_of(ops: &Ops, plan: &str, query: &str) -> Result<String, ApiError> {
    let unix_s = gateway_rt::clock::unix_ms() / 1_000;
    let reported = Query::parse(query)
        .and_then(|query| report(&ops.snapshot(), ops.usage_reader.get(), plan, &query, unix_s));
    reported.map_err(|Refusal { status, message }| match status {
        StatusCode::NOT_FOUND => ApiError::not_found(message),
        StatusCode::SERVICE_UNAVAILABLE => {
            ApiError::new(503, "ServiceUnavailableException", message)
        }
        _ => ApiError::bad_request(message),
    })
}

/// Why there is no report.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    fn bad(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    fn missing(message: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, message: message.to_owned() }
    }
}

/// What is asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Query {
    key: Option<String>,
    start_date: String,
    end_date: String,
    first_day: u32,
    last_day: u32,
    limit: usize,
    /// The last key of the page before.
    position: Option<String>,
}

impl Query {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let mut query = Self { limit: KEYS_DEFAULT, ..Self::default() };
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value)?;
            match name {
                "keyId" => query.key = Some(value),
                "startDate" => query.start_date = value,
                "endDate" => query.end_date = value,
                "position" => query.position = Some(value),
                "limit" => query.limit = limit(&value)?,
                _ => {}
            }
        }
        query.first_day = day("startDate", &query.start_date)?;
        query.last_day = day("endDate", &query.end_date)?;
        if query.last_day < query.first_day {
            return Err(Refusal::bad("endDate is before startDate"));
        }
        if query.last_day - query.first_day >= DAYS_MAX {
            let message = format!("startDate to endDate are more than {DAYS_MAX} days");
            return Err(Refusal::bad(message));
        }
        Ok(query)
    }
}

fn limit(text: &str) -> Result<usize, Refusal> {
    let limit = text.parse().ok().filter(|limit| (1..=KEYS_MAX).contains(limit));
    limit.ok_or_else(|| Refusal::bad(format!("limit must be a number from 1 to {KEYS_MAX}")))
}

/// The day after the epoch that a date in the form `YYYY-MM-DD` names.
fn day(name: &str, text: &str) -> Result<u32, Refusal> {
    let bad = || Refusal::bad(format!("{name} must be a date in the form YYYY-MM-DD"));
    let is_form = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !is_form {
        return Err(bad());
    }
    let number = |part: &str| part.parse::<u32>().map_err(|_| bad());
    let (year, month, of_month) = (number(&text[..4])?, number(&text[5..7])?, number(&text[8..])?);
    if year < 1970 || !(1..=12).contains(&month) || of_month == 0 {
        return Err(bad());
    }
    let months = (year - 1970) * 12 + month - 1;
    let first_day = |month| Period::Day.index(Period::Month.start_of(month));
    let day = first_day(months) + of_month - 1;
    if day < first_day(months + 1) { Ok(day) } else { Err(bad()) }
}

/// Text without percent signs and what they stand for.
fn decoded(text: &str) -> Result<String, Refusal> {
    let bad = || Refusal::bad("a percent sign in the target begins no byte of UTF-8");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else { return Err(bad()) };
        bytes.push((high * 16 + low) as u8);
    }
    String::from_utf8(bytes).map_err(|_| bad())
}

fn report(
    snapshot: &Snapshot,
    store: Option<&UsageReader>,
    plan: &str,
    query: &Query,
    unix_s: u64,
) -> Result<String, Refusal> {
    let plans = &*snapshot.usage;
    let by_name = || plans.plans.iter().find(|known| *known.name == *plan);
    let plan = plans.plan(plan).map(|(_, plan)| plan).or_else(by_name);
    let plan = plan.ok_or_else(|| Refusal::missing("Invalid Usage Plan ID specified"))?;
    let days = Days { store, query, plan, today: Period::Day.index(unix_s), unix_s };
    let mut json = format!(
        "{{\"usagePlanId\":{},\"startDate\":\"{}\",\"endDate\":\"{}\",\"values\":{{",
        json_string(&plan.id),
        query.start_date,
        query.end_date,
    );
    let page = page(plans, plan, query)?;
    for (at, (key, member)) in page.keys.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        // Writing to a string does not fail.
        let _ = write!(json, "{comma}{}:[", json_string(key));
        days.write(key, member, &mut json)?;
        json.push(']');
    }
    json.push('}');
    if let (true, Some((last, _))) = (page.has_more, page.keys.last()) {
        let _ = write!(json, ",\"position\":{}", json_string(last));
    }
    json.push_str("}\n");
    Ok(json)
}

/// Keys of a plan, in the order of the definition.
struct Page<'p> {
    keys: Vec<(&'p str, &'p Member)>,
    has_more: bool,
}

fn page<'p>(plans: &'p UsagePlans, plan: &UsagePlan, query: &Query) -> Result<Page<'p>, Refusal> {
    let unknown = || Refusal::missing("Invalid API Key identifier specified");
    if let Some(key) = &query.key {
        let (index, _, _) = plans.member(&plan.id, key).ok_or_else(unknown)?;
        let found = plans.membership(index).ok_or_else(unknown)?;
        return Ok(Page { keys: vec![(plans.keys.id(found.0), found.2)], has_more: false });
    }
    let first = match &query.position {
        None => 0,
        Some(last) => {
            let index = plans.member(&plan.id, last).map(|(index, _, _)| index);
            index.ok_or_else(|| Refusal::bad("position is not that of a page before"))? + 1
        }
    };
    let of_plan = (first..plans.memberships.len() as u32)
        .filter_map(|index| plans.membership(index))
        .filter(|(_, of, _)| of.id == plan.id)
        .map(|(key, _, member)| (plans.keys.id(key), &**member));
    let mut keys: Vec<_> = of_plan.take(query.limit + 1).collect();
    let has_more = keys.len() > query.limit;
    keys.truncate(query.limit);
    Ok(Page { keys, has_more })
}

/// The days of a report.
struct Days<'d> {
    store: Option<&'d UsageReader>,
    query: &'d Query,
    plan: &'d UsagePlan,
    today: u32,
    unix_s: u64,
}

impl Days<'_> {
    /// Writes a key's pairs, used and remaining, one for each day.
    fn write(&self, key: &str, member: &Member, json: &mut String) -> Result<(), Refusal> {
        let quota = self.plan.quota.as_ref();
        // What remained at the end of a day needs all days of its period.
        let from = quota
            .map_or(self.query.first_day, |quota| first_day_of(quota.period, self.query.first_day));
        let counts = self.counts(key, member, from)?;
        let mut in_period = (u32::MAX, 0);
        for day in from..=self.query.last_day {
            let used = counts.get(&day).copied().unwrap_or(0);
            let remaining = match quota {
                None => REMAINING_UNLIMITED,
                Some(quota) => self.remaining(quota, member, day, used, &mut in_period),
            };
            if day >= self.query.first_day {
                let comma = if day == self.query.first_day { "" } else { "," };
                let _ = write!(json, "{comma}[{used},{remaining}]");
            }
        }
        Ok(())
    }

    /// What remained at the end of a day, of the quota as it is now; today, what remains.
    fn remaining(
        &self,
        quota: &Quota,
        member: &Member,
        day: u32,
        used: u64,
        in_period: &mut (u32, u64),
    ) -> i64 {
        let index = quota.period.index(u64::from(day) * DAY_S);
        if in_period.0 != index {
            *in_period = (index, 0);
        }
        in_period.1 += used;
        let remaining = if day == self.today {
            member.usage.remaining(quota, self.unix_s)
        } else {
            quota.effective_limit(index).saturating_sub(in_period.1)
        };
        i64::try_from(remaining).unwrap_or(i64::MAX)
    }

    /// What was counted, by day.
    fn counts(&self, key: &str, member: &Member, from: u32) -> Result<BTreeMap<u32, u64>, Refusal> {
        let mut counts = BTreeMap::new();
        // Of a day and the one before it the counters know, even if nothing was counted.
        if let Some(store) = self.store
            && from + 1 < self.today
        {
            let stored = store.days(&self.plan.id, key, from, self.query.last_day);
            counts.extend(stored.map_err(|error| unreadable(&error))?);
        }
        let in_memory = member.usage.record().days.into_iter();
        counts.extend(in_memory.filter(|(_, count)| *count > 0));
        Ok(counts)
    }
}

fn first_day_of(period: Period, day: u32) -> u32 {
    Period::Day.index(period.start_of(period.index(u64::from(day) * DAY_S)))
}

fn unreadable(error: &StoreError) -> Refusal {
    let message = format!("usage of earlier days is not readable now: {error}");
    Refusal { status: StatusCode::SERVICE_UNAVAILABLE, message }
}

fn failure(status: StatusCode, message: &str) -> Answer {
    respond(status, JSON, format!("{{\"message\":{}}}\n", json_string(message)))
}

#[cfg(test)]
mod tests;
