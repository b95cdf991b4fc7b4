//! Numbers, dates, addresses and bytes as conditions write them.

use std::cmp::Ordering;
use std::net::IpAddr;

use crate::limits::EPOCH_DIGITS_MAX;

/// A decimal number of any length, normalised, so that equal numbers are equal values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    is_negative: bool,
    /// Without leading zeros.
    whole: Box<str>,
    /// Without trailing zeros.
    fraction: Box<str>,
}

impl Decimal {
    /// Digits with an optional sign and point; no exponent.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || !is_digits(fraction) || whole.len() + fraction.len() == 0 {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let is_zero = whole.is_empty() && fraction.is_empty();
        let is_negative = text.starts_with('-') && !is_zero;
        Some(Self { is_negative, whole: whole.into(), fraction: fraction.into() })
    }

    /// What it takes in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.whole.len() + self.fraction.len()
    }

    fn magnitude(&self) -> (usize, &str, &str) {
        (self.whole.len(), &self.whole, &self.fraction)
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.is_negative, other.is_negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.magnitude().cmp(&other.magnitude()),
            (true, true) => other.magnitude().cmp(&self.magnitude()),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Milliseconds since 1970, of a date in W3C's profile of ISO 8601 or of seconds since then. Four digits
/// are a year.
pub(super) fn date(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let is_year = bytes.len() == 4 || bytes.get(4) == Some(&b'-');
    if is_year { w3c(bytes) } else { epoch(text) }
}

fn epoch(text: &str) -> Option<i64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = seconds.strip_prefix('-').unwrap_or(seconds);
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(digits) || !is_digits(fraction) || digits.len() > EPOCH_DIGITS_MAX {
        return None;
    }
    let millis = digits.parse::<i64>().ok()? * 1_000 + millis(fraction.as_bytes());
    Some(if seconds.starts_with('-') { -millis } else { millis })
}

/// The first three digits behind a point.
fn millis(digits: &[u8]) -> i64 {
    let digit = |at: usize| digits.get(at).map_or(0, |digit| i64::from(digit - b'0'));
    digit(0) * 100 + digit(1) * 10 + digit(2)
}

fn w3c(text: &[u8]) -> Option<i64> {
    let mut rest = text;
    let year = number(&mut rest, 4)?;
    let month = part(&mut rest, b'-', 1..=12)?.unwrap_or(1);
    let day = part(&mut rest, b'-', 1..=days_of_month(year, month))?.unwrap_or(1);
    let mut millis_of_day = 0;
    let mut offset_minutes = 0;
    if let Some(hour) = part(&mut rest, b'T', 0..=23)? {
        let minute = part(&mut rest, b':', 0..=59)??;
        let second = part(&mut rest, b':', 0..=59)?;
        let mut fraction = 0;
        if let (Some(_), Some((b'.', digits))) = (second, rest.split_first()) {
            let len = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
            fraction = (len > 0).then(|| millis(&digits[..len]))?;
            rest = &digits[len..];
        }
        millis_of_day = ((hour * 60 + minute) * 60 + second.unwrap_or(0)) * 1_000 + fraction;
        offset_minutes = zone(&mut rest)?;
    }
    if !rest.is_empty() || text.get(4) == Some(&b'T') || text.get(7) == Some(&b'T') {
        return None;
    }
    let days = days_since_1970(year, month, day);
    Some(days * 86_400_000 + millis_of_day - offset_minutes * 60_000)
}

/// `Z`, or hours and minutes east of it.
fn zone(rest: &mut &[u8]) -> Option<i64> {
    let (&sign, digits) = rest.split_first()?;
    *rest = digits;
    if matches!(sign, b'Z' | b'z') {
        return Some(0);
    }
    let hours = number(rest, 2).filter(|hours| *hours <= 23)?;
    let minutes = part(rest, b':', 0..=59)??;
    match sign {
        b'+' => Some(hours * 60 + minutes),
        b'-' => Some(-(hours * 60 + minutes)),
        _ => None,
    }
}

/// Two digits behind a separator: `Some(None)` when the separator is not next.
fn part(
    rest: &mut &[u8],
    separator: u8,
    range: std::ops::RangeInclusive<i64>,
) -> Option<Option<i64>> {
    let Some((_, digits)) = rest.split_first().filter(|(byte, _)| **byte == separator) else {
        return Some(None);
    };
    *rest = digits;
    number(rest, 2).filter(|value| range.contains(value)).map(Some)
}

fn number(rest: &mut &[u8], len: usize) -> Option<i64> {
    let (digits, after) = rest.split_at_checked(len)?;
    *rest = after;
    digits.iter().try_fold(0, |value, digit| {
        digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0'))
    })
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the proleptic Gregorian calendar.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Years that start in March have the leap day at their end.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Addresses that share a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    V4 {
        bits: u32,
        mask: u32,
    },
    V6 {
        bits: u128,
        mask: u128,
    },
    /// An IPv6 prefix with host bits set. Source: recorded behaviour, "never matches anything".
    Nothing,
}

impl Network {
    /// An address, or an address and the length of its prefix.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, len) = match text.split_once('/') {
            Some((address, len)) => {
                let is_number = !len.is_empty() && len.bytes().all(|byte| byte.is_ascii_digit());
                (address, Some(is_number.then(|| len.parse::<u32>().ok())??))
            }
            None => (text, None),
        };
        match address.parse::<IpAddr>().ok()? {
            IpAddr::V4(address) => {
                let len = len.unwrap_or(32);
                let mask = u32::MAX.checked_shl(32_u32.checked_sub(len)?).unwrap_or(0);
                Some(Self::V4 { bits: address.to_bits() & mask, mask })
            }
            IpAddr::V6(address) => {
                let len = len.unwrap_or(128);
                let mask = u128::MAX.checked_shl(128_u32.checked_sub(len)?).unwrap_or(0);
                let bits = address.to_bits();
                Some(if bits & !mask == 0 { Self::V6 { bits, mask } } else { Self::Nothing })
            }
        }
    }

    /// An IPv6 address with an IPv4 address in it is that one.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match (self, address.to_canonical()) {
            (Self::V4 { bits, mask }, IpAddr::V4(address)) => address.to_bits() & mask == *bits,
            (Self::V6 { bits, mask }, IpAddr::V6(address)) => address.to_bits() & mask == *bits,
            _ => false,
        }
    }
}

/// Standard base64, with its padding (RFC 4648 section 4).
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.as_bytes();
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = &text[..text.len() - padding];
    if padding > 2 {
        return None;
    }
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    for group in digits.chunks(4) {
        let mut bits = 0;
        for &digit in group {
            bits = bits << 6 | sextet(digit)?;
        }
        bits <<= 6 * (4 - group.len());
        out.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    Some(out)
}

fn sextet(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::{Decimal, base64, date};

    #[test]
    fn decimals_compare_exactly() {
        let check = |small: &str, large: &str| {
            let (small, large) = (Decimal::parse(small).unwrap(), Decimal::parse(large).unwrap());
            assert!(small < large, "{small:?} {large:?}");
        };
        check("9", "10");
        check("0.1", "0.12");
        check("-10", "-9");
        check("-0.5", "0");
        check("99999999999999999999999999999999.1", "99999999999999999999999999999999.2");
        for (a, b) in [("007", "+7"), ("1.50", "1.5"), ("-0", "0.0"), (".5", "0.5"), ("5.", "5")] {
            assert_eq!(Decimal::parse(a), Decimal::parse(b), "{a} {b}");
        }
        for bad in ["", ".", "+", "1e3", "0x1", "1,5", " 1", "--1", "1.2.3"] {
            assert_eq!(Decimal::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates_are_w3c_or_seconds() {
        for (text, millis) in [
            ("1970", 0),
            ("1970-02", 31 * 86_400_000),
            ("2000-03-01", 951_868_800_000),
            ("2013-06-30T00:00:00Z", 1_372_550_400_000),
            ("2013-06-30T02:00+02:00", 1_372_550_400_000),
            ("2013-06-29T19:00:00.0009-05:00", 1_372_550_400_000),
            ("2013-06-30T00:00:00.25Z", 1_372_550_400_250),
            ("1372550400", 1_372_550_400_000),
            ("1372550400.1239", 1_372_550_400_123),
            ("-1", -1_000),
            ("0000-01-01", -62_167_219_200_000),
        ] {
            assert_eq!(date(text), Some(millis), "{text}");
        }
        for bad in [
            "",
            "20130630T000000Z",
            "2013-6-1",
            "2013-13",
            "2013-02-29",
            "2013-06-30T00:00:00",
            "2013-06-30T24:00:00Z",
            "2013-06T00:00Z",
            "2013T00:00Z",
            "2013-06-30 00:00:00Z",
            "1e9",
            "2013-06-30T00Z",
            "2013-06-30T00:00:00.Z",
            "9999999999999999999",
            "now",
            "2013-06-30T00:00:00Zx",
        ] {
            assert_eq!(date(bad), None, "{bad}");
        }
    }

    #[test]
    fn base64_is_the_standard_one() {
        assert_eq!(base64("aGVsbG8="), Some(b"hello".to_vec()));
        assert_eq!(base64("aGVsbG8h"), Some(b"hello!".to_vec()));
        assert_eq!(base64("aA=="), Some(b"h".to_vec()));
        assert_eq!(base64(""), Some(Vec::new()));
        for bad in ["a", "aGVsbG8", "a===", "====", "a=Vs", "aGV_"] {
            assert_eq!(base64(bad), None, "{bad}");
        }
    }
}
