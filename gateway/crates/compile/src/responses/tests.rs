use super::*;

/// Responses as `pattern→status`; an empty pattern is a default, `!` in front a broken response.
fn responses(all: &[(&str, u16)]) -> Responses {
    let patterns = all.iter().map(|(pattern, _)| match *pattern {
        "" => None,
        pattern => Some(Pattern::parse(pattern).unwrap_or(Pattern::Unserved)),
    });
    let plans = all.iter().map(|(_, status)| ResponsePlan {
        outcome: if *status == 0 { Err(Failure::internal_error()) } else { Ok(*status) },
        headers: Vec::new(),
        templates: ResponseTemplates::default(),
        maps_content_type: false,
        needs_response_body: false,
        content_handling: None,
        origin: crate::headers::ResponseOrigin::Http,
    });
    Responses::new(Arc::new(Selection::new(patterns.collect())), plans.collect())
}

#[track_caller]
fn check(all: &[(&str, u16)], status: i64, expect: Result<u16, Failure>) {
    let responses = responses(all);
    assert_eq!(responses.select_integer(status).map(|chosen| chosen.status), expect, "{status}");
    if let Ok(status) = u16::try_from(status) {
        assert_eq!(responses.select(status).map(|chosen| chosen.status), expect, "{status}");
    }
}

const BROKEN: Result<u16, Failure> = Err(Failure::api_configuration_error());

#[test]
fn the_first_pattern_that_matches_whole_wins() {
    let all = [("404", 404), (r"4\d{2}", 400), ("", 200), (r"5\d{2}|599", 502), ("50", 500)];
    check(&all, 404, Ok(404));
    check(&all, 403, Ok(400));
    check(&all, 500, Ok(502));
    check(&all, 200, Ok(200));
    check(&all, 50, Ok(500));
    check(&all, 4040, Ok(200));
}

#[test]
fn without_a_default_no_match_fails() {
    check(&[("404", 404)], 404, Ok(404));
    check(&[("404", 404)], 200, BROKEN);
    check(&[], 200, BROKEN);
    check(&[(".*", 200), ("404", 404)], 404, Ok(200));
}

#[test]
fn the_first_default_stands() {
    check(&[("", 200), ("", 201)], 302, Ok(200));
}

#[test]
fn any_integer_selects() {
    let all = [("-1000", 201), (r"-\d+", 202), ("0", 203), ("", 200), (r"\d{19}", 204)];
    check(&all, -1000, Ok(201));
    check(&all, -1, Ok(202));
    check(&all, 0, Ok(203));
    check(&all, i64::MAX, Ok(204));
    check(&all, i64::MIN, Ok(202));
    check(&all, 99, Ok(200));
    check(&all, 600, Ok(200));
}

#[test]
fn a_response_without_a_method_response_fails_when_chosen() {
    check(&[("404", 0), ("", 200)], 404, Err(Failure::internal_error()));
    check(&[("404", 0), ("", 200)], 200, Ok(200));
}

#[test]
fn a_pattern_that_is_not_served_fails_closed() {
    let all = [("404", 404), ("(?!200).*", 500), ("", 200)];
    check(&all, 404, Ok(404));
    check(&all, 200, BROKEN);
    check(&all, 500, BROKEN);
}

#[track_caller]
fn check_error(all: &[(&str, u16)], message: &str, expect: Result<u16, Failure>) {
    let responses = responses(all);
    assert_eq!(responses.select_error(message).map(|chosen| chosen.status), expect, "{message:?}");
}

#[test]
fn an_error_message_is_matched_whole_and_in_stored_order() {
    let all = [(r"\[BadRequest\].*", 400), (".*timed out.*", 504), ("", 200), (".*Request.*", 500)];
    check_error(&all, "[BadRequest] kind", Ok(400));
    check_error(&all, "x [BadRequest] kind", Ok(500));
    check_error(&all, "[BadRequest] timed out", Ok(400));
    check_error(&all, "Task timed out after 3.00 seconds", Ok(504));
    check_error(&all, "Request", Ok(500));
    check_error(&all, "something", Ok(200));
    // No errorMessage: it succeeded, or failed without one.
    check_error(&all, "", Ok(200));
    check_error(&[("404", 404)], "nothing", BROKEN);
    check_error(&[("200", 404), ("", 200)], "", Ok(200));
}

#[test]
fn a_pattern_that_matches_nothing_at_all_takes_successes_too() {
    check_error(&[(".*", 500), ("", 200)], "", Ok(500));
    check_error(&[(".+", 500), ("", 200)], "", Ok(200));
    check_error(&[("(.|\n)+", 500), ("", 200)], "two\nlines", Ok(500));
    check_error(&[(".+", 500), ("", 200)], "two\nlines", Ok(200));
    check_error(&[("(?=x)x", 500), ("", 200)], "x", BROKEN);
}

#[test]
fn a_huge_pattern_is_not_compiled() {
    assert!(Pattern::parse("((a{1000}){1000}){1000}").is_err());
}
