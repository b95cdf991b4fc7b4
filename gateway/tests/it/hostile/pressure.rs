//! Under attack others are served and memory is bounded; who is slow makes nobody else buffer.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::{Hostile, Mortal, get};
use crate::support::{Answer, Backend, Client, PATIENCE, find};

/// How long the attack lasts.
const ATTACK: Duration = Duration::from_secs(3);

/// Latency of a quiet client under attack, 99th percentile. Far above what it is (milliseconds), far
/// below what a client that is starved would see; the machine may be busy with other tests.
const P99_MAX: Duration = Duration::from_millis(1_000);

/// What an attack by some 200 connections may add to the process: 32 KiB for a receive and a send
/// buffer each, what exchanges and backend connections hold, and as much again for the allocator.
const ATTACK_KIB_MAX: u64 = 32 * 1024;

/// What one transfer may add however long it is: a handful of 32 KiB buffers, and noise.
const TRANSFER_KIB_MAX: u64 = 4 * 1024;

/// One attack after the other, each on a connection of its own, until it is over.
fn attack(hostile: &Hostile, turn: usize) {
    let addr = hostile.gateway.addr();
    let Ok(stream) = std::net::TcpStream::connect(addr) else { return };
    let _ = stream.set_read_timeout(Some(Duration::from_millis(300)));
    let _ = stream.set_write_timeout(Some(Duration::from_millis(300)));
    let mut socket = &stream;
    let input: Vec<u8> = match turn % 8 {
        0 => b"GET /s/a HTTP/1.1\r\nHost: a\r\nX: ".to_vec(),
        1 => format!("GET /s/a HTTP/1.1\r\n{}", "X: y\r\n".repeat(100_000)).into_bytes(),
        2 => format!("GET /s/{} HTTP/1.1\r\n", "a".repeat(64 << 10)).into_bytes(),
        3 => b"POST /s/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a\nX".to_vec(),
        4 => get("/s/large"),
        5 => b"POST /s/a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nx".to_vec(),
        6 => get("/s/a").repeat(200),
        _ => b"\x16\x03\x01\x02\x00".repeat(50),
    };
    let _ = socket.write_all(&input);
    match turn % 3 {
        // Reads what comes for a while, or nothing at all, or resets.
        0 => while matches!(socket.read(&mut [0; 4096]), Ok(1..)) {},
        1 => std::thread::sleep(Duration::from_millis(300)),
        _ => {
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        }
    }
}

#[test]
fn others_are_served_during_an_attack() {
    let large = Answer::ok("text/plain", &vec![b'x'; 4 << 20]);
    let backend = Backend::start(move |received| match &*received.target() {
        "/large" => large.clone(),
        _ => Answer::ok("text/plain", b"ok"),
    });
    let hostile = Hostile::start(
        &backend,
        "[timeouts]\nclient_header = \"1s\"\nclient_body = \"1s\"\nsend = \"1s\"\nupstream_idle = \"1s\"\n",
    );
    let mut quiet = hostile.client();
    let mut ask = || {
        let started = Instant::now();
        quiet.send(&get("/s/quiet"));
        assert_eq!(quiet.response().body, b"ok");
        started.elapsed()
    };
    (0..50).for_each(|_| _ = ask());
    let (descriptors, resident) = (hostile.descriptors(), hostile.resident_kib());
    let is_over = AtomicBool::new(false);
    let (mut latencies, mut peak) = (Vec::new(), 0);
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let (hostile, is_over) = (&hostile, &is_over);
            scope.spawn(move || {
                let mut turn = thread;
                while !is_over.load(Ordering::SeqCst) {
                    attack(hostile, turn);
                    turn += 1;
                }
            });
        }
        let started = Instant::now();
        // Also those who wait: half a head each, closed by the deadline and replaced.
        let mut waiting: Vec<Client> = Vec::new();
        while started.elapsed() < ATTACK {
            latencies.push(ask());
            peak = peak.max(hostile.resident_kib());
            if waiting.len() < 150 {
                let mut client = hostile.client();
                let _ = client.try_send(b"POST /s/a HTTP/1.1\r\nHost: a\r\nContent-Le");
                waiting.push(client);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        is_over.store(true, Ordering::SeqCst);
    });
    latencies.sort();
    let p99 = latencies[latencies.len() * 99 / 100];
    println!("{} requests, p99 {p99:?}; resident {resident} KiB, peak {peak} KiB", latencies.len());
    assert!(latencies.len() > 20, "{latencies:?}");
    assert!(p99 < P99_MAX, "p99 {p99:?}");
    assert!(peak < resident + ATTACK_KIB_MAX, "{resident} KiB before, {peak} KiB at the peak");
    // The quiet client is still there.
    hostile.wait_descriptors(descriptors + 1);
}

#[test]
fn an_upload_to_a_slow_backend() {
    const LENGTH: usize = 8 << 20;
    let (go, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let backend = Mortal::start(move |mut stream| {
        let mut seen = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        let mut body = 0;
        let mut has_waited = false;
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            if body == 0 {
                seen.extend_from_slice(&buffer[..count]);
                let Some(end) = find(&seen, b"\r\n\r\n") else { continue };
                if seen.starts_with(b"GET") {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                    seen.clear();
                    continue;
                }
                body = seen.len() - end - 4;
            } else {
                body += count;
            }
            if !has_waited && body > 0 {
                has_waited = true;
                let _ = wait.lock().unwrap().recv_timeout(PATIENCE);
            }
            if body == LENGTH {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nall.");
                return;
            }
        }
    });
    let hostile = Hostile::start(&backend, "");
    assert_eq!(hostile.ask(&get("/s/a")).status, 200);
    let resident = hostile.resident_kib();
    let mut client = hostile.client();
    std::thread::scope(|scope| {
        let upload = scope.spawn(|| {
            client.send(
                format!("POST /s/a HTTP/1.1\r\nHost: a\r\nContent-Length: {LENGTH}\r\n\r\n")
                    .as_bytes(),
            );
            client.send(&vec![b'x'; LENGTH]);
            client.response()
        });
        let mut peak = 0;
        for _ in 0..20 {
            std::thread::sleep(Duration::from_millis(25));
            peak = peak.max(hostile.resident_kib());
        }
        hostile.assert_serves();
        go.send(()).unwrap();
        assert_eq!(upload.join().unwrap().body, b"all.");
        peak = peak.max(hostile.resident_kib());
        println!("upload: resident {resident} KiB, peak {peak} KiB");
        assert!(
            peak < resident + TRANSFER_KIB_MAX,
            "{resident} KiB before, {peak} KiB at the peak"
        );
    });
}

#[test]
fn a_download_by_a_slow_client() {
    const LENGTH: usize = 200 << 20;
    let backend = Mortal::start(|mut stream| {
        let piece = vec![b'x'; 1 << 20];
        let mut buffer = [0; 4096];
        while let Ok(1..) = stream.read(&mut buffer) {
            let _ = stream.write_all(
                format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n").as_bytes(),
            );
            for _ in 0..LENGTH / piece.len() {
                if stream.write_all(&piece).is_err() {
                    return;
                }
            }
        }
    });
    let hostile = Hostile::start(&backend, "");
    hostile.assert_serves();
    let resident = hostile.resident_kib();
    let mut client = hostile.client();
    client.send(&get("/s/a"));
    let (mut read, mut peak) = (0, 0);
    let mut buffer = vec![0; 1 << 20];
    let mut pauses = 0;
    let mut head_len = None;
    while head_len.is_none_or(|head_len| read < head_len + LENGTH) {
        let count = client.stream().read(&mut buffer).unwrap();
        assert!(count > 0, "broke off after {read} bytes");
        if head_len.is_none() {
            // The head comes in one piece, with some of the body.
            head_len = Some(find(&buffer[..count], b"\r\n\r\n").unwrap() + 4);
        }
        read += count;
        if pauses < 20 {
            pauses += 1;
            std::thread::sleep(Duration::from_millis(25));
            peak = peak.max(hostile.resident_kib());
        }
    }
    peak = peak.max(hostile.resident_kib());
    println!("download: resident {resident} KiB, peak {peak} KiB");
    assert!(peak < resident + TRANSFER_KIB_MAX, "{resident} KiB before, {peak} KiB at the peak");
}

/// Bodies that a mapping needs whole are held while they are used, and no longer.
#[test]
fn buffered_bodies_go_back() {
    const CLIENTS: usize = 24;
    const LENGTH: usize = 5 << 20;
    let json = format!("{{\"id\": 7, \"filler\": \"{}\"}}", "x".repeat(LENGTH));
    let backend = Backend::canned(Answer::ok("application/json", json.as_bytes()));
    let hostile = Hostile::start(&backend, "");
    hostile.assert_serves();
    let resident = hostile.resident_kib();
    // Clients that stay, so that as many exchanges are in use at once.
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| hostile.client()).collect();
    std::thread::scope(|scope| {
        for client in &mut clients {
            scope.spawn(|| {
                client.send(b"POST /s/whole HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}");
                let response = client.response();
                assert_eq!(response.status, 200);
                assert_eq!(response.header("x-id"), Some("7"));
            });
        }
    });
    let bound = resident + (CLIENTS * LENGTH / 1024 / 4) as u64;
    let deadline = Instant::now() + PATIENCE;
    while hostile.resident_kib() > bound {
        assert!(
            Instant::now() < deadline,
            "{resident} KiB before, {} after",
            hostile.resident_kib()
        );
        hostile.assert_serves();
        std::thread::sleep(Duration::from_millis(100));
    }
}
