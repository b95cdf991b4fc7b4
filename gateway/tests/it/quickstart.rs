//! The example template, as the README runs it.

use serde_json::{Value, json};

use crate::support::{Backend, Client, Gateway};

#[test]
fn example_template_serves_a_backend() {
    let backend = Backend::echo();
    let parameter = format!("BackendUrl={}", backend.url());
    let gateway = Gateway::start("../config/examples/orders.yaml", &["--param", &parameter]);
    let response = Client::get(gateway.addr(), "/prod/orders/42?q=1");
    assert_eq!(response.status, 200, "{response:?}");
    let echo: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!((&echo["method"], &echo["path"]), (&json!("GET"), &json!("/orders/42?q=1")));
    let health = Client::get(gateway.addr(), "/prod/health");
    assert_eq!((health.status, health.text()), (200, r#"{"status":"ok"}"#));
    let ready = Client::get(gateway.ops_addr(), "/readyz");
    assert_eq!(ready.status, 200, "{ready:?}");
    assert_eq!(backend.wait_requests(1).len(), 1);
    let stopped = gateway.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
}
