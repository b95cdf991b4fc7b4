//! Compression of responses and decoding of requests, through real sockets.

use std::io::{Read, Write};
use std::time::Instant;

use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};

use crate::hostile::resident_kib;
use crate::support::{Answer, Backend, Client, Gateway, Response};

/// An API that compresses from `size` on, with a proxy at `/p`, an `HTTP` integration at `/h`, a `MOCK` at
/// `/m` and a cached proxy at `/c`.
fn template(backend: &Backend, size: &str) -> String {
    let url = backend.url();
    let method = |name: &str, path: &str, integration: &str| {
        format!(
            r#"
  {name}: {{Type: AWS::ApiGateway::Resource, Properties: {{RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: {path}}}}}
  {name}Any:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref {name}
      HttpMethod: ANY
      AuthorizationType: NONE
      MethodResponses: [{{StatusCode: "200"}}]
      Integration: {integration}"#
        )
    };
    let text = "compressible ".repeat(40);
    let parts = [
        method("Proxy", "p", &format!("{{Type: HTTP_PROXY, IntegrationHttpMethod: ANY, Uri: \"{url}/p\"}}")),
        method("Cached", "c", &format!("{{Type: HTTP_PROXY, IntegrationHttpMethod: ANY, Uri: \"{url}/c\"}}")),
        method(
            "Http",
            "h",
            &format!(
                "{{Type: HTTP, IntegrationHttpMethod: POST, Uri: \"{url}/h\", IntegrationResponses: [{{StatusCode: \"200\"}}]}}"
            ),
        ),
        method(
            "Mock",
            "m",
            &format!(
                "{{Type: MOCK, RequestTemplates: {{application/json: '{{\"statusCode\": 200}}'}}, IntegrationResponses: \
                 [{{StatusCode: \"200\", ResponseTemplates: {{application/json: '{text}'}}}}]}}"
            ),
        ),
    ]
    .concat();
    format!(
        r#"
Resources:
  Api: {{Type: AWS::ApiGateway::RestApi, Properties: {{Name: c{size}}}}}{parts}
  Deployment: {{Type: AWS::ApiGateway::Deployment, DependsOn: [ProxyAny, HttpAny, MockAny, CachedAny], Properties: {{RestApiId: !Ref Api}}}}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties:
      RestApiId: !Ref Api
      DeploymentId: !Ref Deployment
      StageName: s
      CacheClusterEnabled: true
      CacheClusterSize: "0.5"
      MethodSettings: [{{ResourcePath: /c, HttpMethod: GET, CachingEnabled: true, CacheTtlInSeconds: 300}}]
"#
    )
}

const FROM_100: &str = ", MinimumCompressionSize: 100";

pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn zlib(body: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn decoded(response: &Response) -> Vec<u8> {
    let mut body = Vec::new();
    match response.header("Content-Encoding") {
        Some("gzip") => GzDecoder::new(&response.body[..]).read_to_end(&mut body).unwrap(),
        Some("deflate") => ZlibDecoder::new(&response.body[..]).read_to_end(&mut body).unwrap(),
        other => panic!("no coding of ours: {other:?}"),
    };
    body
}

fn get(gateway: &Gateway, path: &str, fields: &str) -> Response {
    let mut client = Client::connect(gateway.addr());
    client.send(format!("GET /s{path} HTTP/1.1\r\nHost: h\r\n{fields}\r\n").as_bytes());
    client.response()
}

fn post(gateway: &Gateway, path: &str, fields: &str, body: &[u8]) -> Response {
    let mut client = Client::connect(gateway.addr());
    let head = format!(
        "POST /s{path} HTTP/1.1\r\nHost: h\r\n{fields}Content-Length: {}\r\n\r\n",
        body.len()
    );
    client.send(&[head.as_bytes(), body].concat());
    client.response()
}

fn text() -> Vec<u8> {
    br#"{"id":1,"name":"cat"},"#.repeat(20)
}

#[test]
fn responses_of_every_integration_are_compressed() {
    let backend = Backend::canned(Answer::ok("application/json", &text()));
    let gateway = Gateway::start(&template(&backend, FROM_100), &[]);
    for (path, expected) in [
        ("/p", text()),
        ("/h", text()),
        ("/c", text()),
        ("/c", text()),
        ("/m", "compressible ".repeat(40).into_bytes()),
    ] {
        for coding in ["gzip", "deflate"] {
            let response = get(&gateway, path, &format!("Accept-Encoding: br, {coding}\r\n"));
            assert_eq!(response.status, 200, "{path}");
            assert_eq!(response.header("Content-Encoding"), Some(coding), "{path}");
            let length = response.body.len().to_string();
            assert_eq!(response.header("Content-Length"), Some(&*length), "{path}");
            assert!(response.body.len() * 3 < expected.len(), "{path}");
            assert_eq!(decoded(&response), expected, "{path}");
            assert_eq!(response.header("Vary"), None, "{path}");
        }
        let plain = get(&gateway, path, "");
        assert_eq!(plain.header("Content-Encoding"), None, "{path}");
        assert_eq!(plain.body, expected, "{path}: the cache keeps what is not compressed");
    }
}

#[test]
fn what_is_not_asked_for_is_not_compressed() {
    let backend = Backend::canned(Answer::ok("application/json", &text()));
    let gateway = Gateway::start(&template(&backend, FROM_100), &[]);
    for fields in [
        "Accept-Encoding: *\r\n",
        "Accept-Encoding: br\r\n",
        "Accept-Encoding: identity, gzip\r\n",
        "Accept-Encoding: gzip;q=0\r\n",
        "Accept-Encoding: \r\n",
    ] {
        for path in ["/p", "/h", "/m", "/c"] {
            let response = get(&gateway, path, fields);
            assert_eq!(response.header("Content-Encoding"), None, "{path} {fields}");
        }
    }
    let off = Gateway::start(&template(&backend, ""), &[]);
    let response = get(&off, "/p", "Accept-Encoding: gzip\r\n");
    assert_eq!(response.header("Content-Encoding"), None);
    assert_eq!(response.body, text());
}

#[test]
fn the_size_decides() {
    let backend = Backend::start(|received| {
        let len = received.target().split('=').nth(1).unwrap().parse().unwrap();
        Answer::ok("text/plain", &vec![b'a'; len])
    });
    let gateway = Gateway::start(&template(&backend, FROM_100), &[]);
    for (len, is_packed) in [(0, false), (99, false), (100, true), (1_000_000, true)] {
        let response = get(&gateway, &format!("/p?l={len}"), "Accept-Encoding: gzip\r\n");
        assert_eq!(response.header("Content-Encoding").is_some(), is_packed, "{len}");
        if is_packed {
            assert_eq!(decoded(&response), vec![b'a'; len]);
        }
    }
    let always = Gateway::start(&template(&backend, ", MinimumCompressionSize: 0"), &[]);
    let response = get(&always, "/p?l=1", "Accept-Encoding: gzip\r\n");
    assert_eq!(decoded(&response), b"a");
    let response = get(&always, "/p?l=0", "Accept-Encoding: gzip\r\n");
    assert_eq!((response.header("Content-Encoding"), response.body.len()), (None, 0));
}

#[test]
fn what_has_a_coding_or_is_a_part_stays_as_it_is() {
    let coded = gzip(&text());
    let body = coded.clone();
    let backend = Backend::start(move |received| match &*received.target() {
        "/p?part" => Answer::status(206, &[("Content-Range", "bytes 0-199/999")], &[b'a'; 200]),
        _ => Answer::status(200, &[("Content-Encoding", "gzip"), ("Content-Type", "a/b")], &body),
    });
    let gateway = Gateway::start(&template(&backend, ", MinimumCompressionSize: 0"), &[]);
    let response = get(&gateway, "/p", "Accept-Encoding: deflate, gzip\r\n");
    assert_eq!(response.header("Content-Encoding"), Some("gzip"));
    assert_eq!(response.body, coded);
    let response = get(&gateway, "/h", "Accept-Encoding: deflate\r\n");
    assert_eq!(response.header("Content-Encoding"), None, "not mapped, and not compressed twice");
    assert_eq!(response.body, coded);
    let response = get(&gateway, "/p?part", "Accept-Encoding: gzip\r\n");
    assert_eq!((response.status, response.body.len()), (206, 200));
    assert_eq!(response.header("Content-Encoding"), None);
}

#[test]
fn bodies_of_unknown_length_are_compressed_whole() {
    let body = text().repeat(2_000);
    let chunked = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(),
        format!("{:x}\r\n", body.len()).into_bytes(),
        body.clone(),
        b"\r\n0\r\n\r\n".to_vec(),
    ]
    .concat();
    let backend = Backend::canned(Answer::Bytes(chunked));
    let gateway = Gateway::start(&template(&backend, FROM_100), &[]);
    let response = get(&gateway, "/p", "Accept-Encoding: gzip\r\n");
    assert_eq!(decoded(&response), body);
    let mut client = Client::connect(gateway.addr());
    client.send(b"HEAD /s/p HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n");
    let response = client.response_to("HEAD");
    assert_eq!((response.status, response.header("Content-Encoding")), (200, None));
}

#[test]
fn gateway_responses_are_sent_as_they_are() {
    let backend = Backend::echo();
    let gateway = Gateway::start(&template(&backend, ", MinimumCompressionSize: 0"), &[]);
    let response = get(&gateway, "/nothing", "Accept-Encoding: gzip\r\n");
    assert_eq!(response.status, 403);
    assert_eq!(response.text(), r#"{"message":"Missing Authentication Token"}"#);
}

#[test]
fn coded_requests_reach_backends_decoded() {
    let backend = Backend::echo();
    let gateway = Gateway::start(&template(&backend, ""), &[]);
    let body = br#"{"a":1}"#.repeat(30_000);
    for (fields, coded) in [
        ("Content-Encoding: gzip\r\n", gzip(&body)),
        ("content-encoding: DEFLATE\r\n", zlib(&body)),
        ("Content-Encoding: identity\r\n", body.clone()),
        ("Content-Encoding: gzip, identity\r\n", [gzip(&body[..10]), gzip(&body[10..])].concat()),
    ] {
        for path in ["/p", "/h"] {
            assert_eq!(post(&gateway, path, fields, &coded).status, 200, "{path} {fields}");
            let seen = backend.requests().pop().unwrap();
            assert!(seen.body == body, "{path} {fields}");
            assert_eq!(seen.header("Content-Encoding"), None, "{path} {fields}");
            assert_eq!(seen.header("Content-Length"), Some(body.len().to_string()), "{path}");
        }
    }
    let mut client = Client::connect(gateway.addr());
    let coded = gzip(&body);
    let head = "POST /s/p HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n";
    let size = format!("{:x}\r\n", coded.len());
    client.send(&[head.as_bytes(), size.as_bytes(), &coded, b"\r\n0\r\n\r\n"].concat());
    assert_eq!(client.response().status, 200);
    assert!(backend.requests().pop().unwrap().body == body, "chunked");
    client.send(b"GET /s/p HTTP/1.1\r\nHost: h\r\nContent-Encoding: br\r\n\r\n");
    assert_eq!(client.response().status, 200, "without a body there is nothing to decode");
}

#[test]
fn what_does_not_decode_is_415() {
    let backend = Backend::echo();
    let gateway = Gateway::start(&template(&backend, ""), &[]);
    let whole = gzip(b"{}");
    for (coding, body) in [
        ("br", &b"{}"[..]),
        ("gzip, gzip", &whole),
        ("gzip", b"{}"),
        ("gzip", &whole[..whole.len() - 1]),
        ("deflate", &whole),
        ("gzip", &[&whole[..], b"more"].concat()),
    ] {
        let fields = format!("Content-Encoding: {coding}\r\n");
        let response = post(&gateway, "/p", &fields, body);
        assert_eq!(response.status, 415, "{coding}");
        assert_eq!(response.text(), r#"{"message": "Unsupported Media Type"}"#);
    }
    assert!(backend.requests().is_empty());
}

/// Attacks, "Decompression bomb".
#[test]
fn bombs_end_within_their_limits() {
    let backend = Backend::echo();
    let gateway = Gateway::start(&template(&backend, ""), &[]);
    assert_eq!(post(&gateway, "/p", "", b"{}").status, 200);
    let before = resident_kib(gateway.pid());
    let bomb = gzip(&vec![0; 256 << 20]);
    for (fields, coded) in [
        ("Content-Encoding: gzip\r\n", bomb.clone()),
        ("Content-Encoding: deflate\r\n", zlib(&vec![0; 64 << 20])),
        ("Content-Encoding: gzip\r\n", gzip(&vec![0; 9 << 20])),
    ] {
        let started = Instant::now();
        let response = post(&gateway, "/p", fields, &coded);
        assert_eq!(response.status, 413);
        println!("{} bytes: {:?}", coded.len(), started.elapsed());
        assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    }
    let grown = resident_kib(gateway.pid()).saturating_sub(before);
    assert!(grown < 32 * 1024, "{grown} KiB more than before");
    // One layer is decoded, and is what the backend gets.
    assert_eq!(post(&gateway, "/p", "Content-Encoding: gzip\r\n", &gzip(&bomb)).status, 200);
    assert!(backend.requests().pop().unwrap().body == bomb);
}
