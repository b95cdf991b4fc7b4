//! Times as text: HTTP date, Common Log Format, RFC 3339. Pure; all in UTC, English months.

/// Last second that has four digits of year: 9999-12-31T23:59:59Z. Later times are written as this.
const UNIX_SECONDS_MAX: u64 = 253_402_300_799;

const WEEKDAYS: [&[u8; 3]; 7] = [b"Sun", b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat"];
const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// Writes a time as IMF-fixdate, the form of `Date`: `Sun, 06 Nov 1994 08:49:37 GMT`.
///
/// Source: RFC 9110 §5.6.7.
pub fn http_date(unix_seconds: u64) -> [u8; 29] {
    let civil = Civil::from_unix(unix_seconds);
    let mut out = *b"Sun, 06 Nov 1994 08:49:37 GMT";
    out[..3].copy_from_slice(civil.weekday_name());
    out[5..7].copy_from_slice(&two(civil.day));
    out[8..11].copy_from_slice(civil.month_name());
    out[12..16].copy_from_slice(&four(civil.year));
    out[17..25].copy_from_slice(&civil.time());
    out
}

/// Writes a time as `$context.requestTime` gives it: `06/Nov/1994:08:49:37 +0000`.
pub fn clf_time(unix_seconds: u64) -> [u8; 26] {
    let civil = Civil::from_unix(unix_seconds);
    let mut out = *b"06/Nov/1994:08:49:37 +0000";
    out[..2].copy_from_slice(&two(civil.day));
    out[3..6].copy_from_slice(civil.month_name());
    out[7..11].copy_from_slice(&four(civil.year));
    out[12..20].copy_from_slice(&civil.time());
    out
}

/// Writes a time in milliseconds since the epoch as RFC 3339: `1994-11-06T08:49:37.123Z`.
pub fn rfc3339(unix_millis: u64) -> [u8; 24] {
    let civil = Civil::from_unix(unix_millis / 1_000);
    let millis = (unix_millis % 1_000) as u16;
    let mut out = *b"1994-11-06T08:49:37.123Z";
    out[..4].copy_from_slice(&four(civil.year));
    out[5..7].copy_from_slice(&two(civil.month));
    out[8..10].copy_from_slice(&two(civil.day));
    out[11..19].copy_from_slice(&civil.time());
    out[20..23].copy_from_slice(&four(millis)[1..]);
    out
}

struct Civil {
    year: u16,
    month: u8,
    day: u8,
    weekday: u8,
    second_of_day: u32,
}

impl Civil {
    /// The civil date of a day count, by eras of 400 years that start on the first of March, so that
    /// a leap day is the last day of its year.
    fn from_unix(unix_seconds: u64) -> Self {
        let unix_seconds = unix_seconds.min(UNIX_SECONDS_MAX);
        let unix_day = unix_seconds / 86_400;
        let day = unix_day + 719_468; // since 0000-03-01
        let (era, day_of_era) = (day / 146_097, day % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153; // 0 is March
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Self {
            year: (era * 400 + year_of_era + u64::from(month <= 2)) as u16,
            month: month as u8,
            day: (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u8,
            weekday: ((unix_day + 4) % 7) as u8, // the epoch was a Thursday
            second_of_day: (unix_seconds % 86_400) as u32,
        }
    }

    fn weekday_name(&self) -> &'static [u8; 3] {
        WEEKDAYS[usize::from(self.weekday)]
    }

    fn month_name(&self) -> &'static [u8; 3] {
        MONTHS[usize::from(self.month) - 1]
    }

    /// `08:49:37`.
    fn time(&self) -> [u8; 8] {
        let [h1, h2] = two((self.second_of_day / 3_600) as u8);
        let [m1, m2] = two((self.second_of_day / 60 % 60) as u8);
        let [s1, s2] = two((self.second_of_day % 60) as u8);
        [h1, h2, b':', m1, m2, b':', s1, s2]
    }
}

fn two(value: u8) -> [u8; 2] {
    [b'0' + value / 10, b'0' + value % 10]
}

fn four(value: u16) -> [u8; 4] {
    let [a, b] = two((value / 100) as u8);
    let [c, d] = two((value % 100) as u8);
    [a, b, c, d]
}

#[cfg(test)]
mod tests;
