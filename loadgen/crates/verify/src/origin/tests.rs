use std::io::{Read, Write};

use super::*;

fn origin() -> Origin {
    Origin::start("127.0.0.1:0".parse().unwrap()).unwrap()
}

/// What comes back for `requests` on one connection that is closed for sending behind them.
fn talk(origin: &Origin, requests: &str) -> String {
    let mut stream = TcpStream::connect(origin.address()).unwrap();
    stream.write_all(requests.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn calls_are_numbered_remembered_and_echoed() {
    let origin = origin();
    let text = talk(
        &origin,
        "GET /a?b=1 HTTP/1.1\r\nHost: x\r\nX-Y: z\r\n\r\n\
         POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc\
         POST /d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n\
         HEAD /e HTTP/1.1\r\nHost: x\r\n\r\n",
    );
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 4, "{text}");
    let bodies: Vec<_> = text.split("\r\n").filter(|line| line.starts_with('{')).collect();
    let first = bodies[0].split("HTTP").next().unwrap();
    assert_eq!(number(first.as_bytes()), Some(1));
    let value: serde_json::Value = serde_json::from_str(first).unwrap();
    assert_eq!((&value["path"], &value["query"]), (&"/a".into(), &"b=1".into()));
    assert_eq!(value["headers"]["x-y"], "z");
    assert!(!text.to_ascii_lowercase().contains("cache-control"));
    let calls = origin.since(1);
    let seen: Vec<_> = calls.iter().map(|c| (c.number, &*c.method, &*c.path)).collect();
    assert_eq!(seen, [(2, "POST", "/c"), (3, "POST", "/d"), (4, "HEAD", "/e")]);
    assert_eq!((origin.count(), calls[0].header("content-length")), (4, Some("3")));
}

#[test]
fn what_is_no_http_is_refused_and_counts_for_nothing() {
    let origin = origin();
    assert!(talk(&origin, "nonsense\r\n\r\n").starts_with("HTTP/1.1 4"));
    assert!(talk(&origin, "GET /a HTTP/1.1\r\nHost: x\r\n").is_empty());
    assert_eq!((origin.count(), origin.since(0)), (0, Vec::new()));
}

#[test]
fn an_authority_leads_here_or_not() {
    let origin = origin();
    let port = origin.address().port();
    for host in ["127.0.0.1", "localhost", "LOCALHOST"] {
        assert!(origin.is_at(&format!("{host}:{port}")), "{host}");
    }
    for other in
        ["127.0.0.1".to_owned(), format!("127.0.0.2:{port}"), format!("example.com:{port}")]
    {
        assert!(!origin.is_at(&other), "{other}");
    }
}

#[test]
fn dropping_it_frees_the_address_and_ends_connections() {
    let origin = origin();
    let address = origin.address();
    let mut idle = TcpStream::connect(address).unwrap();
    idle.write_all(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut some = [0; 64];
    assert!(idle.read(&mut some).unwrap() > 0);
    drop(origin);
    let mut rest = Vec::new();
    assert!(idle.read_to_end(&mut rest).is_ok());
    drop(Origin::start(address).unwrap());
}
