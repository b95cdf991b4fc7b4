//! The gateway's ops address: what is left of quotas, and the test clock.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use loadgen_engine::{Answer, Request, Target, ask};
use serde_json::Value;

use crate::drive::failure;
use crate::session::Session;

/// Days, of which dates are made.
pub(crate) const DAY_S: u64 = 86_400;

/// What a key used on a day, and what was left of its quota then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Counted.
    pub(crate) used: u64,
    /// Left; `None` without a quota.
    pub(crate) remaining: Option<u64>,
}

/// A connection to the ops address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ops<'s> {
    address: SocketAddr,
    session: &'s Session<'s>,
}

impl<'s> Ops<'s> {
    /// The ops address, if the settings name one.
    pub(crate) fn of(session: &'s Session<'s>) -> Option<Self> {
        session.settings.ops.map(|address| Self { address, session })
    }

    /// What a key used today, as the gateway's clock has it.
    pub(crate) fn usage(&self, plan: &str, key: &str) -> Result<Usage, String> {
        let date = date(self.unix_s());
        let path = format!(
            "/usageplans/{}/usage?startDate={date}&endDate={date}&keyId={}",
            escaped(plan),
            escaped(key)
        );
        let answer = self.ask("GET", &path)?;
        let unreadable = || format!("{path} answered something else than a report of usage");
        let report: Value = serde_json::from_slice(&answer.body).map_err(|_| unreadable())?;
        let days = report.get("values").or_else(|| report.get("items"));
        let pair = days.and_then(|days| days.get(key)).and_then(|days| days.get(0));
        let number = |at: usize| pair.and_then(|pair| pair.get(at)).and_then(Value::as_i64);
        let used = number(0).and_then(|used| u64::try_from(used).ok()).ok_or_else(unreadable)?;
        let remaining = number(1).ok_or_else(unreadable)?;
        Ok(Usage { used, remaining: u64::try_from(remaining).ok() })
    }

    /// The gateway's time, in seconds since 1970-01-01 UTC: that of its test clock, else ours.
    pub(crate) fn unix_s(&self) -> u64 {
        let read = self.ask("GET", "/clock").and_then(|answer| time_of(&answer));
        read.unwrap_or_else(|_| crate::unix_ms() / 1_000)
    }

    /// Moves the test clock. The time then.
    pub(crate) fn advance(&self, seconds: u64) -> Result<u64, String> {
        let answer = self.ask("POST", &format!("/clock?advance_seconds={seconds}"))?;
        time_of(&answer)
    }

    /// Asks for `path`; any status but 200 is an error with the answer's text.
    fn ask(&self, verb: &str, path: &str) -> Result<Answer, String> {
        let address = self.address;
        let head =
            format!("{verb} {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: loadgen\r\n\r\n");
        let request = Request {
            name: format!("{verb} {path}"),
            bytes: Arc::from(head.into_bytes()),
            is_head: false,
            weight: 1,
        };
        let target = Target { address, tls: None };
        let answers = ask(&target, &[request], self.session.settings.timeout);
        let answer = match answers.into_iter().next() {
            Some(Ok(answer)) => answer,
            Some(Err(error)) => {
                return Err(format!("the ops address {address}: {}", failure(error)));
            }
            None => return Err(format!("the ops address {address} was not asked")),
        };
        if answer.status == 200 {
            return Ok(answer);
        }
        let text = String::from_utf8_lossy(&answer.body);
        let text: String = text.trim().chars().take(200).collect();
        Err(format!("{verb} {path} at {address} answered {}: {text}", answer.status))
    }
}

impl std::fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("settings", self.settings).finish_non_exhaustive()
    }
}

fn time_of(answer: &Answer) -> Result<u64, String> {
    let read: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let unix_ms = read.as_ref().and_then(|read| read.get("unix_ms")).and_then(Value::as_u64);
    unix_ms.map(|ms| ms / 1_000).ok_or_else(|| "/clock does not say the time".to_owned())
}

/// `YYYY-MM-DD` of a time, in UTC. Source: the proleptic Gregorian calendar, in years that begin in March.
pub(crate) fn date(unix_s: u64) -> String {
    let (year, month, day) = civil(unix_s / DAY_S);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Year, month and day of a day after 1970-01-01.
pub(crate) fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year + u64::from(month <= 2), month, of_month)
}

/// Text as a part of a URL.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // A `String` takes everything.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_calendar() {
        for (unix_s, expected) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_709_164_800, "2024-02-29"),
            (1_735_689_599, "2024-12-31"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(date(unix_s), expected);
        }
    }

    #[test]
    fn a_name_is_no_part_of_the_query() {
        assert_eq!(escaped("a b&c/ü"), "a%20b%26c%2F%C3%BC");
    }
}
