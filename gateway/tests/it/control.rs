//! The control plane through its front door: signed requests, what survives, what is live when.

mod boto;
mod client;
mod cloudformation;
mod debugging;
mod deploy;
mod files;
mod kill;
mod lambda;
mod logs;
mod metrics;
mod replay;
mod s3;
mod scripts;
mod store;
mod strict;
mod tools;

use crate::support::{Client, Gateway, in_package};
use client::{Control, ControlGateway as _};

const EMPTY: &str = "tests/it/control/empty.yaml";

fn dev(args: &[&str]) -> Gateway {
    let mut all = vec!["--control", "127.0.0.1:0", "--dev"];
    all.extend_from_slice(args);
    Gateway::start(EMPTY, &all)
}

#[test]
fn the_caller_is_the_account() {
    let gateway = dev(&["--account-id", "123456789012"]);
    let mut control = Control::dev(gateway.control_addr());
    let answer = control.form("sts", "Action=GetCallerIdentity&Version=2011-06-15");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(
        answer.text().contains("<Arn>arn:aws:iam::123456789012:root</Arn>"),
        "{}",
        answer.text()
    );
    assert_eq!(answer.header("x-amzn-requestid").map(str::len), Some(36));
}

#[test]
fn who_does_not_sign_or_signs_wrongly_learns_nothing() {
    let gateway = dev(&[]);
    let answer = Client::get(gateway.control_addr(), "/restapis");
    assert_eq!(answer.status, 403);
    assert_eq!(answer.text(), r#"{"message":"Missing Authentication Token"}"#);
    assert_eq!(answer.header("x-amzn-errortype"), Some("MissingAuthenticationTokenException"));
    let mut stranger = Control::with(gateway.control_addr(), "test", "guess");
    let answer = stranger.call("GET", "/restapis", "");
    assert_eq!(answer.header("x-amzn-errortype"), Some("InvalidSignatureException"));
    let mut stranger = Control::with(gateway.control_addr(), "AKIDOTHER", "test");
    let answer = stranger.call("GET", "/restapis", "");
    assert_eq!(answer.header("x-amzn-errortype"), Some("UnrecognizedClientException"));
}

#[test]
fn pages_in_browsers_are_refused() {
    let gateway = dev(&[]);
    for header in ["Origin: http://localhost", "Sec-Fetch-Site: cross-site"] {
        let mut client = Client::connect(gateway.control_addr());
        client.send(
            format!("GET /restapis HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n").as_bytes(),
        );
        let answer = client.response();
        assert_eq!(answer.header("x-amzn-errortype"), Some("ForbiddenException"), "{header}");
    }
    for (host, code) in [
        ("rebound.example:4566", "ForbiddenException"),
        ("localhost.example", "ForbiddenException"),
        ("127.0.0.1:1", "MissingAuthenticationTokenException"),
        ("[::1]:4566", "MissingAuthenticationTokenException"),
        ("localhost:4566", "MissingAuthenticationTokenException"),
        ("s3.localhost", "MissingAuthenticationTokenException"),
    ] {
        let mut client = Client::connect(gateway.control_addr());
        client.send(format!("GET /restapis HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
        assert_eq!(client.response().header("x-amzn-errortype"), Some(code), "{host}");
    }
}

#[test]
fn what_is_not_there_yet_says_so_in_every_protocol() {
    let gateway = dev(&[]);
    let mut control = Control::dev(gateway.control_addr());
    let answer = control.form("cloudformation", "Action=CreateStackSet&Version=2010-05-15");
    assert_eq!(answer.status, 501);
    assert!(answer.text().contains("<Code>NotImplemented</Code>"), "{}", answer.text());
    let answer = control.service("lambda").call("GET", "/2015-03-31/event-source-mappings/", "");
    assert_eq!(answer.status, 501);
    assert_eq!(answer.header("x-amzn-errortype"), Some("NotImplementedException"));
    let answer = control.service("apigateway").call("GET", "/v2/apis", "");
    assert_eq!(answer.status, 501);
}

#[test]
fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let gateway = dev(&[]);
    let mut control = Control::dev(gateway.control_addr());
    let head = control
        .head("POST", "/restapis", b"x")
        .replace("Content-Length: 1\r\n", "Content-Length: 99999999\r\n");
    let mut client = Client::connect(gateway.control_addr());
    client.send(head.as_bytes());
    let answer = client.response();
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert_eq!(answer.header("connection"), Some("close"));
}
