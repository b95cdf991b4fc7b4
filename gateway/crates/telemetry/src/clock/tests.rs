use super::*;
use proptest::prelude::*;

fn is_leap(year: u64) -> bool {
    (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
}

/// Counts years, then months, one at a time: (year, month, day, weekday).
fn oracle(unix_seconds: u64) -> (u64, usize, u64, u64) {
    let mut day = unix_seconds / 86_400;
    let weekday = (day + 4) % 7;
    let mut year = 1970;
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while day >= lengths[month] {
        day -= lengths[month];
        month += 1;
    }
    (year, month + 1, day + 1, weekday)
}

fn check(unix_seconds: u64) {
    let (year, month, day, weekday) = oracle(unix_seconds);
    let (hour, minute) = (unix_seconds / 3_600 % 24, unix_seconds / 60 % 60);
    let time = format!("{hour:02}:{minute:02}:{:02}", unix_seconds % 60);
    let name = std::str::from_utf8(MONTHS[month - 1]).expect("ASCII");
    let weekday = std::str::from_utf8(WEEKDAYS[weekday as usize]).expect("ASCII");
    assert_eq!(
        String::from_utf8_lossy(&http_date(unix_seconds)),
        format!("{weekday}, {day:02} {name} {year:04} {time} GMT")
    );
    assert_eq!(
        String::from_utf8_lossy(&clf_time(unix_seconds)),
        format!("{day:02}/{name}/{year:04}:{time} +0000")
    );
    assert_eq!(
        String::from_utf8_lossy(&rfc3339(unix_seconds * 1_000 + 7)),
        format!("{year:04}-{month:02}-{day:02}T{time}.007Z")
    );
}

#[test]
fn the_example_of_the_rfc() {
    assert_eq!(&http_date(784_111_777), b"Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(&clf_time(784_111_777), b"06/Nov/1994:08:49:37 +0000");
    assert_eq!(&rfc3339(784_111_777_123), b"1994-11-06T08:49:37.123Z");
}

#[test]
fn every_day_of_five_centuries() {
    for day in 0..500 * 366 {
        check(day * 86_400 + day % 86_400);
    }
}

#[test]
fn beyond_four_digits_of_year_stays_at_the_last_second() {
    check(UNIX_SECONDS_MAX);
    assert_eq!(http_date(u64::MAX), http_date(UNIX_SECONDS_MAX));
    assert_eq!(&rfc3339(u64::MAX)[..19], b"9999-12-31T23:59:59");
}

proptest! {
    #[test]
    fn any_time_agrees_with_counting(unix_seconds in 0..=UNIX_SECONDS_MAX) {
        check(unix_seconds);
    }
}
