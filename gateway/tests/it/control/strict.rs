//! What the control plane's socket does not put up with: who only holds a place, and requests that two readers could read
//! in two ways.

use std::time::{Duration, Instant};

use super::client::{Control, ControlGateway as _};
use super::tools::{Desk, aws, said};
use super::{dev, in_package};
use crate::support::Client;

/// More connections than there are places.
const IDLE: usize = 300;

#[test]
fn connections_that_say_nothing_keep_nobody_out() {
    let gateway = dev(&[]);
    let addr = gateway.control_addr();
    // Half of them have begun a head.
    let mut idle = Vec::new();
    for n in 0..IDLE {
        let mut client = Client::connect(addr);
        if n % 2 == 0 {
            client.send(b"GET /restapis HTTP/1.1\r\n");
        }
        idle.push(client);
    }
    let since = Instant::now();
    let mut control = Control::dev(addr);
    control.json("GET", "/restapis", "", 200);
    assert!(since.elapsed() < Duration::from_secs(2), "took {:?}", since.elapsed());
    // Who has asked last is not the first to go.
    let more: Vec<Client> = (0..IDLE / 2).map(|_| Client::connect(addr)).collect();
    control.json("GET", "/restapis", "", 200);
    drop((idle, more));
}

#[test]
fn a_head_takes_ten_seconds_at_most() {
    let gateway = dev(&[]);
    let mut slow = Client::connect(gateway.control_addr());
    slow.send(b"GET /restapis HTTP/1.1\r\nHost: localhost\r\n");
    let mut kept = Control::dev(gateway.control_addr());
    kept.json("GET", "/restapis", "", 200);
    let since = Instant::now();
    slow.rest();
    let took = since.elapsed();
    assert!((Duration::from_secs(5)..Duration::from_secs(20)).contains(&took), "took {took:?}");
    // Between two requests a client may be silent for longer.
    kept.json("GET", "/restapis", "", 200);
}

#[test]
fn a_request_that_says_twice_who_sent_it_is_refused() {
    let gateway = dev(&[]);
    let mut control = Control::dev(gateway.control_addr());
    let head = control.head("GET", "/restapis", b"");
    let line = head.lines().find(|line| line.starts_with("Authorization:")).unwrap();
    let twice = head.replace(line, &format!("{line}\r\n{line}"));
    let mut client = Client::connect(gateway.control_addr());
    client.send(twice.as_bytes());
    let answer = client.response();
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert_eq!(answer.header("x-amzn-errortype"), Some("IncompleteSignatureException"));
}

#[test]
fn a_whole_url_as_target_names_a_host_that_is_allowed() {
    let gateway = dev(&[]);
    for (target, code) in [
        ("http://rebound.example/restapis", "ForbiddenException"),
        ("http://localhost@rebound.example/restapis", "ForbiddenException"),
        ("http://localhost:4566/restapis", "MissingAuthenticationTokenException"),
    ] {
        let mut client = Client::connect(gateway.control_addr());
        client.send(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
        assert_eq!(client.response().header("x-amzn-errortype"), Some(code), "{target}");
    }
}

#[test]
fn a_head_of_more_than_32_kib_is_refused() {
    let gateway = dev(&[]);
    for (bytes, status) in [(30 * 1024, 403), (33 * 1024, 431), (40 * 1024, 431)] {
        let mut client = Client::connect(gateway.control_addr());
        let long = "x".repeat(bytes);
        // What is not read any more may not be taken either.
        let sent = client.try_send(
            format!("GET /restapis HTTP/1.1\r\nHost: localhost\r\nX-A: {long}\r\n\r\n").as_bytes(),
        );
        assert!(sent.is_ok() || status == 431);
        assert_eq!(client.response().status, status, "{bytes} bytes");
    }
}

#[test]
fn urls_of_objects_are_taken_as_aws_clients_make_them() {
    let Some(aws) = aws() else { return };
    let gateway = dev(&[]);
    let desk = Desk::at(&gateway);
    let script = in_package("tests/control/presign.py");
    println!("{}", said(&desk.run(&aws.with_file_name("python"), &[script.to_str().unwrap()])));
    // What the CLI makes without being told which version.
    let url = said(&desk.run(&aws, &["s3", "presign", "s3://signed/a%20b/c+d"]));
    let said = said(&desk.run("curl".as_ref(), &["-sS", "--fail", &url]));
    assert_eq!(said, "presigned");
}
