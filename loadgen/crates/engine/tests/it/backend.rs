//! A backend of plain threads, one a connection, that says what the test tells it to.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use loadgen_engine::{Arrivals, Plan, Record, Request, Target};

/// What becomes of one request.
pub(crate) enum Reply {
    /// These bytes, and the connection stays.
    Keep(Vec<u8>),
    /// These bytes, then the end.
    Close(Vec<u8>),
    /// These pieces, each on its own, and the connection stays.
    Pieces(Vec<Vec<u8>>),
    /// Nothing, for as long as the peer waits.
    Silence,
}

pub(crate) const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Starts a backend that answers each request with `answer`, which sees the request's head.
pub(crate) fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Target {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("bound");
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || serve(stream, &*answer));
        }
    });
    Target { address, tls: None }
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&str) -> Reply) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut bytes = Vec::new();
    let mut piece = [0; 64 * 1024];
    loop {
        while let Some(len) = request_len(&bytes) {
            let head = String::from_utf8(bytes.drain(..len).collect()).ok()?;
            match answer(&head) {
                Reply::Keep(reply) => stream.write_all(&reply).ok()?,
                Reply::Close(reply) => {
                    stream.write_all(&reply).ok()?;
                    return None;
                }
                Reply::Pieces(pieces) => {
                    for piece in pieces {
                        stream.write_all(&piece).ok()?;
                        std::thread::sleep(Duration::from_millis(2));
                    }
                }
                Reply::Silence => {
                    while stream.read(&mut piece).ok()? > 0 {}
                    return None;
                }
            }
        }
        match stream.read(&mut piece).ok()? {
            0 => return None,
            n => bytes.extend_from_slice(&piece[..n]),
        }
    }
}

/// The length of the first request, when all of it is there.
fn request_len(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let value = text.split("\r\ncontent-length:").nth(1).and_then(|rest| rest.lines().next());
    let body: usize = value.map_or(Some(0), |value| value.trim().parse().ok())?;
    (bytes.len() >= head + body).then_some(head + body)
}

/// `GET path`, or any method.
pub(crate) fn request(method: &str, path: &str) -> Request {
    Request {
        name: format!("{method} {path}"),
        bytes: format!("{method} {path} HTTP/1.1\r\nHost: test\r\n\r\n").into_bytes().into(),
        is_head: method == "HEAD",
        weight: 1,
    }
}

/// A plan of one `GET /`, on two connections of one thread.
pub(crate) fn plan(target: &Target, arrivals: Arrivals) -> Plan {
    Plan {
        target: target.clone(),
        requests: vec![request("GET", "/")],
        arrivals,
        connections: 2,
        threads: 1,
        lasts_max: Duration::from_secs(20),
        count_max: u64::MAX,
        timeout: Duration::from_secs(10),
        keep_alive: true,
        pipeline: 1,
        record: Record::Samples,
        marks: Vec::new(),
    }
}

/// `plan`, once as the engine runs it best, and once so that it takes the way of every other plan: a mark to look for
/// makes a closed model take it.
pub(crate) fn both_ways(plan: Plan) -> [Plan; 2] {
    let marks = vec![b"\0 is in no answer".to_vec()];
    [plan.clone(), Plan { marks, ..plan }]
}

/// An address of loopback where nobody listens.
pub(crate) fn nobody() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("bound")
}
