//! The text of an execution log, and the dates in it.

use std::fmt::Write as _;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A log that is being written.
pub(super) struct Log(String);

impl Log {
    pub(super) fn new(request_id: &str) -> Self {
        Self(format!("Execution log for request {request_id}\n"))
    }

    pub(super) fn line(&mut self, unix_ms: u64, text: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{} : {text}", date(unix_ms / 1_000));
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// `{name=value, …}`
pub(super) fn headers_line(headers: &[&(String, String)]) -> String {
    let headers: Vec<String> =
        headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{{{}}}", headers.join(", "))
}

/// `Fri Jan 13 10:08:40 UTC 2023`
fn date(unix_s: u64) -> String {
    let (day, second) = (unix_s / 86_400, unix_s % 86_400);
    let (year, month, of_month) = civil(day);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let name = DAYS[(day % 7) as usize];
    let month = MONTHS[(month - 1) as usize];
    format!("{name} {month} {of_month:02} {hour:02}:{minute:02}:{second:02} UTC {year}")
}

/// `2016-02-22T23:52:00Z`
pub(in crate::apigateway) fn rfc3339(unix_s: u64) -> String {
    let (year, month, day) = civil(unix_s / 86_400);
    let second = unix_s % 86_400;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of a day after 1970-01-01. Source: Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `civil_from_days`.
pub(in crate::apigateway) fn civil(day: u64) -> (u64, u64, u64) {
    let shifted = day + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_javas() {
        assert_eq!(date(1_673_604_520), "Fri Jan 13 10:08:40 UTC 2023");
        assert_eq!(date(0), "Thu Jan 01 00:00:00 UTC 1970");
        assert_eq!(rfc3339(1_456_185_120), "2016-02-22T23:52:00Z");
        assert_eq!(civil(11_016), (2000, 2, 29));
    }
}
