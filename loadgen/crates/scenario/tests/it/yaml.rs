//! Scenarios as text: built-ins, and what is refused where.

use std::collections::BTreeMap;

use loadgen_scenario::{Draw, Load, Scenario, ScenarioError, Sources, Template, builtin, builtins};
use proptest::prelude::*;

fn read(text: &str, params: &[(&str, &str)]) -> Result<Scenario, ScenarioError> {
    let params: BTreeMap<String, String> =
        params.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let env = |name: &str| (name == "PARTNER_KEY").then(|| "from-env".to_string());
    Scenario::parse(text, &Sources { name: "s.yaml", folder: None, params: &params, env: &env })
}

#[track_caller]
fn refused(text: &str, problems: &[&str]) {
    let error = read(text, &[]).expect_err("it is read").to_string();
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines, problems, "\n{error}");
}

#[test]
fn built_ins_are_read_and_are_what_they_are_called() {
    assert_eq!(builtins().len(), 8);
    for each in builtins() {
        let scenario =
            Scenario::load(each.name, &BTreeMap::new()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            (scenario.name.as_str(), scenario.description.as_str()),
            (each.name, each.description)
        );
        assert!(!scenario.thresholds.is_empty());
        assert!(builtin(each.name).is_some());
    }
    assert!(builtin("none").is_none());
    let error = Scenario::load("no-such-scenario", &BTreeMap::new()).expect_err("none").to_string();
    assert!(error.contains("browse, write-heavy, mixed-auth"), "{error}");
}

#[test]
fn parameters_replace_defaults() {
    let text = builtin("browse").expect("there");
    let scenario =
        read(text, &[("list", "/items"), ("users", "7"), ("duration", "5s")]).expect("read");
    assert_eq!(scenario.requests[0].path.fixed(), Some("/items"));
    assert_eq!((scenario.load.users_max(), scenario.load.lasts().as_secs()), (7, 5));
    let error = read(text, &[("lsit", "/items")]).expect_err("refused").to_string();
    assert!(error.contains("no parameter \"lsit\"; it has duration, item, list, users"), "{error}");
}

#[test]
fn the_environment_stays_out_of_files() {
    let text = "name: s\nrequests: [{path: /a}]\nusers: [{name: u, api_keys: ['{{env.PARTNER_KEY}}']}]\nload: {users: 1}\n";
    assert_eq!(read(text, &[]).expect("read").users[0].auth.api_keys, ["from-env"]);
    refused(
        &text.replace("PARTNER_KEY", "OTHER"),
        &["s.yaml:3:30: environment variable OTHER is not set: export it first"],
    );
}

#[test]
fn a_scenario_of_three_lines_has_the_rest_by_default() {
    let scenario = read("name: s\nrequests: [{path: /a}]\nload: {users: 2}\n", &[]).expect("read");
    assert_eq!(scenario.requests[0].name, "GET /a");
    assert!(scenario.requests[0].expect.has(204) && !scenario.requests[0].expect.has(404));
    assert_eq!((scenario.users.len(), scenario.timeout.as_secs()), (1, 30));
    assert!(matches!(scenario.load, Load::Users(_)));
    assert_eq!(scenario.load.lasts().as_secs(), 30);
}

#[test]
fn all_problems_are_told_with_place_and_fix() {
    refused(
        "name: s
requests:
  - path: orders
    method: get
    expect: [2xy]
  - path: /a?b=c
  - {path: /ok, weight: 0}
  - {path: /ok}
  - {path: '/v/{{nmae}}', headers: {content-length: '1', 'a b': c}}
users:
  - {name: u, think: 5s..1s, steps: [GET /ok, nothing], order: mixed}
load:
  users: 0
  ramp: soon
duration: 10
timeout: 2h
thresholds: [p99<5, p50<1s for nothing]
engine: wrk
",
        &[
            "s.yaml:3:11: a path starts with a slash, below the target's: /orders",
            "s.yaml:4:13: write a method in capitals, such as POST",
            "s.yaml:5:14: \"2xy\" is no status: write 200, or 2xx for all of 200 to 299",
            "s.yaml:6:11: write the query under `query`, and no fragment",
            "s.yaml:7:25: \"0\" is no number from 1 to 1000",
            "s.yaml:8:12: another request is named \"GET /ok\": give this one a name",
            "s.yaml:9:12: no variable \"nmae\": write counter, random, random 1..1000, uuid or env.NAME",
            "s.yaml:9:37: content-length is written by the client itself: leave it out",
            "s.yaml:9:58: \"a b\" is no header's name",
            "s.yaml:11:22: \"5s..1s\" ends before it begins: write the shorter duration first",
            "s.yaml:11:47: no request is named \"nothing\"; there are GET /ok, GET /ok",
            "s.yaml:11:64: write random or sequence",
            "s.yaml:13:10: \"0\" is no number from 1 to 10000",
            "s.yaml:15:11: \"10\" is no duration: write a number and us, ms, s, m or h, such as 500ms",
            "s.yaml:16:10: write a duration above zero, up to 3600s",
            "s.yaml:17:14: threshold \"p99<5\", column 6: a latency needs a unit: write us, ms or s, such as 5ms",
            "s.yaml:17:21: no request is named \"nothing\"; there are GET /ok, GET /ok",
            "s.yaml:18:9: write goose or uring",
        ],
    );
}

#[test]
fn keys_that_do_not_exist_and_texts_that_are_no_yaml_have_their_place() {
    let error = read("name: s\nrequests:\n  - {path: /a, methd: GET}\nload: {users: 1}\n", &[])
        .expect_err("refused");
    let text = error.to_string();
    assert!(
        text.starts_with("s.yaml:3:16: ") && text.contains("methd") && text.contains("method"),
        "{text}"
    );
    let text = read("name: s\nrequests: [\n", &[]).expect_err("refused").to_string();
    assert!(text.starts_with("s.yaml:") && text.lines().count() == 1, "{text}");
    let text = read("name: s\nload: {users: 1}\n", &[]).expect_err("refused").to_string();
    assert!(text.contains("requests"), "{text}");
}

#[test]
fn loads_that_make_no_sense_are_refused() {
    let with = |load: &str| format!("name: s\nrequests: [{{path: /a}}]\n{load}\n");
    let cases = [
        ("load: {users: 1, arrival: {rate: 1/s}}", "write one of users, arrival and stages"),
        ("load: {}", "write one of users, arrival and stages"),
        ("load: {arrival: {rate: 10/y}}", "\"10/y\" is no rate"),
        ("load: {arrival: {rate: 10/s}}\nusers: [{name: u, think: 1s}]", "take think out"),
        ("load: {users: 2, users_max: 3}", "goes with an arrival rate"),
        ("load: {users: 2, ramp: 20s}\nduration: 10s", "the ramp is longer"),
        ("load: {stages: [{users: 1, for: 1s}, {rate: 1/s, for: 1s}]}", "either users or rates"),
        ("load: {stages: [{users: 1, for: 1s}]}\nduration: 1s", "take duration out"),
        ("load: {stages: [{users: 1}]}", "how long it lasts"),
        ("load: {stages: [{rate: 1/s, for: 1s}], repeat: 2000}", "no number from 1 to 1440"),
        ("load: {arrival: {rate: 0/s}}", "0 requests would be sent"),
        ("load: {users: 1}\nduration: 1000h", "up to 604800s"),
    ];
    for (load, problem) in cases {
        let error = read(&with(load), &[]).expect_err(load).to_string();
        assert!(error.contains(problem), "{load}: {error}");
    }
}

proptest! {
    #[test]
    fn variables_stay_in_their_range_and_literals_as_they_are(
        from: u64, to: u64, seed: u64, before in "[a-z/} ]{0,8}[a-z]", after in "[a-z}]{0,8}",
    ) {
        let (from, to) = (from.min(to), from.max(to));
        let text = format!("{before}{{{{random {from}..{to}}}}}{after}");
        let template = Template::parse(&text, &|_| None).map_err(TestCaseError::fail)?;
        prop_assert_eq!(template.fixed(), None);
        let mut draw = Draw::new(seed);
        for _ in 0..8 {
            let shown = template.render(&mut draw).into_owned();
            let number = shown.strip_prefix(before.as_str()).and_then(|rest| rest.strip_suffix(after.as_str()));
            let number: u64 = number.and_then(|number| number.parse().ok())
                .ok_or_else(|| TestCaseError::fail(format!("{text} renders as {shown}")))?;
            prop_assert!((from..=to).contains(&number), "{} of {}", number, text);
        }
    }
}
