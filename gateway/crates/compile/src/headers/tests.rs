use super::*;

#[test]
fn request_headers_are_forbidden_or_dropped_as_recorded() {
    let request_header = |name: &[u8]| request_header(IntegrationType::HttpProxy, name);
    for name in
        ["Content-Length", "transfer-encoding", "X-Amzn-Trace-Id", "x-amzn-apigateway-api-id"]
    {
        assert_eq!(request_header(name.as_bytes()), RequestHeader::Forbidden, "{name}");
    }
    for name in ["Connection", "expect", "Proxy-Authenticate", "TE", "Via"] {
        assert_eq!(request_header(name.as_bytes()), RequestHeader::Dropped, "{name}");
    }
    for name in ["Accept", "Authorization", "Host", "Content-Type", "Upgrade", "User-Agent", "X-A"]
    {
        assert_eq!(request_header(name.as_bytes()), RequestHeader::Sent, "{name}");
    }
}

#[test]
fn what_calls_aws_forbids_more() {
    for kind in [IntegrationType::Aws, IntegrationType::AwsProxy] {
        for name in ["Authorization", "connection", "Expect", "Proxy-Authenticate", "TE"] {
            assert_eq!(request_header(kind, name.as_bytes()), RequestHeader::Forbidden, "{name}");
        }
        assert_eq!(request_header(kind, b"Content-Length"), RequestHeader::Forbidden);
        assert_eq!(request_header(kind, b"Referer"), RequestHeader::Dropped);
        assert_eq!(request_header(kind, b"X-Amz-Invocation-Type"), RequestHeader::Sent);
    }
    assert_eq!(request_header(IntegrationType::Mock, b"Authorization"), RequestHeader::Sent);
}

#[track_caller]
fn check(name: &str, http: &str, proxy: &str, mock: &str) {
    let origins = [ResponseOrigin::Http, ResponseOrigin::HttpProxy, ResponseOrigin::Mock];
    for (origin, expect) in origins.into_iter().zip([http, proxy, mock]) {
        let said = match response_header(origin, name.as_bytes()) {
            ResponseHeader::Sent => "sent",
            ResponseHeader::Remapped(name) => name,
            ResponseHeader::Removed => "removed",
        };
        assert_eq!(said, expect, "{name} {origin:?}");
    }
}

#[test]
fn response_headers_are_remapped_as_recorded() {
    let length = "x-amzn-Remapped-Content-Length";
    check("content-length", length, length, length);
    let date = "x-amzn-Remapped-Date";
    check("DATE", date, date, date);
    check("WWW-Authenticate", "x-amzn-Remapped-WWW-Authenticate", "sent", "sent");
    check("host", "x-amzn-Remapped-Host", "sent", "sent");
    check("Transfer-Encoding", "removed", "removed", "removed");
    check("Via", "sent", "removed", "sent");
    check("Content-Encoding", "sent", "removed", "sent");
    check("Content-Type", "sent", "sent", "sent");
    check("X-Amzn-RequestId", "sent", "x-amzn-Remapped-x-amzn-RequestId", "sent");
}

#[test]
fn the_door_drops_what_a_hop_owns() {
    for name in ["Connection", "content-length", "TE", "Upgrade", "Expect", "Trailer"] {
        assert!(is_dropped_at_the_door(name.as_bytes()), "{name}");
    }
    for name in ["Accept", "Host", "Via", "X-Forwarded-For", "Date"] {
        assert!(!is_dropped_at_the_door(name.as_bytes()), "{name}");
    }
    assert!(is_not_proxied(b"Host") && is_not_proxied(b"via") && !is_not_proxied(b"Accept"));
}
