//! `AWS` integrations with services, through the front door: against moto, which stands in for AWS, and against a backend
//! that looks at what it is sent.

mod endpoints;
mod messages;
pub(crate) mod moto;
mod objects;
mod request;
mod signature;
mod state;
mod tables;

use serde_json::Value;

use crate::support::{Client, Gateway, Response};

/// The API that the tests call.
const TEMPLATE: &str = "tests/it/services/template.yaml";

/// Starts the gateway on [`TEMPLATE`] with `url` in the place of AWS, and credentials.
#[track_caller]
fn serve(url: &str) -> Gateway {
    serve_template(TEMPLATE, url)
}

/// As [`serve`], for another template.
#[track_caller]
fn serve_template(template: &str, url: &str) -> Gateway {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("gateway.toml");
    let keys = "[aws]\naccess_key_id = \"AKIDEXAMPLE\"\n\
                secret_access_key = \"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\"\nsession_token = \"token\"\n";
    std::fs::write(&config, keys).unwrap();
    let config = config.to_str().unwrap();
    Gateway::start(template, &["--aws-endpoint", url, "-c", config])
}

/// One request with these lines behind the `Host`, on a connection of its own.
#[track_caller]
fn ask(gateway: &Gateway, verb: &str, target: &str, lines: &[&str], body: &[u8]) -> Response {
    let mut client = Client::connect(gateway.addr());
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    let host = "services.execute-api.us-east-1.amazonaws.com";
    let head = format!(
        "{verb} {target} HTTP/1.1\r\nHost: {host}\r\n{lines}Content-Length: {length}\r\n\r\n"
    );
    client.send(&[head.as_bytes(), body].concat());
    client.response_to(verb)
}

/// `POST` of a JSON document; status and answer.
#[track_caller]
fn post(gateway: &Gateway, target: &str, body: &Value) -> (u16, Value) {
    let response = ask(
        gateway,
        "POST",
        target,
        &["Content-Type: application/json"],
        body.to_string().as_bytes(),
    );
    (response.status, document(&response))
}

/// `GET`; status and answer.
#[track_caller]
fn get(gateway: &Gateway, target: &str) -> (u16, Value) {
    let response = ask(gateway, "GET", target, &[], b"");
    (response.status, document(&response))
}

#[track_caller]
fn document(response: &Response) -> Value {
    serde_json::from_slice(&response.body)
        .unwrap_or_else(|error| panic!("{error}: {:?}", response.text()))
}
