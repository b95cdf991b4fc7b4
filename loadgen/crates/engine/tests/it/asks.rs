//! Single requests with their whole answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use loadgen_engine::{Client, Failure, Request, Target, ask};

use crate::backend::{OK, Reply, nobody, request, start};

const TIMEOUT: Duration = Duration::from_secs(5);

fn answers() -> Target {
    start(|head| match head.split(' ').nth(1).unwrap_or_default() {
        "/chunked" => Reply::Pieces(vec![
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Two: a\r\nX-Two: b\r\n\r\n5\r\nhe"
                .to_vec(),
            b"llo\r\n6;x=y\r\n world\r\n0\r\n\r\n".to_vec(),
        ]),
        "/none" => Reply::Keep(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
        "/same" => Reply::Keep(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n".to_vec()),
        "/head" => Reply::Keep(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".to_vec()),
        "/hints" => Reply::Keep(
            [&b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"[..], OK]
                .concat(),
        ),
        "/last" => {
            Reply::Close(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end".to_vec())
        }
        "/silent" => Reply::Silence,
        "/large" => {
            let len = head.len();
            Reply::Keep(format!("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{len:8}").into_bytes())
        }
        _ => Reply::Keep(OK.to_vec()),
    })
}

#[test]
fn answers_come_whole_whatever_their_framing() {
    let requests: Vec<Request> = [
        ("GET", "/"),
        ("GET", "/chunked"),
        ("GET", "/none"),
        ("GET", "/same"),
        ("HEAD", "/head"),
        ("GET", "/hints"),
        ("GET", "/last"),
        ("GET", "/"),
    ]
    .iter()
    .map(|(method, path)| request(method, path))
    .collect();
    let all = ask(&answers(), &requests, TIMEOUT);
    let short: Vec<(u16, &str)> = all
        .iter()
        .map(|answer| answer.as_ref().expect("an answer"))
        .map(|answer| (answer.status, std::str::from_utf8(&answer.body).expect("text")))
        .collect();
    let expected = [
        (200, "ok"),
        (200, "hello world"),
        (204, ""),
        (304, ""),
        (200, ""),
        (200, "ok"),
        (200, "until the end"),
        (200, "ok"),
    ];
    assert_eq!(short, expected);
    let chunked = all[1].as_ref().expect("an answer");
    assert_eq!(chunked.header("x-two"), Some("a"));
    assert_eq!(chunked.headers.iter().filter(|(name, _)| name == "x-two").count(), 2);
    assert_eq!(all[4].as_ref().expect("an answer").header("content-length"), Some("1000"));
}

#[test]
fn a_failure_is_one_question_long() {
    let client = Client::new(&answers()).expect("a thread");
    let started = Instant::now();
    let silent = client.ask(&request("GET", "/silent"), Duration::from_millis(100));
    assert_eq!(silent, Err(Failure::Timeout));
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(client.ask(&request("GET", "/"), TIMEOUT).map(|answer| answer.status), Ok(200));
    let nobody = Target { address: nobody(), tls: None };
    assert_eq!(ask(&nobody, &[request("GET", "/")], TIMEOUT), [Err(Failure::Connect)]);
}

#[test]
fn a_large_body_is_sent_whole() {
    let body = "x".repeat(3 << 20);
    let text =
        format!("POST /large HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let len = text.len();
    let bytes: Arc<[u8]> = text.into_bytes().into();
    let request = Request { name: String::new(), bytes, is_head: false, weight: 1 };
    let answer = ask(&answers(), &[request], TIMEOUT).remove(0).expect("an answer");
    assert_eq!(answer.body, format!("{len:8}").into_bytes());
}

#[test]
fn a_refusal_that_comes_before_the_body_was_read_is_an_answer() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut piece = [0; 1000];
        stream.read_exact(&mut piece).expect("a start");
        let refusal = b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(refusal).expect("a peer");
        std::thread::sleep(Duration::from_secs(2));
    });
    let mut bytes = b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 50000000\r\n\r\n".to_vec();
    bytes.resize(50_000_000, b'x');
    let request = Request { name: String::new(), bytes: bytes.into(), is_head: false, weight: 1 };
    let target = Target { address, tls: None };
    let started = Instant::now();
    let answer = ask(&target, &[request], TIMEOUT).remove(0);
    assert_eq!(answer.map(|answer| answer.status), Ok(413));
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn hundreds_of_questions_are_quick_and_use_one_thread() {
    let target = answers();
    let started = Instant::now();
    for _ in 0..300 {
        let answer = ask(&target, &[request("GET", "/")], TIMEOUT).remove(0);
        assert_eq!(answer.map(|answer| answer.status), Ok(200));
    }
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}
