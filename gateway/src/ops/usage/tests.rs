use gateway_throttle::Usage;

use super::*;

fn refused(query: &str) -> (u16, String) {
    let refusal = Query::parse(query).expect_err(query);
    (refusal.status.as_u16(), refusal.message)
}

#[test]
fn dates_are_days_after_the_epoch() {
    for (date, expected) in [
        ("1970-01-01", 0),
        ("1970-12-31", 364),
        ("2000-02-29", 11_016),
        ("2024-12-31", 20_088),
        ("9999-12-31", 2_932_896),
    ] {
        assert_eq!(day("startDate", date), Ok(expected), "{date}");
    }
    for date in [
        "",
        "2024-1-01",
        "2024-01-1",
        "24-01-01",
        "2023-02-29",
        "2024-04-31",
        "2024-00-01",
        "2024-13-01",
        "2024-01-00",
        "1969-12-31",
        "2024/01/01",
        "+024-01-01",
        "2024-01-01T00",
        "２０２４-01-01",
    ] {
        let refusal = day("endDate", date).expect_err(date);
        assert_eq!(refusal.status, StatusCode::BAD_REQUEST, "{date}");
        assert!(refusal.message.starts_with("endDate must be a date"), "{}", refusal.message);
    }
}

#[test]
fn a_query_is_checked_whole() {
    let dates = "startDate=2024-02-01&endDate=2024-02-02";
    let query = Query::parse(&format!("{dates}&keyId=a%2Fb&limit=500&unknown&position=p"));
    let query = query.expect("a query");
    assert_eq!((query.first_day, query.last_day), (19_754, 19_755));
    assert_eq!((query.key.as_deref(), query.position.as_deref()), (Some("a/b"), Some("p")));
    assert_eq!(query.limit, 500);
    assert_eq!(Query::parse(dates).expect("a query").limit, 25);
    assert_eq!(refused("").0, 400);
    assert_eq!(refused("startDate=2024-02-01").0, 400, "both dates are needed");
    for limit in ["0", "501", "-1", "x", ""] {
        let (status, message) = refused(&format!("{dates}&limit={limit}"));
        assert_eq!(status, 400);
        assert!(message.contains("1 to 500"), "{message}");
    }
    assert!(refused("startDate=2024-02-02&endDate=2024-02-01").1.contains("before"));
    let span = |end| Query::parse(&format!("startDate=2024-01-01&endDate={end}"));
    assert!(span("2024-03-30").is_ok(), "90 days");
    assert!(span("2024-03-31").is_err(), "91 days");
    assert_eq!(refused(&format!("{dates}&keyId=%2")).0, 400);
    assert_eq!(refused(&format!("{dates}&keyId=%ff")).0, 400);
}

#[test]
fn a_path_names_a_plan() {
    assert_eq!(plan_of("/usageplans/p1/usage"), Some("p1"));
    for path in
        ["/usageplans//usage", "/usageplans/usage", "/usageplans/a/b/usage", "/usageplans/a"]
    {
        assert_eq!(plan_of(path), None, "{path}");
    }
}

fn member(usage: Usage) -> Member {
    Member { throttle: None, methods: Box::default(), usage: Arc::new(usage) }
}

fn plan(quota: Option<Quota>) -> UsagePlan {
    UsagePlan {
        id: "p1".into(),
        name: "gold".into(),
        throttle: None,
        methods: Vec::new(),
        quota,
        stages: Vec::new(),
    }
}

/// The pairs of key `k1` from `first` to `last`, asked on `today`.
fn pairs(
    store: Option<&UsageReader>,
    quota: Option<Quota>,
    usage: Usage,
    (first, last): (u32, u32),
    today: u32,
) -> String {
    let query = Query { first_day: first, last_day: last, ..Query::default() };
    let plan = plan(quota);
    let unix_s = u64::from(today) * DAY_S + 7;
    let days = Days { store, query: &query, plan: &plan, today, unix_s };
    let mut json = String::new();
    days.write("k1", &member(usage), &mut json).expect("a report");
    json
}

#[test]
fn a_pair_is_used_and_remaining_at_the_days_end() {
    // 2024-02-05, a Monday.
    const MONDAY: u32 = 19_758;
    let weekly =
        Quota { limit: 100, offset: 10, period: Period::Week, since: Period::Week.index(0) };
    let usage = Usage::new();
    let noon = |day: u32| u64::from(day) * DAY_S + DAY_S / 2;
    for (day, count) in [(MONDAY - 1, 3), (MONDAY, 4)] {
        for _ in 0..count {
            usage.count(Some(&weekly), noon(day)).expect("left");
        }
    }
    let usage = || Usage::restore(&usage.record());
    let span = (MONDAY - 2, MONDAY + 1);
    assert_eq!(pairs(None, None, usage(), span, MONDAY), "[0,-1],[3,-1],[4,-1],[0,-1]");
    // Sunday ends a week; today's second number is what the counter says.
    assert_eq!(pairs(None, Some(weekly), usage(), span, MONDAY), "[0,100],[3,97],[4,96],[0,96]");
    assert_eq!(pairs(None, Some(weekly), usage(), (MONDAY, MONDAY), MONDAY), "[4,96]");
    let daily = Quota { period: Period::Day, since: MONDAY - 1, ..weekly };
    let restored = Usage::restore(&gateway_throttle::UsageRecord {
        period: Some((Period::Day, MONDAY)),
        used: 30,
        ..usage().record()
    });
    let text = pairs(None, Some(daily), restored, span, MONDAY);
    assert_eq!(text, "[0,100],[3,87],[4,70],[0,100]", "the offset is the first period's alone");
}

#[test]
fn days_that_counters_forgot_come_from_the_store() {
    use gateway_store::{UsageRecord, UsageRow, UsageStore};
    let directory = tempfile::TempDir::new().expect("a directory");
    let (mut store, _) = UsageStore::open(directory.path()).expect("a store");
    for days in [[(100, 1), (101, 2)], [(102, 3), (101, 2)], [(102, 3), (103, 4)]] {
        let record = UsageRecord { period: None, used: 0, days };
        let row = UsageRow { plan_id: "p1".into(), key_id: "k1".into(), record };
        store.write(&[row]).expect("written");
    }
    let usage = Usage::restore(&gateway_throttle::UsageRecord {
        days: [(102, 3), (103, 9)],
        ..Default::default()
    });
    let text = pairs(Some(&store.reader()), None, usage, (99, 104), 103);
    assert_eq!(text, "[0,-1],[1,-1],[2,-1],[3,-1],[9,-1],[0,-1]", "memory is newer than the disk");
}
