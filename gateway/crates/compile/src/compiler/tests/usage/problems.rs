use super::*;

/// All that is said, without its place.
#[track_caller]
fn said(definitions: &Definitions, keys: Option<&Arc<ImportedKeys>>) -> Vec<String> {
    let surroundings = Surroundings { imported: keys, ..now(&()) };
    let options = CompileOptions::default();
    let compiled = compile_with(definitions, &options, surroundings, None);
    assert_eq!(compiled.snapshot.is_none(), compiled.diagnostics.iter().any(Diagnostic::is_error));
    compiled.diagnostics.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn check(definitions: &Definitions, expect: &[&str]) {
    assert_eq!(said(definitions, None), expect);
}

#[test]
fn what_a_plan_names_has_to_be_there() {
    check(
        &with_plan(|plan| plan.api_stages.push(api_stage("staging", &[]))),
        &[
            "-:0:0: error: Invalid API Stage specified: abc:staging; a usage plan opens stages that \
           are served here",
        ],
    );
    check(
        &with_plan(|plan| plan.api_stages.push(api_stage("dev", &[]))),
        &["-:0:0: error: usage plan names API stage abc:dev twice"],
    );
    let mut definitions = with_plan(|_| {});
    definitions.usage_plan_keys = vec![membership("k9", "gold"), membership("k1", "silver")];
    check(
        &definitions,
        &[
            "-:0:0: error: Invalid API Key identifier specified: k9; name a key of the definitions \
             or of an imported file by its id",
            "-:0:0: error: Invalid Usage Plan ID specified: silver",
        ],
    );
    let mut definitions = with_plan(|_| {});
    definitions.usage_plans.push(usage_plan("gold", &["prod"]));
    check(&definitions, &["-:0:0: error: another usage plan has the id \"gold\""]);
}

#[test]
fn overrides_of_no_method_are_warned_of() {
    for key in ["/pets/GET", "/pets/{id}/ANY", "/*/*", "nonsense", "/pets/{id}/get"] {
        let definitions = with_plan(|plan| plan.api_stages = vec![api_stage("dev", &[(key, 1.0)])]);
        let expect = format!(
            "-:0:0: warning: usage plan throttle \"{key}\" is for no method of API stage abc:dev; \
             name a resource's whole path, such as /pets/{{id}}, and a verb that it has"
        );
        check(&definitions, &[&expect]);
    }
    let twice = [("/pets/{id}/GET", 1.0), ("/~1pets~1{id}/GET", 2.0)];
    check(
        &with_plan(|plan| plan.api_stages = vec![api_stage("dev", &twice)]),
        &["-:0:0: error: usage plan throttle \"/~1pets~1{id}/GET\" is there twice"],
    );
}

#[test]
fn numbers_have_to_make_sense() {
    check(
        &with_plan(|plan| plan.throttle = Some(rate_of(-3.0))),
        &[
            "-:0:0: error: usage plan throttle: a rate limit is a number of requests per second, or \
           -1 for none",
        ],
    );
    check(
        &with_plan(|plan| plan.api_stages = vec![api_stage("dev", &[("/pets/{id}/GET", -3.0)])]),
        &["-:0:0: error: usage plan throttle of /pets/{id}/GET: a rate limit is a number of \
           requests per second, or -1 for none"],
    );
    let text = "-:0:0: error: a usage plan's quota has a Limit and an Offset of 0 or more, and a \
                Period";
    for (limit, offset, period) in [
        (None, None, Some(QuotaPeriod::Day)),
        (Some(1), None, None),
        (Some(-1), None, Some(QuotaPeriod::Day)),
        (Some(1), Some(-1), Some(QuotaPeriod::Day)),
    ] {
        let wrong = Some(QuotaSettings { limit, offset, period });
        check(&with_plan(|plan| plan.quota = wrong), &[text]);
    }
}

#[test]
fn a_key_has_one_plan_for_a_stage() {
    let mut definitions = with_plan(|_| {});
    definitions.usage_plans.push(usage_plan("prod only", &["prod"]));
    definitions.usage_plans.push(usage_plan("both", &["dev", "prod"]));
    definitions.usage_plan_keys.push(membership("k1", "prod only"));
    check(&definitions, &[]);
    let keys = imported(&[("i1", &["gold", "both"])]);
    assert_eq!(
        said(&definitions, Some(&keys)),
        ["keys.csv:2:1: error: API key i1 is in two usage plans of API stage abc:dev: gold and \
          both; a key has one usage plan for a stage; take it out of one"]
    );
    // The same membership twice is one.
    let keys = imported(&[("i1", &["gold", "name of gold"])]);
    assert_eq!(said(&definitions, Some(&keys)), [""; 0]);
}

#[test]
fn duplicate_values_name_both_keys_and_no_value() {
    let mut definitions = with_plan(|_| {});
    definitions.api_keys[1].value = Some(value("k1"));
    let found = said(&definitions, None);
    assert_eq!(
        found,
        [
            "-:0:0: error: API key k2 has the same value as API key k1; give each key a value of its \
          own"
        ]
    );
    let definitions = with_plan(|_| {});
    let keys = imported(&[("k1", &[])]);
    assert_eq!(
        said(&definitions, Some(&keys)),
        ["keys.csv:2:1: error: there are two API keys of id k1; give each key an id of its own"]
    );
}

#[test]
fn a_value_has_20_to_128_characters() {
    for (len, expect) in [
        (19, Some("-:0:0: error: API Key value should be at least 20 characters")),
        (20, None),
        (128, None),
        (129, Some("-:0:0: error: API Key value exceeds maximum size of 128 characters")),
    ] {
        let mut definitions = with_plan(|_| {});
        definitions.api_keys[0].value = Some("ü".repeat(len));
        check(&definitions, expect.as_slice());
    }
}

#[test]
fn plans_that_a_file_misspells_are_warned_of_up_to_a_count() {
    let mut definitions = with_plan(|_| {});
    let keys = imported(&[("i1", &["god"])]);
    assert_eq!(
        said(&definitions, Some(&keys)),
        [
            "keys.csv:2:1: warning: API key i1: there is no usage plan \"god\"; the key is not in it; \
          name a plan by its id or its name"
        ]
    );
    definitions
        .usage_plans
        .push(UsagePlan { name: "name of gold".to_owned(), ..usage_plan("other", &["prod"]) });
    let keys = imported(&[("i1", &["name of gold"])]);
    let found = said(&definitions, Some(&keys));
    assert!(found[0].contains("several usage plans have the name \"name of gold\""), "{found:?}");

    let ids: Vec<String> = (0..1_000).map(|at| format!("i{at}")).collect();
    let rows: Vec<(&str, &[&str])> = ids.iter().map(|id| (id.as_str(), &["god"][..])).collect();
    let keys = imported(&rows);
    let found = said(&with_plan(|_| {}), Some(&keys));
    assert_eq!(found.len(), 21);
    let rest: Vec<_> = found.iter().filter(|text| text.contains("more like")).collect();
    assert_eq!(rest, ["keys.csv:21:1: warning: and 980 more like the ones above"]);
}

#[test]
fn what_was_said_is_said_again_when_keys_are_kept() {
    let definitions = with_plan(|_| {});
    let keys = imported(&[("i1", &["god"])]);
    let options = CompileOptions::default();
    let surroundings = Surroundings { imported: Some(&keys), ..now(&()) };
    let first = compile_with(&definitions, &options, surroundings, None);
    let again = compile_with(&definitions, &options, surroundings, first.snapshot.as_ref());
    assert_eq!(first.diagnostics.len(), 1);
    assert_eq!(first.diagnostics, again.diagnostics);
}
