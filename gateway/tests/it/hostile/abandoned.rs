//! Clients that vanish or half-close at every stage of an exchange.

use std::time::Duration;

use socket2::SockRef;

use super::{Hostile, get};
use crate::support::{Answer, Backend, Client};

/// Closes with a reset.
fn reset(client: Client) {
    SockRef::from(client.stream()).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
}

#[test]
fn a_client_that_ends_at_every_stage() {
    // Slow enough to be waited for, and large enough not to fit the sockets.
    let large = Answer::ok("text/plain", &vec![b'x'; 8 << 20]);
    let backend = Backend::start(move |received| match &*received.target() {
        "/large" => large.clone(),
        "/never" => Answer::Never,
        _ => Answer::ok("text/plain", b"ok"),
    });
    let hostile = Hostile::start(&backend, "");
    hostile.assert_serves();
    let baseline = hostile.descriptors();
    let post = |path: &str, lines: &str, body: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n{body}").into_bytes()
    };
    // What is sent before the end; how many bytes are read first; whether a half-close still gets an
    // answer.
    let stages: Vec<(Vec<u8>, usize, Option<u16>)> = vec![
        (Vec::new(), 0, None),
        (b"G".to_vec(), 0, None),
        (b"GET /s/a HTTP/1.1\r\nHost: a\r\n".to_vec(), 0, None),
        (b"GET /s/a HTTP/1.1\r\nHost: a\r\n\r".to_vec(), 0, None),
        (post("/s/a", "Content-Length: 10", ""), 0, None),
        (post("/s/a", "Content-Length: 10", "12345"), 0, None),
        (post("/s/a", "Transfer-Encoding: chunked", "5\r\nhel"), 0, None),
        (post("/s/a", "Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n"), 0, None),
        (post("/s/whole", "Content-Length: 10", "12345"), 0, None),
        (
            post("/s/mock", "Content-Length: 10\r\nContent-Type: application/json", "12345"),
            0,
            Some(200),
        ),
        (get("/s/a"), 0, Some(200)),
        (get("/s/mock"), 0, Some(200)),
        (get("/s/large"), 0, Some(200)),
        (get("/s/large"), 1000, None),
        ([get("/s/a"), get("/s/b"), b"GET /s/c".to_vec()].concat(), 0, Some(200)),
    ];
    for (index, (bytes, read, answered)) in stages.iter().enumerate() {
        for is_reset in [false, true] {
            let mut client = hostile.client();
            client.send(bytes);
            std::thread::sleep(Duration::from_millis(10));
            let mut some = vec![0; *read];
            std::io::Read::read_exact(&mut client.stream(), &mut some).unwrap();
            if is_reset {
                reset(client);
            } else {
                client.finish();
                match answered {
                    Some(status) => assert_eq!(client.response().status, *status, "stage {index}"),
                    None => drop(client.rest()),
                }
            }
        }
        hostile.assert_serves();
    }
    // While the backend is waited for: the gateway learns of it when the backend answers or gives up.
    for is_reset in [false, true] {
        let mut client = hostile.client();
        client.send(&get("/s/never"));
        std::thread::sleep(Duration::from_millis(10));
        if is_reset { reset(client) } else { client.finish() }
    }
    hostile.assert_serves();
    assert!(
        backend.requests().iter().filter(|r| r.method() == "POST").all(|r| !r.is_whole),
        "a body that broke off was made whole"
    );
    // Two wait for `/never`, on both sides; some connections wait in the pool.
    drop(backend);
    hostile.wait_descriptors(baseline);
}
