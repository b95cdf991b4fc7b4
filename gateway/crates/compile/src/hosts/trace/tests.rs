use super::*;
use crate::hosts::tests::table;

#[track_caller]
fn check(host: &str, path: &str, expect: &str) {
    let table = table();
    let trace = table.trace(host.as_bytes(), path.as_bytes());
    assert_eq!(trace.found, table.resolve(host.as_bytes(), path.as_bytes()), "{host} {path}");
    let way = match &trace.way {
        Way::ApiInPath { api_id } => format!("path {api_id}"),
        Way::DefaultEndpoint { api_id, is_disabled } => {
            format!("endpoint {api_id}{}", if *is_disabled { " disabled" } else { "" })
        }
        Way::CustomDomain { name, base_path, base_paths } => {
            format!("domain {name} {base_path:?} of {}", base_paths.join(","))
        }
        Way::AnyHost { api_id } => format!("any {api_id}"),
        Way::FunctionUrl => "function URL".to_owned(),
        Way::UnknownHost => "unknown".to_owned(),
    };
    let found = if trace.found.is_some() { "found" } else { "not found" };
    assert_eq!(format!("{way}: {found} {}", trace.stages.join(",")), expect, "{host} {path}");
}

#[test]
fn what_led_to_a_stage_is_named() {
    check("abc.execute-api.x", "/dev/pets", "endpoint abc: found ");
    check("ABC-vpce-1.execute-api.x:80", "/dev", "endpoint abc: found ");
    check("localhost", "/_aws/execute-api/abc/dev/x", "path abc: found ");
    check("abc.execute-api.x", "/restapis/xyz/dev/_user_request_/x", "path xyz: found ");
    let orders = "of orders/v1,orders,closed: found ";
    check(
        "api.example.com",
        "/orders/v1/x",
        &format!("domain api.example.com Some(\"orders/v1\") {orders}"),
    );
    check(
        "api.example.com",
        "/orders/dev",
        &format!("domain api.example.com Some(\"orders\") {orders}"),
    );
    check("u0r1.lambda-url.x", "/a", "function URL: found ");
    check("a.example.org", "/x", "domain *.example.org Some(\"\") of : found ");
}

#[test]
fn where_the_way_ends_is_named() {
    check("abc.execute-api.x", "/nope/pets", "endpoint abc: not found dev,prod");
    check("custom-1.execute-api.x", "/live", "endpoint Custom-1 disabled: not found ");
    check("nope.execute-api.x", "/dev", "unknown: not found ");
    check("localhost", "/_aws/execute-api/abc/nope", "path abc: not found dev,prod");
    check("localhost", "/_aws/execute-api/nope/dev", "unknown: not found ");
    check("localhost", "/dev", "unknown: not found ");
    check("nope.lambda-url.x", "/dev", "function URL: not found ");
    let of = "of orders/v1,orders,closed: not found";
    check("api.example.com", "/", &format!("domain api.example.com None {of} "));
    check("api.example.com", "/ordersx", &format!("domain api.example.com None {of} "));
    let way = format!("domain api.example.com Some(\"orders\") {of} dev,prod");
    check("api.example.com", "/orders/nope", &way);
}
