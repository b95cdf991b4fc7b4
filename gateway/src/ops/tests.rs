use super::*;
use gateway_telemetry::BuildInfo;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn ops(shard_count: usize) -> Arc<Ops> {
    let build = BuildInfo { version: "1.2.3", os: "linux", arch: "x86_64" };
    Arc::new(Ops::new(Arc::new(Registry::new(build, shard_count, &[]))))
}

/// Runs `client` against a served `ops`.
fn with_server<F: Future>(ops: &Arc<Ops>, client: impl FnOnce(SocketAddr) -> F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, Arc::clone(ops), stopped));
        let output = client(address).await;
        stop.send(()).expect("the server runs");
        server.await.expect("the server ends");
        output
    })
}

/// Sends `request` as it is, and returns all that comes back until the connection ends.
async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut response = String::new();
    let read = stream.read_to_string(&mut response);
    let read = tokio::time::timeout(Duration::from_secs(20), read);
    read.await.expect("in time").expect("text");
    response
}

#[track_caller]
fn check(ops: &Arc<Ops>, request: &str, status: u16, parts: &[&str]) -> String {
    let request = format!("{request} HTTP/1.1\r\nhost: ops\r\nconnection: close\r\n");
    let end = if request.contains("\r\n\r\n") { "" } else { "\r\n" };
    let request = request + end;
    let response = with_server(ops, |address| async move { exchange(address, &request).await });
    let start = format!("HTTP/1.1 {status} ");
    assert!(response.starts_with(&start), "{response}");
    for part in parts {
        assert!(response.contains(part), "{part} in {response}");
    }
    response
}

#[test]
fn metrics_are_text_and_open_metrics_on_request() {
    let ops = ops(2);
    let text = "content-type: text/plain; version=0.0.4; charset=utf-8\r\n";
    let parts = [text, "\ngateway_shards 2\n", "\nprocess_threads ", "\nprocess_open_fds "];
    let response = check(&ops, "GET /metrics", 200, &parts);
    assert!(!response.contains("# EOF"));
    let request = "GET /metrics HTTP/1.1\r\nhost: ops\r\nconnection: close\r\n\
        accept: application/openmetrics-text; version=1.0.0\r\n\r\n";
    let response = with_server(&ops, |address| exchange(address, request));
    assert!(response.contains("content-type: application/openmetrics-text; version=1.0.0"));
    assert!(response.ends_with("# EOF\n"));
}

#[test]
fn head_has_the_headers_and_no_body() {
    let response = check(&ops(1), "HEAD /livez", 200, &["content-length: 3\r\n"]);
    assert!(response.ends_with("\r\n\r\n"));
}

#[test]
fn livez_names_the_shard_that_stands_still() {
    let ops = ops(2);
    check(&ops, "GET /livez", 200, &["\r\n\r\nok\n"]);
    // As if the gateway had started a minute ago and no shard had turned since.
    let ops = Arc::new(Ops {
        registry: Arc::clone(&ops.registry),
        readiness: Readiness::default(),
        started_at: Instant::now() - Duration::from_secs(60),
        liveness: Mutex::new(Liveness::new(2, Duration::ZERO)),
        snapshot: Mutex::new(ops.snapshot()),
        usage_reader: OnceLock::new(),
        explainer: OnceLock::new(),
        functions: OnceLock::new(),
        test_clock: OnceLock::new(),
        metrics: OnceLock::new(),
    });
    ops.registry.shards()[0].loop_ticks.increment();
    check(&ops, "GET /livez", 503, &["\r\n\r\nshard 1 is stalled\n"]);
    assert_eq!(ops.stalled_shards(), [1]);
    ops.registry.shards()[1].loop_ticks.increment();
    check(&ops, "GET /livez", 200, &["\r\n\r\nok\n"]);
}

#[test]
fn readyz_gives_the_reasons() {
    let ops = ops(1);
    let json = "content-type: application/json\r\n";
    check(&ops, "GET /readyz", 200, &[json, "\n{\"ready\":true,\"reasons\":[]}\n"]);
    ops.readiness().set("starting", true);
    ops.readiness().set("draining", true);
    ops.readiness().set("draining", true);
    let body = "{\"ready\":false,\"reasons\":[\"draining\",\"starting\"]}\n";
    check(&ops, "GET /readyz", 503, &[json, body]);
    ops.readiness().set("starting", false);
    ops.readiness().set("draining", false);
    ops.readiness().set("never set", false);
    check(&ops, "GET /readyz", 200, &["\"ready\":true"]);
}

#[test]
fn version_names_the_program() {
    let version = concat!("\"version\":\"", env!("CARGO_PKG_VERSION"), "\"");
    let name = concat!("\"name\":\"", env!("CARGO_PKG_NAME"), "\"");
    check(&ops(1), "GET /version?x=y", 200, &[name, version, "\"arch\":"]);
}

#[test]
fn what_is_not_served_is_refused_with_a_hint() {
    let ops = ops(1);
    check(&ops, "GET /", 404, &["try /metrics, /livez, /readyz or /version\n"]);
    check(&ops, "GET /metrics/", 404, &[]);
    check(&ops, "DELETE /metrics", 405, &["allow: GET, HEAD\r\n", "use GET or HEAD\n"]);
    let post = "POST /metrics HTTP/1.1\r\nhost: ops\r\ncontent-length: 5\r\n\r\n";
    let response = with_server(&ops, |address| exchange(address, post));
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
}

#[test]
fn long_head_and_garbage_end_the_connection_only() {
    let ops = ops(1);
    let long = format!("GET /livez HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(2 * HEAD_BYTES_MAX));
    let responses = with_server(&ops, |address| async move {
        let refused = exchange(address, &long[..HEAD_BYTES_MAX]).await;
        let garbage = exchange(address, "\0\u{1}\u{2} nonsense\r\n\r\n").await;
        let request = "GET /livez HTTP/1.1\r\nhost: ops\r\nconnection: close\r\n\r\n";
        (refused, garbage, exchange(address, request).await)
    });
    assert!(responses.0.starts_with("HTTP/1.1 431 "), "{responses:?}");
    assert!(responses.1.starts_with("HTTP/1.1 400 "), "{responses:?}");
    assert!(responses.2.starts_with("HTTP/1.1 200 "), "{responses:?}");
}

#[test]
fn connections_beyond_the_cap_wait_their_turn() {
    with_server(&ops(1), |address| async move {
        let mut held = Vec::new();
        for _ in 0..CONNECTIONS_MAX {
            let mut stream = TcpStream::connect(address).await.expect("connects");
            let request = b"GET /livez HTTP/1.1\r\nhost: ops\r\n\r\n";
            stream.write_all(request).await.expect("sent");
            let mut start = [0; 12];
            stream.read_exact(&mut start).await.expect("answered");
            assert_eq!(&start, b"HTTP/1.1 200");
            held.push(stream);
        }
        let request = "GET /livez HTTP/1.1\r\nhost: ops\r\nconnection: close\r\n\r\n";
        let mut one_more = Box::pin(exchange(address, request));
        let early = tokio::time::timeout(Duration::from_millis(200), &mut one_more).await;
        assert!(early.is_err(), "nobody is served beyond the cap");
        held.pop();
        assert!(one_more.await.starts_with("HTTP/1.1 200 "));
    });
}

#[test]
fn silent_slow_and_idle_clients_are_let_go() {
    let ops = ops(1);
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let whole = "GET /livez HTTP/1.1\r\nhost: ops\r\n\r\n";
        for sent in ["", "GET /livez HTTP/1.1\r\nhost: o", whole] {
            let client = tokio::spawn(exchange(address, sent));
            let (stream, _) = listener.accept().await.expect("accepted");
            let head_timeout = Duration::from_millis(50);
            let served = serve_connection(stream, Arc::clone(&ops), head_timeout);
            let served = tokio::time::timeout(Duration::from_secs(20), served).await;
            assert!(served.is_ok(), "let go after {sent:?}");
            let response = client.await.expect("the client ends");
            assert_eq!(response.ends_with("ok\n"), sent == whole, "{response}");
        }
    });
}
