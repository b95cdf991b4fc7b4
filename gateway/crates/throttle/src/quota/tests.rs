use super::*;

/// Walks the calendar day by day, as one does on paper.
#[test]
fn periods_are_the_calendars_from_1970_to_2100() {
    let (mut year, mut month, mut day) = (1970u32, 1u32, 1u32);
    let (mut weekday, mut weeks, mut months) = (3u32, 0u32, 0u32); // Thursday, Monday is 0
    let mut days = 0u32;
    while year <= 2100 {
        let start = u64::from(days) * 86_400;
        for unix_s in [start, start + 1, start + 43_200, start + 86_399] {
            assert_eq!(Period::Day.index(unix_s), days);
            assert_eq!(Period::Week.index(unix_s), weeks, "{year}-{month}-{day}");
            assert_eq!(Period::Month.index(unix_s), months, "{year}-{month}-{day}");
        }
        assert_eq!(Period::Day.start_of(days), start);
        if weekday == 0 {
            assert_eq!(Period::Week.start_of(weeks), start, "{year}-{month}-{day}");
        }
        if day == 1 {
            assert_eq!(Period::Month.start_of(months), start, "{year}-{month}");
        }
        days += 1;
        weekday = (weekday + 1) % 7;
        weeks += u32::from(weekday == 0);
        day += 1;
        if day > month_days(year, month) {
            (day, month, months) = (1, month + 1, months + 1);
        }
        if month > 12 {
            (month, year) = (1, year + 1);
        }
    }
    assert_eq!(days, 47_847, "131 years have 32 leap days");
    assert_eq!(Period::Week.start_of(0), 0);
}

fn month_days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[test]
fn known_dates() {
    // 29 February 2024 was a Thursday; 2100 has no leap day; 3 January 2027 is a Sunday.
    assert_eq!(Period::Month.start_of((2024 - 1970) * 12 + 2), 1_709_251_200);
    assert_eq!(Period::Week.index(1_798_934_400), Period::Week.index(1_798_934_400 - 6 * 86_400));
    assert_eq!(Period::Week.index(1_798_934_400 + 86_400), Period::Week.index(1_798_934_400) + 1);
    assert_eq!(Period::Month.start_of((2100 - 1970) * 12 + 2), 4_107_542_400);
}

#[test]
fn a_clock_beyond_all_periods_stays_in_the_last() {
    for period in [Period::Day, Period::Week, Period::Month] {
        assert!(period.index(u64::MAX) <= PERIOD_INDEX_MAX);
        assert!(period.index(u64::MAX - 1) == period.index(u64::MAX));
    }
}
