use super::*;

fn left(period: QuotaPeriod, unix_s: u64) -> u64 {
    Quota { limit: 1, offset: 0, period }.left_s(unix_s)
}

#[test]
fn periods_end_as_the_gateways_do() {
    use gateway_throttle::Period;
    let periods = [
        (QuotaPeriod::Day, Period::Day),
        (QuotaPeriod::Week, Period::Week),
        (QuotaPeriod::Month, Period::Month),
    ];
    for (ours, gateways) in periods {
        for at in 0..3_000_u64 {
            let unix_s = 1_700_000_000 + at * 50_021;
            let next = gateways.start_of(gateways.index(unix_s) + 1);
            assert_eq!(unix_s + left(ours, unix_s), next, "{ours:?} at {unix_s}");
        }
    }
}
