//! Runtimes that mean harm, or break.

use std::sync::Arc;

use gateway_functions::Exit;

use crate::world::World;

#[test]
fn garbage_ends_its_connection_and_nothing_else() {
    let world = World::new(Arc::new(|runtime| {
        let mut bad = runtime.beside();
        bad.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 nonsense\r\n\r\n");
        let answer = bad.receive().expect("a refusal");
        assert_eq!(answer.status, 400);
        assert!(bad.receive().is_none(), "and the connection is closed");
        let mut rude = runtime.beside();
        rude.send(b"POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: h\r\nContent-Le");
        rude.disconnect();
        let mut many: Vec<_> = (0..50).map(|_| runtime.beside()).collect();
        for one in &mut many {
            one.send(b"GET ");
        }
        for one in &mut many {
            one.disconnect();
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
        while let Some(event) = runtime.next() {
            runtime.respond(&event.id(), &event.body);
        }
        Exit::Status(0)
    }));
    for count in 0..3 {
        world.succeeds(0, &count.to_string());
    }
    assert_eq!(world.functions.stats()[0].cold_starts, 1);
}

#[test]
fn a_result_over_the_limit_is_an_error_and_the_environment_stays() {
    let world = World::new(Arc::new(|runtime| {
        while let Some(event) = runtime.next() {
            let len: usize = event.text().parse().expect("a length");
            let status = runtime.respond(&event.id(), &vec![b'1'; len]);
            assert_eq!(status, Some(if len > 6_291_556 { 413 } else { 202 }));
        }
        Exit::Status(0)
    }));
    assert_eq!(
        world.fails("20000000"),
        r#"{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size (20000000 bytes) exceeded maximum allowed payload size (6291556 bytes)."}"#
    );
    for len in ["6291556", "1"] {
        let outcome = world.invoke(0, len).expect("an outcome");
        assert!(!outcome.is_error);
        assert_eq!(outcome.payload.len().to_string(), len);
    }
    assert_eq!(world.functions.stats()[0].cold_starts, 1);
}

#[test]
fn slow_bytes_are_waited_for() {
    let world = World::new(Arc::new(|runtime| {
        while let Some(event) = runtime.next() {
            let request = format!(
                "POST /2018-06-01/runtime/invocation/{}/response HTTP/1.1\r\nHost: h\r\n\
                 Content-Length: 4\r\n\r\ntrue",
                event.id()
            );
            for byte in request.as_bytes() {
                runtime.send(&[*byte]);
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            assert_eq!(runtime.receive().expect("an answer").status, 202);
        }
        Exit::Status(0)
    }));
    world.succeeds(0, "true");
    world.succeeds(0, "true");
}

#[test]
fn a_result_that_is_cut_short_is_none() {
    let world = World::new(Arc::new(|runtime| {
        let Some(event) = runtime.next() else { return Exit::Status(0) };
        let request = format!(
            "POST /2018-06-01/runtime/invocation/{}/response HTTP/1.1\r\nHost: h\r\n\
             Content-Length: 100\r\n\r\ntrue",
            event.id()
        );
        runtime.send(request.as_bytes());
        runtime.disconnect();
        if event.text() == "1" {
            // On another connection it can still be answered.
            let status = runtime.respond(&event.id(), b"1");
            assert_eq!(status, Some(202));
        }
        Exit::Status(9)
    }));
    world.succeeds(0, "1");
    let document = world.fails("2");
    assert!(document.contains("exit status 9"), "{document}");
}

#[test]
fn requests_may_come_in_one_piece_and_connections_end_when_asked_to() {
    let world = World::new(Arc::new(|runtime| {
        let next = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: h\r\n";
        runtime.send(format!("{next}\r\n").as_bytes());
        let event = runtime.receive().expect("an event");
        let both = format!(
            "POST /2018-06-01/runtime/invocation/{}/response HTTP/1.1\r\nHost: h\r\n\
             Content-Length: 1\r\n\r\n1{next}Connection: close\r\n\r\n",
            event.id()
        );
        runtime.send(both.as_bytes());
        assert_eq!(runtime.receive().expect("accepted").status, 202);
        let event = runtime.receive().expect("the second event");
        assert_eq!(event.value("connection"), Some("close"));
        assert!(runtime.receive().is_none(), "the connection is closed");
        runtime.disconnect();
        runtime.respond(&event.id(), &event.body);
        while runtime.next().is_some() {}
        Exit::Status(0)
    }));
    world.succeeds(0, "1");
    world.succeeds(0, "2");
}
