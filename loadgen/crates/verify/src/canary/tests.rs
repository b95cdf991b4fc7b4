use super::*;
use crate::origin::Call;
use crate::testing::{answer, api, route, settings};

const STAGE: &str = "Variables: {v: one, same: x, path: old/api}, CanarySetting: {DeploymentId: !Ref D, PercentTraffic: 10, \
                     StageVariableOverrides: {v: two, added: y, path: new/api}}";

fn tell(integration: &str) -> Option<Tell> {
    let definitions = api(&[("GET /a", "", integration)], STAGE, "");
    Tell::of(&route(&definitions, "GET /a"))
}

fn proxy(more: &str) -> String {
    format!("Type: HTTP_PROXY, IntegrationHttpMethod: GET, {more}")
}

#[test]
fn a_mock_tells_by_a_header_of_its_answer() {
    let mock = |source: &str| {
        format!(
            "Type: MOCK, IntegrationResponses: [{{StatusCode: \"200\", ResponseParameters: \
             {{method.response.header.X-V: {source}}}}}]"
        )
    };
    assert_eq!(tell(&mock("stageVariables.same")), None);
    assert_eq!(tell(&mock("\"'two'\"")), None);
    let tell = tell(&mock("stageVariables.v")).expect("a tell");
    assert!(!tell.is_at_backend());
    assert_eq!(tell.of_answer(&answer(200, &["X-V: two"], "")), Some(Side::Canary));
    assert_eq!(tell.of_answer(&answer(200, &["X-V: one"], "")), Some(Side::Stage));
    assert_eq!(tell.of_answer(&answer(200, &["X-V: three"], "")), None);
    assert_eq!(tell.of_answer(&answer(200, &[], "")), None);
}

#[test]
fn a_proxy_tells_by_what_reaches_the_backend() {
    let uri = "Uri: \"http://127.0.0.1:9000/x\"";
    let header = "RequestParameters: {integration.request.header.V: stageVariables.v}";
    let found = tell(&proxy(&format!("{uri}, {header}"))).expect("a tell");
    let with = |value: &str| Call { headers: vec![("v".into(), value.into())], ..Call::default() };
    assert_eq!(found.of_call(&with("two")), Some(Side::Canary));
    assert_eq!(found.of_call(&with("one")), Some(Side::Stage));
    assert_eq!(found.of_call(&Call::default()), None);
    // A variable that only the canary has is nothing on the stage's side.
    let query = "RequestParameters: {integration.request.querystring.q: stageVariables.added}";
    let found = tell(&proxy(&format!("{uri}, {query}"))).expect("a tell");
    let with = |query: &str| Call { query: query.into(), ..Call::default() };
    assert_eq!(found.of_call(&with("a=b&q=y")), Some(Side::Canary));
    assert_eq!(found.of_call(&with("a=b")), Some(Side::Stage));
    let found =
        tell(&proxy("Uri: \"http://127.0.0.1:9000/${stageVariables.path}/{id}\"")).expect("a tell");
    let with = |path: &str| Call { path: path.into(), ..Call::default() };
    assert_eq!(found.of_call(&with("/new/api/1")), Some(Side::Canary));
    assert_eq!(found.of_call(&with("/old/api/1")), Some(Side::Stage));
    assert_eq!(tell(&proxy(uri)), None);
    assert_eq!(
        tell(&proxy("Uri: \"http://${stageVariables.v}/x\"")),
        None,
        "another host, the same path"
    );
}

#[test]
fn a_canary_that_shows_nowhere_is_not_checked() {
    let definitions = api(&[("GET /a", "", "Type: MOCK")], STAGE, "");
    let settings = settings();
    let session = Session::new(&definitions, &settings);
    let planned = plan(&session);
    assert_eq!(planned.len(), 1);
    assert_eq!(
        (&*planned[0].id, &*planned[0].promised),
        ("canary/a/s", "the canary gets 10 % of the requests")
    );
    match (planned[0].run)(&session).verdict {
        Verdict::NotChecked(why) => assert!(why.contains("no stage variable"), "{why}"),
        other => panic!("{other:?}"),
    }
}
