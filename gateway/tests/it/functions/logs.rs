//! What functions say: kept, shown at the ops address, and on the console in development.

use super::stack::Stack;
use super::{get, serve, wait_until};
use crate::support::{Client, Gateway};

const TALKS: &str = "
    import sys

    def handler(event, context):
        print('to standard output')
        print('to standard error', file=sys.stderr)
        return {'body': context.aws_request_id}
";

/// The log of a function as the ops address shows it.
pub(super) fn log(gateway: &Gateway, function: &str) -> String {
    let response =
        Client::get(gateway.ops_addr(), &format!("/functions/{function}/logs?lines=1000"));
    match response.status {
        200 => response.text().to_owned(),
        _ => String::new(),
    }
}

#[test]
fn an_invocation_has_its_lines_between_start_and_report() {
    let gateway = serve(Stack::new().python("talks", TALKS).route("GET", "f", "talks"), &["--dev"]);
    let id = get(&gateway, "/s/f").text().to_owned();
    wait_until("the report is there", || log(&gateway, "talks").contains("REPORT"));
    wait_until("both lines are there", || {
        let log = log(&gateway, "talks");
        log.contains("to standard output") && log.contains("to standard error")
    });
    let log = log(&gateway, "talks");
    for part in [
        format!("START RequestId: {id} Version: $LATEST"),
        format!("END RequestId: {id}"),
        format!("REPORT RequestId: {id}\tDuration: "),
    ] {
        assert!(log.contains(&part), "{part} is not in\n{log}");
    }
    let report = log.lines().find(|line| line.contains("REPORT")).unwrap();
    for part in
        ["Billed Duration: ", " ms\tMemory Size: 128 MB\tMax Memory Used: ", "Init Duration: "]
    {
        assert!(report.contains(part), "{part} is not in {report}");
    }
    // In development the console has them too.
    gateway.wait_for_stderr("to standard output", 1);
    let missing = Client::get(gateway.ops_addr(), "/functions/nobody/logs");
    assert_eq!(missing.status, 404);
}

#[test]
fn logs_outlive_a_restart_where_there_is_a_state_directory() {
    let state = tempfile::tempdir().unwrap();
    let template = Stack::new().python("talks", TALKS).route("GET", "f", "talks").template();
    let args = ["--state", state.path().to_str().unwrap()];
    let gateway = Gateway::start(&template, &args);
    let id = get(&gateway, "/s/f").text().to_owned();
    wait_until("the report is there", || {
        log(&gateway, "talks").contains(&format!("REPORT RequestId: {id}"))
    });
    gateway.stop();
    let gateway = Gateway::start(&template, &args);
    assert!(log(&gateway, "talks").contains(&format!("START RequestId: {id}")));
}

#[test]
fn the_ops_address_lists_functions_and_their_environments() {
    let gateway = serve(Stack::new().python("talks", TALKS).route("GET", "f", "talks"), &[]);
    let list = || {
        let response = Client::get(gateway.ops_addr(), "/functions");
        serde_json::from_slice::<serde_json::Value>(&response.body).unwrap()
    };
    assert_eq!(list()["functions"][0]["name"], "talks");
    assert_eq!(list()["functions"][0]["environments"], 0);
    get(&gateway, "/s/f");
    get(&gateway, "/s/f");
    let function = &list()["functions"][0];
    assert_eq!(function["environments"], 1);
    assert_eq!((&function["invocations"], &function["cold_starts"]), (&2.into(), &1.into()));
}
