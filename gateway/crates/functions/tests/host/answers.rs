//! What the runtime API says, route by route.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{SystemTime, UNIX_EPOCH};

use gateway_functions::{Exit, Outcome, PlatformEvent};

use crate::world::{Answer, LONG, Runtime, World, echo, invocation};

/// A world whose environments send what they see to the test.
fn watched(
    script: impl Fn(&mut Runtime) -> Vec<Answer> + Send + Sync + 'static,
) -> (World, std::sync::mpsc::Receiver<Vec<Answer>>) {
    let (sender, receiver) = channel();
    let sender = std::sync::Mutex::new(sender);
    let world = World::new(Arc::new(move |runtime| {
        let seen = script(runtime);
        let _ = sender.lock().expect("no panic").send(seen);
        while runtime.next().is_some() {}
        Exit::Status(0)
    }));
    (world, receiver)
}

#[test]
fn next_has_every_field_that_lambda_sends() {
    let (world, seen) = watched(|runtime| {
        let event = runtime.next().expect("an event");
        runtime.respond(&event.id(), b"{}");
        vec![event]
    });
    let invocation = invocation("{\"a\":1}");
    let id = String::from_utf8(invocation.request_id.to_vec()).expect("ASCII");
    let outcome = world.begin(0, invocation).recv_timeout(LONG).expect("an outcome");
    assert_eq!(outcome, Ok(Outcome { payload: b"{}".to_vec(), is_error: false }));
    let event = &seen.recv_timeout(LONG).expect("seen")[0];
    assert_eq!(event.text(), "{\"a\":1}");
    assert_eq!(event.id(), id);
    assert_eq!(event.value("content-type"), Some("application/json"));
    assert_eq!(
        event.value("lambda-runtime-invoked-function-arn"),
        Some("arn:aws:lambda:us-east-1:000000000000:function:hello")
    );
    assert_eq!(
        event.value("lambda-runtime-trace-id"),
        Some("Root=1-5759e988-bd862e3fe1be46a994272793")
    );
    assert!(event.value("date").is_some_and(|date| date.len() == 29 && date.ends_with("GMT")));
    let deadline: u128 =
        event.value("lambda-runtime-deadline-ms").expect("a deadline").parse().expect("a number");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
    assert!(deadline.abs_diff(now + 3_000) < 3_000, "{deadline} {now}");
}

#[test]
fn a_warm_environment_is_used_again_and_its_log_has_start_and_end() {
    let world = World::new(echo());
    for count in 0..5 {
        world.succeeds(0, &format!("{{\"count\":{count}}}"));
    }
    let stats = &world.functions.stats()[0];
    assert_eq!((&*stats.name, stats.invocations, stats.cold_starts), ("hello", 5, 1));
    assert_eq!((stats.errors, stats.throttles, stats.timeouts), (0, 0, 0));
    world.until("it is idle", |world| world.functions.stats()[0].idle == 1);
    world.until("all is logged", |world| world.seen.log.lock().expect("no panic").len() == 10);
    let log = world.seen.log.lock().expect("no panic");
    for (at, pair) in log.chunks(2).enumerate() {
        let [
            PlatformEvent::Start { request_id },
            PlatformEvent::End { request_id: ended, init, error, .. },
        ] = pair
        else {
            panic!("{pair:?}");
        };
        assert_eq!(request_id, ended);
        assert_eq!(init.is_some(), at == 0, "only the first invocation reports the start");
        assert_eq!(*error, None);
    }
}

#[test]
fn an_error_is_the_functions_own_document() {
    let (world, seen) = watched(|runtime| {
        let event = runtime.next().expect("an event");
        let path = format!("invocation/{}/error", event.id());
        let fields = "Lambda-Runtime-Function-Error-Type: Runtime.Unhandled\r\n";
        let body = br#"{"errorMessage":"no","errorType":"ValueError","stackTrace":[]}"#;
        let first = runtime.request("POST", &path, fields, body).expect("an answer");
        let event = runtime.next().expect("an event");
        let path = format!("invocation/{}/error", event.id());
        vec![first, runtime.request("POST", &path, fields, b"").expect("an answer")]
    });
    assert_eq!(
        world.fails("1"),
        r#"{"errorMessage":"no","errorType":"ValueError","stackTrace":[]}"#
    );
    assert_eq!(
        world.fails("2"),
        r#"{"errorType":"Runtime.Unhandled","errorMessage":"Unknown application error occurred"}"#
    );
    for answer in seen.recv_timeout(LONG).expect("seen") {
        assert_eq!((answer.status, answer.text().trim_end()), (202, r#"{"status":"OK"}"#));
    }
    let stats = &world.functions.stats()[0];
    assert_eq!((stats.invocations, stats.errors, stats.cold_starts), (2, 2, 1));
}

#[test]
fn answers_that_fit_nothing_are_refused_in_lambdas_words() {
    let (world, seen) = watched(|runtime| {
        let event = runtime.next().expect("an event");
        let mut seen = Vec::new();
        let mut ask = |runtime: &mut Runtime, method: &str, path: &str| {
            seen.push(runtime.request(method, path, "", b"{}").expect("an answer"));
        };
        ask(runtime, "POST", "invocation/8476a536-e9f4-11e8-9739-ffffffffffff/response");
        ask(runtime, "POST", "invocation/short/error");
        ask(runtime, "POST", "init/error");
        ask(runtime, "POST", "restore/next");
        ask(runtime, "POST", "invocation/next");
        runtime.respond(&event.id(), b"\"done\"");
        ask(runtime, "POST", &format!("invocation/{}/response", event.id()));
        seen
    });
    world.succeeds(0, "\"done\"");
    let seen = seen.recv_timeout(LONG).expect("seen");
    let expect = [
        (400, "InvalidRequestID"),
        (400, "InvalidRequestID"),
        (403, "InvalidStateTransition"),
        (404, "NotFound"),
        (405, "MethodNotAllowed"),
        (403, "InvalidStateTransition"),
    ];
    assert_eq!(seen.len(), expect.len());
    for (answer, (status, error_type)) in seen.iter().zip(expect) {
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.text().contains(&format!("\"errorType\":\"{error_type}\"")), "{answer:?}");
        assert_eq!(answer.value("content-type"), Some("application/json"));
    }
}

#[test]
fn next_before_an_answer_gets_the_same_invocation_again() {
    let (world, seen) = watched(|runtime| {
        let first = runtime.next().expect("an event");
        let again = runtime.next().expect("the same");
        runtime.disconnect();
        let other = runtime.next().expect("the same, on another connection");
        runtime.respond(&other.id(), b"\"e\"");
        vec![first, again, other]
    });
    world.succeeds(0, "\"e\"");
    let seen = seen.recv_timeout(LONG).expect("seen");
    assert!(seen.iter().all(|event| event.id() == seen[0].id() && event.body == seen[0].body));
    assert_eq!(world.functions.stats()[0].invocations, 1);
}

#[test]
fn next_on_a_second_connection_takes_the_place_of_the_first() {
    let world = World::new(Arc::new(|runtime| {
        let event = runtime.next().expect("the first event");
        runtime.respond(&event.id(), &event.body);
        let mut old = runtime.beside();
        let older = std::thread::spawn(move || {
            old.request("GET", "invocation/next", "", b"").map(|answer| answer.status)
        });
        std::thread::sleep(std::time::Duration::from_millis(100));
        while let Some(event) = runtime.next() {
            runtime.respond(&event.id(), &event.body);
            if event.text() == "\"end\"" {
                break;
            }
        }
        assert_eq!(older.join().expect("no panic"), Some(403));
        Exit::Status(0)
    }));
    world.succeeds(0, "1");
    std::thread::sleep(std::time::Duration::from_millis(300));
    world.succeeds(0, "2");
    world.succeeds(0, "\"end\"");
    assert_eq!(world.functions.stats()[0].cold_starts, 1);
}

#[test]
fn a_streamed_result_is_whole_or_an_error() {
    let world = World::new(Arc::new(|runtime| {
        while let Some(event) = runtime.next() {
            let head = format!(
                "POST /2018-06-01/runtime/invocation/{}/response HTTP/1.1\r\nHost: h\r\n\
                 Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\r\n",
                event.id()
            );
            let end = match event.text().as_str() {
                "1" => "\r\n",
                _ => {
                    "Lambda-Runtime-Function-Error-Type: Oops\r\n\
                     Lambda-Runtime-Function-Error-Body: eyJhIjoxfQ==\r\n\r\n"
                }
            };
            for part in [&*head, "5\r\nhello\r\n", "7\r\n, world\r\n", "0\r\n", end] {
                runtime.send(part.as_bytes());
            }
            assert_eq!(runtime.receive().expect("an answer").status, 202);
        }
        Exit::Status(0)
    }));
    let outcome = world.invoke(0, "1");
    assert_eq!(outcome, Ok(Outcome { payload: b"hello, world".to_vec(), is_error: false }));
    assert_eq!(world.fails("2"), "{\"a\":1}");
}

#[test]
fn large_events_and_results_arrive_whole() {
    let world = World::new(echo());
    let large = format!("\"{}\"", "0123456789abcdef".repeat(6 * 1024 * 1024 / 16 - 1));
    for _ in 0..3 {
        world.succeeds(0, &large);
    }
    world.succeeds(0, "");
}
