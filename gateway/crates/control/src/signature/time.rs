//! Times as signatures have them.

/// `20260102T030405Z` as bytes and in milliseconds since 1970.
pub(super) fn parse(text: &str) -> Option<([u8; 16], u64)> {
    let bytes: [u8; 16] = text.as_bytes().try_into().ok()?;
    if bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let number = |from: usize, to: usize| {
        bytes[from..to].iter().try_fold(0_u64, |sum, digit| {
            digit.is_ascii_digit().then(|| sum * 10 + u64::from(digit - b'0'))
        })
    };
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
    let is_time = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !is_time {
        return None;
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some((bytes, seconds * 1000))
}

/// `20260102T030405Z` in milliseconds since 1970.
pub(crate) fn milliseconds(text: &str) -> Option<u64> {
    parse(text).map(|(_, ms)| ms)
}

/// `20260102T030405Z`, as `X-Amz-Date` has it.
pub fn basic(unix_ms: u64) -> String {
    let (year, month, day, hour, minute, second) = fields(unix_ms);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// `2026-01-02T03:04:05Z`
pub(crate) fn iso(unix_ms: u64) -> String {
    let (year, month, day, hour, minute, second) = fields(unix_ms);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Days from 1970-01-01 in the Gregorian calendar. Source: Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `days_from_civil`, for years from 1970 on.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Source: as [`days`], `civil_from_days`.
fn fields(unix_ms: u64) -> (u64, u64, u64, u64, u64, u64) {
    let seconds = unix_ms / 1000;
    let days = seconds / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let of_day = seconds % 86_400;
    (year, month, day, of_day / 3_600, of_day / 60 % 60, of_day % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_comes_back_as_it_went() {
        for text in ["19700101T000000Z", "20000229T235959Z", "20150830T123600Z", "20261231T010203Z"]
        {
            let (_, ms) = parse(text).expect(text);
            assert_eq!(basic(ms), text);
        }
        assert_eq!(parse("20150830T123600Z").map(|(_, ms)| ms), Some(1_440_938_160_000));
        assert_eq!(iso(1_440_938_160_000), "2015-08-30T12:36:00Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "2015-08-30T12:36:00Z", "20151330T123600Z", "20150830T123600+", "20150830 123600Z"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
