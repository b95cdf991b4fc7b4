//! Functions that fail: what their callers get.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use gateway_functions::{Exit, HostSettings, InvokeError, PlatformEvent};

use crate::world::{LONG, Script, World, echo, invocation, plan, settings};

/// Runs `first` in the first environment, and echoes in all others.
fn only_first(
    first: impl Fn(&mut crate::world::Runtime) -> Exit + Send + Sync + 'static,
) -> Script {
    let echo = echo();
    Arc::new(move |runtime| match runtime.environment {
        1 => first(runtime),
        _ => echo(runtime),
    })
}

#[test]
fn a_function_that_takes_too_long_is_killed_and_replaced() {
    let script = only_first(|runtime| {
        runtime.next();
        // What comes back is the end of the connection.
        runtime.receive();
        Exit::Status(0)
    });
    let world = World::with(1, settings(), plan(1_000, None), script);
    let started = Instant::now();
    let document = world.fails("{}");
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert!(
        document
            .starts_with(r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 8476a536-"#)
    );
    assert!(document.ends_with(r#" Error: Task timed out after 1.00 seconds"}"#), "{document}");
    world.succeeds(0, "2");
    world.until("it is gone", |world| world.functions.stats()[0].environments == 1);
    let stats = &world.functions.stats()[0];
    assert_eq!((stats.timeouts, stats.errors, stats.cold_starts), (1, 1, 2));
    let log = world.seen.log.lock().expect("no panic");
    let said = log.iter().find_map(|event| match event {
        PlatformEvent::End { error: Some(error), .. } => Some(error.clone()),
        _ => None,
    });
    assert_eq!(said.as_deref(), Some("Task timed out after 1.00 seconds"));
}

#[test]
fn a_process_that_ends_before_its_answer_says_how() {
    for (exit, said) in [
        (Exit::Status(1), "Runtime exited with error: exit status 1"),
        (Exit::Status(0), "Runtime exited without providing a reason"),
        (Exit::Signal(11), "Runtime exited with error: signal: segmentation fault"),
    ] {
        let world = World::new(only_first(move |runtime| {
            runtime.next();
            exit
        }));
        let document = world.fails("{}");
        assert!(document.starts_with(r#"{"errorType":"Runtime.ExitError","#), "{document}");
        assert!(document.ends_with(&format!(" Error: {said}\"}}")), "{document}");
        world.succeeds(0, "2");
        world.until("it is gone", |world| world.functions.stats()[0].environments == 1);
    }
}

#[test]
fn an_answer_counts_even_when_the_process_ends_at_once() {
    let world = World::new(Arc::new(|runtime| {
        if let Some(event) = runtime.next() {
            let head = format!(
                "POST /2018-06-01/runtime/invocation/{}/response HTTP/1.1\r\nHost: h\r\n\
                 Content-Length: 4\r\n\r\ntrue",
                event.id()
            );
            runtime.send(head.as_bytes());
        }
        Exit::Status(3)
    }));
    for _ in 0..20 {
        world.succeeds(0, "true");
    }
}

#[test]
fn a_runtime_that_cannot_start_gives_its_reason_to_one_caller() {
    let world = World::new(only_first(|runtime| {
        let body = br#"{"errorMessage":"no module","errorType":"Runtime.ImportModuleError"}"#;
        let fields = "Lambda-Runtime-Function-Error-Type: Runtime.ImportModuleError\r\n";
        let answer = runtime.request("POST", "init/error", fields, body);
        assert!(answer.is_none_or(|answer| answer.status == 202));
        Exit::Status(1)
    }));
    assert_eq!(
        world.fails("1"),
        r#"{"errorMessage":"no module","errorType":"Runtime.ImportModuleError"}"#
    );
    world.succeeds(0, "2");
    let stats = &world.functions.stats()[0];
    assert_eq!((stats.cold_starts, stats.errors), (2, 1));
}

#[test]
fn a_process_that_ends_before_it_asks_for_anything_says_how() {
    let world = World::new(only_first(|_| Exit::Status(127)));
    let document = world.fails("1");
    assert!(document.contains("Runtime exited with error: exit status 127"), "{document}");
    world.succeeds(0, "2");
}

#[test]
fn starts_that_fail_do_not_loop() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let world = World::new(Arc::new(move |_| {
        counted.fetch_add(1, SeqCst);
        Exit::Status(1)
    }));
    let all: Vec<_> = (0..20).map(|_| world.begin(0, invocation("{}"))).collect();
    for outcome in all {
        assert!(outcome.recv_timeout(LONG).expect("an outcome").expect("an outcome").is_error);
    }
    world.until("all are gone", |world| world.functions.stats()[0].environments == 0);
    std::thread::sleep(Duration::from_millis(100));
    assert!(count.load(SeqCst) <= 20, "{count:?}");
    assert!(world.seen.alive_max.load(SeqCst) <= 4);
}

#[test]
fn a_start_that_takes_too_long_is_given_up() {
    let settings = HostSettings { init_max: Duration::from_millis(300), ..settings() };
    let script = only_first(|runtime| {
        // Connects, and never asks.
        runtime.send(b"G");
        runtime.receive();
        Exit::Status(0)
    });
    let world = World::with(1, settings, plan(3_000, None), script);
    let document = world.fails("1");
    assert!(document.contains("Sandbox.Timedout"), "{document}");
    assert!(document.contains("Task timed out after 0.30 seconds"), "{document}");
    world.succeeds(0, "2");
}

#[test]
fn a_caller_that_leaves_does_not_stop_the_function() {
    let world = World::new(Arc::new(|runtime| {
        while let Some(event) = runtime.next() {
            std::thread::sleep(Duration::from_millis(150));
            runtime.respond(&event.id(), &event.body);
        }
        Exit::Status(0)
    }));
    world.succeeds(0, "1");
    let plan = world.plan.clone();
    world.on(0, move |local| {
        let function = local.function(&plan);
        gateway_rt::spawn(async move {
            let call = Box::pin(function.invoke(invocation("\"dropped\"")));
            assert!(gateway_rt::timeout(Duration::from_millis(30), call).await.is_none());
        });
    });
    let late = gateway_functions::Invocation {
        deadline: gateway_rt::Moment::now() + Duration::from_millis(60),
        ..invocation("\"late\"")
    };
    let late = world.begin(0, late).recv_timeout(LONG).expect("an outcome");
    assert_eq!(late, Err(InvokeError::Deadline));
    world.until("both are done", |world| world.functions.stats()[0].idle >= 1);
    world.succeeds(0, "2");
    assert_eq!(world.functions.stats()[0].errors, 0);
    assert_eq!(world.seen.killed.load(SeqCst), 0);
}

#[test]
fn a_function_that_goes_on_after_its_answer_has_its_timeout() {
    let script = only_first(|runtime| {
        let event = runtime.next().expect("an event");
        runtime.respond(&event.id(), &event.body);
        runtime.receive();
        Exit::Status(0)
    });
    let world = World::with(1, settings(), plan(500, None), script);
    world.succeeds(0, "1");
    world.until("it is killed", |world| world.seen.killed.load(SeqCst) == 1);
    world.succeeds(0, "2");
}

#[test]
fn who_waits_when_the_gateway_stops_is_told() {
    let world = World::new(Arc::new(|runtime| {
        runtime.next();
        runtime.receive();
        Exit::Status(0)
    }));
    let outcome = world.begin(0, invocation("1"));
    world.until("it runs", |world| world.functions.stats()[0].invocations == 1);
    world.on(0, |local| local.host.shut_down());
    let outcome = outcome.recv_timeout(LONG).expect("an outcome");
    assert!(matches!(outcome, Err(InvokeError::Unavailable(_))), "{outcome:?}");
    assert!(matches!(world.invoke(0, "2"), Err(InvokeError::Unavailable(_))));
    world.until("all are gone", |world| world.functions.stats()[0].environments == 0);
}
