//! The ops address.

use serde_json::Value;

use super::metric;
use crate::hostile::{Hostile, get};
use crate::support::{Backend, Client};

#[test]
fn it_answers_for_machines() {
    let backend = Backend::echo();
    let hostile = Hostile::start(&backend, "");
    let ops = hostile.gateway.ops_addr();
    assert_eq!(Client::get(ops, "/livez").status, 200);
    let ready = Client::get(ops, "/readyz");
    let json: Value = serde_json::from_slice(&ready.body).unwrap();
    assert_eq!((ready.status, &json["ready"]), (200, &Value::Bool(true)));
    let version = Client::get(ops, "/version");
    let json: Value = serde_json::from_slice(&version.body).unwrap();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(Client::get(ops, "/nothing").status, 404);
    assert_eq!(metric(ops, "gateway_config_last_reload_successful"), 1.0);

    for _ in 0..3 {
        assert_eq!(hostile.ask(&get("/s/a")).status, 200);
    }
    assert_eq!(hostile.ask(b"GET /s/a HTTP/1.1\r\n\r\n").status, 400);
    let metrics = Client::get(ops, "/metrics");
    let count = |part: &[&str]| {
        let line = metrics.text().lines().find(|line| part.iter().all(|part| line.contains(part)));
        let line = line.unwrap_or_else(|| panic!("no {part:?} in {}", metrics.text()));
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    assert_eq!(count(&["host-missing"]), 1.0, "a refusal is counted under its reason");
    assert!(count(&["gateway_connections_accepted_total{"]) >= 4.0);
}
