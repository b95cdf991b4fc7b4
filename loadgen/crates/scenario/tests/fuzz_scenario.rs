//! Any text as a scenario, and as each kind of value: no panic, and each problem has a place.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use loadgen_scenario::{Load, Scenario, ScenarioError, Schedule, Sources, builtins};

#[test]
fn text() {
    bolero::check!().for_each(|input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        judge(&text);
        // The same as a value within a scenario that is right but for it.
        let value = text.replace(['\n', '\r', '\''], " ");
        for place in ["/{{VALUE}}", "VALUE"] {
            let value = place.replace("VALUE", &value);
            judge(&format!("name: s\nrequests: [{{path: '/{value}'}}]\nload: {{users: 1}}\n"));
            judge(&format!("name: s\nrequests: [{{path: /a}}]\nload: {{arrival: {{rate: '{value}'}}}}\nduration: '{value}'\n"));
        }
    });
    builtins().iter().for_each(|each| judge(each.text));
    judge("name: &a [*a]");
}

fn judge(text: &str) {
    let sources = Sources { name: "s", folder: None, params: &BTreeMap::new(), env: &|_| None };
    match Scenario::parse(text, &sources) {
        Ok(scenario) => {
            assert!(!scenario.requests.is_empty() && !scenario.load.lasts().is_zero());
            if let Load::Arrivals(arrivals) = &scenario.load {
                assert!(Schedule::new(arrivals).take(100).is_sorted());
            }
        }
        Err(ScenarioError::Invalid(problems)) => assert!(!problems.is_empty()),
        Err(error) => panic!("{error}"),
    }
}
